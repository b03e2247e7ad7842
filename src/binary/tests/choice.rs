//! The tags that are chosen, and what rules out the next better one.

use super::*;

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
    // No floor helps against a library that nobody has.
    let lacking = ElfSample {
        needed: vec!["libc.so.6", "libc10.so"],
        versions: vec![("libc.so.6", "GLIBC_2.28", false, vec![("fcntl64", false)])],
        ..glibc_elf()
    };
    assert_eq!(
        next(lacking.build()).unwrap(),
        "manylinux_2_28_x86_64 `program` needs `libc10.so`, which neither the tag's platforms nor the wheel have"
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
    // The numbers between 15 and 26 are those of no system.
    assert!(next(mac(ARM64, 26, 0).build()).unwrap().starts_with("macosx_15_0_arm64 "));
    let marked = ElfSample {
        versions: vec![("libc.so.6", "GLIBC_ABI_GNU2_TLS", false, vec![]), ("libc.so.6", "GLIBC_2.17", false, vec![])],
        ..glibc_elf()
    };
    let of_marked = inventory(&[("x", marked.build())]);
    assert_eq!(of_marked.honest_tags()[0].to_string(), "manylinux_2_43_x86_64");
    assert!(
        next(marked.build()).unwrap().starts_with("manylinux_2_39_x86_64 `program` needs `GLIBC_ABI_GNU2_TLS`, and")
    );
    assert_eq!(next(mac(ARM64, 11, 0).build()), None);
    assert_eq!(next(pe(0x8664, &["KERNEL32.dll"], false)), None);
    let both = inventory(&[("bin/x", static_elf().build()), ("bin/y", pe(0x8664, &[], false))]);
    assert_eq!(both.next_tag().unwrap().because, "`y` is PE, and the tag's platform runs ELF");
}

#[test]
fn of_each_family_the_tag_that_wheels_are_built_for_is_named() {
    let glibc =
        |node, symbol| ElfSample { versions: vec![("libc.so.6", node, false, vec![(symbol, false)])], ..glibc_elf() };
    for (node, floors) in [
        ("GLIBC_2.5", "musllinux_1_1"),
        ("GLIBC_2.7", "manylinux_2_5 musllinux_1_1"),
        ("GLIBC_2.14", "manylinux_2_12 musllinux_1_1"),
        ("GLIBC_2.27", "manylinux_2_17 musllinux_1_1"),
        ("GLIBC_2.29", "manylinux_2_28 musllinux_1_1"),
        ("GLIBC_2.38", "manylinux_2_34 musllinux_1_1"),
        ("GLIBC_2.41", "manylinux_2_39 musllinux_1_1"),
    ] {
        let found =
            inventory(&[("a/one", glibc("GLIBC_2.2.5", "exit").build()), ("a/two", glibc(node, "much").build())]);
        let ruled_out = found.ruled_out();
        let tags: Vec<_> = ruled_out.iter().map(|(tag, ..)| tag.to_string().replace("_x86_64", "")).collect();
        assert_eq!(tags.join(" "), floors, "{node}");
        for (tag, member, objection) in &ruled_out {
            assert!(!tag.is_manylinux() || (*member, objection.to_string().contains(node)) == ("a/two", true), "{tag}");
        }
    }
    // What decides against a tag that lies far below is what decides against the next.
    let both = ElfSample {
        versions: vec![
            ("libc.so.6", "GLIBC_2.14", false, vec![("memcpy", false)]),
            ("libc.so.6", "GLIBC_2.34", false, vec![("exit", false)]),
        ],
        ..glibc_elf()
    };
    let both = inventory(&[("x", both.build())]);
    let (_, why) = both.ruled_out_by(&"manylinux1_x86_64".parse().unwrap()).unwrap();
    assert!(why.to_string().contains("GLIBC_2.34"), "{why}");
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
