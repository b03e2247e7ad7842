//! Where a runtime under test lives: a directory of its own for everything it might write, an environment that holds
//! nothing of the user's, and the configuration that keeps it off the network.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use relkit_client::process::{Finished, Invocation, ProcessError};

use super::runner::Runner;
use crate::fs::{FsError, Scratch, is_scratch};

/// How the homes in the temporary directory are named.
const PREFIX: &str = "relkit-smoke-";

/// The largest output of a question for the version that is read, in bytes.
pub(super) const MAX_OUTPUT: usize = 64 * 1024;

/// The file that is locked as long as a home is in use.
const LOCK: &str = "lock";

/// Where nobody listens: the discard service, which no system has run for decades.
const NO_PROXY_THERE: &str = "http://127.0.0.1:9";

/// What lives in a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guest {
    /// It is kept off the network by its configuration.
    AppServer,
    /// Any other program: it gets what is common to programs that ask the network, the user or the system's settings.
    Program,
}

/// An isolated home below the system's temporary directory, removed when dropped. One process per home: two runtimes
/// that start at once on a fresh home fail.
#[derive(Debug)]
pub(super) struct Home {
    // Closed before the directory is removed.
    _lock: File,
    root: Scratch,
    guest: Guest,
}

impl Home {
    /// Makes a fresh home, and removes those that a killed relkit left behind.
    pub(super) fn create(guest: Guest) -> Result<Self, FsError> {
        remove_abandoned(&std::env::temp_dir());
        let root = Scratch::create(PREFIX)?;
        let lock = furnish(root.path()).map_err(FsError::write(root.path()))?;
        Ok(Self { _lock: lock, root, guest })
    }

    /// The working directory, empty at first.
    pub(super) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A working directory of its own, empty.
    pub(super) fn fresh_work(&self) -> Result<PathBuf, FsError> {
        let all = self.root.path().join("works");
        fs::create_dir_all(&all).map_err(FsError::write(&all))?;
        let there = fs::read_dir(&all).map_err(FsError::read(&all))?.count();
        let directory = all.join(format!("{}", there + 1));
        fs::create_dir(&directory).map_err(FsError::write(&directory))?;
        Ok(directory)
    }

    /// Where a wheel is unpacked.
    pub(super) fn site(&self) -> PathBuf {
        self.root.path().join("site")
    }

    /// A program that lives here, started by `runner` if there is one. The search path is an empty directory, so that a
    /// tool of the host cannot stand in for one that the wheel should carry.
    pub(super) fn invocation(&self, program: &Path, runner: Option<&Runner>) -> Invocation {
        let at = |name: &str| self.root.path().join(name);
        let invocation = match runner {
            Some(runner) => Invocation::new(&runner.program).arguments(&runner.arguments).argument(program),
            None => Invocation::new(program),
        };
        let invocation = match self.guest {
            Guest::AppServer => invocation.variable("CODEX_HOME", at("runtime")),
            Guest::Program => self.kept_to_itself(invocation),
        };
        invocation
            .directory(at("work"))
            .variable("HOME", at("user"))
            .variable("USERPROFILE", at("user"))
            .variable("APPDATA", at("user"))
            .variable("LOCALAPPDATA", at("user"))
            .variable("TMPDIR", at("temporary"))
            .variable("TEMP", at("temporary"))
            .variable("TMP", at("temporary"))
            .variable("PATH", at("path"))
            .variable("LANG", "C.UTF-8")
            .variable("NO_COLOR", "1")
            // Belt and braces: no proxy variable is passed on either.
            .variable("NO_PROXY", "127.0.0.1,localhost")
            .variable("no_proxy", "127.0.0.1,localhost")
    }

    /// Every request that honours a proxy is refused at once, and no setting of the system or reporting of use is left.
    fn kept_to_itself(&self, invocation: Invocation) -> Invocation {
        let user = self.root.path().join("user");
        let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "http_proxy", "https_proxy", "all_proxy"];
        proxies
            .into_iter()
            .fold(invocation, |invocation, name| invocation.variable(name, NO_PROXY_THERE))
            .variable("XDG_CONFIG_HOME", user.join(".config"))
            .variable("XDG_CACHE_HOME", user.join(".cache"))
            .variable("XDG_DATA_HOME", user.join(".local/share"))
            .variable("XDG_STATE_HOME", user.join(".local/state"))
            .variable("XDG_CONFIG_DIRS", self.root.path().join("path"))
            .variable("DO_NOT_TRACK", "1")
    }

    /// What a helper says that is asked for its version.
    pub(super) fn ask_version(
        &self,
        program: &Path,
        runner: Option<&Runner>,
        time: Duration,
    ) -> Result<Finished, ProcessError> {
        self.invocation(program, runner).argument("--version").run(time, MAX_OUTPUT)
    }
}

/// Makes what is in a home. Returns the file that is locked as long as it is in use.
fn furnish(root: &Path) -> io::Result<File> {
    // Under its name only when it is locked.
    let young = root.join("young");
    let lock = File::create(&young)?;
    lock.lock()?;
    fs::rename(young, root.join(LOCK))?;
    for name in ["runtime", "user", "work", "temporary", "path", "site"] {
        fs::create_dir(root.join(name))?;
    }
    Ok(lock)
}

/// Removes the homes whose owner is gone: their lock is free. A home without a lock is being made.
fn remove_abandoned(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let lock = path.join(LOCK);
        let name = entry.file_name();
        // Whoever calls something of their own alike gave it no process and time.
        let is_home = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && is_scratch(name))
            && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && is_own(&metadata))
            && fs::symlink_metadata(&lock).is_ok_and(|metadata| metadata.is_file());
        if is_home && File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok()) {
            // Another relkit may be removing it too.
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(unix)]
fn is_own(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_: &fs::Metadata) -> bool {
    true
}

/// The name of the provider and model that the configuration below sets up.
const MODEL: &str = "relkit-smoke";

/// The arguments that start an app server whose only network peer is the model server at `base_url`.
pub(super) fn server_arguments(base_url: &str) -> Vec<String> {
    let provider = format!(
        "model_providers.{MODEL}={{name=\"{MODEL}\",base_url=\"{base_url}\",wire_api=\"responses\",\
         request_max_retries=0,stream_max_retries=0}}"
    );
    let settings = [
        &format!("model=\"{MODEL}\""),
        &format!("model_provider=\"{MODEL}\""),
        &provider,
        // Nobody is there to approve anything, and nothing may be written.
        "approval_policy=\"never\"",
        "sandbox_mode=\"read-only\"",
        // These two reach for the network and run the user's login shell.
        "features.plugins=false",
        "features.shell_snapshot=false",
        "analytics.enabled=false",
    ];
    let overrides = settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting.to_owned()]);
    std::iter::once("app-server".to_owned()).chain(overrides).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_homes_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let home = |name: &str| {
            let path = directory.path().join(format!("{PREFIX}{name}"));
            fs::create_dir(&path).unwrap();
            path
        };
        let (used, abandoned, young) = (home("1-1-aaaaaa"), home("1-1-bbbbbb"), home("1-1-cccccc"));
        // Somebody else's, who also locks.
        let alike = home("notes");
        drop(File::create(alike.join(LOCK)).unwrap());
        let lock = File::create(used.join(LOCK)).unwrap();
        lock.lock().unwrap();
        drop(File::create(abandoned.join(LOCK)).unwrap());
        fs::create_dir(directory.path().join("other")).unwrap();
        fs::write(directory.path().join("other").join(LOCK), "").unwrap();
        remove_abandoned(directory.path());
        assert!(used.exists() && young.exists() && directory.path().join("other").exists());
        assert!(alike.exists() && !abandoned.exists());
    }
}
