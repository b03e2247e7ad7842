//! The embedded code signature of a Mach-O slice, held against the slice's own bytes as the kernel does page by page, and
//! refused where kernel or loader refuse it (Apple's `kern/cs_blobs.h`, `ubc_subr.c` and dyld). Who signed, and whether
//! anybody trusts them, is not judged; that what they signed is what stands there, is.

use std::sync::atomic::{AtomicUsize, Ordering};

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

use super::facts::Signature;
use crate::threads;

/// Blobs, big-endian in the file: an embedded signature, and the directory of the hashes in it.
const EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;

/// The slots of a signature that hold directories: the first, and up to five of other hash types.
const FIRST_DIRECTORY: u32 = 0;
const OTHER_DIRECTORIES: std::ops::Range<u32> = 0x1000..0x1005;

/// The special slots whose subject is a blob of the signature itself: requirements, entitlements in both forms, and what
/// may start the program or be loaded by it.
const OWN_BLOBS: [u32; 7] = [2, ENTITLEMENTS[0], ENTITLEMENTS[1], 8, 9, 10, 11];

/// Of these the kernel takes none that no directory states a hash of.
const ENTITLEMENTS: [u32; 2] = [5, 7];

/// The slot of what a certificate has signed (CMS, RFC 5652): the hash of the first directory.
const CERTIFIED: u32 = 0x10000;

/// The attribute `messageDigest`, before the set with the digest in it.
const MESSAGE_DIGEST: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];

/// The pages that kernels have, as powers of two: from 4 to 16 KiB.
const PAGE_POWERS: std::ops::RangeInclusive<u8> = 12..=14;

/// How many bytes a thread hashes before it looks for more: whole pages of each size.
const BLOCK: usize = 1 << 20;

/// How many threads hash the pages of one file at most.
const MAX_THREADS: usize = 4;

/// Real signatures hold fewer than ten blobs.
const MAX_BLOBS: u32 = 64;

/// The signature in `blob`, which lies at `offset` of the slice `code`.
pub(super) fn verify(code: &[u8], offset: u64, blob: &[u8]) -> Signature {
    match embedded(code, offset, blob) {
        Ok(()) => Signature::Present,
        Err(defect) => Signature::Broken(defect),
    }
}

/// Whether a directory of the signature asks the kernel to kill the program at a page that does not match, on Intel's
/// processors too: `CS_HARD`, `CS_KILL`, `CS_ENFORCEMENT` or `CS_RUNTIME` (Apple's `kern/cs_blobs.h`).
pub(super) fn is_enforced(blob: &[u8]) -> bool {
    const ENFORCING: u32 = 0x100 | 0x200 | 0x1000 | 0x1_0000;
    let count = word(blob, 8).unwrap_or_default().min(MAX_BLOBS) as usize;
    (0..count).any(|index| {
        let start = word(blob, 12 + 8 * index + 4).and_then(|start| usize::try_from(start).ok());
        let directory = start.and_then(|start| blob.get(start..)).unwrap_or_default();
        word(directory, 0) == Some(CODE_DIRECTORY) && word(directory, 12).is_some_and(|flags| flags & ENFORCING != 0)
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|raw| u32::from_be_bytes(*raw))
}

fn embedded(code: &[u8], offset: u64, blob: &[u8]) -> Result<(), &'static str> {
    let length = match (word(blob, 0), word(blob, 4)) {
        (Some(EMBEDDED_SIGNATURE), Some(length)) if length >= 12 && length as usize <= blob.len() => length as usize,
        (Some(EMBEDDED_SIGNATURE), _) => return Err("its length is not that of the space it lies in"),
        _ => return Err("its bytes are no signature"),
    };
    let blob = &blob[..length];
    let count = word(blob, 8).filter(|count| *count <= MAX_BLOBS).ok_or("it claims to hold too many parts")?;
    let mut parts: Vec<(u32, &[u8])> = Vec::new();
    for index in 0..count as usize {
        let entry = 12 + 8 * index;
        let (kind, start) = word(blob, entry).zip(word(blob, entry + 4)).ok_or("its index is cut short")?;
        let part = blob.get(start as usize..).unwrap_or_default();
        let length = word(part, 4).filter(|length| *length >= 8).ok_or("one of its parts lies outside of it")?;
        parts.push((kind, part.get(..length as usize).ok_or("one of its parts lies outside of it")?));
    }
    let is_directory = |kind: u32| kind == FIRST_DIRECTORY || OTHER_DIRECTORIES.contains(&kind);
    let mut seen: Vec<Hash> = Vec::new();
    for (_, bytes) in parts.iter().filter(|(kind, _)| is_directory(*kind)) {
        let directory = Directory::read(bytes)?;
        if seen.contains(&directory.hash) {
            return Err("two of its directories have hashes of the same kind");
        }
        seen.push(directory.hash);
        directory.verify(code, offset, bytes, &parts)?;
    }
    if seen.is_empty() {
        return Err("it holds no directory of hashes");
    }
    certified(&parts)
}

/// Whether the first directory is the one that a certificate signed, where one did.
fn certified(parts: &[(u32, &[u8])]) -> Result<(), &'static str> {
    let part = |wanted| parts.iter().find(|(kind, _)| *kind == wanted).map(|(_, part)| *part);
    let (Some(directory), Some(message)) = (part(FIRST_DIRECTORY), part(CERTIFIED)) else { return Ok(()) };
    // The signer's attributes come before the time stamp, which has a digest of its own.
    let Some(at) = message.windows(MESSAGE_DIGEST.len()).position(|bytes| bytes == MESSAGE_DIGEST) else {
        return Ok(());
    };
    // A set of one string of bytes; the hash is known by its length.
    let stated = match message.get(at + MESSAGE_DIGEST.len()..) {
        Some([0x31, 22, 0x04, 20, rest @ ..]) => rest.get(..20).map(|stated| (Hash::Sha1, stated)),
        Some([0x31, 34, 0x04, 32, rest @ ..]) => rest.get(..32).map(|stated| (Hash::Sha256, stated)),
        Some([0x31, 50, 0x04, 48, rest @ ..]) => rest.get(..48).map(|stated| (Hash::Sha384, stated)),
        _ => None,
    };
    match stated {
        Some((hash, stated)) if hash.of(directory) != stated => {
            Err("its directory of hashes is not the one that the certificate signed")
        }
        _ => Ok(()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    /// The first 20 bytes of it.
    ShortSha256,
    Sha384,
    /// Of signatures for macOS 10.11 and older, alone or beside a better one.
    Sha1,
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::ShortSha256 => Sha256::digest(bytes)[..20].to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
        }
    }
}

/// Asks of every block, by several threads where there are enough for it, and until one is not good.
fn all_blocks(count: usize, is_good: impl Fn(usize) -> bool + Sync) -> bool {
    let next = AtomicUsize::new(0);
    let lane = || {
        std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|block| *block < count).all(&is_good)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(1 + count / 4);
    threads::lanes(threads, lane).into_iter().all(|good| good)
}

/// The head of a code directory.
struct Directory {
    hash: Hash,
    hash_size: usize,
    /// Where the hash of the first page stands; those of special slots stand before it.
    hashes: usize,
    special_slots: u32,
    pages: u64,
    /// How many bytes of the slice are covered.
    limit: u64,
    page_size: u64,
    /// The pages are not those of the slice from its start, one after the other: nobody has been seen to write this.
    is_scattered: bool,
}

impl Directory {
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        const CUT: &str = "its directory of hashes is cut short";
        if word(bytes, 0) != Some(CODE_DIRECTORY) {
            return Err("its directory of hashes is none");
        }
        let field = |at| word(bytes, at).ok_or(CUT);
        let (version, hashes, identifier) = (field(8)?, field(16)? as usize, field(20)? as usize);
        let (special_slots, pages, short_limit) = (field(24)?, field(28)?, field(32)?);
        let [hash_size, kind, _, page_size] = *bytes.get(36..).and_then(|rest| rest.first_chunk()).ok_or(CUT)?;
        let ends = |at: usize| bytes.get(at..).is_some_and(|rest| rest.contains(&0));
        if !ends(identifier) {
            return Err("its identifier does not end");
        }
        // The team that signed has a name since this version.
        if version >= 0x0002_0200 && field(48)? != 0 && !ends(field(48)? as usize) {
            return Err("the name of its team does not end");
        }
        let is_scattered = version >= 0x0002_0100 && field(44)? != 0;
        // Files of more than 4 GiB state their limit in a field that came later.
        let long_limit = match version >= 0x0002_0300 {
            true => u64::from(field(56)?) << 32 | u64::from(field(60)?),
            false => 0,
        };
        let (hash, length) = match kind {
            1 => (Hash::Sha1, 20),
            2 => (Hash::Sha256, 32),
            3 => (Hash::ShortSha256, 20),
            4 => (Hash::Sha384, 48),
            _ => return Err("its hashes are of a kind that no system knows"),
        };
        if hash_size != length {
            return Err("its hashes have an impossible length");
        }
        if !PAGE_POWERS.contains(&page_size) {
            return Err("its pages have a size that no kernel takes");
        }
        let hash_size = usize::from(hash_size);
        let has_room = |slots: u32, room: usize| room / hash_size >= slots as usize;
        if !has_room(special_slots, hashes) || !has_room(pages, bytes.len().checked_sub(hashes).ok_or(CUT)?) {
            return Err(CUT);
        }
        Ok(Self {
            hash,
            hash_size,
            hashes,
            special_slots,
            pages: pages.into(),
            limit: if long_limit > 0 { long_limit } else { u64::from(short_limit) },
            page_size: 1 << page_size,
            is_scattered,
        })
    }

    fn verify(&self, code: &[u8], offset: u64, directory: &[u8], parts: &[(u32, &[u8])]) -> Result<(), &'static str> {
        if self.limit > offset {
            return Err("it covers more than what stands before it");
        }
        // The loader of macOS refuses a library of which it says less, to the page.
        if self.limit.div_ceil(self.page_size).saturating_mul(self.page_size) < offset {
            return Err("it covers less than what stands before it");
        }
        if self.is_scattered {
            return Ok(());
        }
        let covered =
            code.get(..usize::try_from(self.limit).unwrap_or(usize::MAX)).ok_or("it covers more than the file")?;
        if self.pages != self.limit.div_ceil(self.page_size) {
            return Err("it has not one hash for each page of the code");
        }
        let stated =
            |slot: usize| directory.get(self.hashes.checked_add(slot * self.hash_size)?..)?.get(..self.hash_size);
        let page_size = usize::try_from(self.page_size).unwrap_or(usize::MAX);
        let is_signed = |block: usize| {
            let first = block * BLOCK / page_size;
            let pages = covered.chunks(BLOCK).nth(block).unwrap_or_default().chunks(page_size);
            pages.zip(first..).all(|(page, index)| stated(index).is_some_and(|stated| self.hash.of(page) == stated))
        };
        if !all_blocks(covered.len().div_ceil(BLOCK), is_signed) {
            return Err("a page of the code is not the one that was signed");
        }
        for kind in OWN_BLOBS {
            if kind > self.special_slots {
                if ENTITLEMENTS.contains(&kind) && parts.iter().any(|(other, _)| *other == kind) {
                    return Err("its entitlements are not signed");
                }
                continue;
            }
            let start = self.hashes.checked_sub(kind as usize * self.hash_size);
            let stated = start.and_then(|start| directory.get(start..start + self.hash_size));
            let stated = stated.ok_or("its directory of hashes is cut short")?;
            let part = parts.iter().find(|(other, _)| *other == kind);
            let is_empty = stated.iter().all(|byte| *byte == 0);
            match part {
                Some((_, part)) if self.hash.of(part) == stated => {}
                None if is_empty => {}
                Some(_) => return Err("its requirements, entitlements or constraints are not those that were signed"),
                None => return Err("its requirements, entitlements or constraints are missing"),
            }
        }
        Ok(())
    }
}
