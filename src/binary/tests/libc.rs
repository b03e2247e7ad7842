//! The C library of a tag: its floor, its kind, and what a wheel brings of its own.

use super::*;

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
    let next = inventory(&[("m/bin/program", android.build())]).next_tag().unwrap();
    assert_eq!(next.because, "`program` does not say which API level of Android it needs");
    let freebsd = ElfSample { os_abi: 9, ..static_elf() };
    assert_eq!(honest(&freebsd.build()), [""; 0]);
}

#[test]
fn a_library_with_an_entry_is_no_program() {
    let library = |undefined: &[(&'static str, bool)]| {
        let hash = SampleHash::SysV;
        ElfSample { kind: 3, undefined: undefined.to_vec(), hash, ..static_elf() }.build()
    };
    for (undefined, kind, musl) in [
        (&[][..], Kind::Executable, None),
        (&[("__gmon_start__", true)], Kind::Executable, None),
        (&[("__printf_chk", true)], Kind::Executable, None),
        (&[("puts", false)], Kind::Library, None),
        (&[("__printf_chk", false)], Kind::Library, Some("`__printf_chk`")),
    ] {
        let bytes = library(undefined);
        assert_eq!(facts(&bytes).slices[0].kind, kind, "{undefined:?}");
        let found = objections_to(&bytes, "musllinux_1_2_x86_64");
        assert_eq!(found.len(), usize::from(musl.is_some()), "{undefined:?} {found:?}");
        assert!(found.iter().all(|it| it.to_string().contains(musl.unwrap_or_default())));
    }
}

#[test]
fn functions_that_loaders_choose_are_not_known_to_all() {
    let library = ElfSample { kind: 3, soname: Some("libx.so"), hash: SampleHash::Gnu, ..static_elf() };
    let with = |sample: ElfSample| ElfSample { defined: vec!["choose"], undefined: vec![("puts", false)], ..sample };
    let is_out = |bytes: &[u8], tag: &str| {
        let found = objections_to(bytes, tag);
        found.iter().any(|it| matches!(it, Objection::IndirectFunctions { .. }))
    };
    let narrow = || ElfSample { class64: false, machine: 3, ..library.clone() };
    let arm = || ElfSample { machine: 183, ..library.clone() };
    let s390x = || ElfSample { machine: 22, big_endian: true, ..library.clone() };
    for (sample, machine, expected) in [
        (with(library.clone()), "x86_64", [false, false, false]),
        (with(ElfSample { relocation: 37, ..library.clone() }), "x86_64", [true, false, true]),
        (with(ElfSample { indirect: true, ..library.clone() }), "x86_64", [true, false, true]),
        (with(ElfSample { relocation: 37, ..arm() }), "aarch64", [false, false, false]),
        (with(ElfSample { relocation: 1032, ..arm() }), "aarch64", [true, false, true]),
        (with(ElfSample { relocation: 61, ..s390x() }), "s390x", [true, false, true]),
        (with(ElfSample { indirect: true, ..s390x() }), "s390x", [true, false, true]),
        (with(ElfSample { relocation: 42, ..narrow() }), "i686", [true, false, true]),
        // A program without a loader chooses itself.
        (with(ElfSample { kind: 2, soname: None, relocation: 37, ..library.clone() }), "x86_64", [false, false, false]),
    ] {
        let bytes =
            ElfSample { undefined: if sample.kind == 2 { vec![] } else { sample.undefined.clone() }, ..sample }.build();
        let tags = ["manylinux_2_5", "manylinux_2_17", "musllinux_1_2"].map(|tag| format!("{tag}_{machine}"));
        let found = tags.map(|tag| is_out(&bytes, &tag));
        assert_eq!(found, expected, "{machine}");
    }
}

#[test]
fn a_program_that_needs_libraries_names_a_loader() {
    for (interpreter, flags_1, kind, expected) in [
        (Some("/lib64/ld-linux-x86-64.so.2"), 0x0800_0000, 3, 0),
        (None, 0x0800_0000, 3, 1),
        (None, 0, 2, 1),
        (None, 0, 3, 0),
    ] {
        let soname = (flags_1 == 0 && kind == 3).then_some("libx.so");
        let bytes = ElfSample { interpreter, flags_1, kind, soname, ..glibc_elf() }.build();
        let found = objections_to(&bytes, "manylinux_2_17_x86_64");
        let lacking = found.iter().filter(|it| matches!(it, Objection::NoInterpreter { .. }));
        assert_eq!(lacking.count(), expected, "{interpreter:?} {flags_1:#x} {kind}");
    }
}

#[test]
fn other_systems_are_told_by_any_sign() {
    let note = |owner, kind, number| ElfSample { note: Some((owner, kind, number)), ..static_elf() };
    let loader = |path| ElfSample { interpreter: Some(path), needed: vec!["libc.so.1"], ..static_elf() };
    for (sample, system) in [
        (static_elf(), None),
        (note("GNU", 1, 0), None),
        (note("GNU", 3, 1), None),
        (note("Go", 4, 1), None),
        (note("GNU", 1, 1), Some("GNU Hurd")),
        (note("FreeBSD", 1, 1_400_000), Some("FreeBSD")),
        (note("NetBSD", 1, 9), Some("NetBSD")),
        (note("OpenBSD", 1, 0), Some("OpenBSD")),
        (ElfSample { big_endian: true, machine: 22, ..note("GNU", 1, 1) }, Some("GNU Hurd")),
        (ElfSample { os_abi: 9, ..static_elf() }, Some("FreeBSD")),
        (ElfSample { os_abi: 3, ..static_elf() }, None),
        (loader("/libexec/ld-elf.so.1"), Some("FreeBSD")),
        (loader("/usr/libexec/ld-elf.so.2"), Some("DragonFly")),
        (loader("/usr/libexec/ld.so"), Some("OpenBSD")),
        (loader("/lib/amd64/ld.so.1"), Some("Solaris")),
    ] {
        let Details::Elf(elf) = facts(&sample.build()).slices[0].details.clone() else { panic!("{system:?}") };
        assert_eq!(elf.system, system, "{:?} {:?}", sample.note, sample.interpreter);
        let tag = if sample.big_endian { "manylinux_2_17_s390x" } else { "manylinux_2_17_x86_64" };
        let found = objections_to(&sample.build(), tag);
        assert_eq!(found.iter().any(|it| matches!(it, Objection::System { .. })), system.is_some(), "{system:?}");
    }
    // glibc's own loader on this machine.
    let glibc = ElfSample { big_endian: true, machine: 22, ..loader("/lib/ld.so.1") };
    let Details::Elf(elf) = facts(&glibc.build()).slices[0].details.clone() else { panic!() };
    assert_eq!(elf.system, None);
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
