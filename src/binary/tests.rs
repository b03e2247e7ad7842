//! The room as a whole on small files built here: facts, objections, honest tags, and hostile input.
#![allow(clippy::unwrap_used)]

mod fat;
mod loading;

use proptest::prelude::*;

use super::bundled::{BundledLibraries, Reach};
use super::facts::{Needed, UndefinedSymbol};
use super::objection::{Absence, Strength};
use super::*;
use crate::error::{Exit, Explain as _};
use crate::samples::binary::{
    AMD64, ARM64, ElfSample, MachSample, SampleHash, SampleLayout, fat, glibc_elf, mac, pe, static_elf,
};
use crate::target::{Architecture, OsVersion, PlatformTag};

fn facts(bytes: &[u8]) -> Facts {
    read(bytes).unwrap()
}

fn objections_to(bytes: &[u8], tag: &str) -> Vec<Objection> {
    super::promise::objections(&facts(bytes), &tag.parse().unwrap(), "bin/program", &BundledLibraries::default())
}

fn honest(bytes: &[u8]) -> Vec<String> {
    inventory(&[("bin/program", bytes.to_vec())]).honest_tags().iter().map(ToString::to_string).collect()
}

fn inventory(members: &[(&str, Vec<u8>)]) -> Inventory {
    Inventory::new(members.iter().map(|(member, bytes)| ((*member).to_owned(), facts(bytes))).collect())
}

fn tags(texts: &[&str]) -> Vec<PlatformTag> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn a_static_program_fits_every_linux() {
    let bytes = static_elf().build();
    let slice = &facts(&bytes).slices[0];
    assert_eq!((slice.linkage, slice.kind, slice.libc), (Linkage::Static, Kind::Executable, None));
    assert_eq!(slice.machine, Machine::Known(Architecture::X86_64));
    assert_eq!(honest(&bytes), ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"]);
    let relocatable = ElfSample { kind: 3, flags_1: 0x0800_0000, ..static_elf() }.build();
    assert_eq!(facts(&relocatable).slices[0].linkage, Linkage::StaticPie);
}

#[test]
fn a_dynamic_program_is_read_as_the_loader_reads_it() {
    let sample = ElfSample { runpath: Some("$ORIGIN/../lib:/opt/lib"), stack_flags: 7, ..glibc_elf() };
    let facts = facts(&sample.build());
    let slice = &facts.slices[0];
    assert_eq!((slice.linkage, slice.kind, slice.libc), (Linkage::Dynamic, Kind::Executable, Some(Libc::Glibc)));
    assert_eq!(slice.needed, [Needed { name: "libc.so.6".into(), optional: false }]);
    assert_eq!(slice.run_paths, ["$ORIGIN/../lib", "/opt/lib"]);
    let Details::Elf(details) = &slice.details else { panic!("{slice:?}") };
    assert_eq!(details.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    assert!(details.executable_stack);
    assert_eq!(details.undefined, [UndefinedSymbol { name: "memcpy".into(), weak: false }]);
    let need = &details.version_needs[0];
    assert_eq!((need.node.as_str(), need.only_weak_symbols, need.optional), ("GLIBC_2.17", false, false));
    assert_eq!(need.symbols, ["memcpy"]);
    assert_eq!(facts.glibc_floor(), Some(OsVersion::new(2, 17)));
}

#[test]
fn other_classes_and_byte_orders_are_read() {
    let i686 = ElfSample { class64: false, machine: 3, interpreter: Some("/lib/ld-linux.so.2"), ..glibc_elf() };
    assert_eq!(facts(&i686.build()).slices[0].machine, Machine::Known(Architecture::I686));
    assert_eq!(honest(&i686.build()), ["manylinux2014_i686", "manylinux_2_17_i686"]);
    let s390x = ElfSample { big_endian: true, machine: 22, interpreter: Some("/lib/ld64.so.1"), ..glibc_elf() };
    assert_eq!(facts(&s390x.build()).slices[0].machine, Machine::Known(Architecture::S390x));
    assert_eq!(honest(&s390x.build()), ["manylinux2014_s390x", "manylinux_2_17_s390x"]);
    let sparc = ElfSample { big_endian: true, machine: 43, ..static_elf() };
    assert_eq!(facts(&sparc.build()).slices[0].machine, Machine::Other(43));
    assert_eq!(honest(&sparc.build()), [""; 0]);
}

#[test]
fn arm_is_told_by_its_version_and_its_floating_point() {
    const SOFT: u32 = 0x0500_0200;
    const HARD: u32 = 0x0500_0400;
    let interpreter = Some("/lib/ld-linux-armhf.so.3");
    let arm = |flags, arm_version| {
        let narrow = ElfSample { class64: false, machine: 40, interpreter, ..glibc_elf() };
        ElfSample { flags, arm_version, ..narrow }.build()
    };
    let version_7 = ["manylinux2014_armv7l", "manylinux_2_17_armv7l"];
    let version_6 = ["manylinux2014_armv7l", "manylinux_2_17_armv7l", "linux_armv6l"];
    assert_eq!(honest(&arm(HARD, Some(10))), version_7);
    assert_eq!(honest(&arm(0x0500_0000, None)), version_7);
    for version in [5, 6, 7, 8, 9] {
        assert_eq!(honest(&arm(HARD, Some(version))), version_6, "{version}");
    }
    for (flags, version) in [(SOFT, Some(10)), (SOFT, None), (HARD, Some(14)), (HARD, Some(13))] {
        assert_eq!(honest(&arm(flags, version)), [""; 0], "{flags:x} {version:?}");
    }
    let first = arm(HARD, Some(6));
    assert_eq!(objections_to(&first, "linux_armv6l"), []);
    let second = objections_to(&arm(HARD, Some(10)), "linux_armv6l");
    assert_eq!(second[0].to_string(), "it is built for armv7l, and the tag promises armv6l");
}

#[test]
fn the_calling_convention_is_part_of_the_architecture() {
    let with = |machine, flags, interpreter| {
        ElfSample { machine, flags, interpreter: Some(interpreter), versions: Vec::new(), ..glibc_elf() }.build()
    };
    for (machine, flags, interpreter, tag) in [
        (243, 5, "/lib/ld-linux-riscv64-lp64d.so.1", "manylinux_2_31_riscv64"),
        (258, 0x43, "/lib64/ld-linux-loongarch-lp64d.so.1", "manylinux_2_36_loongarch64"),
        (21, 2, "/lib64/ld64.so.2", "manylinux_2_17_ppc64le"),
    ] {
        assert_eq!(objections_to(&with(machine, flags, interpreter), tag), []);
        let other = with(machine, 1, interpreter);
        let [Objection::Architecture { .. }] = objections_to(&other, tag)[..] else { panic!("{machine}") };
    }
    // Nothing else is called by a static program.
    assert_eq!(
        honest(&ElfSample { machine: 258, ..static_elf() }.build()),
        ["manylinux_2_36_loongarch64", "musllinux_1_1_loongarch64"]
    );
    assert_eq!(honest(&ElfSample { machine: 21, flags: 2, big_endian: true, ..static_elf() }.build()), [""; 0]);
    assert_eq!(honest(&ElfSample { machine: 22, ..static_elf() }.build()), [""; 0]);
}

#[test]
fn wide_times_came_with_musl_1_2() {
    for (machine, interpreter, tag) in
        [(3, "/lib/ld-musl-i386.so.1", "i686"), (40, "/lib/ld-musl-armhf.so.1", "armv7l")]
    {
        let (interpreter, needed) = (Some(interpreter), vec!["libc.so"]);
        let undefined = vec![("__stat_time64", false)];
        let sample = ElfSample { class64: false, machine, interpreter, needed, undefined, kind: 3, ..static_elf() };
        assert_eq!(honest(&sample.build()), [format!("musllinux_1_2_{tag}")]);
        let found = objections_to(&sample.build(), &format!("musllinux_1_1_{tag}"));
        let expected = "it uses `__stat_time64`, which musl has from 1.2 on, and the tag promises 1.1";
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn android_is_told_by_its_note() {
    let sample = |machine, android_api| ElfSample {
        kind: 3,
        machine,
        interpreter: Some("/system/bin/linker64"),
        needed: vec!["libc.so", "libaaudio.so"],
        flags_1: 0x0800_0000,
        android_api,
        ..static_elf()
    };
    let bytes = sample(183, Some(24)).build();
    assert_eq!(facts(&bytes).slices[0].libc, Some(Libc::Bionic));
    assert_eq!(honest(&bytes), ["android_24_arm64_v8a"]);
    assert_eq!(honest(&sample(62, Some(16)).build()), ["android_21_x86_64"]);
    let said = |bytes: &[u8], tag| objections_to(bytes, tag).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        said(&bytes, "android_21_arm64_v8a"),
        [
            "it needs API level 24 of Android, and the tag promises 21",
            "it needs `libaaudio.so`, which neither the tag's platforms nor the wheel have"
        ]
    );
    assert_eq!(said(&bytes, "android_26_arm64_v8a"), [""; 0]);
    assert_eq!(said(&bytes, "manylinux_2_17_aarch64")[0], "it is built for Android, and the tag promises Linux");
    let silent = sample(183, None).build();
    assert_eq!(honest(&silent), [""; 0]);
    assert_eq!(said(&silent, "android_36_arm64_v8a"), ["it does not say which API level of Android it needs"]);
    let library = |interpreter| {
        let needed = vec!["libc.so", "libpython3.13.so"];
        ElfSample { kind: 3, machine: 183, interpreter, needed, android_api: Some(24), ..static_elf() }.build()
    };
    assert_eq!(said(&library(None), "android_24_arm64_v8a"), [""; 0], "the app has loaded Python");
    assert_eq!(
        said(&library(Some("/system/bin/linker64")), "android_24_arm64_v8a"),
        ["it needs `libpython3.13.so`, which neither the tag's platforms nor the wheel have"]
    );
    let linux = static_elf().build();
    assert_eq!(said(&linux, "android_36_x86_64"), ["it is built for Linux, and the tag promises Android"]);
    let narrow = ElfSample { class64: false, machine: 40, flags: 0x0500_0200, android_api: Some(21), ..static_elf() };
    assert_eq!(honest(&narrow.build()), ["android_21_armeabi_v7a"]);
}

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
fn the_floor_is_the_greatest_node_that_is_insisted_on() {
    let with = |version, optional, weak| {
        let versions = vec![("libc.so.6", version, optional, vec![("statx", weak)])];
        ElfSample { versions, ..glibc_elf() }.build()
    };
    assert_eq!(honest(&with("GLIBC_2.30", false, false)), ["manylinux_2_30_x86_64"]);
    assert_eq!(honest(&with("GLIBC_2.2.5", false, false)), ["manylinux1_x86_64", "manylinux_2_5_x86_64"]);
    // The loader looks for the node before it looks at the symbol.
    assert_eq!(honest(&with("GLIBC_2.30", false, true)), ["manylinux_2_30_x86_64"]);

    let strong = objections_to(&with("GLIBC_2.30", false, false), "manylinux_2_17_x86_64");
    let [Objection::SymbolVersion { node, strength, symbols, .. }] = strong.as_slice() else { panic!("{strong:?}") };
    assert_eq!(
        (node.as_str(), *strength, symbols.as_slice()),
        ("GLIBC_2.30", Strength::Strong, &["statx".to_owned()][..])
    );
    assert_eq!(strong[0].weight(), Weight::Error);
    assert_eq!(
        strong[0].to_string(),
        "it needs `GLIBC_2.30` for `statx`, and the tag promises glibc 2.17, whose `libc.so.6` does not have it"
    );
    // Weak symbols save nothing, and an optional node is missed by the first symbol that is not weak.
    for node in [with("GLIBC_2.30", false, true), with("GLIBC_2.30", true, false)] {
        let found = objections_to(&node, "manylinux_2_17_x86_64");
        assert_eq!(found.iter().map(Objection::weight).collect::<Vec<_>>(), [Weight::Error]);
    }
    assert!(
        objections_to(&with("GLIBC_2.30", false, true), "manylinux_2_17_x86_64")[0]
            .to_string()
            .ends_with("whose `libc.so.6` does not have it; the loader asks for it although the symbol is weak")
    );
    let optional = with("GLIBC_2.30", true, true);
    let found = objections_to(&optional, "manylinux_2_17_x86_64");
    assert_eq!(found.iter().map(Objection::weight).collect::<Vec<_>>(), [Weight::Warning]);
    assert!(!found[0].breaks_promise());
    assert_eq!(honest(&optional)[0], "manylinux1_x86_64");
}

#[test]
fn aarch64_had_the_2_18_node_from_the_start() {
    let sample = ElfSample {
        machine: 183,
        interpreter: Some("/lib/ld-linux-aarch64.so.1"),
        versions: vec![("libc.so.6", "GLIBC_2.18", false, vec![("__cxa_thread_atexit_impl", true)])],
        ..glibc_elf()
    };
    let found = objections_to(&sample.build(), "manylinux_2_17_aarch64");
    assert!(matches!(found.as_slice(), [Objection::BlacklistedSymbol { strength: Strength::Weak, .. }]), "{found:?}");
    assert_eq!(found[0].weight(), Weight::Warning);
    assert_eq!(honest(&sample.build()), ["manylinux2014_aarch64", "manylinux_2_17_aarch64"]);
    let mut strong = sample;
    strong.versions[0].3[0].1 = false;
    assert_eq!(objections_to(&strong.build(), "manylinux_2_17_aarch64")[0].weight(), Weight::Error);
    assert_eq!(honest(&strong.build()), ["manylinux_2_24_aarch64"]);
}

#[test]
fn the_c_library_must_be_the_tags() {
    let glibc = objections_to(&glibc_elf().build(), "musllinux_1_1_x86_64");
    assert!(
        matches!(glibc.as_slice(), [Objection::Libc { found: Libc::Glibc, promised: Libc::Musl, .. }]),
        "{glibc:?}"
    );
    assert_eq!(
        glibc[0].to_string(),
        "it is linked against glibc (interpreter `/lib64/ld-linux-x86-64.so.2`), and the tag promises musl"
    );
    let musl = ElfSample {
        interpreter: Some("/lib/ld-musl-x86_64.so.1"),
        needed: vec!["libc.musl-x86_64.so.1"],
        versions: Vec::new(),
        ..glibc_elf()
    };
    assert!(matches!(objections_to(&musl.build(), "manylinux_2_17_x86_64").as_slice(), [Objection::Libc { .. }]));
    assert_eq!(honest(&musl.build()), ["musllinux_1_1_x86_64"]);
    let later = ElfSample { undefined: vec![("reallocarray", false)], ..musl };
    assert_eq!(honest(&later.build()), ["musllinux_1_2_x86_64"]);
    let android = ElfSample { interpreter: Some("/system/bin/linker64"), needed: vec!["libc.so"], ..glibc_elf() };
    let android = ElfSample { versions: Vec::new(), ..android };
    assert_eq!(honest(&android.build()), [""; 0]);
    let freebsd = ElfSample { os_abi: 9, ..static_elf() };
    assert_eq!(honest(&freebsd.build()), [""; 0]);
}

#[test]
fn an_interpreter_elsewhere_is_an_objection() {
    let nix = ElfSample { interpreter: Some("/nix/store/x/lib/ld-linux-x86-64.so.2"), ..glibc_elf() }.build();
    let found = objections_to(&nix, "manylinux_2_17_x86_64");
    assert!(matches!(found.as_slice(), [Objection::Interpreter { .. }]), "{found:?}");
}

#[test]
fn libraries_come_from_the_platform_or_from_the_wheel() {
    let program =
        ElfSample { needed: vec!["libc.so.6", "libfoo.so.1"], runpath: Some("$ORIGIN/../lib"), ..glibc_elf() };
    let library = ElfSample { interpreter: None, flags_1: 0, soname: Some("libfoo.so.1"), ..glibc_elf() }.build();
    let alone = objections_to(&program.build(), "manylinux_2_17_x86_64");
    assert!(matches!(alone.as_slice(), [Objection::NeededLibrary { reach: Reach::Absent, .. }]), "{alone:?}");
    let tag = "manylinux_2_17_x86_64".parse().unwrap();
    let beside = inventory(&[("m/bin/program", program.build()), ("m/lib/libfoo.so.1", library.clone())]);
    assert_eq!(beside.objections(&tag), []);
    let lost = inventory(&[("m/bin/program", program.build()), ("m/other/libfoo.so.1", library)]);
    let found = lost.objections(&tag);
    assert!(matches!(found.as_slice(), [(_, Objection::NeededLibrary { reach: Reach::Outside, .. })]), "{found:?}");
}

#[test]
fn versions_of_a_bundled_library_are_its_own() {
    let versions = vec![("libstdc++.so.6", "GLIBCXX_3.4.30", false, vec![("x", false)])];
    let program = ElfSample { needed: vec!["libstdc++.so.6"], runpath: Some("$ORIGIN"), versions, ..glibc_elf() };
    let library = ElfSample { interpreter: None, flags_1: 0, soname: Some("libstdc++.so.6"), ..glibc_elf() }.build();
    assert_eq!(honest(&program.build()), ["manylinux_2_35_x86_64"]);
    let both = inventory(&[("bin/program", program.build()), ("bin/libstdc++.so.6", library)]);
    assert_eq!(both.honest_tags(), tags(&["manylinux2014_x86_64", "manylinux_2_17_x86_64"]));
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
    assert!(matches!(brew.as_slice(), [Objection::NeededLibrary { absence: Absence::Fatal, .. }]), "{brew:?}");

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
    // The directory covers less than what stands before it: the loader reads the rest unchecked, and the kernel allows it.
    for (at, to) in [(20 + 28, 7_u8), (20 + 36, 20), (20 + 20 + 3, 0xff)] {
        let mut broken = signed.clone();
        let start = broken.len() - (20 + 46 + 32) + at;
        broken[start] = to;
        assert!(matches!(facts(&broken).slices[0].signature, Signature::Broken(_)), "{at}");
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

fn seed_rows() -> Vec<Vec<PlatformTag>> {
    vec![
        tags(&["macosx_11_0_arm64"]),
        tags(&["macosx_10_9_x86_64"]),
        tags(&["musllinux_1_1_aarch64", "manylinux_2_17_aarch64"]),
        tags(&["musllinux_1_1_x86_64", "manylinux_2_17_x86_64"]),
        tags(&["win_arm64"]),
        tags(&["win_amd64"]),
    ]
}

#[test]
fn the_templates_tags_are_chosen_where_honest_and_the_nearest_where_not() {
    let chosen = |bytes: Vec<u8>| inventory(&[("bin/x", bytes)]).choose_tags(&seed_rows()).map(|set| set.to_string());
    assert_eq!(chosen(static_elf().build()).unwrap(), "manylinux_2_17_x86_64.musllinux_1_1_x86_64");
    assert_eq!(chosen(glibc_elf().build()).unwrap(), "manylinux_2_17_x86_64");
    let later = ElfSample { versions: vec![("libc.so.6", "GLIBC_2.34", false, vec![("x", false)])], ..glibc_elf() };
    assert_eq!(chosen(later.build()).unwrap(), "manylinux_2_34_x86_64");
    assert_eq!(chosen(mac(AMD64, 10, 9).build()).unwrap(), "macosx_10_9_x86_64");
    assert_eq!(chosen(mac(AMD64, 10, 12).build()).unwrap(), "macosx_10_12_x86_64");
    assert_eq!(chosen(mac(ARM64, 11, 0).build()).unwrap(), "macosx_11_0_arm64");
    assert_eq!(chosen(pe(0xaa64, &["foo.dll"], false)).unwrap(), "win_arm64");
    let both = fat(&[(AMD64, mac(AMD64, 10, 12).build()), (ARM64, mac(ARM64, 11, 0).build())]);
    assert_eq!(chosen(both).unwrap(), "macosx_10_12_universal2.macosx_10_12_x86_64.macosx_11_0_arm64");
    let riscv = ElfSample { machine: 243, ..static_elf() };
    assert_eq!(chosen(riscv.build()).unwrap(), "manylinux_2_31_riscv64.musllinux_1_1_riscv64");
    let android = ElfSample { interpreter: Some("/system/bin/linker64"), ..static_elf() };
    assert_eq!(chosen(android.build()), None);
}

#[test]
fn one_helper_of_another_kind_decides_for_the_whole_payload() {
    let mixed = inventory(&[("bin/x", static_elf().build()), ("codex-path/rg", glibc_elf().build())]);
    assert_eq!(mixed.choose_tags(&seed_rows()).unwrap().to_string(), "manylinux_2_17_x86_64");
    let torn = inventory(&[("bin/x", static_elf().build()), ("bin/y", pe(0x8664, &[], false))]);
    assert_eq!(torn.honest_tags(), []);
}

#[test]
fn what_is_no_binary_is_named() {
    let java = [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65][..], &[0; 100]].concat();
    let object = ElfSample { kind: 1, ..static_elf() }.build();
    let narrow = [&0xfeed_face_u32.to_le_bytes()[..], &[0; 60]].concat();
    let cases: [(&[u8], &str); 11] = [
        (b"", "the file is empty"),
        (b"#!/bin/sh\necho hello\n", "the file is text, not an executable"),
        (
            b"MZ is how this letter begins, and it goes on for quite some lines after that\n",
            "the file is text, not an executable",
        ),
        (&[0, 1, 2, 3], "the file is not an ELF, Mach-O or PE binary"),
        (b"!<arch>\nfoo.o/  ", "the file is a static library, not an executable or a shared library"),
        (&java, "the file is a Java class, not an executable or a shared library"),
        (b"PK\x03\x04abc", "the file is an archive, not an executable or a shared library"),
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
fn musl_library() -> ElfSample {
    ElfSample {
        kind: 3,
        soname: Some("libx.so"),
        needed: vec!["libc.musl-x86_64.so.1"],
        undefined: vec![("memcpy", false), ("strlen", false)],
        ..static_elf()
    }
}

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
fn a_node_of_libgcc_is_no_glibc() {
    let versions = vec![("libgcc_s.so.1", "GLIBC_2.0", false, vec![("__register_frame", false)])];
    let needed = vec!["libgcc_s.so.1", "libc.musl-x86_64.so.1"];
    let library = ElfSample { needed, versions, ..musl_library() };
    assert_eq!(facts(&library.build()).slices[0].libc, Some(Libc::Musl));
    let gcc = ElfSample { needed: vec!["libgcc_s.so.1"], ..library.clone() };
    assert_eq!(facts(&gcc.build()).slices[0].libc, None);
    let glibc = vec![("libc.so.6", "GLIBC_2.2.5", false, vec![("memcpy", false)])];
    let glibc = ElfSample { needed: Vec::new(), versions: glibc, ..library };
    assert_eq!(facts(&glibc.build()).slices[0].libc, Some(Libc::Glibc));
}

#[test]
fn functions_of_glibc_alone_tell_without_a_library() {
    let uses = |name, weak| ElfSample { needed: Vec::new(), undefined: vec![(name, weak)], ..musl_library() };
    for name in
        ["__printf_chk", "gnu_get_libc_version", "__res_init", "mallinfo2", "__isoc23_strtol", "_dl_find_object"]
    {
        let found = objections_to(&uses(name, false).build(), "musllinux_1_2_x86_64");
        let expected = format!("it uses `{name}`, which is glibc's alone, and the tag promises musl");
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        assert_eq!(objections_to(&uses(name, false).build(), "manylinux_2_17_x86_64"), []);
        assert_eq!(objections_to(&uses(name, true).build(), "musllinux_1_2_x86_64"), []);
    }
    for name in ["__stack_chk_fail", "__isoc99_sscanf", "__res_state", "res_init", "open64", "__register_frame"] {
        assert_eq!(objections_to(&uses(name, false).build(), "musllinux_1_2_x86_64"), [], "{name}");
    }
    // As musl got the function in the middle of 1.2, the tag tells no more.
    assert_eq!(objections_to(&uses("qsort_r", false).build(), "musllinux_1_2_x86_64"), []);
    assert!(matches!(
        objections_to(&uses("qsort_r", false).build(), "musllinux_1_1_x86_64")[..],
        [Objection::LaterMusl { .. }]
    ));
    // A library of the wheel may have the function.
    let library = ElfSample { defined: vec!["argp_parse"], hash: SampleHash::Gnu, ..musl_library() }.build();
    let both = inventory(&[("m/a.so", uses("argp_parse", false).build()), ("m/libargp.so", library)]);
    assert_eq!(both.objections(&"musllinux_1_2_x86_64".parse().unwrap()), []);
    let alone = inventory(&[("m/a.so", uses("argp_parse", false).build())]);
    assert_eq!(alone.objections(&"musllinux_1_2_x86_64".parse().unwrap()).len(), 1);
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

#[test]
fn the_next_better_tag_is_ruled_out_by_a_file() {
    let next = |bytes: Vec<u8>| {
        let next = inventory(&[("package/program", bytes)]).next_tag()?;
        Some(format!("{} {}", next.tag, next.because))
    };
    let versions = vec![
        ("libc.so.6", "GLIBC_2.18", false, vec![("atexit", false)]),
        ("libc.so.6", "GLIBC_2.28", false, vec![("fcntl64", false)]),
    ];
    assert_eq!(
        next(ElfSample { versions, ..glibc_elf() }.build()).unwrap(),
        "manylinux_2_17_x86_64 `program` needs `GLIBC_2.28` for `fcntl64`, and the tag promises glibc 2.17, whose \
         `libc.so.6` does not have it"
    );
    let oldest = vec![("libc.so.6", "GLIBC_2.2.5", false, vec![("x", false)])];
    assert_eq!(
        next(ElfSample { versions: oldest, ..glibc_elf() }.build()).unwrap(),
        "musllinux_1_1_x86_64 `program` is linked against glibc (interpreter `/lib64/ld-linux-x86-64.so.2`), and the tag \
         promises musl"
    );
    assert_eq!(next(static_elf().build()), None);
    assert_eq!(
        next(mac(AMD64, 10, 12).build()).unwrap(),
        "macosx_10_11_x86_64 the x86_64 code of `program` needs macOS 10.12, and the tag promises 10.11"
    );
    assert_eq!(
        next(mac(ARM64, 13, 0).build()).unwrap(),
        "macosx_12_0_arm64 the aarch64 code of `program` needs macOS 13.0, and the tag promises 12.0"
    );
    assert_eq!(next(mac(ARM64, 11, 0).build()), None);
    assert_eq!(next(pe(0x8664, &["KERNEL32.dll"], false)), None);
    let both = inventory(&[("bin/x", static_elf().build()), ("bin/y", pe(0x8664, &[], false))]);
    assert_eq!(both.next_tag().unwrap().because, "`y` is PE, and the tag's platform runs ELF");
}

#[test]
fn static_programs_go_down_to_the_first_tag() {
    let lowest = |sample: ElfSample| {
        let tags = inventory(&[("x", sample.build())]).lowest_honest_tags();
        tags.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        lowest(static_elf()),
        [
            "manylinux1_x86_64",
            "manylinux_2_5_x86_64",
            "manylinux2014_x86_64",
            "manylinux_2_17_x86_64",
            "musllinux_1_1_x86_64"
        ]
    );
    let arm = ["manylinux2014_aarch64", "manylinux_2_17_aarch64", "musllinux_1_1_aarch64"];
    assert_eq!(lowest(ElfSample { machine: 183, ..static_elf() }), arm);
    assert_eq!(lowest(glibc_elf()), ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]);
}

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
