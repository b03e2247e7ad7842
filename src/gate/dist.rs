//! What a dist directory holds: each file read once, told apart by its name, and everything that does not belong.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::release::{ReleaseFile, Role};
use super::verify::{Found, GateError, Request};
use crate::check::coverage::Candidate;
use crate::check::{FileReport, Mentions, Report};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain as _, Failure};
use crate::fs::{FsError, Kind, is_temporary, walk};
use crate::wheel::filename::{SdistFileName, WheelFileName};
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::reader::Wheel;
use crate::wheel::sdist::SdistReader;

/// The files of a release.
pub struct Set {
    /// The files that could be opened and belong to the release.
    pub files: Vec<Entry>,
}

/// A file of the set.
pub struct Entry {
    /// What the manifest keeps of it.
    pub record: ReleaseFile,
    /// Its metadata.
    pub metadata: Metadata,
    /// The version in its file name.
    pub named_version: String,
    /// How to read more of it.
    pub content: Content,
    /// What `check` found of the version that the runtime's executable says it is.
    pub mentions: Option<Mentions>,
}

/// An open distribution.
pub enum Content {
    /// A wheel.
    Wheel(Box<Wheel>),
    /// An sdist.
    Sdist(Box<SdistReader>),
}

impl Entry {
    /// The wheel as an installer chooses among wheels.
    pub fn candidate(&self) -> Option<Candidate> {
        match &self.content {
            Content::Wheel(wheel) => Some(Candidate::of_wheel(wheel.name(), &self.record.name)),
            Content::Sdist(_) => None,
        }
    }
}

impl Set {
    /// The wheels of the runtime.
    pub fn runtime_wheels(&self) -> impl Iterator<Item = &Entry> {
        self.of(Role::RuntimeWheel)
    }

    /// The files of one role.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &Entry> {
        self.files.iter().filter(move |file| file.record.role == role)
    }
}

/// The paths of every wheel and sdist of the directory, sorted by name. What does not belong is a problem.
pub fn list(request: &Request<'_>, found: &mut Found) -> Result<Vec<PathBuf>, GateError> {
    let mut distributions = Vec::new();
    let entries = walk(directory(request.dist)?)?;
    for entry in &entries {
        let name = entry.relative.as_str();
        let is_distribution = name.ends_with(".whl") || name.ends_with(".tar.gz");
        if is_temporary(name) {
            let message = format!("`{name}` was left behind by a run that was killed");
            found.warning("unknown-file", Some(name), message, "remove it; nothing of it is published");
        } else if entry.kind != Kind::File || name.contains('/') {
            let message = format!("`{name}` does not belong in a dist directory");
            found.problem(
                "unknown-file",
                Some(name),
                message,
                "keep wheels and sdists of this release there, and nothing else",
            );
        } else if let Some(subject) = attestation_subject(name) {
            if !entries.iter().any(|other| other.relative == subject) {
                let message = format!("`{name}` attests `{subject}`, which is not there");
                found.problem("unknown-file", Some(name), message, "remove the attestation, or add the file");
            }
        } else if is_distribution {
            distributions.push(entry.path.clone());
        } else {
            let message = format!("`{name}` is neither a wheel nor an sdist");
            found.problem(
                "unknown-file",
                Some(name),
                message,
                "keep wheels and sdists of this release there, and nothing else",
            );
        }
    }
    Ok(distributions)
}

/// Opens the distributions that `report` is about. What cannot be understood is a problem.
pub fn open(
    request: &Request<'_>,
    distributions: &[PathBuf],
    report: &Report,
    found: &mut Found,
) -> Result<Set, GateError> {
    let mut set = Set { files: Vec::new() };
    for path in distributions {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let checked = report.files.iter().find(|file| file.path.file_name() == path.file_name());
        set.files.extend(entry(request, &name, path, checked, found)?);
    }
    Ok(set)
}

/// The directory that was named; a file in its place is a slip of the command line, not an empty release.
pub fn directory(path: &Path) -> Result<&Path, FsError> {
    let metadata = std::fs::metadata(path).map_err(FsError::read(path))?;
    if metadata.is_dir() { Ok(path) } else { Err(FsError::read(path)(ErrorKind::NotADirectory.into())) }
}

/// The file that an attestation is beside (PEP 740): `NAME.publish.attestation` attests `NAME`.
fn attestation_subject(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".attestation")?;
    Some(stem.rsplit_once('.').filter(|(_, kind)| !matches!(*kind, "whl" | "gz")).map_or(stem, |(subject, _)| subject))
}

fn entry(
    request: &Request<'_>,
    name: &str,
    path: &Path,
    checked: Option<&FileReport>,
    found: &mut Found,
) -> Result<Option<Entry>, GateError> {
    let (distribution, named_version) = match named(name) {
        Ok(named) => named,
        Err(error) => {
            found.problem("name-parse", Some(name), error, "name files as the build tool does; do not rename them");
            return Ok(None);
        }
    };
    let is_wheel = name.ends_with(".whl");
    let role = if distribution.is_same(&request.runtime.distribution) {
        if !is_wheel {
            found.problem(
                "set-no-sdist",
                Some(name),
                format!("`{name}` is an sdist of the runtime: pip would try to build it where no wheel fits"),
                "remove it; the runtime is published as wheels only",
            );
            return Ok(None);
        }
        Role::RuntimeWheel
    } else if distribution.is_same(&request.sdk.distribution) {
        if is_wheel { Role::SdkWheel } else { Role::SdkSdist }
    } else {
        let message =
            format!("`{name}` is of neither `{}` nor `{}`", request.runtime.distribution, request.sdk.distribution);
        found.problem("unknown-file", Some(name), message, "publish other distributions from a directory of their own");
        return Ok(None);
    };
    let (content, metadata, tags) = if is_wheel {
        match Wheel::open(path) {
            Ok(wheel) => {
                let tags = wheel.name().tags.platforms().unwrap_or_default();
                let metadata = wheel.metadata().clone();
                (Content::Wheel(Box::new(wheel)), metadata, tags.iter().map(ToString::to_string).collect())
            }
            Err(error) if error.exit() == Exit::Failed => return Err(GateError::Open(error)),
            Err(error) => {
                let help = "build it again; `relkit check` tells everything that is wrong with it";
                found.problem("unreadable", Some(name), one_line(Failure::from(error)), help);
                return Ok(None);
            }
        }
    } else {
        match SdistReader::open(path) {
            Ok(sdist) => {
                let metadata = sdist.metadata().clone();
                (Content::Sdist(Box::new(sdist)), metadata, Vec::new())
            }
            Err(error) if error.exit() == Exit::Failed => return Err(GateError::Sdist(error)),
            Err(error) => {
                let help = "build it again; `relkit check` tells everything that is wrong with it";
                found.problem("unreadable", Some(name), one_line(Failure::from(error)), help);
                return Ok(None);
            }
        }
    };
    let mut file = File::open(path).map_err(FsError::read(path))?;
    let (sha256, bytes) = match checked.and_then(|checked| checked.sha256) {
        Some(sha256) => (sha256, file.metadata().map_err(FsError::read(path))?.len()),
        None => Sha256Digest::of_reader(&mut file).map_err(FsError::read(path))?,
    };
    let field = |key: &str| metadata.fields().get(key).unwrap_or_default().to_owned();
    let record = ReleaseFile {
        name: name.to_owned(),
        role,
        distribution: field("Name"),
        version: field("Version"),
        bytes,
        sha256,
        target: None,
        tags,
        findings: Vec::new(),
        receipts: Vec::new(),
    };
    let mentions = checked.and_then(|checked| checked.mentions.clone());
    Ok(Some(Entry { record, metadata, named_version, content, mentions }))
}

/// Name and version in a file name.
fn named(name: &str) -> Result<(DistributionName, String), String> {
    if name.ends_with(".whl") {
        let name: WheelFileName = name.parse().map_err(|error| one_line(Failure::from(error)))?;
        Ok((name.distribution, name.version))
    } else {
        let name: SdistFileName = name.parse().map_err(|error| one_line(Failure::from(error)))?;
        Ok((name.distribution, name.version))
    }
}

fn one_line(failure: Failure) -> String {
    failure.chain.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestations_are_beside_their_subject() {
        assert_eq!(attestation_subject("a-1.whl.publish.attestation"), Some("a-1.whl"));
        assert_eq!(attestation_subject("a-1.whl.attestation"), Some("a-1.whl"));
        assert_eq!(attestation_subject("a-1.tar.gz.slsa.attestation"), Some("a-1.tar.gz"));
        assert_eq!(attestation_subject("a-1.whl"), None);
    }
}
