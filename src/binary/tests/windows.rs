//! Windows, and files of a format that is not the tag's.

use super::*;

#[test]
fn windows_has_one_tag_per_machine() {
    let bytes = pe(0x8664, &["KERNEL32.dll", "VCRUNTIME140.dll"], true);
    let slice = &facts(&bytes).slices[0];
    assert_eq!(
        (slice.kind, slice.linkage, &slice.signature),
        (Kind::Executable, Linkage::Dynamic, &Signature::Present)
    );
    assert_eq!(slice.minimum_os(), Some(OsVersion::new(6, 0)));
    assert_eq!(honest(&bytes), ["win_amd64"]);
    let found = objections_to(&bytes, "win_amd64");
    assert!(matches!(found.as_slice(), [Objection::NeededLibrary { absence: Absence::Unlikely, .. }]), "{found:?}");
    assert_eq!(found[0].weight(), Weight::Warning);
    assert_eq!(objections_to(&bytes, "win_arm64")[0].weight(), Weight::WrongMachine);
    assert_eq!(honest(&pe(0xaa64, &["kernel32.dll"], false)), ["win_arm64"]);
    let foreign = objections_to(&pe(0x8664, &["foo.dll"], false), "win_amd64");
    assert!(matches!(foreign.as_slice(), [Objection::NeededLibrary { absence: Absence::Fatal, .. }]));
}

#[test]
fn code_for_arm_in_the_form_of_x64_is_none() {
    let of = |machine, is_hybrid| PeSample { machine, imports: &["kernel32.dll"], is_hybrid, ..PeSample::default() };
    for (machine, is_hybrid, name, tags) in [
        (0x8664, false, "x86_64", vec!["win_amd64"]),
        (0x8664, true, "arm64ec", vec![]),
        // Code for both, and of 32 bits, whose structure is another one.
        (0xaa64, true, "aarch64", vec!["win_arm64"]),
        (0x14c, true, "i686", vec!["win32"]),
    ] {
        let bytes = of(machine, is_hybrid).build();
        assert_eq!(facts(&bytes).machines().to_string(), name);
        assert_eq!(honest(&bytes), tags, "{name}");
        let is_refused = objections_to(&bytes, "win_amd64").iter().any(|it| it.weight() == Weight::WrongMachine);
        assert_eq!(is_refused, tags != ["win_amd64"], "{name}");
    }
}

#[test]
fn imports_end_where_loaders_end_them() {
    let names = |bytes: &[u8]| {
        let needed = facts(bytes).slices[0].needed.clone();
        needed.iter().map(|it| (it.name.clone(), it.optional)).collect::<Vec<_>>()
    };
    for machine in [0x8664, 0x14c] {
        let sample = PeSample { machine, imports: &["a.dll", "b.dll"], delayed: &["c.dll"], ..PeSample::default() };
        let all = [("a.dll".to_owned(), false), ("b.dll".to_owned(), false), ("c.dll".to_owned(), true)];
        assert_eq!(names(&sample.build()), all);
        assert_eq!(names(&PeSample { has_addresses: true, ..sample }.build()), all);
        // The last entry has a date, and the second no list, which ends as well.
        let start = sample.build().len() - 1;
        for (at, to, expected) in
            [(2 * 20 + 4, vec![7; 4], &all[..]), (20 + 16, vec![0; 4], &[all[0].clone(), all[2].clone()])]
        {
            let mut bytes = sample.build();
            let section = bytes.windows(4).position(|window| window == PE_SECTION).unwrap();
            let raw = u32::from_le_bytes(bytes[section + 20..section + 24].try_into().unwrap()) as usize;
            assert!(raw < start);
            bytes[raw + at..raw + at + 4].copy_from_slice(&to);
            assert_eq!(names(&bytes), expected, "{machine:#x} {at}");
        }
    }
}

/// What the name of a sample's section begins with.
const PE_SECTION: &[u8] = b".ida";

#[test]
fn a_binary_of_another_format_is_the_wrong_machine() {
    let samples = [static_elf().build(), mac(ARM64, 11, 0).build(), pe(0x8664, &[], false)];
    for (index, tag) in ["manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64"].into_iter().enumerate() {
        for (other, bytes) in samples.iter().enumerate() {
            let refused = objections_to(bytes, tag).iter().any(|found| found.weight() == Weight::WrongMachine);
            assert_eq!(refused, index != other, "{tag} {other}");
        }
    }
    assert!(matches!(objections_to(&samples[0], "any").as_slice(), [Objection::NativeCode]));
}

/// By the names of sections: those of GNU tools stand behind the symbols where they are longer than eight bytes.
#[test]
fn debugging_information_is_seen_under_short_and_long_names() {
    let plain = pe(0x8664, &["KERNEL32.dll"], false);
    let header = u32::from_le_bytes(plain[0x3c..0x40].try_into().unwrap()) as usize;
    let optional = usize::from(u16::from_le_bytes(plain[header + 20..header + 22].try_into().unwrap()));
    let named = |name: &[u8; 8], strings: &[u8]| {
        let mut bytes = plain.clone();
        let at = header + 24 + optional;
        bytes[at..at + 8].copy_from_slice(name);
        let end = u32::try_from(bytes.len()).unwrap();
        bytes[header + 12..header + 16].copy_from_slice(&end.to_le_bytes());
        bytes.extend((strings.len() as u32 + 4).to_le_bytes());
        bytes.extend(strings);
        facts(&bytes).slices[0].debug_info
    };
    for (name, strings, has_it) in [
        (b".debug_x", &b""[..], true),
        (b"/4\0\0\0\0\0\0", b".debug_info\0", true),
        (b"/6\0\0\0\0\0\0", b"x\0.zdebug_line\0", true),
        (b"/4\0\0\0\0\0\0", b".eh_frame_of\0", false),
        (b"/9999\0\0\0", b".debug_info\0", false),
        (b".text\0\0\0", b".debug_info\0", false),
    ] {
        assert_eq!(named(name, strings), has_it, "{}", name.escape_ascii());
    }
}
