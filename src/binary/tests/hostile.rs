//! What is no binary, contradicts itself, or is cut short or changed.

use super::*;

#[test]
fn what_is_no_binary_is_named() {
    let java = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65][..], &[0; 100]].concat();
    let object = ElfSample { kind: 1, ..static_elf() }.build();
    let narrow = [&0xfeed_face_u32.to_le_bytes()[..], &[0; 60]].concat();
    let cases: [(&[u8], &str); 12] = [
        (b"", "the file is empty"),
        (b"#!/bin/sh\necho hello\n", "the file is a script, not an executable or a shared library"),
        (
            b"MZ is how this letter begins, and it goes on for quite some lines after that\n",
            "the file is text, not an executable",
        ),
        (&[0, 1, 2, 3], "the file is not an ELF, Mach-O or PE binary"),
        (b"!<arch>\nfoo.o/  ", "the file is a static library, not an executable or a shared library"),
        (&java, "the file is a Java class, not an executable or a shared library"),
        (b"PK\x03\x04abc", "the file is a zip archive, not an executable or a shared library"),
        (b"BZh91AY&SY", "the file is a bzip2-compressed file, not an executable or a shared library"),
        (&object, "the file is an object file, not an executable or a shared library"),
        (&narrow, "the file is a 32-bit Mach-O file, not an executable or a shared library"),
        (b"\x7fELF", "the ELF file is cut short: the file header lies beyond its end"),
        (b"MZ", "the PE file is cut short: the DOS header lies beyond its end"),
    ];
    for (bytes, message) in cases {
        let error = read(bytes).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.exit(), Exit::NotGood);
    }
}

#[test]
fn headers_that_contradict_themselves_are_refused() {
    let refused = |bytes: &[u8]| matches!(read(bytes), Err(BinaryError::Malformed { .. }));
    assert!(refused(&ElfSample { big_endian: true, ..static_elf() }.build()));
    assert!(refused(&ElfSample { machine: 3, ..static_elf() }.build()));
    let slice = mac(ARM64, 11, 0).build();
    assert!(refused(&fat(&[(AMD64, slice.clone())])));
    assert!(refused(&fat(&[(ARM64, slice.clone()), (ARM64, slice)])));
    let mut wide = pe(0x8664, &[], false);
    wide[68..70].copy_from_slice(&0x14c_u16.to_le_bytes());
    assert!(refused(&wide));
}

/// A copy that stopped, or a file system that lost pages, leaves zeros behind the header.
#[test]
fn what_is_zeroed_behind_its_header_is_refused() {
    let module =
        || ElfSample { kind: 3, needed: vec!["libc.so.6"], undefined: vec![("PyLong_Type", false)], ..static_elf() };
    let narrow = || ElfSample { class64: false, machine: 40, ..module() };
    let windows = || PeSample { machine: 0x8664, imports: &["a.dll"], is_library: true, ..PeSample::default() };
    let zeroed = |mut bytes: Vec<u8>, from: usize| {
        bytes[from..].fill(0);
        bytes
    };
    // The type of the program header of this kind becomes another that says nothing.
    let without = |kind: u32| {
        let mut bytes = module().build();
        for at in (64..64 + 5 * 56).step_by(56).filter(|at| module().build()[*at..*at + 4] == kind.to_le_bytes()) {
            bytes[at..at + 4].fill(0);
        }
        // Nothing starts it.
        bytes[24..32].fill(0);
        bytes
    };
    // A tag of the dynamic segment becomes one that says nothing.
    let unstated = |tag: u64| {
        let mut bytes = ElfSample { soname: Some("a.so"), ..module() }.build();
        let dynamic = (64..64 + 5 * 56).step_by(56).find(|at| bytes[*at] == 2).unwrap();
        let start = u64::from_le_bytes(bytes[dynamic + 8..dynamic + 16].try_into().unwrap()) as usize;
        let at = (start..).step_by(16).find(|at| bytes[*at..*at + 8] == tag.to_le_bytes()).unwrap();
        bytes[at..at + 8].copy_from_slice(&0x6fff_fef0_u64.to_le_bytes());
        bytes
    };
    // Where code begins is where the section does, which is zero but for names.
    let begun = |entry: u32, bytes: Vec<u8>| {
        let mut bytes = bytes;
        bytes[64 + 24 + 16..64 + 24 + 20].copy_from_slice(&entry.to_le_bytes());
        bytes
    };
    let segments = "it has no loadable segment, so that the loader refuses it";
    let empty = "its dynamic segment is empty, so that no loader can use it";
    let tables = "its dynamic segment names no table of symbols or strings";
    let code = "there are zeros where its code is to begin";
    let (headers, whole) = (64 + 5 * 56, 64 + 24 + 240 + 40);
    for (bytes, expected) in [
        (module().build(), None),
        (zeroed(module().build(), 64), Some(segments)),
        (zeroed(narrow().build(), 52), Some(segments)),
        (zeroed(static_elf().build(), 64), Some(segments)),
        (zeroed(module().build(), headers), Some(empty)),
        (zeroed(glibc_elf().build(), headers), Some(empty)),
        (without(1), Some(segments)),
        (without(2), Some("it is a library and has no dynamic segment, so that the loader refuses it")),
        (unstated(6), Some(tables)),
        (unstated(5), Some("the name of a needed library lies beyond its end")),
        (unstated(0x6fff_fff0), None),
        (ElfSample { needed: vec![""], ..module() }.build(), Some("the name of a needed library is empty")),
        (begun(0x1000, windows().build()), None),
        (begun(0x1000, zeroed(windows().build(), whole)), Some(code)),
        // A library may have no place where code begins, and what lies in no section is not judged.
        (zeroed(windows().build(), whole), None),
        (begun(0x100, zeroed(windows().build(), whole)), None),
    ] {
        let said = read(&bytes).err().map(|error| error.to_string());
        let is_so = said.as_deref().is_some_and(|said| expected.is_some_and(|expected| said.ends_with(expected)));
        assert!(is_so || said.is_none() && expected.is_none(), "{said:?} {expected:?}");
    }
}

fn whole_samples() -> Vec<Vec<u8>> {
    vec![
        static_elf().build(),
        ElfSample { runpath: Some("$ORIGIN"), soname: Some("libx.so"), ..glibc_elf() }.build(),
        ElfSample { class64: false, machine: 40, ..glibc_elf() }.build(),
        ElfSample { hash: SampleHash::Gnu, layout: SampleLayout::Split(4096), ..musl_library() }.build(),
        mac(ARM64, 11, 0).build(),
        fat(&[(AMD64, mac(AMD64, 10, 12).build()), (ARM64, mac(ARM64, 11, 0).build())]),
        pe(0x8664, &["KERNEL32.dll", "foo.dll"], true),
    ]
}

/// A library of musl that uses one function and has another.

#[test]
fn every_truncation_is_an_error_or_still_whole() {
    for bytes in whole_samples() {
        assert!(read(&bytes).is_ok());
        // An ELF file is loaded to its last byte; the others may lose a signature's end and stay readable.
        for length in 0..bytes.len() {
            let outcome = read(&bytes[..length]);
            assert!(outcome.is_err() || bytes[0] != 0x7f, "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn many_names_for_one_long_string_cost_little() {
    let name: &'static str = Box::leak("x".repeat(4000).into_boxed_str());
    let sample = ElfSample { undefined: vec![(name, false); 1], ..glibc_elf() };
    let repeated = ElfSample { undefined: (0..200).map(|_| (name, false)).collect(), ..sample };
    assert!(read(&repeated.build()).is_ok());
    let mut strings = super::bytes::Strings::of(Format::Elf);
    let refused = (0..20_000).find(|_| strings.take(name.as_bytes(), "a name").is_err());
    assert!(refused.is_some_and(|taken| taken > 1000));
}

/// Whatever comes in, every step answers.
fn exercise(bytes: &[u8]) {
    let _ = Magic::of(bytes);
    if let Ok(facts) = read(bytes) {
        let inventory = Inventory::new(vec![("bin/x".into(), facts.clone()), ("lib/y".into(), facts)]);
        for tag in inventory.honest_tags() {
            assert!(inventory.honours(&tag), "{tag}");
        }
        let _ = inventory.choose_tags(&seed_rows());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..512), magic in 0..7_usize) {
        let magics: [&[u8]; 7] = [
            b"", b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x02\x01", b"MZ", &[0xcf, 0xfa, 0xed, 0xfe],
            &[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2], &[0xca, 0xfe, 0xba, 0xbf, 0, 0, 0, 1],
        ];
        exercise(&[magics[magic], &bytes].concat());
    }

    #[test]
    fn mutated_files_are_answered(
        which in 0..7_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = whole_samples().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise(&bytes);
    }

    #[test]
    fn words_of_extremes_are_answered(
        which in 0..7_usize,
        at in any::<prop::sample::Index>(),
        word in prop::sample::select(vec![0_u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0, 0x1000]),
    ) {
        let mut bytes = whole_samples().swap_remove(which);
        let at = at.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        exercise(&bytes);
    }
}
