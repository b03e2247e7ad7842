//! The small wheels in tests/cases, each with its verdict, and input that is large: every rule is linear in it.

use std::collections::BTreeSet;

use relkit::check::Severity;
use relkit::wheel::entry_points::{EntryPoints, EntryPointsError};

use crate::samples::archive::entry;
use crate::samples::binary::{ElfSample, glibc_elf, pe};
use crate::samples::wheel::{INFO, linux, runtime};
use crate::support::check::{findings, findings_of};
use crate::support::repository;

/// The directory of a case, and the rules of its errors.
const CASES: [(&str, &[&str]); 9] = [
    ("control-linux", &[]),
    ("control-pure", &[]),
    ("data-descriptor", &["zip-data-descriptor"]),
    ("entry-point-of-a-dependency", &[]),
    ("program-in-scripts-of-a-purelib-wheel", &[]),
    ("second-top-level-directory-of-libraries", &[]),
    ("the-need-itself-is-weak", &[]),
    ("weak-symbols-need-a-missing-node", &["manylinux-floor"]),
    ("windows-modes-0666", &[]),
];

#[test]
fn every_case_has_its_verdict() {
    let root = repository().join("tests/cases");
    let mut wrong = Vec::new();
    for (case, expected) in CASES {
        let findings = findings_of(&root.join(case));
        let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
        let errors: BTreeSet<_> = errors.map(|finding| finding.rule).collect();
        if errors != expected.iter().copied().collect() {
            wrong.push(format!("{case}: {errors:?}, not {expected:?}: {findings:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let directories = std::fs::read_dir(root).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    assert_eq!(directories.count(), CASES.len());
}

/// As many lines as a quadratic reader takes minutes for.
const MANY: usize = 100_000;

fn lines(of: impl Fn(usize) -> String) -> String {
    (0..MANY).map(of).collect()
}

#[test]
fn many_entry_points_are_read_in_linear_time() {
    let text = format!("[g]\n{}", lines(|index| format!("name{index} = module{index}:object\n")));
    let points: EntryPoints = text.parse().unwrap();
    assert_eq!(points.entries.len(), MANY);
    let last = text + "name0 = again:object\n";
    assert!(matches!(last.parse::<EntryPoints>(), Err(EntryPointsError::Repeated { .. })));
}

/// Each of these is a file of many lines about which rules have something to say; a quadratic rule does not end.
#[test]
fn many_lines_are_checked_in_linear_time() {
    let entry_points = format!("[g]\n{}", lines(|index| format!("name{index} = missing{index}:object\n")));
    let fields = lines(|index| {
        let name = ["Classifier: Unknown :: ", "Requires-Dist: a ==", "Dynamic: x", "License-File: x"][index % 4];
        format!("{name}{index}\n")
    });
    let description = lines(|index| format!(".. directive{index}::\n\n"));
    let mut sample = linux().and(&format!("{INFO}/entry_points.txt"), entry_points, 0o100644);
    sample.metadata = sample.metadata.replace("Requires-Python", &format!("{fields}Requires-Python"));
    sample.metadata = sample.metadata.replace("text/markdown", "text/x-rst") + &description;
    let found = findings(&sample);
    let rules: BTreeSet<_> = found.iter().map(|finding| finding.rule).collect();
    for rule in ["entry-points", "classifier", "meta-dynamic", "licence-file"] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
    let mut sample = linux();
    sample.entries.push(entry("codex_cli_bin/more.txt", "", 0o100644));
    sample.edit_entries = |all| {
        let last = all.last_mut().unwrap();
        let rows =
            (0..MANY).map(|index| format!("gone/{index},sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"));
        last.data.extend(rows.flat_map(String::into_bytes));
    };
    let found = findings(&sample);
    assert!(found.iter().any(|finding| finding.rule == "record-complete" && finding.message.contains("more findings")));
}

/// Programs that need and name more than any real one does; a rule that holds each against all others does not end.
#[test]
fn crowded_binaries_are_checked_in_linear_time() {
    const NAMES: usize = 30_000;
    let names =
        |form: fn(usize) -> String| (0..NAMES).map(form).map(|name| &*name.leak()).collect::<Vec<&'static str>>();
    let required: String = (0..NAMES).map(|index| format!("Requires-Dist: lib{index}\n")).collect();
    let nodes = names(|index| format!("GLIBC_3.{index}")).into_iter();
    let run_paths = (0..280).map(|index| format!("$ORIGIN/{index}")).collect::<Vec<_>>().join(":");
    let program = ElfSample {
        needed: names(|index| format!("lib{index}.so.1")),
        runpath: Some(run_paths.leak()),
        versions: nodes.map(|node| ("libc.so.6", node, false, vec![("memcpy", false)])).collect(),
        undefined: names(|index| format!("__f{index}_chk")).into_iter().map(|name| (name, false)).collect(),
        ..glibc_elf()
    };
    let musl = ElfSample {
        needed: vec!["libc.so"],
        versions: Vec::new(),
        interpreter: None,
        flags_1: 0,
        soname: Some("libx.so"),
        ..program.clone()
    };
    let sample = linux()
        .and("codex_cli_bin/bin/other", program.build(), 0o100755)
        .and("codex_cli_bin/libx.so", musl.build(), 0o100644)
        .metadata("Requires-Python", &format!("{required}Requires-Python"));
    let found = findings(&sample);
    let rules: BTreeSet<_> = found.iter().map(|finding| finding.rule).collect();
    for rule in ["elf-needed", "manylinux-floor", "musllinux-libc"] {
        assert!(rules.contains(rule), "{rule}: {rules:?}");
    }
    let imports = &names(|index| format!("x{index}.dll"))[..4000];
    let sample = runtime(&["win_amd64"], "x86_64-pc-windows-msvc", "bin/codex.exe", pe(0x8664, imports, true))
        .metadata("Requires-Python", &format!("{required}Requires-Python"));
    let found = findings(&sample);
    assert!(found.iter().any(|finding| finding.rule == "pe-imports"), "{found:#?}");
}
