//! Bodies that a server packs without being asked to: gzip (RFC 1952) and zlib (RFC 1950), which HTTP calls `deflate`, told
//! by how they begin.

use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};

use crate::binary::Magic;

/// Whether bytes begin as packed ones do.
pub(crate) fn is_packed(start: &[u8]) -> bool {
    Magic::of(start) == Magic::Gzip || is_zlib(start)
}

/// `start` and `rest` as one, unpacked where `start`, of two bytes at the least, begins as packed bytes do.
pub(crate) fn unpacked<'a>(start: &'a [u8], rest: impl Read + 'a) -> Box<dyn Read + 'a> {
    let whole = start.chain(rest);
    match () {
        () if Magic::of(start) == Magic::Gzip => Box::new(MultiGzDecoder::new(whole)),
        () if is_zlib(start) => Box::new(ZlibDecoder::new(whole)),
        () => Box::new(whole),
    }
}

/// The two bytes of a zlib stream, whose sum no text has by its nature: `x` and a control character or two.
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [first @ 0x78, second, ..] if (u16::from(*first) * 256 + u16::from(*second)).is_multiple_of(31))
}
