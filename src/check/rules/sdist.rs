//! Rules about source distributions (PEP 625, PyPA "Source distribution format", PEP 721): the tar archive and its layout.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use crate::check::error::CheckError;
use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::digest::Sha256Digest;
use crate::wheel::filename::{FileNameError, SdistFileName};
use crate::wheel::metadata::{Metadata, MetadataError};
use crate::wheel::reader::{MAX_TEXT, unsafe_path};
use crate::zip::archive::Archive;

/// An archive that unpacks to more than this, in bytes, is not read on.
const MOST: u64 = 2 << 30;
/// More entries than any source distribution has.
const MOST_ENTRIES: usize = 200_000;
/// How many times its size an archive above 64 MiB may unpack to.
const RATIO: u64 = 50;

/// An entry of a source distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdistEntry {
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: tar::EntryType,
    /// Its mode.
    pub mode: u32,
    /// What a link points to.
    pub link: Option<String>,
    /// Whether its path is UTF-8; where not, `path` has replacement characters.
    pub utf8: bool,
}

/// A source distribution and all that was read of it.
#[derive(Debug)]
pub struct SdistSubject {
    /// The file.
    pub path: PathBuf,
    /// Its name.
    pub file_name: String,
    /// Its digest.
    pub sha256: Sha256Digest,
    /// Its parsed name.
    pub name: Result<SdistFileName, FileNameError>,
    /// Every entry, as far as the archive can be read.
    pub entries: Vec<SdistEntry>,
    /// What is wrong with the gzip or tar framing.
    pub defects: Vec<String>,
    /// Whether it unpacks to more than is plausible.
    pub bomb: bool,
    /// Whether every entry was read.
    pub complete: bool,
    /// The PKG-INFO in the top directory.
    pub metadata: Option<Result<Metadata, MetadataError>>,
    /// The text of the pyproject.toml in the top directory.
    pub pyproject: Option<Vec<u8>>,
}

impl SdistSubject {
    /// Opens a source distribution and reads all of it.
    ///
    /// # Errors
    /// Only when the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, CheckError> {
        // The archive type knows how to map a file; what it thinks of the bytes as a zip archive is of no interest.
        Ok(Self::of(path, Archive::open(path)?.bytes()))
    }

    /// The source distribution in these bytes; `path` names it.
    #[must_use]
    pub fn of(path: &Path, bytes: &[u8]) -> Self {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut subject = Self {
            path: path.to_owned(),
            name: file_name.parse(),
            file_name,
            sha256: Sha256Digest::of(bytes),
            entries: Vec::new(),
            defects: Vec::new(),
            bomb: false,
            complete: false,
            metadata: None,
            pyproject: None,
        };
        subject.read(bytes);
        subject
    }

    /// Whether every entry was read and there are some, so that what is missing is missing.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.complete && !self.entries.is_empty()
    }

    fn read(&mut self, bytes: &[u8]) {
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            self.defects.push("the file is not compressed by gzip".into());
            return;
        }
        let limit = MOST.min((bytes.len() as u64).saturating_mul(RATIO).max(64 << 20));
        let mut limited = Limited { inner: GzDecoder::new(bytes), left: limit, exceeded: false };
        let mut information = None;
        let outcome = self.walk(&mut tar::Archive::new(&mut limited), &mut information);
        if let Err(error) = outcome {
            if limited.exceeded {
                self.bomb = true;
            } else {
                self.defects
                    .push(format!("the archive cannot be read on after {} entries: {error}", self.entries.len()));
            }
            self.metadata = information;
            return;
        }
        self.complete = true;
        // After the last entry only zeros fill up the archive.
        let mut rest = [0; 8192];
        loop {
            match limited.read(&mut rest) {
                Ok(0) => break,
                Ok(count) if rest[..count].iter().any(|byte| *byte != 0) => {
                    self.defects.push("data follows the end of the tar archive".into());
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    self.bomb = limited.exceeded;
                    if !limited.exceeded {
                        self.defects.push(format!("the gzip stream is damaged: {error}"));
                    }
                    self.metadata = information;
                    return;
                }
            }
        }
        let left = limited.inner.into_inner();
        if self.defects.is_empty() && !left.is_empty() {
            self.defects.push(format!("{} bytes follow the gzip stream", left.len()));
        }
        if self.entries.is_empty() && self.defects.is_empty() {
            self.defects.push("the archive is empty".into());
        }
        self.metadata = information;
    }

    fn walk<R: Read>(
        &mut self,
        archive: &mut tar::Archive<R>,
        information: &mut Option<Result<Metadata, MetadataError>>,
    ) -> io::Result<()> {
        for entry in archive.entries()? {
            let mut entry = entry?;
            let utf8 = std::str::from_utf8(&entry.path_bytes()).is_ok();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            let mode = entry.header().mode()?;
            let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
            if information.is_none() && kind.is_file() && path.split('/').count() == 2 && path.ends_with("/PKG-INFO") {
                let mut text = Vec::new();
                entry.by_ref().take(MAX_TEXT).read_to_end(&mut text)?;
                *information = Some(Metadata::parse(&text));
            }
            if self.pyproject.is_none() && kind.is_file() && in_top(&path) == Some("pyproject.toml") {
                let mut text = Vec::new();
                entry.by_ref().take(MAX_TEXT).read_to_end(&mut text)?;
                self.pyproject = Some(text);
            }
            if !matches!(kind, tar::EntryType::XGlobalHeader) {
                self.entries.push(SdistEntry { path, kind, mode, link, utf8 });
            }
            if self.entries.len() > MOST_ENTRIES {
                return Err(io::Error::other(format!("it has more than {MOST_ENTRIES} entries")));
            }
        }
        Ok(())
    }
}

/// A path without the top directory that it is in.
fn in_top(path: &str) -> Option<&str> {
    path.split_once('/').map(|(_, rest)| rest)
}

/// Ends with an error once more than the limit has been read.
struct Limited<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            self.exceeded = true;
            io::Error::other("it unpacks to more than is plausible")
        })?;
        Ok(count)
    }
}

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&SdistSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Sdist, severity, documentation, check: Check::Sdist(check) }
}

pub(crate) static RULES: &[Rule] = &[
    rule(
        "sdist-readable",
        Severity::Error,
        Documentation {
            what: "The file is one gzip stream of one tar archive, with nothing after either.",
            why: "Installers cannot unpack it, or unpack less than is in it.",
            fix: "Build or download the file again",
        },
        |sdist, found| sdist.defects.iter().for_each(|defect| found.whole(defect)),
    ),
    rule(
        "sdist-ratio",
        Severity::Error,
        Documentation {
            what: "The archive unpacks to at most 50 times its size (above 64 MiB) and 2 GiB.",
            why: "It is taken for a decompression bomb.",
            fix: "Remove padding and generated files from the archive",
        },
        |sdist, found| {
            if sdist.bomb {
                found.whole("the archive unpacks to more than is plausible, and was not read to its end");
            }
        },
    ),
    rule(
        "sdist-top",
        Severity::Error,
        Documentation {
            what: "Every entry lies in one directory called `NAME-VERSION`, as the file is.",
            why: "PEP 625 asks for it, and front ends build in that directory.",
            fix: "Build the source distribution with a standard builder",
        },
        |sdist, found| {
            let tops: BTreeSet<&str> = sdist
                .entries
                .iter()
                .filter(|entry| unsafe_path(&entry.path).is_none())
                .map(|entry| entry.path.split('/').next().unwrap_or(&entry.path))
                .collect();
            if tops.len() > 1 {
                let names: Vec<_> = tops.iter().take(6).map(|top| format!("`{top}`")).collect();
                found.whole(format!("there are {} entries at the top: {}", tops.len(), names.join(", ")));
            } else if let (Some(top), Ok(name)) = (tops.first(), &sdist.name)
                && *top != name.stem()
            {
                found.member(top, format!("the file name asks for the directory `{}`", name.stem()));
            }
        },
    ),
    rule(
        "sdist-path",
        Severity::Error,
        Documentation {
            what: "Paths are relative and made of plain parts of UTF-8, and no two are the same.",
            why: "Such a path leaves the directory it is unpacked to; of two files with one path readers take different ones.",
            fix: "Build the source distribution with a standard builder",
        },
        |sdist, found| {
            let mut seen = BTreeSet::new();
            for entry in &sdist.entries {
                let directory = entry.kind.is_dir();
                if let Some(why) = unsafe_path(&entry.path) {
                    found.member(&entry.path, why);
                } else if !entry.utf8 {
                    found.member(&entry.path, "the path is not UTF-8");
                } else if !seen.insert(entry.path.trim_end_matches('/')) && !directory {
                    found.member(&entry.path, "another entry has the same path");
                }
            }
        },
    ),
    rule(
        "sdist-entry",
        Severity::Error,
        Documentation {
            what: "Entries are regular files and directories: no links, no devices, no FIFOs; modes are not setuid or world-writable.",
            why: "A link can point out of the archive, and not every system has links; installers refuse the rest (PEP 721).",
            fix: "Put the file itself into the archive in place of the link",
        },
        |sdist, found| {
            for entry in &sdist.entries {
                let kind = entry.kind;
                if kind.is_symlink() || kind.is_hard_link() {
                    let target = entry.link.as_deref().unwrap_or_default();
                    found.member(&entry.path, format!("the entry is a link to `{target}`"));
                } else if !(kind.is_file() || kind.is_dir() || kind.is_contiguous()) {
                    found.member(&entry.path, "the entry is neither a file nor a directory");
                } else if entry.mode & 0o6002 != 0 {
                    found.member(
                        &entry.path,
                        format!("the mode {:#o} is setuid, setgid or lets everybody write", entry.mode),
                    );
                }
            }
        },
    ),
    rule(
        "sdist-pyproject",
        Severity::Warning,
        Documentation {
            what: "There is a `pyproject.toml` in the top directory; that it is no TOML, or states another version or name than PKG-INFO, is an error.",
            why: "The specification asks for it; without it front ends fall back to running setup.py, and with a wrong one they stop or build something else.",
            fix: "Build the source distribution from a project with a pyproject.toml, and change nothing afterwards",
        },
        pyproject,
    ),
    rule(
        "sdist-leftover",
        Severity::Error,
        Documentation {
            what: "There is no compiled bytecode, no leftover of a tool and no file of secrets: `__pycache__`, `.pyc`, `.env`, `.git`, `.DS_Store`.",
            why: "They tell strangers about the machine that built the file, and a secret that is published is public for good.",
            fix: "Exclude the file from the build; revoke a secret that has been published",
        },
        |sdist, found| {
            const PARTS: [&str; 13] = [
                "__pycache__",
                "__macosx",
                ".ds_store",
                ".env",
                ".git",
                ".hg",
                ".svn",
                ".venv",
                ".pypirc",
                ".pytest_cache",
                ".mypy_cache",
                ".ruff_cache",
                "node_modules",
            ];
            for entry in sdist.entries.iter().filter(|entry| !entry.kind.is_dir()) {
                let lower = entry.path.to_lowercase();
                if let Some(part) = lower.split('/').find(|part| PARTS.contains(part)) {
                    found.member(&entry.path, format!("`{part}` does not belong into a source distribution"));
                } else if lower.ends_with(".pyc") || lower.ends_with(".pyo") {
                    found.member(&entry.path, "the file is compiled bytecode");
                }
            }
        },
    ),
];

/// The pyproject.toml: there, TOML, and of the same distribution as PKG-INFO.
fn pyproject(sdist: &SdistSubject, found: &mut Findings) {
    let Some(bytes) = &sdist.pyproject else {
        if sdist.is_readable() {
            found.whole("there is no `pyproject.toml`");
        }
        return;
    };
    let mut wrong = |why: String| found.with(Severity::Error, Some("pyproject.toml"), why);
    let Ok(text) = std::str::from_utf8(bytes) else { return wrong("the file is not UTF-8".into()) };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return wrong(format!("the file is not TOML: {}", error.message())),
    };
    let Some(Ok(metadata)) = &sdist.metadata else { return };
    let stated = |key: &str| table.get("project")?.get(key)?.as_str();
    if let (Some(stated), Ok(version)) = (stated("version"), metadata.version())
        && stated.parse::<pep440_rs::Version>().ok().as_ref() != Some(&version)
    {
        wrong(format!("it states version `{stated}`, PKG-INFO `{version}`"));
    }
    if let (Some(stated), Ok(name)) = (stated("name"), metadata.name())
        && !stated.parse().is_ok_and(|other| name.is_same(&other))
    {
        wrong(format!("it states the name `{stated}`, PKG-INFO `{name}`"));
    }
}
