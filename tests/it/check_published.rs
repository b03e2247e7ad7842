//! The eight published runtime wheels under every rule: exactly the defects that they are known to have are errors.

use std::collections::BTreeSet;
use std::path::PathBuf;

use relkit::check::{Selection, Severity};
use relkit::console::Shown as _;

use crate::support::check::report_on;
use crate::support::{TAGS, published_wheel};

/// Rule and member of every error in a published wheel, accepted or not.
fn errors(tag: &str) -> Option<BTreeSet<(&'static str, String)>> {
    let report = report_on(&[published_wheel(tag)?], &Selection::all());
    if std::env::var_os("RELKIT_SHOW_FINDINGS").is_some() {
        eprintln!("{report:#?}");
    }
    let findings = report.files.iter().flat_map(|file| &file.findings);
    let errors = findings.filter(|finding| finding.severity == Severity::Error);
    Some(errors.map(|finding| (finding.rule, finding.member.clone().unwrap_or_default())).collect())
}

fn expect(tag: &str, expected: &[(&'static str, &str)]) {
    let Some(found) = errors(tag) else { return };
    let expected = expected.iter().map(|(rule, member)| (*rule, format!("codex_cli_bin/{member}"))).collect();
    assert_eq!(found, expected, "{tag}");
}

#[test]
fn the_macos_wheels() {
    expect("macosx_11_0_arm64", &[]);
    expect(
        "macosx_10_9_x86_64",
        &[("macho-minos", "bin/codex"), ("macho-minos", "bin/codex-code-mode-host"), ("macho-minos", "codex-path/rg")],
    );
}

#[test]
fn the_windows_wheels() {
    expect("win_arm64", &[]);
    expect("win_amd64", &[]);
}

#[test]
fn the_manylinux_wheels() {
    expect("manylinux_2_17_aarch64", &[]);
    expect("manylinux_2_17_x86_64", &[]);
}

#[test]
fn the_musllinux_wheels() {
    for (tag, libraries, others) in
        [("musllinux_1_1_aarch64", 27, ["codex-path/rg"].as_slice()), ("musllinux_1_1_x86_64", 27, [].as_slice())]
    {
        let Some(found) = errors(tag) else { return };
        let of = |rule: &str| -> BTreeSet<&str> {
            let of = found.iter().filter(|(name, _)| *name == rule);
            of.map(|(_, member)| member.strip_prefix("codex_cli_bin/").unwrap()).collect()
        };
        let rules: BTreeSet<_> = found.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules, BTreeSet::from(["elf-runpath", "musllinux-libc"]), "{tag}");
        let libc = of("musllinux-libc");
        assert!(libc.contains("codex-resources/voice/bin/codex-voice-host"), "{tag}");
        assert!(others.iter().all(|other| libc.contains(other)), "{tag}");
        assert!(libc.iter().filter(|member| member.contains("/lib/")).count() >= libraries - 2, "{tag}: {libc:?}");
        assert_eq!(of("elf-runpath"), BTreeSet::from(["codex-resources/voice/bin/codex-voice-host"]), "{tag}");
    }
}

#[test]
fn together_they_have_no_other_errors() {
    let paths: Option<Vec<PathBuf>> = TAGS.into_iter().map(published_wheel).collect();
    let Some(paths) = paths else { return };
    // The binaries are looked at above; here the wheels are held against each other.
    let selection = Selection::of(&["set".into(), "names".into(), "metadata".into()], &[]).unwrap();
    let report = report_on(&paths, &selection);
    assert_eq!(report.count(Severity::Error), 0, "{}", report.text());
}
