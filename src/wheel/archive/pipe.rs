//! A member's data on its way to another thread: one inflates, the other hashes and writes. Memory is a few chunks.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::{Archive, CHUNK, Member, MemberError};

/// Chunks on their way at once.
const DEPTH: usize = 8;

/// Sends what is written, a chunk at a time, and takes used buffers back.
struct Sender {
    full: SyncSender<Vec<u8>>,
    used: Receiver<Vec<u8>>,
}

impl Write for Sender {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut buffer = self.used.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK));
        buffer.clear();
        buffer.extend_from_slice(data);
        // The receiver only goes away when its writer failed; that failure is reported in place of this one.
        self.full.send(buffer).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// As [`Archive::copy_to`], with `out` written to by a thread of its own.
pub(super) fn copy(archive: &Archive, member: &Member, out: &mut (dyn Write + Send)) -> Result<(), MemberError> {
    let (full, arrived) = sync_channel::<Vec<u8>>(DEPTH);
    let (give_back, used) = sync_channel(DEPTH);
    let (copied, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || -> io::Result<()> {
            for chunk in arrived {
                out.write_all(&chunk)?;
                // A full queue of used buffers only means that this one is dropped.
                let _ = give_back.try_send(chunk);
            }
            Ok(())
        });
        let copied = archive.copy_to(member, &mut Sender { full, used });
        // The sender is gone by now, so the writer ends.
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread ended early")));
        (copied, written)
    });
    written.map_err(|source| MemberError::Write { member: member.name.clone(), source })?;
    copied
}
