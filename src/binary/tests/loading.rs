//! Libraries that lie in the wheel, and whether the loader comes to them from where the files are installed.

use super::*;

const GLIBC: &str = "manylinux_2_17_x86_64";
const MUSL: &str = "musllinux_1_2_x86_64";
const MAC: &str = "macosx_11_0_arm64";

/// A program or library for glibc with these needed libraries; the path is of the elder kind where it begins with `!`.
fn elf(is_program: bool, needed: &[&'static str], path: Option<&'static str>) -> Vec<u8> {
    sample(is_program, needed, path).build()
}

fn sample(is_program: bool, needed: &[&'static str], path: Option<&'static str>) -> ElfSample {
    let needed = ["libc.so.6"].iter().chain(needed).copied().collect();
    let rpath = path.and_then(|path| path.strip_prefix('!'));
    let runpath = path.filter(|_| rpath.is_none());
    let base = ElfSample { needed, rpath, runpath, ..glibc_elf() };
    if is_program { base } else { ElfSample { interpreter: None, flags_1: 0, soname: Some("some.so"), ..base } }
}

fn musl(is_program: bool, needed: &[&'static str], path: Option<&'static str>) -> Vec<u8> {
    let sample = sample(is_program, needed, path);
    let interpreter = is_program.then_some("/lib/ld-musl-x86_64.so.1");
    let needed = ["libc.so"].into_iter().chain(sample.needed[1..].iter().copied()).collect();
    ElfSample { interpreter, needed, versions: Vec::new(), ..sample }.build()
}

fn mach_o(is_program: bool, dylibs: &[&'static str], rpaths: &[&'static str]) -> Vec<u8> {
    let base = mac(ARM64, 11, 0);
    let dylibs = base.dylibs.iter().copied().chain(dylibs.iter().map(|name| (*name, false))).collect();
    MachSample { kind: if is_program { 2 } else { 6 }, dylibs, rpaths: rpaths.to_vec(), ..base }.build()
}

/// The files that miss a library, each with the sentence.
fn missing(tag: &str, members: &[(&str, Vec<u8>)]) -> Vec<(String, String)> {
    let inventory = inventory(members);
    let found = inventory.objections(&tag.parse().unwrap()).into_iter();
    found.map(|(member, objection)| (member.to_owned(), objection.to_string())).collect()
}

fn are_missing(tag: &str, members: &[(&str, Vec<u8>)]) -> Vec<String> {
    missing(tag, members).into_iter().map(|(member, _)| member).collect()
}

#[test]
fn a_newer_path_serves_its_own_file_and_an_elder_one_all_that_it_loads() {
    let chain = |program, library| {
        [
            ("m/bin/p", elf(true, &["liba.so"], program)),
            ("m/lib/liba.so", elf(false, &["libb.so"], library)),
            ("m/lib/libb.so", elf(false, &[], None)),
        ]
    };
    let library = "m/lib/liba.so";
    for (program, own, expected) in [
        ("$ORIGIN/../lib", None, &[library][..]),
        ("$ORIGIN/../lib", Some("$ORIGIN"), &[]),
        ("$ORIGIN/../lib", Some("!$ORIGIN"), &[]),
        ("!$ORIGIN/../lib", None, &[]),
        ("!$ORIGIN/../lib", Some("!/elsewhere"), &[]),
        // A path of the newer kind passes over those of the elder.
        ("!$ORIGIN/../lib", Some("/elsewhere"), &[library]),
        ("${ORIGIN}/../lib", None, &[library]),
    ] {
        assert_eq!(are_missing(GLIBC, &chain(Some(program), own)), expected, "{program} {own:?}");
    }
    let said = missing(GLIBC, &chain(Some("$ORIGIN/../lib"), None));
    assert_eq!(
        said[0].1,
        "it needs `libb.so`, which the wheel holds where the loader does not look when `m/bin/p` starts"
    );
    // What the program has loaded itself is there.
    let both = [
        ("m/bin/p", elf(true, &["liba.so", "libb.so"], Some("$ORIGIN/../lib"))),
        ("m/lib/liba.so", elf(false, &["libb.so"], None)),
        ("m/lib/libb.so", elf(false, &[], None)),
    ];
    assert_eq!(are_missing(GLIBC, &both), [""; 0]);
}

#[test]
fn musl_knows_one_kind_of_path_and_one_token() {
    let chain = |path| {
        [
            ("m/bin/p", musl(true, &["liba.so"], Some(path))),
            ("m/lib/liba.so", musl(false, &["libb.so"], None)),
            ("m/lib/libb.so", musl(false, &[], None)),
        ]
    };
    assert_eq!(are_missing(MUSL, &chain("$ORIGIN/../lib")), [""; 0]);
    assert_eq!(are_missing(MUSL, &chain("!$ORIGIN/../lib")), [""; 0]);
    assert_eq!(are_missing(MUSL, &chain("$ORIGIN/../lib:$ORIGIN/../$LIB")), ["m/bin/p"]);
}

#[test]
fn tokens_are_relied_on_where_all_that_they_mean_is_there() {
    let program = |path| ("m/bin/p", elf(true, &["liba.so"], Some(path)));
    let library = |place| (place, elf(false, &[], None));
    let (red_hat, debian) = (library("m/lib64/liba.so"), library("m/lib/x86_64-linux-gnu/liba.so"));
    let lib = "$ORIGIN/../$LIB";
    assert_eq!(are_missing(GLIBC, &[program(lib), red_hat.clone()]), ["m/bin/p"]);
    assert_eq!(are_missing(GLIBC, &[program(lib), red_hat.clone(), debian]), [""; 0]);
    assert_eq!(are_missing(GLIBC, &[program("$ORIGIN/../$LIB:$ORIGIN/../lib64"), red_hat]), [""; 0]);
    let platform = [program("$ORIGIN/../${PLATFORM}"), library("m/x86_64/liba.so")];
    assert_eq!(are_missing(GLIBC, &platform), ["m/bin/p"]);
}

#[test]
fn programs_in_scripts_are_started_from_bin() {
    let program = |path| ("m-1.0.data/scripts/p", elf(true, &["liba.so"], Some(path)));
    let library = |place| (place, elf(false, &[], None));
    for (path, place, is_found) in [
        ("$ORIGIN/../../m", "m/liba.so", false),
        ("$ORIGIN/../m", "m/liba.so", false),
        ("$ORIGIN/../lib/python3.12/site-packages/m", "m/liba.so", true),
        ("$ORIGIN/../lib", "m-1.0.data/data/lib/liba.so", true),
        ("$ORIGIN", "m-1.0.data/scripts/liba.so", true),
        ("$ORIGIN/../lib", "m-1.0.data/lib/liba.so", false),
    ] {
        let found = are_missing(GLIBC, &[program(path), library(place)]).is_empty();
        assert_eq!(found, is_found, "{path} {place}");
    }
    let module = elf(false, &["liba.so"], Some("$ORIGIN/../../../../lib"));
    let both = [("m/a.abi3.so", module.clone()), library("m-1.0.data/data/lib/liba.so")];
    assert_eq!(are_missing(GLIBC, &both), [""; 0]);
    let split = [("m-1.0.data/platlib/m/a.abi3.so", elf(false, &["liba.so"], Some("$ORIGIN"))), library("m/liba.so")];
    assert_eq!(are_missing(GLIBC, &split), [""; 0]);
}

#[test]
fn a_needed_path_is_no_name() {
    let of = |needed| [("m/p", elf(true, &[needed], Some("$ORIGIN"))), ("m/liba.so", elf(false, &[], None))];
    assert_eq!(are_missing(GLIBC, &of("build/liba.so")), ["m/p"]);
    assert_eq!(are_missing(GLIBC, &of("./liba.so")), ["m/p"]);
    assert_eq!(are_missing(GLIBC, &of("$ORIGIN/liba.so")), [""; 0]);
}

#[test]
fn a_module_may_find_what_was_loaded_before() {
    let library = ("m/libs/liba.so", elf(false, &[], None));
    let module = |path| elf(false, &["liba.so"], path);
    let lost = [("m/a.cpython-312-x86_64-linux-gnu.so", module(None)), library.clone()];
    let inventory = inventory(&lost);
    let found = inventory.objections(&GLIBC.parse().unwrap());
    let [(_, Objection::NeededLibrary { absence: Absence::Preloaded, by: None, .. })] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(inventory.honours(&GLIBC.parse().unwrap()));
    // Another module leads to it, and is perhaps imported first; a library that is no module is loaded by name.
    let other = ("m/b.abi3.so", module(Some("$ORIGIN/libs")));
    assert_eq!(are_missing(GLIBC, &[lost[0].clone(), other, library.clone()]), [""; 0]);
    assert_eq!(are_missing(GLIBC, &[("m/libplugin.so", module(None)), library]), [""; 0]);
}

#[test]
fn dyld_collects_run_paths_and_knows_the_program() {
    let chain = |program: &[&'static str], library: &[&'static str], needed| {
        [
            ("m/bin/p", mach_o(true, &["@rpath/liba.dylib"], program)),
            ("m/lib/liba.dylib", mach_o(false, &[needed], library)),
            ("m/lib/libb.dylib", mach_o(false, &[], &[])),
        ]
    };
    let to_lib = &["@loader_path/../lib"][..];
    for (library, needed, is_found) in [
        (&[][..], "@rpath/libb.dylib", true),
        (&[], "@loader_path/libb.dylib", true),
        (&[], "@executable_path/../lib/libb.dylib", true),
        (&[], "@executable_path/libb.dylib", false),
        (&["@loader_path"], "@rpath/libb.dylib", true),
        (&[], "@rpath/deeper/libb.dylib", false),
    ] {
        let found = are_missing(MAC, &chain(to_lib, library, needed));
        assert_eq!(found.is_empty(), is_found, "{needed} {found:?}");
    }
    assert_eq!(are_missing(MAC, &chain(&["@executable_path/../lib"], &[], "@rpath/libb.dylib")), [""; 0]);
    // A module's program is Python.
    let module = |needed| [("m/a.abi3.so", mach_o(false, &[needed], &[])), ("m/liba.dylib", mach_o(false, &[], &[]))];
    assert_eq!(are_missing(MAC, &module("@executable_path/liba.dylib")), ["m/a.abi3.so"]);
    assert_eq!(are_missing(MAC, &module("@loader_path/liba.dylib")), [""; 0]);
}

#[test]
fn chains_and_crowds_are_followed_in_time() {
    const FILES: usize = 3000;
    let name = |index: usize| -> &'static str { Box::leak(format!("lib{index}.so").into_boxed_str()) };
    let names: Vec<_> = (0..FILES).map(name).collect();
    let library = |index: usize| {
        let needed: Vec<_> = names.get(index + 1).copied().into_iter().collect();
        (format!("m/{}", names[index]), facts(&elf(false, &needed, Some("$ORIGIN"))))
    };
    let program = facts(&elf(true, &[names[0]], Some("$ORIGIN")));
    let programs = (0..FILES).map(|index| (format!("m/p{index}"), program.clone()));
    let crowd = Inventory::new((0..FILES).map(library).chain(programs).collect());
    assert_eq!(crowd.objections(&GLIBC.parse().unwrap()), []);
}

#[test]
fn packed_relocations_need_a_loader_that_knows_them() {
    let relr = |sample: ElfSample| ElfSample { relr: true, ..sample }.build();
    let bare = ElfSample { interpreter: None, needed: Vec::new(), versions: Vec::new(), flags_1: 0, ..glibc_elf() };
    let library = relr(ElfSample { soname: Some("liba.so"), ..bare });
    assert_eq!(honest(&library)[0], "manylinux_2_36_x86_64");
    let found = objections_to(&library, GLIBC);
    assert_eq!(
        found[0].to_string(),
        "it has packed relocations (`DT_RELR`), which glibc knows from 2.36 on, and the tag promises 2.17"
    );
    let nodes = |node| vec![("libc.so.6", node, false, vec![("memcpy", false)])];
    let refused = relr(glibc_elf());
    assert!(objections_to(&refused, "manylinux_2_39_x86_64")[0].to_string().contains("refuses that"));
    let said = relr(ElfSample { versions: nodes("GLIBC_ABI_DT_RELR"), ..glibc_elf() });
    assert_eq!(objections_to(&said, "manylinux_2_36_x86_64"), []);
    let [Objection::SymbolVersion { .. }] = &objections_to(&said, GLIBC)[..] else { panic!("once") };
    assert_eq!(objections_to(&relr(static_elf()), GLIBC), [], "a static program relocates itself");
    let musl = ElfSample { needed: vec!["libc.so"], interpreter: Some("/lib/ld-musl-x86_64.so.1"), ..static_elf() };
    assert_eq!(honest(&relr(musl)), ["musllinux_1_2_x86_64"]);
}

#[test]
fn levels_of_processors_are_no_part_of_a_tag() {
    let of = |levels| ElfSample { x86_levels: Some(levels), ..glibc_elf() }.build();
    assert_eq!(objections_to(&of(1), GLIBC), []);
    for (levels, level) in [(2, 2), (3, 2), (5, 3), (9, 4)] {
        assert_eq!(objections_to(&of(levels), GLIBC), [Objection::ProcessorLevel { level }], "{levels}");
    }
}

#[test]
fn segments_fit_the_pages_of_the_kernel() {
    use crate::binary::objection::Weight;
    for (machine, flags, tag, skew, expected) in [
        (21, 2, "manylinux_2_17_ppc64le", 0, None),
        (21, 2, "manylinux_2_17_ppc64le", 0x1_0000, None),
        (21, 2, "manylinux_2_17_ppc64le", 0x1000, Some(Weight::Error)),
        (21, 2, "manylinux_2_17_ppc64le", 0x8000, Some(Weight::Error)),
        (258, 0x43, "manylinux_2_36_loongarch64", 0x4000, None),
        (258, 0x43, "manylinux_2_36_loongarch64", 0x2000, Some(Weight::Error)),
        (183, 0, "manylinux_2_17_aarch64", 0x1_0000, None),
        (183, 0, "manylinux_2_17_aarch64", 0x1000, Some(Weight::Warning)),
        (183, 0, "musllinux_1_1_aarch64", 0x1000, Some(Weight::Warning)),
        (21, 2, "musllinux_1_1_ppc64le", 0x1000, Some(Weight::Error)),
        (62, 0, "manylinux_2_17_x86_64", 0x1000, None),
    ] {
        let program = ElfSample { machine, flags, skew, ..static_elf() };
        let found = objections_to(&program.build(), tag);
        assert_eq!(found.first().map(Objection::weight), expected, "{tag} {skew:#x}: {found:?}");
        assert_eq!(found.iter().any(Objection::breaks_promise), expected == Some(Weight::Error), "{tag} {skew:#x}");
    }
}

/// glibc before 2.35 holds what a library says of itself; the kernel, which maps programs, and musl do not.
#[test]
fn libraries_say_that_they_are_aligned_to_pages() {
    use crate::binary::objection::Weight;
    for (machine, flags, kind, align, tag, expected) in [
        (21, 2, 3, 0x1_0000, "manylinux_2_17_ppc64le", None),
        (21, 2, 3, 0x1000, "manylinux_2_17_ppc64le", Some(Weight::Error)),
        (21, 2, 3, 0x1000, "manylinux_2_34_ppc64le", Some(Weight::Error)),
        (21, 2, 3, 0x1000, "manylinux_2_35_ppc64le", None),
        (21, 2, 3, 0x1000, "musllinux_1_2_ppc64le", None),
        (21, 2, 3, 0, "manylinux_2_17_ppc64le", None),
        (21, 2, 2, 0x1000, "manylinux_2_17_ppc64le", None),
        (258, 0x43, 3, 0x1000, "manylinux_2_36_loongarch64", None),
        (183, 0, 3, 0x1000, "manylinux_2_17_aarch64", Some(Weight::Warning)),
        (183, 0, 3, 0x1000, "manylinux_2_39_aarch64", None),
        (62, 0, 3, 0x1000, "manylinux_2_17_x86_64", None),
    ] {
        let bare = ElfSample { interpreter: None, needed: Vec::new(), versions: Vec::new(), ..glibc_elf() };
        let soname = (kind == 3).then_some("liba.so");
        let file = ElfSample { machine, flags, kind, align, soname, flags_1: 0, ..bare };
        let found = objections_to(&file.build(), tag);
        assert_eq!(found.first().map(Objection::weight), expected, "{tag} {kind} {align:#x}: {found:?}");
    }
}
