//! The published runtime under the smoke test: it passes, broken copies of it fail, nothing of it is left behind.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use relkit::console::Progress;
use relkit::error::Outcome;
use relkit::product::Level;
use relkit::smoke::{ExpectedVersion, Options, Report, smoke};

use crate::support::check::projects;
use crate::support::{REAL_VERSION, digest, package_directory, published_wheel, set_mode, skip};

fn test(subject: &Path, level: Level, runner: Option<&str>) -> Report {
    let options = Options {
        subject,
        project: &projects().0,
        level,
        expected: Some(ExpectedVersion { version: REAL_VERSION.parse().unwrap(), source: "the release" }),
        runner: runner.map(|runner| runner.parse().unwrap()),
        timeout: None,
    };
    smoke(&options, &Progress::hidden()).unwrap()
}

fn home_listing() -> Vec<String> {
    let Some(home) = std::env::var_os("HOME") else { return Vec::new() };
    let mut names: Vec<_> = fs::read_dir(home)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            format!("{:?} {:?}", entry.file_name(), entry.metadata().ok().and_then(|data| data.modified().ok()))
        })
        // Other programs of the machine write there too; the runtime would make this one.
        .filter(|name| name.contains("codex"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_published_wheel_passes_a_turn() {
    let Some(wheel) = published_wheel("manylinux_2_17_x86_64") else { return };
    let before = home_listing();
    let report = test(&wheel, Level::Turn, None);
    assert!(report.passed(), "{report}");
    assert_eq!(home_listing(), before);
    assert_eq!(report.wheel.as_ref().unwrap().sha256, digest(&wheel));
    assert_eq!(report.version.as_deref(), Some(REAL_VERSION));
    let names: Vec<_> = report.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["unpack", "version", "handshake", "turn", "search-tool", "sandbox-helper", "command", "exit"],
        "{report}"
    );
    let skipped = |name: &str| {
        let step = report.steps.iter().find(|step| step.name == name).unwrap();
        step.outcome == Outcome::Skipped && !step.detail.starts_with("this machine does not let")
    };
    assert!(!skipped("command"), "{report}");
}

#[test]
fn the_aarch64_wheel_passes_a_turn_under_qemu() {
    let Some(wheel) = published_wheel("manylinux_2_17_aarch64") else { return };
    if relkit_client::process::find_program("qemu-aarch64-static".as_ref()).is_none() {
        return skip("`qemu-aarch64-static` is not installed");
    }
    let report = test(&wheel, Level::Turn, Some("qemu-aarch64-static"));
    assert!(report.passed(), "{report}");
    assert_eq!(report.platform, "linux-x86_64 via qemu-aarch64-static");
}

#[test]
fn the_aarch64_wheel_without_a_runner_is_for_another_machine() {
    let Some(wheel) = published_wheel("musllinux_1_1_aarch64") else { return };
    let report = test(&wheel, Level::Version, None);
    // A machine may have a handler for the format installed.
    if let Some(step) = report.failed_step() {
        assert!(step.detail.contains("is for another machine: it is an ELF file for aarch64"), "{report}");
    }
}

/// A copy of the real executable, changed, and executable.
fn broken(directory: &Path, change: impl FnOnce(&mut File, u64)) -> Option<PathBuf> {
    let package = package_directory("manylinux_2_17_x86_64")?;
    let path = directory.join("codex");
    fs::copy(package.join("bin/codex"), &path).unwrap();
    set_mode(&path, 0o755);
    let mut file = File::options().write(true).open(&path).unwrap();
    let size = file.metadata().unwrap().len();
    change(&mut file, size);
    Some(path)
}

#[test]
fn a_truncated_executable_is_told() {
    let directory = tempfile::tempdir().unwrap();
    for keep in [4096, 1_000_000, 100_000_000] {
        let Some(path) = broken(directory.path(), |file, _| file.set_len(keep).unwrap()) else { return };
        let report = test(&path, Level::Version, None);
        let step = report.failed_step().unwrap_or_else(|| panic!("{keep}: {report}"));
        assert!(step.detail.contains("cut short or damaged") || step.detail.contains("cut short"), "{report}");
    }
}

#[test]
fn an_executable_with_a_hole_of_nonsense_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let overwrite = |file: &mut File, size: u64| {
        file.seek(SeekFrom::Start(size / 2)).unwrap();
        file.write_all(&vec![0xcc; 1 << 20]).unwrap();
    };
    let Some(path) = broken(directory.path(), overwrite) else { return };
    let report = test(&path, Level::Handshake, None);
    let step = report.failed_step().unwrap_or_else(|| panic!("{report}"));
    assert!(step.detail.contains("crashed with signal"), "{report}");
}

#[test]
fn a_sandbox_helper_that_lost_its_mode_is_told() {
    let Some(package) = package_directory("manylinux_2_17_x86_64") else { return };
    let directory = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp").args(["-r"]).arg(&package).arg(directory.path()).status().unwrap();
    assert!(copied.success());
    let package = directory.path().join(package.file_name().unwrap());
    for (name, mode) in [("bin/codex", 0o755), ("codex-path/rg", 0o755), ("codex-resources/bwrap", 0o644)] {
        set_mode(&package.join(name), mode);
    }
    let report = test(&package.join("bin/codex"), Level::Turn, None);
    let step = report.failed_step().unwrap_or_else(|| panic!("{report}"));
    assert_eq!(step.name, "sandbox-helper");
    assert_eq!(step.detail, "`bwrap` is not executable: its mode is 0644");
}

#[test]
fn a_runner_may_carry_arguments() {
    let directory = tempfile::tempdir().unwrap();
    let Some(path) = broken(directory.path(), |_, _| {}) else { return };
    // `env` runs what it is given, as an emulator does.
    let report = test(&path, Level::Handshake, Some("env -u UNSET_ANYWAY"));
    assert!(report.passed(), "{report}");
    assert_eq!(report.platform, "linux-x86_64 via env");
}
