//! The SDK of a release: one wheel, at most one sdist, the runtime's version, the exact pin, and types of that runtime.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use super::dist::{Content, Entry, Set};
use super::pin;
use super::release::Role;
use super::verify::{Found, GateError, Request};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain as _};
use crate::wheel::sdist::SdistError;

const MOST_HEADER: u64 = 1 << 20;
const PYPROJECT: &str = "pyproject.toml";

/// Verifies the SDK's distributions.
pub fn verify(request: &Request<'_>, set: &Set, found: &mut Found) -> Result<(), GateError> {
    let distribution = &request.sdk.distribution;
    for (role, kind) in [(Role::SdkWheel, "wheel"), (Role::SdkSdist, "sdist")] {
        let files: Vec<_> = set.of(role).map(|entry| format!("`{}`", entry.record.name)).collect();
        if files.len() > 1 {
            let message = format!("there are {} {kind}s of `{distribution}`: {}", files.len(), files.join(", "));
            found.problem("sdk-one", None, message, "keep the one of this release");
        }
        if files.is_empty() && role == Role::SdkWheel {
            let message = format!("there is no wheel of the SDK `{distribution}`");
            found.problem("sdk-missing", None, message, "stage and build the SDK into the same directory");
        }
    }
    for entry in set.of(Role::SdkWheel).chain(set.of(Role::SdkSdist)) {
        version(request, entry, found);
        pinned(request, entry, found)?;
        types(request, entry, found)?;
    }
    agree(request, set, found)
}

fn version(request: &Request<'_>, entry: &Entry, found: &mut Found) {
    let name = entry.record.name.as_str();
    for (place, version) in [("file name", &entry.named_version), ("metadata", &entry.record.version)] {
        if request.codex.sdk_version(version).is_err() {
            found.problem(
                "set-version",
                Some(name),
                format!(
                    "`{name}` is of version {version} by its {place}, neither {0} nor a post-release of it",
                    request.codex
                ),
                format!("stage the SDK with `--codex-version {}`", request.codex),
            );
        }
    }
    if entry.named_version != entry.record.version {
        let message = format!("`{name}` says version {} in its metadata", entry.record.version);
        found.problem("meta-ver", Some(name), message, "build it again; do not rename it");
    }
}

fn pinned(request: &Request<'_>, entry: &Entry, found: &mut Found) -> Result<(), GateError> {
    let name = entry.record.name.as_str();
    let runtime = &request.runtime.distribution;
    let help = format!("stage the SDK with relkit: it pins `{}=={}`", runtime.normalized(), request.codex);
    let objection = pin::objection(&entry.metadata, runtime, request.codex);
    if let Some(objection) = &objection {
        found.problem("sdk-pin", Some(name), format!("`{name}`: {objection}"), help.clone());
    }
    let Content::Sdist(sdist) = &entry.content else { return Ok(()) };
    // Whoever builds from the sdist gets the pin of its project file, whatever PKG-INFO says.
    let mut texts = Vec::new();
    legible(sdist.visit(|path, content| {
        if path == PYPROJECT {
            let mut bytes = Vec::new();
            content.take(MOST_HEADER).read_to_end(&mut bytes)?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok(())
    }))?;
    for text in texts {
        let in_project = pin::objection_in_pyproject(&text, runtime, request.codex);
        if let Some(in_project) = in_project.filter(|in_project| Some(in_project) != objection.as_ref()) {
            let message = format!("`{name}`, `{PYPROJECT}`: {in_project}; who builds from it gets that");
            found.problem("sdk-pin", Some(name), message, help.clone());
        }
    }
    Ok(())
}

/// What could be read of an sdist. A damaged one is a finding of `check`, and no reason to end.
fn legible<T>(read: Result<T, SdistError>) -> Result<Option<T>, GateError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.exit() == Exit::NotGood => Ok(None),
        Err(error) => Err(GateError::Sdist(error)),
    }
}

/// The header that `generate-types` writes says for which runtime.
fn types(request: &Request<'_>, entry: &Entry, found: &mut Found) -> Result<(), GateError> {
    let path = format!("{}/generated/__init__.py", request.sdk.module);
    let header = match &entry.content {
        Content::Wheel(wheel) => wheel.find(&path).and_then(|member| wheel.read(member, MOST_HEADER).ok()),
        Content::Sdist(sdist) => legible(sdist.read(&path))?.flatten(),
    };
    let name = entry.record.name.as_str();
    let Some(header) = header else {
        let message = format!("`{name}` holds no generated types (`{path}`)");
        found.warning("sdk-types", Some(name), message, "generate them from the runtime of this release");
        return Ok(());
    };
    let recorded = recorded_version(&String::from_utf8_lossy(&header));
    let matches = recorded.as_deref().and_then(|text| text.parse().ok()) == Some(request.codex);
    if !matches {
        let recorded = recorded.unwrap_or_else(|| "an unknown version".to_owned());
        found.problem(
            "sdk-types",
            Some(name),
            format!("the types in `{name}` were generated from the runtime {recorded}, not {}", request.codex),
            "run `relkit generate-types` with the runtime of this release, then stage and build the SDK again",
        );
    }
    Ok(())
}

/// The value of `RUNTIME_VERSION = "…"`.
fn recorded_version(source: &str) -> Option<String> {
    let line = source.lines().find_map(|line| line.strip_prefix("RUNTIME_VERSION"))?;
    let value = line.split_once('=')?.1.trim();
    value.strip_prefix('"')?.split_once('"').map(|(version, _)| version.to_owned())
}

/// Wheel and sdist are two forms of one distribution.
fn agree(request: &Request<'_>, set: &Set, found: &mut Found) -> Result<(), GateError> {
    let pair = (set.of(Role::SdkWheel).next(), set.of(Role::SdkSdist).next());
    let (Some(wheel), Some(sdist)) = pair else { return Ok(()) };
    let requirements = |entry: &Entry| {
        let mut rows: Vec<String> = entry.metadata.fields().all("Requires-Dist").map(str::to_owned).collect();
        rows.sort();
        rows
    };
    let (one, other) = (&wheel.record.name, &sdist.record.name);
    let mut problem = |message| found.problem("sdk-agree", Some(other), message, "build both from one stage");
    if wheel.record.version != sdist.record.version || requirements(wheel) != requirements(sdist) {
        problem(format!("`{one}` and `{other}` differ in their version or requirements"));
    }
    let (wheel, sdist) = (package(request, wheel)?, package(request, sdist)?);
    let differing: Vec<_> = wheel
        .keys()
        .chain(sdist.keys().filter(|path| !wheel.contains_key(*path)))
        .filter(|path| wheel.get(*path) != sdist.get(*path))
        .collect();
    if let Some(first) = differing.first() {
        let more = differing.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        problem(format!("`{one}` and `{other}` differ in their package: `{first}`{more}"));
    }
    Ok(())
}

/// The digests of the files of the import package, by their path in the wheel. What cannot be read in a wheel is a
/// finding of `check`, and left out here.
fn package(request: &Request<'_>, entry: &Entry) -> Result<BTreeMap<String, Sha256Digest>, GateError> {
    let inside = format!("{}/", request.sdk.module);
    let mut digests = BTreeMap::new();
    match &entry.content {
        Content::Wheel(wheel) => {
            for member in wheel.files().filter(|member| member.name.starts_with(&inside)) {
                if let Ok(digest) = wheel.copy_to(member, &mut io::sink()) {
                    digests.insert(member.name.clone(), digest);
                }
            }
        }
        Content::Sdist(sdist) => {
            legible(sdist.visit(|path, mut content| {
                let path = path.strip_prefix("src/").unwrap_or(path);
                if path.starts_with(&inside) {
                    digests.insert(path.to_owned(), Sha256Digest::of_reader(&mut content)?.0);
                }
                Ok(())
            }))?;
        }
    }
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorded_version_is_read_off_the_header() {
        assert_eq!(recorded_version("# x\nRUNTIME_VERSION = \"0.163.0\"\n").as_deref(), Some("0.163.0"));
        assert_eq!(recorded_version("RUNTIME_VERSION: Final = \"0.1.0\"  # x\n").as_deref(), Some("0.1.0"));
        assert_eq!(recorded_version("OTHER = \"0.1.0\"\n"), None);
    }
}
