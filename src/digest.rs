//! Digests: hashing a stream, and the two spellings that releases use, lower-case hexadecimal and the
//! `sha256=<urlsafe base64 without padding>` form of RECORD (PyPA "Recording installed projects"). SHA-512 is known only
//! because upstreams list it.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha512};

use crate::error::Explain;
use crate::serde_text::serde_as_text;

/// A SHA-256 digest. Displays as 64 lower-case hexadecimal digits and parses the same (either case).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Digest(pub [u8; 32]);

/// Whether a distribution is read once more, whole, for its own SHA-256, which no other core can help with: for those who say
/// it. The digests in RECORD are another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDigest {
    Computed,
    Omitted,
}

/// A SHA-512 digest, displayed and parsed alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sha512Digest(pub [u8; 64]);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest: 64 hexadecimal digits are expected")]
pub struct DigestError(String);

impl Explain for DigestError {
    fn hint(&self) -> Option<String> {
        Some("take it from the release's own list of digests, as `sha256sum` prints them".into())
    }
}

impl Sha256Digest {
    /// The digest of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads `reader` to its end; returns the digest and the number of bytes read.
    pub fn of_reader(reader: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Sha256::new();
        let total = each_chunk(reader, |chunk| hasher.update(chunk))?;
        Ok((Self(hasher.finalize().into()), total))
    }

    /// The form of a RECORD row: `sha256=` and urlsafe base64 without padding.
    pub(crate) fn record_form(&self) -> String {
        format!("sha256={}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Both digests of what `reader` holds, read once, and the number of bytes.
pub(crate) fn both_of_reader(reader: &mut impl Read) -> io::Result<(Sha256Digest, Sha512Digest, u64)> {
    let (mut short, mut long) = (Sha256::new(), Sha512::new());
    let total = each_chunk(reader, |chunk| {
        short.update(chunk);
        long.update(chunk);
    })?;
    Ok((Sha256Digest(short.finalize().into()), Sha512Digest(long.finalize().into()), total))
}

fn each_chunk(reader: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut total = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        take(&buffer[..count]);
        total += count as u64;
    }
}

fn hexadecimal(bytes: &[u8], formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
}

/// The bytes that exactly `2 * N` hexadecimal digits stand for.
fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = (value(pair[0])? << 4 | value(pair[1])?) as u8;
    }
    Some(bytes)
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.0, formatter)
    }
}

impl fmt::Display for Sha512Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        hexadecimal(&self.0, formatter)
    }
}

impl fmt::Debug for Sha512Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha512Digest({self})")
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sha256Digest({self})")
    }
}

impl FromStr for Sha256Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        bytes_of(text).map(Self).ok_or_else(|| DigestError(text.to_owned()))
    }
}

impl Sha512Digest {
    /// The digest that 128 hexadecimal digits are.
    pub(crate) fn from_hexadecimal(text: &str) -> Option<Self> {
        bytes_of(text).map(Self)
    }
}

serde_as_text!(Sha256Digest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_empty_digest() {
        let digest = Sha256Digest::of(b"");
        assert_eq!(digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(digest.record_form(), "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    }

    #[test]
    fn a_stream_hashes_like_its_bytes() {
        let bytes = vec![7_u8; 200_000];
        let streamed = Sha256Digest::of_reader(&mut bytes.as_slice()).unwrap();
        assert_eq!(streamed, (Sha256Digest::of(&bytes), 200_000));
    }

    #[test]
    fn both_digests_of_the_same_bytes() {
        let (short, long, total) = both_of_reader(&mut &b"abc"[..]).unwrap();
        assert_eq!((short, total), (Sha256Digest::of(b"abc"), 3));
        assert!(long.to_string().starts_with("ddaf35a193617abacc417349ae204131"), "{long}");
        assert_eq!(Sha512Digest::from_hexadecimal(&long.to_string().to_uppercase()), Some(long));
        assert_eq!(Sha512Digest::from_hexadecimal(&short.to_string()), None);
    }

    #[test]
    fn refuses_what_is_not_a_digest() {
        for text in ["", "e3b0", &"g".repeat(64), &"é".repeat(32)] {
            assert!(text.parse::<Sha256Digest>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn display_and_parse_are_inverse(bytes: [u8; 32]) {
            let digest = Sha256Digest(bytes);
            proptest::prop_assert_eq!(digest.to_string().parse(), Ok(digest));
            proptest::prop_assert_eq!(digest.to_string().to_uppercase().parse(), Ok(digest));
        }
    }
}
