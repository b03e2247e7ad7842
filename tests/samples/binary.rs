//! Small but complete ELF, Mach-O and PE files, built field by field.
use sha2::Digest as _;

/// Library, node, whether the node is optional, and symbols with whether they are weak.
pub type SampleVersion = (&'static str, &'static str, bool, Vec<(&'static str, bool)>);

/// An ELF file in the making.
#[derive(Clone)]
pub struct ElfSample {
    pub class64: bool,
    pub big_endian: bool,
    pub kind: u16,
    pub machine: u16,
    /// `e_flags`.
    pub flags: u32,
    pub os_abi: u8,
    pub interpreter: Option<&'static str>,
    pub needed: Vec<&'static str>,
    pub runpath: Option<&'static str>,
    pub soname: Option<&'static str>,
    pub flags_1: u64,
    pub stack_flags: u32,
    pub versions: Vec<SampleVersion>,
    /// Undefined symbols without a version, with weakness.
    pub undefined: Vec<(&'static str, bool)>,
    /// The API level of Android's note.
    pub android_api: Option<u32>,
    /// `Tag_CPU_arch` of Arm's attributes.
    pub arm_version: Option<u8>,
}

pub fn static_elf() -> ElfSample {
    ElfSample {
        class64: true,
        big_endian: false,
        kind: 2,
        machine: 62,
        flags: 0,
        os_abi: 0,
        interpreter: None,
        needed: Vec::new(),
        runpath: None,
        soname: None,
        flags_1: 0,
        stack_flags: 6,
        versions: Vec::new(),
        undefined: Vec::new(),
        android_api: None,
        arm_version: None,
    }
}

/// A position-independent static program for Linux on this machine (62 is x86-64, 183 aarch64).
pub fn static_pie(machine: u16) -> ElfSample {
    ElfSample { kind: 3, machine, flags_1: 0x0800_0000, ..static_elf() }
}

/// A static program for Linux on x86-64, filled up with zeros to `size` bytes.
pub fn elf(size: usize) -> Vec<u8> {
    let mut bytes = static_elf().build();
    assert!(bytes.len() <= size, "{size} is too little");
    bytes.resize(size, 0);
    bytes
}

/// A position-independent program for glibc that needs `GLIBC_2.17` for `memcpy`.
pub fn glibc_elf() -> ElfSample {
    ElfSample {
        kind: 3,
        interpreter: Some("/lib64/ld-linux-x86-64.so.2"),
        needed: vec!["libc.so.6"],
        flags_1: 0x0800_0000,
        versions: vec![("libc.so.6", "GLIBC_2.17", false, vec![("memcpy", false)])],
        ..static_elf()
    }
}

impl ElfSample {
    fn half(&self, out: &mut Vec<u8>, value: u16) {
        out.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn word(&self, out: &mut Vec<u8>, value: u32) {
        out.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
    }

    fn long(&self, out: &mut Vec<u8>, value: u64) {
        if self.class64 {
            out.extend(if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() });
        } else {
            self.word(out, value as u32);
        }
    }

    fn program_header(&self, out: &mut Vec<u8>, kind: u32, flags: u32, offset: u64, size: u64) {
        self.word(out, kind);
        if self.class64 {
            self.word(out, flags);
        }
        for value in [offset, offset, offset, size, size] {
            self.long(out, value);
        }
        if !self.class64 {
            self.word(out, flags);
        }
        self.long(out, 1);
    }

    pub fn build(&self) -> Vec<u8> {
        let (header_size, entry_size) = if self.class64 { (64, 56) } else { (52, 32) };
        let mut strings = vec![0];
        let mut string = |text: &str| {
            let offset = strings.len();
            strings.extend(text.as_bytes());
            strings.push(0);
            offset as u64
        };
        // Tables first, at known places behind the headers.
        let start = header_size + 5 * entry_size;
        let mut interpreter = self.interpreter.unwrap_or_default().as_bytes().to_vec();
        interpreter.push(0);
        let mut symbols = vec![0; if self.class64 { 24 } else { 16 }];
        let mut indexes = Vec::new();
        self.half(&mut indexes, 0);
        let mut needs = Vec::new();
        let named = self.versions.iter().enumerate().flat_map(|(index, (.., symbols))| {
            symbols.iter().map(move |(name, weak)| (*name, *weak, index as u16 + 2))
        });
        let named: Vec<_> = named.chain(self.undefined.iter().map(|(name, weak)| (*name, *weak, 1))).collect();
        for (name, weak, index) in named {
            let name = string(name) as u32;
            let info = if weak { 0x22 } else { 0x12 };
            self.word(&mut symbols, name);
            if self.class64 {
                symbols.extend([info, 0]);
                self.half(&mut symbols, 0);
                self.long(&mut symbols, 0);
                self.long(&mut symbols, 0);
            } else {
                self.word(&mut symbols, 0);
                self.word(&mut symbols, 0);
                symbols.extend([info, 0]);
                self.half(&mut symbols, 0);
            }
            self.half(&mut indexes, index);
        }
        for (index, (library, version, optional, _)) in self.versions.iter().enumerate() {
            let last = index + 1 == self.versions.len();
            self.half(&mut needs, 1);
            self.half(&mut needs, 1);
            let library = string(library) as u32;
            self.word(&mut needs, library);
            self.word(&mut needs, 16);
            self.word(&mut needs, if last { 0 } else { 32 });
            self.word(&mut needs, 0);
            self.half(&mut needs, if *optional { 2 } else { 0 });
            self.half(&mut needs, index as u16 + 2);
            let version = string(version) as u32;
            self.word(&mut needs, version);
            self.word(&mut needs, 0);
        }
        let mut entries: Vec<(u64, u64)> = self.needed.iter().map(|name| (1, string(name))).collect();
        entries.extend(self.runpath.map(|path| (29, string(path))));
        entries.extend(self.soname.map(|name| (14, string(name))));
        let interpreter_at = start as u64;
        let symbols_at = interpreter_at + interpreter.len() as u64;
        let indexes_at = symbols_at + symbols.len() as u64;
        let needs_at = indexes_at + indexes.len() as u64;
        let strings_at = needs_at + needs.len() as u64;
        let dynamic_at = strings_at + strings.len() as u64;
        entries.extend([(5, strings_at), (10, strings.len() as u64), (6, symbols_at), (0x6fff_fff0, indexes_at)]);
        if !self.versions.is_empty() {
            entries.extend([(0x6fff_fffe, needs_at), (0x6fff_ffff, self.versions.len() as u64)]);
        }
        entries.extend([(0x6fff_fffb, self.flags_1), (0, 0)]);
        let mut dynamic = Vec::new();
        for (tag, value) in entries {
            self.long(&mut dynamic, tag);
            self.long(&mut dynamic, value);
        }
        let note_at = dynamic_at + dynamic.len() as u64;
        let mut note = Vec::new();
        if let Some(level) = self.android_api {
            for value in [8, 4, 1] {
                self.word(&mut note, value);
            }
            note.extend(b"Android\0");
            self.word(&mut note, level);
        }
        let total = note_at + note.len() as u64;
        let attributes = self.arm_version.map(|version| self.arm_attributes(version)).unwrap_or_default();
        let sections_at = if attributes.is_empty() { 0 } else { total + attributes.len() as u64 };

        let mut out = b"\x7fELF".to_vec();
        out.extend([if self.class64 { 2 } else { 1 }, if self.big_endian { 2 } else { 1 }, 1, self.os_abi]);
        out.extend([0; 8]);
        self.half(&mut out, self.kind);
        self.half(&mut out, self.machine);
        self.word(&mut out, 1);
        for value in [start as u64, header_size as u64, sections_at] {
            self.long(&mut out, value);
        }
        self.word(&mut out, self.flags);
        let (section_size, sections) = if sections_at == 0 { (0, 0) } else { (40, 2) };
        for value in [header_size as u16, entry_size as u16, 5, section_size, sections, 0] {
            self.half(&mut out, value);
        }
        self.program_header(&mut out, 1, 5, 0, total);
        let interp = if self.interpreter.is_some() { 3 } else { 0 };
        self.program_header(&mut out, interp, 4, interpreter_at, interpreter.len() as u64);
        self.program_header(&mut out, 2, 6, dynamic_at, dynamic.len() as u64);
        self.program_header(&mut out, 0x6474_e551, self.stack_flags, 0, 0);
        self.program_header(&mut out, if note.is_empty() { 0 } else { 4 }, 4, note_at, note.len() as u64);
        for part in [interpreter, symbols, indexes, needs, strings, dynamic, note, attributes.clone()] {
            out.extend(part);
        }
        if sections_at > 0 {
            out.extend([0; 40]);
            for value in [0, 0x7000_0003, 0, 0, total as u32, attributes.len() as u32, 0, 0, 1, 0] {
                self.word(&mut out, value);
            }
        }
        out
    }

    /// One vendor, one scope, and attributes of every kind before the one that counts.
    fn arm_attributes(&self, version: u8) -> Vec<u8> {
        let attributes = [&b"\x05ARM\0\x41c\0\x20\x01gnu\0\x08\x01\x06"[..], &[version]].concat();
        let mut scope = vec![1];
        self.word(&mut scope, 5 + attributes.len() as u32);
        scope.extend(attributes);
        let mut out = b"A".to_vec();
        self.word(&mut out, 4 + 6 + scope.len() as u32);
        out.extend(b"aeabi\0");
        out.extend(scope);
        out
    }
}

/// A Mach-O file in the making.
#[derive(Clone)]
pub struct MachSample {
    pub cpu: u32,
    pub kind: u32,
    /// Platform, lowest version as major and minor.
    pub build: Option<(u32, u16, u8)>,
    pub dylibs: Vec<(&'static str, bool)>,
    pub rpaths: Vec<&'static str>,
    pub signed: bool,
}

pub const ARM64: u32 = 0x0100_000c;
pub const AMD64: u32 = 0x0100_0007;

pub fn mac(cpu: u32, major: u16, minor: u8) -> MachSample {
    MachSample {
        cpu,
        kind: 2,
        build: Some((1, major, minor)),
        dylibs: vec![("/usr/lib/libSystem.B.dylib", false)],
        rpaths: Vec::new(),
        signed: true,
    }
}

impl MachSample {
    pub fn build(&self) -> Vec<u8> {
        let words = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let string = |command: u32, fixed: &[u32], text: &str| {
            let head = 8 + 4 * fixed.len();
            let size = (head + text.len() + 1).next_multiple_of(8);
            let mut out = words(&[command, size as u32]);
            out.extend(words(fixed));
            out.extend(text.as_bytes());
            out.resize(size, 0);
            out
        };
        let mut commands = Vec::new();
        if let Some((platform, major, minor)) = self.build {
            let minimum = u32::from(major) << 16 | u32::from(minor) << 8;
            commands.push(words(&[0x32, 24, platform, minimum, 15 << 16, 0]));
        }
        for (name, weak) in &self.dylibs {
            commands.push(string(if *weak { 0x8000_0018 } else { 0xc }, &[24, 0, 0, 0], name));
        }
        for path in &self.rpaths {
            commands.push(string(0x8000_001c, &[12], path));
        }
        let size: usize = commands.iter().map(Vec::len).sum::<usize>() + if self.signed { 16 } else { 0 };
        let end = 32 + size as u32;
        if self.signed {
            commands.push(words(&[0x1d, 16, end, signature_size(end)]));
        }
        let mut out = words(&[0xfeed_facf, self.cpu, 0, self.kind, commands.len() as u32, size as u32, 0x20_0000, 0]);
        out.extend(commands.into_iter().flatten());
        if self.signed {
            out.extend(signature(&out));
        }
        out
    }
}

const SIGNED_PAGE: usize = 4096;

fn signature_size(covered: u32) -> u32 {
    20 + 46 + 32 * covered.div_ceil(SIGNED_PAGE as u32)
}

/// An ad hoc code signature over `code`: one directory of the SHA-256 of its pages.
fn signature(code: &[u8]) -> Vec<u8> {
    let big = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    let pages = code.chunks(SIGNED_PAGE);
    let length = signature_size(code.len() as u32);
    let mut out = big(&[0xfade_0cc0, length, 1, 0, 20]);
    out.extend(big(&[0xfade_0c02, length - 20, 0x2_0001, 0x2_0002, 46, 44, 0, pages.len() as u32, code.len() as u32]));
    out.extend([32, 2, 0, 12]);
    out.extend(big(&[0]));
    out.extend(b"x\0");
    out.extend(pages.flat_map(|page| sha2::Sha256::digest(page).to_vec()));
    out
}

/// A fat file of these slices.
pub fn fat(slices: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut table = 0xcafe_babe_u32.to_be_bytes().to_vec();
    table.extend((slices.len() as u32).to_be_bytes());
    let mut offset = 8 + 20 * slices.len() as u32;
    for (cpu, bytes) in slices {
        for value in [*cpu, 0, offset, bytes.len() as u32, 0] {
            table.extend(value.to_be_bytes());
        }
        offset += bytes.len() as u32;
    }
    table.extend(slices.iter().flat_map(|(_, bytes)| bytes.clone()));
    table
}

/// A sound program of this target triple; the oldest macOS that it runs on is 11.0 or, on Intel, 10.12.
pub fn program(target: &str) -> Vec<u8> {
    let (architecture, system) = target.split_once('-').unwrap_or_else(|| panic!("`{target}` is no triple"));
    let system = ["apple-darwin", "windows", "linux"].into_iter().find(|part| system.contains(part));
    match (system, architecture) {
        (Some("apple-darwin"), "aarch64") => mac(ARM64, 11, 0).build(),
        (Some("apple-darwin"), "x86_64") => mac(AMD64, 10, 12).build(),
        (Some("windows"), "aarch64") => pe(0xaa64, &["KERNEL32.dll"], true),
        (Some("windows"), "x86_64") => windows_program(),
        (Some("linux"), _) => linux_program(architecture).build(),
        _ => panic!("there is no sample for `{target}`"),
    }
}

/// A static program for Linux on any architecture that a platform tag names.
fn linux_program(architecture: &str) -> ElfSample {
    let short = |machine| ElfSample { class64: false, ..static_pie(machine) };
    // Flags say hard float on Arm, double-precision floats on RISC-V and LoongArch, and ELFv2 on POWER.
    match architecture {
        "x86_64" => static_pie(62),
        "aarch64" => static_pie(183),
        "i686" => short(3),
        "armv7" => ElfSample { flags: 0x0500_0400, arm_version: Some(10), ..short(40) },
        "arm" => ElfSample { flags: 0x0500_0400, arm_version: Some(6), ..short(40) },
        "riscv64gc" => ElfSample { flags: 5, ..static_pie(243) },
        "powerpc64le" => ElfSample { flags: 2, ..static_pie(21) },
        "s390x" => ElfSample { big_endian: true, ..static_pie(22) },
        "loongarch64" => ElfSample { flags: 0x43, ..static_pie(258) },
        _ => panic!("there is no sample for `{architecture}`: give its number in ELF a row here"),
    }
}

pub fn windows_program() -> Vec<u8> {
    pe(0x8664, &["KERNEL32.dll"], true)
}

/// The same as a library.
pub fn windows_library() -> Vec<u8> {
    const FLAGS: usize = 64 + 4 + 18;
    let mut bytes = windows_program();
    bytes[FLAGS + 1] |= 0x20;
    bytes
}

/// A PE32+ program for `machine` that imports from `dlls`, with a certificate where `signed`.
pub fn pe(machine: u16, dlls: &[&str], signed: bool) -> Vec<u8> {
    const BASE: u32 = 0x1000;
    let mut section = vec![0; 20 * (dlls.len() + 1)];
    for (index, name) in dlls.iter().enumerate() {
        let at = BASE + section.len() as u32;
        section.extend(name.as_bytes());
        section.push(0);
        // The thunk list must be somewhere; an import without one ends the table.
        section[20 * index..][..4].copy_from_slice(&BASE.to_le_bytes());
        section[20 * index + 12..][..4].copy_from_slice(&at.to_le_bytes());
        section[20 * index + 16..][..4].copy_from_slice(&BASE.to_le_bytes());
    }
    let raw_at = 64 + 24 + 240 + 40;
    let end = raw_at + section.len() as u32;
    let mut out = b"MZ".to_vec();
    out.resize(60, 0);
    out.extend(64_u32.to_le_bytes());
    out.extend(b"PE\0\0");
    out.extend(machine.to_le_bytes());
    out.extend(1_u16.to_le_bytes());
    out.extend([0; 12]);
    out.extend(240_u16.to_le_bytes());
    out.extend(0x22_u16.to_le_bytes());
    let mut optional = vec![0; 240];
    optional[..2].copy_from_slice(&0x20b_u16.to_le_bytes());
    optional[48..50].copy_from_slice(&6_u16.to_le_bytes());
    optional[68..70].copy_from_slice(&3_u16.to_le_bytes());
    optional[70..72].copy_from_slice(&0x8160_u16.to_le_bytes());
    optional[108..112].copy_from_slice(&16_u32.to_le_bytes());
    optional[120..124].copy_from_slice(&BASE.to_le_bytes());
    optional[124..128].copy_from_slice(&(section.len() as u32).to_le_bytes());
    if signed {
        optional[144..148].copy_from_slice(&end.to_le_bytes());
        optional[148..152].copy_from_slice(&16_u32.to_le_bytes());
    }
    out.extend(optional);
    out.extend(b".idata\0\0");
    for value in [section.len() as u32, BASE, section.len() as u32, raw_at] {
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 16]);
    out.extend(section);
    if signed {
        out.extend(16_u32.to_le_bytes());
        out.extend(0x200_u16.to_le_bytes());
        out.extend(2_u16.to_le_bytes());
        out.extend([0; 8]);
    }
    out
}
