//! Lists in small programs of each format, and lists that are not what they claim to be.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::samples::binary::{AMD64, ARM64, fat, glibc_elf, mac, pe, static_elf};
use crate::samples::dependencies::{
    AUDITABLE, MODULES, dep_v0, elf_section_address, elf_with, elf_without_sections, go_inline, go_pointers, mach_with,
    pe_with,
};

const READ_ONLY: u32 = 0x4000_0040;
const READ_WRITE: u32 = 0xc000_0040;

fn list(bytes: &[u8]) -> DependencyList {
    assert!(crate::binary::read(bytes).is_ok());
    read(bytes.into()).unwrap().unwrap()
}

fn refused(bytes: &[u8]) -> DependencyError {
    read(bytes.into()).unwrap().unwrap_err()
}

fn names(list: &DependencyList) -> Vec<String> {
    list.dependencies.iter().map(|it| format!("{} {}", it.name, it.version)).collect()
}

#[test]
fn the_list_of_cargo_auditable_is_read_in_every_format() {
    let section = dep_v0(AUDITABLE);
    let expected = list(&elf_with(".dep-v0", &section));
    assert_eq!(expected.origin.to_string(), "cargo-auditable");
    assert_eq!(expected.root, Some(Root { name: "demo".into(), version: "0.1.0".into() }));
    assert_eq!(names(&expected), ["cc 1.2.3", "serde 1.0.0+more"]);
    assert_eq!(expected.direct, BTreeSet::from([0, 1]));
    assert_eq!(expected.dependencies[0].scope, Scope::Build);
    assert_eq!(expected.dependencies[1].scope, Scope::Runtime);
    // Windows fills sections up with zeros.
    let padded = [&section[..], &[0; 500]].concat();
    for bytes in [mach_with(ARM64, ".dep-v0", &section), pe_with(".dep-v0", READ_ONLY, &padded)] {
        assert_eq!(list(&bytes), expected);
    }
}

#[test]
fn build_information_of_go_is_read_in_every_format() {
    let section = go_inline("go1.25.1", MODULES);
    let expected = list(&elf_with(".go.buildinfo", &section));
    assert_eq!(expected.origin.to_string(), "Go build information, go1.25.1");
    assert_eq!(expected.root, Some(Root { name: "example.org/Demo".into(), version: "(devel)".into() }));
    assert_eq!(
        names(&expected),
        ["github.com/BurntSushi/toml v1.5.0", "example.org/new v1.2.0+incompatible", "example.org/near v0.1.0"]
    );
    let sources: Vec<_> = expected.dependencies.iter().map(|it| (it.source, it.go_sum.is_some())).collect();
    assert_eq!(
        sources,
        [(DependencySource::Public, true), (DependencySource::Public, true), (DependencySource::Local, false)]
    );
    // On Windows it lies among other data, and the magic number alone is not enough.
    let among = [&[0; 16][..], b"..\xff Go buildinf:", &[0; 16], &section].concat();
    let old = go_pointers("go1.25.1", MODULES, elf_section_address());
    for bytes in [
        mach_with(AMD64, "__go_buildinfo", &section),
        pe_with(".data", READ_WRITE, &among),
        elf_without_sections(&section, true),
        elf_with(".go.buildinfo", &old),
    ] {
        assert_eq!(list(&bytes), expected);
    }
}

#[test]
fn a_program_without_modules_lists_none() {
    let bare = list(&elf_with(".go.buildinfo", &go_inline("go1.26", "")));
    assert_eq!((bare.root, bare.dependencies), (None, Vec::new()));
}

#[test]
fn a_program_that_only_speaks_of_lists_has_none() {
    let section = go_inline("go1.25.1", MODULES);
    let silent = [
        static_elf().build(),
        glibc_elf().build(),
        mac(ARM64, 11, 0).build(),
        pe(0x8664, &["KERNEL32.dll"], true),
        elf_with(".rodata", &section),
        elf_without_sections(&section, false),
        pe_with(".rdata", READ_ONLY, &section),
        // Not at a place where the toolchain would have put it.
        elf_with(".go.buildinfo", &[&[0; 8][..], &section].concat()),
        elf_with("dep-v0", &dep_v0(AUDITABLE)),
        b"\xff Go buildinf:".to_vec(),
    ];
    for bytes in silent {
        assert_eq!(read(bytes[..].into()), None);
    }
}

#[test]
fn a_fat_file_has_what_one_of_its_slices_has() {
    let other =
        AUDITABLE.replace("cc", "cmake").replace(r#""serde","version":"1.0.0+more""#, r#""syn","version":"2.0.0""#);
    let slices =
        [(AMD64, AUDITABLE), (ARM64, &other)].map(|(cpu, text)| (cpu, mach_with(cpu, ".dep-v0", &dep_v0(text))));
    let both = list(&fat(&slices));
    assert_eq!(names(&both), ["cc 1.2.3", "serde 1.0.0+more", "cmake 1.2.3", "syn 2.0.0"]);
    assert_eq!(both.direct, BTreeSet::from([0, 1, 2, 3]));
    let same = [AMD64, ARM64].map(|cpu| (cpu, mach_with(cpu, ".dep-v0", &dep_v0(AUDITABLE))));
    assert_eq!(list(&fat(&same)), list(&same[0].1));
    let one = [(AMD64, mac(AMD64, 11, 0).build()), same[1].clone()];
    assert_eq!(list(&fat(&one)), list(&same[0].1));
    let broken = [(AMD64, mach_with(AMD64, ".dep-v0", b"no zlib")), same[1].clone()];
    assert_eq!(refused(&fat(&broken)), DependencyError::Compression);
}

#[test]
fn a_union_keeps_what_needs_what() {
    let of = |text: &str| auditable::parse(text.as_bytes()).unwrap();
    let one = of(r#"{"packages":[{"name":"a","version":"1.0.0","source":"crates.io","kind":"build"},
        {"name":"r","version":"1.0.0","source":"local","root":true,"dependencies":[0]}]}"#);
    let other = of(r#"{"packages":[{"name":"b","version":"1.0.0","source":"git"},
        {"name":"a","version":"1.0.0","source":"crates.io","dependencies":[0]},
        {"name":"r","version":"1.0.0","source":"local","root":true,"dependencies":[1]}]}"#);
    let both = one.united(other);
    assert_eq!(names(&both), ["a 1.0.0", "b 1.0.0"]);
    assert_eq!(both.dependencies[0].dependencies, BTreeSet::from([1]));
    assert_eq!((both.dependencies[0].scope, both.direct), (Scope::Runtime, BTreeSet::from([0])));
}

#[test]
fn without_a_root_the_program_needs_what_nothing_else_needs() {
    let text = AUDITABLE.replace(r#","root":true"#, "");
    let list = auditable::parse(text.as_bytes()).unwrap();
    assert_eq!((list.root, list.direct, list.dependencies.len()), (None, BTreeSet::from([1]), 3));
}

#[test]
fn a_broken_list_is_named() {
    let auditable = |json: &str| refused(&elf_with(".dep-v0", &dep_v0(json)));
    let whole = dep_v0(AUDITABLE);
    assert_eq!(refused(&elf_with(".dep-v0", &whole[..whole.len() / 2])), DependencyError::Compression);
    assert_eq!(refused(&elf_with(".dep-v0", b"")), DependencyError::Compression);
    assert_eq!(auditable(&" ".repeat(100_000)), DependencyError::Bomb);
    assert_eq!(auditable("{}"), DependencyError::Json { line: 1, column: 2 });
    assert_eq!(auditable(&AUDITABLE.replace("[0,2]", "[0,3]")), DependencyError::Index(1));
    assert_eq!(auditable(&AUDITABLE.replace(r#""kind":"build""#, r#""root":true"#)), DependencyError::Roots);
    assert!(matches!(auditable(&AUDITABLE.replace("1.2.3", "1.2")), DependencyError::Json { .. }));

    let go = |section: &[u8]| refused(&elf_with(".go.buildinfo", section));
    let section = go_inline("go1.25.1", MODULES);
    assert_eq!(go(&section[..40]), DependencyError::GoTruncated);
    assert_eq!(go(&section[..20]), DependencyError::GoTruncated);
    assert_eq!(go(&go_inline("", MODULES)), DependencyError::GoToolchain);
    assert_eq!(go(&go_inline(&"go".repeat(200), MODULES)), DependencyError::GoToolchain);
    assert_eq!(go(&go_pointers("go1.17", MODULES, 1 << 40)), DependencyError::GoTruncated);
    assert_eq!(go(&go_inline("go1.25", "path\tx\ndep\tonly\n")), DependencyError::GoRow(2));
    assert_eq!(go(&go_inline("go1.25", "=>\ta\tv1\t\n")), DependencyError::GoRow(1));
    // A length that would not fit into memory.
    let mut endless = section.clone();
    endless[32..42].fill(0xff);
    assert_eq!(go(&endless), DependencyError::GoTruncated);
}

#[test]
fn a_program_of_go_says_what_it_was_built_for() {
    for (rows, system, arm) in [
        ("", None, None),
        ("build\tGOARCH=amd64\nbuild\tGOOS=linux\n", Some("linux"), None),
        ("build\tGOARM=7\nbuild\tGOOS=linux\n", Some("linux"), Some(7)),
        ("build\tGOARM=5,softfloat\n", None, Some(5)),
        ("build\tGOARM=x\nbuilt\tGOOS=linux\nbuild\tGOOS\n", None, None),
    ] {
        let found = list(&elf_with(".go.buildinfo", &go_inline("go1.25.1", &format!("path\tm\n{rows}"))));
        let target = GoTarget { system: system.map(str::to_owned), arm };
        assert_eq!(found.origin, ListOrigin::Go { toolchain: "go1.25.1".into(), target }, "{rows}");
    }
    let program =
        |system: &str| elf_with(".go.buildinfo", &go_inline("go1.25.1", &format!("path\tm\nbuild\tGOOS={system}\n")));
    for (system, expected) in [("linux", None), ("dragonfly", Some("DragonFly")), ("illumos", Some("illumos"))] {
        let facts = crate::binary::read(&program(system)).unwrap();
        let crate::binary::Details::Elf(elf) = &facts.slices[0].details else { panic!("{system}") };
        assert_eq!(elf.system, expected, "{system}");
    }
}

#[test]
fn a_graph_of_many_edges_is_read_in_linear_time() {
    let edges = (0..200_000).map(|edge| (edge % 2).to_string()).collect::<Vec<_>>().join(",");
    let circle = format!(
        r#"{{"packages":[{{"name":"a","version":"1.0.0","source":"git","dependencies":[{edges}]}},
        {{"name":"b","version":"1.0.0","source":"git","dependencies":[0]}}]}}"#
    );
    assert_eq!(auditable::parse(circle.as_bytes()).unwrap().dependencies[0].dependencies, BTreeSet::from([0, 1]));
}

fn programs() -> Vec<Vec<u8>> {
    let (section, go) = (dep_v0(AUDITABLE), go_inline("go1.25.1", MODULES));
    vec![
        elf_with(".dep-v0", &section),
        mach_with(ARM64, ".dep-v0", &section),
        pe_with(".dep-v0", READ_ONLY, &section),
        elf_with(".go.buildinfo", &go),
        elf_with(".go.buildinfo", &go_pointers("go1.17", MODULES, elf_section_address())),
        pe_with(".data", READ_WRITE, &go),
        fat(&[AMD64, ARM64].map(|cpu| (cpu, mach_with(cpu, "__go_buildinfo", &go)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn mutated_programs_are_answered(
        which in 0..7_usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = programs().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Some(Ok(list)) = read(bytes[..].into()) {
            let count = list.dependencies.len();
            let edges = list.dependencies.iter().flat_map(|it| &it.dependencies).chain(&list.direct);
            prop_assert!(edges.into_iter().all(|place| *place < count));
        }
    }

    #[test]
    fn any_text_of_a_list_is_answered(text in "(mod|dep|=>|path|build|x)?(\t[a-z./@ ]{0,6}){0,4}\n{0,2}", json in "\\PC{0,40}") {
        let _ = go::parse("go1.25", &text.repeat(3));
        let _ = auditable::parse(json.as_bytes());
    }
}
