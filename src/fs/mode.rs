//! Execute bits, and copies that set them.

use std::fs;
use std::path::Path;

use super::error::FsError;
use super::file_bytes::open_regular;
use super::platform;

/// Whether a file is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// 0644.
    Data,
    /// 0755.
    Executable,
}

impl Mode {
    pub fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Executable => 0o755,
        }
    }
}

/// Whether files have execute bits on this system.
pub const KEEPS_MODES: bool = cfg!(unix);

/// Copies a file, sharing its blocks where the file system can (a reflink), and sets its mode. A later change of the
/// copy never reaches the source, which is why hard links are not used.
pub fn copy(source: &Path, target: &Path, mode: Mode) -> Result<(), FsError> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(FsError::write(parent))?;
    }
    // Told apart here, because a failed copy does not say which side failed.
    open_regular(source).map_err(FsError::read(source))?;
    reflink_copy::reflink_or_copy(source, target).map_err(FsError::write(target))?;
    set_mode(target, mode)
}

/// Sets the permission bits of a file; does nothing where the file system has none.
pub fn set_mode(path: &Path, mode: Mode) -> Result<(), FsError> {
    platform::set_mode(path, mode.bits()).map_err(FsError::write(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_copy_has_its_own_mode_and_bytes() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let (source, target) = (directory.path().join("source"), directory.path().join("deep/target"));
        fs::write(&source, b"one").unwrap();
        set_mode(&source, Mode::Data).unwrap();
        copy(&source, &target, Mode::Executable).unwrap();
        fs::write(&target, b"two").unwrap();
        assert_eq!(fs::read(&source).unwrap(), b"one");
        assert_eq!(fs::metadata(&source).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
