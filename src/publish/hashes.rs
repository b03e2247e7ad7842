//! The digests beside SHA-256 that a page may tell of a file, which installers hold it against as well. None of them is taken
//! for a proof of what a file is.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use blake2::Blake2b512;
use md5::Md5;
use sha2::digest::DynDigest;
use sha2::{Sha384, Sha512};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha384,
    Sha512,
    Blake2b,
}

impl Algorithm {
    const ALL: [Self; 4] = [Self::Md5, Self::Sha384, Self::Sha512, Self::Blake2b];

    /// As `hashlib` calls it, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name.trim()))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Blake2b => "blake2b",
        }
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::new(Md5::default()),
            Self::Sha384 => Box::new(Sha384::default()),
            Self::Sha512 => Box::new(Sha512::default()),
            Self::Blake2b => Box::new(Blake2b512::default()),
        }
    }

    /// Whether a text can be one of its digests, in lower-case hexadecimal.
    pub(super) fn is_digest(self, text: &str) -> bool {
        text.len() == self.hasher().output_size() * 2
            && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    }
}

/// What a file's bytes say against the digests that are told of it, if anything.
pub(super) fn difference(path: &Path, told: &[(Algorithm, String)]) -> io::Result<Option<String>> {
    if told.is_empty() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let mut hashers: Vec<_> = told.iter().map(|(algorithm, _)| algorithm.hasher()).collect();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hashers.iter_mut().for_each(|hasher| hasher.update(&buffer[..count])),
        }
    }
    let actual = hashers
        .into_iter()
        .map(|hasher| hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let mut rows = told.iter().zip(actual);
    Ok(rows.find(|((_, told), actual)| told != actual).map(|((algorithm, told), actual)| {
        format!("the page tells the {} {told}, and its bytes have {actual}", algorithm.name())
    }))
}
