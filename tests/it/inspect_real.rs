//! Every executable and library inside the eight published wheels: what they are, and which tags they honour.

use std::collections::HashMap;

use relkit::binary::{self, Format, Inventory, Kind, Libc, Linkage};
use relkit::check::inspection::{Binary, Report, inspect};
use relkit::zip::archive::Archive;

use crate::support::{REAL_VERSION, payload_directory, published_wheel, skip};

/// The report on one published wheel; `None` where it has not been fetched.
fn report(platform_tag: &str) -> Option<Report> {
    let wheel = published_wheel(platform_tag)?;
    let report = inspect(&[wheel]).unwrap();
    assert_eq!(report.problems, []);
    Some(report)
}

/// The binaries of a wheel by their paths inside the package.
fn by_name(report: &Report) -> HashMap<&str, &Binary> {
    report.binaries.iter().map(|binary| (inside_package(binary), binary)).collect()
}

fn inside_package(binary: &Binary) -> &str {
    let member = binary.member.as_deref().unwrap();
    member.strip_prefix("codex_cli_bin/").unwrap()
}

fn tags(binary: &Binary) -> Vec<String> {
    binary.honest_tags.iter().map(ToString::to_string).collect()
}

fn together(report: &Report) -> Vec<String> {
    report.wheels[0].honest_tags.iter().map(ToString::to_string).collect()
}

fn shown(value: &impl ToString) -> String {
    value.to_string()
}

/// Looks at each of the binaries of a wheel, which together have these tags.
fn look(platform_tag: &str, count: usize, honest: &[&str], each: impl Fn(&str, &Binary)) {
    let Some(report) = report(platform_tag) else { return };
    assert_eq!(report.binaries.len(), count, "{platform_tag}");
    report.binaries.iter().for_each(|binary| each(inside_package(binary), binary));
    assert_eq!(report.wheels[0].tags, [platform_tag]);
    assert_eq!(together(&report), honest);
}

#[test]
fn macos_programs_need_what_they_were_linked_for() {
    for (tag, architecture, minimum, honest) in [
        ("macosx_10_9_x86_64", "x86_64", "10.12", "macosx_10_12_x86_64"),
        ("macosx_11_0_arm64", "aarch64", "11.0", "macosx_11_0_arm64"),
    ] {
        look(tag, 3, &[honest], |name, binary| {
            assert_eq!(
                (binary.format, binary.kind, binary.linkage),
                (Format::MachO, Kind::Executable, Linkage::Dynamic)
            );
            let minimum_os = binary.minimum_os.as_ref().map(shown);
            assert_eq!(
                (shown(&binary.architecture), minimum_os),
                (architecture.into(), Some(minimum.into())),
                "{name}"
            );
            assert_eq!(tags(binary), [honest]);
            assert!(["bin/codex", "bin/codex-code-mode-host", "codex-path/rg"].contains(&name), "{name}");
            assert!(binary.signed || (architecture, name) == ("x86_64", "codex-path/rg"), "{tag}: {name}");
            assert_eq!(binary.signature_defect, None);
        });
    }
}

#[test]
fn linux_on_x86_64_is_static_throughout() {
    let honest = [
        "manylinux1_x86_64",
        "manylinux_2_5_x86_64",
        "manylinux2014_x86_64",
        "manylinux_2_17_x86_64",
        "musllinux_1_1_x86_64",
    ];
    look("manylinux_2_17_x86_64", 4, &honest, |name, binary| {
        assert_eq!((binary.format, binary.linkage, binary.libc), (Format::Elf, Linkage::StaticPie, None), "{name}");
        assert_eq!((shown(&binary.architecture), binary.signed, &binary.minimum_os), ("x86_64".into(), false, &None));
        assert_eq!((&binary.interpreter, binary.needed.len()), (&None, 0));
    });
}

#[test]
fn linux_on_aarch64_is_static_but_for_the_search_tool() {
    let honest = ["manylinux2014_aarch64", "manylinux_2_17_aarch64"];
    look("manylinux_2_17_aarch64", 4, &honest, |name, binary| {
        if name == "codex-path/rg" {
            assert_eq!((binary.linkage, binary.libc), (Linkage::Dynamic, Some(Libc::Glibc)));
            assert_eq!(binary.interpreter.as_deref(), Some("/lib/ld-linux-aarch64.so.1"));
            assert_eq!(tags(binary), honest);
        } else {
            assert!(["bin/codex", "bin/codex-code-mode-host", "codex-resources/bwrap"].contains(&name), "{name}");
            assert_eq!((binary.linkage, binary.libc), (Linkage::Static, None), "{name}");
        }
    });
}

#[test]
fn the_musl_wheels_hold_glibc_code() {
    for (tag, architecture, directory, glibc) in [
        ("musllinux_1_1_x86_64", "x86_64", "_solib_k8", 25),
        ("musllinux_1_1_aarch64", "aarch64", "_solib_aarch64", 26),
    ] {
        let Some(report) = report(tag) else { return };
        let names = by_name(&report);
        let host = names["codex-resources/voice/bin/codex-voice-host"];
        assert_eq!((host.libc, shown(&host.architecture)), (Some(Libc::Glibc), architecture.into()));
        assert!(host.run_paths[0].contains(directory), "{:?}", host.run_paths);
        let count = report.binaries.iter().filter(|binary| binary.libc == Some(Libc::Glibc)).count();
        assert_eq!(count, glibc + 2, "{tag}");
        assert!(report.binaries.iter().all(|binary| binary.libc != Some(Libc::Musl)));
        let library = names["codex-resources/voice/lib/libglib-2.0.so.0"];
        assert_eq!((library.kind, library.linkage), (Kind::Library, Linkage::Dynamic));
        // Every library that the voice host needs beside glibc's own lies in the wheel.
        assert_eq!(together(&report), [format!("manylinux_2_28_{architecture}")]);
    }
}

#[test]
fn windows_programs_are_signed_but_for_the_search_tool() {
    for (tag, architecture) in [("win_amd64", "x86_64"), ("win_arm64", "aarch64")] {
        look(tag, 5, &[tag], |name, binary| {
            assert_eq!((binary.format, shown(&binary.architecture)), (Format::Pe, architecture.into()), "{name}");
            assert_eq!(binary.signed, name != "codex-path/rg.exe", "{name}");
            assert_eq!(tags(binary), [tag], "{name}");
        });
    }
}

#[test]
fn the_sdk_holds_no_native_code() {
    let path = payload_directory().join(format!("openai_codex-{}-py3-none-any.whl", REAL_VERSION));
    if !path.is_file() {
        return skip("the published SDK has not been fetched");
    }
    let report = inspect(&[path]).unwrap();
    assert_eq!(report.binaries, []);
    assert_eq!(together(&report), ["any"]);
}

#[test]
fn changed_headers_of_real_files_are_answered() {
    for (tag, member) in [
        ("musllinux_1_1_aarch64", "codex_cli_bin/codex-resources/voice/lib/libgstrtp-1.0.so.0"),
        ("macosx_11_0_arm64", "codex_cli_bin/codex-path/rg"),
        ("win_arm64", "codex_cli_bin/codex-path/rg.exe"),
    ] {
        let Some(wheel) = published_wheel(tag) else { return };
        let archive = Archive::open(&wheel).unwrap();
        let mut bytes = archive.read(archive.find(member).unwrap(), 1 << 24).unwrap();
        let whole = binary::read(&bytes).unwrap();
        // The same sequence in every run.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..3000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = (state >> 32) as usize % 4092;
            let before: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
            let width = 1 + (state >> 16) as usize % 4;
            bytes[at..at + width].copy_from_slice(&state.to_le_bytes()[..width]);
            if let Ok(facts) = binary::read(&bytes) {
                let honest = Inventory::new(vec![(member.to_owned(), facts)]).honest_tags();
                assert!(honest.len() < 8);
            }
            bytes[at..at + 4].copy_from_slice(&before);
        }
        assert_eq!(binary::read(&bytes).unwrap(), whole);
    }
}
