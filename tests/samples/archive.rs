//! Zip and tar archives byte by byte, with a hand on every field, so that each can have one defect.

use std::io::Write as _;

pub use tar::EntryType;

/// 1980-01-01, the date of every entry.
const DATE: u16 = 0x21;

/// One entry of a zip archive in the making: deflated, of a Unix system, and sound but for its defects.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    pub mode: u32,
    pub defects: Vec<Defect>,
}

/// What is unusual or wrong about an entry.
#[derive(Clone, Copy)]
pub enum Defect {
    /// The number of another method; the data of method 0 and of unknown ones are stored as they are.
    Method(u16),
    Flags(u16),
    Date(u16),
    /// A size that is stated in place of the true one.
    Size(u32),
    /// Changes of the compressed data, the local header and the central entry.
    Data(fn(&mut Vec<u8>)),
    Local(fn(&mut [u8])),
    Central(fn(&mut [u8])),
    /// Fields in the local header, and in the central entry.
    LocalExtra(&'static [u8]),
    CentralExtra(&'static [u8]),
    Comment(&'static [u8]),
    /// Bytes between this entry and the next.
    Gap(&'static [u8]),
    /// The central directory leaves the entry out.
    Hidden,
    /// CRC and sizes come in a data descriptor.
    Descriptor,
}

pub fn entry(name: &str, data: impl Into<Vec<u8>>, mode: u32) -> Entry {
    Entry { name: name.into(), data: data.into(), mode, defects: Vec::new() }
}

impl Entry {
    pub fn with(mut self, defect: Defect) -> Self {
        self.defects.push(defect);
        self
    }

    pub fn is_hidden(&self) -> bool {
        self.defects.iter().any(|defect| matches!(defect, Defect::Hidden))
    }

    /// What one kind of defect says; the last of them counts.
    fn said<T>(&self, of: impl Fn(Defect) -> Option<T>) -> Option<T> {
        self.defects.iter().rev().copied().find_map(of)
    }
}

macro_rules! said {
    ($entry:expr, $kind:ident) => {
        $entry.said(|defect| if let Defect::$kind(value) = defect { Some(value) } else { None })
    };
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The bytes of an archive of these entries.
pub fn archive(entries: &[Entry], comment: &[u8]) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for entry in entries {
        let offset = out.len() as u32;
        let descriptor = entry.said(|defect| matches!(defect, Defect::Descriptor).then_some(())).is_some();
        let method = said!(entry, Method).unwrap_or(8);
        let flags = said!(entry, Flags).unwrap_or(0) | if descriptor { 8 } else { 0 };
        let date = said!(entry, Date).unwrap_or(DATE);
        let mut data = if method == 8 { deflate(&entry.data) } else { entry.data.clone() };
        if let Some(edit) = said!(entry, Data) {
            edit(&mut data);
        }
        let size = said!(entry, Size).unwrap_or(entry.data.len() as u32);
        let numbers = [crc32fast::hash(&entry.data), data.len() as u32, size];
        let lengths = |numbers: [u32; 3]| numbers.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let shorts = |numbers: &[u16]| numbers.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<u8>>();
        let fixed = shorts(&[flags, method, 0, date]);

        let extra = said!(entry, LocalExtra).unwrap_or_default();
        let mut local = b"PK\x03\x04\x14\0".to_vec();
        local.extend(&fixed);
        local.extend(lengths(if descriptor { [0; 3] } else { numbers }));
        local.extend(shorts(&[entry.name.len() as u16, extra.len() as u16]));
        local.extend(&entry.name);
        local.extend(extra);
        if let Some(edit) = said!(entry, Local) {
            edit(&mut local);
        }
        out.extend(local);
        out.extend(data);
        if descriptor {
            out.extend(b"PK\x07\x08");
            out.extend(lengths(numbers));
        }
        out.extend(said!(entry, Gap).unwrap_or_default());
        if entry.is_hidden() {
            continue;
        }

        count += 1;
        let (extra, comment) =
            (said!(entry, CentralExtra).unwrap_or_default(), said!(entry, Comment).unwrap_or_default());
        let mut central = b"PK\x01\x02\x14\x03\x14\0".to_vec();
        central.extend(&fixed);
        central.extend(lengths(numbers));
        central.extend(shorts(&[entry.name.len() as u16, extra.len() as u16, comment.len() as u16, 0, 0]));
        central.extend((entry.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend([&entry.name, extra, comment].concat());
        if let Some(edit) = said!(entry, Central) {
            edit(&mut central);
        }
        directory.extend(central);
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].map(u16::to_le_bytes).concat());
    out.extend([size, start].map(u32::to_le_bytes).concat());
    out.extend((comment.len() as u16).to_le_bytes());
    out.extend(comment);
    out
}

/// A sound archive of these files, below `folder` where it is not empty.
pub fn zip_of(files: &[(&str, Vec<u8>)], folder: &str) -> Vec<u8> {
    let entries: Vec<_> =
        files.iter().map(|(path, bytes)| entry(&format!("{folder}{path}"), bytes.clone(), 0o100_644)).collect();
    archive(&entries, b"")
}

/// One member of a tar archive: what links lead to in `target`.
#[derive(Clone)]
pub struct TarMember {
    pub name: Vec<u8>,
    pub kind: EntryType,
    pub target: Vec<u8>,
    pub data: Vec<u8>,
    pub mode: u32,
}

impl TarMember {
    pub fn file(name: impl Into<Vec<u8>>, data: impl Into<Vec<u8>>) -> Self {
        let (name, data) = (name.into(), data.into());
        Self { name, kind: EntryType::Regular, target: Vec::new(), data, mode: 0o644 }
    }

    pub fn special(name: impl Into<Vec<u8>>, kind: EntryType, target: impl Into<Vec<u8>>) -> Self {
        Self { kind, target: target.into(), ..Self::file(name, "") }
    }
}

/// A tar archive; names go in as they are, those that no tool would write too.
pub fn tar(members: &[TarMember]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for member in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(member.kind);
        header.set_size(member.data.len() as u64);
        header.set_mode(member.mode);
        let raw = header.as_mut_bytes();
        raw[..member.name.len()].copy_from_slice(&member.name);
        raw[157..157 + member.target.len()].copy_from_slice(&member.target);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&member.data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

pub fn tar_of(files: &[(&str, Vec<u8>)], folder: &str) -> Vec<u8> {
    let members: Vec<_> =
        files.iter().map(|(path, bytes)| TarMember::file(format!("{folder}{path}"), bytes.clone())).collect();
    tar(&members)
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 0);
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// The same bytes in every run that do not compress.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(length.div_ceil(8)).flatten().take(length).collect()
}
