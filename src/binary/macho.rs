//! Mach-O headers as facts, thin and fat (Apple's `mach-o/loader.h` and `mach-o/fat.h`).

use object::Endianness;
use object::macho;
use object::read::ReadRef as _;
use object::read::macho::{LoadCommandData, LoadCommandVariant, MachHeader};

use super::bytes::Strings;
use super::error::{BinaryError, DEBUG_SYMBOLS, OBJECT_FILE, STATIC_LIBRARY};
use super::export_trie;
use super::facts::{
    Details, Facts, Kind, Linkage, MachOFacts, MachOPlatform, Needed, Signature, Slice, UndefinedSymbol,
};
use super::machine::Machine;
use super::macho_signature;
use super::magic::{Format, Magic};
use super::overlay;
use super::python::is_module_start;
use super::stable_abi::may_be_of_python;
use crate::target::{Architecture, OsVersion};

const MACHO: Format = Format::MachO;

/// No real file needs more; the first symbols decide as well as all of them.
const MAX_SYMBOLS: u64 = 1 << 20;

/// Real files have two or three.
const MAX_SLICES: usize = 44;

pub(super) fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    match word(bytes, 0) {
        Some(macho::FAT_MAGIC) => {
            fat(bytes, 20, |entry| Some((u64::from(word(entry, 8)?), u64::from(word(entry, 12)?))))
        }
        Some(macho::FAT_MAGIC_64) => fat(bytes, 32, |entry| {
            let long = |at| Some(u64::from(word(entry, at)?) << 32 | u64::from(word(entry, at + 4)?));
            Some((long(8)?, long(16)?))
        }),
        _ => Ok(Facts::of_headers(MACHO, vec![slice(bytes)?])),
    }
}

fn word(entry: &[u8], at: usize) -> Option<u32> {
    entry.get(at..)?.first_chunk().map(|raw| u32::from_be_bytes(*raw))
}

/// The slices of a fat file; `range` reads offset and size out of one entry of `entry_size` bytes.
fn fat(bytes: &[u8], entry_size: usize, range: impl Fn(&[u8]) -> Option<(u64, u64)>) -> Result<Facts, BinaryError> {
    let what = "the table of slices";
    let count = word(bytes, 4).ok_or(MACHO.truncated(what))? as usize;
    if count == 0 || count > MAX_SLICES {
        return Err(MACHO.malformed(format!("it claims to hold {count} slices")));
    }
    let table = bytes.get(8..8 + count * entry_size).ok_or(MACHO.truncated(what))?;
    let mut slices: Vec<Slice> = Vec::new();
    let mut special: Vec<(Slice, u32)> = Vec::new();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for entry in table.chunks_exact(entry_size) {
        let (offset, size) = range(entry).ok_or(MACHO.truncated(what))?;
        let end = offset.checked_add(size).ok_or(MACHO.truncated("a slice"))?;
        if ranges.iter().any(|(other, other_end)| offset < *other_end && *other < end) {
            return Err(MACHO.malformed("two of its slices overlap"));
        }
        ranges.push((offset, end));
        let inner = bytes.read_bytes_at(offset, size).map_err(|()| MACHO.truncated("a slice"))?;
        match word(inner, 0) {
            // What was linked for 32-bit processors as well serves the others as if it had not been.
            Some(macho::MH_CIGAM | macho::MH_MAGIC) if count > 1 => continue,
            _ if Magic::of(inner) == Magic::ObjectArchive => {
                return Err(BinaryError::Unsupported { what: STATIC_LIBRARY });
            }
            _ => {}
        }
        let slice = slice(inner)?;
        let claimed = word(entry, 0).map(|cpu| machine(macho::CpuType(cpu), 0));
        if claimed != Some(slice.machine.family()) {
            return Err(MACHO.malformed(format!("a slice for {} is listed under another architecture", slice.machine)));
        }
        // The highest byte holds flags.
        let part = word(entry, 4).unwrap_or_default() & 0x00ff_ffff;
        let is_common = machine(macho::CpuType(word(entry, 0).unwrap_or_default()), part) == slice.machine.family();
        let twice = match is_common {
            true => slices.iter().any(|other| other.machine == slice.machine),
            false => special.iter().any(|(other, known)| other.machine == slice.machine && *known == part),
        };
        if twice {
            return Err(MACHO.malformed(format!("two of its slices are for {}", slice.machine)));
        }
        match is_common {
            true => slices.push(slice),
            false => special.push((slice, part)),
        }
    }
    // Code for some processors of a family alone (`arm64e`, `x86_64h`) is left for what all of them run, where that is there.
    for (slice, _) in special {
        if !slices.iter().any(|other| other.machine.family() == slice.machine.family()) {
            slices.push(slice);
        }
    }
    if slices.is_empty() {
        return Err(BinaryError::Unsupported { what: "a 32-bit Mach-O file" });
    }
    Ok(Facts::of_headers(MACHO, slices))
}

/// The machine that the header of a file names whose first bytes are `head`.
pub(super) fn machine_of_header(head: &[u8]) -> Option<Machine> {
    let is_swapped = matches!(word(head, 0)?, macho::MH_CIGAM | macho::MH_CIGAM_64);
    let field = |at| word(head, at).map(|word| if is_swapped { word.swap_bytes() } else { word });
    Some(machine(macho::CpuType(field(4)?), field(8).unwrap_or_default()))
}

/// The machine of a processor family and a part of it, whose highest byte holds flags. Parts that all processors of the family
/// run stand for the family.
fn machine(cpu: macho::CpuType, part: u32) -> Machine {
    let part = part & 0x00ff_ffff;
    match cpu {
        macho::CPU_TYPE_ARM64 if part == macho::CPU_SUBTYPE_ARM64E.0 => Machine::Arm64e,
        macho::CPU_TYPE_X86_64 if part == macho::CPU_SUBTYPE_X86_64_H.0 => Machine::X86_64h,
        macho::CPU_TYPE_ARM64 => Machine::Known(Architecture::Aarch64),
        macho::CPU_TYPE_X86_64 => Machine::Known(Architecture::X86_64),
        other => Machine::Other(other.0),
    }
}

fn slice(bytes: &[u8]) -> Result<Slice, BinaryError> {
    let endian = match word(bytes, 0) {
        Some(macho::MH_CIGAM_64) => Endianness::Little,
        Some(macho::MH_MAGIC_64) => Endianness::Big,
        Some(macho::MH_CIGAM | macho::MH_MAGIC) => {
            return Err(BinaryError::Unsupported { what: "a 32-bit Mach-O file" });
        }
        Some(_) => return Err(MACHO.malformed("a slice is no Mach-O file")),
        None => return Err(MACHO.truncated("the file header")),
    };
    let header: &macho::MachHeader64<Endianness> = bytes.read_at(0).map_err(|()| MACHO.truncated("the file header"))?;
    let machine = machine(header.cputype(endian), header.cpusubtype(endian).0);
    if endian == Endianness::Big && machine.family().architecture().is_some() {
        return Err(MACHO.malformed(format!("it claims to be big-endian {machine}")));
    }
    let kind = match header.filetype(endian) {
        macho::MH_EXECUTE => Kind::Executable,
        macho::MH_DYLIB | macho::MH_BUNDLE => Kind::Library,
        macho::MH_OBJECT => return Err(BinaryError::Unsupported { what: OBJECT_FILE }),
        macho::MH_CORE => return Err(BinaryError::Unsupported { what: "a core dump" }),
        macho::MH_DSYM => return Err(BinaryError::Unsupported { what: DEBUG_SYMBOLS }),
        other => {
            return Err(MACHO.malformed(format!("its type {:#x} is neither executable nor library", other.0)));
        }
    };
    let mut reader = Reader {
        bytes,
        endian,
        strings: Strings::of(MACHO),
        slice: Slice {
            machine,
            kind,
            linkage: Linkage::Static,
            position_independent: kind == Kind::Library || header.flags(endian).0 & macho::MH_PIE.0 != 0,
            libc: None,
            needed: Vec::new(),
            run_paths: Vec::new(),
            module_starts: None,
            debug_info: false,
            appended: 0,
            signature: Signature::Absent,
            details: Details::MachO(MachOFacts::default()),
        },
        facts: MachOFacts::default(),
        symbols: None,
        undefined: (0, 0),
        defined: (0, 0),
        exports: None,
        end: 0,
    };
    let mut commands = header.load_commands(endian, bytes, 0).map_err(|_| MACHO.truncated("the load commands"))?;
    while let Some(command) =
        commands.next().map_err(|_| MACHO.malformed("the size of a load command is impossible"))?
    {
        reader.command(command)?;
    }
    reader.facts.of_python = reader.of_python();
    reader.slice.appended = overlay::behind(bytes.into(), reader.end.min(bytes.len() as u64));
    reader.slice.module_starts = reader.module_starts();
    let Reader { mut slice, facts, .. } = reader;
    slice.details = Details::MachO(facts);
    if kind == Kind::Library || !slice.needed.is_empty() {
        slice.linkage = Linkage::Dynamic;
    }
    Ok(slice)
}

struct Reader<'data> {
    bytes: &'data [u8],
    endian: Endianness,
    strings: Strings,
    slice: Slice,
    facts: MachOFacts,
    symbols: Option<macho::SymtabCommand<Endianness>>,
    /// The number of the first undefined symbol, and how many there are.
    undefined: (u32, u32),
    /// The same of those that the file defines for others.
    defined: (u32, u32),
    /// Where the tree of exported names lies, and its size.
    exports: Option<(u32, u32)>,
    /// Where the last of the segments ends.
    end: u64,
}

/// Whether a symbol is bound to no library by its number: `-undefined dynamic_lookup`, or a flat name space (0).
fn is_looked_up_everywhere(description: u16) -> bool {
    const SELF: u8 = 0;
    const DYNAMIC_LOOKUP: u8 = 0xfe;
    const EXECUTABLE: u8 = 0xff;
    matches!((description >> 8) as u8, SELF | DYNAMIC_LOOKUP | EXECUTABLE)
}

impl<'data> Reader<'data> {
    fn command(&mut self, command: LoadCommandData<'data, Endianness>) -> Result<(), BinaryError> {
        let endian = self.endian;
        let variant = command.variant().map_err(|_| MACHO.malformed("a load command is shorter than its kind"))?;
        match variant {
            LoadCommandVariant::Segment64(segment, _) => {
                let (offset, size) = (segment.fileoff.get(endian), segment.filesize.get(endian));
                if !self.inside(offset, size) {
                    return Err(MACHO.truncated("a segment"));
                }
                self.end = self.end.max(offset.saturating_add(size));
                self.slice.debug_info |= segment.segname.starts_with(b"__DWARF");
            }
            LoadCommandVariant::Dylib(dylib) => {
                let optional = command.cmd() == macho::LC_LOAD_WEAK_DYLIB;
                let name = self.string(&command, dylib.dylib.name, "the name of a dylib")?;
                self.slice.needed.push(Needed { name, optional });
            }
            LoadCommandVariant::IdDylib(dylib) => {
                self.string(&command, dylib.dylib.name, "the install name")?;
            }
            LoadCommandVariant::LoadDylinker(_) => self.slice.linkage = Linkage::Dynamic,
            LoadCommandVariant::Rpath(rpath) => {
                let path = self.string(&command, rpath.path, "a run path")?;
                self.slice.run_paths.push(path);
            }
            LoadCommandVariant::VersionMin(version) => {
                let platform = match command.cmd() {
                    macho::LC_VERSION_MIN_MACOSX => MachOPlatform::Macos,
                    // Devices have no such processor; the simulator had no command of its own then.
                    macho::LC_VERSION_MIN_IPHONEOS
                        if self.slice.machine.family() == Machine::Known(Architecture::X86_64) =>
                    {
                        MachOPlatform::IosSimulator
                    }
                    macho::LC_VERSION_MIN_IPHONEOS => MachOPlatform::Ios,
                    macho::LC_VERSION_MIN_TVOS => MachOPlatform::Other(macho::PLATFORM_TVOS.0),
                    _ => MachOPlatform::Other(macho::PLATFORM_WATCHOS.0),
                };
                self.build(platform, version.version.get(endian).0);
            }
            LoadCommandVariant::BuildVersion(version, _) => {
                let platform = match version.platform.get(endian) {
                    macho::PLATFORM_MACOS => MachOPlatform::Macos,
                    macho::PLATFORM_IOS => MachOPlatform::Ios,
                    macho::PLATFORM_IOSSIMULATOR => MachOPlatform::IosSimulator,
                    macho::PLATFORM_MACCATALYST => MachOPlatform::MacCatalyst,
                    other => MachOPlatform::Other(other.0),
                };
                self.build(platform, version.minos.get(endian).0);
            }
            LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_CODE_SIGNATURE => {
                let (offset, size) = (data.dataoff.get(endian), data.datasize.get(endian));
                self.slice.signature = self.signature(offset.into(), size.into());
                let blob = self.bytes.read_bytes_at(offset.into(), size.into()).unwrap_or_default();
                self.facts.enforces_signature = macho_signature::is_enforced(blob);
            }
            LoadCommandVariant::Symtab(table) => self.symbols = Some(*table),
            LoadCommandVariant::Dysymtab(table) => {
                self.undefined = (table.iundefsym.get(endian), table.nundefsym.get(endian));
                self.defined = (table.iextdefsym.get(endian), table.nextdefsym.get(endian));
            }
            LoadCommandVariant::DyldInfo(info) => {
                self.exports = Some((info.export_off.get(endian), info.export_size.get(endian)));
            }
            LoadCommandVariant::LinkeditData(data) if command.cmd() == macho::LC_DYLD_EXPORTS_TRIE => {
                self.exports = Some((data.dataoff.get(endian), data.datasize.get(endian)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Those symbols of the table from the first on, as many as that, each with what follows the underscore that the compiler
    /// puts before every name; `None` where the table cannot be read.
    fn symbols(
        &self,
        (first, count): (u32, u32),
    ) -> Option<impl Iterator<Item = (&'data macho::Nlist64<Endianness>, &'data [u8])> + use<'data>> {
        let (endian, table) = (self.endian, self.symbols?);
        let size = size_of::<macho::Nlist64<Endianness>>() as u64;
        let at = u64::from(table.symoff.get(endian)).saturating_add(u64::from(first).saturating_mul(size));
        let count = usize::try_from(u64::from(count).min(MAX_SYMBOLS)).ok()?;
        let symbols = self.bytes.read_slice_at::<macho::Nlist64<Endianness>>(at, count).ok()?;
        let names = self.bytes.read_bytes_at(table.stroff.get(endian).into(), table.strsize.get(endian).into()).ok()?;
        Some(symbols.iter().map(move |symbol| {
            let place = u64::from(symbol.n_strx.get(endian)).saturating_add(1);
            (symbol, usize::try_from(place).ok().and_then(|place| names.get(place..)).unwrap_or_default())
        }))
    }

    /// The functions that start modules: by the tree of exports, without one by the table of symbols, as the loader looks
    /// them up.
    fn module_starts(&mut self) -> Option<Vec<String>> {
        if let Some((offset, size)) = self.exports.filter(|(_, size)| *size > 0) {
            let trie = self.bytes.read_bytes_at(offset.into(), size.into()).ok()?;
            let names = export_trie::names(trie, &[b"_PyInit", b"_PyModExport"])?;
            let names = names.iter().map(|name| &name[1..]).filter(|name| is_module_start(name));
            return names.map(|name| self.strings.take(name, "the name of a symbol").ok()).collect();
        }
        if self.symbols.is_none() || self.exports.is_some() {
            return Some(Vec::new());
        }
        let names = self.symbols(self.defined)?.filter(|(_, name)| is_module_start(name));
        names.map(|(_, name)| self.strings.take(name, "the name of a symbol").ok()).collect()
    }

    /// The symbols that are looked up where Python's are: in any file that is loaded, or in the one named first. What cannot
    /// be read is passed over: no symbol is missed that a loader would find.
    fn of_python(&mut self) -> Vec<UndefinedSymbol> {
        let mut found = Vec::new();
        for (symbol, name) in self.symbols(self.undefined).into_iter().flatten() {
            let description = symbol.n_desc.get(self.endian).0;
            if !may_be_of_python(name) || !is_looked_up_everywhere(description) {
                continue;
            }
            let Ok(name) = self.strings.take(name, "the name of a symbol") else { break };
            found.push(UndefinedSymbol { name, weak: description & macho::N_WEAK_REF.0 != 0 });
        }
        found
    }

    /// A library for macOS and Mac Catalyst states both; macOS counts here.
    fn build(&mut self, platform: MachOPlatform, minimum: u32) {
        if self.facts.platform == Some(MachOPlatform::Macos) && platform != MachOPlatform::Macos {
            return;
        }
        let minimum_os = Some(OsVersion::new((minimum >> 16) as u16, (minimum >> 8 & 0xff) as u16));
        self.facts.platform = Some(platform);
        self.facts.minimum_os = minimum_os;
    }

    fn signature(&self, offset: u64, size: u64) -> Signature {
        let Ok(blob) = self.bytes.read_bytes_at(offset, size) else {
            return Signature::Broken("it lies beyond the end of the file");
        };
        macho_signature::verify(self.bytes, offset, blob)
    }

    fn inside(&self, offset: u64, size: u64) -> bool {
        offset.checked_add(size).is_some_and(|end| end <= self.bytes.len() as u64)
    }

    fn string(
        &mut self,
        command: &LoadCommandData<'data, Endianness>,
        string: macho::LcStr<Endianness>,
        what: &'static str,
    ) -> Result<String, BinaryError> {
        self.strings.at(command.raw_data(), string.offset.get(self.endian).into(), what)
    }
}
