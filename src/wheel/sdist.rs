//! What is in a source distribution (PyPA "Source distribution format", PEP 625): its entries, PKG-INFO, and everything
//! that is wrong with the gzip or tar framing, as data. Read once, under caps; judged by the rules of `check`.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::filename::{FileNameError, SdistFileName};
use super::metadata::{Metadata, MetadataError};
use super::reader::MAX_TEXT;
use super::tar_extensions::Extensions;
use crate::binary::Magic;
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{FsError, MAX_TABLE, Map};

/// An archive that unpacks to more than this, in bytes, is not read on.
const MAX_UNPACKED: u64 = 2 << 30;
/// More entries than any source distribution has.
const MAX_ENTRIES: usize = 200_000;
/// How many times its size an archive above 64 MiB may unpack to.
const MAX_RATIO: u64 = 50;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SdistEntry {
    pub(crate) path: String,
    pub(crate) kind: tar::EntryType,
    pub(crate) mode: u32,
    /// What a link points to.
    pub(crate) link: Option<String>,
    /// Whether its path is UTF-8; where not, `path` has replacement characters.
    pub(crate) utf8: bool,
    /// The digest of a regular file.
    pub(crate) sha256: Option<Sha256Digest>,
}

/// A source distribution and all that was read of it.
#[derive(Debug)]
pub struct Sdist {
    pub(crate) path: PathBuf,
    pub(crate) sha256: Sha256Digest,
    pub(crate) size: u64,
    pub(crate) name: Result<SdistFileName, FileNameError>,
    /// Every entry, as far as the archive can be read.
    pub(crate) entries: Vec<SdistEntry>,
    /// What is wrong with the gzip or tar framing.
    pub(crate) defects: Vec<String>,
    /// Whether it unpacks to more than is plausible.
    pub(crate) bomb: bool,
    /// Whether every entry was read.
    pub(crate) complete: bool,
    /// The PKG-INFO in the top directory.
    pub(crate) metadata: Option<Result<Metadata, MetadataError>>,
    /// The text of the pyproject.toml in the top directory.
    pub(crate) pyproject: Option<Vec<u8>>,
    /// The texts that were asked for, by their path below the top directory.
    pub(crate) texts: BTreeMap<String, Vec<u8>>,
}

/// A source distribution without usable metadata.
#[derive(Debug, thiserror::Error)]
pub enum SdistError {
    #[error("`{}` is not a source distribution: {why}", path.display())]
    Archive { path: PathBuf, why: String },
    #[error("`{}` has no PKG-INFO", path.display())]
    NoMetadata { path: PathBuf },
    #[error("`{}` has an unusable PKG-INFO", path.display())]
    Metadata {
        path: PathBuf,
        #[source]
        source: MetadataError,
    },
}

impl Explain for SdistError {
    fn hint(&self) -> Option<String> {
        Some("`relkit check` lists everything that is wrong with it".into())
    }

    fn exit(&self) -> Exit {
        Exit::NotGood
    }
}

impl Sdist {
    /// Opens a source distribution and reads all of it; keeps the texts at the paths in `keep`, below the top directory.
    pub(crate) fn open(path: &Path, keep: &[&str]) -> Result<Self, FsError> {
        Ok(Self::read(path, &Map::open(path).map_err(FsError::read(path))?, keep))
    }

    /// The source distribution in these bytes; `path` names it.
    pub fn of(path: &Path, bytes: &[u8]) -> Self {
        Self::read(path, bytes, &[])
    }

    fn read(path: &Path, bytes: &[u8], keep: &[&str]) -> Self {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut sdist = Self {
            path: path.to_owned(),
            name: file_name.parse(),
            sha256: Sha256Digest::of(bytes),
            size: bytes.len() as u64,
            entries: Vec::new(),
            defects: Vec::new(),
            bomb: false,
            complete: false,
            metadata: None,
            pyproject: None,
            texts: BTreeMap::new(),
        };
        if Magic::of(bytes) == Magic::Gzip {
            sdist.unpack(bytes, keep);
        } else {
            sdist.defects.push("the file is not compressed by gzip".into());
        }
        sdist
    }

    /// Whether every entry was read and there are some, so that what is missing is missing.
    pub(crate) fn is_readable(&self) -> bool {
        self.complete && !self.entries.is_empty()
    }

    /// Every regular file with its digest, by its path below the top directory.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, Sha256Digest)> {
        self.entries.iter().filter_map(|entry| Some((below_top(&entry.path)?, entry.sha256?)))
    }

    /// The metadata, where it can be used.
    pub(crate) fn usable_metadata(&self) -> Result<&Metadata, SdistError> {
        let path = self.path.clone();
        match &self.metadata {
            Some(Ok(metadata)) => Ok(metadata),
            Some(Err(source)) => Err(SdistError::Metadata { path, source: source.clone() }),
            None if self.complete => Err(SdistError::NoMetadata { path }),
            None => {
                let bomb = || "it unpacks to more than is plausible".to_owned();
                Err(SdistError::Archive { path, why: self.defects.first().cloned().unwrap_or_else(bomb) })
            }
        }
    }

    fn unpack(&mut self, bytes: &[u8], keep: &[&str]) {
        let limit = MAX_UNPACKED.min(self.size.saturating_mul(MAX_RATIO).max(64 << 20));
        let mut limited = Limited { inner: GzDecoder::new(bytes), left: limit, exceeded: false };
        if let Err(error) = self.walk(&mut tar::Archive::new(Extensions::new(&mut limited)), keep) {
            self.bomb = limited.exceeded;
            if !limited.exceeded {
                let count = self.entries.len();
                self.defects.push(format!("the archive cannot be read on after {count} entries: {error}"));
            }
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
    }

    fn walk<R: Read>(&mut self, archive: &mut tar::Archive<R>, keep: &[&str]) -> io::Result<()> {
        for entry in archive.entries()? {
            let mut entry = entry?;
            let utf8 = std::str::from_utf8(&entry.path_bytes()).is_ok();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            let mode = entry.header().mode()?;
            let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
            let below = below_top(&path).filter(|_| kind.is_file()).unwrap_or_default();
            let mut text = Vec::new();
            if ["PKG-INFO", "pyproject.toml"].contains(&below) || keep.contains(&below) {
                let most = if below == "pyproject.toml" { MAX_TABLE } else { MAX_TEXT };
                entry.by_ref().take(most).read_to_end(&mut text)?;
                if entry.size() > most {
                    self.defects.push(format!("`{path}` has {} bytes; {most} of them are read", entry.size()));
                }
                match below {
                    "PKG-INFO" if self.metadata.is_none() => self.metadata = Some(Metadata::parse(&text)),
                    "pyproject.toml" if self.pyproject.is_none() => self.pyproject = Some(text.clone()),
                    "PKG-INFO" | "pyproject.toml" => {}
                    _ => drop(self.texts.entry(below.to_owned()).or_insert_with(|| text.clone())),
                }
            }
            if !matches!(kind, tar::EntryType::XGlobalHeader) {
                self.entries.push(SdistEntry { path, kind, mode, link, utf8, sha256: None });
            }
            if self.entries.len() > MAX_ENTRIES {
                return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} entries")));
            }
            if let Some(last) = self.entries.last_mut().filter(|_| kind.is_file()) {
                last.sha256 = Some(Sha256Digest::of_reader(&mut text.as_slice().chain(entry))?.0);
            }
        }
        Ok(())
    }
}

fn below_top(path: &str) -> Option<&str> {
    path.split_once('/').map(|(_, below)| below)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write as _;

    fn sdist(files: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a-1.tar.gz");
        let gzip = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(gzip);
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append_data(&mut header, name, *bytes).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap().flush().unwrap();
        (directory, path)
    }

    #[test]
    fn what_is_too_large_is_said() {
        let (_directory, path) = sdist(&[("a-1/PKG-INFO", &vec![b'a'; MAX_TEXT as usize + 1])]);
        let sdist = Sdist::open(&path, &[]).unwrap();
        assert!(sdist.defects[0].contains("`a-1/PKG-INFO` has 16777217 bytes"), "{:?}", sdist.defects);
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(64 << 20);
        header.set_cksum();
        let gzip = flate2::write::GzEncoder::new(File::create(&path).unwrap(), flate2::Compression::fast());
        let mut archive = tar::Builder::new(gzip);
        archive.append(&header, io::repeat(b'a').take(64 << 20)).unwrap();
        archive.into_inner().unwrap().finish().unwrap().flush().unwrap();
        let sdist = Sdist::open(&path, &[]).unwrap();
        assert!(sdist.defects[0].contains("a header of 67108864 bytes"), "{:?}", sdist.defects);
    }

    #[test]
    fn the_metadata_of_the_top_directory_counts() {
        let info = b"Metadata-Version: 2.4\nName: a\nVersion: 1\n";
        let (_directory, path) =
            sdist(&[("a-1/src/PKG-INFO", b"nonsense"), ("a-1/PKG-INFO", info), ("a-1/src/x.py", b"x")]);
        let sdist = Sdist::open(&path, &["src/x.py", "y.py"]).unwrap();
        assert_eq!(sdist.usable_metadata().unwrap().fields().get("Name"), Some("a"));
        assert_eq!(sdist.texts.into_iter().collect::<Vec<_>>(), [("src/x.py".to_owned(), b"x".to_vec())]);
        let sdist = Sdist::of(&path, &std::fs::read(&path).unwrap());
        let paths: Vec<_> = sdist.files().map(|(path, _)| path).collect();
        assert_eq!(paths, ["src/PKG-INFO", "PKG-INFO", "src/x.py"]);
        assert_eq!(sdist.files().last().unwrap().1, Sha256Digest::of(b"x"));
    }

    #[test]
    fn what_is_no_sdist_is_not_good() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a-1.tar.gz");
        std::fs::write(&path, "not gzip").unwrap();
        assert_eq!(Sdist::open(&path, &[]).unwrap().usable_metadata().unwrap_err().exit(), Exit::NotGood);
        let (_directory, path) = sdist(&[("a-1/x", b"")]);
        let sdist = Sdist::open(&path, &[]).unwrap();
        assert!(matches!(sdist.usable_metadata(), Err(SdistError::NoMetadata { .. })));
        assert!(Sdist::open(&directory.path().join("none"), &[]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0..400_usize) {
            let (_directory, path) = sdist(&[("a-1/PKG-INFO", &bytes)]);
            let whole = std::fs::read(&path).unwrap();
            let _ = Sdist::of(&path, &whole).usable_metadata();
            let _ = Sdist::of(&path, &whole[..cut.min(whole.len())]).usable_metadata();
        }
    }
}
