//! Every way in which a runtime can be broken gets its own sentence, leaves nothing behind and ends in time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use relkit::console::Progress;
use relkit::error::Outcome;
use relkit::error::{Exit, Explain as _};
use relkit::product::Level;
use relkit::smoke::{ExpectedVersion, Options, Report, SmokeError, smoke};
use tempfile::TempDir;

use crate::support::check::projects;
use crate::support::set_mode;
use crate::support::stages::release;

/// A way to ask for a smoke test.
struct Trial {
    directory: TempDir,
    level: Level,
    expect: Option<&'static str>,
    timeout: Duration,
}

impl Trial {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory, level: Level::Turn, expect: None, timeout: Duration::from_secs(60) }
    }

    fn file(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        set_mode(&path, mode);
        path
    }

    fn smoke(&self, subject: &Path) -> Result<Report, SmokeError> {
        let options = Options {
            subject,
            project: &projects().0,
            level: self.level,
            expected: self.expect.map(|version| ExpectedVersion {
                version: release(version).program().clone(),
                source: "--expect-version",
            }),
            runner: None,
            timeout: Some(self.timeout),
        };
        smoke(&options, &Progress::hidden())
    }

    /// The step that failed, and why.
    fn fault(&self, subject: &Path) -> (String, String) {
        let report = self.smoke(subject).unwrap();
        assert!(!report.passed(), "{report}");
        let step = report.failed_step().unwrap();
        (step.name.clone(), step.detail.clone())
    }

    /// The fault of a script that answers `--version` as the real one does and is otherwise `app_server`.
    fn script_fault(&self, app_server: &str) -> (String, String) {
        self.fault(&self.script(app_server))
    }

    fn script(&self, app_server: &str) -> PathBuf {
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin\n[ \"$1\" = --version ] && {{ echo codex-cli 0.163.0; exit 0; }}\n{app_server}\n"
        );
        self.file("codex", script.as_bytes(), 0o755)
    }
}

fn said(step: &str, detail: &str) -> (String, String) {
    (step.to_owned(), detail.to_owned())
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_verdict() {
    let trial = Trial::new();
    for subject in [trial.directory.path().join("missing"), trial.directory.path().to_owned(), "missing.whl".into()] {
        let error = trial.smoke(&subject).unwrap_err();
        assert!(matches!(error, SmokeError::Read { .. }), "{error:?}");
        assert_eq!(error.exit(), Exit::Failed);
    }
}

#[test]
fn a_file_that_is_not_executable() {
    let trial = Trial::new();
    let path = trial.file("codex", b"#!/bin/sh\n", 0o644);
    assert_eq!(trial.fault(&path), said("version", "`codex` is not executable: its mode is 0644"));
}

#[test]
fn a_file_for_another_machine() {
    let trial = Trial::new();
    let mut elf = b"\x7fELF\x02\x02\x01".to_vec();
    elf.resize(64, 0);
    elf[18..20].copy_from_slice(&22_u16.to_be_bytes());
    for (bytes, what) in [
        (elf.as_slice(), "an ELF file for s390x"),
        (b"\xcf\xfa\xed\xfe\x0c\0\0\x01-------------------------", "a macOS executable (Mach-O, aarch64)"),
        (b"MZ\x90\0-------------------------------------------------", "a Windows executable (PE)"),
    ] {
        if cfg!(target_os = "macos") && what.contains("macOS") {
            continue;
        }
        let (step, detail) = trial.fault(&trial.file("codex", bytes, 0o755));
        assert_eq!(step, "version");
        assert!(detail.starts_with(&format!("`codex` is for another machine: it is {what}, and this is ")), "{detail}");
        assert!(detail.ends_with("`--runner` names an emulator"), "{detail}");
    }
}

#[test]
fn a_file_that_is_no_executable() {
    let trial = Trial::new();
    assert_eq!(trial.fault(&trial.file("codex", b"", 0o755)), said("version", "`codex` is empty"));
    // A shell would run it; the operating system does not.
    let text = trial.file("codex", b"echo codex-cli 0.163.0\n", 0o755);
    let expected = "`codex` is no executable: it begins with `echo codex-cli 0.163.0\\n`";
    assert_eq!(trial.fault(&text), said("version", expected));
    let orphan = trial.file("codex", b"#!/no/such/interpreter -x\n", 0o755);
    let expected = "`codex` is a script whose interpreter `/no/such/interpreter -x` is not on this machine";
    assert_eq!(trial.fault(&orphan), said("version", expected));
    let native = format!("\x7fELF\x02\x01\x01{}", "\0".repeat(11)).into_bytes();
    let machine: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
    let cut = trial.file("codex", &[native.as_slice(), &machine.to_le_bytes()].concat(), 0o755);
    if cfg!(target_os = "linux") {
        let (_, detail) = trial.fault(&cut);
        assert!(detail.ends_with("refuses: its header is damaged or cut short"), "{detail}");
    }
}

#[test]
fn a_crash_at_once() {
    let trial = Trial::new();
    let path = trial.file("codex", b"#!/bin/sh\nkill -SEGV $$\n", 0o755);
    let expected =
        "`codex` crashed with signal 11 (SIGSEGV) before it answered `--version`: the file is cut short or damaged";
    assert_eq!(trial.fault(&path), said("version", expected));
    let expected = "`codex` crashed with signal 5 (SIGTRAP) before it answered `initialize`: \
                    the code in it is damaged, or this processor cannot run it";
    assert_eq!(trial.script_fault("kill -TRAP $$"), said("handshake", expected));
}

#[test]
fn an_early_exit_with_last_words() {
    let trial = Trial::new();
    let report = trial.smoke(&trial.script("echo 'Error: no home' >&2; exit 1")).unwrap();
    let step = report.failed_step().unwrap();
    assert_eq!(step.detail, "`codex` ended early with exit code 1, before it answered `initialize`");
    assert_eq!(report.stderr_tail, "Error: no home");
    assert!(report.to_string().ends_with("standard error of the runtime ends with:\n  Error: no home\n"), "{report}");
}

#[test]
fn garbage_instead_of_messages() {
    let trial = Trial::new();
    let expected = "`codex` wrote to standard output what is no message of the protocol: `Welcome!`";
    assert_eq!(trial.script_fault("echo 'Welcome!'"), said("handshake", expected));
    let answer = r#"echo '{"id":1,"result":{"userAgent":"relkit/0.163.0 (x)"}}'"#;
    let (step, detail) = trial.script_fault(&format!("echo noise; read -r _; {answer}; cat >/dev/null"));
    assert_eq!(step, "handshake");
    assert_eq!(detail, "`codex` wrote to standard output what is no message of the protocol: `noise`");
}

#[test]
fn a_hang_ends_at_the_deadline() {
    let mut trial = Trial::new();
    trial.timeout = Duration::from_millis(1500);
    let started = Instant::now();
    let hang = trial.file("codex", b"#!/bin/sh\nexec /bin/sleep 600\n", 0o755);
    let (step, detail) = trial.fault(&hang);
    assert_eq!(step, "version");
    assert!(detail.starts_with("`codex` hangs: `--version` did not end within 1."), "{detail}");
    let (_, detail) = trial.script_fault("echo 'Welcome!'; exec sleep 600");
    assert_eq!(detail, "`codex` wrote to standard output what is no message of the protocol: `Welcome!`");
    let (step, detail) = trial.script_fault("exec sleep 600");
    assert_eq!(step, "handshake");
    assert!(detail.starts_with("`codex` hangs: it did not answer `initialize` within "), "{detail}");
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

#[test]
fn another_version_than_expected() {
    let mut trial = Trial::new();
    trial.level = Level::Version;
    trial.expect = Some("0.164.0");
    let script = trial.script("");
    let expected = "`--version` reports version 0.163.0, and --expect-version says 0.164.0";
    assert_eq!(trial.fault(&script), said("version", expected));
    trial.expect = Some("rust-v0.163.0");
    let report = trial.smoke(&script).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.version.as_deref(), Some("0.163.0"));
    // Two spellings of one pre-release are equal.
    trial.expect = Some("0.137.0a4");
    let script = trial.file("codex", b"#!/bin/sh\necho codex-cli 0.137.0-alpha.4\n", 0o755);
    assert_eq!(trial.smoke(&script).unwrap().version.as_deref(), Some("0.137.0a4"));
    let script = trial.file("codex", b"#!/bin/sh\necho usage: codex\necho more\n", 0o755);
    let (_, detail) = trial.fault(&script);
    assert_eq!(detail, "`codex` answers `--version` with `usage: codex\\nmore`, not with its name and version");
}

#[test]
fn parts_of_one_runtime_that_disagree() {
    let trial = Trial::new();
    let answer = r#"read -r _; echo '{"id":1,"result":{"userAgent":"relkit/0.162.0 (x)"}}'; cat >/dev/null"#;
    let expected = "the user agent reports version 0.162.0, and `--version` says 0.163.0";
    assert_eq!(trial.script_fault(answer), said("handshake", expected));
    let package = trial.directory.path().join("package");
    fs::create_dir_all(package.join("bin")).unwrap();
    fs::write(package.join("codex-package.json"), r#"{"version":"0.161.0","entrypoint":"bin/codex"}"#).unwrap();
    fs::rename(trial.script(""), package.join("bin/codex")).unwrap();
    let expected = "the package manifest reports version 0.161.0, and `--version` says 0.163.0";
    assert_eq!(trial.fault(&package.join("bin/codex")), said("version", expected));
}

#[test]
fn a_server_that_does_not_end_with_its_input() {
    let mut trial = Trial::new();
    trial.level = Level::Handshake;
    trial.timeout = Duration::from_secs(3);
    let answer = r#"read -r _; echo '{"id":1,"result":{"userAgent":"relkit/0.163.0 (x)"}}'; exec sleep 600"#;
    let (step, detail) = trial.script_fault(answer);
    assert_eq!(step, "exit");
    assert!(detail.ends_with("of its input being closed, and was killed"), "{detail}");
}

#[test]
fn a_wheel_that_is_none_is_a_failed_test() {
    let trial = Trial::new();
    let wheel = trial.file("thing-1.0-py3-none-any.whl", b"no zip", 0o644);
    let report = trial.smoke(&wheel).unwrap();
    let step = report.failed_step().unwrap();
    assert_eq!(step.name, "unpack");
    assert!(step.detail.contains("is not a zip archive"), "{}", step.detail);
    assert_eq!(report.wheel.unwrap().name, "thing-1.0-py3-none-any.whl");
    assert_eq!(report.version, None);
}

#[test]
fn the_runtime_sees_nothing_of_the_user_and_its_home_is_gone_afterwards() {
    let trial = Trial::new();
    let log = trial.directory.path().join("environment");
    let script = trial.script(&format!("/usr/bin/env > '{}'; exit 1", log.display()));
    trial.smoke(&script).unwrap();
    let environment = fs::read_to_string(log).unwrap();
    let value = |name: &str| {
        let found = environment.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("{name} in {environment}")).to_owned()
    };
    for name in ["HOME", "CODEX_HOME", "TMPDIR"] {
        let path = PathBuf::from(value(name));
        assert!(path.starts_with(std::env::temp_dir()) && value(name).contains("/relkit-smoke-"), "{}", path.display());
        assert!(!path.exists(), "{} is left behind", path.display());
    }
    let known = [
        "HOME",
        "CODEX_HOME",
        "TMPDIR",
        "TEMP",
        "TMP",
        "PATH",
        "LANG",
        "NO_COLOR",
        "NO_PROXY",
        "no_proxy",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "RELKIT_PROCESS",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    ];
    for line in environment.lines() {
        let name = line.split('=').next().unwrap();
        assert!(known.contains(&name), "{line}");
    }
}

#[test]
fn a_package_that_names_a_path_outside_of_it_is_not_tried() {
    let trial = Trial::new();
    let package = trial.directory.path().join("package");
    fs::create_dir_all(package.join("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_relkit"), package.join("bin/codex")).unwrap();
    for (key, path) in [("pathDir", "/usr/bin"), ("resourcesDir", "../bin"), ("entrypoint", "../../codex")] {
        let manifest = format!(r#"{{"version":"0.1.0","{key}":"{path}"}}"#);
        fs::write(package.join("codex-package.json"), manifest).unwrap();
        let report = trial.smoke(&package.join("bin/codex")).unwrap();
        let failed = report.failed_step().unwrap();
        let expected = format!("`codex-package.json` states `{path}` as {key}: ");
        assert!(failed.detail.starts_with(&expected), "{}", failed.detail);
    }
}

#[test]
fn the_stand_in_passes_every_level() {
    let trial = Trial::new();
    let package = trial.directory.path().join("package");
    fs::create_dir_all(package.join("bin")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_relkit"), package.join("bin/codex")).unwrap();
    let manifest = r#"{"version":"0.1.0-alpha.2","variant":"relkit-stand-in","entrypoint":"bin/codex"}"#;
    fs::write(package.join("codex-package.json"), manifest).unwrap();
    let report = trial.smoke(&package.join("bin/codex")).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.version.as_deref(), Some("0.1.0a2"));
    let names: Vec<_> = report.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["version", "handshake", "turn", "command", "exit"]);
    assert_eq!(report.steps[3].outcome, Outcome::Skipped);
    let receipt = trial.directory.path().join("receipts/here.json");
    report.write_receipt(&receipt).unwrap();
    let read: Report = serde_json::from_slice(&fs::read(receipt).unwrap()).unwrap();
    assert_eq!(read, report);
}
