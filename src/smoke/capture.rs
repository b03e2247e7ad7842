//! A program's whole run with what it is given on standard input, and the start and end of what it printed: however much
//! that is, it is read as it comes and takes no more memory.

use std::collections::VecDeque;
use std::io::{self, Read, Write as _};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use relkit_client::process::{Ending, Invocation, ProcessError};

/// How much is kept of the start of standard output, and of its end behind that.
const MAX_HEAD: usize = 1 << 20;
const MAX_TAIL: usize = 1 << 16;

/// How long the last bytes are waited for once the program has ended.
const DRAIN: Duration = Duration::from_millis(500);

/// What a run left. Its texts have line feeds alone, and no colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Captured {
    /// `None` where it ran until its time was over.
    pub(super) ending: Option<Ending>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Captured {
    /// Runs a program to its end, or for as long as `time`.
    pub(super) fn of(invocation: &Invocation, stdin: &str, time: Duration) -> Result<Self, ProcessError> {
        let mut process = invocation.start()?;
        if let Some(mut pipe) = process.take_stdin() {
            let input = stdin.to_owned();
            // A program need not read what it is given; then the pipe breaks.
            invocation.serve(move || drop(pipe.write_all(input.as_bytes())))?;
        }
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (sender, ended) = mpsc::sync_channel::<()>(1);
        if let Some(pipe) = process.take_stdout() {
            let kept = Arc::clone(&kept);
            invocation.serve(move || {
                drain(pipe, &kept);
                drop(sender);
            })?;
        }
        let ending = process.wait(time);
        if ending.is_none() {
            process.end();
        }
        let _ = ended.recv_timeout(DRAIN);
        let stdout = kept.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        Ok(Self { ending, stdout: text(&stdout), stderr: text(process.stderr_tail().as_bytes()) })
    }
}

/// What a program printed, as people read it.
pub(super) fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    anstream::adapter::strip_str(&text).to_string().replace("\r\n", "\n")
}

#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    is_whole: bool,
}

impl Kept {
    fn take(&mut self, mut bytes: &[u8]) {
        let first = bytes.len().min(MAX_HEAD - self.head.len());
        self.head.extend(&bytes[..first]);
        bytes = &bytes[first..];
        self.tail.extend(bytes);
        let surplus = self.tail.len().saturating_sub(MAX_TAIL);
        self.tail.drain(..surplus);
        self.is_whole &= surplus == 0;
    }

    fn bytes(&self) -> Vec<u8> {
        let gap: &[u8] = if self.is_whole { b"" } else { b"\n" };
        let (one, other) = self.tail.as_slices();
        [&self.head, gap, one, other].concat()
    }
}

fn drain(mut pipe: impl Read, kept: &Mutex<Kept>) {
    let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
    lock().is_whole = true;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => lock().take(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_its_start_and_its_end_are_kept() {
        let kept = Mutex::new(Kept::default());
        let flood = [b"first".to_vec(), vec![b'x'; 3 << 20], b"last".to_vec()].concat();
        drain(flood.as_slice(), &kept);
        let bytes = kept.into_inner().unwrap().bytes();
        assert_eq!(bytes.len(), MAX_HEAD + 1 + MAX_TAIL);
        assert!(bytes.starts_with(b"first") && bytes.ends_with(b"last"));
        for size in [0, 1, MAX_HEAD, MAX_HEAD + MAX_TAIL] {
            let kept = Mutex::new(Kept::default());
            drain(vec![b'y'; size].as_slice(), &kept);
            assert_eq!(kept.into_inner().unwrap().bytes().len(), size);
        }
    }

    #[test]
    fn text_is_as_people_read_it() {
        assert_eq!(text(b"\x1b[31mone\x1b[0m\r\ntwo\xff\rthree"), "one\ntwo\u{fffd}\rthree");
    }

    #[cfg(unix)]
    #[test]
    fn input_that_nobody_reads_and_output_without_end() {
        let shell = |script: &str| Invocation::new("/bin/sh").argument("-c").argument(script);
        let long = Duration::from_secs(30);
        let unread = Captured::of(&shell("exit 3"), &"x".repeat(1 << 20), long).unwrap();
        assert_eq!((unread.ending, unread.stdout.as_str()), (Some(Ending::Code(3)), ""));
        let echoed = Captured::of(&shell("cat; echo end >&2"), &"x".repeat(300_000), long).unwrap();
        assert_eq!((echoed.stdout.len(), echoed.stderr.as_str()), (300_000, "end"));
        let endless = Captured::of(&shell("while :; do echo more; done"), "", Duration::from_millis(300)).unwrap();
        assert!(endless.ending.is_none() && endless.stdout.starts_with("more\nmore\n"));
    }
}
