//! Wheels: a sound one to begin with, and a hand on everything in it.

use base64::Engine as _;
use sha2::Digest as _;

use super::archive::{Defect, Entry, archive, entry};
use super::binary::static_pie;

/// A wheel in the making.
#[derive(Clone)]
pub struct Sample {
    pub file_name: String,
    pub info: String,
    pub metadata: String,
    pub wheel: String,
    pub entries: Vec<Entry>,
    /// What is unusual about every entry, those of the metadata too.
    pub every: Vec<Defect>,
    /// What RECORD states of a file's bytes.
    pub digest: fn(&[u8]) -> String,
    /// Changes of RECORD, once it has been made.
    pub edit_record: fn(String) -> String,
    /// Changes of any entry, RECORD included, once all of them are there.
    pub edit_entries: fn(&mut Vec<Entry>),
    pub edit_archive: fn(&mut Vec<u8>),
    /// Changes of the end record.
    pub edit_end: fn(&mut [u8]),
    pub archive_comment: Vec<u8>,
}

pub const INFO: &str = "openai_codex_cli_bin-0.163.0.dist-info";
pub const DATA: &str = "openai_codex_cli_bin-0.163.0.data";
const LINUX: [&str; 3] = ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"];

pub const METADATA: &str = "Metadata-Version: 2.4\nName: openai-codex-cli-bin\nVersion: 0.163.0\nSummary: A program\n\
    License-Expression: Apache-2.0\nLicense-File: LICENSE\nClassifier: Programming Language :: Python :: 3\n\
    Requires-Python: >=3.10\nProject-URL: Source, https://example.org/source\nDescription-Content-Type: text/markdown\n\n\
    # A program\n";

/// A digest as RECORD states it.
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256={}", base64_of(&sha2::Sha256::digest(bytes)))
}

pub fn sha384(bytes: &[u8]) -> String {
    format!("sha384={}", base64_of(&sha2::Sha384::digest(bytes)))
}

pub fn sha512(bytes: &[u8]) -> String {
    format!("sha512={}", base64_of(&sha2::Sha512::digest(bytes)))
}

fn base64_of(bytes: &[u8]) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// A position-independent static program for Linux on x86-64.
pub fn linux_program() -> Vec<u8> {
    static_pie(62).build()
}

fn package(target: &str, entry: &str) -> String {
    format!("{{\"layoutVersion\":1,\"version\":\"0.163.0\",\"target\":\"{target}\",\"entrypoint\":\"{entry}\"}}")
}

/// A sound wheel of a runtime with this program.
pub fn runtime(tags: &[&str], target: &str, executable: &str, program: Vec<u8>) -> Sample {
    let lines: String = tags.iter().map(|tag| format!("Tag: py3-none-{tag}\n")).collect();
    let path = format!("codex_cli_bin/{executable}");
    Sample {
        file_name: format!("openai_codex_cli_bin-0.163.0-py3-none-{}.whl", tags.join(".")),
        info: INFO.into(),
        metadata: METADATA.into(),
        wheel: format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n{lines}"),
        entries: vec![
            entry("codex_cli_bin/__init__.py", "PATH = 'bin'\n", 0o100644),
            entry("codex_cli_bin/codex-package.json", package(target, executable), 0o100644),
            entry(&path, program, 0o100755),
        ],
        every: Vec::new(),
        digest: sha256,
        edit_record: |record| record,
        edit_entries: |_| {},
        edit_archive: |_| {},
        edit_end: |_| {},
        archive_comment: Vec::new(),
    }
}

pub fn linux() -> Sample {
    linux_with(linux_program())
}

pub fn linux_with(program: Vec<u8>) -> Sample {
    tagged(&LINUX, program)
}

pub fn tagged(tags: &[&str], program: Vec<u8>) -> Sample {
    runtime(tags, "x86_64-unknown-linux-musl", "bin/codex", program)
}

pub fn mac(program: Vec<u8>) -> Sample {
    runtime(&["macosx_11_0_arm64"], "aarch64-apple-darwin", "bin/codex", program)
}

pub fn windows(program: Vec<u8>) -> Sample {
    runtime(&["win_amd64"], "x86_64-pc-windows-msvc", "bin/codex.exe", program)
}

/// A wheel of this version around the files of a package directory.
pub fn of_package(files: &[(&str, Vec<u8>)], version: &str) -> Sample {
    let place = |(path, bytes): &(&str, Vec<u8>)| entry(&format!("codex_cli_bin/{path}"), bytes.clone(), 0o100644);
    let mut sample = linux().of_version(version);
    sample.entries.truncate(1);
    sample.entries.splice(0..0, files.iter().map(place));
    sample
}

impl Sample {
    /// The same wheel with another file.
    pub fn and(mut self, name: &str, data: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.entries.push(entry(name, data, mode));
        self
    }

    /// The same wheel with a defect of its first entry.
    pub fn first(mut self, defect: Defect) -> Self {
        self.entries[0].defects.push(defect);
        self
    }

    pub fn every(mut self, defect: Defect) -> Self {
        self.every.push(defect);
        self
    }

    pub fn edit(mut self, edit: fn(&mut Self)) -> Self {
        edit(&mut self);
        self
    }

    pub fn entries(mut self, edit: fn(&mut Vec<Entry>)) -> Self {
        self.edit_entries = edit;
        self
    }

    pub fn digest(mut self, digest: fn(&[u8]) -> String) -> Self {
        self.digest = digest;
        self
    }

    pub fn record(mut self, edit: fn(String) -> String) -> Self {
        self.edit_record = edit;
        self
    }

    pub fn archive(mut self, edit: fn(&mut Vec<u8>)) -> Self {
        self.edit_archive = edit;
        self
    }

    pub fn end(mut self, edit: fn(&mut [u8])) -> Self {
        self.edit_end = edit;
        self
    }

    pub fn metadata(mut self, from: &str, to: &str) -> Self {
        assert!(self.metadata.contains(from), "{from}");
        self.metadata = self.metadata.replace(from, to);
        self
    }

    /// Whether its package says that it is for this target.
    pub fn is_for(&self, target: &str) -> bool {
        let package = self.entries.iter().find(|entry| entry.name.ends_with(b"/codex-package.json"));
        package.is_some_and(|package| String::from_utf8_lossy(&package.data).contains(&format!("\"{target}\"")))
    }

    /// The same wheel of another release.
    pub fn of_version(mut self, version: &str) -> Self {
        for text in [&mut self.file_name, &mut self.info, &mut self.metadata] {
            *text = text.replace("0.163.0", version);
        }
        for entry in self.entries.iter_mut().filter(|entry| entry.name.ends_with(b".json")) {
            entry.data = String::from_utf8(entry.data.clone()).unwrap().replace("0.163.0", version).into();
        }
        self
    }

    /// The same wheel under another name and with the tags of that name.
    pub fn renamed(mut self, name: &str) -> Self {
        self.file_name = name.to_owned();
        let tags = name.trim_end_matches(".whl").rsplit('-').take(3).collect::<Vec<_>>();
        let mut lines = String::new();
        for python in tags[2].split('.') {
            for platform in tags[0].split('.') {
                lines += &format!("Tag: {python}-{}-{platform}\n", tags[1]);
            }
        }
        let build: Vec<_> = name.split('-').collect();
        if build.len() == 6 {
            lines += &format!("Build: {}\n", build[2]);
        }
        self.wheel = format!("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\n{lines}");
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let mut all = self.entries.clone();
        let info = |file: &str| format!("{}/{file}", self.info);
        all.push(entry(&info("licenses/LICENSE"), "A licence\n", 0o100644));
        all.push(entry(&info("METADATA"), self.metadata.as_str(), 0o100644));
        all.push(entry(&info("WHEEL"), self.wheel.as_str(), 0o100644));
        let mut record = String::new();
        for entry in all.iter().filter(|entry| !entry.name.ends_with(b"/") && !entry.is_hidden()) {
            let name = String::from_utf8_lossy(&entry.name);
            let digest = (self.digest)(&entry.data);
            let quoted = if name.contains([',', '"']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.into_owned()
            };
            record += &format!("{quoted},{digest},{}\n", entry.data.len());
        }
        record += &format!("{},,\n", info("RECORD"));
        all.push(entry(&info("RECORD"), (self.edit_record)(record), 0o100644));
        all.iter_mut().for_each(|entry| entry.defects.extend(&self.every));
        (self.edit_entries)(&mut all);
        let mut bytes = archive(&all, &self.archive_comment);
        let end = bytes.len() - 22 - self.archive_comment.len();
        (self.edit_end)(&mut bytes[end..]);
        (self.edit_archive)(&mut bytes);
        bytes
    }
}
