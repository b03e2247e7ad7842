//! One pass over a wheel's members: inflate, CRC, digests, and the headers of every binary, in parallel and in bounded
//! memory.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::embedded::{Mentions, VersionSearch};
use crate::binary::{BinaryError, Entry, Facts, Inventory, Spool, is_wasm_module};
use crate::check::error::CheckError;
use crate::digest::Sha256Digest;
use crate::threads;
use crate::wheel::record::{Hasher, RecordDigest};
use crate::zip::archive::{Archive, ArchiveError, Member, MemberError};

/// How much of every member's start is kept.
const HEAD: usize = 1024;

/// What one member turned out to be.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Why it cannot be unpacked, or is not what the directory states.
    pub(crate) error: Option<MemberError>,
    /// None where it cannot be unpacked, or nobody asked.
    pub(crate) sha256: Option<Sha256Digest>,
    /// Its digest by the algorithm that RECORD asks for, where that is another one.
    pub(crate) other: Option<RecordDigest>,
    /// Its first bytes.
    pub(crate) head: Vec<u8>,
    /// All of it, where that was asked for.
    pub(crate) text: Option<Vec<u8>>,
    /// What its headers say, where it is a binary.
    pub(crate) binary: Option<Result<Facts, BinaryError>>,
    /// What it says of its version, where that was asked for.
    pub(crate) mentions: Option<Mentions>,
}

/// What is to be found out about one member besides what its headers say.
#[derive(Debug, Default, Clone)]
pub(crate) struct MemberOptions {
    pub(crate) sha256: bool,
    /// A second digest algorithm.
    pub(crate) algorithm: Option<String>,
    /// The whole text is kept where it has at most so many bytes.
    pub(crate) max_text: Option<u64>,
    pub(crate) search: Option<VersionSearch>,
    /// Its bytes, where they were read before.
    pub(crate) known: Option<Vec<u8>>,
}

/// Scans every member; `options` has one entry per member.
pub(crate) fn scan(archive: &Archive, options: &[MemberOptions]) -> Result<Vec<Scanned>, CheckError> {
    let members = archive.members();
    let bomb = archive.total_bomb().is_some();
    let mut order: Vec<usize> = (0..members.len()).filter(|index| !bomb && !members[*index].is_directory()).collect();
    // The largest first, so that no lane is left with it at the end.
    order.sort_by_key(|index| std::cmp::Reverse(members[*index].size));
    let next = AtomicUsize::new(0);
    let lane = || -> Result<Vec<(usize, Scanned)>, CheckError> {
        let mut done = Vec::new();
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*index, member(archive, &members[*index], &options[*index])?));
        }
        Ok(done)
    };
    // A large member has a second thread that hashes, but most of the time goes into inflating.
    let lanes = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get).min(4);
    let results = threads::lanes(lanes, lane);
    let mut scanned: Vec<Scanned> = members.iter().map(|_| Scanned::default()).collect();
    for result in results {
        for (index, member) in result? {
            scanned[index] = member;
        }
    }
    Ok(scanned)
}

/// How the archive holds a member.
pub(crate) fn entry(member: &Member) -> Entry {
    Entry { mode: member.unix_mode(), size: member.size }
}

/// Every member that claims to be a binary, with what its headers say.
pub(crate) fn inventory(archive: &Archive, scanned: &mut [Scanned]) -> Inventory {
    let named = archive.members().iter().zip(scanned);
    let (mut entries, mut modules) = (HashMap::new(), Vec::new());
    let found = named.filter_map(|(member, found)| {
        if is_wasm_module(&member.name, &found.head) {
            modules.push(member.name.clone());
        }
        let binary = found.binary.take()?;
        entries.insert(member.name.clone(), entry(member));
        Some((member.name.clone(), binary))
    });
    let found: Inventory = found.collect();
    found.held_as(entries).with_wasm_modules(modules)
}

fn member(archive: &Archive, member: &Member, options: &MemberOptions) -> Result<Scanned, CheckError> {
    let other = options.algorithm.as_deref().and_then(|name| Some((name.to_owned(), Hasher::named(name)?)));
    let mut sink = MemberSink {
        sha256: options.sha256.then(Sha256::new),
        other,
        head: Vec::new(),
        text: options.max_text.filter(|max| member.size <= *max).map(|_| Vec::new()),
        search: options.search.clone(),
        spool: Spool::default(),
    };
    let temporary =
        |source| CheckError::Temporary { path: archive.path().to_owned(), member: member.name.clone(), source };
    let piped = match &options.known {
        Some(bytes) => sink.write_all(bytes).map_err(temporary).map(Ok)?,
        None => archive.copy_to(member, &mut sink),
    };
    match piped {
        Ok(()) => {}
        Err(MemberError::Write { source, .. }) => return Err(temporary(source)),
        Err(MemberError::Read { source, .. }) => {
            return Err(ArchiveError::Open { path: archive.path().to_owned(), source }.into());
        }
        Err(error) => return Ok(Scanned { error: Some(error), ..Scanned::default() }),
    }
    let again = |out: &mut (dyn Write + Send)| archive.copy_to(member, out).map_err(io::Error::other);
    Ok(Scanned {
        error: None,
        sha256: sink.sha256.map(|sha256| Sha256Digest(sha256.finalize().into())),
        other: sink.other.map(|(algorithm, hasher)| RecordDigest { algorithm, value: hasher.finish() }),
        head: sink.head,
        text: sink.text,
        binary: sink.spool.read(again).map_err(temporary)?,
        mentions: sink.search.map(VersionSearch::into_mentions),
    })
}

/// Hashes what passes, keeps its start, and spools binaries.
struct MemberSink {
    sha256: Option<Sha256>,
    other: Option<(String, Hasher)>,
    head: Vec<u8>,
    text: Option<Vec<u8>>,
    search: Option<VersionSearch>,
    spool: Spool,
}

impl Write for MemberSink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(data);
        }
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
