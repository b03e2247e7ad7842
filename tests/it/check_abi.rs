//! The tag of the stable ABI: what modules of all three systems may need of Python under it, and under which Python.

use relkit::check::Severity::{self, Error, Warning};

use crate::samples::binary::{
    ARM64, ElfSample, LOOKED_UP, LOOKED_UP_WEAK, MachSample, PeSample, glibc_elf, mac as mac_sample,
};
use crate::samples::wheel::{Sample, linux, linux_program, mac, windows};
use crate::support::check::findings;

const LINUX: &str = "manylinux2014_x86_64.manylinux_2_17_x86_64";

fn elf(undefined: &[(&'static str, bool)], library: &'static str) -> Vec<u8> {
    let module = ElfSample { undefined: undefined.to_vec(), needed: vec!["libc.so.6", library], ..glibc_elf() };
    ElfSample { interpreter: None, soname: Some("_native.abi3.so"), ..module }.build()
}

fn mach_o(undefined: &[(&'static str, u16)]) -> Vec<u8> {
    MachSample { kind: 8, undefined: undefined.to_vec(), ..mac_sample(ARM64, 11, 0) }.build()
}

fn pe(machine: u16, library: &str, functions: &[&str]) -> Vec<u8> {
    PeSample { machine, imports: &[library], functions, is_library: true, ..PeSample::default() }.build()
}

/// What the rule says of a module under these tags.
fn told(sample: Sample, tags: &str, module: &str, bytes: Vec<u8>) -> Vec<(Severity, String)> {
    let sample = sample.renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}.whl"));
    let found = findings(&sample.and(&format!("codex_cli_bin/{module}"), bytes, 0o100755));
    let own = found.into_iter().filter(|finding| finding.rule == "abi3-symbols");
    own.map(|finding| (finding.severity, finding.message)).collect()
}

/// How severe it is that a module of each system needs this name under `cp3N-abi3`: of ELF, of Mach-O, of PE.
fn verdicts(name: &'static str, oldest: u32) -> [Option<Severity>; 3] {
    let gravest = |found: Vec<(Severity, String)>| {
        found.into_iter().map(|(severity, _)| severity).min_by_key(|severity| *severity != Error)
    };
    let tags = |platform: &str| format!("cp3{oldest}-abi3-{platform}");
    let program = |target: &str| crate::samples::binary::program(target);
    [
        told(linux(), &tags(LINUX), "_native.abi3.so", elf(&[(name, false)], "libm.so.6")),
        told(
            mac(program("aarch64-apple-darwin")),
            &tags("macosx_11_0_arm64"),
            "_native.abi3.so",
            mach_o(&[(name, LOOKED_UP)]),
        ),
        told(
            windows(program("x86_64-pc-windows-msvc")),
            &tags("win_amd64"),
            "_native.pyd",
            pe(0x8664, "python3.dll", &[name]),
        ),
    ]
    .map(gravest)
}

#[test]
fn a_name_is_held_against_the_oldest_python_of_the_tag() {
    const NONE: Option<Severity> = None;
    const E: Option<Severity> = Some(Error);
    const W: Option<Severity> = Some(Warning);
    for (name, oldest, expected) in [
        ("PyLong_FromLong", 8, [NONE; 3]),
        ("_Py_NoneStruct", 8, [NONE; 3]),
        ("_PyArg_ParseTuple_SizeT", 8, [NONE; 3]),
        ("PyType_GetModuleState", 10, [NONE; 3]),
        // What is there and no part of the ABI: `python3.dll` alone holds to it.
        ("PyObject_GetBuffer", 11, [NONE; 3]),
        ("PyObject_GetBuffer", 8, [W, W, E]),
        ("PyType_GetModuleState", 9, [W, W, E]),
        // What is not there.
        ("PyType_GetModuleState", 8, [E; 3]),
        ("PyLong_AsInt32", 13, [E; 3]),
        ("PyLong_AsInt32", 14, [NONE; 3]),
        // What no version promises, under whatever name.
        ("_PyUnicode_Ready", 12, [E; 3]),
        ("PyUnicode_AsUTF8", 12, [E; 3]),
        ("PyFunction_Type", 12, [E; 3]),
        ("PyUnstable_Code_New", 12, [E; 3]),
        // Names of others; `python3.dll` has none of those.
        ("PyMagicName_get", 12, [NONE, NONE, E]),
    ] {
        assert_eq!(verdicts(name, oldest), expected, "{name} under cp3{oldest}-abi3");
    }
}

#[test]
fn the_rule_is_about_modules_for_every_python_alone() {
    let (stable, libc) = (format!("cp39-abi3-{LINUX}"), "libm.so.6");
    let private = [("_PyUnicode_Ready", false), ("_PyLong_New", false), ("PyLong_FromLong", false)];
    let found = told(linux(), &stable, "_native.abi3.so", elf(&private, libc));
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("`_PyLong_New`, `_PyUnicode_Ready`"), "{found:?}");
    // Weak symbols, other ABIs, a Python of its own, and modules of one version by their name.
    assert_eq!(told(linux(), &stable, "_native.abi3.so", elf(&[("_PyUnicode_Ready", true)], libc)), []);
    assert_eq!(told(linux(), &stable, "_native.abi3.so", elf(&private, "libpython3.12.so.1.0")), []);
    assert_eq!(told(linux(), &stable, "_native.cpython-312-x86_64-linux-gnu.so", elf(&private, libc)), []);
    assert_eq!(told(linux(), &stable, "libnative.so.1", elf(&private, libc)), []);
    for tags in ["cp39-cp39", "py3-none", "cp39.cp310-abi3.cp310"] {
        let tags = format!("{tags}-{LINUX}");
        assert_eq!(told(linux(), &tags, "_native.abi3.so", elf(&private, libc)), [], "{tags}");
    }
    // What other libraries may have, and what one of the wheel has.
    let found = told(linux(), &stable, "_native.abi3.so", elf(&private, "libshiboken6.abi3.so.6.12"));
    assert_eq!(found.iter().map(|(severity, _)| *severity).collect::<Vec<_>>(), [Warning]);
    assert!(found[0].1.ends_with(", unless `libshiboken6.abi3.so.6.12` has it"), "{found:?}");
    let names = vec!["_PyUnicode_Ready", "_PyLong_New"];
    let library = ElfSample { interpreter: None, defined: names, soname: Some("libown.so.1"), ..glibc_elf() }.build();
    let own = linux().and("codex_cli_bin/libown.so.1", library, 0o100755);
    assert_eq!(told(own, &stable, "_native.abi3.so", elf(&private, "libown.so.1")), []);
    let own = linux().and("codex_cli_bin/libpython3.12.so.1.0", linux_program(), 0o100755);
    assert_eq!(told(own, &stable, "_native.abi3.so", elf(&private, libc)), []);
}

#[test]
fn what_the_loader_looks_up_elsewhere_is_none_of_pythons() {
    let told_of_mac = |undefined: &[(&'static str, u16)]| {
        let sample = mac(crate::samples::binary::program("aarch64-apple-darwin"));
        told(sample, "cp39-abi3-macosx_11_0_arm64", "_native.abi3.so", mach_o(undefined)).len()
    };
    // The second byte is the number of a library that the file names.
    assert_eq!(told_of_mac(&[("_PyUnicode_Ready", 0x0100), ("_PyLong_New", LOOKED_UP_WEAK)]), 0);
    assert_eq!(told_of_mac(&[("PyLong_FromLong", LOOKED_UP), ("_PyLong_New", 0)]), 1, "a flat name space");
    let told_of_windows = |machine: u16, platform: &str, library: &str| {
        let sample = windows(pe(machine, "KERNEL32.dll", &[]));
        let module = pe(machine, library, &["PyUnicode_AsUTF8"]);
        told(sample, &format!("cp39-abi3-{platform}"), "_native.pyd", module).len()
    };
    assert_eq!(told_of_windows(0x8664, "win_amd64", "shiboken6.abi3.dll"), 0);
    assert_eq!(told_of_windows(0x8664, "win_amd64", "python312.dll"), 0, "pe-imports says that");
    assert_eq!(told_of_windows(0x8664, "win_amd64", "PYTHON3.DLL"), 1);
    assert_eq!(told_of_windows(0x14c, "win32", "python3.dll"), 1);
}
