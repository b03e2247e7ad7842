//! The Unix side of a child: a session of its own, execution without a shell in between, and the end of everything that
//! the child started (POSIX; on Linux also `prctl(2)`, `pidfd_open(2)` and `/proc`).

// What happens between fork and exec is not reachable without unsafe code.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use super::super::exhausted::Exhausted;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

pub fn signal(status: ExitStatus) -> i32 {
    status.signal().unwrap_or(-1)
}

pub fn base_environment() -> BTreeMap<OsString, OsString> {
    BTreeMap::new()
}

pub fn executable_names(name: &OsStr) -> Vec<OsString> {
    vec![name.to_owned()]
}

/// Makes the child lead a session, and executes the file itself: `execvp`, which the standard library ends in,
/// hands a file of another machine to `/bin/sh`.
pub fn prepare(
    command: &mut Command,
    program: &Path,
    arguments: &[OsString],
    environment: &BTreeMap<OsString, OsString>,
) -> io::Result<()> {
    let program = CString::new(program.as_os_str().as_bytes())?;
    let mut argv = vec![program.clone()];
    for argument in arguments {
        argv.push(CString::new(argument.as_bytes())?);
    }
    let mut envp = Vec::new();
    for (name, value) in environment {
        let mut pair = name.clone();
        pair.push("=");
        pair.push(value);
        envp.push(CString::new(pair.into_vec())?);
    }
    let image = Image { program, argv: Strings::new(argv), envp: Strings::new(envp) };
    #[cfg(target_os = "linux")]
    let parent = rustix::process::getpid();
    let in_child = move || {
        rustix::process::setsid()?;
        // SAFETY: this sets a disposition that the system knows; no handler of ours is named.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_DFL) };
        #[cfg(target_os = "linux")]
        {
            // A sandbox may refuse it; the child is ended with its group all the same, but where this process is killed.
            let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
            if rustix::process::getppid() != Some(parent) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        let image = &image;
        // SAFETY: `program` and both arrays are NUL-terminated and live as long as the closure.
        unsafe { libc::execve(image.program.as_ptr(), image.argv.pointers(), image.envp.pointers()) };
        Err(io::Error::last_os_error())
    };
    // SAFETY: between fork and exec the closure only makes system calls; it neither allocates nor locks.
    unsafe { command.pre_exec(in_child) };
    Ok(())
}

struct Image {
    program: CString,
    argv: Strings,
    envp: Strings,
}

/// C strings and the array of pointers to them that `execve` reads.
struct Strings {
    pointers: Vec<*const libc::c_char>,
    _owned: Vec<CString>,
}

impl Strings {
    fn new(owned: Vec<CString>) -> Self {
        let pointers = owned.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect();
        Self { pointers, _owned: owned }
    }

    fn pointers(&self) -> *const *const libc::c_char {
        self.pointers.as_ptr()
    }
}

// SAFETY: the pointers lead into heap memory that `_owned` owns, never changes and moves along.
unsafe impl Send for Strings {}
// SAFETY: as above; nothing is written through them.
unsafe impl Sync for Strings {}

/// A session led by the child, and the mark of everything it started.
#[derive(Debug)]
pub struct Group {
    leader: Pid,
    #[cfg(target_os = "linux")]
    mark: Vec<u8>,
}

impl Group {
    /// The group of `child`, in whose environment stands `mark`, as `NAME=value`.
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
    pub fn of(child: &Child, mark: &str) -> io::Result<Self> {
        Ok(Self {
            leader: Pid::from_child(child),
            #[cfg(target_os = "linux")]
            mark: mark.as_bytes().to_vec(),
        })
    }

    pub fn end(&self) {
        let _ = rustix::process::kill_process_group(self.leader, Signal::KILL);
        #[cfg(target_os = "linux")]
        self.end_marked();
    }

    /// Ends what left the session, until nothing is left; a dying process can start one more.
    #[cfg(target_os = "linux")]
    fn end_marked(&self) {
        for _ in 0..20 {
            if !marked(&self.mark)
                .into_iter()
                .fold(false, |any, process| any | rustix::process::pidfd_send_signal(process, Signal::KILL).is_ok())
            {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

#[cfg(target_os = "linux")]
fn marked(mark: &[u8]) -> Vec<rustix::fd::OwnedFd> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            // Opened before its environment is read, so that the number cannot come to mean another process.
            let process =
                rustix::process::pidfd_open(Pid::from_raw(number)?, rustix::process::PidfdFlags::empty()).ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            environment.split(|byte| *byte == 0).any(|variable| variable == mark).then_some(process)
        })
        .collect()
}

/// Whether orphans of the children come to this process.
#[cfg(target_os = "linux")]
static ADOPTING: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// The children that were started here and run; every other child is an orphan that came to this process.
#[cfg(target_os = "linux")]
static LEADERS: std::sync::Mutex<std::collections::BTreeSet<i32>> =
    std::sync::Mutex::new(std::collections::BTreeSet::new());

#[cfg(target_os = "linux")]
fn leaders() -> std::sync::MutexGuard<'static, std::collections::BTreeSet<i32>> {
    LEADERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    {
        let adopting = rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok();
        ADOPTING.store(adopting, std::sync::atomic::Ordering::Relaxed);
    }
}

pub fn outlive_file_limit() {
    // SAFETY: this sets a disposition that the system knows; no handler of ours is named.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

pub fn keep_nohup(install: impl FnOnce()) {
    // SAFETY: all of its fields are numbers or pointers, which may be zero.
    let mut there: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is set, and what is there is written to a value that lives here.
    let asked = unsafe { libc::sigaction(libc::SIGHUP, std::ptr::null(), &raw mut there) };
    install();
    if asked == 0 && there.sa_sigaction == libc::SIG_IGN {
        // SAFETY: this sets a disposition that the system knows; no handler of ours is named.
        unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    }
}

/// Starts a child so that nobody takes it for an orphan.
pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    #[cfg(target_os = "linux")]
    {
        let mut leaders = leaders();
        let child = start()?;
        leaders.insert(Pid::from_child(&child).as_raw_nonzero().get());
        Ok(child)
    }
    #[cfg(not(target_os = "linux"))]
    start()
}

/// Ends what left the session and cleared its environment; says how many there were. While other children run, nobody
/// knows whose such a process is, and the last of them ends it.
#[cfg_attr(not(target_os = "linux"), allow(unused_variables))]
pub fn end_orphans(child: &Child) -> usize {
    #[cfg(not(target_os = "linux"))]
    return 0;
    #[cfg(target_os = "linux")]
    {
        let own = Pid::from_child(child).as_raw_nonzero().get();
        let mut leaders = leaders();
        leaders.remove(&own);
        let mut ended = std::collections::BTreeSet::new();
        if !ADOPTING.load(std::sync::atomic::Ordering::Relaxed) || !leaders.is_empty() {
            return 0;
        }
        // A dying process hands its own children on.
        for _ in 0..400 {
            let orphans: Vec<_> = children().into_iter().filter(|number| *number != own).collect();
            if orphans.is_empty() {
                break;
            }
            for number in orphans {
                // Ours alone to reap, so that its number cannot come to mean another process meanwhile.
                let Some(process) = Pid::from_raw(number) else { continue };
                let is_alive =
                    rustix::process::waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
                        .is_ok_and(|status| status.is_none());
                if is_alive && rustix::process::kill_process(process, Signal::KILL).is_ok() {
                    ended.insert(number);
                }
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        ended.len()
    }
}

/// The numbers of this process's children.
#[cfg(target_os = "linux")]
fn children() -> Vec<i32> {
    let own = std::process::id().to_string();
    if std::fs::symlink_metadata(format!("/proc/{own}")).is_err() {
        return unlisted_children();
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let is_child = |number: &i32| {
        // The name before it may hold anything (`proc(5)`).
        let status = std::fs::read(format!("/proc/{number}/stat")).unwrap_or_default();
        let behind = status.iter().rposition(|byte| *byte == b')').map(|at| &status[at + 1..]);
        let mut fields = behind.unwrap_or_default().split(|byte| *byte == b' ').filter(|field| !field.is_empty());
        fields.nth(1) == Some(own.as_bytes())
    };
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(is_child).collect()
}

/// The same where `/proc` is missing: of every number that a process can have the system says whether a child has it. That
/// takes seconds, and is asked only where a child runs.
#[cfg(target_os = "linux")]
fn unlisted_children() -> Vec<i32> {
    /// The most that `pid_max` can be (`proc(5)`).
    const MAX: i32 = 1 << 22;
    let asked = |which, state| rustix::process::waitid(which, state | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
    // One that has ended neither stops nor goes on.
    if asked(WaitId::All, WaitIdOptions::STOPPED).is_err() {
        return Vec::new();
    }
    let is_child = |number: &i32| {
        Pid::from_raw(*number).is_some_and(|process| asked(WaitId::Pid(process), WaitIdOptions::EXITED).is_ok())
    };
    (1..=MAX).filter(is_child).collect()
}

/// Whether the system has no more of something that every process needs.
pub fn exhausted(error: &io::Error) -> Option<Exhausted> {
    match error.raw_os_error()? {
        libc::EAGAIN => Some(Exhausted::Processes),
        libc::EMFILE | libc::ENFILE => Some(Exhausted::Files),
        _ => None,
    }
}

/// Whether the memory of each process is limited.
pub fn has_memory_limit() -> bool {
    use rustix::process::{Resource, getrlimit};
    [Resource::As, Resource::Data].into_iter().any(|resource| getrlimit(resource).current.is_some())
}

/// How many processes the system has ended for want of memory since it started.
pub fn memory_kills() -> Option<u64> {
    let counts = if cfg!(target_os = "linux") { std::fs::read_to_string("/proc/vmstat").ok()? } else { return None };
    counts.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Waits for the child's end without reaping it.
pub fn await_end(child: &mut Child) {
    let leader = Pid::from_child(child);
    while let Err(rustix::io::Errno::INTR) =
        rustix::process::waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
    {}
}
