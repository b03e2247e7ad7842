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
    /// The elder kind.
    pub rpath: Option<&'static str>,
    pub soname: Option<&'static str>,
    pub flags_1: u64,
    pub stack_flags: u32,
    pub versions: Vec<SampleVersion>,
    /// Undefined symbols without a version, with weakness.
    pub undefined: Vec<(&'static str, bool)>,
    /// The API level of Android's note.
    pub android_api: Option<u32>,
    /// The bits of `GNU_PROPERTY_X86_ISA_1_NEEDED`, in the place of Android's note.
    pub x86_levels: Option<u32>,
    /// A note in the place of Android's: its owner, which has four bytes with those that end it or eight, its type, and a number.
    pub note: Option<(&'static str, u32, u32)>,
    /// The type of the one relocation that there is where the hash table is GNU's.
    pub relocation: u32,
    /// The type of a second one, which names no symbol.
    pub unnamed_relocation: Option<u32>,
    /// Whether the symbols that the file has itself choose others, and the relocation names the first of them.
    pub indirect: bool,
    /// Whether it states packed relocations.
    pub relr: bool,
    /// `Tag_CPU_arch` of Arm's attributes.
    pub arm_version: Option<u8>,
    /// Symbols that the file has itself.
    pub defined: Vec<&'static str>,
    pub hash: SampleHash,
    pub layout: SampleLayout,
    /// Names and sizes of sections that are not loaded.
    pub sections: Vec<(&'static str, usize)>,
    /// How far the addresses are from the offsets.
    pub skew: u64,
    /// `p_align` of what is loaded.
    pub align: u64,
}

/// What counts the dynamic symbols of a sample.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SampleHash {
    None,
    SysV,
    /// Counts only where the file has symbols itself; a relocation names the last of the others.
    Gnu,
}

/// Where the tables of a sample lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SampleLayout {
    Plain,
    /// Symbols and strings in a segment at the end of the file, something else between them, and a table of sections
    /// that is not there: as patching and stripping leave a file.
    Patched,
    /// The strings begin in one segment and end in the next, which the file holds that many bytes further on.
    Split(u64),
    /// The strings begin in the segment and end behind it, in its last page.
    Overrun,
}

/// Where the segment at the end of a patched file is loaded, and what lies between its tables.
const APPENDED_AT: u64 = 0x10_0000;
const BETWEEN: u64 = 480;

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
        rpath: None,
        soname: None,
        flags_1: 0,
        stack_flags: 6,
        versions: Vec::new(),
        undefined: Vec::new(),
        android_api: None,
        x86_levels: None,
        note: None,
        relocation: 6,
        unnamed_relocation: None,
        indirect: false,
        relr: false,
        arm_version: None,
        defined: Vec::new(),
        hash: SampleHash::None,
        layout: SampleLayout::Plain,
        sections: Vec::new(),
        skew: 0,
        align: 1,
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

    /// `place` is offset and address.
    fn program_header(&self, out: &mut Vec<u8>, kind: u32, flags: u32, place: (u64, u64), size: u64) {
        self.word(out, kind);
        if self.class64 {
            self.word(out, flags);
        }
        for value in [place.0, place.1 + self.skew, place.1 + self.skew, size, size] {
            self.long(out, value);
        }
        if !self.class64 {
            self.word(out, flags);
        }
        self.long(out, if kind == 1 { self.align } else { 1 });
    }

    fn section_header(&self, out: &mut Vec<u8>, name: u32, kind: u32, offset: u64, size: u64) {
        self.word(out, name);
        self.word(out, kind);
        for value in [0, 0, offset, size] {
            self.long(out, value);
        }
        self.word(out, 0);
        self.word(out, 0);
        self.long(out, 1);
        self.long(out, 0);
    }

    /// The table that says how many symbols there are; those of other files come first.
    fn hash_table(&self, undefined: u32, defined: u32) -> Vec<u8> {
        let mut words = match self.hash {
            SampleHash::None => Vec::new(),
            SampleHash::SysV => vec![1, undefined + defined, 0],
            SampleHash::Gnu if defined == 0 => vec![1, 1, 1, 0, 0],
            SampleHash::Gnu => vec![1, undefined, 1, 0, 0],
        };
        match self.hash {
            SampleHash::None => {}
            SampleHash::SysV => words.extend((0..undefined + defined).map(|_| 0)),
            SampleHash::Gnu => {
                words.extend(self.class64.then_some(0));
                words.push(if defined == 0 { 0 } else { undefined });
                words.extend((1..=defined).map(|index| u32::from(index == defined)));
            }
        }
        let mut out = Vec::new();
        // On s390x alone the words of the elder table are wide.
        let wide = self.hash == SampleHash::SysV && self.machine == 22;
        for value in words {
            if wide { self.long(&mut out, value.into()) } else { self.word(&mut out, value) }
        }
        out
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
        // Only what is loaded in two parts has a header more.
        let segments = if matches!(self.layout, SampleLayout::Plain | SampleLayout::Overrun) { 5 } else { 6 };
        let start = header_size + segments * entry_size;
        let mut interpreter = self.interpreter.unwrap_or_default().as_bytes().to_vec();
        interpreter.push(0);
        let mut symbols = vec![0; if self.class64 { 24 } else { 16 }];
        let mut indexes = Vec::new();
        self.half(&mut indexes, 0);
        let mut needs = Vec::new();
        let named = self.versions.iter().enumerate().flat_map(|(index, (.., symbols))| {
            symbols.iter().map(move |(name, weak)| (*name, *weak, index as u16 + 2))
        });
        let named = named.chain(self.undefined.iter().map(|(name, weak)| (*name, *weak, 1)));
        let mut named: Vec<_> = named.map(|(name, weak, index)| (name, weak, index, 0)).collect();
        let hash = self.hash_table(named.len() as u32 + 1, self.defined.len() as u32);
        // What the loader looks at although no hash table counts it.
        let mut relocations = Vec::new();
        if self.hash == SampleHash::Gnu {
            let symbol = named.len() as u64 + u64::from(self.indirect);
            let unnamed = self.unnamed_relocation.map(|kind| (0, kind));
            for (symbol, kind) in [(symbol, self.relocation)].into_iter().chain(unnamed) {
                let symbol = if self.class64 { symbol << 32 } else { symbol << 8 };
                for value in [0, symbol | u64::from(kind), 0] {
                    self.long(&mut relocations, value);
                }
            }
        }
        named.extend(self.defined.iter().map(|name| (*name, false, 1, 1)));
        for (name, weak, index, section) in named {
            let name = string(name) as u32;
            let info = match (weak, self.indirect && section > 0) {
                (true, _) => 0x22,
                (false, false) => 0x12,
                (false, true) => 0x1a,
            };
            self.word(&mut symbols, name);
            if self.class64 {
                symbols.extend([info, 0]);
                self.half(&mut symbols, section);
                self.long(&mut symbols, 0);
                self.long(&mut symbols, 0);
            } else {
                self.word(&mut symbols, 0);
                self.word(&mut symbols, 0);
                symbols.extend([info, 0]);
                self.half(&mut symbols, section);
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
        entries.extend(self.rpath.map(|path| (15, string(path))));
        entries.extend(self.soname.map(|name| (14, string(name))));
        let patched = self.layout == SampleLayout::Patched;
        let interpreter_at = start as u64;
        let symbols_at = if patched { APPENDED_AT } else { interpreter_at + interpreter.len() as u64 };
        let hash_at = interpreter_at + interpreter.len() as u64 + if patched { 0 } else { symbols.len() as u64 };
        let relocations_at = hash_at + hash.len() as u64;
        let indexes_at = relocations_at + relocations.len() as u64;
        let needs_at = indexes_at + indexes.len() as u64;
        let needs_end = needs_at + needs.len() as u64;
        let strings_at = if patched { APPENDED_AT + symbols.len() as u64 + BETWEEN } else { needs_end };
        let dynamic_at = if patched { needs_end } else { strings_at + strings.len() as u64 };
        let at = |address: u64| address + self.skew;
        entries.extend([
            (5, at(strings_at)),
            (10, strings.len() as u64),
            (6, at(symbols_at)),
            (0x6fff_fff0, at(indexes_at)),
        ]);
        if !self.versions.is_empty() {
            entries.extend([(0x6fff_fffe, at(needs_at)), (0x6fff_ffff, self.versions.len() as u64)]);
        }
        match self.hash {
            SampleHash::None => {}
            SampleHash::SysV => entries.push((4, at(hash_at))),
            SampleHash::Gnu => {
                entries.extend([(0x6fff_fef5, at(hash_at)), (7, at(relocations_at)), (8, relocations.len() as u64)]);
            }
        }
        if self.relr {
            entries.extend([(36, at(hash_at)), (35, 0), (37, 8)]);
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
        if let Some((owner, kind, number)) = self.note {
            let size = (owner.len() as u32 + 1).next_multiple_of(4);
            for value in [size, 4, kind] {
                self.word(&mut note, value);
            }
            note.extend(owner.bytes());
            note.resize(note.len() + size as usize - owner.len(), 0);
            self.word(&mut note, number);
        }
        if let Some(levels) = self.x86_levels {
            for value in [4, 16, 5] {
                self.word(&mut note, value);
            }
            note.extend(b"GNU\0");
            for value in [0xc000_8002, 4, levels, 0] {
                self.word(&mut note, value);
            }
        }
        let total = note_at + note.len() as u64;

        // What is loaded as offset, address and size, and how far a part of the file lies behind its address.
        let cut = strings_at + strings.len() as u64 / 2;
        let (loads, gap) = match self.layout {
            SampleLayout::Plain => (vec![(0, 0, total)], 0),
            SampleLayout::Patched => {
                let size = symbols.len() as u64 + BETWEEN + strings.len() as u64;
                (vec![(0, 0, total), (total.next_multiple_of(4096), APPENDED_AT, size)], 0)
            }
            SampleLayout::Overrun => (vec![(0, 0, cut)], 0),
            SampleLayout::Split(gap) => (vec![(0, 0, cut), (cut + gap, cut, total - cut)], gap),
        };
        let mut body = interpreter.clone();
        if patched {
            body.extend([hash, relocations, indexes, needs].concat());
            body.extend(dynamic.iter().chain(&note));
            body.resize(total.next_multiple_of(4096) as usize - start, 0);
            body.extend(symbols);
            body.resize(body.len() + BETWEEN as usize, 0xff);
            body.extend(strings);
        } else {
            body.extend([symbols, hash, relocations, indexes, needs, strings, dynamic.clone(), note.clone()].concat());
        }
        if gap > 0 {
            let rest = body.split_off(cut as usize - start);
            body.resize(body.len() + gap as usize, 0);
            body.extend(rest);
        }

        let mut headers = Vec::new();
        let mut names = b"\0.shstrtab\0".to_vec();
        let attributes = self.arm_version.map(|version| self.arm_attributes(version)).into_iter();
        let named = self.sections.iter().map(|(name, size)| (*name, vec![0; *size]));
        for (name, content) in attributes.map(|content| (".ARM.attributes", content)).chain(named) {
            let kind = match name {
                ".ARM.attributes" => 0x7000_0003,
                ".symtab" => 2,
                ".strtab" => 3,
                _ => 1,
            };
            headers.push((names.len() as u32, kind, (start + body.len()) as u64, content.len() as u64));
            names.extend(name.as_bytes());
            names.push(0);
            body.extend(content);
        }
        let mut sections = Vec::new();
        if !headers.is_empty() {
            headers.insert(0, (0, 0, 0, 0));
            headers.push((1, 3, (start + body.len()) as u64, names.len() as u64));
            body.extend(names);
            for (name, kind, offset, size) in &headers {
                self.section_header(&mut sections, *name, *kind, *offset, *size);
            }
        }
        let sections_at = match headers.len() {
            _ if patched => 0x7fff_0000,
            0 => 0,
            _ => (start + body.len()) as u64,
        };
        let count = if patched { 9 } else { headers.len() as u16 };
        let size = match count {
            0 => 0,
            _ if self.class64 => 64,
            _ => 40,
        };

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
        for value in [header_size as u16, entry_size as u16, segments as u16, size, count, count.saturating_sub(1)] {
            self.half(&mut out, value);
        }
        self.program_header(&mut out, 1, 5, (0, 0), loads[0].2);
        let interp = if self.interpreter.is_some() { 3 } else { 0 };
        self.program_header(&mut out, interp, 4, (interpreter_at, interpreter_at), interpreter.len() as u64);
        self.program_header(&mut out, 2, 6, (dynamic_at + gap, dynamic_at), dynamic.len() as u64);
        self.program_header(&mut out, 0x6474_e551, self.stack_flags, (0, 0), 0);
        let is_note = if note.is_empty() { 0 } else { 4 };
        self.program_header(&mut out, is_note, 4, (note_at + gap, note_at), note.len() as u64);
        for (offset, address, size) in loads.into_iter().skip(1) {
            self.program_header(&mut out, 1, 6, (offset, address), size);
        }
        out.extend(body);
        out.extend(sections);
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
    /// Symbols of other files, with their descriptions in the table of symbols.
    pub undefined: Vec<(&'static str, u16)>,
    /// The one name that the tree of exports holds, where there is a tree.
    pub exported: Option<&'static str>,
    pub signed: bool,
}

/// The description of a symbol that is looked up in every loaded file, and of one that may be missing.
pub const LOOKED_UP: u16 = 0xfe00;
pub const LOOKED_UP_WEAK: u16 = 0xfe40;

pub const ARM64: u32 = 0x0100_000c;
pub const AMD64: u32 = 0x0100_0007;

pub fn mac(cpu: u32, major: u16, minor: u8) -> MachSample {
    MachSample {
        cpu,
        kind: 2,
        build: Some((1, major, minor)),
        dylibs: vec![("/usr/lib/libSystem.B.dylib", false)],
        rpaths: Vec::new(),
        undefined: Vec::new(),
        exported: None,
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
        let mut size: usize = commands.iter().map(Vec::len).sum::<usize>() + if self.signed { 16 } else { 0 };
        let (mut symbols, mut names) = (Vec::new(), vec![0]);
        for (name, description) in &self.undefined {
            symbols.extend(words(&[names.len() as u32, 1 | u32::from(*description) << 16, 0, 0]));
            names.extend([b"_", name.as_bytes(), b"\0"].concat());
        }
        if !self.undefined.is_empty() {
            size += 24 + 80;
            let (start, count) = (32 + size as u32, self.undefined.len() as u32);
            commands.push(words(&[2, 24, start, count, start + 16 * count, names.len() as u32]));
            commands.push(words(&[[0xb, 80, 0, 0, 0, 0, 0, count].as_slice(), &[0; 12]].concat()));
            symbols.extend(names);
        }
        if let Some(name) = self.exported {
            // A root with one edge, and the node at its end: flags and an address.
            let tree = [&b"\0\x01_"[..], name.as_bytes(), &[0, name.len() as u8 + 5], &[2, 0, 0x20, 0]].concat();
            size += 16;
            // The tables before moved on by this command.
            for command in &mut commands {
                if command[..4] == [2, 0, 0, 0] {
                    for at in [8, 16] {
                        let place = u32::from_le_bytes(command[at..at + 4].try_into().unwrap()) + 16;
                        command[at..at + 4].copy_from_slice(&place.to_le_bytes());
                    }
                }
            }
            commands.push(words(&[0x8000_0033, 16, 32 + (size + symbols.len()) as u32, tree.len() as u32]));
            symbols.extend(tree);
        }
        let end = 32 + (size + symbols.len()) as u32;
        if self.signed {
            commands.push(words(&[0x1d, 16, end, signature_size(end)]));
        }
        let mut out = words(&[0xfeed_facf, self.cpu, 0, self.kind, commands.len() as u32, size as u32, 0x20_0000, 0]);
        out.extend(commands.into_iter().flatten());
        out.extend(symbols);
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
        (Some("windows"), "i686") => pe(0x14c, &["KERNEL32.dll"], true),
        (Some("linux"), _) => linux_program(architecture).build(),
        _ => panic!("there is no sample for `{target}`: give it a row in `program` of tests/samples/binary.rs"),
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
        _ => panic!(
            "there is no sample for `{architecture}`: give its number in ELF a row in `linux_program` of tests/samples/binary.rs"
        ),
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
    PeSample { machine, imports: dlls, signed, ..PeSample::default() }.build()
}

/// A PE32+ file; of x86 a PE32 file.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeSample<'a> {
    pub machine: u16,
    pub imports: &'a [&'a str],
    /// What it imports by name from each of them.
    pub functions: &'a [&'a str],
    /// DLLs that are loaded when they are called first.
    pub delayed: &'a [&'a str],
    /// Exports that are another DLL's, as `DLL.NAME`.
    pub forwards: &'a [&'a str],
    /// Exports of its own.
    pub exports: &'a [&'a str],
    pub is_library: bool,
    pub signed: bool,
    /// The flags in the header of .NET, where there is one.
    pub clr: Option<u32>,
    /// Whether what is loaded late stands at addresses, as elder compilers wrote it, not at distances from the image's begin.
    pub has_addresses: bool,
    /// Whether the load configuration leads to the metadata of code for Arm.
    pub is_hybrid: bool,
    /// The size that is stated of the table of exports, where it is another one.
    pub exports_size: Option<u32>,
}

/// A library of .NET with these flags, in the 32-bit format of what is for every processor.
pub fn assembly(flags: u32) -> Vec<u8> {
    let imports = &["mscoree.dll"];
    PeSample { machine: 0x14c, imports, is_library: true, clr: Some(flags), ..PeSample::default() }.build()
}

/// Where the one section of a sample is loaded.
const PE_BASE: u32 = 0x1000;

/// Where the image is to begin.
const PE_IMAGE_BASE: u32 = 0x40_0000;

impl PeSample<'_> {
    pub fn build(&self) -> Vec<u8> {
        let mut section = vec![0; 20 * (self.imports.len() + 1)];
        let imports = section.len() as u32;
        for (index, name) in self.imports.iter().enumerate() {
            let at = put_name(&mut section, name);
            let list = self.put_functions(&mut section);
            section[20 * index..][..4].copy_from_slice(&list.to_le_bytes());
            section[20 * index + 12..][..4].copy_from_slice(&at.to_le_bytes());
            section[20 * index + 16..][..4].copy_from_slice(&list.to_le_bytes());
        }
        let delayed = section.len();
        section.resize(delayed + 32 * (self.delayed.len() + 1), 0);
        for (index, name) in self.delayed.iter().enumerate() {
            let at = put_name(&mut section, name) + if self.has_addresses { PE_IMAGE_BASE } else { 0 };
            let attributes = u32::from(!self.has_addresses);
            section[delayed + 32 * index..][..4].copy_from_slice(&attributes.to_le_bytes());
            section[delayed + 32 * index + 4..][..4].copy_from_slice(&at.to_le_bytes());
            section[delayed + 32 * index + 12..][..4].copy_from_slice(&PE_BASE.to_le_bytes());
            section[delayed + 32 * index + 16..][..4].copy_from_slice(&PE_BASE.to_le_bytes());
        }
        let exports = section.len();
        let (count, named) = (self.forwards.len() + self.exports.len(), self.exports.len());
        let (names, ordinals) = (exports + 40 + 4 * count, exports + 40 + 4 * count + 4 * named);
        section.resize(ordinals + 2 * named, 0);
        let address = |at: usize| PE_BASE + at as u32;
        let counts = [(16, 1), (20, count as u32), (24, named as u32)];
        for (at, value) in
            counts.into_iter().chain([(28, address(exports + 40)), (32, address(names)), (36, address(ordinals))])
        {
            section[exports + at..][..4].copy_from_slice(&value.to_le_bytes());
        }
        for (index, name) in self.exports.iter().enumerate() {
            let at = put_name(&mut section, name);
            let place = self.forwards.len() + index;
            section[exports + 40 + 4 * place..][..4].copy_from_slice(&PE_BASE.to_le_bytes());
            section[names + 4 * index..][..4].copy_from_slice(&at.to_le_bytes());
            section[ordinals + 2 * index..][..2].copy_from_slice(&(place as u16).to_le_bytes());
        }
        for (index, name) in self.forwards.iter().enumerate() {
            let at = put_name(&mut section, name);
            section[exports + 40 + 4 * index..][..4].copy_from_slice(&at.to_le_bytes());
        }
        let mut directories = vec![(1, PE_BASE, imports)];
        if !self.delayed.is_empty() {
            directories.push((13, PE_BASE + delayed as u32, 32 * self.delayed.len() as u32 + 32));
        }
        if count > 0 {
            let size = self.exports_size.unwrap_or((section.len() - exports) as u32);
            directories.push((0, PE_BASE + exports as u32, size));
        }
        if self.is_hybrid {
            let at = section.len();
            section.resize(at + 0x140, 0);
            section[at..at + 4].copy_from_slice(&0x140_u32.to_le_bytes());
            section[at + 0xc8] = 0x10;
            directories.push((10, PE_BASE + at as u32, 0x140));
        }
        if let Some(flags) = self.clr {
            let at = section.len();
            section.resize(at + 72, 0);
            section[at] = 72;
            section[at + 16..at + 20].copy_from_slice(&flags.to_le_bytes());
            directories.push((14, PE_BASE + at as u32, 72));
        }
        self.around(&section, directories)
    }

    /// Adds the list of imported functions, which ends with a zero, and says where it is loaded.
    fn put_functions(&self, section: &mut Vec<u8>) -> u32 {
        let width = if self.machine == 0x14c { 4 } else { 8 };
        // A name stands behind the number that it probably has.
        let hinted = |name: &&str| put_name(section, &format!("\0\0{name}"));
        let mut places: Vec<u64> = self.functions.iter().map(hinted).map(u64::from).collect();
        places.push(0);
        let list = PE_BASE + section.len() as u32;
        section.extend(places.iter().flat_map(|place| place.to_le_bytes()[..width].to_vec()));
        list
    }

    /// The headers, the section and the certificate; a directory is its number, where it is loaded, and how long it is.
    fn around(&self, section: &[u8], mut directories: Vec<(usize, u32, u32)>) -> Vec<u8> {
        // The optional header: its size, its number, and where the directories begin.
        let (size, magic, first) = if self.machine == 0x14c { (224, 0x10b_u16, 96) } else { (240, 0x20b, 112) };
        let raw_at = 64 + 24 + size as u32 + 40;
        let end = raw_at + section.len() as u32;
        let mut out = b"MZ".to_vec();
        out.resize(60, 0);
        out.extend(64_u32.to_le_bytes());
        out.extend(b"PE\0\0");
        out.extend(self.machine.to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend([0; 12]);
        out.extend((size as u16).to_le_bytes());
        out.extend(if self.is_library { 0x2022_u16 } else { 0x22 }.to_le_bytes());
        let mut optional = vec![0; size];
        optional[..2].copy_from_slice(&magic.to_le_bytes());
        // PE32 has the address in a narrower field.
        let base = if self.machine == 0x14c { 28 } else { 24 };
        optional[base..base + 4].copy_from_slice(&PE_IMAGE_BASE.to_le_bytes());
        optional[48..50].copy_from_slice(&6_u16.to_le_bytes());
        optional[68..70].copy_from_slice(&3_u16.to_le_bytes());
        optional[70..72].copy_from_slice(&0x8160_u16.to_le_bytes());
        optional[first - 4..first].copy_from_slice(&16_u32.to_le_bytes());
        if self.signed {
            directories.push((4, end, 16));
        }
        for (number, address, size) in directories {
            optional[first + 8 * number..][..4].copy_from_slice(&address.to_le_bytes());
            optional[first + 4 + 8 * number..][..4].copy_from_slice(&size.to_le_bytes());
        }
        out.extend(optional);
        out.extend(b".idata\0\0");
        for value in [section.len() as u32, PE_BASE, section.len() as u32, raw_at] {
            out.extend(value.to_le_bytes());
        }
        out.extend([0; 16]);
        out.extend(section);
        if self.signed {
            out.extend(16_u32.to_le_bytes());
            out.extend(0x200_u16.to_le_bytes());
            out.extend(2_u16.to_le_bytes());
            out.extend([0; 8]);
        }
        out
    }
}

/// Adds a string, and says where it is loaded.
fn put_name(section: &mut Vec<u8>, name: &str) -> u32 {
    let at = PE_BASE + section.len() as u32;
    section.extend(name.as_bytes());
    section.push(0);
    at
}
