//! macOS and iOS: platforms, floors, signatures, run paths.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

use super::*;

#[test]
fn ios_is_told_by_its_platform() {
    let on = |cpu, platform, major, minor| MachSample { build: Some((platform, major, minor)), ..mac(cpu, 13, 0) };
    let device = on(ARM64, 2, 15, 6).build();
    assert_eq!(honest(&device), ["ios_15_6_arm64_iphoneos"]);
    assert_eq!(honest(&on(ARM64, 2, 9, 0).build()), ["ios_12_0_arm64_iphoneos"]);
    assert_eq!(honest(&on(ARM64, 7, 13, 0).build()), ["ios_13_0_arm64_iphonesimulator"]);
    assert_eq!(honest(&on(AMD64, 7, 13, 0).build()), ["ios_13_0_x86_64_iphonesimulator"]);
    assert_eq!(honest(&on(ARM64, 6, 13, 0).build()), [""; 0]);
    let unsigned = MachSample { signed: false, ..on(ARM64, 2, 13, 0) }.build();
    assert_eq!(objections_to(&unsigned, "ios_13_0_arm64_iphoneos"), []);
    let said = |tag| objections_to(&device, tag).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said("ios_13_0_arm64_iphoneos"), ["its aarch64 code needs iOS 15.6, and the tag promises 13.0"]);
    assert_eq!(said("macosx_15_0_arm64"), ["it is built for iOS, and the tag promises macOS"]);
    assert_eq!(said("ios_16_0_arm64_iphonesimulator"), ["it is built for iOS, and the tag promises the iOS simulator"]);
    assert_eq!(objections_to(&mac(ARM64, 11, 0).build(), "ios_16_0_arm64_iphoneos")[0].weight(), Weight::WrongMachine);
    let python = |kind, name| {
        let dylibs = vec![("/usr/lib/libSystem.B.dylib", false), (name, false)];
        objections_to(&MachSample { kind, dylibs, ..on(ARM64, 2, 13, 0) }.build(), "ios_13_0_arm64_iphoneos").len()
    };
    // Simulators of arm64 began with iOS 14, those of Intel long before.
    let simulated = |cpu, tag| objections_to(&on(cpu, 7, 14, 0).build(), tag).len();
    assert_eq!(simulated(ARM64, "ios_13_0_arm64_iphonesimulator"), 0);
    assert_eq!(simulated(AMD64, "ios_13_0_x86_64_iphonesimulator"), 1);
    let later = objections_to(&on(ARM64, 7, 15, 0).build(), "ios_13_0_arm64_iphonesimulator");
    assert_eq!(later[0].to_string(), "its aarch64 code needs iOS 15.0, and the tag promises 14.0");
    // An extension module is a bundle, 8; a program is none of the app's.
    assert_eq!(python(8, "@rpath/Python.framework/Python"), 0);
    assert_eq!(python(2, "@rpath/Python.framework/Python"), 1);
    assert_eq!(python(8, "@rpath/Other.framework/Other"), 1);
}

#[test]
fn macos_promises_are_held_per_slice() {
    let intel = mac(AMD64, 10, 12).build();
    assert_eq!(honest(&intel), ["macosx_10_12_x86_64"]);
    let found = objections_to(&intel, "macosx_10_9_x86_64");
    assert_eq!(found[0].to_string(), "its x86_64 code needs macOS 10.12, and the tag promises 10.9");
    assert_eq!(found[0].weight(), Weight::Error);
    assert_eq!(objections_to(&intel, "macosx_11_0_arm64")[0].weight(), Weight::WrongMachine);
    assert_eq!(objections_to(&intel, "macosx_10_12_universal2")[0].weight(), Weight::WrongMachine);

    let arm = mac(ARM64, 11, 0).build();
    assert_eq!(honest(&arm), ["macosx_11_0_arm64"]);
    assert_eq!(honest(&mac(ARM64, 11, 3).build()), ["macosx_12_0_arm64"]);

    let both = fat(&[(AMD64, intel), (ARM64, arm)]);
    assert_eq!(facts(&both).machines().to_string(), "universal2");
    assert_eq!(honest(&both), ["macosx_10_12_universal2", "macosx_10_12_x86_64", "macosx_11_0_arm64"]);
}

#[test]
fn macos_defects_are_told_apart() {
    let of = |sample: MachSample, tag| objections_to(&sample.build(), tag);
    let unsigned = of(MachSample { signed: false, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert_eq!(unsigned[0].weight(), Weight::Error);
    assert!(!unsigned[0].breaks_promise());
    let unsigned = of(MachSample { signed: false, ..mac(AMD64, 10, 12) }, "macosx_10_12_x86_64");
    assert_eq!(unsigned[0].weight(), Weight::Warning);
    let silent = of(MachSample { build: None, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert!(matches!(silent.as_slice(), [Objection::NoMinimumOs { .. }]));
    let phone = of(MachSample { build: Some((2, 11, 0)), ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert_eq!(phone[0].weight(), Weight::WrongMachine);
    let brew = vec![("/opt/homebrew/lib/libssl.dylib", false)];
    let brew = of(MachSample { dylibs: brew, ..mac(ARM64, 11, 0) }, "macosx_11_0_arm64");
    assert!(matches!(brew.as_slice(), [Objection::NeededLibrary { absence: Absence::BreaksPromise, .. }]), "{brew:?}");
    for (library, optional, is_honest) in [
        ("/opt/homebrew/lib/libssl.dylib", false, false),
        ("/usr/local/opt/gcc/lib/libgomp.1.dylib", false, false),
        ("/Users/me/build/libx.dylib", false, false),
        ("/Library/Frameworks/Python.framework/Versions/3.12/Python", false, false),
        ("/opt/homebrew/lib/libssl.dylib", true, true),
        ("/usr/lib/libz.1.dylib", false, true),
        // Who loads the file may have the library.
        ("@rpath/libssl.dylib", false, true),
    ] {
        let bytes = MachSample { dylibs: vec![(library, optional)], ..mac(ARM64, 11, 0) }.build();
        let found = inventory(&[("bin/x", bytes)]);
        assert_eq!(!found.honest_tags().is_empty(), is_honest, "{library}");
        let next = found.next_tag().map(|next| next.because);
        assert_eq!(next.is_some_and(|because| because.contains(library)), !is_honest, "{library}");
    }

    let mut cut = mac(ARM64, 11, 0).build();
    cut.truncate(cut.len() - 1);
    assert!(matches!(facts(&cut).slices[0].signature, Signature::Broken(_)));
}

#[test]
fn a_signature_covers_every_page() {
    let signed = mac(ARM64, 11, 0).build();
    assert_eq!(facts(&signed).slices[0].signature, Signature::Present);
    // A byte of the code after it was signed: the minor version in the first command.
    let mut changed = signed.clone();
    changed[32 + 16] ^= 1;
    let Signature::Broken(defect) = facts(&changed).slices[0].signature else { panic!("a changed page is not seen") };
    assert!(defect.contains("page"), "{defect}");
    // One hash too many, a size of pages or a kind of hash that no kernel knows, an identifier beyond the end.
    for (at, to) in [(28 + 3, 7_u8), (39, 20), (39, 0), (37, 9), (20 + 3, 0xff), (36, 0)] {
        let mut broken = signed.clone();
        let start = broken.len() - (46 + 32) + at;
        assert_ne!(broken[start], to, "{at}");
        broken[start] = to;
        assert!(matches!(facts(&broken).slices[0].signature, Signature::Broken(_)), "{at}");
    }
}

#[test]
fn every_page_of_a_large_program_is_looked_at() {
    const MEBIBYTE: usize = 1 << 20;
    let path: &str = Box::leak("p".repeat(4_000).into_boxed_str());
    let mut program = MachSample { rpaths: vec![path; 2_200], ..mac(ARM64, 11, 0) }.build();
    let of = |program: &[u8]| facts(program).slices[0].signature.clone();
    assert!(program.len() > 8 * MEBIBYTE && of(&program) == Signature::Present);
    // In the middle of a block that one thread takes, at its ends, and in the last one.
    for at in [MEBIBYTE / 2, 3 * MEBIBYTE - 1, 3 * MEBIBYTE, 5 * MEBIBYTE + 4096, 8 * MEBIBYTE + 100] {
        program[at] ^= 1;
        assert!(matches!(of(&program), Signature::Broken(_)), "{at}");
        program[at] ^= 1;
    }
}

/// The parts of a signature with their slots, and what makes them of the code before it.
type Parts = Vec<(u32, Vec<u8>)>;
type Signer<'a> = &'a dyn Fn(&[u8]) -> Parts;

/// A program whose signature has these parts.
fn signed_by(parts: Signer) -> Vec<u8> {
    // The linker leaves room; the end of the last command says how much.
    const ROOM: u32 = 1 << 14;
    let mut code = MachSample { signed: false, rpaths: vec![RUN_PATH; 200], ..mac(ARM64, 11, 0) }.build();
    let commands = u32::from_le_bytes(code[16..20].try_into().unwrap()) + 1;
    let size = u32::from_le_bytes(code[20..24].try_into().unwrap()) + 16;
    code[16..20].copy_from_slice(&commands.to_le_bytes());
    code[20..24].copy_from_slice(&size.to_le_bytes());
    for value in [0x1d, 16, 32 + size, ROOM] {
        code.extend(value.to_le_bytes());
    }
    let parts = parts(&code);
    let mut start = 12 + 8 * parts.len();
    let length = start + parts.iter().map(|(_, part)| part.len()).sum::<usize>();
    let mut blob: Vec<u8> =
        [0xfade_0cc0, length as u32, parts.len() as u32].into_iter().flat_map(u32::to_be_bytes).collect();
    for (kind, part) in &parts {
        blob.extend([*kind, start as u32].into_iter().flat_map(u32::to_be_bytes));
        start += part.len();
    }
    blob.extend(parts.into_iter().flat_map(|(_, part)| part));
    blob.resize(ROOM as usize, 0);
    [code, blob].concat()
}

/// Long enough for a second page of code.
const RUN_PATH: &str = "@loader_path/of/a/program/of/more/than/one/page";

fn part(magic: u32, content: &[u8]) -> Vec<u8> {
    [&magic.to_be_bytes(), &(content.len() as u32 + 8).to_be_bytes(), content].concat()
}

/// A directory of the hashes of `code` up to `limit`, and of special slots, the last one first.
fn directory(code: &[u8], limit: usize, kind: u8, special: &[Vec<u8>]) -> Vec<u8> {
    let hash = |bytes: &[u8]| match kind {
        1 => Sha1::digest(bytes).to_vec(),
        4 => Sha384::digest(bytes).to_vec(),
        _ => Sha256::digest(bytes).to_vec(),
    };
    let hash = |bytes: &[u8]| if bytes.is_empty() { vec![0; hash(b"").len()] } else { hash(bytes) };
    let hashes: Vec<u8> = special.iter().map(Vec::as_slice).chain(code[..limit].chunks(4096)).flat_map(hash).collect();
    let (slots, length) = (special.len() as u32, hash(b"").len() as u32);
    // The head, without a team, and the identifier.
    let words = [0x2_0400, 2, 88 + 2 + slots * length, 88, slots, limit.div_ceil(4096) as u32, limit as u32];
    let mut content: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
    content.extend([length as u8, kind, 0, 12]);
    content.resize(80, 0);
    content.extend(b"x\0");
    content.extend(hashes);
    part(0xfade_0c02, &content)
}

/// What a certificate signs, as far as it is read: the digest of a directory, then that of a time stamp.
fn certificate(directory: &[u8]) -> Vec<u8> {
    let attribute = |head: [u8; 4], digest: &[u8]| {
        [b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04".as_slice(), &head, digest].concat()
    };
    let digest = attribute([0x31, 34, 4, 32], &Sha256::digest(directory));
    part(0xfade_0b01, &[b"\x30\x80".to_vec(), digest, attribute([0x31, 22, 4, 20], &[7; 20])].concat())
}

#[test]
fn signatures_of_every_kind_are_held_against_the_code() {
    let entitlements = part(0xfade_7171, b"<plist/>");
    let requirements = part(0xfade_0c01, &[0; 4]);
    let special = [entitlements.clone(), vec![], vec![], requirements.clone(), vec![]];
    let all = |code: &[u8], directory: Vec<u8>| {
        assert!(code.len() > 4096);
        let certificate = certificate(&directory);
        vec![(0, directory), (2, requirements.clone()), (5, entitlements.clone()), (0x10000, certificate)]
    };
    let of = |bytes: &[u8]| facts(bytes).slices[0].signature.clone();
    let whole = |code: &[u8]| directory(code, code.len(), 2, &special);
    let sound: [Signer; 6] = [
        &|code| vec![(0, directory(code, code.len(), 1, &[]))],
        &|code| vec![(0, directory(code, code.len(), 1, &[])), (0x1000, directory(code, code.len(), 2, &[]))],
        &|code| all(code, whole(code)),
        &|code| vec![(0, directory(code, code.len(), 4, &[]))],
        &|code| vec![(0, directory(code, code.len(), 2, &[])), (0x1000, directory(code, code.len(), 4, &[]))],
        // The loader rounds up to a page.
        &|code| vec![(0, directory(code, code.len() - 8, 2, &[]))],
    ];
    for (number, parts) in sound.into_iter().enumerate() {
        assert_eq!(of(&signed_by(parts)), Signature::Present, "{number}");
    }
    let changed = |at: usize, directory: Vec<u8>| {
        let mut directory = directory;
        directory[at] ^= 1;
        directory
    };
    let broken: [(&str, Signer); 10] = [
        ("a page", &|code| {
            let first = directory(code, code.len(), 1, &[]);
            vec![(0, changed(first.len() - 1, first)), (0x1000, directory(code, code.len(), 2, &[]))]
        }),
        ("a page", &|code| all(code, changed(whole(code).len() - 1, whole(code)))),
        ("less than", &|code| vec![(0, directory(code, 4096, 2, &[]))]),
        ("same kind", &|code| {
            vec![(0, whole(code)), (0x1000, whole(code)), (2, requirements.clone()), (5, entitlements.clone())]
        }),
        ("a page", &|code| {
            let second = directory(code, code.len(), 4, &[]);
            vec![(0, directory(code, code.len(), 2, &[])), (0x1000, changed(second.len() - 1, second))]
        }),
        ("not those", &|code| {
            let mut parts = all(code, whole(code));
            parts[2].1[8] ^= 1;
            parts
        }),
        ("not those", &|code| {
            let mut parts = all(code, whole(code));
            parts[1].1[8] ^= 1;
            parts
        }),
        ("are missing", &|code| all(code, whole(code)).into_iter().filter(|(kind, _)| *kind != 5).collect()),
        ("not signed", &|code| vec![(0, directory(code, code.len(), 2, &[])), (5, entitlements.clone())]),
        // Another identifier, under a certificate.
        ("certificate", &|code| {
            let mut parts = all(code, whole(code));
            parts[0].1[88] = b'y';
            parts
        }),
    ];
    for (number, (word, parts)) in broken.into_iter().enumerate() {
        let signature = of(&signed_by(parts));
        assert!(
            matches!(signature, Signature::Broken(defect) if defect.contains(word)),
            "{number}, {word}: {signature:?}"
        );
    }
}

#[test]
fn kernels_of_intel_kill_for_a_page_where_the_program_asks_for_it() {
    let signed = |flags: u32, is_changed: bool| {
        let mut bytes = signed_by(&|code| {
            let mut whole = directory(code, code.len(), 2, &[]);
            whole[12..16].copy_from_slice(&flags.to_be_bytes());
            let last = whole.len() - 1;
            whole[last] ^= u8::from(is_changed);
            vec![(0, whole)]
        });
        bytes[4..8].copy_from_slice(&AMD64.to_le_bytes());
        // The header is a part of the first page.
        let hash = Sha256::digest(&bytes[..4096]);
        let at = bytes.windows(4).position(|window| window == 0xfade_0c02_u32.to_be_bytes()).unwrap();
        bytes[at + 90..at + 122].copy_from_slice(&hash);
        bytes
    };
    for (flags, is_changed, expected) in [
        (2, false, vec![]),
        (2, true, vec![Weight::Warning]),
        (0x1_0000, false, vec![]),
        (0x1_0000, true, vec![Weight::Error]),
        (0x200, true, vec![Weight::Error]),
    ] {
        let found = objections_to(&signed(flags, is_changed), "macosx_11_0_x86_64");
        let weights: Vec<_> = found.iter().map(Objection::weight).collect();
        assert_eq!(weights, expected, "{flags:#x} {is_changed} {found:?}");
        // A library is killed for with the program that loads it.
        let mut library = signed(flags, is_changed);
        library[12] = 6;
        let found = objections_to(&library, "macosx_11_0_x86_64");
        assert!(found.iter().all(|it| it.weight() == Weight::Warning), "{found:?}");
    }
}

#[test]
fn code_for_a_part_of_a_family_is_for_no_tag() {
    let part = |cpu, part: u32| {
        let mut bytes = MachSample { signed: false, ..mac(cpu, 11, 0) }.build();
        bytes[8..12].copy_from_slice(&part.to_le_bytes());
        bytes
    };
    for (cpu, number, name, is_common) in [
        (ARM64, 0, "aarch64", true),
        (ARM64, 1, "aarch64", true),
        (ARM64, 2, "arm64e", false),
        (ARM64, 0x8000_0002, "arm64e", false),
        (AMD64, 3, "x86_64", true),
        (AMD64, 0x8000_0003, "x86_64", true),
        (AMD64, 8, "x86_64h", false),
    ] {
        let thin = part(cpu, number);
        assert_eq!(facts(&thin).machines().to_string(), name);
        assert_eq!(honest(&thin).is_empty(), !is_common, "{name} {number:#x}");
        let common = part(cpu, if cpu == ARM64 { 0 } else { 3 });
        let mut both = fat(&[(cpu, common), (cpu, thin)]);
        both[8 + 20 + 4..8 + 20 + 8].copy_from_slice(&number.to_be_bytes());
        if !is_common {
            assert_eq!(facts(&both).slices.len(), 1, "{name}");
            assert!(!honest(&both).is_empty(), "{name} beside what all run");
        }
    }
}

#[test]
fn platforms_of_apple_have_names() {
    for (number, name) in
        [(3, "tvOS"), (6, "Mac Catalyst"), (9, "the watchOS simulator"), (11, "visionOS"), (99, "Apple platform 99")]
    {
        let bytes = MachSample { build: Some((number, 13, 0)), ..mac(ARM64, 11, 0) }.build();
        let said = objections_to(&bytes, "macosx_11_0_arm64")[0].to_string();
        assert_eq!(said, format!("it is built for {name}, and the tag promises macOS"));
    }
}

#[test]
fn dylibs_in_the_wheel_are_found_by_rpath_and_loader_path() {
    let dylib = MachSample { kind: 6, ..mac(ARM64, 11, 0) }.build();
    for (name, rpaths) in
        [("@rpath/libx.dylib", vec!["@loader_path/../lib"]), ("@loader_path/../lib/libx.dylib", vec![])]
    {
        let program = MachSample { dylibs: vec![(name, false)], rpaths, ..mac(ARM64, 11, 0) }.build();
        let both = inventory(&[("m/bin/x", program), ("m/lib/libx.dylib", dylib.clone())]);
        assert_eq!(both.objections(&"macosx_11_0_arm64".parse().unwrap()), [], "{name}");
    }
}
