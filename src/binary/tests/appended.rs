//! Data that a program carries behind all that its headers describe.

use super::*;

#[test]
fn data_at_the_end_of_a_program_is_told_from_what_fills_its_last_page() {
    let elf = ElfSample { sections: vec![(".symtab", 240), (".strtab", 80)], ..static_elf() }.build();
    let plain = static_elf().build();
    let windows = |signed| pe(0x8664, &["KERNEL32.dll"], signed);
    for (what, program) in [("ELF", elf), ("ELF without sections", plain), ("PE", windows(false))] {
        let behind = |data: &[u8]| facts(&[&program[..], data].concat()).slices[0].appended;
        let archive = |size| [&b"hsqs"[..], &vec![0; size]].concat();
        for (data, expected) in [
            (Vec::new(), 0),
            (vec![0; 5000], 0),
            (b"trailer".to_vec(), 7),
            (archive(10_000), 10_004),
            ([vec![0; 10_000], b"d3n0".to_vec()].concat(), 10_004),
        ] {
            assert_eq!(behind(&data), expected, "{what}: {} bytes", data.len());
        }
    }
    assert_eq!(facts(&windows(true)).slices[0].appended, 0, "a certificate is described");
}

/// A program of one segment of `held` bytes after 0x200, of which a section says that they are zeros from `empty` on, and
/// another one that there are bytes from `next` on.
fn longer_segment(held: &[u8], empty: u64, flags: u64, next: Option<u64>) -> Vec<u8> {
    let long = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let word = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let at = 0x200 + held.len() as u64;
    let header = static_elf().build()[..24].to_vec();
    let mut bytes =
        [header, long(&[0x1200, 64, at]), word(&[0, 64 | 56 << 16, 1 | 64 << 16, 2 + u32::from(next.is_some())])]
            .concat();
    let size = held.len() as u64;
    bytes.extend([word(&[1, 7]), long(&[0x200, 0x1200, 0x1200, size, size, 0x1000])].concat());
    bytes.resize(0x200, 0);
    bytes.extend(held);
    bytes.extend(vec![0; 64]);
    bytes.extend([word(&[0, 8]), long(&[flags, 0x1200 + empty, 0x200, 8]), vec![0; 24]].concat());
    if let Some(next) = next {
        bytes.extend([word(&[0, 1]), long(&[flags, 0x1200 + next, 0x200 + next, 4]), vec![0; 24]].concat());
    }
    bytes
}

/// As `bun build --compile` makes it: what was `.bss` lies in the file, and data behind it.
#[test]
fn data_in_a_segment_behind_what_takes_no_room() {
    const LOADED: u64 = 3;
    const OF_THREADS: u64 = 0x403;
    let held = [vec![1; 100], vec![0; 8000], b"script".to_vec()].concat();
    for (what, bytes, expected) in [
        ("a script", longer_segment(&held, 100, LOADED, None), 8006),
        ("zeros", longer_segment(&held[..8100], 100, LOADED, None), 0),
        ("behind the segment", longer_segment(&held, held.len() as u64, LOADED, None), 0),
        ("of threads", longer_segment(&held, 100, OF_THREADS, None), 0),
        // The procedure linkage table of powerpc64 lies before the variables.
        ("a linker's own order", longer_segment(&held, 100, LOADED, Some(8100)), 0),
        ("not loaded", longer_segment(&held, 100, 0, None), 0),
    ] {
        assert_eq!(facts(&bytes).slices[0].appended, expected, "{what}");
    }
}
