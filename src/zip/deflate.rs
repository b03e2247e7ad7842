//! Deflate (RFC 1951) of one chunk of a member: chunks are compressed on their own and joined into one stream, so that
//! many threads can work on one file and the bytes depend on nothing but the data and the preset.

use libdeflater::{CompressionLvl, Compressor};

use super::blocks::last_block;

/// How many bytes of a member are compressed at a time. Never depends on the machine or the number of threads: the
/// bytes of a wheel follow from it. Independent chunks of this size cost 0.2 % against one stream.
pub(crate) const CHUNK: usize = 1 << 20;

/// How hard members are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Compression {
    /// Not at all.
    Store,
    /// About half the time of the default, 9 % larger.
    Fast,
    /// Deflate level 6.
    #[default]
    Default,
    /// Seven times the time of the default, 3 % smaller.
    Best,
}

impl Compression {
    fn level(self) -> i32 {
        match self {
            // Levels are asked for of members that are deflated only.
            Self::Store => 0,
            Self::Fast => 1,
            Self::Default => 6,
            Self::Best => 10,
        }
    }

    /// What one thread needs in bytes, with the chunk read, its compressed form, and the compressor's own tables.
    pub(crate) fn memory(self) -> usize {
        let tables = match self {
            Self::Store => 0,
            Self::Fast | Self::Default => 1 << 20,
            Self::Best => 9 << 20,
        };
        tables + 3 * CHUNK
    }
}

/// Which place a chunk has in its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    /// Further chunks follow.
    Inner,
    /// The stream ends with it.
    Last,
}

/// The compressor's output could not be read back, so it cannot be joined to what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a compressed chunk could not be joined to the next")]
pub struct JoinError;

/// Compresses chunks, one after the other.
pub(crate) struct Deflater {
    compressor: Compressor,
    /// Kept from chunk to chunk: fresh memory costs a page fault every 4 kB.
    scratch: Vec<u8>,
}

impl Deflater {
    pub(crate) fn new(compression: Compression) -> Self {
        // invariant: every preset has a level between 0 and 12.
        let level = CompressionLvl::new(compression.level()).unwrap_or_default();
        Self { compressor: Compressor::new(level), scratch: Vec::new() }
    }

    /// The part of a deflate stream that gives `data`. The parts of all chunks in order are one stream: those of inner
    /// chunks end at a byte with an empty stored block.
    ///
    /// # Errors
    /// Never with the pinned compressor; a defence against another.
    pub(crate) fn deflate(&mut self, data: &[u8], position: Position) -> Result<Vec<u8>, JoinError> {
        let room = self.compressor.deflate_compress_bound(data.len());
        if self.scratch.len() < room + PADDING {
            self.scratch.resize(room + PADDING, 0);
        }
        let length = self.compressor.deflate_compress(data, &mut self.scratch[..room]).map_err(|_| JoinError)?;
        let length = match position {
            Position::Inner => open_end(&mut self.scratch, length)?,
            Position::Last => length,
        };
        Ok(self.scratch[..length].to_vec())
    }
}

/// What the search for the last block reads past the stream, and more than an empty stored block takes.
const PADDING: usize = 16;

/// Makes the finished stream of `length` bytes, which padding follows, one that another can follow; returns its length.
fn open_end(stream: &mut [u8], length: usize) -> Result<usize, JoinError> {
    // Bits of the padding become bits of the block header that follows, and must be zero.
    stream[length..length + PADDING].fill(0);
    let last = last_block(stream, length).ok_or(JoinError)?;
    stream[last.header / 8] &= !(1 << (last.header % 8));
    // A stored block that is not the last: three zero bits, zeros up to a byte, then the length 0 and its complement.
    let end = (last.end + 3).div_ceil(8);
    stream[end..end + 4].copy_from_slice(&[0, 0, 0xff, 0xff]);
    Ok(end + 4)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use proptest::prelude::*;

    fn joined(data: &[u8], chunk: usize, compression: Compression) -> Vec<u8> {
        let mut deflater = Deflater::new(compression);
        let chunks: Vec<_> = if data.is_empty() { vec![data] } else { data.chunks(chunk).collect() };
        let mut stream = Vec::new();
        for (index, part) in chunks.iter().enumerate() {
            let position = if index + 1 == chunks.len() { Position::Last } else { Position::Inner };
            stream.extend(deflater.deflate(part, position).unwrap());
        }
        stream
    }

    fn inflated(stream: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        let mut decoder = flate2::bufread::DeflateDecoder::new(stream);
        decoder.read_to_end(&mut data).unwrap();
        assert_eq!(decoder.total_in(), stream.len() as u64);
        data
    }

    #[test]
    fn chunks_make_one_stream_in_every_preset() {
        let data: Vec<u8> = (0..600_000_u32).flat_map(|number| (number / 7 * 31).to_le_bytes()).collect();
        for compression in [Compression::Fast, Compression::Default, Compression::Best] {
            let stream = joined(&data, CHUNK, compression);
            assert!(stream.len() < data.len() / 2);
            assert!(inflated(&stream) == data);
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_what_a_compressor_did_before() {
        let (one, other) = (vec![7; 90_000], (0..90_000_u32).map(|number| (number % 251) as u8).collect::<Vec<_>>());
        let mut used = Deflater::new(Compression::Default);
        used.deflate(&other, Position::Last).unwrap();
        let again = used.deflate(&one, Position::Inner).unwrap();
        assert_eq!(again, Deflater::new(Compression::Default).deflate(&one, Position::Inner).unwrap());
    }

    proptest! {
        #[test]
        fn any_data_comes_back(data: Vec<u8>, repeat in 1..200_usize, chunk in 1..3_000_usize) {
            let data = data.repeat(repeat);
            prop_assert_eq!(inflated(&joined(&data, chunk, Compression::Default)), data);
        }
    }
}
