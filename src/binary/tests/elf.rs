//! ELF programs: how they are linked, and for which machine and system.

use super::*;

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
fn programs_of_go_for_arm_are_told_by_their_build() {
    let arm =
        |flags, arm_version| ElfSample { class64: false, machine: 40, flags, arm_version, ..static_elf() }.build();
    for (bytes, version, expected) in [
        (arm(0x0500_0002, None), None, "armv7l"),
        (arm(0x0500_0002, None), Some(7), "armv7l"),
        (arm(0x0500_0002, None), Some(6), "armv6l"),
        (arm(0x0500_0002, None), Some(5), "armv6l"),
        // Its own calling convention is a static program's affair.
        (arm(0x0500_0202, None), Some(5), "armv6l"),
        (arm(0x0500_0202, None), None, "armv7l"),
        // What was linked by others as well says it in their way.
        (arm(0x0500_0402, Some(10)), Some(6), "armv7l"),
        (static_elf().build(), Some(6), "x86_64"),
    ] {
        let mut facts = facts(&bytes);
        let target = dependencies::GoTarget { system: Some("linux".into()), arm: version };
        super::super::elf::built_by_go(&mut facts, bytes[..].into(), &target);
        assert_eq!(facts.machines().to_string(), expected, "{version:?}");
    }
}

#[test]
fn a_library_that_needs_nothing_is_no_program() {
    // An entry is what old linkers give to libraries too.
    let alone = ElfSample { interpreter: None, needed: Vec::new(), flags_1: 0, soname: None, ..static_elf() };
    let alone = ElfSample { kind: 3, hash: SampleHash::Gnu, ..alone };
    for (sample, kind) in [
        (alone.clone(), Kind::Executable),
        (ElfSample { defined: vec!["_end", "__bss_start"], ..alone.clone() }, Kind::Executable),
        (ElfSample { defined: vec!["add"], ..alone.clone() }, Kind::Library),
        (ElfSample { undefined: vec![("__gmon_start__", true)], ..alone.clone() }, Kind::Executable),
        (ElfSample { undefined: vec![("__cxa_finalize", true)], ..alone.clone() }, Kind::Library),
        (ElfSample { defined: vec!["add"], flags_1: 0x0800_0000, ..alone }, Kind::Executable),
    ] {
        assert_eq!(facts(&sample.build()).slices[0].kind, kind, "{:?} {:?}", sample.defined, sample.undefined);
    }
}
