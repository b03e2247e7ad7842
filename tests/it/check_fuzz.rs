//! Mutated input for every parser of bytes from outside: nothing may panic or run away. `RELKIT_FUZZ_ROUNDS` sets how
//! many inputs each parser gets; the seed is fixed, so a run can be repeated. docs/fuzzing.md says what has been run.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;

use crate::support::target_directory;
use targets::{TARGETS, Target};

/// Inputs per parser in a test run; enough to notice what is badly broken.
const ROUNDS: u64 = 300;

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// A place in an input; half of them near its ends, where headers and directories are.
    fn place(&mut self, length: usize) -> usize {
        match self.below(4) {
            0 => self.below(length.min(256)),
            1 => length - 1 - self.below(length.min(700)),
            _ => self.below(length),
        }
    }

    fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        const VALUES: [u64; 10] = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX, 0x504b_0506];
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(6) {
            if bytes.is_empty() {
                bytes.push(0);
            }
            let at = self.place(bytes.len());
            match self.below(8) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.next() as u8,
                2 | 3 => {
                    let (value, width) = (VALUES[self.below(VALUES.len())].to_le_bytes(), [1, 2, 4, 8][self.below(4)]);
                    bytes.iter_mut().skip(at).zip(&value[..width]).for_each(|(byte, value)| *byte = *value);
                }
                4 => bytes.truncate(at),
                5 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    bytes.drain(at..end);
                }
                6 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = self.place(bytes.len());
                    bytes.splice(to..to, copy);
                }
                _ if !other.is_empty() => {
                    let from = self.below(other.len());
                    let end = (from + self.below(64)).min(other.len());
                    bytes.splice(at..at, other[from..end].iter().copied());
                }
                _ => bytes.push(self.next() as u8),
            }
        }
        bytes
    }
}

/// Feeds mutations of the seeds to a parser.
fn fuzz(seed: u64, target: &Target, rounds: u64) {
    let seeds = (target.seeds)();
    seeds.iter().for_each(|input| (target.parse)(input));
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    for _ in 0..rounds {
        let (input, other) = (random.below(seeds.len()), random.below(seeds.len()));
        (target.parse)(&random.mutate(&seeds[input], &seeds[other]));
    }
}

#[test]
fn mutated_input_is_answered() {
    let rounds = std::env::var("RELKIT_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    for (seed, target) in (1..).zip(&TARGETS) {
        // Small inputs are cheap, and where what they hold has many forms it takes more of them.
        let times = if matches!(target.name, "elf" | "macho" | "pe" | "names") { 4 } else { 1 };
        fuzz(seed, target, times * rounds);
    }
}

#[test]
#[ignore = "long: thousands of inputs for each parser; mutated_input_is_answered is the short form"]
fn much_mutated_input_is_answered() {
    TARGETS.iter().for_each(|target| fuzz(0x5eed, target, 2_500));
}

/// libFuzzer begins with what the mutations here begin with; `target/fuzz-seeds/NAME` is given to it as a corpus.
#[test]
fn every_target_has_its_program_and_seeds() {
    for target in &TARGETS {
        let directory = target_directory().join("fuzz-seeds").join(target.name);
        fs::create_dir_all(&directory).unwrap();
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(directory.join(number.to_string()), seed).unwrap();
        }
    }
    let programs = crate::support::names(&crate::support::repository().join("fuzz/fuzz_targets"));
    let mut expected: Vec<_> = TARGETS.iter().map(|target| format!("{}.rs", target.name)).collect();
    expected.sort();
    assert_eq!(programs, expected);
}
