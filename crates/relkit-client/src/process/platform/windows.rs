//! The Windows side of a child: a Job Object that ends with the program that started it.

// Job Objects are not reachable without unsafe code.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::super::exhausted::Exhausted;

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_SUSPENDED, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// How long the end of what was terminated is waited for.
const DYING: Duration = Duration::from_secs(2);

/// The job object has them all.
pub fn adopt_orphans() {}

pub fn keep_nohup(install: impl FnOnce()) {
    install();
}

pub fn outlive_file_limit() {}

/// No process has a limit of its own.
pub fn has_memory_limit() -> bool {
    false
}

/// A process whose memory runs out is told so.
pub fn memory_kills() -> Option<u64> {
    None
}

pub fn start(start: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
    start()
}

pub fn end_orphans(_: &Child) -> usize {
    0
}

pub fn signal(_: ExitStatus) -> i32 {
    -1
}

/// What Windows itself needs to load libraries and open sockets.
pub fn base_environment() -> BTreeMap<OsString, OsString> {
    ["SystemRoot", "SystemDrive", "windir", "ComSpec", "PATHEXT", "PROCESSOR_ARCHITECTURE", "NUMBER_OF_PROCESSORS"]
        .into_iter()
        .filter_map(|name| Some((name.into(), std::env::var_os(name)?)))
        .collect()
}

pub fn executable_names(name: &OsStr) -> Vec<OsString> {
    let mut with_extension = name.to_owned();
    with_extension.push(".exe");
    vec![name.to_owned(), with_extension]
}

/// Makes the child start suspended: it must be in its job before it can start anything itself.
pub fn prepare(command: &mut Command, _: &Path, _: &[OsString], _: &BTreeMap<OsString, OsString>) -> io::Result<()> {
    command.creation_flags(CREATE_NO_WINDOW | CREATE_SUSPENDED);
    Ok(())
}

/// A job that holds the child and everything it starts; closing its last handle, as the end of this program does, ends
/// them.
#[derive(Debug)]
pub struct Group(OwnedHandle);

impl Group {
    /// Puts the suspended child into a job of its own and lets it run.
    pub fn of(child: &Child, _: &str) -> io::Result<Self> {
        // SAFETY: both arguments may be null: default security, no name.
        let job = unsafe { CreateJobObjectW(std::ptr::null(), std::ptr::null()) };
        if job.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the handle was just created and is owned by nothing else.
        let job = unsafe { OwnedHandle::from_raw_handle(job) };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the pointer and the length describe `limits`, the structure that this class of information takes.
        let set = unsafe {
            SetInformationJobObject(
                job.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
            )
        };
        // SAFETY: both handles are open.
        if set == 0 || unsafe { AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        resume(child.id())?;
        Ok(Self(job))
    }

    /// Ends everything in the job and waits until it has: a program that still runs cannot be removed from the disk.
    pub fn end(&self) {
        // SAFETY: the handle is open.
        let _ = unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
        let patience = Instant::now() + DYING;
        while self.active_processes() > 0 && Instant::now() < patience {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn active_processes(&self) -> u32 {
        let mut accounting = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        // SAFETY: the pointer and the length describe `accounting`, the structure that this class of information fills.
        let got = unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut accounting).cast(),
                size_of::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>() as u32,
                std::ptr::null_mut(),
            )
        };
        if got == 0 { 0 } else { accounting.ActiveProcesses }
    }
}

/// Resumes the threads of a process that was created suspended; it has one. The standard library keeps no handle of it.
fn resume(process: u32) -> io::Result<()> {
    // SAFETY: the call takes no pointers.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if snapshot == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle was just created and is owned by nothing else.
    let snapshot = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
    // SAFETY: the snapshot is open and `entry` states its own size.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    let mut resumed = false;
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            // SAFETY: the call takes no pointers.
            let thread = unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) };
            if thread.is_null() {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: the handle was just opened and is owned by nothing else.
            let thread = unsafe { OwnedHandle::from_raw_handle(thread) };
            // SAFETY: the handle is open.
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
            resumed = true;
        }
        // SAFETY: as for the first entry.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    if resumed { Ok(()) } else { Err(io::Error::other("its main thread was not found")) }
}

/// Whether the system has no more of something that every process needs.
pub fn exhausted(error: &io::Error) -> Option<Exhausted> {
    match error.raw_os_error()? {
        // ERROR_TOO_MANY_OPEN_FILES.
        4 => Some(Exhausted::Files),
        // ERROR_NO_SYSTEM_RESOURCES.
        1450 => Some(Exhausted::Processes),
        _ => None,
    }
}

pub fn await_end(child: &mut Child) {
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::super::super::{Ending, Invocation, ProcessError};
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Runs for two minutes.
    const PING: &str = r"%SystemRoot%\System32\ping.exe -n 120 127.0.0.1";

    fn shell(script: &str) -> Invocation {
        Invocation::new("cmd").argument("/c").argument(script)
    }

    #[test]
    fn keeps_output_errors_and_the_exit_code() {
        let finished = shell("echo out& echo oops>&2& exit 4").run(LONG, 1000).unwrap();
        assert_eq!((finished.ending, finished.stdout.as_slice()), (Ending::Code(4), b"out\r\n".as_slice()));
        assert_eq!(finished.stderr_tail, "oops");
    }

    #[test]
    fn the_environment_is_clear() {
        let finished = shell("set").variable("ONE", "1").inherit("USERNAME").run(LONG, 10_000).unwrap();
        let text = String::from_utf8_lossy(&finished.stdout).into_owned();
        assert!(text.contains("ONE=1\r\n") && text.to_ascii_lowercase().contains("systemroot="), "{text}");
        assert!(!text.contains("CARGO"), "{text}");
    }

    #[test]
    fn a_tree_ends_at_the_deadline() {
        let started = Instant::now();
        let late = shell(&format!("%ComSpec% /c {PING}")).run(Duration::from_millis(500), 100_000);
        assert!(matches!(late, Err(ProcessError::TimedOut { .. })), "{late:?}");
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn what_is_left_behind_ends_with_the_child() {
        // Whoever is left holds the pipe, so that its end is the end of all.
        let started = Instant::now();
        let mut process = shell(&format!("start /b {PING} & echo done")).start().unwrap();
        let mut stdout = process.take_stdout().unwrap();
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        assert!(text.contains("done"), "{text}");
        assert_eq!(process.wait(LONG), Some(Ending::Code(0)));
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn an_end_is_the_end_of_the_whole_tree() {
        let started = Instant::now();
        let mut process = shell(&format!("echo up& %ComSpec% /c %ComSpec% /c {PING}")).start().unwrap();
        let mut stdout = process.take_stdout().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        // Time for the tree to grow; whatever it has grown to is ended.
        thread::sleep(Duration::from_millis(500));
        process.end();
        assert!(process.ending().is_some());
        stdout.read_to_end(&mut Vec::new()).unwrap();
        assert!(started.elapsed() < LONG);
    }
}
