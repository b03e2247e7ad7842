//! Which version of Arm the code of a file is for as a whole. The attributes of a file name the highest version of all that was
//! linked into it: a library that chooses code for NEON at run time makes a file for version 6 one for version 7 by its words.

/// Less code than this says nothing.
const MIN_CODE: usize = 64 << 10;

/// How many words there are at least to one that loads half a constant (`MOVW`, `MOVT`), where few of them are of version 7.
/// Compilers for that version write one in two hundred, and those for version 6 none.
const RARE_ARM: usize = 2000;
const RARE_THUMB: usize = 5000;

/// Whether compilers for version 7 wrote hardly any of this code, although some of it is for that version.
pub(super) fn is_mostly_of_version_6<'a>(segments: impl Iterator<Item = &'a [u8]>) -> bool {
    let (mut words, mut arm, mut thumb) = (0, 0, 0);
    for code in segments {
        let halves: &[[u8; 2]] = code.as_chunks().0;
        words += halves.len() / 2;
        for pair in halves.windows(2) {
            let (first, second) = (u16::from_le_bytes(pair[0]), u16::from_le_bytes(pair[1]));
            // `MOVW` and `MOVT` of Thumb-2: a register below 16, and an immediate in four parts (Arm ARM, A8.8.102, A8.8.106).
            thumb += usize::from(matches!(first & 0xfbf0, 0xf240 | 0xf2c0) && second & 0x8000 == 0);
        }
        let second_halves = halves.as_chunks::<2>().0.iter().map(|word| u16::from_le_bytes(word[1]));
        arm += second_halves.filter(|half| matches!(half & 0xfff0, 0xe300 | 0xe340)).count();
    }
    words * 4 >= MIN_CODE && arm * RARE_ARM < words && thumb * RARE_THUMB < words * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_of_the_version_that_most_of_it_was_written_for() {
        let mov = |code: &mut Vec<u8>, every: usize, word: u32| {
            for at in (0..code.len() / 4).step_by(every) {
                code[4 * at..4 * at + 4].copy_from_slice(&word.to_le_bytes());
            }
        };
        let with = |size: usize, every: usize, word: u32| {
            let mut code = vec![0_u8; size];
            mov(&mut code, every, word);
            is_mostly_of_version_6([code.as_slice()].into_iter())
        };
        let (movw, movt, thumb) = (0xe304_5678, 0xe344_5678, 0x1234_f245);
        for word in [movw, movt, thumb] {
            assert!(!with(1 << 20, 200, word), "{word:x}");
            assert!(with(1 << 20, 100_000, word), "{word:x}");
            assert!(!with(1 << 10, 100_000, word), "little code says nothing");
        }
        assert!(!is_mostly_of_version_6(std::iter::empty()));
    }
}
