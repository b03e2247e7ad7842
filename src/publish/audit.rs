//! A published release taken back from its index, file by file within bounds, for the rules that judge files before they
//! are published. Whether it is good is said elsewhere.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use url::Url;

use super::attestation::{Attestations, of_provenance};
use super::hashes::difference;
use super::index::{Index, IndexError, MAX_TIME, MAX_TRIES, Setback, is_of_release};
use super::page::Listed;
use super::survey::patiently;
use super::wait::backoff;
use crate::check::{Audit, AuditedFile, Provenance};
use crate::console::Progress;
use crate::console::text::{because, human_bytes};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::FsError;
use crate::version::PublicVersion;
use crate::wheel::filename::Claim;
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::{Requirement, RequirementError, RequirementSource};

/// More files than any release of wheels has.
const MAX_FILES: usize = 400;
/// One file of which the page does not tell the length, in bytes.
const MAX_FILE: u64 = 4 << 30;
/// All files together, in bytes.
const MAX_BYTES: u64 = 16 << 30;
/// The attestations of one file, in bytes.
const MAX_PROVENANCE: u64 = 4 << 20;

/// `NAME==VERSION`: a release of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedRelease {
    pub(crate) project: DistributionName,
    pub(crate) version: PublicVersion,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error(transparent)]
    Write(#[from] FsError),
    #[error("`{index}` has no file of `{project}` {version}{elsewhere}")]
    Absent { index: String, project: DistributionName, version: PublicVersion, elsewhere: String },
    #[error("`{index}` lists {count} files of the release, and no more than {MAX_FILES} are fetched")]
    Many { index: String, count: usize },
    #[error("the files of the release are larger than {} together", human_bytes(MAX_BYTES))]
    Large,
    #[error("the files of the release did not come within {} minutes", MAX_TIME.as_secs() / 60)]
    Late,
    #[error("cannot fetch `{file}` from `{index}`: {why}")]
    Network { index: String, file: String, why: String },
}

impl Explain for AuditError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Index(error) => return error.hint(),
            Self::Write(error) => return error.hint(),
            Self::Absent { .. } => "check the name, the version and the index for typing errors",
            Self::Many { .. } | Self::Large => "fetch the files that you want, and check those",
            Self::Late | Self::Network { .. } => "check the network, then run the same command again",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl PublishedRelease {
    /// Whether a word on the command line is meant to name a release, rightly or wrongly, where no file has its name.
    pub(crate) fn is_meant(word: &str) -> bool {
        let with_versions = |requirement: Requirement| match requirement.source {
            RequirementSource::Index(specifiers) => !specifiers.is_empty(),
            RequirementSource::Url(_) => false,
        };
        word.contains("==") || word.parse().is_ok_and(with_versions)
    }
}

impl FromStr for PublishedRelease {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let requirement: Requirement = text.parse().map_err(|error: RequirementError| error.to_string())?;
        Ok(Self { version: requirement.release()?, project: requirement.name })
    }
}

/// Which files are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    All,
    Wheels,
}

/// What is left of the bounds.
struct Bounds {
    files: usize,
    bytes: u64,
    until: Instant,
}

/// Fetches the files of releases into `directory`, and keeps what the index says of each.
pub(crate) fn audit(
    index: &Index,
    releases: &[PublishedRelease],
    taken: Taken,
    attestations: Attestations,
    directory: &Path,
    pause: Duration,
    progress: &Progress,
) -> Result<Audit, AuditError> {
    let mut bounds = Bounds { files: 0, bytes: MAX_BYTES, until: Instant::now() + MAX_TIME };
    let mut audit = Audit { index: index.shown(), ..Audit::default() };
    for PublishedRelease { project, version } in releases {
        let text = version.to_string();
        let page = patiently(pause, || index.page(project, &text))?;
        if !page.found && page.elsewhere.is_none() {
            patiently(pause, || index.must_exist())?;
        }
        let of_release: Vec<_> = page
            .files
            .iter()
            .filter(|(name, _)| is_of_release(name, project, &text) && is_plain(name))
            .filter(|(name, _)| taken == Taken::All || Claim::of(name) == Some(Claim::Wheel))
            .collect();
        if of_release.is_empty() {
            let elsewhere = page
                .elsewhere
                .map(|there| format!(": its page leads to `{there}`, and what another index has is not its own"));
            let (project, version) = (project.clone(), version.clone());
            let elsewhere = elsewhere.unwrap_or_default();
            return Err(AuditError::Absent { index: audit.index, project, version, elsewhere });
        }
        bounds.files += of_release.len();
        if bounds.files > MAX_FILES {
            return Err(AuditError::Many { index: audit.index, count: bounds.files });
        }
        if let Some(status) = page.status.as_ref().filter(|status| status.word == "quarantined") {
            let reason = because(&status.reason);
            audit.objections.push(format!("the index calls `{project}` {}{reason}", status.word));
        }
        for (name, listed) in of_release {
            progress.message(name);
            audit.files.push(index.audited(name, listed, attestations, &directory.join(name), &mut bounds, pause)?);
        }
    }
    Ok(audit)
}

/// Whether a name is that of a file in a directory, everywhere.
fn is_plain(name: &str) -> bool {
    let is_known = |character: char| character.is_ascii_alphanumeric() || "-_.+!".contains(character);
    !name.starts_with('.') && name.chars().all(is_known)
}

impl Index {
    fn audited(
        &self,
        name: &str,
        listed: &Listed,
        attestations: Attestations,
        path: &Path,
        bounds: &mut Bounds,
        pause: Duration,
    ) -> Result<AuditedFile, AuditError> {
        let fetched = match &listed.url {
            Some(url) => self.receive(name, url, listed.size, path, bounds, pause)?,
            None => Err("the page has no link to it".to_owned()),
        };
        // What installers do not take cannot be had.
        let fetched = match fetched {
            Ok(sha256) if listed.disputed.is_some_and(|other| other != sha256) => {
                let other = listed.disputed.map_or_else(String::new, |other| other.to_string());
                Err(format!(
                    "the page lists it twice, and once with the SHA-256 {other}, where its bytes have {sha256}"
                ))
            }
            Ok(sha256) => match difference(path, &listed.others).map_err(FsError::read(path))? {
                Some(why) => Err(why),
                None => Ok(sha256),
            },
            setback => setback,
        };
        let provenance = match (&listed.provenance, fetched.as_ref()) {
            (Some(url), Ok(sha256)) if attestations != Attestations::Off => self.provenance(url, name, *sha256),
            _ => Provenance::Absent,
        };
        Ok(AuditedFile {
            name: name.to_owned(),
            listed: listed.sha256,
            fetched,
            yanked: listed.yanked.clone(),
            provenance,
        })
    }

    /// The file behind a link, whole; otherwise why the server does not hand it out.
    fn receive(
        &self,
        file: &str,
        url: &Url,
        size: Option<u64>,
        path: &Path,
        bounds: &mut Bounds,
        pause: Duration,
    ) -> Result<Result<Sha256Digest, String>, AuditError> {
        let limit = size.unwrap_or(MAX_FILE);
        let mut tries = 0;
        loop {
            tries += 1;
            let why = match self.open(url) {
                Ok(response) => {
                    let out = File::create(path).map_err(FsError::write(path))?;
                    let inner = response.take(limit.min(bounds.bytes).saturating_add(1));
                    let mut tee = Tee { inner, out, path, until: bounds.until, failed: None };
                    let read = Sha256Digest::of_reader(&mut tee);
                    if let Some(error) = tee.failed {
                        return Err(error);
                    }
                    match read {
                        Ok((_, length)) if length > bounds.bytes => return Err(AuditError::Large),
                        Ok((_, length)) if length > limit => {
                            return Ok(Err(format!("it is longer than {}", human_bytes(limit))));
                        }
                        Ok((digest, length)) => {
                            bounds.bytes -= length;
                            return Ok(Ok(digest));
                        }
                        Err(error) => error.to_string(),
                    }
                }
                Err(Setback::Passing(why)) => why,
                Err(Setback::Final(why)) => return Ok(Err(why)),
            };
            if tries >= MAX_TRIES {
                let _ = std::fs::remove_file(path);
                return Err(AuditError::Network { index: self.shown(), file: file.to_owned(), why });
            }
            thread::sleep(backoff(pause, tries));
        }
    }

    fn provenance(&self, url: &Url, file: &str, sha256: Sha256Digest) -> Provenance {
        let response = match self.open(url) {
            Ok(response) => response,
            Err(Setback::Passing(why) | Setback::Final(why)) => return Provenance::Bad(why),
        };
        let mut bytes = Vec::new();
        if let Err(error) = response.take(MAX_PROVENANCE).read_to_end(&mut bytes) {
            return Provenance::Bad(error.to_string());
        }
        of_provenance(&bytes, file, sha256).map_or_else(Provenance::Bad, |()| Provenance::Good)
    }
}

/// What keeps the bytes that are hashed, and knows when it is too late.
struct Tee<'a, R> {
    inner: R,
    out: File,
    path: &'a Path,
    until: Instant,
    failed: Option<AuditError>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.until {
            self.failed = Some(AuditError::Late);
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        if let Err(error) = self.out.write_all(&buffer[..count]) {
            self.failed = Some(FsError::write(self.path)(error).into());
            return Ok(0);
        }
        Ok(count)
    }
}

/// The paths of the wheels and source distributions that came.
pub(crate) fn paths(audit: &Audit, directory: &Path) -> Vec<PathBuf> {
    let came = audit.files.iter().filter(|file| file.fetched.is_ok()).map(|file| &file.name);
    came.filter(|name| Claim::of(name).is_some()).map(|name| directory.join(name)).collect()
}
