//! The decoding tables of a deflate stream's Huffman codes (RFC 1951, section 3.2): how many bits a symbol takes, and of what
//! kind it is. What a symbol stands for is not kept.

/// Table entries: the bits to consume in the low byte, what was decoded above them.
pub(super) type Entry = u32;
pub(super) const INVALID: Entry = 0;
pub(super) const LITERAL: Entry = 1 << 8;
pub(super) const LENGTH: Entry = 2 << 8;
pub(super) const END: Entry = 3 << 8;
pub(super) const DISTANCE: Entry = 4 << 8;
/// The code is longer than the primary table's index; the entry's high half is where its second table starts.
pub(super) const SECOND: Entry = 5 << 8;
pub(super) const KIND: Entry = 0xff00;

/// A decoding table in two levels, indexed by the next bits of a stream.
pub(super) struct CodeTable {
    entries: Vec<Entry>,
    bits: u32,
    second_bits: u32,
}

impl CodeTable {
    pub(super) fn new(bits: u32) -> Self {
        Self { entries: Vec::new(), bits, second_bits: 0 }
    }

    #[inline(always)]
    pub(super) fn primary(&self, buffer: u64) -> Entry {
        self.entries.get((buffer & ((1 << self.bits) - 1)) as usize).copied().unwrap_or(INVALID)
    }

    #[inline(always)]
    pub(super) fn second(&self, entry: Entry, buffer: u64) -> Entry {
        let index = (buffer >> self.bits) & ((1 << self.second_bits) - 1);
        self.entries.get((entry >> 16) as usize + index as usize).copied().unwrap_or(INVALID)
    }

    #[inline(always)]
    pub(super) fn entry(&self, buffer: u64) -> Entry {
        let entry = self.primary(buffer);
        if entry & KIND == SECOND { self.second(entry, buffer) } else { entry }
    }

    /// Builds the canonical code of `lengths`; `value` gives each symbol's entry without the bits of its code.
    pub(super) fn build(&mut self, lengths: &[u8], value: impl Fn(usize) -> Entry) -> Option<()> {
        let mut counts = [0_u32; 16];
        for &length in lengths {
            *counts.get_mut(usize::from(length))? += 1;
        }
        counts[0] = 0;
        let longest = (1..16).rev().find(|&length| counts[length as usize] > 0).unwrap_or(0);
        let mut next = [0_u32; 17];
        for length in 1..16 {
            next[length + 1] = (next[length] + counts[length]) << 1;
            if next[length] + counts[length] > 1 << length {
                return None;
            }
        }
        self.second_bits = longest.max(self.bits) - self.bits;
        self.entries.clear();
        self.entries.resize(1 << self.bits, INVALID);
        for (symbol, &length) in lengths.iter().enumerate() {
            let length = u32::from(length);
            if length == 0 {
                continue;
            }
            let code = next[length as usize];
            next[length as usize] += 1;
            let reversed = (code.reverse_bits() >> (32 - length)) as usize;
            // The low byte sums the code and the bits that follow it.
            let entry = match value(symbol) {
                INVALID => INVALID,
                entry => entry + length,
            };
            if length <= self.bits {
                for slot in self.entries[..1 << self.bits].iter_mut().skip(reversed).step_by(1 << length) {
                    *slot = entry;
                }
                continue;
            }
            let prefix = reversed & ((1 << self.bits) - 1);
            if self.entries[prefix] & KIND != SECOND {
                self.entries[prefix] = (self.entries.len() as u32) << 16 | SECOND;
                self.entries.resize(self.entries.len() + (1 << self.second_bits), INVALID);
            }
            let start = (self.entries[prefix] >> 16) as usize;
            let slots = self.entries.get_mut(start..start + (1 << self.second_bits))?;
            for slot in slots.iter_mut().skip(reversed >> self.bits).step_by(1 << (length - self.bits)) {
                *slot = entry;
            }
        }
        Some(())
    }

    /// Lets one look-up consume two literals where both codes lie within the primary index.
    pub(super) fn join_literals(&mut self) {
        for index in (0..1_usize << self.bits).rev() {
            let entry = self.entries[index];
            let rest = self.bits - (entry & 0xff).min(self.bits);
            // Smaller indexes are joined later, so what is looked up here is still a single literal (but for index 0).
            let following = self.entries[index >> (entry & 0xff).min(self.bits)];
            if entry & KIND == LITERAL && following & KIND == LITERAL && following & 0xff <= rest && index > 0 {
                self.entries[index] = LITERAL | ((entry & 0xff) + (following & 0xff));
            }
        }
    }
}
