//! The plan of a publish, as data: which files, in which order, with which bytes. A dry run prints it, the real run
//! consumes the same value.

use std::fs::File;
use std::path::{Path, PathBuf};

use blake2::Blake2b;
use blake2::digest::Digest as _;
use blake2::digest::consts::U32;
use serde::{Deserialize, Serialize};

use super::attestation::{self, Attestations, PlannedAttestation};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::gate::{ReleaseFile, Role};
use crate::wheel::metadata::Metadata;
use crate::wheel::reader::{Wheel, WheelError};
use crate::wheel::sdist::{Sdist, SdistError};

/// Files in order, in two phases: the runtime, and the SDK once every runtime file is visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this form.
    pub schema_version: u32,
    /// The version of relkit that made it.
    pub relkit: String,
    /// The PEP 440 version of the release.
    pub codex_version: String,
    /// The upload API, without anything secret.
    pub upload_url: String,
    /// The simple API, where one was given.
    pub index_url: Option<String>,
    /// What goes up, phase by phase.
    pub phases: Vec<Phase>,
}

/// Files whose order among each other does not matter to users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// `runtime` or `sdk`.
    pub name: String,
    /// The files, in the order of upload.
    pub files: Vec<PlannedFile>,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFile {
    /// Its name.
    pub name: String,
    /// The distribution that it is of.
    pub project: String,
    /// Its version.
    pub version: String,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its BLAKE2b digest of 32 bytes, in hexadecimal, which the upload API takes beside the other.
    pub blake2_256: String,
    /// Its BLAKE3 digest, in hexadecimal: what its bytes are held against while they are sent, because it is several times
    /// as fast as the others.
    pub blake3: String,
    /// `bdist_wheel` or `sdist`.
    pub filetype: String,
    /// The Python tag of a wheel; `source` for an sdist.
    pub pyversion: String,
    /// Attestations beside it (PEP 740).
    #[serde(default)]
    pub attestations: Vec<PlannedAttestation>,
}

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] FsError),
    /// A wheel cannot be opened.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// An sdist cannot be opened.
    #[error(transparent)]
    Sdist(#[from] SdistError),
    /// Attestations are not good.
    #[error("the attestations are not good: {}", problems.join("; "))]
    Attestations {
        /// What is wrong, one sentence each.
        problems: Vec<String>,
    },
    /// A plan that was written earlier cannot be read.
    #[error("`{}` is not a plan", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// A plan that was written earlier is another one.
    #[error("`{}` is not the plan of this publish: {}", path.display(), differences.join("; "))]
    Differs {
        /// The file.
        path: PathBuf,
        /// What differs, one sentence each.
        differences: Vec<String>,
    },
    /// A file is not what was verified.
    #[error("`{}` changed after it was verified: its SHA-256 is {actual}, not {expected}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What was verified.
        expected: Sha256Digest,
        /// What is there.
        actual: Sha256Digest,
    },
}

impl Explain for PlanError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Wheel(error) => error.hint(),
            Self::Sdist(error) => error.hint(),
            Self::Changed { .. } => Some("verify again, and let nothing write to the directory meanwhile".into()),
            Self::Attestations { .. } => {
                Some("make them again from these very files, or leave them out with `--attestations off`".into())
            }
            Self::Parse { .. } => Some("name another file with `--plan`, or write it again with `--dry-run`".into()),
            Self::Differs { .. } => {
                Some("if the change is meant, plan again with `--dry-run --plan FILE`, and look at it".into())
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Read(_) | Self::Parse { .. } => Exit::Failed,
            Self::Wheel(error) => error.exit(),
            Self::Sdist(error) => error.exit(),
            Self::Changed { .. } | Self::Attestations { .. } | Self::Differs { .. } => Exit::NotGood,
        }
    }
}

impl Plan {
    /// The plan for verified files: each is hashed again. Within a phase the smallest goes first, so that a refusal of
    /// the metadata costs least; the SDK's wheel goes before its sdist.
    ///
    /// # Errors
    /// When a file cannot be read or is not what was verified.
    pub fn new(
        dist: &Path,
        files: &[ReleaseFile],
        codex_version: &str,
        upload_url: &str,
        index_url: Option<&str>,
    ) -> Result<Self, PlanError> {
        let mut phases = Vec::new();
        for (name, sdk) in [("runtime", false), ("sdk", true)] {
            let mut chosen: Vec<_> = files.iter().filter(|file| (file.role != Role::RuntimeWheel) == sdk).collect();
            chosen.sort_by_key(|file| (file.role, file.bytes, &file.name));
            let planned = chosen.into_iter().map(|file| PlannedFile::new(dist, file)).collect::<Result<_, _>>()?;
            phases.push(Phase { name: name.to_owned(), files: planned });
        }
        Ok(Self {
            schema_version: 1,
            relkit: env!("CARGO_PKG_VERSION").to_owned(),
            codex_version: codex_version.to_owned(),
            upload_url: upload_url.to_owned(),
            index_url: index_url.map(str::to_owned),
            phases,
        })
    }

    /// Adds the attestations beside the files.
    ///
    /// # Errors
    /// When they cannot be read, are not good, or are missing where they are required: everything at once.
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
    ///
    /// # Errors
    /// When the file cannot be read, or is another plan.
    pub fn compare(&self, path: &Path) -> Result<(), PlanError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(FsError::read(path)(error).into()),
        };
        let then: Self =
            serde_json::from_slice(&bytes).map_err(|source| PlanError::Parse { path: path.to_owned(), source })?;
        let mut differences = Vec::new();
        for (what, then, now) in [
            ("version", Some(&then.codex_version), Some(&self.codex_version)),
            ("upload URL", Some(&then.upload_url), Some(&self.upload_url)),
            ("index URL", then.index_url.as_ref(), self.index_url.as_ref()),
        ] {
            if then != now {
                let word = |text: Option<&String>| text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
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

    /// The digest of the plan's text, which a receipt names.
    #[must_use]
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// Every file in order.
    pub fn files(&self) -> impl Iterator<Item = &PlannedFile> {
        self.phases.iter().flat_map(|phase| &phase.files)
    }
}

impl PlannedFile {
    fn new(dist: &Path, file: &ReleaseFile) -> Result<Self, PlanError> {
        let path = dist.join(&file.name);
        let Digests { sha256, blake2_256, blake3 } = Digests::of(&path)?;
        if sha256 != file.sha256 {
            return Err(PlanError::Changed { path, expected: file.sha256, actual: sha256 });
        }
        let (filetype, pyversion) = match file.role {
            Role::SdkSdist => ("sdist", "source".to_owned()),
            Role::RuntimeWheel | Role::SdkWheel => {
                // `name-version[-build]-python-abi-platform.whl`
                let python = file.name.rsplit('-').nth(2).unwrap_or("py3");
                ("bdist_wheel", python.to_owned())
            }
        };
        Ok(Self {
            name: file.name.clone(),
            project: file.distribution.clone(),
            version: file.version.clone(),
            bytes: file.bytes,
            sha256,
            blake2_256,
            blake3,
            filetype: filetype.to_owned(),
            pyversion,
            attestations: Vec::new(),
        })
    }

    /// The fields of its form before those of METADATA.
    #[must_use]
    pub fn control_fields(&self) -> Vec<(&'static str, String)> {
        vec![
            (":action", "file_upload".to_owned()),
            ("protocol_version", "1".to_owned()),
            ("filetype", self.filetype.clone()),
            ("pyversion", self.pyversion.clone()),
            ("sha256_digest", self.sha256.to_string()),
            ("blake2_256_digest", self.blake2_256.clone()),
        ]
    }
}

/// What a file is known by.
struct Digests {
    sha256: Sha256Digest,
    blake2_256: String,
    blake3: String,
}

impl Digests {
    /// Reads a file once for all.
    fn of(path: &Path) -> Result<Self, FsError> {
        struct Tee<R> {
            inner: R,
            blake2: Blake2b<U32>,
            blake3: blake3::Hasher,
        }
        impl<R: std::io::Read> std::io::Read for Tee<R> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let count = self.inner.read(buffer)?;
                self.blake2.update(&buffer[..count]);
                self.blake3.update(&buffer[..count]);
                Ok(count)
            }
        }
        let inner = File::open(path).map_err(FsError::read(path))?;
        let mut tee = Tee { inner, blake2: Blake2b::new(), blake3: blake3::Hasher::new() };
        let (sha256, _) = Sha256Digest::of_reader(&mut tee).map_err(FsError::read(path))?;
        let blake2_256 = tee.blake2.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { sha256, blake2_256, blake3: tee.blake3.finalize().to_hex().to_string() })
    }
}

/// The metadata of a distribution: METADATA of a wheel, PKG-INFO of an sdist.
///
/// # Errors
/// When it cannot be read.
pub fn metadata(path: &Path) -> Result<Metadata, PlanError> {
    if path.extension().is_some_and(|extension| extension == "whl") {
        return Ok(Wheel::open(path)?.metadata().clone());
    }
    Ok(Sdist::open(path, &[]).map_err(SdistError::Open)?.usable_metadata()?.clone())
}
