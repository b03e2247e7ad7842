//! A release that passes the gate, an index to publish it to, and the command line that does so.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::index::ScriptedIndex;
use super::publish::{TOKEN, assert_no_secret};
use super::{relkit, run, succeed, text};
use crate::samples::binary::elf;

pub struct Bench {
    pub index: ScriptedIndex,
    pub directory: tempfile::TempDir,
}

/// A release of one small runtime wheel and the SDK, which passes the gate with the other targets left out.
pub fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("codex"), elf(4096)).unwrap();
    let release = ["--codex-version", "0.163.0"];
    succeed(relkit().arg("stage-runtime").arg(at("runtime")).arg(at("codex")).args(release));
    succeed(relkit().arg("stage-sdk").arg(at("sdk")).args(release));
    succeed(relkit().arg("build").arg(at("runtime")).arg(at("sdk")).arg("--out-dir").arg(at("dist")));
    Bench { index: ScriptedIndex::start(), directory }
}

impl Bench {
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn simple(&self) -> String {
        format!("{}/simple/", self.index.address)
    }

    /// `relkit VERB dist --codex-version …`, in the directory of the release.
    pub fn verb(&self, verb: &str, options: &[&str]) -> Command {
        let mut command = relkit();
        command.current_dir(self.directory.path()).env("RELKIT_TOKEN", TOKEN).args([verb, "dist"]);
        command.args(["--codex-version", "rust-v0.163.0"]).args(options);
        command
    }

    pub fn command(&self, options: &[&str]) -> Command {
        let upload = format!("{}/legacy/", self.index.address);
        let mut command = self.verb("publish", &["--upload-url", &upload, "--index-url", &self.simple()]);
        command.args(["--allow-missing", "all"]).args(options);
        command
    }

    pub fn run(&self, options: &[&str]) -> Output {
        let output = run(&mut self.command(options));
        assert_no_secret(&text(&output), &[]);
        output
    }

    pub fn sent(&self) -> usize {
        self.index.state.seen.lock().unwrap().authorizations.len()
    }
}
