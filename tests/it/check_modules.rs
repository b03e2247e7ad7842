//! Extension modules by what Python does with them: it finds them by their names, and starts them by a function.

use relkit::check::Severity;

use crate::samples::binary::{
    ARM64, ElfSample, LOOKED_UP, MachSample, PeSample, SampleHash, glibc_elf, mac as mac_sample, static_pie,
};
use crate::samples::wheel::{Sample, linux, mac, windows};
use crate::support::check::findings;

const E: Option<Severity> = Some(Severity::Error);
const W: Option<Severity> = Some(Severity::Warning);
const NONE: Option<Severity> = None;

/// What the rule says of the last file of a wheel under these tags.
fn verdict(sample: Sample, tags: &str, path: &str, bytes: Vec<u8>) -> Option<Severity> {
    let sample = sample.renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}.whl"));
    let found = findings(&sample.and(path, bytes, 0o100755));
    found.into_iter().find(|finding| finding.rule == "extension-start").map(|finding| finding.severity)
}

fn elf(defined: &[&'static str], undefined: &[&'static str]) -> ElfSample {
    let undefined = undefined.iter().map(|name| (*name, false)).collect();
    let needed = vec!["libc.so.6"];
    let module = ElfSample { defined: defined.to_vec(), undefined, needed, hash: SampleHash::SysV, ..glibc_elf() };
    ElfSample { interpreter: None, soname: Some("x.so"), flags_1: 0, ..module }
}

fn of_elf(tags: &str, file: &str, bytes: Vec<u8>) -> Option<Severity> {
    let tags = format!("{tags}-manylinux2014_x86_64.manylinux_2_17_x86_64");
    verdict(linux(), &tags, &format!("codex_cli_bin/{file}"), bytes)
}

#[test]
fn an_elf_module_has_the_function_of_its_name() {
    let create = &["PyModule_Create2"];
    for (tags, file, defined, undefined, expected) in [
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["PyInit_m"][..], &create[..], NONE),
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["PyModExport_m"], create, NONE),
        ("cp39-abi3", "_m.abi3.so", &["PyInit_other", "PyInit__m"], create, NONE),
        ("cp312-cp312", "m/__init__.cpython-312-x86_64-linux-gnu.so", &["PyInit_m"], create, NONE),
        ("pp310-pypy310_pp73", "m.pypy310-pp73-x86_64-linux-gnu.so", &["PyInit_m"], create, NONE),
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["initm"], create, E),
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["PyInit_n"], create, E),
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["PyInit_n"], &[], E),
        ("cp39-abi3", "m.abi3.so", &[], create, E),
        ("py3-none", "m.abi3.so", &[], create, E),
        ("pp310-pypy310_pp73", "m.pypy310-pp73-x86_64-linux-gnu.so", &[], create, E),
        // What uses nothing of Python is a library under such a name.
        ("cp312-cp312", "m.cpython-312-x86_64-linux-gnu.so", &["answer"], &["malloc"], W),
        // Whoever loads these loads them otherwise, or starts them by the function of Python 2.
        ("cp312-cp312", "m.so", &[], create, NONE),
        ("cp312-cp312", "libm.so.1", &[], create, NONE),
        ("cp27-cp27mu", "m.abi3.so", &["initm"], create, NONE),
        ("py2.py3-none", "m.abi3.so", &["initm"], create, NONE),
        ("cp312-cp312", "m.pyd", &[], create, NONE),
    ] {
        assert_eq!(of_elf(tags, file, elf(defined, undefined).build()), expected, "{tags} {file} {defined:?}");
    }
    let module = elf(&[], create).build();
    let sample = linux().and("codex_cli_bin/a.py", "import ctypes\n", 0o100644);
    let tags = "cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64";
    let path = "codex_cli_bin/m.cpython-312-x86_64-linux-gnu.so";
    assert_eq!(verdict(sample.clone(), tags, path, module), W);
    // What Python code loads otherwise, and what other files are linked against, may have any name.
    assert_eq!(verdict(sample, tags, path, elf(&["answer"], &["malloc"]).build()), NONE);
    // A debugger injects it: the code names the file, which no import does.
    for (file, code, expected) in [
        ("_inject.abi3.so", "gdb('dlopen', HERE / '_inject.abi3.so')\n", NONE),
        ("_inject.abi3.so", "gdb('dlopen', HERE / f'_inject.{abi}.so')\n", NONE),
        ("_inject.abi3.so", "gdb('dlopen', HERE / ('_inject' + SUFFIX))\n", W),
        ("_inject.abi3.so", "import ctypes\nfrom p._inject.more import so\n", W),
        ("_inject.abi3.so", "gdb('dlopen', HERE / 'lib_inject.so')\n", W),
        ("core.abi3.so", "ctypes.CDLL('libcore.so')\n", W),
        ("_inject.abi3.so", "from . import _inject\n", E),
        ("_inject.abi3.so", "FILES = ['_inject.abi3.so']\n", E),
    ] {
        let sample = linux().and("codex_cli_bin/a.py", code, 0o100644);
        let found = verdict(sample, tags, &format!("codex_cli_bin/{file}"), elf(&["inject"], create).build());
        assert_eq!(found, expected, "{code}");
    }
    let needs = ElfSample { needed: vec!["libm.abi3.so"], ..elf(&["PyInit_n"], create) };
    let sample = linux().and("codex_cli_bin/n.abi3.so", needs.build(), 0o100755);
    assert_eq!(verdict(sample, tags, "codex_cli_bin/libm.abi3.so", elf(&[], create).build()), NONE);
}

#[test]
fn a_program_is_no_module() {
    let fixed = ElfSample { kind: 2, ..glibc_elf() };
    let sample = linux().and("codex_cli_bin/a.py", "import ctypes\n", 0o100644);
    for program in [glibc_elf(), static_pie(62), fixed] {
        let tags = "cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64";
        assert_eq!(verdict(sample.clone(), tags, "codex_cli_bin/m.abi3.so", program.build()), E);
    }
    let exe = PeSample { machine: 0x8664, imports: &["python3.dll"], ..PeSample::default() };
    let sample = windows(PeSample { machine: 0x8664, ..PeSample::default() }.build());
    assert_eq!(verdict(sample, "cp39-abi3-win_amd64", "codex_cli_bin/m.pyd", exe.build()), E);
}

#[test]
fn a_pe_module_exports_the_function_of_its_name() {
    let program = PeSample { machine: 0x8664, imports: &["KERNEL32.dll"], ..PeSample::default() };
    for (file, exports, forwards, imports, expected) in [
        ("m.cp312-win_amd64.pyd", &["PyInit_m"][..], &[][..], "python312.dll", NONE),
        ("m.pyd", &["other", "PyInit_m"], &["a.b"], "python312.dll", NONE),
        ("M.PYD", &["PyInit_m"], &[], "python312.dll", NONE),
        ("m.cp312-win_amd64.pyd", &["PyInit_n"], &[], "python312.dll", E),
        ("m.cp312-win_amd64.pyd", &["other"], &[], "python312.dll", E),
        ("m.cp312-win_amd64.pyd", &[], &[], "python312.dll", E),
        ("m.cp312-win_amd64.pyd", &[], &[], "KERNEL32.dll", W),
        ("m.dll", &[], &[], "python312.dll", NONE),
        ("m.cpython-312-x86_64-linux-gnu.so", &[], &[], "python312.dll", NONE),
    ] {
        let imports = &[imports];
        let module = PeSample { machine: 0x8664, imports, exports, forwards, is_library: true, ..PeSample::default() };
        let (sample, path) = (windows(program.build()), format!("codex_cli_bin/{file}"));
        let found = verdict(sample, "cp312-cp312-win_amd64", &path, module.build());
        assert_eq!(found, expected, "{file} {exports:?} {imports:?}");
    }
}

#[test]
fn a_mach_o_module_exports_the_function_of_its_name() {
    let program = mac_sample(ARM64, 11, 0);
    for (file, exported, undefined, expected) in [
        ("m.cpython-312-darwin.so", Some("PyInit_m"), "PyModule_Create2", NONE),
        ("m.abi3.so", Some("PyInit_m"), "PyModule_Create2", NONE),
        ("m.cpython-312-darwin.so", Some("PyInit_n"), "PyModule_Create2", E),
        ("m.cpython-312-darwin.so", Some("other"), "PyModule_Create2", E),
        ("m.cpython-312-darwin.so", None, "PyModule_Create2", E),
        ("m.cpython-312-darwin.so", Some("other"), "malloc", W),
        ("libm.dylib", Some("other"), "PyModule_Create2", NONE),
    ] {
        let undefined = vec![(undefined, LOOKED_UP)];
        let module = MachSample { kind: 8, undefined, exported, ..program.clone() }.build();
        let path = format!("codex_cli_bin/{file}");
        let found = verdict(mac(program.build()), "cp312-cp312-macosx_11_0_arm64", &path, module);
        assert_eq!(found, expected, "{file} {exported:?}");
    }
}
