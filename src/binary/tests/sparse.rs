//! Files of which a part was not kept say the same as whole ones, or are read again.

use std::io::{self, Write};
use std::ops::Range;

use super::*;
use crate::binary::elf;
use crate::binary::read::facts;
use crate::binary::sparse::{Bytes, LeftOut};
use crate::samples::dependencies::{AUDITABLE, MODULES, dep_v0, elf_section_address, elf_with, go_inline, go_pointers};

fn spooled(
    bytes: &[u8],
    again: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Option<Result<Facts, BinaryError>> {
    let mut spool = Spool::default();
    bytes.chunks(128 << 10).for_each(|chunk| spool.write_all(chunk).unwrap());
    spool.read(again).unwrap()
}

/// A real program, whose code is more than all else in it.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_program_is_read_without_its_code() {
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let code: Vec<Range<u64>> = elf::code(&bytes[..128 << 10]);
    assert!(code.iter().any(|range| range.end - range.start > 4 << 20), "{code:?}");
    let found = spooled(&bytes, |_| panic!("what was left out was asked for"));
    let whole = read(&bytes).unwrap();
    assert_eq!(found.unwrap().unwrap(), whole);
    assert_eq!(read_file(&std::env::current_exe().unwrap()).unwrap().unwrap(), whole);
}

#[test]
fn a_program_with_tables_among_its_code_is_read_again() {
    const MOVED: u64 = 1 << 20;
    let sample = ElfSample { undefined: vec![("memcpy", false)], ..glibc_elf() }.build();
    let long = |bytes: &[u8], at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().unwrap());
    let (table, count) = (long(&sample, 32) as usize, usize::from(sample[56]));
    let mut bytes = sample.clone();
    for at in (0..count).map(|number| table + number * 56) {
        // Segments are readable code now, and lie farther behind.
        bytes[at + 4] = 5;
        let offset = long(&sample, at + 8) + MOVED;
        bytes[at + 8..at + 16].copy_from_slice(&offset.to_le_bytes());
        if bytes[at] == 1 {
            bytes[at + 32..at + 40].copy_from_slice(&(2 * MOVED).to_le_bytes());
            bytes[at + 40..at + 48].copy_from_slice(&(2 * MOVED).to_le_bytes());
        }
    }
    bytes.resize(MOVED as usize, 0);
    bytes.extend(&sample);
    bytes.resize(4 * MOVED as usize, 0);
    let whole = read(&bytes).unwrap();
    assert_eq!(whole.glibc_floor(), Some(OsVersion::new(2, 17)));
    assert!(!elf::code(&bytes[..4096]).is_empty());
    let mut times = 0;
    let found = spooled(&bytes, |out| {
        times += 1;
        out.write_all(&bytes)
    });
    assert_eq!((found.unwrap().unwrap(), times), (whole.clone(), 1));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("program");
    std::fs::write(&path, [bytes, vec![0; 4 * MOVED as usize]].concat()).unwrap();
    assert_eq!(read_file(&path).unwrap().unwrap(), whole);
}

#[test]
fn files_beside_the_programs_may_have_any_size() {
    let directory = tempfile::tempdir().unwrap();
    let (data, program) = (directory.path().join("data"), directory.path().join("program"));
    std::fs::File::create(&data).unwrap().set_len(5 << 30).unwrap();
    std::fs::write(&program, static_elf().build()).unwrap();
    let files = [("tool/data".to_owned(), data), ("tool/bin/tool".to_owned(), program)];
    let found = Inventory::of_files(files).unwrap();
    assert_eq!((found.binaries().len(), found.damaged().len()), (1, 0));
}

fn programs() -> Vec<Vec<u8>> {
    let go = go_pointers("go1.17", MODULES, elf_section_address());
    vec![
        glibc_elf().build(),
        static_elf().build(),
        musl_library().build(),
        ElfSample { class64: false, machine: 40, flags: 0x0500_0400, arm_version: Some(10), ..glibc_elf() }.build(),
        elf_with(".dep-v0", &dep_v0(AUDITABLE)),
        elf_with(".go.buildinfo", &go_inline("go1.25.1", MODULES)),
        elf_with(".go.buildinfo", &go),
        mac(ARM64, 11, 0).build(),
        pe(0x8664, &["KERNEL32.dll"], true),
        fat(&[AMD64, ARM64].map(|cpu| (cpu, mac(cpu, 11, 0).build()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_left_out_is_never_guessed(
        which in 0..10_usize,
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 1..60_usize), 1..4),
        filling: u8,
    ) {
        let whole = programs().swap_remove(which);
        let mut bytes = whole.clone();
        let mut cuts: Vec<_> = cuts.into_iter().map(|(start, length)| (start.index(bytes.len()), length)).collect();
        cuts.sort_unstable();
        let mut gaps: Vec<Range<u64>> = Vec::new();
        for (start, length) in cuts {
            let start = start.max(gaps.last().map_or(0, |gap| gap.end as usize));
            let end = (start + length).min(bytes.len());
            bytes[start..end].fill(filling);
            gaps.push(start as u64..end as u64);
        }
        let left_out = LeftOut::of(gaps);
        let found = facts(Bytes::of(&bytes, &left_out));
        prop_assert!(left_out.was_asked_for() || found == facts(whole[..].into()));
    }
}
