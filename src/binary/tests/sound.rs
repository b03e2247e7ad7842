//! What loaders refuse or crash on, in files that can be read: one field at a time.

use super::*;

fn number(file: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(file[at..at + 8].try_into().unwrap())
}

fn put(file: &mut [u8], at: usize, value: u64) {
    file[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// Where the program headers of this type stand.
fn headers(file: &[u8], kind: u32) -> Vec<usize> {
    let count = usize::from(u16::from_le_bytes([file[56], file[57]]));
    let all = (0..count).map(|index| 64 + 56 * index);
    all.filter(|at| file[*at..at + 4] == kind.to_le_bytes()).collect()
}

/// The entry of the dynamic segment with this tag.
fn entry(file: &[u8], tag: u64) -> usize {
    let segment = headers(file, 2)[0];
    let (start, size) = (number(file, segment + 8) as usize, number(file, segment + 32) as usize);
    (start..start + size).step_by(16).find(|at| number(file, *at) == tag).unwrap()
}

fn state(file: &mut [u8], tag: u64, value: u64) {
    let at = entry(file, tag);
    put(file, at + 8, value);
}

/// Puts this entry in place of the one with a tag.
fn replace(file: &mut [u8], tag: u64, (other, value): (u64, u64)) {
    let at = entry(file, tag);
    put(file, at, other);
    put(file, at + 8, value);
}

fn library() -> ElfSample {
    let base = ElfSample { interpreter: None, flags_1: 0, soname: Some("libx.so"), ..glibc_elf() };
    ElfSample { hash: SampleHash::Gnu, defined: vec!["own"], ..base }
}

type Edit = fn(&mut Vec<u8>);

const FAR: u64 = 0x7_ffff_f000;

#[test]
fn what_loaders_refuse_is_malformed() {
    let unchanged: Edit = |_| {};
    let rows: [(&str, Edit, bool, bool); 13] = [
        // Whether it is refused of a library and of a program.
        ("as it is", unchanged, false, false),
        (
            "less memory",
            |file| {
                let at = headers(file, 1)[0];
                put(file, at + 40, 1)
            },
            true,
            true,
        ),
        ("no strings", |file| state(file, 5, FAR), true, true),
        ("no symbols", |file| state(file, 6, FAR), true, true),
        ("no versions of symbols", |file| state(file, 0x6fff_fff0, FAR), true, true),
        ("versions without those of symbols", |file| replace(file, 0x6fff_fff0, (0x6000_1000, 0)), true, true),
        ("no hash table", |file| state(file, 0x6fff_fef5, FAR), true, true),
        ("a version of the format", |file| file[6] = 0, true, false),
        ("another one", |file| file[20] = 0, true, false),
        ("a version of the convention", |file| file[8] = 1, true, false),
        ("what has to be zero", |file| file[12] = 1, true, false),
        (
            "symbol versions of another form",
            |file| {
                let at = number(file, entry(file, 0x6fff_fffe) + 8) as usize;
                file[at] = 0;
            },
            true,
            true,
        ),
        (
            "no dynamic segment",
            |file| {
                let at = headers(file, 2)[0];
                file[at..at + 4].fill(0)
            },
            // Without it nothing but its name says that this is a library.
            false,
            true,
        ),
    ];
    for (name, edit, of_library, of_program) in rows {
        let program = ElfSample { interpreter: glibc_elf().interpreter, soname: None, ..library() };
        for (sample, is_refused) in [(library(), of_library), (program, of_program)] {
            let mut bytes = sample.build();
            edit(&mut bytes);
            let found = read(&bytes);
            assert_eq!(found.is_err(), is_refused, "{name}: {found:?}");
        }
    }
}

#[test]
fn segments_are_loaded_in_the_order_of_their_addresses() {
    let sample = ElfSample { layout: SampleLayout::Patched, ..library() };
    let mut bytes = sample.build();
    assert!(read(&bytes).is_ok());
    let [first, second] = headers(&bytes, 1)[..] else { panic!("two segments") };
    let (one, other) = (bytes[first..first + 56].to_vec(), bytes[second..second + 56].to_vec());
    bytes[first..first + 56].copy_from_slice(&other);
    bytes[second..second + 56].copy_from_slice(&one);
    assert!(read(&bytes).unwrap_err().to_string().contains("not in the order"));
}

#[test]
fn relocations_of_another_size_or_form() {
    let mut bytes = library().build();
    replace(&mut bytes, 0x6fff_fffb, (9, 16));
    assert!(read(&bytes).unwrap_err().to_string().contains("16 bytes each, not 24"));
    replace(&mut bytes, 9, (9, 24));
    assert!(read(&bytes).is_ok());
    // A form that Android's loader alone reads.
    for tag in [0x6000_000f, 0x6000_0011, 0x6fff_e000] {
        let mut bytes = library().build();
        replace(&mut bytes, 0x6fff_fffb, (tag, 0));
        let [Objection::System { found, .. }, ..] = &objections_to(&bytes, "manylinux_2_39_x86_64")[..] else {
            panic!("{tag:#x}")
        };
        assert_eq!(found, "Android");
    }
}

#[test]
fn a_file_without_its_code_is_one_of_debugging_symbols() {
    let mut bytes = library().build();
    for at in headers(&bytes, 1).into_iter().chain(headers(&bytes, 2)) {
        put(&mut bytes, at + 32, 0);
        put(&mut bytes, at + 40, 0x1000);
        bytes[at + 4] |= 1;
    }
    assert!(read(&bytes).unwrap_err().is_of_debug_symbols());
}

#[test]
fn variables_of_threads_beside_the_programs_need_room() {
    // A relocation of `R_X86_64_TPOFF64`, and a segment of such variables in place of what says how the stack is.
    let sample = || ElfSample { undefined: vec![("used", false)], ..library() };
    let with_room_for = |size: u64, sample: ElfSample| {
        let mut bytes = sample.build();
        let at = headers(&bytes, 0x6474_e551)[0];
        bytes[at..at + 4].copy_from_slice(&7_u32.to_le_bytes());
        put(&mut bytes, at + 40, size);
        bytes
    };
    let module = |size, relocation, indirect| with_room_for(size, ElfSample { relocation, indirect, ..sample() });
    let objects = |bytes: &[u8], member: &str, tag: &str| {
        let facts = facts(bytes);
        let found =
            super::super::promise::objections(&facts, &tag.parse().unwrap(), member, &BundledLibraries::default());
        found.iter().any(|it| matches!(it, Objection::StaticTls { .. }))
    };
    let (glibc, own) = ("manylinux_2_17_x86_64", module(4096, 18, true));
    assert!(objects(&own, "m.abi3.so", glibc));
    assert!(!objects(&own, "libm.so", glibc), "it may be loaded with a program");
    assert!(!objects(&module(2048, 18, true), "m.abi3.so", glibc), "there is room");
    assert!(!objects(&module(4096, 6, true), "m.abi3.so", glibc), "another relocation");
    assert!(!objects(&module(4096, 18, false), "m.abi3.so", glibc), "another file's variable");
    let second = ElfSample { relocation: 18, indirect: false, unnamed_relocation: Some(18), ..sample() };
    assert!(objects(&with_room_for(4096, second), "m.abi3.so", glibc), "an own variable behind another file's");
}
