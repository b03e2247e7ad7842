//! What differs between systems: modes, and how one directory takes the place of another.

use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

pub(super) use system::keep_directory_mode;
pub(super) use system::{
    allow_removal, is_link_loop, is_own, is_process_gone, is_run, is_socket, open_now, open_through, set_mode,
};
pub(crate) use system::{is_still_at, keep_mode, keep_own_rights, refuses_execution, split_at_equals};

#[cfg(unix)]
mod system {
    use std::ffi::OsStr;
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
    use std::path::Path;
    use std::time::{Duration, Instant};

    pub(crate) fn set_mode(path: &Path, bits: u32) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(bits))
    }

    /// Whether a file has an execute bit.
    pub(crate) fn is_run(metadata: &fs::Metadata) -> bool {
        metadata.permissions().mode() & 0o111 != 0
    }

    /// Whether symbolic links lead in a circle.
    pub(crate) fn is_link_loop(error: &io::Error) -> bool {
        error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }

    /// Whether the file system that a file lies on is mounted so that nothing on it is run.
    pub(crate) fn refuses_execution(path: &Path) -> bool {
        rustix::fs::statvfs(path).is_ok_and(|system| system.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC))
    }

    /// Temporary files are made private; a result is as readable as the file that it replaces, and of the same owner where
    /// this user may give it away, else as readable as any new file.
    pub(crate) fn keep_mode(file: &File, target: &Path) -> io::Result<()> {
        let there = fs::symlink_metadata(target).ok().filter(fs::Metadata::is_file);
        let Some(there) = there else { return file.set_permissions(Permissions::from_mode(0o666 & !umask())) };
        let own = file.metadata()?;
        if own.uid() != there.uid() {
            let _ = fchown(file, Some(there.uid()), None);
        }
        let is_of_group = own.gid() == there.gid() || fchown(file, None, Some(there.gid())).is_ok();
        let mode = there.permissions().mode() & 0o777;
        // What was for one group alone is for no other.
        let mode = if is_of_group { mode } else { mode & (0o707 | (mode & 0o7) << 3) };
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// The same for a directory, which must stay one that this user can enter.
    pub(crate) fn keep_directory_mode(path: &Path, target: &Path) -> io::Result<()> {
        let there = fs::symlink_metadata(target).ok().filter(fs::Metadata::is_dir);
        let mode = there.map_or(0o777 & !umask(), |there| there.permissions().mode() & 0o777 | 0o700);
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    /// Makes the directories of a tree writable, without which nothing in them can be removed.
    pub(crate) fn allow_removal(path: &Path) {
        // Each directory is made writable before the walk enters it.
        let mut pending = vec![path.to_owned()];
        while let Some(directory) = pending.pop() {
            let _ = fs::set_permissions(&directory, Permissions::from_mode(0o700));
            let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
            pending.extend(
                entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
            );
        }
    }

    /// Takes out of the umask of this process what it would take of its own user: what the process writes it must be able to
    /// read and to remove.
    pub(crate) fn keep_own_rights() {
        rustix::process::umask(mask() - rustix::fs::Mode::RWXU);
    }

    fn umask() -> u32 {
        // The type of a mode differs between systems.
        #[allow(clippy::useless_conversion)]
        mask().bits().into()
    }

    /// The umask can only be read by setting it; both calls happen under a lock.
    fn mask() -> rustix::fs::Mode {
        static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _guard = LOCK.lock();
        let current = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        rustix::process::umask(current);
        current
    }

    /// What stands before the first `=`, and all behind it.
    pub(crate) fn split_at_equals(text: &OsStr) -> Option<(&str, &OsStr)> {
        let at = text.as_bytes().iter().position(|byte| *byte == b'=')?;
        let (before, behind) = (&text.as_bytes()[..at], &text.as_bytes()[at + 1..]);
        Some((std::str::from_utf8(before).ok()?, OsStr::from_bytes(behind)))
    }

    /// Whether this user made a file.
    pub(crate) fn is_own(metadata: &fs::Metadata) -> bool {
        metadata.uid() == rustix::process::geteuid().as_raw()
    }

    /// Whether no process has that number, as far as this one can see.
    pub(crate) fn is_process_gone(number: u32) -> bool {
        let process = i32::try_from(number).ok().and_then(rustix::process::Pid::from_raw);
        let is_free =
            |process| rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH) || is_dead(number);
        process.is_none_or(is_free)
    }

    /// Whether a process has ended and keeps its number until its parent asks, which in many a container nobody does.
    fn is_dead(number: u32) -> bool {
        // The name before the state may hold anything (`proc(5)`); other systems have no such file.
        let status = fs::read(format!("/proc/{number}/stat")).unwrap_or_default();
        let behind = status.iter().rposition(|byte| *byte == b')').and_then(|at| status.get(at + 2));
        matches!(behind, Some(b'Z' | b'X'))
    }

    /// Whether a path still leads to an open file.
    pub(crate) fn is_still_at(file: &File, path: &Path) -> bool {
        let (Ok(file), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
        (file.dev(), file.ino()) == (there.dev(), there.ino())
    }

    const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

    /// Opens a file without waiting, should a FIFO have taken its place.
    pub(crate) fn open_now(path: &Path) -> io::Result<File> {
        File::options().read(true).custom_flags(NONBLOCK).open(path)
    }

    /// Opens what bytes pass through. A FIFO that nobody reads is waited at for a while.
    pub(crate) fn open_through(path: &Path) -> io::Result<File> {
        let end = Instant::now() + READER;
        loop {
            match File::options().append(true).custom_flags(NONBLOCK).open(path) {
                Ok(file) => {
                    let flags = rustix::fs::fcntl_getfl(&file)?;
                    rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
                    return Ok(file);
                }
                Err(error) => {
                    let is_fifo = fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo());
                    let nobody_reads = error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
                    match is_fifo && nobody_reads {
                        true if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                        true => return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads from the FIFO")),
                        false if nobody_reads => return Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_REGULAR)),
                        false => return Err(error),
                    }
                }
            }
        }
    }

    pub(crate) const NOT_REGULAR: &str = "not a regular file";

    pub(crate) fn is_socket(path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
    }

    /// How long a reader is waited for.
    const READER: Duration = Duration::from_secs(10);

    /// Exchanges two paths in one step; `false` where the kernel or the file system cannot.
    #[cfg_attr(not(any(target_os = "linux", target_os = "macos")), allow(unused_variables))]
    pub(crate) fn exchange_at_once(one: &Path, other: &Path) -> io::Result<bool> {
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
                Ok(()) => return Ok(true),
                // A sandbox may answer a call that it does not know as one that is forbidden.
                Err(
                    rustix::io::Errno::INVAL
                    | rustix::io::Errno::NOSYS
                    | rustix::io::Errno::NOTSUP
                    | rustix::io::Errno::PERM,
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::OsStr;
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub(crate) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn is_run(_: &Metadata) -> bool {
        false
    }

    pub(crate) fn is_link_loop(_: &io::Error) -> bool {
        false
    }

    pub(crate) fn refuses_execution(_: &Path) -> bool {
        false
    }

    pub(crate) fn keep_own_rights() {}

    pub(crate) fn keep_mode(_: &File, _: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn keep_directory_mode(_: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn allow_removal(_: &Path) {}

    pub(crate) fn split_at_equals(text: &OsStr) -> Option<(&str, &OsStr)> {
        text.to_str()?.split_once('=').map(|(before, behind)| (before, behind.as_ref()))
    }

    pub(crate) const NOT_REGULAR: &str = "not a regular file";

    pub(crate) fn is_socket(_: &Path) -> bool {
        false
    }

    pub(crate) fn is_own(_: &Metadata) -> bool {
        true
    }

    pub(crate) fn is_process_gone(_: u32) -> bool {
        false
    }

    pub(crate) fn is_still_at(_: &File, _: &Path) -> bool {
        true
    }

    pub(crate) fn open_now(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    pub(crate) fn open_through(path: &Path) -> io::Result<File> {
        File::options().write(true).open(path)
    }

    pub(crate) fn exchange_at_once(_: &Path, _: &Path) -> io::Result<bool> {
        Ok(false)
    }
}

/// Exchanges two directories, in one step where the system can.
pub(super) fn exchange(new: &Path, old: &Path) -> io::Result<()> {
    if system::exchange_at_once(new, old)? { Ok(()) } else { exchange_in_steps(new, old) }
}

/// Exchanges two directories by renames; a failure of the second puts the first back.
fn exchange_in_steps(new: &Path, old: &Path) -> io::Result<()> {
    let aside = tempfile::Builder::new().prefix(".relkit-replaced-").tempdir_in(parent_of(old))?;
    let parked = aside.path().join("tree");
    rename(old, &parked)?;
    if let Err(error) = rename(new, old) {
        rename(&parked, old)?;
        return Err(error);
    }
    rename(&parked, new)
}

pub(super) fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, system::NOT_REGULAR)
}

/// The directory that a path lies in.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// How long a directory is tried to be renamed. Windows refuses it while anybody has a file in it open, and scanners
/// open what is new.
const PATIENCE: Duration = if cfg!(windows) { Duration::from_secs(3) } else { Duration::ZERO };

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && Instant::now() < end => {
                thread::sleep(Duration::from_millis(20));
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::walk;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_nobody_asks_for_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while !is_process_gone(child.id()) {
            assert!(Instant::now() < end, "it is taken for a running one");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(child.wait().unwrap().success() && !is_process_gone(std::process::id()));
    }

    #[test]
    fn exchange_in_steps_swaps() {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (directory.path().join("one"), directory.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(one.join("1"), b"").unwrap();
        exchange_in_steps(&one, &other).unwrap();
        let names: Vec<_> = walk(directory.path()).unwrap().into_iter().map(|file| file.relative).collect();
        assert_eq!(names, ["other/1"]);
    }
}
