//! A running child: its pipes, its deadline, and the thread that keeps it until it has ended.

use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::ending::{Closing, Ending};
use super::error::ProcessError;
use super::invocation::{Invocation, MARK};
use super::platform;
use super::tail::Tail;
use super::want;

/// How long a file that another process is still writing is tried again; a fork in another thread can hold such a
/// descriptor for a moment.
const BUSY: Duration = Duration::from_secs(2);

/// How often the end of a child is looked for while its output is read.
const MOMENT: Duration = Duration::from_millis(10);

/// How long the last bytes of a pipe are waited for once their writers are gone.
const DRAIN: Duration = Duration::from_millis(500);

/// What a child that ran to its end left.
#[derive(Debug, Clone)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// The last of its standard error.
    pub stderr_tail: String,
    /// How many processes that had left it were ended after it; none where orphans are not adopted.
    pub left_behind: usize,
    /// Whether something that it started held its standard output open after its end.
    pub held_output: bool,
}

impl Invocation {
    /// Starts the program with all three standard streams piped; standard error is drained from now on.
    ///
    /// # Errors
    /// [`ProcessError::Start`] when the operating system refuses.
    pub fn start(&self) -> Result<Process, ProcessError> {
        let refused = |source| ProcessError::Start { program: self.program().to_owned(), source };
        want::baseline();
        let mark = unique_mark();
        let command = self.command(&mark).map_err(refused)?;
        let state = Arc::new(State::default());
        let (sender, receiver) = mpsc::sync_channel(1);
        let keeper_state = Arc::clone(&state);
        thread::Builder::new()
            .name("relkit-process".into())
            .spawn(move || keep(command, &format!("{MARK}={mark}"), &keeper_state, &sender))
            .map_err(refused)?;
        let streams = receiver
            .recv()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that starts it ended")))
            .map_err(refused)?;
        Ok(Process { streams, state })
    }

    /// Starts a thread that reads or writes a pipe of the program.
    ///
    /// # Errors
    /// [`ProcessError::Start`] when the operating system has no thread left.
    pub fn serve(&self, work: impl FnOnce() + Send + 'static) -> Result<(), ProcessError> {
        let refused = |source| ProcessError::Start { program: self.program().to_owned(), source };
        thread::Builder::new().name("relkit-pipe".into()).spawn(work).map(drop).map_err(refused)
    }

    /// Runs the program to its end with nothing on standard input.
    ///
    /// # Errors
    /// When it cannot be started, runs longer than `deadline`, or writes more than `limit` bytes to standard output.
    pub fn run(&self, deadline: Duration, limit: usize) -> Result<Finished, ProcessError> {
        let program = || PathBuf::from(self.program());
        let end = Instant::now() + deadline;
        let mut process = self.start()?;
        drop(process.take_stdin());
        let stdout = process.take_stdout();
        let (sender, receiver) = mpsc::sync_channel::<()>(1);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&kept);
        self.serve(move || {
            if let Some(stdout) = stdout {
                read_up_to(stdout, limit + 1, &written);
            }
            drop(sender);
        })?;
        let timed_out = |process: &Process| ProcessError::TimedOut {
            program: program(),
            after: deadline,
            stderr_tail: process.stderr_tail(),
        };
        // Its end is enough: something that it left behind may hold the pipe for ever.
        let is_closed = || receiver.recv_timeout(MOMENT) == Err(mpsc::RecvTimeoutError::Disconnected);
        let mut closed = false;
        while !closed && process.ending().is_none() && Instant::now() < end {
            closed = is_closed();
        }
        if !closed && process.ending().is_some() {
            let patience = Instant::now() + DRAIN;
            while !closed && Instant::now() < patience {
                closed = is_closed();
            }
        }
        if kept.lock().unwrap_or_else(PoisonError::into_inner).len() > limit {
            process.end();
            return Err(ProcessError::TooMuchOutput { program: program(), limit });
        }
        match process.close(end.saturating_duration_since(Instant::now())) {
            Closing::Ended(ending) => {
                let stdout = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (stderr_tail, left_behind) = (process.stderr_tail(), process.state.lock().left_behind);
                Ok(Finished { ending, stdout, stderr_tail, left_behind, held_output: !closed })
            }
            Closing::Killed => Err(timed_out(&process)),
        }
    }
}

/// A running child. Dropping it ends the child and everything the child started.
#[derive(Debug)]
pub struct Process {
    streams: Streams,
    state: Arc<State>,
}

#[derive(Debug)]
struct Streams {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Arc<Tail>,
}

impl Process {
    /// The child's standard input; dropping it closes the pipe. `None` once taken.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.streams.stdin.take()
    }

    /// The child's standard output; `None` once taken.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.streams.stdout.take()
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
        drop(self.take_stdin());
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
        // A killed process ends promptly; one that cannot be killed (in a broken driver) must not hold its parent.
        let _ = self.wait(Duration::from_secs(5));
    }

    /// The last [`MAX_STDERR_TAIL`](super::MAX_STDERR_TAIL) bytes of standard error as text, without colour. After the
    /// child's end it is whole.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        let patience = if self.ending().is_some() { DRAIN } else { Duration::ZERO };
        self.streams.stderr.text(patience)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ending().is_none() {
            self.end();
        }
    }
}

#[derive(Debug, Default)]
struct State {
    kept: Mutex<Kept>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    group: Option<platform::Group>,
    ending: Option<Ending>,
    /// It has ended, and nobody is told how: this process is about to end.
    is_over: bool,
    left_behind: usize,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The children that run; none is started any more once it is over.
#[derive(Debug, Default)]
struct Running {
    states: Vec<Arc<State>>,
    is_over: bool,
}

fn running() -> MutexGuard<'static, Running> {
    static RUNNING: Mutex<Running> = Mutex::new(Running { states: Vec::new(), is_over: false });
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every child that runs and all that those started, and starts none from now on: for a process that is about to end, on a
/// signal for instance. Whoever waits for a child goes on waiting, so that nobody takes its end for its own. Returns when all
/// are gone, or after `patience`.
pub fn end_all(patience: Duration) {
    let deadline = Instant::now() + patience;
    let states = {
        let mut running = running();
        running.is_over = true;
        running.states.clone()
    };
    for state in &states {
        if let Some(group) = &state.lock().group {
            group.end();
        }
    }
    for state in &states {
        let runs = |kept: &mut Kept| kept.ending.is_none() && !kept.is_over;
        let time = deadline.saturating_duration_since(Instant::now());
        let _ = state.ended.wait_timeout_while(state.lock(), time, runs);
    }
}

/// The life of a child, on a thread of its own: the parent-death signal of Linux is tied to the thread that starts it.
fn keep(command: Command, mark: &str, state: &Arc<State>, started: &mpsc::SyncSender<io::Result<Streams>>) {
    let (mut child, streams) = match begin(command, mark, state) {
        Ok(begun) => begun,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(streams));
    platform::await_end(&mut child);
    let mut kept = state.lock();
    // Before the child is reaped, while its number still names its group.
    if let Some(group) = kept.group.take() {
        group.end();
    }
    kept.left_behind = platform::end_orphans(&child);
    let ending = child.wait().map_or(Ending::Code(-1), Ending::from);
    drop(kept);
    let mut running = running();
    let mut kept = state.lock();
    match running.is_over {
        true => kept.is_over = true,
        false => kept.ending = Some(ending),
    }
    running.states.retain(|other| !Arc::ptr_eq(other, state));
    state.ended.notify_all();
}

/// Starts a child, its group, and the thread that drains its standard error: all of them, or none.
fn begin(mut command: Command, mark: &str, state: &Arc<State>) -> io::Result<(Child, Streams)> {
    let mut running = running();
    if running.is_over {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "the run is being ended"));
    }
    let mut child = platform::start(|| spawn(&mut command))?;
    let stderr = Arc::new(Tail::default());
    let drained = |child: &mut Child| {
        let Some(pipe) = child.stderr.take() else { return Ok(()) };
        let tail = Arc::clone(&stderr);
        thread::Builder::new().name("relkit-stderr".into()).spawn(move || tail.drain(pipe)).map(drop)
    };
    match platform::Group::of(&child, mark).and_then(|group| drained(&mut child).map(|()| group)) {
        Ok(group) => {
            state.lock().group = Some(group);
            running.states.push(Arc::clone(state));
            let streams = Streams { stdin: child.stdin.take(), stdout: child.stdout.take(), stderr };
            Ok((child, streams))
        }
        Err(error) => {
            let _ = child.kill();
            platform::await_end(&mut child);
            platform::end_orphans(&child);
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Reads a pipe to its end, or to the limit. A read error is the end of what there is.
fn read_up_to(mut pipe: impl io::Read, limit: usize, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8192];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let room = limit.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..count.min(room)]);
                if kept.len() >= limit {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
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

fn unique_mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-{}", std::process::id(), started.as_nanos(), COUNT.fetch_add(1, Ordering::Relaxed))
}
