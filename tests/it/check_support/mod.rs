//! Wheels made byte by byte, so that each can have one defect: a sound runtime wheel to begin with, and a hand on every
//! field of the archive.

#[path = "../../../src/binary/tests/samples.rs"]
pub mod samples;

use std::io::Write as _;

use relkit::digest::Sha256Digest;

/// 1980-01-01, the date of every entry.
const DATE: u16 = 0x21;

/// One entry of an archive in the making.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    pub mode: u32,
    pub system: u8,
    pub method: u16,
    pub flags: u16,
    pub date: u16,
    pub local_extra: Vec<u8>,
    pub central_extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Bytes between this entry and the next.
    pub gap: Vec<u8>,
    /// Whether the central directory leaves the entry out.
    pub hidden: bool,
    /// Whether CRC and sizes come in a data descriptor.
    pub descriptor: bool,
    /// Changes of the compressed data, the local header and the central entry.
    pub edit_data: fn(&mut Vec<u8>),
    pub edit_local: fn(&mut [u8]),
    pub edit_central: fn(&mut [u8]),
    /// Sizes that are stated in place of the true ones.
    pub stated_size: Option<u32>,
}

pub fn entry(name: &str, data: impl Into<Vec<u8>>, mode: u32) -> Entry {
    Entry {
        name: name.into(),
        data: data.into(),
        mode,
        system: 3,
        method: 8,
        flags: 0,
        date: DATE,
        local_extra: Vec::new(),
        central_extra: Vec::new(),
        comment: Vec::new(),
        gap: Vec::new(),
        hidden: false,
        descriptor: false,
        edit_data: |_| {},
        edit_local: |_| {},
        edit_central: |_| {},
        stated_size: None,
    }
}

/// A wheel in the making.
#[derive(Clone)]
pub struct Sample {
    pub file_name: String,
    pub info: String,
    pub metadata: String,
    pub wheel: String,
    pub entries: Vec<Entry>,
    /// Changes of RECORD, once it has been made.
    pub edit_record: fn(String) -> String,
    /// Changes of any entry, RECORD included, once all of them are there.
    pub edit_entries: fn(&mut Vec<Entry>),
    pub edit_archive: fn(&mut Vec<u8>),
    pub archive_comment: Vec<u8>,
}

pub const INFO: &str = "openai_codex_cli_bin-0.163.0.dist-info";
pub const DATA: &str = "openai_codex_cli_bin-0.163.0.data";
const LINUX: [&str; 3] = ["manylinux2014_x86_64", "manylinux_2_17_x86_64", "musllinux_1_1_x86_64"];

pub const METADATA: &str = "Metadata-Version: 2.4\nName: openai-codex-cli-bin\nVersion: 0.163.0\nSummary: A program\n\
    License-Expression: Apache-2.0\nLicense-File: LICENSE\nClassifier: Programming Language :: Python :: 3\n\
    Requires-Python: >=3.10\nProject-URL: Source, https://example.org/source\nDescription-Content-Type: text/markdown\n\n\
    # A program\n";

/// A position-independent static program for Linux on x86-64.
pub fn linux_program() -> Vec<u8> {
    samples::ElfSample { kind: 3, flags_1: 0x0800_0000, ..samples::static_elf() }.build()
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
        edit_record: |record| record,
        edit_entries: |_| {},
        edit_archive: |_| {},
        archive_comment: Vec::new(),
    }
}

pub fn linux() -> Sample {
    runtime(&LINUX, "x86_64-unknown-linux-musl", "bin/codex", linux_program())
}

pub fn linux_with(program: Vec<u8>) -> Sample {
    runtime(&LINUX, "x86_64-unknown-linux-musl", "bin/codex", program)
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

impl Sample {
    /// The same wheel with another file.
    pub fn and(mut self, name: &str, data: impl Into<Vec<u8>>, mode: u32) -> Self {
        self.entries.push(entry(name, data, mode));
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

    pub fn record(mut self, edit: fn(String) -> String) -> Self {
        self.edit_record = edit;
        self
    }

    pub fn archive(mut self, edit: fn(&mut Vec<u8>)) -> Self {
        self.edit_archive = edit;
        self
    }

    pub fn metadata(mut self, from: &str, to: &str) -> Self {
        assert!(self.metadata.contains(from), "{from}");
        self.metadata = self.metadata.replace(from, to);
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
        for entry in all.iter().filter(|entry| !entry.name.ends_with(b"/") && !entry.hidden) {
            let name = String::from_utf8_lossy(&entry.name);
            let digest = Sha256Digest::of(&entry.data).record_form();
            let quoted = if name.contains([',', '"']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.into_owned()
            };
            record += &format!("{quoted},{digest},{}\n", entry.data.len());
        }
        record += &format!("{},,\n", info("RECORD"));
        all.push(entry(&info("RECORD"), (self.edit_record)(record), 0o100644));
        (self.edit_entries)(&mut all);
        let mut bytes = archive(&all, &self.archive_comment);
        (self.edit_archive)(&mut bytes);
        bytes
    }
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The bytes of an archive of these entries.
pub fn archive(entries: &[Entry], comment: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for entry in entries {
        let offset = out.len() as u32;
        let mut data = if entry.method == 8 { deflate(&entry.data) } else { entry.data.clone() };
        let packed = data.len() as u32;
        (entry.edit_data)(&mut data);
        let crc = crc32fast::hash(&entry.data);
        let size = entry.stated_size.unwrap_or(entry.data.len() as u32);
        let packed = if data.len() as u32 == packed { packed } else { data.len() as u32 };
        let flags = entry.flags | if entry.descriptor { 8 } else { 0 };
        let mut fixed = Vec::new();
        for half in [flags, entry.method, 0, entry.date] {
            fixed.extend(half.to_le_bytes());
        }
        let lengths = |deferred: bool| -> Vec<u8> {
            let words = if deferred { [0; 3] } else { [crc, packed, size] };
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        };
        let mut local = b"PK\x03\x04\x14\0".to_vec();
        local.extend(&fixed);
        local.extend(lengths(entry.descriptor));
        local.extend((entry.name.len() as u16).to_le_bytes());
        local.extend((entry.local_extra.len() as u16).to_le_bytes());
        local.extend(&entry.name);
        local.extend(&entry.local_extra);
        (entry.edit_local)(&mut local);
        out.extend(local);
        out.extend(&data);
        if entry.descriptor {
            out.extend(b"PK\x07\x08");
            out.extend(lengths(false));
        }
        out.extend(&entry.gap);
        if entry.hidden {
            continue;
        }
        count += 1;
        let mut central = b"PK\x01\x02\x14".to_vec();
        central.extend([entry.system, 20, 0]);
        central.extend(&fixed);
        central.extend(lengths(false));
        central.extend((entry.name.len() as u16).to_le_bytes());
        central.extend((entry.central_extra.len() as u16).to_le_bytes());
        central.extend((entry.comment.len() as u16).to_le_bytes());
        central.extend([0; 4]);
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.name);
        central.extend(&entry.central_extra);
        central.extend(&entry.comment);
        (entry.edit_central)(&mut central);
        directory.extend(central);
    }
    let start = out.len() as u32;
    let size = directory.len() as u32;
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend((comment.len() as u16).to_le_bytes());
    out.extend(comment);
    out
}

/// The place of the end record of an archive without a comment.
pub fn end_record(bytes: &[u8]) -> usize {
    bytes.len() - 22
}
