//! Bodies that a server packs without being asked to: gzip (RFC 1952) and zlib (RFC 1950), which HTTP calls `deflate`, told
//! by how they begin; and bare deflate (RFC 1951), which has no beginning of its own and is what some servers send for it.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use crate::binary::Magic;

/// How much of a body tells how it is packed, in bytes.
pub(crate) const START: u64 = 64;

/// How a server says that it packed a body, in lower case; empty where it does not.
pub(crate) fn packing(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether bytes are packed: they begin so, or are called so and begin as no text does.
pub(crate) fn is_packed(start: &[u8], packing: &str) -> bool {
    Magic::of(start) == Magic::Gzip || is_zlib(start) || is_bare(start, packing)
}

/// `start` and `rest` as one, unpacked where `start`, which is all or [`START`] bytes, is packed.
pub(crate) fn unpacked<'a>(start: &'a [u8], rest: impl Read + 'a, packing: &str) -> Box<dyn Read + 'a> {
    let whole = start.chain(rest);
    match () {
        () if Magic::of(start) == Magic::Gzip => Box::new(MultiGzDecoder::new(whole)),
        () if is_zlib(start) => Box::new(ZlibDecoder::new(whole)),
        () if is_bare(start, packing) => Box::new(DeflateDecoder::new(whole)),
        () => Box::new(whole),
    }
}

/// Whether bytes are called deflate, and are no text that is called so in error.
fn is_bare(start: &[u8], packing: &str) -> bool {
    let is_text = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    let is_plain = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    packing == "deflate" && !(is_text && start.iter().all(is_plain))
}

/// The two bytes of a zlib stream, whose sum no text has by its nature: `x` and a control character or two.
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [first @ 0x78, second, ..] if (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31))
}
