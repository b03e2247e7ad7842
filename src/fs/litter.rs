//! How temporaries are named, and the removal of those whose run was killed. A name says which process made it and when; on
//! Unix a lock that dies with the process says that it still runs, also in another container.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::platform;

/// What stands between the final name and the rest of a temporary's.
const MARK: &str = ".relkit-";
/// What the names of directories in the system's temporary directory begin with.
const SCRATCH: &str = "relkit-";
const RANDOM: usize = 6;

/// How old a temporary of a running process must be, in seconds, before a free lock counts: it is made before it is locked.
const YOUNG: u64 = 60;
/// Where nothing can be locked, this many seconds alone say that nobody works on it.
const ABANDONED: u64 = 24 * 60 * 60;

/// The process and the second in which it began to write, as names have them: `1234-1790000000-`.
pub(super) fn origin() -> String {
    format!("{}-{}-", std::process::id(), began())
}

/// What the name of a temporary for `target` begins with.
pub(super) fn prefix(target: &Path) -> String {
    let name = target.file_name().and_then(|name| name.to_str()).unwrap_or("output");
    // With the rest it must stay a name that file systems take.
    let kept = name.char_indices().map(|(at, _)| at).take_while(|at| *at <= 180).last().unwrap_or_default();
    let kept = if name.len() <= 180 { name } else { &name[..kept] };
    format!(".{kept}{MARK}{}", origin())
}

fn began() -> u64 {
    static BEGAN: OnceLock<u64> = OnceLock::new();
    *BEGAN.get_or_init(now)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Who made a temporary, read off its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Maker {
    process: u32,
    time: u64,
}

impl Maker {
    fn of(name: &str) -> Option<Self> {
        let rest = match name.strip_prefix('.') {
            Some(hidden) => hidden.rsplit_once(MARK)?.1,
            None => name.strip_prefix(SCRATCH)?,
        };
        // A scratch directory has what it is for before the numbers.
        let mut parts = rest.rsplit('-');
        let random = parts.next()?;
        let (time, process) = (number(parts.next()?)?, number(parts.next()?)?);
        let is_random = random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_random.then_some(Self { process: u32::try_from(process).ok()?, time })
    }

    fn is_gone(self, path: &Path) -> bool {
        // A clock that was set meanwhile makes nothing young.
        let age = now().abs_diff(self.time);
        if self.process == std::process::id() && self.time == began() {
            return false;
        }
        if cfg!(not(unix)) {
            return age > ABANDONED;
        }
        (age > YOUNG || platform::is_process_gone(self.process)) && lock(path).is_ok()
    }
}

fn number(text: &str) -> Option<u64> {
    // No sign, and nothing that another writer of names would have padded.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Whether a file or directory is a temporary, or below one, by its relative path; of an older relkit, too.
pub(crate) fn is_temporary(relative: &str) -> bool {
    let first = relative.split('/').next().unwrap_or_default();
    let random = first.strip_prefix('.').and_then(|name| name.rsplit_once(MARK)).map(|(_, random)| random);
    let is_old = |random: &str| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    random.is_some_and(|random| is_old(random) || Maker::of(first).is_some())
}

/// Whether a name is that of a directory of ours in the system's temporary directory.
pub(crate) fn is_scratch(name: &str) -> bool {
    !name.starts_with('.') && Maker::of(name).is_some()
}

/// Keeps others from taking a temporary for abandoned, for as long as the result lives.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    // Nobody else's FIFO is waited at, and nobody else's link followed.
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = File::open(path)?;
    file.try_lock().map_err(io::Error::from)?;
    Ok(file)
}

/// Removes what killed runs left in a directory; of what cannot be removed nothing is said.
pub(super) fn sweep(directory: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let place = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(place) {
        return;
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(maker) = name.to_str().and_then(Maker::of) else { continue };
        let path = entry.path();
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if !platform::is_own(&metadata) || !maker.is_gone(&path) {
            continue;
        }
        if metadata.is_dir() {
            platform::allow_removal(&path);
            let _ = fs::remove_dir_all(&path);
        } else {
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_made_it() {
        let maker = |name| Maker::of(name).map(|maker| (maker.process, maker.time));
        assert_eq!(maker(".a.whl.relkit-12-1790000000-a1B2c3"), Some((12, 1_790_000_000)));
        assert_eq!(maker("relkit-init-12-1790000000-a1B2c3"), Some((12, 1_790_000_000)));
        for name in [
            ".a.whl.relkit-part",
            ".a.whl.relkit-a1B2c3",
            "a.whl",
            "relkit-12-1790000000-a1B2c",
            "relkit-1.0-py3-none-any.whl",
            ".relkit-12--1-a1B2c3",
            "other-12-1790000000-a1B2c3",
        ] {
            assert_eq!(maker(name), None, "{name}");
        }
        for name in [".a.relkit-a1B2c3", ".a.relkit-a1B2c3/below", ".a.relkit-12-1790000000-a1B2c3/b"] {
            assert!(is_temporary(name), "{name}");
        }
        assert!(!is_temporary(".a.relkit-part") && !is_temporary("a.relkit-a1B2c3"));
        let long = prefix(Path::new(&"é".repeat(120)));
        assert!(long.len() < 230 && Maker::of(&format!("{long}a1B2c3")).is_some(), "{long}");
    }

    #[cfg(unix)]
    #[test]
    fn what_nobody_works_on_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        // No system gives a process this number.
        let (gone, used) = (at(".a.relkit-4000000-1-aaaaaa"), at(".b.relkit-4000000-1-bbbbbb"));
        fs::write(&gone, "").unwrap();
        fs::create_dir_all(at(".tree.relkit-4000000-1-cccccc/deep")).unwrap();
        let (own, recycled) = (at(&format!(".c.relkit-{}dddddd", origin())), at(".d.relkit-1-1-eeeeee"));
        for path in [&used, &own, &recycled, &at(".e.relkit-part"), &at("mine")] {
            fs::write(path, "").unwrap();
        }
        let held = lock(&used).unwrap();
        sweep(directory.path());
        let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        let mut expected = vec![used.clone(), own, at(".e.relkit-part"), at("mine")];
        expected.sort();
        assert_eq!(left, expected);
        drop(held);
        assert!(lock(&used).is_ok());
    }
}
