//! Finds the header of the last block of a finished deflate stream (RFC 1951) by walking its Huffman codes, without
//! producing the data. Joining independently compressed chunks needs that one bit and nothing else.

use super::huffman::{Codes, END, Entry, INVALID, SYMBOL, THEN_DISTANCE, fill};

/// Where the last block of a finished stream lies, as offsets in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastBlock {
    /// Of its first header bit, the one that says that it is the last.
    pub(crate) header: usize,
    /// Of the first bit after it.
    pub(crate) end: usize,
}

/// Finds the last block.
///
/// `stream` holds a finished stream of `length` bytes and at least 16 more bytes of any value. `None` where the bytes
/// are no finished stream of that length.
pub(crate) fn last_block(stream: &[u8], length: usize) -> Option<LastBlock> {
    let mut bits = Bits { data: stream, position: 0, buffer: 0, count: 0 };
    let mut codes = Codes::new();
    loop {
        let header = bits.offset();
        bits.refill()?;
        let last = bits.take(1) == 1;
        match bits.take(2) {
            0 => bits.skip_stored()?,
            1 => {
                fixed_codes(&mut codes)?;
                bits.skip_symbols(&codes)?;
            }
            2 => {
                bits.dynamic_codes(&mut codes)?;
                bits.skip_symbols(&codes)?;
            }
            _ => return None,
        }
        if bits.offset() > length * 8 {
            return None;
        }
        if last {
            let end = bits.offset();
            return (end.div_ceil(8) == length).then_some(LastBlock { header, end });
        }
    }
}

/// Bits of a stream, least significant first.
struct Bits<'a> {
    data: &'a [u8],
    /// Bytes moved into the buffer.
    position: usize,
    buffer: u64,
    /// Valid bits in the buffer.
    count: u32,
}

impl Bits<'_> {
    /// Fills the buffer to at least 56 bits.
    #[inline(always)]
    fn refill(&mut self) -> Option<()> {
        let word = self.data.get(self.position..self.position + 8)?;
        let word = u64::from_le_bytes(word.try_into().ok()?);
        self.buffer |= word << self.count;
        self.position += (63 - self.count as usize) >> 3;
        self.count |= 56;
        Some(())
    }

    #[inline(always)]
    fn consume(&mut self, bits: u32) {
        self.buffer >>= bits;
        self.count -= bits;
    }

    /// Takes at most 16 bits that a refill has made available.
    #[inline(always)]
    fn take(&mut self, bits: u32) -> u32 {
        let value = (self.buffer & ((1 << bits) - 1)) as u32;
        self.consume(bits);
        value
    }

    fn offset(&self) -> usize {
        self.position * 8 - self.count as usize
    }

    fn skip_stored(&mut self) -> Option<()> {
        let start = self.offset().div_ceil(8);
        let header = self.data.get(start..start + 4)?;
        let length = u16::from_le_bytes([header[0], header[1]]);
        if length != !u16::from_le_bytes([header[2], header[3]]) {
            return None;
        }
        self.position = start + 4 + usize::from(length);
        self.buffer = 0;
        self.count = 0;
        Some(())
    }

    /// Reads symbols up to and with the end of the block.
    #[inline(never)]
    fn skip_symbols(&mut self, codes: &Codes) -> Option<()> {
        let mut entry = SYMBOL;
        loop {
            // It holds any two symbols: a length takes 20 bits at most, a distance 28.
            self.refill()?;
            for _ in 0..2 {
                entry = codes.next(entry, self.buffer);
                if entry & SYMBOL == 0 {
                    entry = codes.second(entry, self.buffer);
                    if entry & (SYMBOL | END) == 0 {
                        return None;
                    }
                }
                self.consume(entry & 0xff);
                if entry & END != 0 {
                    return Some(());
                }
            }
        }
    }

    /// Reads the code lengths of a dynamic block and builds its tables.
    fn dynamic_codes(&mut self, codes: &mut Codes) -> Option<()> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let literal_count = self.take(5) as usize + 257;
        let distance_count = self.take(5) as usize + 1;
        let code_count = self.take(4) as usize + 4;
        if literal_count > 286 || distance_count > 30 {
            return None;
        }
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..code_count] {
            self.refill()?;
            lengths[symbol] = self.take(3) as u8;
        }
        let mut table = [INVALID; 1 << 7];
        fill(&mut table, &mut Vec::new(), &lengths, |symbol| (symbol as u32) << 16 | SYMBOL)?;
        let mut lengths = [0_u8; 286 + 30];
        let total = literal_count + distance_count;
        let mut filled = 0;
        while filled < total {
            self.refill()?;
            let entry = table[self.buffer as usize & (table.len() - 1)];
            if entry == INVALID {
                return None;
            }
            self.consume(entry & 0xff);
            let (length, repeat) = match entry >> 16 {
                16 if filled > 0 => (lengths[filled - 1], 3 + self.take(2)),
                17 => (0, 3 + self.take(3)),
                18 => (0, 11 + self.take(7)),
                length @ 0..=15 => (length as u8, 1),
                _ => return None,
            };
            let end = filled + repeat as usize;
            lengths.get_mut(filled..end.min(total))?.fill(length);
            if end > total {
                return None;
            }
            filled = end;
        }
        codes.build((&lengths[..literal_count], literal_entry), (&lengths[literal_count..total], distance_entry))
    }
}

fn fixed_codes(codes: &mut Codes) -> Option<()> {
    let mut lengths = [8_u8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    codes.build((&lengths, literal_entry), (&[5; 30], distance_entry))
}

/// What a symbol of the literal and length alphabet consumes after its code, and what follows it.
fn literal_entry(symbol: usize) -> Entry {
    match symbol {
        0..256 => SYMBOL,
        256 => END,
        257..265 | 285 => SYMBOL | THEN_DISTANCE,
        265..285 => SYMBOL | THEN_DISTANCE | ((symbol as u32 - 261) / 4),
        _ => INVALID,
    }
}

fn distance_entry(symbol: usize) -> Entry {
    match symbol {
        0..2 => SYMBOL,
        2..30 => SYMBOL | ((symbol as u32 - 2) / 2),
        _ => INVALID,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn padded(stream: &[u8]) -> Vec<u8> {
        [stream, &[0; 16]].concat()
    }

    fn deflated(data: &[u8], level: i32) -> Vec<u8> {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(level).unwrap());
        let mut stream = vec![0; compressor.deflate_compress_bound(data.len())];
        let length = compressor.deflate_compress(data, &mut stream).unwrap();
        stream.truncate(length);
        stream
    }

    fn inflated(stream: &[u8]) -> Option<Vec<u8>> {
        use std::io::Read as _;
        let mut data = Vec::new();
        let mut decoder = flate2::bufread::DeflateDecoder::new(stream);
        decoder.read_to_end(&mut data).ok()?;
        (decoder.total_in() as usize == stream.len()).then_some(data)
    }

    /// Text with matches, runs and noise, several blocks long.
    fn sample(length: usize, seed: u32) -> Vec<u8> {
        let mut state = seed | 1;
        let mut data = Vec::with_capacity(length);
        while data.len() < length {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            match state % 5 {
                0 if data.len() > 64 => {
                    let start = state as usize % (data.len() - 32);
                    data.extend_from_within(start..start + 32);
                }
                1 => data.extend_from_slice(&[state as u8 >> 4; 40]),
                2 => data.extend_from_slice(&state.to_le_bytes()),
                _ => data.push(b'a' + (state >> 8) as u8 % 26),
            }
        }
        data.truncate(length);
        data
    }

    #[test]
    fn the_header_found_is_the_only_final_one() {
        for level in [0, 1, 6, 10, 12] {
            for length in [0, 1, 100, 70_000, 900_000] {
                let data = sample(length, length as u32);
                let mut stream = deflated(&data, level);
                let LastBlock { header, end } =
                    last_block(&padded(&stream), stream.len()).unwrap_or_else(|| panic!("{level} {length}"));
                assert_eq!(end.div_ceil(8), stream.len());
                assert_eq!(stream[header / 8] >> (header % 8) & 1, 1);
                assert_eq!(inflated(&stream).as_ref(), Some(&data), "{level} {length}");
                stream[header / 8] &= !(1 << (header % 8));
                assert_eq!(inflated(&stream), None, "{level} {length}");
            }
        }
    }

    #[test]
    fn streams_of_another_writer_are_walked_too() {
        use std::io::Write as _;
        for level in [0, 1, 6, 9] {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
            encoder.write_all(&sample(300_000, 7)).unwrap();
            let stream = encoder.finish().unwrap();
            assert!(last_block(&padded(&stream), stream.len()).is_some(), "{level}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_or_longer_is_refused() {
        let stream = deflated(&sample(50_000, 3), 6);
        for length in [0, 1, stream.len() / 2, stream.len() - 1] {
            assert_eq!(last_block(&padded(&stream[..length]), length), None);
        }
        assert_eq!(last_block(&padded(&stream), stream.len() + 1), None);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, start in 0..=1_u8, kind in 0..4_u8) {
            let _ = last_block(&bytes, bytes.len());
            let mut stream = bytes;
            stream.insert(0, start | kind << 1);
            let length = stream.len();
            let _ = last_block(&padded(&stream), length);
        }

        #[test]
        fn a_broken_stream_never_panics(at in 0..2_000_usize, value: u8) {
            let mut stream = deflated(&sample(9_000, 11), 6);
            let at = at % stream.len();
            stream[at] = value;
            let _ = last_block(&padded(&stream), stream.len());
        }

        #[test]
        fn every_finished_stream_is_walked(seed: u32, length in 0..200_000_usize, level in 1..=12_i32) {
            let stream = deflated(&sample(length, seed), level);
            prop_assert!(last_block(&padded(&stream), stream.len()).is_some());
        }
    }
}
