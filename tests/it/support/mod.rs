//! What tests on real input share: the published wheels, a virtual environment of judges, and the relkit executable.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The release whose published wheels are the real input.
pub const REAL_VERSION: &str = "0.163.0";

/// Whether missing real input or a missing judge fails a test instead of skipping it.
pub fn real_input_is_required() -> bool {
    std::env::var_os("RELKIT_REQUIRE_PAYLOADS").is_some_and(|value| value == "1")
}

/// Says why a test cannot run here; fails where that is not allowed.
pub fn skip(reason: &str) {
    assert!(!real_input_is_required(), "required, but {reason}");
    eprintln!("skipped: {reason}");
}

/// `target/`, whatever the working directory.
pub fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// Where the published wheels are: `RELKIT_TEST_PAYLOADS`, else `target/payloads`.
pub fn payload_directory() -> PathBuf {
    std::env::var_os("RELKIT_TEST_PAYLOADS").map_or_else(|| target_directory().join("payloads"), PathBuf::from)
}

/// The published runtime wheel with this platform tag; `None`, after saying why, where it has not been fetched.
pub fn published_wheel(platform_tag: &str) -> Option<PathBuf> {
    let name = format!("openai_codex_cli_bin-{REAL_VERSION}-py3-none-{platform_tag}.whl");
    let path = payload_directory().join(&name);
    if path.is_file() {
        return Some(path);
    }
    skip(&format!("`{name}` is not in `{}` (docs/testing.md says how to fetch it)", payload_directory().display()));
    None
}

/// The payload of a published wheel as a package directory, unpacked once under `target/`.
pub fn package_directory(platform_tag: &str) -> Option<PathBuf> {
    let wheel = published_wheel(platform_tag)?;
    let python = python_command()?;
    let root = target_directory().join("unpacked").join(platform_tag);
    let package = root.join("codex_cli_bin");
    let _lock = lock("unpacked");
    if !root.join("complete").is_file() {
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let unpacked = run(Command::new(python).args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&root));
        assert!(unpacked.status.success(), "{}", text(&unpacked));
        fs::remove_file(package.join("__init__.py")).unwrap();
        fs::write(root.join("complete"), "").unwrap();
    }
    Some(package)
}

/// A directory of judges: a virtual environment under `target/` with the packages given, made once and kept.
pub fn judges(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let directory = target_directory().join("judges").join(name);
    let bin = directory.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let _lock = lock(name);
    let wanted = packages.join("\n");
    let stamp = directory.join("packages");
    if bin.is_dir() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(bin);
    }
    let made = run(Command::new(python_command()?).args(["-m", "venv", "--clear"]).arg(&directory));
    if !made.status.success() {
        skip(&format!("no virtual environment can be made: {}", text(&made)));
        return None;
    }
    let mut install = Command::new(bin.join("python"));
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    let installed = run(&mut install);
    if !installed.status.success() {
        skip(&format!("{packages:?} cannot be installed: {}", text(&installed)));
        return None;
    }
    fs::write(stamp, wanted).unwrap();
    Some(bin)
}

/// Holds a lock file under `target/`, so that test processes that prepare the same thing take turns.
fn lock(name: &str) -> File {
    let directory = target_directory().join("locks");
    fs::create_dir_all(&directory).unwrap();
    let file = File::create(directory.join(name)).unwrap();
    file.lock().unwrap();
    file
}

/// The Python of this machine; `None`, after saying so, where it has none.
pub fn python_command() -> Option<&'static str> {
    static PYTHON: OnceLock<Option<&str>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let works = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
        ["python3", "python"].into_iter().find(works)
    });
    if python.is_none() {
        skip("this machine has no Python");
    }
    *python
}

/// The relkit executable under test, with no colour and no variables that change what it does.
pub fn relkit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relkit"));
    command.env_remove("SOURCE_DATE_EPOCH").env("NO_COLOR", "1").env_remove("RELKIT_TOKEN");
    command.env_remove("RELKIT_UPLOAD_URL").env_remove("RELKIT_INDEX_URL");
    command
}

/// Runs to the end and keeps what was printed.
pub fn run(command: &mut Command) -> Output {
    if cfg!(windows) {
        // Python writes to a pipe in the code page there, unless it is told.
        command.env("PYTHONUTF8", "1");
    }
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs and demands success; returns standard output.
pub fn succeed(command: &mut Command) -> String {
    let output = run(command);
    assert!(output.status.success(), "{command:?}\n{}", text(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Everything that was printed, for a failure message.
pub fn text(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", output.status)
}

/// Exit code, standard output and standard error as one snapshot, with the given texts replaced.
pub fn transcript(command: &mut Command, replacements: &[(&str, &str)]) -> String {
    let output = run(command);
    let mut transcript = format!(
        "exit code: {}\n--- stdout\n{}--- stderr\n{}",
        output.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string()),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    for (from, to) in replacements {
        transcript = transcript.replace(from, to);
    }
    transcript
}

/// The quickstart of our SDK's README.
pub fn quickstart() -> String {
    let readme = include_str!("../../../sdk-template/README.md");
    let block = readme.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
    block.unwrap_or_else(|| panic!("the README has no quickstart")).to_owned()
}

/// Runs `program`, the quickstart of an SDK, against a model server on this machine; it must complete a turn on the runtime
/// below `runtime`. `work` is a new directory, and `search` stands before what Python has installed.
pub fn turn(python: &Path, program: &str, search: &[&Path], runtime: &Path, work: &Path) {
    fs::create_dir(work).unwrap();
    fs::write(work.join("program.py"), program).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    command.arg(root.join("tests/peers/turn.py")).arg(root.join("sdk-template/tests")).arg(work);
    command.arg(work.join("program.py")).arg(runtime).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONPATH", std::env::join_paths(search).unwrap()).env("HOME", work);
    let output = run(command.env_remove("CODEX_HOME").env_remove("OPENAI_API_KEY"));
    assert!(output.status.success(), "{}: {}", work.display(), text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "answered\n", "{}", work.display());
}
