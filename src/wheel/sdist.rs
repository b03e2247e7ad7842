//! Reading a source distribution that nobody vouches for (PyPA "Source distribution format"): PKG-INFO and single files,
//! with caps on how much is inflated.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::metadata::{Metadata, MetadataError};
use crate::error::{Exit, Explain};
use crate::fs::FsError;

/// How much an sdist may inflate to; the sources of an SDK are a few megabytes.
const MOST_INFLATED: u64 = 1 << 30;
const MOST_TEXT: u64 = 16 << 20;

/// An sdist that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SdistError {
    /// The file cannot be opened.
    #[error(transparent)]
    Open(#[from] FsError),
    /// It is not a gzipped tar archive.
    #[error("`{}` is not a source distribution", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        #[source]
        source: io::Error,
    },
    /// It has no PKG-INFO in its one directory.
    #[error("`{}` has no PKG-INFO", path.display())]
    NoMetadata {
        /// The file.
        path: PathBuf,
    },
    /// Its PKG-INFO cannot be read.
    #[error("`{}` has an unusable PKG-INFO", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: MetadataError,
    },
}

impl Explain for SdistError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Open(error) => error.hint(),
            _ => Some("`relkit check` lists everything that is wrong with it".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Open(_) => Exit::Failed,
            _ => Exit::NotGood,
        }
    }
}

/// An sdist whose metadata could be read.
#[derive(Debug)]
pub struct SdistReader {
    path: PathBuf,
    metadata: Metadata,
}

impl SdistReader {
    /// Opens an sdist and reads its PKG-INFO.
    ///
    /// # Errors
    /// When it cannot be opened, is no gzipped tar archive, or has no usable PKG-INFO.
    pub fn open(path: &Path) -> Result<Self, SdistError> {
        let text = find(path, |inner| inner == "PKG-INFO")?;
        let text = text.ok_or_else(|| SdistError::NoMetadata { path: path.to_owned() })?;
        let metadata =
            Metadata::parse(&text).map_err(|source| SdistError::Metadata { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), metadata })
    }

    /// What PKG-INFO says.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The bytes of the first file whose path below the one directory ends in `suffix`.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub fn read(&self, suffix: &str) -> Result<Option<Vec<u8>>, SdistError> {
        find(&self.path, |inner| inner == suffix || inner.ends_with(&format!("/{suffix}")))
    }

    /// Calls `each` with the path, below the one directory, and the content of every regular file.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub fn visit(&self, mut each: impl FnMut(&str, &mut dyn Read) -> io::Result<()>) -> Result<(), SdistError> {
        walk(&self.path, |inner, content| each(inner, content).map(|()| true))
    }
}

/// The first regular file whose path, without its first component, is wanted.
fn find(path: &Path, wanted: impl Fn(&str) -> bool) -> Result<Option<Vec<u8>>, SdistError> {
    let mut found = None;
    walk(path, |inner, content| {
        if !wanted(inner) {
            return Ok(true);
        }
        let mut bytes = Vec::new();
        content.take(MOST_TEXT).read_to_end(&mut bytes)?;
        found = Some(bytes);
        Ok(false)
    })?;
    Ok(found)
}

/// Calls `each` with every regular file, by its path without the first component, until it returns `false`.
fn walk(path: &Path, mut each: impl FnMut(&str, &mut dyn Read) -> io::Result<bool>) -> Result<(), SdistError> {
    let file = File::open(path).map_err(FsError::read(path))?;
    let broken = |source| SdistError::Archive { path: path.to_owned(), source };
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file).take(MOST_INFLATED));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let inner = name.split_once('/').map_or("", |(_, inner)| inner);
        if entry.header().entry_type().is_file() && !each(inner, &mut entry).map_err(broken)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn the_metadata_of_the_top_directory_counts() {
        let info = b"Metadata-Version: 2.4\nName: a\nVersion: 1\n";
        let (_directory, path) =
            sdist(&[("a-1/src/PKG-INFO", b"nonsense"), ("a-1/PKG-INFO", info), ("a-1/src/x.py", b"x")]);
        let sdist = SdistReader::open(&path).unwrap();
        assert_eq!(sdist.metadata().fields().get("Name"), Some("a"));
        assert_eq!(sdist.read("x.py").unwrap().unwrap(), b"x");
        assert_eq!(sdist.read("y.py").unwrap(), None);
        let mut paths = Vec::new();
        let visited = sdist.visit(|inner, _| {
            paths.push(inner.to_owned());
            Ok(())
        });
        visited.unwrap();
        assert_eq!(paths, ["src/PKG-INFO", "PKG-INFO", "src/x.py"]);
    }

    #[test]
    fn what_is_no_sdist_is_not_good() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a-1.tar.gz");
        std::fs::write(&path, "not gzip").unwrap();
        assert_eq!(SdistReader::open(&path).unwrap_err().exit(), Exit::NotGood);
        let (_directory, path) = sdist(&[("a-1/x", b"")]);
        assert!(matches!(SdistReader::open(&path), Err(SdistError::NoMetadata { .. })));
        assert_eq!(SdistReader::open(&directory.path().join("none")).unwrap_err().exit(), Exit::Failed);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, cut in 0..400_usize) {
            let (_directory, path) = sdist(&[("a-1/PKG-INFO", &bytes)]);
            let _ = SdistReader::open(&path);
            let whole = std::fs::read(&path).unwrap();
            std::fs::write(&path, &whole[..cut.min(whole.len())]).unwrap();
            let _ = SdistReader::open(&path);
        }
    }
}
