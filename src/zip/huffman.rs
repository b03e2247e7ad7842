//! The decoding tables of a deflate stream's Huffman codes (RFC 1951, section 3.2): how many bits a symbol takes, and which
//! code is read after it. What a symbol stands for is not kept.

/// Table entries: in the low byte how many bits to consume, of the code and of what follows it.
pub(super) type Entry = u32;
pub(super) const INVALID: Entry = 0;
/// One symbol or two, after which another one comes.
pub(super) const SYMBOL: Entry = 1 << 8;
/// The end of the block.
pub(super) const END: Entry = 1 << 9;
/// The code is longer than the index; the entry's high half is where its second table starts.
const SECOND: Entry = 1 << 10;
/// Where the length of a symbol's own code stands.
const CODE: u32 = 11;
/// A distance follows. Its place is the one that, 16 bits further down, leads to the second half of the tables.
pub(super) const THEN_DISTANCE: Entry = 1 << (16 + INDEX_BITS);

const INDEX_BITS: u32 = 11;
const HALF: usize = 1 << INDEX_BITS;
/// What no code goes beyond, less what the index holds.
const SECOND_BITS: u32 = 15 - INDEX_BITS;

/// The codes of one block, literals and lengths in one half and distances in the other, so that the next look-up follows
/// from the last without a branch: which of them comes cannot be foreseen.
pub(super) struct Codes {
    first: Box<[Entry; 2 * HALF]>,
    seconds: Vec<Entry>,
}

impl Codes {
    pub(super) fn new() -> Self {
        Self { first: Box::new([INVALID; 2 * HALF]), seconds: Vec::new() }
    }

    /// Builds both codes from the lengths of their symbols; the functions give each symbol's entry without its code.
    pub(super) fn build(
        &mut self,
        literals: (&[u8], impl Fn(usize) -> Entry),
        distances: (&[u8], impl Fn(usize) -> Entry),
    ) -> Option<()> {
        self.seconds.clear();
        let (first, second) = self.first.split_at_mut(HALF);
        fill(first, &mut self.seconds, literals.0, literals.1)?;
        fill(second, &mut self.seconds, distances.0, distances.1)?;
        join_literals(first);
        Some(())
    }

    /// The entry of the next bits, after another.
    #[inline(always)]
    pub(super) fn next(&self, before: Entry, bits: u64) -> Entry {
        let half = (before >> 16) as usize & HALF;
        self.first[half | (bits as usize & (HALF - 1))]
    }

    /// What an entry stands for that is no symbol itself.
    pub(super) fn second(&self, entry: Entry, bits: u64) -> Entry {
        if entry & SECOND == 0 {
            return entry;
        }
        let index = (bits >> INDEX_BITS) & ((1 << SECOND_BITS) - 1);
        self.seconds.get((entry >> 16) as usize + index as usize).copied().unwrap_or(INVALID)
    }
}

/// Builds the canonical code of `lengths` into a table, whose length is a power of two, and into second tables where codes
/// are longer than its index; `value` gives each symbol's entry without the bits of its code.
pub(super) fn fill(
    first: &mut [Entry],
    seconds: &mut Vec<Entry>,
    lengths: &[u8],
    value: impl Fn(usize) -> Entry,
) -> Option<()> {
    let bits = first.len().ilog2();
    let mut counts = [0_u32; 16];
    for &length in lengths {
        *counts.get_mut(usize::from(length))? += 1;
    }
    counts[0] = 0;
    let mut next = [0_u32; 17];
    for length in 1..16 {
        next[length + 1] = (next[length] + counts[length]) << 1;
        if next[length] + counts[length] > 1 << length {
            return None;
        }
    }
    first.fill(INVALID);
    for (symbol, &length) in lengths.iter().enumerate() {
        let length = u32::from(length);
        if length == 0 {
            continue;
        }
        let code = next[length as usize];
        next[length as usize] += 1;
        let reversed = (code.reverse_bits() >> (32 - length)) as usize;
        let entry = match value(symbol) {
            INVALID => INVALID,
            entry => (entry + length) | length << CODE,
        };
        if length <= bits {
            first.iter_mut().skip(reversed).step_by(1 << length).for_each(|slot| *slot = entry);
            continue;
        }
        let prefix = reversed & (first.len() - 1);
        if first[prefix] & SECOND == 0 {
            first[prefix] = (seconds.len() as u32) << 16 | SECOND;
            seconds.resize(seconds.len() + (1 << SECOND_BITS), INVALID);
        }
        let start = (first[prefix] >> 16) as usize;
        let slots = seconds.get_mut(start..start + (1 << SECOND_BITS))?;
        slots.iter_mut().skip(reversed >> bits).step_by(1 << (length - bits)).for_each(|slot| *slot = entry);
    }
    Some(())
}

/// Lets one look-up consume a literal and what follows it, where both codes lie within the index.
fn join_literals(literals: &mut [Entry]) {
    let is_literal = |entry: Entry| entry & SYMBOL != 0 && entry & THEN_DISTANCE == 0;
    let bits = literals.len().ilog2();
    // Smaller indexes are joined later, so what is looked up is still a single symbol, but for index 0.
    for index in (1..literals.len()).rev() {
        let entry = literals[index];
        let code = entry & 0xff;
        if !is_literal(entry) || code > bits {
            continue;
        }
        let following = literals[index >> code];
        if following & SYMBOL != 0 && code + (following >> CODE & 0xf) <= bits {
            literals[index] = SYMBOL | following & THEN_DISTANCE | (code + (following & 0xff));
        }
    }
}
