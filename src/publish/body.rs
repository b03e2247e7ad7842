//! The body of an upload: the form's head, the file in chunks, and the tail only if the bytes were those that were planned.
//!
//! A thread reads and hashes ahead of the connection, by a few chunks at most. A careful body goes out in small chunks with
//! pauses in between, so that an answer that comes early is heard before a write can fail on the connection that the
//! server closed behind it.

use std::fs::File;
use std::future::Future as _;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::thread::Builder;
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};
use tokio::sync::mpsc;

use super::form::Frame;
use crate::console::Progress;

/// How many chunks are read ahead.
const MAX_AHEAD: usize = 8;

/// Why the body could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the file changed")]
    Changed,
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// How a body goes out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    /// The bytes of a chunk.
    pub(super) chunk: usize,
    /// How long it waits for an answer after the head, by which alone a server can refuse.
    pub(super) after_head: Duration,
    /// And after every chunk.
    pub(super) after_chunk: Duration,
}

/// Head, file and tail, made as they are sent.
pub(super) struct FormBody {
    head: Option<Bytes>,
    /// The file and the tail; ends after the tail or an error.
    parts: mpsc::Receiver<Result<Bytes, BodyError>>,
    is_finished: bool,
    total: u64,
    /// A pause in which the server can say no.
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    rhythm: Rhythm,
    sent: Arc<AtomicU64>,
    /// Set once an answer has begun: what is left of the file is of no use then.
    is_answered: Arc<AtomicBool>,
    progress: Progress,
}

impl FormBody {
    /// `length` bytes of `file` within `frame`; `blake3` is the digest of the file, in hexadecimal.
    ///
    /// # Errors
    /// When the system has no thread left that reads.
    pub(super) fn new(
        frame: &Frame,
        file: File,
        length: u64,
        blake3: &str,
        rhythm: Rhythm,
        progress: &Progress,
    ) -> io::Result<Self> {
        let (sender, parts) = mpsc::channel(MAX_AHEAD);
        let tail = Bytes::copy_from_slice(&frame.tail);
        let blake3 = blake3.to_owned();
        let total = frame.head.len() as u64 + length + frame.tail.len() as u64;
        // It ends when it has read the file, or when the body is dropped and nobody takes its chunks.
        Builder::new().spawn(move || read(file, length, &blake3, rhythm.chunk, tail, &sender))?;
        Ok(Self {
            head: Some(Bytes::copy_from_slice(&frame.head)),
            parts,
            is_finished: false,
            total,
            pause: None,
            rhythm,
            sent: Arc::default(),
            is_answered: Arc::default(),
            progress: progress.clone(),
        })
    }

    /// Counts the bytes that were handed to the connection.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// The flag that ends the body.
    pub(super) fn answered(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_answered)
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn wait(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.pause = Some(Box::pin(tokio::time::sleep(duration)));
        }
    }

    fn hand_out(&mut self, part: Bytes) -> BodyFrame<Bytes> {
        self.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
        self.progress.advance(part.len() as u64);
        BodyFrame::data(part)
    }
}

/// Reads and hashes the file, and sends its chunks; then the tail, if the digest is the expected one.
fn read(
    mut file: File,
    length: u64,
    expected: &str,
    chunk: usize,
    tail: Bytes,
    sender: &mpsc::Sender<Result<Bytes, BodyError>>,
) {
    let mut hasher = blake3::Hasher::new();
    let mut left = length;
    while left > 0 {
        let part = left.min(chunk as u64);
        let mut bytes = Vec::with_capacity(chunk);
        let problem = match file.by_ref().take(part).read_to_end(&mut bytes) {
            Ok(count) if count as u64 == part => None,
            Ok(_) => Some(BodyError::Changed),
            Err(error) => Some(error.into()),
        };
        if let Some(problem) = problem {
            // Nobody waits for it where the body is gone.
            let _ = sender.blocking_send(Err(problem));
            return;
        }
        hasher.update(&bytes);
        left -= bytes.len() as u64;
        if sender.blocking_send(Ok(bytes.into())).is_err() {
            return;
        }
    }
    let is_right = hasher.finalize().to_hex().as_str() == expected;
    let _ = sender.blocking_send(if is_right { Ok(tail) } else { Err(BodyError::Changed) });
}

impl Body for FormBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, BodyError>>> {
        if self.is_answered.load(Ordering::Relaxed) {
            // Nothing wakes it: the connection is dropped once the answer is read.
            return Poll::Pending;
        }
        if let Some(head) = self.head.take() {
            let pause = self.rhythm.after_head;
            self.wait(pause);
            return Poll::Ready(Some(Ok(self.hand_out(head))));
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        match std::task::ready!(self.parts.poll_recv(context)) {
            Some(Ok(part)) => {
                let pause = self.rhythm.after_chunk;
                self.wait(pause);
                let frame = self.hand_out(part);
                self.is_finished = self.sent.load(Ordering::Relaxed) == self.total;
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_finished
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total - self.sent.load(Ordering::Relaxed))
    }
}
