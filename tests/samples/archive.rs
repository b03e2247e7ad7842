//! Zip and tar archives byte by byte, with a hand on every field, so that each can have one defect.

use std::io::Write as _;

pub use tar::EntryType;

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

/// A deflated entry of a Unix system that nothing is wrong with.
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
