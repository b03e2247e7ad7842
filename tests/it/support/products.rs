//! Products that `relkit init` writes from real programs, and all that is done with their wheels afterwards: released,
//! built by another builder, installed and run.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Tools, names, relkit, run, succeed, text};

/// The members of an archive, by path.
pub fn members(archive: &Path) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(fs::File::open(archive).unwrap()).unwrap();
    let indices = 0..archive.len();
    let read = |index| {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    indices.map(read).collect()
}

/// The bytes of a member of a wheel whose path ends so.
#[track_caller]
pub fn member(wheel: &Path, end: &str) -> Vec<u8> {
    let found = members(wheel).into_iter().find(|(name, _)| name.ends_with(end));
    found.unwrap_or_else(|| panic!("{}: no `{end}`", wheel.display())).1
}

/// A product as `init` wrote it, and its release.
pub struct Made {
    pub root: tempfile::TempDir,
    pub version: String,
    /// Everything that relkit said.
    pub said: String,
}

impl Made {
    /// Writes the product of these payloads and releases it; both must go well, and so must the gate.
    #[track_caller]
    pub fn of(payloads: &[PathBuf], options: &[&str], version: &str) -> Self {
        Self::with(payloads, options, version, &[])
    }

    #[track_caller]
    pub fn with(payloads: &[PathBuf], options: &[&str], version: &str, release: &[&str]) -> Self {
        let made = Self::started(payloads, options, version);
        made.released(payloads, release)
    }

    /// Writes the product alone.
    #[track_caller]
    pub fn started(payloads: &[PathBuf], options: &[&str], version: &str) -> Self {
        let mut made = Self { root: super::scratch(), version: version.to_owned(), said: String::new() };
        let mut init = relkit();
        init.arg("init").arg(made.product()).args(options).arg("--from").args(payloads);
        made.hear(&mut init);
        made
    }

    /// Releases the product and holds the gate over it.
    #[track_caller]
    pub fn released(mut self, payloads: &[PathBuf], options: &[&str]) -> Self {
        let root = self.root.path().to_owned();
        let mut release = relkit();
        release.args(["release", "--compression", "fast", "--release-version", &self.version]).args(options);
        release.arg("--product").arg(self.product()).arg("--out-dir").arg(root.join("release"));
        release.arg("--report").arg(root.join("report.html")).arg("--summary").arg(root.join("summary.md"));
        self.hear(release.arg("--payload").args(payloads));
        for format in ["text", "json"] {
            let mut verify = relkit();
            verify.arg("verify").arg(self.dist()).args(["--release-version", &self.version, "--format", format]);
            verify.arg("--product").arg(self.product());
            let revision = options.windows(2).find(|pair| pair[0] == "--revision");
            self.hear(verify.args(revision.into_iter().flatten()));
        }
        self
    }

    #[track_caller]
    fn hear(&mut self, command: &mut Command) {
        let output = run(command);
        let said = text(&output);
        assert!(output.status.success(), "{command:?}\n{said}");
        self.said += &said;
    }

    pub fn product(&self) -> PathBuf {
        self.root.path().join("product")
    }

    pub fn table(&self) -> String {
        fs::read_to_string(self.product().join("runtime-template/pyproject.toml")).unwrap()
    }

    pub fn dist(&self) -> PathBuf {
        self.root.path().join("release/dist")
    }

    pub fn stages(&self) -> Vec<PathBuf> {
        let directory = self.root.path().join("release/stage");
        names(&directory).into_iter().map(|name| directory.join(name)).collect()
    }

    pub fn wheels(&self) -> Vec<PathBuf> {
        names(&self.dist()).into_iter().map(|name| self.dist().join(name)).collect()
    }

    /// The wheel whose name has this in it.
    #[track_caller]
    pub fn wheel(&self, part: &str) -> PathBuf {
        let wheel = self.wheels().into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().contains(part));
        wheel.unwrap_or_else(|| panic!("{part}: {:?}", self.wheels()))
    }
}

/// An environment that a wheel was put into, and how to start what it holds.
pub struct Environment {
    pub directory: PathBuf,
}

impl Environment {
    /// An empty virtual environment, without pip in it.
    pub fn new(tools: &Tools, directory: &Path) -> Self {
        succeed(tools.python().args(["-m", "venv", "--without-pip"]).arg(directory));
        Self { directory: directory.to_owned() }
    }

    pub fn by_pip(self, tools: &Tools, wheel: &Path) -> Self {
        let mut pip = tools.module("pip");
        pip.arg("--python").arg(self.program("python")).args(["install", "-q", "--isolated", "--no-cache-dir"]);
        succeed(pip.args(["--disable-pip-version-check", "--no-index"]).arg(wheel));
        self
    }

    pub fn by_uv(self, tools: &Tools, wheel: &Path) -> Self {
        let mut uv = tools.uv();
        succeed(uv.args(["--no-index", "--python"]).arg(self.program("python")).arg(wheel));
        self
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join("bin").join(name)
    }

    /// Starts a command of the environment with it on PATH.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.program(name));
        let path = std::env::var_os("PATH").unwrap();
        let path = std::iter::once(self.directory.join("bin")).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(path).unwrap()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("HOME", &self.directory).current_dir(&self.directory);
        command
    }
}

/// What a command printed, where it ended well.
#[track_caller]
pub fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// `uvx --from WHEEL`, with no index and a cache of its own.
pub fn uvx(tools: &Tools, wheel: &Path, cache: &Path) -> Command {
    let mut uvx = tools.tool("uvx");
    uvx.args(["-q", "--no-config", "--offline", "--no-index", "--python"]).arg(tools.path("python"));
    uvx.arg("--cache-dir").arg(cache).arg("--from").arg(wheel);
    uvx
}
