//! The embedded code signature of a Mach-O slice, held against the slice's own bytes as the kernel does page by page
//! (Apple's `kern/cs_blobs.h`). Who signed, and whether anybody trusts them, is not judged.

use sha2::{Digest, Sha256, Sha384};

use super::facts::Signature;

/// Blobs, big-endian in the file: an embedded signature, and the directory of the hashes in it.
const EMBEDDED_SIGNATURE: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;

/// The slots of a signature that hold directories: the first, and up to five of other hash types.
const FIRST_DIRECTORY: u32 = 0;
const OTHER_DIRECTORIES: std::ops::Range<u32> = 0x1000..0x1005;

/// The special slots whose subject is a blob of the signature itself: requirements, entitlements in both forms.
const OWN_BLOBS: [u32; 3] = [2, 5, 7];

/// Real signatures hold fewer than ten blobs.
const MAX_BLOBS: u32 = 64;

/// The signature in `blob`, which lies at `offset` of the slice `code`.
pub(super) fn verify(code: &[u8], offset: u64, blob: &[u8]) -> Signature {
    match embedded(code, offset, blob) {
        Ok(()) => Signature::Present,
        Err(defect) => Signature::Broken(defect),
    }
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
    let mut directories = parts.iter().filter(|(kind, _)| is_directory(*kind)).peekable();
    if directories.peek().is_none() {
        return Err("it holds no directory of hashes");
    }
    directories.try_for_each(|(_, directory)| Directory::read(directory)?.verify(code, offset, directory, &parts))
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha256,
    /// The first 20 bytes of it.
    ShortSha256,
    Sha384,
    /// SHA-1, which no current system relies on, or one to come.
    Unjudged,
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::ShortSha256 => Sha256::digest(bytes)[..20].to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Unjudged => Vec::new(),
        }
    }
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
    /// `None` where one hash covers everything.
    page_size: Option<u64>,
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
        if !bytes.get(identifier..).is_some_and(|rest| rest.contains(&0)) {
            return Err("its identifier does not end");
        }
        // Files of more than 4 GiB state their limit in a field that came later.
        let long_limit = match version >= 0x0002_0300 {
            true => u64::from(field(56)?) << 32 | u64::from(field(60)?),
            false => 0,
        };
        let (hash, length) = match kind {
            2 => (Hash::Sha256, 32),
            3 => (Hash::ShortSha256, 20),
            4 => (Hash::Sha384, 48),
            _ => (Hash::Unjudged, hash_size),
        };
        if hash_size != length {
            return Err("its hashes have an impossible length");
        }
        let page_size = match page_size {
            0 => None,
            power @ 1..=31 => Some(1 << power),
            _ => return Err("its pages have an impossible size"),
        };
        let limit = if long_limit > 0 { long_limit } else { u64::from(short_limit) };
        Ok(Self { hash, hash_size: hash_size.into(), hashes, special_slots, pages: pages.into(), limit, page_size })
    }

    fn verify(&self, code: &[u8], offset: u64, directory: &[u8], parts: &[(u32, &[u8])]) -> Result<(), &'static str> {
        if matches!(self.hash, Hash::Unjudged) {
            return Ok(());
        }
        if self.limit > offset {
            return Err("it covers more than what stands before it");
        }
        let covered =
            code.get(..usize::try_from(self.limit).unwrap_or(usize::MAX)).ok_or("it covers more than the file")?;
        let page_size = self.page_size.unwrap_or(self.limit.max(1));
        if self.pages != self.limit.div_ceil(page_size) {
            return Err("it has not one hash for each page of the code");
        }
        let stated =
            |slot: usize| directory.get(self.hashes.checked_add(slot * self.hash_size)?..)?.get(..self.hash_size);
        for (index, page) in covered.chunks(usize::try_from(page_size).unwrap_or(usize::MAX)).enumerate() {
            let stated = stated(index).ok_or("its directory of hashes is cut short")?;
            if self.hash.of(page) != stated {
                return Err("a page of the code is not the one that was signed");
            }
        }
        for kind in OWN_BLOBS.into_iter().filter(|kind| *kind <= self.special_slots) {
            let start = self.hashes.checked_sub(kind as usize * self.hash_size);
            let stated = start.and_then(|start| directory.get(start..start + self.hash_size));
            let stated = stated.ok_or("its directory of hashes is cut short")?;
            let part = parts.iter().find(|(other, _)| *other == kind);
            let is_empty = stated.iter().all(|byte| *byte == 0);
            match part {
                Some((_, part)) if self.hash.of(part) == stated => {}
                None if is_empty => {}
                Some(_) => return Err("its requirements or entitlements are not those that were signed"),
                None => return Err("its requirements or entitlements are missing"),
            }
        }
        Ok(())
    }
}
