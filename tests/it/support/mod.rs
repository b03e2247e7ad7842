//! What the tests share: the executable under test, files and directories, and how long a round goes on. Real input and
//! judges are in `real`, stages in `stages`, the template's targets in `targets`, payloads in `payloads`, the rules of `check` in `check`, indexes and servers in `publish`, `index`,
//! `servers` and `http`, runs that are killed in `killing`.

pub mod bench;
pub mod check;
pub mod http;
pub mod index;
pub mod killing;
pub mod line;
pub mod payloads;
#[cfg(unix)]
pub mod products;
pub mod publish;
mod real;
pub mod servers;
pub mod stages;
pub mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use relkit::digest::Sha256Digest;
use relkit::fs::walk;
use serde_json::Value;

pub use real::{
    REAL_VERSION, TAGS, Tools, judges, package_directory, payload_directory, published_wheel, python_command,
    quickstart, skip, source_of, turn, wheel_for_312, wheel_of,
};

/// The relkit executable under test, with no colour and no variables that change what it does.
pub fn relkit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relkit"));
    isolated(&mut command).env("NO_COLOR", "1");
    command
}

/// What changes what relkit does, or how it looks; workflows set many of them.
const SURROUNDINGS: [&str; 17] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "BUILDER_OUTPUT",
    "BUILDKITE",
    "CI",
    "CIRCLECI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "GCE_METADATA_HOST",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "NO_COLOR",
    "RELKIT_INDEX_URL",
    "RELKIT_TOKEN",
    "RELKIT_UPLOAD_URL",
    "SOURCE_DATE_EPOCH",
];

/// Takes away what the surroundings of the tests say to a command that runs relkit.
pub fn isolated(command: &mut Command) -> &mut Command {
    SURROUNDINGS.into_iter().fold(command, Command::env_remove)
}

/// Runs to the end and keeps what was printed.
pub fn run(command: &mut Command) -> Output {
    if cfg!(windows) {
        // Python writes to a pipe in the code page there, unless it is told.
        command.env("PYTHONUTF8", "1");
    }
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Makes a FIFO, at which whoever opens it waits.
#[cfg(unix)]
pub fn fifo(path: &Path) {
    succeed(Command::new("mkfifo").arg(path));
}

/// The signals that interrupt a run of relkit: all but the one that whoever runs the tests had ignored, as `nohup` has.
pub fn interrupts() -> &'static [&'static str] {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    if ignored.is_some_and(|ignored| ignored & 1 == 1) { &["INT", "TERM"] } else { &["INT", "TERM", "HUP"] }
}

/// Runs to the end, which must come within two minutes, however busy the machine is; what is printed must fit into a pipe.
#[track_caller]
pub fn run_in_time(command: &mut Command) -> Output {
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..12_000 {
        if child.try_wait().unwrap().is_some() {
            return child.wait_with_output().unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("{command:?} does not end: {}", text(&child.wait_with_output().unwrap()));
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

/// Standard output as JSON.
#[track_caller]
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

#[track_caller]
pub fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The checkout that is tested.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `target/`, whatever the working directory.
pub fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target")
}

/// A new directory beside the build, where there is room for hundreds of megabytes.
pub fn scratch() -> tempfile::TempDir {
    fs::create_dir_all(target_directory()).unwrap();
    tempfile::tempdir_in(target_directory()).unwrap()
}

pub fn write(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Writes files, by path below `directory`.
pub fn write_tree(directory: &Path, files: &[(&str, impl AsRef<[u8]>)]) {
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// The names in a directory, sorted, hidden ones too; none where there is no such directory.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The paths of all files below a directory.
pub fn paths(root: &Path) -> Vec<String> {
    walk(root).unwrap().into_iter().map(|file| file.relative).collect()
}

/// Every file below a directory with its permission bits and digest, and nothing else.
pub fn tree(root: &Path) -> Vec<(String, u32, Sha256Digest)> {
    let files = walk(root).unwrap();
    files.iter().map(|file| (file.relative.clone(), mode(&file.path), digest(&file.path))).collect()
}

pub fn digest(path: &Path) -> Sha256Digest {
    Sha256Digest::of_reader(&mut fs::File::open(path).unwrap()).unwrap().0
}

/// The permission bits of a file; 0 where there are none.
#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o7777
}

#[cfg(not(unix))]
pub fn mode(_: &Path) -> u32 {
    0
}

/// Sets the permission bits, where there are any.
pub fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    let _ = (path, mode);
}

/// Replaces a text in a file that has it.
pub fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from} is not in {}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

/// How many runs a test kills: `RELKIT_TEST_KILLS`, else what it is given.
pub fn kills(rounds: u32) -> u32 {
    std::env::var("RELKIT_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(rounds)
}

/// A test of this program, started as a process of its own that may be killed.
pub fn as_process(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command
}

/// A file system of so many MiB that lasts as long as this value.
#[cfg(target_os = "linux")]
pub struct SmallDisk(pub PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    /// `None`, after saying so, where this user may not mount one.
    pub fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"]).arg(at);
        if !mount.output().is_ok_and(|output| output.status.success()) {
            // Continuous integration may run as a user who may not mount; that is no missing input.
            eprintln!("skipped: this user cannot mount a small file system");
            return None;
        }
        Some(Self(at.to_owned()))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}
