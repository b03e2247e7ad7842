//! The Windows side of a child: a Job Object that ends with relkit.

// Job Objects are not reachable without unsafe code.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::os::windows::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

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

pub fn prepare(command: &mut Command, _: &Path, _: &[OsString], _: &BTreeMap<OsString, OsString>) -> io::Result<()> {
    command.creation_flags(CREATE_NO_WINDOW);
    Ok(())
}

/// A job that holds the child and everything it starts; closing its last handle, as the end of relkit does, ends them.
#[derive(Debug)]
pub struct Group(OwnedHandle);

impl Group {
    pub fn of(child: &Child, _: &OsStr) -> io::Result<Self> {
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
            let error = io::Error::last_os_error();
            // A child that has already ended needs no job.
            let ended = error.kind() == io::ErrorKind::PermissionDenied;
            return if ended { Ok(Self(job)) } else { Err(error) };
        }
        Ok(Self(job))
    }

    pub fn end(&self) {
        // SAFETY: the handle is open.
        let _ = unsafe { TerminateJobObject(self.0.as_raw_handle(), 1) };
    }
}

pub fn await_end(child: &mut Child) {
    let _ = child.wait();
}
