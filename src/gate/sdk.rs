//! The SDK of a release: one wheel, at most one sdist, the runtime's version, the exact pin, and types of that runtime.

use super::dist::{Content, Entry, Set};
use super::pin;
use super::release::Role;
use super::verify::{Found, GateError, Request};
use crate::wheel::name::DistributionName;

const MOST_HEADER: u64 = 1 << 20;

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
        pinned(request, entry, found);
        types(request, entry, found)?;
    }
    agree(set, found);
    Ok(())
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

fn pinned(request: &Request<'_>, entry: &Entry, found: &mut Found) {
    let name = entry.record.name.as_str();
    let Ok(runtime) = request.runtime.distribution.parse::<DistributionName>() else { return };
    if let Some(objection) = pin::objection(&entry.metadata, &runtime, request.codex) {
        let help = format!("stage the SDK with relkit: it pins `{}=={}`", runtime.normalized(), request.codex);
        found.problem("sdk-pin", Some(name), format!("`{name}`: {objection}"), help);
    }
}

/// The header that `generate-types` writes says for which runtime.
fn types(request: &Request<'_>, entry: &Entry, found: &mut Found) -> Result<(), GateError> {
    let path = format!("{}/generated/__init__.py", request.sdk.module);
    let header = match &entry.content {
        Content::Wheel(wheel) => wheel.find(&path).and_then(|member| wheel.read(member, MOST_HEADER).ok()),
        Content::Sdist(sdist) => sdist.read(&path).map_err(GateError::Sdist)?,
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
fn agree(set: &Set, found: &mut Found) {
    let (Some(wheel), Some(sdist)) = (set.of(Role::SdkWheel).next(), set.of(Role::SdkSdist).next()) else { return };
    let requirements = |entry: &Entry| {
        let mut rows: Vec<String> = entry.metadata.fields().all("Requires-Dist").map(str::to_owned).collect();
        rows.sort();
        rows
    };
    let same = wheel.record.version == sdist.record.version && requirements(wheel) == requirements(sdist);
    if !same {
        let message =
            format!("`{}` and `{}` differ in their version or requirements", wheel.record.name, sdist.record.name);
        found.problem("sdk-agree", Some(&sdist.record.name), message, "build both from one stage");
    }
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
