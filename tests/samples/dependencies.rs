//! Lists of dependencies, and programs that carry them: what cargo-auditable and the Go toolchain write, byte by byte.

use std::io::Write as _;

use super::binary::{MachSample, mac, pe, static_pie};

/// A list of three packages: the program, a library that it runs with, and one that only its build needs.
pub const AUDITABLE: &str = r#"{"packages":[
    {"name":"cc","version":"1.2.3","source":"crates.io","kind":"build"},
    {"name":"demo","version":"0.1.0","source":"local","dependencies":[0,2],"root":true},
    {"name":"serde","version":"1.0.0+more","source":"crates.io"}],"format":1}"#;

/// A table of modules: one as it is, one replaced by another, one by a directory.
pub const MODULES: &str = "path\texample.org/demo/cmd\n\
    mod\texample.org/Demo\t(devel)\t\n\
    dep\tgithub.com/BurntSushi/toml\tv1.5.0\th1:W5quZX/G/csjUnuI8SUYlsHs9M38FC7znL0lIO+DvMg=\n\
    dep\texample.org/old\tv1.0.0\n\
    =>\texample.org/new\tv1.2.0+incompatible\th1:AAAA=\n\
    dep\texample.org/near\tv0.1.0\n\
    =>\t../near\t(devel)\t\n\
    build\t-compiler=gc\n";

/// The section `.dep-v0` with this text.
pub fn dep_v0(json: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn go_header(flags: u8) -> Vec<u8> {
    let mut out = b"\xff Go buildinf:".to_vec();
    out.extend([8, flags]);
    out.resize(32, 0);
    out
}

fn between_sentinels(modules: &str) -> Vec<u8> {
    [&[0x30; 16][..], modules.as_bytes(), &[0x32; 16]].concat()
}

/// Go's build information as it has been since 1.18.
pub fn go_inline(toolchain: &str, modules: &str) -> Vec<u8> {
    let mut out = go_header(2);
    for text in [toolchain.as_bytes(), &between_sentinels(modules)] {
        varint(&mut out, text.len());
        out.extend(text);
    }
    out
}

/// Go's build information before that, for a section at this address.
pub fn go_pointers(toolchain: &str, modules: &str, address: u64) -> Vec<u8> {
    let mut out = go_header(0);
    let texts = [toolchain.as_bytes().to_vec(), between_sentinels(modules)];
    out[16..24].copy_from_slice(&(address + 32).to_le_bytes());
    out[24..32].copy_from_slice(&(address + 48).to_le_bytes());
    let mut at = address + 64;
    for text in &texts {
        out.extend(at.to_le_bytes());
        out.extend((text.len() as u64).to_le_bytes());
        at += text.len() as u64;
    }
    texts.iter().for_each(|text| out.extend(text));
    out
}

/// Where the section of [`elf_with`] is loaded.
pub fn elf_section_address() -> u64 {
    (static_pie(62).build().len() as u64).next_multiple_of(16)
}

/// A static program for Linux with one more section, which its only segment loads.
pub fn elf_with(name: &str, section: &[u8]) -> Vec<u8> {
    let mut out = static_pie(62).build();
    let at = elf_section_address();
    out.resize(at as usize, 0);
    out.extend(section);
    let loaded = (out.len() as u64).to_le_bytes();
    out[64 + 32..][..8].copy_from_slice(&loaded);
    out[64 + 40..][..8].copy_from_slice(&loaded);
    let names_at = out.len() as u64;
    let names = [b"\0.shstrtab\0", name.as_bytes(), b"\0"].concat();
    out.extend(&names);
    let headers_at = out.len() as u64;
    let sections = [
        (0_u32, 0_u32, 0_u64, 0_u64, 0_u64),
        (11, 1, at, at, section.len() as u64),
        (1, 3, 0, names_at, names.len() as u64),
    ];
    for (name, kind, address, offset, size) in sections {
        out.extend(name.to_le_bytes());
        out.extend(kind.to_le_bytes());
        for value in [3, address, offset, size, 0, 1, 0] {
            out.extend(value.to_le_bytes());
        }
    }
    out[40..48].copy_from_slice(&headers_at.to_le_bytes());
    for (place, value) in [64_u16, 3, 2].into_iter().enumerate() {
        out[58 + 2 * place..][..2].copy_from_slice(&value.to_le_bytes());
    }
    out
}

/// The same without section headers, with its segment writable or not.
pub fn elf_without_sections(section: &[u8], writable: bool) -> Vec<u8> {
    let mut out = elf_with("", section);
    out[40..48].fill(0);
    out[58..64].fill(0);
    out[64 + 4] = if writable { 6 } else { 5 };
    out
}

/// A program for macOS with one more section among its data.
pub fn mach_with(cpu: u32, name: &str, section: &[u8]) -> Vec<u8> {
    let mut out = MachSample { signed: false, ..mac(cpu, 11, 0) }.build();
    let at = (out.len() + 152).next_multiple_of(16) as u64;
    let mut command = Vec::new();
    command.extend([0x19_u32, 152].iter().flat_map(|word| word.to_le_bytes()));
    let padded = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(16, 0);
        bytes
    };
    command.extend(padded("__DATA"));
    command.extend([at, section.len() as u64, at, section.len() as u64].iter().flat_map(|long| long.to_le_bytes()));
    command.extend([3_u32, 3, 1, 0].iter().flat_map(|word| word.to_le_bytes()));
    command.extend([padded(name), padded("__DATA")].concat());
    command.extend([at, section.len() as u64].iter().flat_map(|long| long.to_le_bytes()));
    command.extend([at as u32, 4, 0, 0, 0, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    for (place, more) in [(16, 1), (20, 152_u32)] {
        let word: [u8; 4] = out[place..place + 4].try_into().unwrap();
        out[place..place + 4].copy_from_slice(&(u32::from_le_bytes(word) + more).to_le_bytes());
    }
    out.splice(32..32, command);
    out.resize(at as usize, 0);
    out.extend(section);
    out
}

/// A program for Windows with one more section of these flags.
pub fn pe_with(name: &str, flags: u32, section: &[u8]) -> Vec<u8> {
    const HEADERS: usize = 64 + 24 + 240;
    let mut out = pe(0x8664, &["KERNEL32.dll"], false);
    let at = (out.len() as u32 + 40).next_multiple_of(16);
    out[64 + 6] = 2;
    let raw: [u8; 4] = out[HEADERS + 20..HEADERS + 24].try_into().unwrap();
    out[HEADERS + 20..HEADERS + 24].copy_from_slice(&(u32::from_le_bytes(raw) + 40).to_le_bytes());
    let mut header = name.as_bytes().to_vec();
    header.resize(8, 0);
    let size = section.len() as u32;
    header.extend([size, 0x2000, size, at, 0, 0, 0, flags].iter().flat_map(|word| word.to_le_bytes()));
    out.splice(HEADERS + 40..HEADERS + 40, header);
    out.resize(at as usize, 0);
    out.extend(section);
    out
}
