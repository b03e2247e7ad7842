//! A file or directory that could not be read or written, for every step that has nothing to add.

use std::io;
use std::path::{Path, PathBuf};

use relkit_client::process::exhausted;

use super::platform;
use super::refusal::{NoCopy, is_too_long};
use crate::console::text::{human_bytes, visible};
use crate::error::{Exit, Explain, nearest};

/// A file or directory that could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write `{}`", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("no temporary directory can be made in `{}`", directory.display())]
    Temporary {
        directory: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` exists and is not empty", path.display())]
    NotEmpty { path: PathBuf },
    #[error("`{}` cannot be replaced: {why}", path.display())]
    NotReplaceable { path: PathBuf, why: &'static str },
    #[error("`{}` is larger than {}, and files of its kind never are", path.display(), human_bytes(*limit))]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("another run has written `{}` meanwhile", path.display())]
    Taken { path: PathBuf },
    #[error("`{}` has a name that is not UTF-8", path.display())]
    Name { path: PathBuf },
}

impl FsError {
    /// A reading error of `path`, fit for `map_err`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// A writing error of `path`, fit for `map_err`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

impl Explain for FsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty { .. } => {
                Some("give an empty or new directory, or pass `--force` to replace this one".into())
            }
            // Devices and FIFOs are written through.
            Self::Write { path, .. } if platform::is_socket(path) => {
                Some("give a regular file, or a device or FIFO: a socket takes no bytes".into())
            }
            Self::Read { path, source } | Self::Write { path, source } => Some(path_hint(path, source)),
            Self::Temporary { source, .. } => Some(temporary_hint(source).into()),
            Self::NotReplaceable { .. } => Some("give the path of a directory, a new one or one to be replaced".into()),
            Self::TooLarge { .. } => Some("give the file that relkit or its author wrote".into()),
            Self::Taken { .. } => {
                Some("what it wrote is there; run the command again with another path, or with `--force`".into())
            }
            Self::Name { .. } => Some("rename it: the files of a release have names in UTF-8".into()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Read { source, .. } if is_too_long(source) => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}

/// So many names of a directory are held against one that is not there.
const MAX_NAMES: usize = 1_000;

/// The file beside a missing one whose name is most like it, where one is; as it may be shown.
pub(crate) fn nearby(path: &Path) -> Option<String> {
    let wrong = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(platform::parent_of(path)).ok()?.take(MAX_NAMES);
    // What is much longer or shorter was hardly meant.
    let is_alike = |name: &String| name != wrong && name.len().abs_diff(wrong.len()) <= (wrong.len() / 2).max(2);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let names: Vec<_> = names.filter(is_alike).collect();
    let other = path.with_file_name(nearest(wrong, names.iter().map(String::as_str))?);
    Some(visible(&other.to_string_lossy()))
}

/// What to do about this path, which the system refuses.
pub(crate) fn path_hint(path: &Path, error: &io::Error) -> String {
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    if is_missing(error) && path.is_relative() && std::env::current_dir().is_err_and(|error| is_missing(&error)) {
        return "the working directory is gone: change to one that is there, or give absolute paths".into();
    }
    match nearby(path).filter(|_| is_missing(error)) {
        Some(other) => format!("did you mean `{other}`?"),
        None => io_hint(error).into(),
    }
}

/// What to do about a path that the system refuses.
pub(crate) fn io_hint(error: &io::Error) -> &'static str {
    if let Some(NoCopy { error, .. }) = error.get_ref().and_then(|error| error.downcast_ref()) {
        return temporary_hint(error);
    }
    if is_too_long(error) {
        return "give the file that was meant: no wheel, source distribution or program is as large";
    }
    match error.kind() {
        io::ErrorKind::StorageFull => "free space on the disk and run the command again",
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::NotADirectory => "give a directory",
        io::ErrorKind::IsADirectory => "give the path of a file",
        io::ErrorKind::AlreadyExists => "a file has that name; give another path",
        io::ErrorKind::PermissionDenied => "check the permissions of the path",
        io::ErrorKind::InvalidInput => "give a regular file: FIFOs, sockets and devices are neither read nor replaced",
        io::ErrorKind::InvalidData => "the file must be text in UTF-8",
        io::ErrorKind::InvalidFilename => "give a shorter path, of characters that the system takes",
        io::ErrorKind::ReadOnlyFilesystem => "give a path on a file system that can be written to",
        io::ErrorKind::FileTooLarge => "the process may not write files of this size: raise its limit (`ulimit -f`)",
        io::ErrorKind::TimedOut => "let somebody read from it, or give a regular file",
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "bring up the loopback interface of this network namespace (`ip link set lo up`), or allow it"
        }
        io::ErrorKind::QuotaExceeded => "free space that counts against the quota and run the command again",
        _ if platform::is_link_loop(error) => "remove the symbolic link that leads back to itself, or name the file",
        _ => exhausted(error).unwrap_or("check the path, and that its disk can be read and written"),
    }
}

/// What to do where nothing temporary can be written.
pub(crate) fn temporary_hint(error: &io::Error) -> &'static str {
    exhausted(error).unwrap_or(match error.kind() {
        io::ErrorKind::NotFound => "make that directory, or set TMPDIR to one that is there",
        io::ErrorKind::NotADirectory => "set TMPDIR to a directory",
        _ => "free space there, or set TMPDIR to a directory that can be written to",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_says_what_to_do() {
        let path = || PathBuf::from("a");
        for error in [
            FsError::read(&path())(io::Error::other("x")),
            FsError::write(&path())(io::ErrorKind::StorageFull.into()),
            FsError::NotEmpty { path: path() },
            FsError::NotReplaceable { path: path(), why: "x" },
            FsError::TooLarge { path: path(), limit: 1 },
            FsError::Taken { path: path() },
            FsError::Name { path: path() },
        ] {
            assert!(error.hint().is_some_and(|hint| hint.len() > 10), "{error}");
        }
    }

    #[test]
    fn a_slip_in_a_name_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("dist")).unwrap();
        let hint = |name: &str| {
            let path = directory.path().join(name);
            FsError::read(&path)(std::fs::metadata(&path).unwrap_err()).hint().unwrap()
        };
        assert!(hint("dits").ends_with("dist`?") && hint("dits").starts_with("did you mean `"), "{}", hint("dits"));
        // A hint may have lines of its own, and a name adds none.
        #[cfg(unix)]
        {
            std::fs::write(directory.path().join("wheel\nhint: x"), "").unwrap();
            assert!(hint("weel\nhint: x").ends_with("wheel\\nhint: x`?"), "{}", hint("weel\nhint: x"));
        }
        assert_eq!((hint("other"), hint("no/dist")), ("check the path".into(), "check the path".into()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_to_itself_is_told_from_other_troubles() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("link", &link).unwrap();
        let error = FsError::read(&link)(std::fs::metadata(&link).unwrap_err());
        assert!(error.hint().unwrap().contains("symbolic link"), "{error:?}");
    }
}
