//! The server's process and its pipes: lines out through one thread, lines in through another, so that a server that
//! neither reads nor writes can never hold the caller beyond a deadline.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::{Duration, Instant};

use crate::budget::{self, Budget};
use crate::error::{ClientError, Closed, ClosedBy};
use crate::process::{Closing, Invocation, Process};
use crate::rpc::{self, Message};

/// The longest line that is read, in bytes. Answers of 64 MiB are seen in practice.
const MAX_LINE: usize = 256 * 1024 * 1024;

/// How many values one line may have. Each takes some dozens of bytes in memory, however short its text is.
const MAX_VALUES: usize = 2_000_000;

/// How many lines that are no messages are put up with.
const MAX_GARBAGE: usize = 16;

/// How much of a line that is no message is kept, in bytes.
const MAX_SHOWN: usize = 200;

/// How many messages, and how many bytes of memory they take, wait for the caller before the server is made to wait.
const MAX_QUEUED: usize = 1024;
const MAX_QUEUED_BYTES: usize = 64 * 1024 * 1024;

/// How many bytes wait for the server to read them before the conversation is over.
const MAX_UNREAD: usize = 64 * 1024 * 1024;

/// How long the end of the process is waited for once its output has ended.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// How often the end of a process is looked for while its output is drained.
const MOMENT: Duration = Duration::from_millis(50);

#[derive(Debug)]
enum Incoming {
    Message(Weighed),
    Garbage(String),
    LongLine,
    ManyValues,
}

/// A message, and about how many bytes of memory it takes.
#[derive(Debug)]
pub(crate) struct Weighed {
    pub(crate) message: Message,
    pub(crate) weight: usize,
}

#[derive(Debug)]
pub(crate) struct Transport {
    process: Process,
    outgoing: Option<Sender<String>>,
    unread: Arc<Budget>,
    incoming: Receiver<Incoming>,
    queued: Arc<Budget>,
    garbage: Vec<String>,
    closed: Option<Closed>,
}

impl Transport {
    pub(crate) fn start(invocation: &Invocation) -> Result<Self, ClientError> {
        let mut process = invocation.start().map_err(ClientError::Start)?;
        let (outgoing, lines) = mpsc::channel::<String>();
        let (sender, incoming) = mpsc::sync_channel(MAX_QUEUED);
        let (unread, queued) = (Arc::new(Budget::new(MAX_UNREAD)), Arc::new(Budget::new(MAX_QUEUED_BYTES)));
        if let Some(mut stdin) = process.take_stdin() {
            let unread = Arc::clone(&unread);
            let write = move || {
                for line in lines {
                    // A broken pipe is only a hint: what the server says last, and how it ends, tell why.
                    if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                        return;
                    }
                    unread.give_back(line.len());
                }
            };
            invocation.serve(write).map_err(ClientError::Start)?;
        }
        if let Some(stdout) = process.take_stdout() {
            let queued = Arc::clone(&queued);
            let read = move || read_lines(BufReader::new(stdout), &sender, &queued);
            invocation.serve(read).map_err(ClientError::Start)?;
        }
        let outgoing = Some(outgoing);
        Ok(Self { process, outgoing, unread, incoming, queued, garbage: Vec::new(), closed: None })
    }

    /// Queues a message for the server. Whether it is read shows in an answer alone.
    pub(crate) fn send(&mut self, message: &Message) {
        if let Some(outgoing) = &self.outgoing {
            let line = rpc::encode(message);
            if !self.unread.try_take(line.len()) {
                self.close_by(ClosedBy::Unread(MAX_UNREAD));
                return;
            }
            // The writer is gone when the pipe is broken; the reader then finds out why.
            if let Err(mpsc::SendError(line)) = outgoing.send(line) {
                self.unread.give_back(line.len());
            }
        }
    }

    /// The next message; `None` at the deadline. Once the conversation is over it is so ever after.
    pub(crate) fn receive(&mut self, deadline: Instant) -> Result<Option<Weighed>, ClientError> {
        loop {
            if let Some(closed) = &self.closed {
                return Err(ClientError::Closed(closed.clone()));
            }
            match self.incoming.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Incoming::Message(weighed)) => {
                    self.queued.give_back(weighed.weight);
                    return Ok(Some(weighed));
                }
                Ok(Incoming::Garbage(line)) => {
                    self.garbage.push(line);
                    if self.garbage.len() >= MAX_GARBAGE {
                        self.close_by(ClosedBy::Garbage(self.garbage[0].clone()));
                    }
                }
                Ok(Incoming::LongLine) => self.close_by(ClosedBy::LongLine(MAX_LINE)),
                Ok(Incoming::ManyValues) => self.close_by(ClosedBy::ManyValues(MAX_VALUES)),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => {
                    let by = self.garbage.first().cloned().map_or(ClosedBy::EndOfOutput, ClosedBy::Garbage);
                    self.close_by(by);
                }
            }
        }
    }

    /// The lines so far that were no messages, each cut short.
    pub(crate) fn garbage(&self) -> &[String] {
        &self.garbage
    }

    pub(crate) fn stderr_tail(&self) -> String {
        self.process.stderr_tail()
    }

    /// Closes the server's standard input, waits up to `grace` for its end, then ends it. Returns how that came about
    /// and the last of its standard error.
    pub(crate) fn close(mut self, grace: Duration) -> (Closing, String) {
        self.outgoing = None;
        let deadline = Instant::now() + grace;
        // A server that is held by a full pipe could not end.
        while Instant::now() < deadline && self.process.ending().is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left.min(MOMENT)) {
                Ok(Incoming::Message(weighed)) => self.queued.give_back(weighed.weight),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let closing = self.process.close(deadline.saturating_duration_since(Instant::now()));
        (closing, self.process.stderr_tail())
    }

    /// Ends the conversation and the server, for a reason that every later call says.
    pub(crate) fn close_by(&mut self, by: ClosedBy) {
        self.outgoing = None;
        let ending = match by {
            ClosedBy::EndOfOutput => self.process.wait(LAST_MOMENT),
            _ => self.process.ending(),
        };
        self.process.end();
        self.closed = Some(Closed { by, ending, stderr_tail: self.process.stderr_tail() });
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.queued.close();
    }
}

/// Reads until the end of the output, a line that is too long, or nobody listens.
fn read_lines(mut output: BufReader<impl Read>, sender: &SyncSender<Incoming>, queued: &Budget) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MAX_LINE as u64 + 1;
        match output.by_ref().take(limit).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.len() > MAX_LINE {
            let _ = sender.send(Incoming::LongLine);
            return;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let values = rpc::values(&line);
        if values > MAX_VALUES {
            let _ = sender.send(Incoming::ManyValues);
            return;
        }
        let incoming = match rpc::decode(&line) {
            Ok(message) => {
                let weight = budget::weight(line.len(), values);
                if !queued.take(weight) {
                    return;
                }
                Incoming::Message(Weighed { message, weight })
            }
            Err(_) => {
                let shown = &line[..line.len().min(MAX_SHOWN)];
                Incoming::Garbage(String::from_utf8_lossy(shown.trim_ascii()).escape_debug().to_string())
            }
        };
        if sender.send(incoming).is_err() {
            return;
        }
        // One large answer must not hold its memory for the rest of the conversation.
        line.shrink_to(1024 * 1024);
    }
}
