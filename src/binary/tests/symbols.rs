//! Symbols, strings and sections, as the loader sees them.

use super::*;

fn undefined(bytes: &[u8]) -> Vec<String> {
    let facts = facts(bytes);
    let Details::Elf(details) = &facts.slices[0].details else { panic!("{facts:?}") };
    details.undefined.iter().map(|symbol| symbol.name.clone()).collect()
}

#[test]
fn symbols_are_counted_by_the_hash_tables() {
    for layout in [SampleLayout::Plain, SampleLayout::Patched, SampleLayout::Split(0), SampleLayout::Split(8192)] {
        for (class64, big_endian, machine) in [(true, false, 62), (false, false, 3), (true, true, 22)] {
            let sample = ElfSample { class64, big_endian, machine, layout, ..musl_library() };
            let bare = ElfSample { hash: SampleHash::Gnu, ..sample.clone() };
            for hash in [SampleHash::SysV, SampleHash::Gnu] {
                let defining = ElfSample { hash, defined: vec!["first", "second"], ..sample.clone() };
                assert_eq!(undefined(&defining.build()), ["memcpy", "strlen"]);
            }
            assert_eq!(undefined(&bare.build()), ["memcpy", "strlen"]);
            let needed = &facts(&bare.build()).slices[0].needed;
            assert_eq!(needed[0].name, "libc.musl-x86_64.so.1");
        }
    }
}

#[test]
fn what_a_table_has_in_the_last_page_of_its_segment_is_loaded() {
    // Where p_memsz of the first program header stands, and its width.
    for (class64, machine, memory) in [(true, 62, 64 + 40), (false, 3, 52 + 20)] {
        let sample = ElfSample { class64, machine, layout: SampleLayout::Overrun, ..musl_library() };
        let mut bytes = sample.build();
        assert_eq!(facts(&bytes).slices[0].needed[0].name, "libc.musl-x86_64.so.1");
        assert_eq!(undefined(&bytes), ["memcpy", "strlen"]);
        // More memory than file: the loader clears the rest of the page.
        bytes[memory] = bytes[memory].wrapping_add(1);
        assert!(matches!(read(&bytes), Err(BinaryError::Truncated { .. })), "{class64}");
    }
    // In a page that another segment takes too, that one's bytes are there.
    let split = ElfSample { layout: SampleLayout::Split(4096), ..musl_library() };
    let mut bytes = split.build();
    let last = 64 + 5 * 56;
    // Its file begins a page before its memory; moved behind the strings, it leaves them to nobody.
    let address = u64::from_le_bytes(bytes[last + 16..last + 24].try_into().unwrap());
    let offset = u64::from_le_bytes(bytes[last + 8..last + 16].try_into().unwrap());
    let size = u64::from_le_bytes(bytes[last + 32..last + 40].try_into().unwrap());
    for (at, value) in [(8, offset + 64), (16, address + 64), (32, size - 64), (40, size - 64)] {
        bytes[last + at..last + at + 8].copy_from_slice(&value.to_le_bytes());
    }
    assert!(matches!(read(&bytes), Err(BinaryError::Truncated { .. })));
}

#[test]
fn offset_and_address_have_the_same_place_in_a_page() {
    let library = |skew, align| ElfSample { skew, align, ..musl_library() }.build();
    let refused = |bytes: &[u8]| matches!(read(bytes), Err(BinaryError::Malformed { .. }));
    assert!(refused(&library(0x1010, 0x1000)) && refused(&library(8, 1)));
    assert!(!refused(&library(0x1000, 0x1000)) && !refused(&library(0, 0x1_0000)));
    // The kernel maps programs by its own pages; the loader maps libraries as they ask.
    assert!(refused(&library(0x1000, 0x1_0000)));
    assert!(!refused(&ElfSample { skew: 0x1000, align: 0x1_0000, ..glibc_elf() }.build()));
    let message = read(&library(0x1010, 0x1000)).unwrap_err().to_string();
    assert_eq!(
        message,
        "the ELF file is malformed: a segment lies at offset 0x0 and is to be loaded at 0x1010, which differ modulo \
         0x1000, so that the loader refuses it"
    );
}

#[test]
fn debugging_sections_are_weighed() {
    let sections = |sections: &[(&'static str, usize)]| {
        let bytes = ElfSample { sections: sections.to_vec(), ..glibc_elf() }.build();
        let Details::Elf(details) = facts(&bytes).slices[0].details.clone() else { panic!() };
        details.debug_sections.iter().map(|section| (section.name, section.size)).collect::<Vec<_>>()
    };
    assert_eq!(sections(&[(".symtab", 48), (".strtab", 20)]), [(".strtab", 20), (".symtab", 48)]);
    assert_eq!(sections(&[(".debug_frame", 30), (".debug_str", 12)]), [(".debug_*", 42)]);
    assert_eq!(sections(&[(".comment", 30), (".note.x", 12)]), []);
}
