//! One pass over a wheel's members: inflate, CRC, digests, and the headers of every binary, in parallel and in bounded
//! memory.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::embedded::{Mentions, VersionSearch};
use crate::binary::{BinaryError, Facts, Spool};
use crate::check::CheckError;
use crate::digest::Sha256Digest;
use crate::wheel::reader::Hasher;
use crate::wheel::record::RecordDigest;
use crate::zip::archive::{Archive, ArchiveError, Member, MemberError};

/// How much of every member's start is kept.
const HEAD: usize = 1024;
/// Texts up to this many bytes are kept whole.
const TEXT: u64 = 4 << 20;

/// What one member turned out to be.
#[derive(Debug, Default)]
pub struct Scanned {
    /// Why it cannot be unpacked, or is not what the directory states.
    pub error: Option<MemberError>,
    /// Its digest; none where it cannot be unpacked.
    pub sha256: Option<Sha256Digest>,
    /// Its digest by the algorithm that RECORD asks for, where that is another one.
    pub other: Option<RecordDigest>,
    /// Its first bytes.
    pub head: Vec<u8>,
    /// All of it, where that was asked for.
    pub text: Option<Vec<u8>>,
    /// What its headers say, where it is a binary.
    pub binary: Option<Result<Facts, BinaryError>>,
    /// What it says of its version, where that was asked for.
    pub mentions: Option<Mentions>,
}

/// What a scan wants of one member.
#[derive(Debug, Default, Clone)]
pub struct Wish {
    /// A second digest algorithm.
    pub algorithm: Option<String>,
    /// The whole text.
    pub text: bool,
    /// What it says of its version, as the executable of that name: the name, and the expected version.
    pub version: Option<(String, String)>,
}

/// Scans every member; `wishes` has one entry per member.
pub fn scan(archive: &Archive, wishes: &[Wish]) -> Result<Vec<Scanned>, CheckError> {
    let members = archive.members();
    let bomb = archive.total_bomb().is_some();
    let mut order: Vec<usize> = (0..members.len()).filter(|index| !bomb && !members[*index].is_directory()).collect();
    // The largest first, so that no lane is left with it at the end.
    order.sort_by_key(|index| std::cmp::Reverse(members[*index].size));
    let next = AtomicUsize::new(0);
    let lane = || -> Result<Vec<(usize, Scanned)>, CheckError> {
        let mut done = Vec::new();
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*index, member(archive, &members[*index], &wishes[*index])?));
        }
        Ok(done)
    };
    // A large member has a second thread that hashes, but most of the time goes into inflating.
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(4);
    let mut results = vec![lane];
    results.resize(lanes, lane);
    let results: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = results.into_iter().map(|lane| scope.spawn(lane)).collect();
        running.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut scanned: Vec<Scanned> = members.iter().map(|_| Scanned::default()).collect();
    for result in results {
        for (index, member) in result? {
            scanned[index] = member;
        }
    }
    Ok(scanned)
}

fn member(archive: &Archive, member: &Member, wish: &Wish) -> Result<Scanned, CheckError> {
    let other = wish.algorithm.as_deref().and_then(|name| Some((name.to_owned(), Hasher::named(name)?)));
    let mut sink = Sink {
        sha256: Sha256::new(),
        other,
        head: Vec::new(),
        text: (wish.text && member.size <= TEXT).then(Vec::new),
        search: wish.version.as_ref().map(|(executable, expected)| VersionSearch::new(executable, expected)),
        spool: Spool::default(),
    };
    let temporary =
        |source| CheckError::Temporary { path: archive.path().to_owned(), member: member.name.clone(), source };
    match archive.copy_to(member, &mut sink) {
        Ok(()) => {}
        Err(MemberError::Write { source, .. }) => return Err(temporary(source)),
        Err(MemberError::Read { source, .. }) => {
            return Err(ArchiveError::Open { path: archive.path().to_owned(), source }.into());
        }
        Err(error) => return Ok(Scanned { error: Some(error), ..Scanned::default() }),
    }
    Ok(Scanned {
        error: None,
        sha256: Some(Sha256Digest(sink.sha256.finalize().into())),
        other: sink.other.map(|(algorithm, hasher)| RecordDigest { algorithm, value: hasher.finish() }),
        head: sink.head,
        text: sink.text,
        binary: sink.spool.read().map_err(temporary)?,
        mentions: sink.search.map(VersionSearch::into_mentions),
    })
}

/// Hashes what passes, keeps its start, and spools binaries.
struct Sink {
    sha256: Sha256,
    other: Option<(String, Hasher)>,
    head: Vec<u8>,
    text: Option<Vec<u8>>,
    search: Option<VersionSearch>,
    spool: Spool,
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.sha256.update(data);
        if let Some((_, hasher)) = &mut self.other {
            hasher.update(data);
        }
        let missing = HEAD.saturating_sub(self.head.len()).min(data.len());
        self.head.extend_from_slice(&data[..missing]);
        if let Some(text) = &mut self.text {
            text.extend_from_slice(data);
        }
        if let Some(search) = &mut self.search {
            search.write_all(data)?;
        }
        self.spool.write_all(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
