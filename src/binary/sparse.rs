//! The bytes of a file of which some ranges may not have been kept: most of a program is code, which no reader of headers
//! looks at, and to keep it costs more than to read everything else. Readers go through [`Bytes`], which tells afterwards
//! whether any of them asked for what is not there: what was read is worthless then, and the file is read again, whole.

use std::cell::Cell;
use std::ops::Range;

use object::read::ReadRef;

/// What was not kept of a file, and whether a reader asked for any of it.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    ranges: Vec<Range<u64>>,
    asked: Cell<bool>,
}

impl LeftOut {
    /// `ranges` are in their order and apart.
    pub(super) fn of(ranges: Vec<Range<u64>>) -> Self {
        Self { ranges, asked: Cell::new(false) }
    }

    /// Whether a reader asked for what is not there.
    pub(super) fn was_asked_for(&self) -> bool {
        self.asked.get()
    }
}

/// The bytes of a file, with something else in place of what was left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'data> {
    bytes: &'data [u8],
    left_out: Option<&'data LeftOut>,
}

impl<'data> From<&'data [u8]> for Bytes<'data> {
    fn from(bytes: &'data [u8]) -> Self {
        Self { bytes, left_out: None }
    }
}

impl<'data> Bytes<'data> {
    pub(super) fn of(bytes: &'data [u8], left_out: &'data LeftOut) -> Self {
        Self { bytes, left_out: Some(left_out) }
    }

    /// All of it, for a reader that may look at any byte.
    pub(super) fn whole(self) -> &'data [u8] {
        // The question alone counts.
        let _ = self.has(0..self.length());
        self.bytes
    }

    /// How many there are, those that were left out among them.
    pub(super) fn length(self) -> u64 {
        self.bytes.len() as u64
    }

    /// Up to that many of the first.
    pub(super) fn head(self, count: usize) -> &'data [u8] {
        let count = count.min(self.bytes.len());
        self.read_bytes_at(0, count as u64).unwrap_or_default()
    }

    /// Whether none of the range was left out; where some was, that is remembered.
    fn has(self, range: Range<u64>) -> bool {
        let Some(left_out) = self.left_out.filter(|_| !range.is_empty()) else { return true };
        let near = left_out.ranges.partition_point(|gap| gap.end <= range.start);
        let is_there = left_out.ranges.get(near).is_none_or(|gap| gap.start >= range.end);
        if !is_there {
            left_out.asked.set(true);
        }
        is_there
    }
}

impl<'data> ReadRef<'data> for Bytes<'data> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.length())
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'data [u8], ()> {
        let found = self.bytes.read_bytes_at(offset, size)?;
        if self.has(offset..offset.saturating_add(size)) { Ok(found) } else { Err(()) }
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'data [u8], ()> {
        let found = self.bytes.read_bytes_at_until(range.clone(), delimiter);
        // What is not found was sought in the whole range.
        let end = found.map_or(range.end, |found| range.start + found.len() as u64 + 1);
        if self.has(range.start..end) { found } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_not_read_and_the_question_is_remembered() {
        let bytes: Vec<u8> = (0..100).collect();
        type Read = fn(Bytes<'_>) -> bool;
        let cases: [(Read, bool); 11] = [
            (|bytes| bytes.read_bytes_at(0, 10) == Ok(&(0..10).collect::<Vec<u8>>()), false),
            (|bytes| bytes.read_bytes_at(20, 80).is_ok(), false),
            (|bytes| bytes.read_bytes_at(15, 0).is_ok(), false),
            (|bytes| bytes.read_bytes_at(0, 101).is_err(), false),
            (|bytes| bytes.read_bytes_at_until(0..100, 9) == Ok(&(0..9).collect::<Vec<u8>>()), false),
            (|bytes| bytes.read_bytes_at_until(20..100, 200).is_err(), false),
            (|bytes| bytes.head(10).len() == 10 && bytes.length() == 100, false),
            (|bytes| bytes.read_bytes_at(0, 11).is_err(), true),
            (|bytes| bytes.read_bytes_at(19, 2).is_err(), true),
            (|bytes| bytes.read_bytes_at_until(0..100, 200).is_err(), true),
            (|bytes| bytes.whole().len() == 100, true),
        ];
        for (number, (read, expected)) in cases.into_iter().enumerate() {
            let left_out = LeftOut::of(vec![10..15, 15..20, 101..200]);
            assert!(read(Bytes::of(&bytes, &left_out)), "{number}");
            assert_eq!(left_out.was_asked_for(), expected, "{number}");
        }
        assert_eq!(Bytes::from(bytes.as_slice()).whole(), bytes);
    }
}
