//! What the tests of stages share: small executables, payloads in every form, and a look at a tree.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use relkit::console::Progress;
use relkit::digest::Sha256Digest;
use relkit::fs::{Existing, walk};
use relkit::stage::{self, StageError, StagedRuntime, stage_runtime};

/// A static x86-64 Linux executable of 128 bytes, padded to `size`.
pub fn elf(size: usize) -> Vec<u8> {
    let mut bytes = vec![0_u8; size.max(128)];
    bytes[..16].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(16, &2_u16.to_le_bytes());
    put(18, &62_u16.to_le_bytes());
    put(20, &1_u32.to_le_bytes());
    put(24, &0x40_0078_u64.to_le_bytes());
    put(32, &64_u64.to_le_bytes());
    put(52, &64_u16.to_le_bytes());
    put(54, &56_u16.to_le_bytes());
    put(56, &1_u16.to_le_bytes());
    put(58, &64_u16.to_le_bytes());
    // One loadable, executable segment over the whole file.
    put(64, &1_u32.to_le_bytes());
    put(68, &5_u32.to_le_bytes());
    put(80, &0x40_0000_u64.to_le_bytes());
    put(88, &0x40_0000_u64.to_le_bytes());
    put(96, &(size.max(128) as u64).to_le_bytes());
    put(104, &(size.max(128) as u64).to_le_bytes());
    put(112, &0x1000_u64.to_le_bytes());
    bytes
}

pub const DESCRIPTOR: &str = r#"{
  "layoutVersion": 1,
  "version": "0.163.0",
  "target": "x86_64-unknown-linux-musl",
  "entrypoint": "bin/codex",
  "unknownKey": [1, 2],
  "resourcesDir": "codex-resources",
  "pathDir": "codex-path"
}
"#;

/// The files of a small package directory.
pub fn package() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bin/codex", elf(4000)),
        ("bin/codex-host", elf(200)),
        ("codex-package.json", DESCRIPTOR.into()),
        ("codex-path/rg", elf(300)),
        ("codex-resources/bwrap", elf(400)),
        ("codex-resources/notes/NOTICE.md", b"notice".to_vec()),
        ("codex-resources/run.sh", b"#!/bin/sh\n".to_vec()),
    ]
}

/// Writes files below a directory.
pub fn write_tree(root: &Path, files: &[(&str, Vec<u8>)]) {
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Name, kind, link target and data of a member of a tar archive.
pub type Member<'a> = (&'a [u8], tar::EntryType, &'a [u8], &'a [u8]);

/// A tar archive with raw member names, so that names no tool would write can be written.
pub fn tar(members: &[Member<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, kind, link, data) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(data.len() as u64);
        header.set_mode(0o600);
        let raw = header.as_mut_bytes();
        raw[..name.len()].copy_from_slice(name);
        raw[157..157 + link.len()].copy_from_slice(link);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub fn tar_of(files: &[(&str, Vec<u8>)], folder: &str) -> Vec<u8> {
    let names: Vec<_> = files.iter().map(|(path, _)| format!("{folder}{path}")).collect();
    let members: Vec<_> = names
        .iter()
        .zip(files)
        .map(|(name, (_, bytes))| (name.as_bytes(), tar::EntryType::Regular, &b""[..], bytes.as_slice()))
        .collect();
    tar(&members)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn zip_of(files: &[(&str, Vec<u8>)], folder: &str) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (path, bytes) in files {
        writer.start_file(format!("{folder}{path}"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A runtime wheel around the files of a payload.
pub fn wheel_of(files: &[(&str, Vec<u8>)], version: &str) -> Vec<u8> {
    wheel_with(files, version, |bytes| Sha256Digest::of(bytes).record_form())
}

/// A wheel whose RECORD states what `digest` makes of each file.
pub fn wheel_with(files: &[(&str, Vec<u8>)], version: &str, digest: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let dist_info = format!("openai_codex_cli_bin-{version}.dist-info");
    let mut members: Vec<(String, Vec<u8>)> =
        files.iter().map(|(path, bytes)| (format!("codex_cli_bin/{path}"), bytes.clone())).collect();
    members.push(("codex_cli_bin/__init__.py".into(), b"x = 1\n".to_vec()));
    members.push((format!("{dist_info}/WHEEL"), b"Wheel-Version: 1.0\n".to_vec()));
    let mut record = String::new();
    for (path, bytes) in &members {
        record += &format!("{path},{},{}\r\n", digest(bytes), bytes.len());
    }
    record += &format!("{dist_info}/RECORD,,\r\n");
    members.push((format!("{dist_info}/RECORD"), record.into_bytes()));
    let members: Vec<_> = members.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    zip_of(&members, "")
}

/// A request with the release and the built-in template.
pub fn request(out: &Path, payload: &Path) -> stage::runtime::Options {
    stage::runtime::Options {
        out: out.to_owned(),
        payload: payload.to_owned(),
        codex_version: "0.163.0".parse().unwrap(),
        platform_tag: None,
        template: None,
        existing: Existing::Refuse,
    }
}

pub fn stage(out: &Path, payload: &Path) -> Result<StagedRuntime, StageError> {
    stage_runtime(&request(out, payload), &Progress::hidden())
}

/// Every file below a directory with its permission bits and digest, and nothing else.
pub fn tree(root: &Path) -> Vec<(String, u32, Sha256Digest)> {
    let files = walk(root).unwrap();
    files.iter().map(|file| (file.relative.clone(), mode(&file.path), digest(&file.path))).collect()
}

pub fn paths(root: &Path) -> Vec<String> {
    walk(root).unwrap().into_iter().map(|file| file.relative).collect()
}

pub fn digest(path: &Path) -> Sha256Digest {
    Sha256Digest::of_reader(&mut fs::File::open(path).unwrap()).unwrap().0
}

#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(not(unix))]
pub fn mode(_: &Path) -> u32 {
    0
}

/// Every name in a directory, hidden ones too.
pub fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// An error with its causes and hint as one text.
pub fn told(error: StageError) -> (String, relkit::error::Exit) {
    let failure = relkit::error::Failure::from(error);
    (failure.render(), failure.exit)
}

pub fn write(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).unwrap();
    path
}
