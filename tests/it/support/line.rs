//! One real release for every test that looks at one: six wheels from the six published executables under their six tags,
//! the SDK, and a wheel of the whole package for each Linux architecture.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use super::real::lock;
use super::targets::TARGETS;
use super::{package_directory, relkit, succeed, target_directory};

/// The tag that a payload was published under, and the tag that its executable is released under.
pub const SIX: [(&str, &str); 6] = [
    ("macosx_11_0_arm64", "macosx_11_0_arm64"),
    ("macosx_10_9_x86_64", "macosx_10_9_x86_64"),
    ("manylinux_2_17_aarch64", "musllinux_1_1_aarch64"),
    ("manylinux_2_17_x86_64", "musllinux_1_1_x86_64"),
    ("win_arm64", "win_arm64"),
    ("win_amd64", "win_amd64"),
];

/// `--allow-missing` with the template's targets that have no published payload, where there are any.
pub fn leave_out_others() -> Vec<String> {
    let published = |tags: &str| SIX.iter().any(|(_, tag)| tags.split('.').any(|own| own == *tag));
    let others: Vec<_> = TARGETS.iter().filter(|(_, tags, _)| !published(tags)).map(|(triple, ..)| *triple).collect();
    if others.is_empty() { Vec::new() } else { vec!["--allow-missing".to_owned(), others.join(",")] }
}

/// The release, made once by each build of relkit; it stays in `target/line` to be looked at.
pub struct Line {
    root: PathBuf,
}

impl Line {
    /// `None`, after saying why, where real input is missing.
    pub fn made() -> Option<&'static Self> {
        static LINE: OnceLock<Option<Line>> = OnceLock::new();
        LINE.get_or_init(Self::make).as_ref()
    }

    fn make() -> Option<Self> {
        let root = target_directory().join("line");
        let _lock = lock("line");
        let built = fs::metadata(env!("CARGO_BIN_EXE_relkit")).unwrap().modified().unwrap();
        let stamp = format!("{:?}", built.duration_since(UNIX_EPOCH).unwrap());
        if fs::read_to_string(root.join("made-by")).is_ok_and(|made_by| made_by == stamp) {
            return Some(Self { root });
        }
        let mut payloads = Vec::new();
        for (published, tag) in SIX {
            payloads.push(format!("{tag}={}", executable(&package_directory(published)?).display()));
        }
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        let mut release = relkit();
        release.args(["release", "--codex-version", "rust-v0.163.0", "--compression", "fast", "--out-dir"]);
        release.arg(root.join("release")).args(leave_out_others()).arg("--payload").args(&payloads);
        release.arg("--report").arg(root.join("report.html")).arg("--summary").arg(root.join("summary.md"));
        fs::write(root.join("stdout"), succeed(&mut release)).unwrap();
        for (published, tags) in [
            ("manylinux_2_17_x86_64", None),
            ("manylinux_2_17_aarch64", Some("manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64")),
        ] {
            let stage = root.join("stage").join(published);
            let mut command = relkit();
            command.arg("stage-runtime").arg(&stage).arg(package_directory(published)?);
            command.args(["--codex-version", "0.163.0"]);
            succeed(command.args(tags.map(|tags| ["--platform-tag", tags]).into_iter().flatten()));
            let mut command = relkit();
            command.arg("build").arg(&stage).args(["--compression", "fast", "--out-dir"]);
            succeed(command.arg(root.join("packages")));
        }
        for stages in ["release/stage", "stage"] {
            fs::remove_dir_all(root.join(stages)).unwrap();
        }
        fs::write(root.join("made-by"), stamp).unwrap();
        Some(Self { root })
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// What the release printed.
    pub fn stdout(&self) -> String {
        fs::read_to_string(self.file("stdout")).unwrap()
    }

    pub fn dist(&self) -> PathBuf {
        self.file("release/dist")
    }

    pub fn sdk(&self) -> PathBuf {
        self.dist().join("openai_codex_app_server_sdk-0.163.0-py3-none-any.whl")
    }

    pub fn wheel(&self, tag: &str) -> PathBuf {
        self.dist().join(wheel_name(tag))
    }

    pub fn package(&self, architecture: &str) -> PathBuf {
        let tag = ["manylinux2014", "manylinux_2_17", "musllinux_1_1"]
            .map(|floor| format!("{floor}_{architecture}"))
            .join(".");
        self.file("packages").join(wheel_name(&tag))
    }
}

pub fn wheel_name(tag: &str) -> String {
    format!("openai_codex_cli_bin-0.163.0-py3-none-{tag}.whl")
}

/// The executable of a package directory or of a staged module.
pub fn executable(package: &Path) -> PathBuf {
    let path = package.join("bin/codex");
    if path.is_file() { path } else { package.join("bin/codex.exe") }
}
