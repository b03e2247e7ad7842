//! A member's data on its way to another thread: one inflates, the other checks, hashes and writes. Memory is a few chunks.

use std::io::{self, Write};
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, Builder};

use super::inflate::{self, CHUNK, Checked, Sink, produce};
use super::member::{Member, MemberError};
use crate::fs::FileBytes;

/// How many chunks are on their way at once.
const DEPTH: usize = 32;

/// A chunk: a buffer, and how much of it is filled.
type Chunk = (Vec<u8>, usize);

/// Sends every filled buffer, and takes used ones back.
struct Sender<'a> {
    member: &'a Member,
    buffer: Vec<u8>,
    full: SyncSender<Chunk>,
    used: Receiver<Vec<u8>>,
}

impl Sink for Sender<'_> {
    fn buffer(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    fn filled(&mut self, count: usize) -> Result<(), MemberError> {
        let next = self.used.try_recv().unwrap_or_else(|_| vec![0; CHUNK]);
        let full = std::mem::replace(&mut self.buffer, next);
        // The receiver only goes away when it failed; its failure is reported in place of this one.
        self.full.send((full, count)).map_err(|_| MemberError::Write {
            member: self.member.name.clone(),
            source: io::ErrorKind::BrokenPipe.into(),
        })
    }
}

/// Writes the data of a located member to `out`, by a thread of its own, and holds it against what the directory states.
pub(super) fn copy(file: &FileBytes, member: &Member, out: &mut (dyn Write + Send)) -> Result<(), MemberError> {
    let mut checked = Checked::new(member, out);
    pass(file, member, member.data.clone(), &mut checked)?;
    checked.finish()
}

/// Passes the data that follows from `left` on to `checked`, by a thread of its own where there is one.
pub(super) fn pass<W: Write + Send + ?Sized>(
    file: &FileBytes,
    member: &Member,
    left: Range<u64>,
    checked: &mut Checked<'_, W>,
) -> Result<(), MemberError> {
    let (full, arrived) = sync_channel::<Chunk>(DEPTH);
    let (give_back, used) = sync_channel(DEPTH);
    let write = || {
        for (buffer, count) in arrived {
            checked.write(&buffer[..count])?;
            // A full queue of used buffers only means that this one is dropped.
            let _ = give_back.try_send(buffer);
        }
        Ok(())
    };
    let done = thread::scope(|scope| {
        let writer = Builder::new().spawn_scoped(scope, write).ok()?;
        let mut sender = Sender { member, buffer: vec![0; CHUNK], full, used };
        let produced = produce(file, member, left.clone(), &mut sender);
        // So the writer ends.
        drop(sender);
        Some((produced, writer.join().unwrap_or_else(|panic| resume_unwind(panic))))
    });
    match done {
        Some((produced, passed)) => passed.and(produced),
        None => inflate::pass(file, member, left, checked),
    }
}
