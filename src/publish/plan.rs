//! The plan of a publish, as data: which files, in which order, with which bytes. A dry run prints it, the real run
//! consumes the same value.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use blake2::Blake2b;
use blake2::digest::Digest as _;
use blake2::digest::consts::U32;
use serde::{Deserialize, Serialize};

use super::attestation::{self, Attestations, PlannedAttestation};
use crate::console::text::{human_bytes, plural};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{self, FsError, JsonError, from_json, write_json};
use crate::gate::{ReleaseFile, Role};
use crate::version::PublicVersion;
use crate::wheel::filename::{Claim, FileNameError, WheelFileName};
use crate::wheel::metadata::Metadata;
use crate::wheel::name::{DistributionName, NameError};
use crate::wheel::reader::{Wheel, WheelError};
use crate::wheel::sdist::{Sdist, SdistError};

/// The version of the JSON form.
const SCHEMA_VERSION: u32 = 1;
/// What a public index takes of a project without being asked, in bytes.
const MAX_PROJECT: u64 = 10 << 30;
/// The name of the first phase.
const RUNTIME: &str = "runtime";

/// Files in order, in two phases: the runtime, and the SDK once every runtime file is visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub(super) schema_version: u32,
    /// The version of relkit that made it.
    pub(super) relkit: String,
    /// The PEP 440 version of the release.
    pub(super) release_version: PublicVersion,
    /// The upload API, without anything secret.
    pub(crate) upload_url: String,
    pub(super) index_url: Option<String>,
    pub(super) phases: Vec<Phase>,
}

/// Files whose order among each other does not matter to users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Phase {
    /// `runtime` or `sdk`.
    pub(super) name: String,
    /// In the order of upload.
    pub(super) files: Vec<PlannedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedFile {
    pub(super) name: String,
    pub(super) project: DistributionName,
    /// As its metadata spells it, and as an index lists it.
    pub(super) version: String,
    pub(crate) bytes: u64,
    pub(super) sha256: Sha256Digest,
    /// BLAKE2b of 32 bytes, in hexadecimal, which the upload API takes beside the other.
    pub(super) blake2_256: String,
    /// BLAKE3, in hexadecimal: what the bytes are held against while they are sent, because it is several times as fast as
    /// the others.
    pub(super) blake3: String,
    /// `bdist_wheel` or `sdist`.
    filetype: String,
    /// The Python tag of a wheel; `source` for an sdist.
    pyversion: String,
    /// Attestations beside it (PEP 740).
    #[serde(default)]
    pub(super) attestations: Vec<PlannedAttestation>,
}

#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Read(#[from] FsError),
    #[error(transparent)]
    Wheel(#[from] WheelError),
    #[error(transparent)]
    Sdist(#[from] SdistError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    FileName(#[from] FileNameError),
    #[error("the attestations are not good: {}", problems.join("; "))]
    Attestations { problems: Vec<String> },
    #[error("`{}` is not a plan", path.display())]
    Parse { path: PathBuf, source: JsonError },
    #[error("`{}` is not the plan of this publish: {}", path.display(), differences.join("; "))]
    Differs { path: PathBuf, differences: Vec<String> },
    #[error("`{}` changed after it was verified: its SHA-256 is {actual}, not {expected}", path.display())]
    Changed { path: PathBuf, expected: Sha256Digest, actual: Sha256Digest },
}

impl Explain for PlanError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Read(error) => return error.hint(),
            Self::Wheel(error) => return error.hint(),
            Self::Sdist(error) => return error.hint(),
            Self::Name(error) => return error.hint(),
            Self::FileName(error) => return error.hint(),
            Self::Changed { .. } => "verify again, and let nothing write to the directory meanwhile",
            Self::Attestations { .. } => {
                "make them again from these very files, or leave them out with `--attestations off`"
            }
            Self::Parse { .. } => "name another file with `--plan`, or write it again with `--dry-run`",
            Self::Differs { .. } => "if the change is meant, plan again with `--dry-run --plan FILE`, and look at it",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Read(_) | Self::Name(_) | Self::FileName(_) | Self::Parse { .. } => Exit::Failed,
            Self::Wheel(error) => error.exit(),
            Self::Sdist(error) => error.exit(),
            Self::Changed { .. } | Self::Attestations { .. } | Self::Differs { .. } => Exit::NotGood,
        }
    }
}

impl Plan {
    /// The plan for verified files: each is hashed again. Within a phase the smallest goes first, so that a refusal of
    /// the metadata costs least; the SDK's wheel goes before its sdist.
    pub fn new(
        dist: &Path,
        files: &[ReleaseFile],
        release_version: &PublicVersion,
        upload_url: &str,
        index_url: Option<&str>,
    ) -> Result<Self, PlanError> {
        let mut phases = Vec::new();
        for (name, sdk) in [(RUNTIME, false), ("sdk", true)] {
            let mut chosen: Vec<_> = files.iter().filter(|file| (file.role != Role::RuntimeWheel) == sdk).collect();
            chosen.sort_by_key(|file| (file.role, file.bytes, &file.name));
            let planned = chosen.into_iter().map(|file| PlannedFile::new(dist, file)).collect::<Result<_, _>>()?;
            phases.push(Phase { name: name.to_owned(), files: planned });
        }
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            relkit: env!("CARGO_PKG_VERSION").to_owned(),
            release_version: release_version.clone(),
            upload_url: upload_url.to_owned(),
            index_url: index_url.map(str::to_owned),
            phases,
        })
    }

    /// Adds the attestations beside the files; tells everything that is wrong with them at once.
    pub fn attest(&mut self, dist: &Path, wanted: Attestations) -> Result<(), PlanError> {
        if wanted == Attestations::Off {
            return Ok(());
        }
        let mut problems = Vec::new();
        for file in self.phases.iter_mut().flat_map(|phase| &mut phase.files) {
            let before = problems.len();
            file.attestations = attestation::beside(dist, &file.name, file.sha256, &mut problems)?;
            if wanted == Attestations::Require && file.attestations.is_empty() && problems.len() == before {
                problems.push(format!("`{}` has none", file.name));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(PlanError::Attestations { problems }) }
    }

    /// Holds this plan against one that was written earlier; a file that does not exist holds none.
    pub(crate) fn compare(&self, path: &Path) -> Result<(), PlanError> {
        let bytes = match fs::read(path) {
            Err(FsError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        let unusable = |source| PlanError::Parse { path: path.to_owned(), source };
        let then: Self = from_json(&bytes, SCHEMA_VERSION).map_err(unusable)?;
        let mut differences = Vec::new();
        for (what, then, now) in [
            ("version", Some(then.release_version.to_string()), Some(self.release_version.to_string())),
            ("upload URL", Some(then.upload_url.clone()), Some(self.upload_url.clone())),
            ("index URL", then.index_url.clone(), self.index_url.clone()),
        ] {
            if then != now {
                let word = |text: Option<String>| text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
                differences.push(format!("its {what} is {}, not {}", word(then), word(now)));
            }
        }
        for file in then.files().filter(|file| !self.files().any(|other| other.name == file.name)) {
            differences.push(format!("`{}` is gone", file.name));
        }
        for file in self.files() {
            match then.files().find(|other| other.name == file.name) {
                None => differences.push(format!("`{}` is new", file.name)),
                Some(other) if other.sha256 != file.sha256 => {
                    differences.push(format!(
                        "`{}` changed: its SHA-256 was {}, and is {}",
                        file.name, other.sha256, file.sha256
                    ));
                }
                Some(other) if other != file => differences.push(format!("`{}` is described differently", file.name)),
                Some(_) => {}
            }
        }
        let order = |plan: &Self| plan.files().map(|file| file.name.clone()).collect::<Vec<_>>();
        if differences.is_empty() && order(&then) != order(self) {
            differences.push("its order is another".to_owned());
        }
        if differences.is_empty() { Ok(()) } else { Err(PlanError::Differs { path: path.to_owned(), differences }) }
    }

    /// Writes the plan, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), FsError> {
        write_json(path, self)
    }

    /// The digest of the plan's text, which a receipt names.
    pub(super) fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// What is worth knowing before the first byte, a sentence each; `there` is how much the index tells that it has of a
    /// project beside the planned files.
    pub(crate) fn foresight(&self, there: &dyn Fn(&DistributionName) -> u64) -> Vec<String> {
        let mut totals: BTreeMap<&DistributionName, u64> = BTreeMap::new();
        for file in self.files() {
            *totals.entry(&file.project).or_default() += file.bytes;
        }
        // How large one file may be is a rule of `check`.
        let rows = totals.into_iter().map(|(project, planned)| (project, planned, there(project)));
        rows.filter(|(_, planned, there)| planned.saturating_add(*there) > MAX_PROJECT)
            .map(|(project, planned, there)| {
                let (total, limit) = (human_bytes(planned.saturating_add(there)), human_bytes(MAX_PROJECT));
                let beside = match there {
                    0 => String::new(),
                    _ => format!(" with the {} that the index has already", human_bytes(there)),
                };
                format!(
                    "the files of `{project}` are {total} together{beside}, and public indexes take {limit} of all releases \
                     of a project, unless they raised its limit"
                )
            })
            .collect()
    }

    /// The attestations that lie beside files that are sent, where no trusted publisher sends them.
    pub(crate) fn unsent_attestations(&self, is_sent: &dyn Fn(&str) -> bool) -> Option<String> {
        let count: usize = self.files().filter(|file| is_sent(&file.name)).map(|file| file.attestations.len()).sum();
        let verb = if count == 1 { "is" } else { "are" };
        (count > 0).then(|| {
            format!(
                "{} {verb} not sent: indexes take them from a trusted publisher alone, and the upload is by a token \
                 (`--attestations require` sends them all the same)",
                plural(count, "attestation")
            )
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files().map(|file| file.name.as_str())
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &PlannedFile> {
        self.phases.iter().flat_map(|phase| &phase.files)
    }
}

impl Phase {
    pub(super) fn is_runtime(&self) -> bool {
        self.name == RUNTIME
    }
}

impl PlannedFile {
    fn new(dist: &Path, file: &ReleaseFile) -> Result<Self, PlanError> {
        let path = dist.join(&file.name);
        let inner = fs::open_regular(&path).map_err(FsError::read(&path))?;
        let mut tee = Tee { inner, blake2: Blake2b::new(), blake3: blake3::Hasher::new() };
        let (sha256, _) = Sha256Digest::of_reader(&mut tee).map_err(FsError::read(&path))?;
        if sha256 != file.sha256 {
            return Err(PlanError::Changed { path, expected: file.sha256, actual: sha256 });
        }
        let (filetype, pyversion) = match file.role {
            Role::SdkSdist => ("sdist", "source".to_owned()),
            Role::RuntimeWheel | Role::SdkWheel => {
                ("bdist_wheel", file.name.parse::<WheelFileName>()?.tags.python.join("."))
            }
        };
        Ok(Self {
            name: file.name.clone(),
            project: file.distribution.parse()?,
            version: file.version.clone(),
            bytes: file.bytes,
            sha256,
            blake2_256: tee.blake2.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            blake3: tee.blake3.finalize().to_hex().to_string(),
            filetype: filetype.to_owned(),
            pyversion,
            attestations: Vec::new(),
        })
    }

    /// The fields of its form before those of METADATA.
    pub(super) fn control_fields(&self) -> Vec<(String, String)> {
        let sha256 = self.sha256.to_string();
        let fields = [
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("filetype", &self.filetype),
            ("pyversion", &self.pyversion),
            ("sha256_digest", &sha256),
            ("blake2_256_digest", &self.blake2_256),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }
}

/// What reads a file once for all its digests.
struct Tee<R> {
    inner: R,
    blake2: Blake2b<U32>,
    blake3: blake3::Hasher,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.blake2.update(&buffer[..count]);
        self.blake3.update(&buffer[..count]);
        Ok(count)
    }
}

/// The metadata of a distribution: METADATA of a wheel, PKG-INFO of an sdist.
pub(super) fn metadata(path: &Path) -> Result<Metadata, PlanError> {
    if Claim::of_path(path) == Some(Claim::Wheel) {
        return Ok(Wheel::open(path)?.metadata().clone());
    }
    Ok(Sdist::open(path, &[])?.usable_metadata()?.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_project_may_hold_is_foreseen() {
        let plan = |sizes: &[u64]| {
            let file = |(number, bytes): (usize, &u64)| PlannedFile {
                name: format!("acme_bin-{number}-py3-none-any.whl"),
                project: "acme-bin".parse().unwrap(),
                version: "1".into(),
                bytes: *bytes,
                sha256: Sha256Digest::of(b""),
                blake2_256: String::new(),
                blake3: String::new(),
                filetype: String::new(),
                pyversion: String::new(),
                attestations: Vec::new(),
            };
            let files = sizes.iter().enumerate().map(file).collect();
            Plan {
                schema_version: 1,
                relkit: String::new(),
                release_version: "1".parse().unwrap(),
                upload_url: String::new(),
                index_url: None,
                phases: vec![Phase { name: RUNTIME.into(), files }],
            }
        };
        assert_eq!(plan(&[5 << 30, 5 << 30]).foresight(&|_| 0), Vec::<String>::new());
        let notes = plan(&[5 << 30, (5 << 30) + 1]).foresight(&|_| 0);
        assert!(notes.len() == 1 && notes[0].contains("`acme-bin`"), "{notes:?}");
        assert!(!notes[0].contains("already"), "{notes:?}");
        assert_eq!(plan(&[1 << 30]).foresight(&|_| 9 << 30), Vec::<String>::new());
        let notes = plan(&[(1 << 30) + 1]).foresight(&|_| 9 << 30);
        assert!(notes.len() == 1 && notes[0].contains("with the 9.66 GB that the index has already"), "{notes:?}");
        assert_eq!(plan(&[1]).foresight(&|_| u64::MAX).len(), 1);
        assert_eq!(plan(&[1]).unsent_attestations(&|_| true), None);
    }
}
