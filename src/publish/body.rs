//! The body of an upload: the form's head, the file in chunks, and the tail only if the bytes were those that were planned.
//!
//! Between two chunks the connection gets a turn to listen, the next chunk is read and hashed before that turn, and a chunk
//! is small enough to go out in one write: an answer that comes early is then heard before a write can fail on the
//! connection that the server closed behind it, but for some microseconds in which the next try may be luckier.

use std::fs::File;
use std::future::Future as _;
use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};
use sha2::{Digest as _, Sha256};

use super::form::Frame;
use crate::console::Progress;
use crate::digest::Sha256Digest;

const CHUNK: usize = 16 * 1024;

/// Why the body could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// The bytes are not those that were planned.
    #[error("the file changed")]
    Changed,
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// How long the body waits for an answer that may come early.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pauses {
    /// After the head, by which alone a server can refuse.
    pub(super) after_head: Duration,
    /// After every chunk.
    pub(super) after_chunk: Duration,
}

/// Head, file and tail, made as they are sent.
pub(super) struct FormBody {
    head: Option<Bytes>,
    file: Option<File>,
    /// Bytes of the file that are not read yet.
    remaining: u64,
    hasher: Sha256,
    expected: Sha256Digest,
    tail: Bytes,
    /// What the next poll hands out; it is made one poll earlier.
    ready: Option<Bytes>,
    total: u64,
    /// A pause in which the server can say no.
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
    pauses: Pauses,
    sent: Arc<AtomicU64>,
    /// Set once an answer has begun: what is left of the file is of no use then.
    is_answered: Arc<AtomicBool>,
    progress: Progress,
}

impl FormBody {
    /// The body of `length` bytes of `file` within `frame`.
    pub(super) fn new(
        frame: &Frame,
        file: File,
        length: u64,
        expected: Sha256Digest,
        pauses: Pauses,
        progress: &Progress,
    ) -> Self {
        Self {
            head: Some(Bytes::copy_from_slice(&frame.head)),
            file: Some(file),
            remaining: length,
            hasher: Sha256::new(),
            expected,
            tail: Bytes::copy_from_slice(&frame.tail),
            ready: None,
            total: frame.head.len() as u64 + length + frame.tail.len() as u64,
            pause: None,
            pauses,
            sent: Arc::default(),
            is_answered: Arc::default(),
            progress: progress.clone(),
        }
    }

    /// Counts the bytes that were handed to the connection.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// The flag that ends the body.
    pub(super) fn answered(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_answered)
    }

    /// The bytes of the whole body.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn is_finished(&self) -> bool {
        self.head.is_none() && self.file.is_none() && self.ready.is_none()
    }

    fn wait(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.pause = Some(Box::pin(tokio::time::sleep(duration)));
        }
    }

    fn next(&mut self) -> Result<Bytes, BodyError> {
        let Some(file) = self.file.as_mut().filter(|_| self.remaining > 0) else {
            self.file = None;
            let digest = Sha256Digest(std::mem::take(&mut self.hasher).finalize().into());
            return if digest == self.expected { Ok(std::mem::take(&mut self.tail)) } else { Err(BodyError::Changed) };
        };
        let mut chunk = vec![0; CHUNK.min(usize::try_from(self.remaining).unwrap_or(CHUNK))];
        file.read_exact(&mut chunk).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BodyError::Changed,
            _ => BodyError::Read(error),
        })?;
        self.hasher.update(&chunk);
        self.remaining -= chunk.len() as u64;
        Ok(chunk.into())
    }

    fn hand_out(&mut self, part: Bytes) -> BodyFrame<Bytes> {
        self.sent.fetch_add(part.len() as u64, Ordering::Relaxed);
        self.progress.advance(part.len() as u64);
        BodyFrame::data(part)
    }
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
            let pause = self.pauses.after_head;
            self.wait(pause);
            return Poll::Ready(Some(Ok(self.hand_out(head))));
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if let Some(part) = self.ready.take() {
            let pause = self.pauses.after_chunk;
            self.wait(pause);
            return Poll::Ready(Some(Ok(self.hand_out(part))));
        }
        if self.is_finished() {
            return Poll::Ready(None);
        }
        match self.next() {
            Ok(part) => {
                self.ready = Some(part);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_finished()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.total - self.sent.load(Ordering::Relaxed))
    }
}
