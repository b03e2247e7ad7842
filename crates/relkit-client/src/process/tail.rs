//! The last bytes that a child wrote to standard error, kept while it is drained.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How much of a child's standard error is kept, in bytes.
pub const MAX_STDERR_TAIL: usize = 16 * 1024;

#[derive(Debug, Default)]
pub(super) struct Tail {
    kept: Mutex<TailBytes>,
    closed: Condvar,
}

#[derive(Debug, Default)]
struct TailBytes {
    bytes: VecDeque<u8>,
    closed: bool,
}

impl Tail {
    /// Reads a pipe to its end, on the thread that calls.
    pub(super) fn drain(&self, mut pipe: impl Read) {
        let mut buffer = [0; 4096];
        loop {
            let count = match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.bytes.extend(&buffer[..count]);
            let surplus = kept.bytes.len().saturating_sub(MAX_STDERR_TAIL);
            kept.bytes.drain(..surplus);
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.closed.notify_all();
    }

    /// What is kept, as text without colour; waits up to `patience` for the pipe's end.
    pub(super) fn text(&self, patience: Duration) -> String {
        let guard = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut guard, _) = self
            .closed
            .wait_timeout_while(guard, patience, |kept| !kept.closed)
            .unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(guard.bytes.make_contiguous()).into_owned();
        anstream::adapter::strip_str(&text).to_string().trim_end().to_owned()
    }
}
