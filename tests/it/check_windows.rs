//! Which DLLs a Windows wheel may import: Windows' own, Python's by its tags, those of distributions that it requires, its
//! own, in any case of letters, with what is loaded late.

use relkit::check::Severity;

use crate::samples::binary::PeSample;
use crate::samples::wheel::{Sample, windows};
use crate::support::check::findings;

const E: Option<Severity> = Some(Severity::Error);
const W: Option<Severity> = Some(Severity::Warning);
const NONE: Option<Severity> = None;

fn library(imports: &[&str]) -> Vec<u8> {
    PeSample { machine: 0x8664, imports, is_library: true, ..PeSample::default() }.build()
}

fn program(imports: &[&str]) -> Vec<u8> {
    PeSample { machine: 0x8664, imports, ..PeSample::default() }.build()
}

/// A wheel with one more file, under these tags of Python and ABI.
fn wheel(tags: &str, member: &str, bytes: Vec<u8>) -> Sample {
    let sample = windows(program(&["KERNEL32.dll"])).and(member, bytes, 0o100755);
    sample.renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}-win_amd64.whl"))
}

/// The gravest finding of `pe-imports`.
fn verdict(sample: &Sample) -> Option<Severity> {
    let found = findings(sample);
    let own = found.iter().filter(|finding| finding.rule == "pe-imports");
    own.map(|finding| finding.severity).min_by_key(|severity| *severity != Severity::Error)
}

#[test]
fn what_windows_and_python_have_is_there() {
    let module = "codex_cli_bin/_native.pyd";
    for (tags, member, imports, expected) in [
        ("cp312-cp312", module, "python312.dll", NONE),
        ("cp312-cp312", module, "PYTHON312.DLL", NONE),
        ("cp312-cp312", module, "python311.dll", E),
        ("cp312-cp312", module, "python312t.dll", E),
        ("cp313-cp313t", module, "python313t.dll", NONE),
        ("cp313-cp313t", module, "python313.dll", E),
        ("cp311.cp312-none", module, "python312.dll", E),
        ("cp38-abi3", module, "python3.dll", NONE),
        ("cp38-abi3", module, "python38.dll", E),
        ("py3-none", module, "python3.dll", NONE),
        ("py3-none", module, "python312.dll", E),
        ("py3-none", "codex_cli_bin/_native.cp312-win_amd64.pyd", "python312.dll", NONE),
        ("py3-none", "codex_cli_bin/native_312_64.dll", "python312.dll", NONE),
        ("pp310-pypy310_pp73", module, "libpypy3.10-c.dll", NONE),
        // The C runtime that CPython brings along serves what runs in its process.
        ("cp312-cp312", module, "VCRUNTIME140.dll", NONE),
        ("cp312-cp312", module, "vcruntime140_1.dll", NONE),
        ("cp312-cp312", module, "MSVCP140.dll", W),
        ("cp312-cp312", module, "vcruntime140d.dll", E),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "VCRUNTIME140.dll", W),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "mfc140u.dll", W),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "d3d12.dll", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "icuuc.dll", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "api-ms-win-crt-runtime-l1-1-0.dll", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "ext-ms-win-uxtheme-themes-l1-1-0.dll", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "Windows.UI.dll", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "WINSPOOL.DRV", NONE),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "libssl-3-x64.dll", E),
        ("py3-none", "codex_cli_bin/bin/helper.exe", "msvcr120.dll", E),
    ] {
        let bytes = if member.ends_with(".exe") { program(&[imports]) } else { library(&[imports]) };
        assert_eq!(verdict(&wheel(tags, member, bytes)), expected, "{tags} {member} {imports}");
    }
}

#[test]
fn what_the_wheel_brings_along_is_there() {
    let beside = |place: &str, sample: Sample| sample.and(place, library(&["KERNEL32.dll"]), 0o100755);
    let module = wheel("cp312-cp312", "codex_cli_bin/_native.pyd", library(&["python312.dll", "Zlib1.dll"]));
    assert_eq!(verdict(&module), E);
    assert_eq!(verdict(&beside("codex_cli_bin/zlib1.dll", module.clone())), NONE);
    // The package says where its DLLs lie before it imports the module.
    assert_eq!(verdict(&beside("codex_cli_bin.libs/ZLIB1.dll", module)), NONE);
    let helper = wheel("py3-none", "codex_cli_bin/bin/helper.exe", program(&["zlib1.dll"]));
    assert_eq!(verdict(&helper), E);
    assert_eq!(verdict(&beside("codex_cli_bin/bin/zlib1.dll", helper.clone())), NONE);
    assert_eq!(verdict(&beside("codex_cli_bin/lib/zlib1.dll", helper)), W);
    // A Python of its own serves the program beside it.
    let own = wheel("py3-none", "codex_cli_bin/python/python.exe", program(&["python312.dll"]));
    assert_eq!(verdict(&own), E);
    assert_eq!(verdict(&beside("codex_cli_bin/python/python312.dll", own)), NONE);
}

#[test]
fn what_is_loaded_late_is_a_warning() {
    let sample = |delayed: &[&str], forwards: &[&str]| {
        let imports: &[&str] = &["KERNEL32.dll"];
        let bytes = PeSample { machine: 0x8664, imports, delayed, forwards, is_library: true, ..PeSample::default() };
        wheel("py3-none", "codex_cli_bin/late.dll", bytes.build())
    };
    assert_eq!(verdict(&sample(&["d3d12.dll"], &["ntdll.RtlAllocateHeap", "KERNELBASE.#12"])), NONE);
    assert_eq!(verdict(&sample(&["libfoo.dll"], &[])), W);
    assert_eq!(verdict(&sample(&[], &["libfoo.open"])), W);
    assert_eq!(verdict(&sample(&[], &["libfoo.#7"])), W);
    // A stated size of the header alone leaves no forward, and is no fault.
    let forwards: &[&str] = &["libfoo.open"];
    let stated = PeSample {
        machine: 0x8664,
        imports: &["KERNEL32.dll"],
        forwards,
        is_library: true,
        exports_size: Some(40),
        ..PeSample::default()
    };
    assert_eq!(verdict(&wheel("py3-none", "codex_cli_bin/late.dll", stated.build())), NONE);
    let found = findings(&sample(&[], &["libfoo.#7"]));
    assert!(found.iter().any(|finding| finding.message.contains("`libfoo.dll`")), "{found:#?}");
}

#[test]
fn what_a_required_distribution_brings_along_is_there() {
    for (requires, imports, expected) in [
        ("pywin32", "pywintypes312.dll", NONE),
        ("pywin32>=306; sys_platform == 'win32'", "pythoncom312.dll", NONE),
        ("torch==2.12.0", "torch_cpu.dll", NONE),
        ("torch==2.12.0", "c10.dll", NONE),
        ("nvidia-cublas-cu12", "cublas64_12.dll", NONE),
        ("intel-openmp", "libiomp5md.dll", NONE),
        ("onnxruntime", "onnxruntime.dll", NONE),
        ("h5py>=3.0.0", "hdf5.dll", NONE),
        ("h5py (>=3) ; python_version >= '3.9'", "HDF5_HL.dll", NONE),
        ("h5netcdf>=1", "hdf5.dll", E),
        ("tensorrt-cu13-libs<11.2,>=11.1", "nvinfer_11.dll", NONE),
        ("requests", "nvinfer_11.dll", E),
        ("requests", "torch_cpu.dll", E),
        ("onnxruntime", "libssl-3-x64.dll", E),
    ] {
        let sample = wheel("cp312-cp312", "codex_cli_bin/_native.pyd", library(&["python312.dll", imports]));
        let sample = sample.metadata("Requires-Python", &format!("Requires-Dist: {requires}\nRequires-Python"));
        assert_eq!(verdict(&sample), expected, "{requires} {imports}");
    }
}
