//! What of a wheel nothing loads, and what that means for its tags.

use std::collections::HashMap;

use super::*;

const PROGRAM: u32 = 0o100_755;
const DATA: u32 = 0o100_644;

fn elf(machine: u16) -> Vec<u8> {
    ElfSample { machine, ..static_elf() }.build()
}

fn windows(machine: u16, is_library: bool) -> Vec<u8> {
    PeSample { machine, imports: &["kernel32.dll"], is_library, ..PeSample::default() }.build()
}

/// A wheel that holds these files with these modes; the tag is that of its name.
fn wheel(tag: &str, members: &[(&str, u32, Vec<u8>)]) -> Inventory {
    let files: Vec<_> = members.iter().map(|(member, _, bytes)| (*member, bytes.clone())).collect();
    let entries = members.iter().map(|(member, mode, bytes)| {
        let entry = Entry { mode: *mode, size: bytes.len() as u64 };
        ((*member).to_owned(), entry)
    });
    inventory(&files).held_as(entries.collect::<HashMap<_, _>>()).tagged(&[tag.to_owned()])
}

fn shown(tags: &[PlatformTag]) -> String {
    tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_nothing_loads_decides_no_tag() {
    let linux = "manylinux2014_x86_64 manylinux_2_17_x86_64 musllinux_1_1_x86_64";
    let (x86, arm) = (62, 183);
    let dylib = MachSample { kind: 6, ..mac(ARM64, 11, 0) }.build();
    let lacking = ElfSample { needed: vec!["libc.so.6", "libnowhere.so"], ..glibc_elf() }.build();
    for (members, honest, not_counted) in [
        (vec![("m/bin/p", PROGRAM, elf(x86))], linux, vec![]),
        // Test data for another machine, and for this one with what it lacks.
        (vec![("m/tests/a.bin", DATA, elf(arm)), ("m/bin/p", PROGRAM, elf(x86))], linux, vec!["m/tests/a.bin"]),
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/testdata/a", DATA, lacking)], linux, vec!["m/testdata/a"]),
        // It is started, imported, or lies elsewhere.
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/tests/a", PROGRAM, elf(arm))], "", vec![]),
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/tests/a.so", DATA, elf(arm))], "", vec![]),
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/data/a", DATA, elf(arm))], "", vec![]),
        // Libraries of other systems and for other machines that say so, beside one that is right.
        (
            vec![
                ("m/libm.dylib", DATA, dylib.clone()),
                ("m/libm32bit.dll", DATA, windows(0x14c, true)),
                ("m/libm64bit.dll", DATA, windows(0x8664, true)),
            ],
            "macosx_11_0_arm64 win_amd64 win32",
            vec!["m/libm.dylib", "m/libm32bit.dll", "m/libm64bit.dll"],
        ),
        // Starters that scripts are made of, for any machine or beside a program.
        (
            vec![("m/t32.exe", DATA, windows(0x14c, false)), ("m/t64.exe", DATA, windows(0x8664, false))],
            "any",
            vec!["m/t32.exe", "m/t64.exe"],
        ),
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/t64.exe", DATA, windows(0x8664, false))], linux, vec!["m/t64.exe"]),
        (vec![("m/bin/p", PROGRAM, elf(x86)), ("m/other.exe", DATA, windows(0x8664, false))], "", vec![]),
        // Test data alone.
        (vec![("m/tests/a", DATA, elf(x86)), ("m/tests/b", DATA, dylib)], "any", vec!["m/tests/a", "m/tests/b"]),
    ] {
        let names: Vec<_> = members.iter().map(|(member, ..)| *member).collect();
        let inventory = wheel("any", &members);
        let found = inventory.honest_tags();
        assert_eq!(shown(&found), honest, "{names:?}");
        assert_eq!(inventory.not_counted(&found).into_iter().collect::<Vec<_>>(), not_counted, "{names:?}");
        // A payload is shipped as it is, wherever it comes from.
        let files: Vec<_> = members.iter().map(|(member, _, bytes)| (*member, bytes.clone())).collect();
        let payload = super::inventory(&files);
        assert_eq!(payload.honest_tags() == found, not_counted.is_empty(), "{names:?}");
    }
}

#[test]
fn a_starter_is_a_program_where_the_wheel_is_for_windows() {
    let starter = || vec![("m/t64.exe", DATA, windows(0x8664, false))];
    let tested = || vec![("m/tests/x", DATA, windows(0x8664, false))];
    for (tag, members, honest) in [
        ("any", starter(), "any"),
        ("win_amd64", starter(), "win_amd64"),
        ("any", tested(), "any"),
        ("win_amd64", tested(), "any"),
    ] {
        assert_eq!(shown(&wheel(tag, &members).honest_tags()), honest, "{tag} {}", members[0].0);
    }
}

#[test]
fn damage_does_no_harm_where_nothing_loads_it() {
    let cut = BinaryError::Truncated { format: Format::Elf, what: "a segment" };
    let object = BinaryError::Unsupported { what: "an object file" };
    let dos = read(&[&b"MZ"[..], &[0; 58], &[0x80, 0, 0, 0], &[0; 64], b"NE", &[0; 200]].concat()).unwrap_err();
    for (path, mode, error, expected) in [
        ("m/bin/p", PROGRAM, &cut, false),
        ("m/tests/p", DATA, &cut, true),
        ("m/test-data/p", DATA, &cut, true),
        ("m/tests/p", PROGRAM, &cut, false),
        ("m/tests/p.DLL", DATA, &cut, false),
        ("m/lib/crt.o", DATA, &object, true),
        ("m/lib/crt.syso", DATA, &object, true),
        ("m/lib/a.so", DATA, &object, false),
        ("m-1.data/scripts/p", DATA, &object, false),
        ("m/lib/game.com", DATA, &dos, true),
        ("m/lib/game.com", PROGRAM, &dos, false),
        ("m/lib/game.exe", DATA, &dos, false),
        ("m/lib/a.pyd", DATA, &dos, false),
        ("m/lib/p", DATA, &cut, false),
    ] {
        assert_eq!(Entry { mode, size: 80 }.excuses(path, error), expected, "{path} {mode:o}");
    }
    // The sign of a format alone.
    for (path, mode, size, expected) in [
        ("m/a.sig", DATA, 4, true),
        ("m/a.sig", DATA, 63, true),
        ("m/a.sig", DATA, 64, false),
        ("m/a.sig", PROGRAM, 4, false),
        ("m/a.so", DATA, 4, false),
        ("m/a.exe", DATA, 4, false),
        ("m-1.data/scripts/a", DATA, 4, false),
    ] {
        assert_eq!(Entry { mode, size }.excuses(path, &cut), expected, "{path} {mode:o} {size}");
    }
}
