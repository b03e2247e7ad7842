//! Real input and foreign judges: the published wheels, virtual environments, Python itself. What is missing is said, and
//! fails a test only where `RELKIT_REQUIRE_PAYLOADS` asks for it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{repository, run, succeed, target_directory, text};

/// The release whose published wheels are the real input.
pub const REAL_VERSION: &str = "0.163.0";

/// The platform tags of its wheels.
pub const TAGS: [&str; 8] = [
    "macosx_11_0_arm64",
    "macosx_10_9_x86_64",
    "manylinux_2_17_aarch64",
    "manylinux_2_17_x86_64",
    "musllinux_1_1_aarch64",
    "musllinux_1_1_x86_64",
    "win_arm64",
    "win_amd64",
];

/// Whether missing real input or a missing judge fails a test instead of skipping it.
fn real_input_is_required() -> bool {
    std::env::var_os("RELKIT_REQUIRE_PAYLOADS").is_some_and(|value| value == "1")
}

/// Says why a test cannot run here; fails where that is not allowed.
pub fn skip(reason: &str) {
    assert!(!real_input_is_required(), "required, but {reason}");
    eprintln!("skipped: {reason}");
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

/// A published wheel of any project (`shfmt-py==4.2.0`) for a platform, fetched by name once; `None`, after saying why, where
/// that cannot be done.
pub fn wheel_of(requirement: &str, platform: &str) -> Option<PathBuf> {
    fetched(requirement, platform, &["--only-binary=:all:", "--platform", platform])
}

/// The same for CPython 3.12, whatever runs here.
pub fn wheel_for_312(requirement: &str, platform: &str) -> Option<PathBuf> {
    let options = ["--only-binary=:all:", "--platform", platform, "--python-version", "3.12"];
    fetched(requirement, &format!("{platform}-312"), &options)
}

/// The source distribution of a project, in the same way.
pub fn source_of(requirement: &str) -> Option<PathBuf> {
    fetched(requirement, "source", &["--no-binary=:all:"])
}

fn fetched(requirement: &str, kind: &str, options: &[&str]) -> Option<PathBuf> {
    let python = python_command()?;
    let directory = payload_directory().join("others").join(format!("{requirement}-{kind}"));
    let _lock = lock("others");
    if !directory.is_dir() {
        fs::create_dir_all(payload_directory()).unwrap();
        let fresh = tempfile::tempdir_in(payload_directory()).unwrap();
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        pip.args(options).arg(requirement).arg("--dest").arg(fresh.path());
        let fetched = run(&mut pip);
        if !fetched.status.success() {
            skip(&format!("`{requirement}` ({kind}) cannot be fetched: {}", text(&fetched)));
            return None;
        }
        fs::create_dir_all(directory.parent().unwrap()).unwrap();
        fs::rename(fresh.keep(), &directory).unwrap();
    }
    fs::read_dir(&directory).unwrap().next().map(|entry| entry.unwrap().path())
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
    let all = target_directory().join("judges");
    // Its programs name the place where they were installed: that of the directory, and not of a link to it.
    let directory = fs::canonicalize(&all).unwrap_or(all).join(name);
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

/// A virtual environment of installers, checkers, builders and servers.
pub struct Tools {
    bin: PathBuf,
}

impl Tools {
    /// What judges wheels.
    pub fn of_wheels() -> Option<Self> {
        let packages = [
            "pip",
            "pipx",
            "uv",
            "installer",
            "twine",
            "check-wheel-contents",
            "build",
            "hatchling>=1.28",
            "wheel",
            "packaging>=26,<27",
            "pydantic>=2.12,<3",
        ];
        Self::with("wheels", &packages)
    }

    pub fn with(name: &str, packages: &[&str]) -> Option<Self> {
        judges(name, packages).map(|bin| Self { bin })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    pub fn tool(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }

    pub fn python(&self) -> Command {
        self.tool("python")
    }

    pub fn module(&self, name: &str) -> Command {
        let mut command = self.python();
        command.args(["-m", name]);
        command
    }

    /// `pip VERB`, which knows no settings but those that follow.
    pub fn pip(&self, verb: &str) -> Command {
        let mut command = self.module("pip");
        command.args([verb, "-q", "--isolated", "--no-cache-dir", "--disable-pip-version-check"]);
        command
    }

    /// `uv pip install`, which knows no settings but those that follow.
    pub fn uv(&self) -> Command {
        let mut command = self.tool("uv");
        command.args(["pip", "install", "-q", "--no-config", "--no-cache"]);
        command
    }

    /// Puts one wheel below `target`, as uv does it.
    pub fn place_by_uv(&self, wheel: &Path, target: &Path, options: &[&str]) {
        let mut uv = self.uv();
        uv.args(["--no-deps", "--no-index", "--python"]).arg(self.path("python")).args(options);
        succeed(uv.arg("--target").arg(target).arg(wheel));
    }

    /// Puts one wheel below `target`, as the reference installer does it, which holds every file against RECORD.
    pub fn place_by_installer(&self, wheel: &Path, target: &Path) {
        let mut installer = self.module("installer");
        succeed(installer.args(["--validate-record", "all", "--destdir"]).arg(target).arg(wheel));
    }

    /// The checks that publishers run before they upload.
    pub fn check(&self, distribution: &Path) {
        succeed(self.tool("twine").args(["check", "--strict"]).arg(distribution));
        if distribution.extension().is_some_and(|extension| extension == "whl") {
            // Upstreams have files twice (W002), and that is theirs to judge.
            succeed(self.tool("check-wheel-contents").args(["--ignore", "W002"]).arg(distribution));
        }
    }

    /// `python -m build` without isolation.
    pub fn build(&self, stage: &Path, flags: &[&str], out: &Path) -> Command {
        let mut build = self.module("build");
        build.arg("--no-isolation").args(flags).arg("--outdir").arg(out).arg(stage);
        build
    }
}

/// Holds a lock file under `target/`, so that test processes that prepare the same thing take turns.
pub fn lock(name: &str) -> File {
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
    let mut command = Command::new(python);
    command.arg(repository().join("tests/peers/turn.py")).arg(repository().join("sdk-template/tests")).arg(work);
    command.arg(work.join("program.py")).arg(runtime).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("PYTHONPATH", std::env::join_paths(search).unwrap()).env("HOME", work);
    let output = run(command.env_remove("CODEX_HOME").env_remove("OPENAI_API_KEY"));
    assert!(output.status.success(), "{}: {}", work.display(), text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "answered\n", "{}", work.display());
}
