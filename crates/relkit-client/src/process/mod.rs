//! The only file that spawns: a child with a clear environment and all three pipes, whose whole process group is ended
//! with it and with relkit itself.
//!
//! Unix: the child leads its own session; Linux also sends it SIGKILL when relkit dies, and finds descendants that
//! left the session by a mark in their environment. Windows: a Job Object that is closed with relkit.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod platform;
mod tail;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tail::Tail;

/// How much of a child's standard error is kept, in bytes.
pub const STDERR_TAIL: usize = 16 * 1024;

/// The environment variable that marks a child and what it starts.
const MARK: &str = "RELKIT_PROCESS";

/// How long a file that another process is still writing is tried again; a fork in another thread of relkit can hold
/// such a descriptor for a moment.
const BUSY: Duration = Duration::from_secs(2);

/// A program to start. Its environment holds only what is named here (and, on Windows, what the system needs).
#[derive(Debug, Clone)]
pub struct Invocation {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: Option<PathBuf>,
}

/// A child that could not be started, or did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The operating system refused to start it.
    #[error("cannot start `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// It was still running at its deadline and was ended.
    #[error("`{}` did not end within {:.1} s", program.display(), after.as_secs_f64())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The time it was given.
        after: Duration,
        /// The last of its standard error.
        stderr_tail: String,
    },
    /// It wrote more to standard output than was asked for, and was ended.
    #[error("`{}` wrote more than {limit} bytes to standard output", program.display())]
    TooMuchOutput {
        /// The program.
        program: PathBuf,
        /// The number of bytes allowed.
        limit: usize,
    },
}

impl ProcessError {
    /// One sentence that says what to do, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("check the path, and that the interpreter or loader it names is installed".into())
            }
            Self::Start { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("make it executable: `chmod +x`".into())
            }
            _ => None,
        }
    }
}

/// How a child ended. Displays as `exit code 1` or `signal 11 (SIGSEGV)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ended by itself, with this code.
    Code(i32),
    /// A signal ended it (Unix).
    Signal(i32),
}

impl Ending {
    /// Whether it ended by itself with code 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        status.code().map_or_else(|| Self::Signal(platform::signal(status)), Self::Code)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // Windows reports a crash as an NTSTATUS, which people know in hexadecimal.
            Self::Code(code) if code < 0 => {
                let name = match code.cast_unsigned() {
                    0xc000_0005 => " (access violation)",
                    0xc000_001d => " (illegal instruction)",
                    0xc000_007b => " (invalid image format)",
                    0xc000_0135 => " (a library was not found)",
                    _ => "",
                };
                write!(formatter, "exit code {code:#010x}{name}")
            }
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(number) => match signal_name(number) {
                Some(name) => write!(formatter, "signal {number} ({name})"),
                None => write!(formatter, "signal {number}"),
            },
        }
    }
}

/// The names of the signals whose numbers are the same on every Unix.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        7 if cfg!(target_os = "linux") => "SIGBUS",
        10 if cfg!(target_os = "macos") => "SIGBUS",
        31 if cfg!(target_os = "linux") => "SIGSYS",
        12 if cfg!(target_os = "macos") => "SIGSYS",
        _ => return None,
    })
}

/// What a child that ran to its end left.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The last of its standard error.
    pub stderr_tail: String,
}

/// How a child's end came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It ended by itself.
    Ended(Ending),
    /// It had to be killed at the deadline.
    Killed,
}

impl Invocation {
    /// A program without arguments, with an empty environment, in relkit's working directory. A path is taken as it is,
    /// relative to that directory; a bare name is looked for on relkit's own search path.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: BTreeMap::new(), directory: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Passes a variable of relkit's own environment on, where it is set.
    #[must_use]
    pub fn inherit(self, name: &str) -> Self {
        match std::env::var_os(name) {
            Some(value) => self.variable(name, value),
            None => self,
        }
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Starts the program with all three standard streams piped; standard error is drained from now on.
    ///
    /// # Errors
    /// [`ProcessError::Start`] when the operating system refuses.
    pub fn start(&self) -> Result<Process, ProcessError> {
        let refused = |source| ProcessError::Start { program: self.program.clone(), source };
        let mark = unique_mark();
        let command = self.command(&mark).map_err(refused)?;
        let state = Arc::new(State::default());
        let (sender, receiver) = mpsc::sync_channel(1);
        let keeper_state = Arc::clone(&state);
        thread::Builder::new()
            .name("relkit-process".into())
            .spawn(move || keep(command, &mark, &keeper_state, &sender))
            .map_err(refused)?;
        let streams = receiver
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended")))
            .map_err(refused)?;
        Ok(Process {
            program: self.program.clone(),
            stdin: streams.stdin,
            stdout: streams.stdout,
            state,
            stderr: streams.stderr,
        })
    }

    /// Runs the program to its end with nothing on standard input.
    ///
    /// # Errors
    /// When it cannot be started, runs longer than `deadline`, or writes more than `limit` bytes to standard output.
    pub fn run(&self, deadline: Duration, limit: usize) -> Result<Finished, ProcessError> {
        let end = Instant::now() + deadline;
        let mut process = self.start()?;
        drop(process.take_stdin());
        let stdout = process.take_stdout();
        let (sender, receiver) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(stdout) = stdout {
                // A read error is the end of what there is.
                let _ = stdout.take(limit as u64 + 1).read_to_end(&mut bytes);
            }
            let _ = sender.send(bytes);
        });
        let timed_out = |process: &Process| ProcessError::TimedOut {
            program: self.program.clone(),
            after: deadline,
            stderr_tail: process.stderr_tail(),
        };
        let Ok(stdout) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) else {
            // What ended while something it left behind held the pipe has ended all the same.
            process.end();
            return match (receiver.recv_timeout(DRAIN), process.ending()) {
                (Ok(stdout), Some(ending)) if ending.is_success() => {
                    Ok(Finished { ending, stdout, stderr_tail: process.stderr_tail() })
                }
                _ => Err(timed_out(&process)),
            };
        };
        if stdout.len() > limit {
            process.end();
            return Err(ProcessError::TooMuchOutput { program: self.program.clone(), limit });
        }
        match process.close(end.saturating_duration_since(Instant::now())) {
            Closing::Ended(ending) => Ok(Finished { ending, stdout, stderr_tail: process.stderr_tail() }),
            Closing::Killed => Err(timed_out(&process)),
        }
    }

    /// The program as an absolute path: the child may start in another directory, with another search path.
    fn resolved_program(&self) -> io::Result<PathBuf> {
        if self.program.components().count() > 1 {
            return std::path::absolute(&self.program);
        }
        let found = find_program(self.program.as_os_str()).ok_or(io::ErrorKind::NotFound)?;
        std::path::absolute(found)
    }

    fn command(&self, mark: &OsStr) -> io::Result<Command> {
        let mut environment = platform::base_environment();
        environment.extend(self.environment.clone());
        environment.insert(MARK.into(), mark.into());
        let program = self.resolved_program()?;
        let mut command = Command::new(&program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        platform::prepare(&mut command, &program, &self.arguments, &environment)?;
        Ok(command)
    }
}

/// Finds a program as a shell would: a path with a separator as it is, else in the directories of `PATH`.
#[must_use]
pub fn find_program(name: &OsStr) -> Option<PathBuf> {
    let path = Path::new(name);
    let names = platform::executable_names(name);
    if path.components().count() > 1 {
        return names.into_iter().map(PathBuf::from).find(|path| path.is_file());
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
        .find(|path| path.is_file())
}

/// A running child. Dropping it ends the child and everything the child started.
#[derive(Debug)]
pub struct Process {
    program: PathBuf,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    state: Arc<State>,
    stderr: Arc<Tail>,
}

impl Process {
    /// The program that was started.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The child's standard input; dropping it closes the pipe. `None` once taken.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// The child's standard output; `None` once taken.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// How the child ended, if it has.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        self.state.lock().ending
    }

    /// Waits for the child to end by itself; `None` when it has not within `time`.
    #[must_use]
    pub fn wait(&self, time: Duration) -> Option<Ending> {
        let running = |state: &mut Kept| state.ending.is_none();
        let guard = self.state.lock();
        let (guard, _) =
            self.state.ended.wait_timeout_while(guard, time, running).unwrap_or_else(PoisonError::into_inner);
        guard.ending
    }

    /// Closes the child's standard input, if that was not taken, gives it `grace` to end, then ends it.
    pub fn close(&mut self, grace: Duration) -> Closing {
        drop(self.stdin.take());
        if let Some(ending) = self.wait(grace) {
            return Closing::Ended(ending);
        }
        self.end();
        Closing::Killed
    }

    /// Ends the child and everything it started, now.
    pub fn end(&self) {
        {
            let kept = self.state.lock();
            if let (None, Some(group)) = (kept.ending, &kept.group) {
                group.end();
            }
        }
        // A killed process ends promptly; one that cannot be killed (in a broken driver) must not hold relkit.
        let _ = self.wait(Duration::from_secs(5));
    }

    /// The last [`STDERR_TAIL`] bytes of standard error as text, without colour. After the child's end it is whole.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        let patience = if self.ending().is_some() { DRAIN } else { Duration::ZERO };
        self.stderr.text(patience)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ending().is_none() {
            self.end();
        }
    }
}

/// How long the last bytes of a pipe are waited for once their writers are gone.
const DRAIN: Duration = Duration::from_millis(500);

#[derive(Debug, Default)]
struct State {
    kept: Mutex<Kept>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    group: Option<platform::Group>,
    ending: Option<Ending>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Streams {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Arc<Tail>,
}

/// The life of a child, on a thread of its own: the parent-death signal of Linux is tied to the thread that starts it.
fn keep(mut command: Command, mark: &OsStr, state: &State, started: &mpsc::SyncSender<io::Result<Streams>>) {
    let mut child = match spawn(&mut command) {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let group = match platform::Group::of(&child, mark) {
        Ok(group) => group,
        Err(error) => {
            let _ = child.kill();
            let _ = child.wait();
            let _ = started.send(Err(error));
            return;
        }
    };
    state.lock().group = Some(group);
    let stderr = Arc::new(Tail::default());
    if let Some(pipe) = child.stderr.take() {
        let tail = Arc::clone(&stderr);
        thread::spawn(move || tail.drain(pipe));
    }
    let streams = Streams { stdin: child.stdin.take(), stdout: child.stdout.take(), stderr };
    let _ = started.send(Ok(streams));
    platform::await_end(&mut child);
    let mut kept = state.lock();
    // Before the child is reaped, while its number still names its group.
    if let Some(group) = kept.group.take() {
        group.end();
    }
    let ending = child.wait().map_or(Ending::Code(-1), Ending::from);
    kept.ending = Some(ending);
    state.ended.notify_all();
}

fn spawn(command: &mut Command) -> io::Result<Child> {
    let patience = Instant::now() + BUSY;
    loop {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && Instant::now() < patience => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn unique_mark() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-{}", std::process::id(), started.as_nanos(), COUNT.fetch_add(1, Ordering::Relaxed)).into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn shell(script: &str) -> Invocation {
        Invocation::new("/bin/sh").argument("-c").argument(script)
    }

    #[test]
    fn keeps_all_output_and_the_tail_of_errors() {
        let script = "echo out; i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 4";
        let finished = shell(script).run(LONG, 1000).unwrap();
        assert_eq!((finished.ending, finished.stdout.as_slice()), (Ending::Code(4), b"out\n".as_slice()));
        assert!(finished.stderr_tail.len() <= STDERR_TAIL);
        assert!(finished.stderr_tail.ends_with("line 2998\nline 2999"), "{}", finished.stderr_tail);
    }

    #[test]
    fn colour_is_taken_off_the_tail() {
        let finished = shell("printf '\\033[31mERROR\\033[0m here\\n' >&2").run(LONG, 10).unwrap();
        assert_eq!(finished.stderr_tail, "ERROR here");
    }

    #[test]
    fn time_and_output_are_bounded() {
        let started = Instant::now();
        let late = shell("echo soon >&2; exec /bin/sleep 600").run(Duration::from_millis(300), 10);
        assert!(matches!(late, Err(ProcessError::TimedOut { stderr_tail, .. }) if stderr_tail == "soon"));
        let much = shell("while :; do echo more; done").run(LONG, 100);
        assert!(matches!(much, Err(ProcessError::TooMuchOutput { limit: 100, .. })));
        assert!(started.elapsed() < LONG);
    }

    #[test]
    fn the_environment_is_clear() {
        let finished = Invocation::new("/usr/bin/env").variable("ONE", "1").run(LONG, 10_000).unwrap();
        let text = String::from_utf8(finished.stdout).unwrap();
        let names: Vec<_> = text.lines().filter_map(|line| line.split('=').next()).collect();
        assert_eq!(names, ["ONE", MARK]);
    }

    #[test]
    fn what_is_left_behind_does_not_hold_the_pipes() {
        let finished = shell("/bin/sleep 600 & echo done").run(LONG, 100).unwrap();
        assert_eq!(finished.stdout, b"done\n");
    }

    #[test]
    fn endings_are_described() {
        assert_eq!(Ending::Signal(11).to_string(), "signal 11 (SIGSEGV)");
        assert_eq!(Ending::Signal(63).to_string(), "signal 63");
        assert_eq!(Ending::Code(1).to_string(), "exit code 1");
        assert_eq!(Ending::Code(0xc000_0005_u32.cast_signed()).to_string(), "exit code 0xc0000005 (access violation)");
        assert_eq!(shell("kill -9 $$").run(LONG, 10).unwrap().ending, Ending::Signal(9));
    }

    #[test]
    fn a_file_of_no_known_format_is_not_given_to_a_shell() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text");
        std::fs::write(&path, "exit 0\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        match Invocation::new(&path).run(LONG, 10) {
            Err(ProcessError::Start { source, .. }) => assert_eq!(source.raw_os_error(), Some(libc::ENOEXEC)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        assert!(find_program(OsStr::new("sh")).is_some_and(|path| path.is_absolute()));
        assert!(Invocation::new("true").directory("/").run(LONG, 10).unwrap().ending.is_success());
        assert_eq!(find_program(OsStr::new("/bin/sh")), Some(PathBuf::from("/bin/sh")));
        assert_eq!(find_program(OsStr::new("no-such-program-anywhere")), None);
    }
}
