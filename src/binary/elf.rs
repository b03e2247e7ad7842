//! ELF headers as facts (System V ABI, "Linux Standard Base" symbol versioning). The dynamic segment is read as the
//! loader reads it, through program headers; section headers serve for debugging sections alone.

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _, SectionHeader as _, Sym as _};

use super::bytes::Strings;
use super::error::BinaryError;
use super::facts::{
    Details, ElfFacts, Facts, Kind, Linkage, Needed, RunPath, RunPathKind, Signature, Slice, UndefinedSymbol,
    VersionNeed,
};
use super::libc;
use super::machine::Machine;
use super::magic::Format;
use crate::target::Architecture;

const EF_ARM_ABI_FLOAT_SOFT: u32 = 0x200;

/// A version index is 15 bits wide, so that no more nodes can be told apart.
const MAX_VERSIONS: usize = 1 << 15;

/// No real file has more; the first symbols decide as well as all of them.
const MAX_SYMBOLS: u64 = 1 << 20;

const MAX_SYMBOLS_NAMED: usize = 8;

pub(super) fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let slice = match bytes.get(4) {
        Some(&1) => Elf::<elf::FileHeader32<object::Endianness>>::parse(bytes)?.slice()?,
        Some(&2) => Elf::<elf::FileHeader64<object::Endianness>>::parse(bytes)?.slice()?,
        Some(_) => return Err(malformed("its class is neither 32-bit nor 64-bit")),
        None => return Err(truncated("the file header")),
    };
    Ok(Facts { format: Format::Elf, slices: vec![slice] })
}

fn malformed(what: impl Into<String>) -> BinaryError {
    BinaryError::malformed(Format::Elf, what)
}

fn truncated(what: &'static str) -> BinaryError {
    BinaryError::Truncated { format: Format::Elf, what }
}

struct Elf<'data, Header: FileHeader> {
    bytes: &'data [u8],
    header: &'data Header,
    endian: Header::Endian,
    segments: &'data [Header::ProgramHeader],
}

/// The dynamic segment's entries that matter here.
#[derive(Default)]
struct Dynamic {
    needed: Vec<u64>,
    rpath: Vec<u64>,
    runpath: Vec<u64>,
    soname: Option<u64>,
    string_table: Option<u64>,
    string_size: u64,
    symbol_table: Option<u64>,
    versions: Option<u64>,
    version_needs: Option<u64>,
    version_need_count: u64,
    hash: Option<u64>,
    /// Every table address: a table ends where the next begins.
    addresses: Vec<u64>,
    position_independent_executable: bool,
}

impl<'data, Header: FileHeader<Endian = object::Endianness>> Elf<'data, Header> {
    fn parse(bytes: &'data [u8]) -> Result<Self, BinaryError> {
        let header: &Header = bytes.read_at(0).map_err(|()| truncated("the file header"))?;
        let endian = match bytes.get(5) {
            Some(&1) => object::Endianness::Little,
            Some(&2) => object::Endianness::Big,
            _ => return Err(malformed("its byte order is neither little nor big endian")),
        };
        match header.e_type(endian) {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return Err(BinaryError::Unsupported { what: "an object file" }),
            elf::ET_CORE => return Err(BinaryError::Unsupported { what: "a core dump" }),
            other => return Err(malformed(format!("its type {:#x} is neither executable nor shared", other.0))),
        }
        let segments = header.program_headers(endian, bytes).map_err(|_| truncated("the table of program headers"))?;
        if segments.is_empty() {
            return Err(malformed("it has no program headers"));
        }
        for segment in segments {
            let (offset, size) = segment.file_range(endian);
            let inside = offset.checked_add(size).is_some_and(|end| end <= bytes.len() as u64);
            if segment.p_type(endian) == elf::PT_LOAD && !inside {
                return Err(truncated("a segment"));
            }
        }
        Ok(Self { bytes, header, endian, segments })
    }

    fn slice(&self) -> Result<Slice, BinaryError> {
        let mut strings = Strings::of(Format::Elf);
        let machine = self.machine()?;
        let interpreter = self.interpreter(&mut strings)?;
        let dynamic = self.dynamic()?;
        let table = self.string_table(&dynamic)?;

        let mut needed = Vec::new();
        for offset in &dynamic.needed {
            needed.push(Needed { name: strings.at(table, *offset, "the name of a needed library")?, optional: false });
        }
        let mut run_paths = Vec::new();
        for (kind, offsets) in [(RunPathKind::Rpath, &dynamic.rpath), (RunPathKind::Runpath, &dynamic.runpath)] {
            for offset in offsets {
                let list = strings.at(table, *offset, "a run path")?;
                run_paths.extend(list.split(':').map(|path| RunPath { kind, path: path.to_owned() }));
            }
        }
        let soname = dynamic.soname.map(|offset| strings.at(table, offset, "the soname")).transpose()?;
        let (version_needs, undefined) = self.symbols(&dynamic, table, &mut strings)?;

        let relocatable = self.header.e_type(self.endian) == elf::ET_DYN;
        let entry: u64 = self.header.e_entry(self.endian).into();
        // Linkers before the flag existed made position-independent programs too; those have no soname.
        let program = soname.is_none() && (interpreter.is_some() || (needed.is_empty() && entry != 0));
        let executable = !relocatable || dynamic.position_independent_executable || program;
        let alone = interpreter.is_none() && needed.is_empty();
        let linkage = match (executable && alone, relocatable) {
            (false, _) => Linkage::Dynamic,
            (true, false) => Linkage::Static,
            (true, true) => Linkage::StaticPie,
        };
        let libc = libc::told_by(interpreter.as_deref(), &needed, &version_needs);
        Ok(Slice {
            machine,
            kind: if executable { Kind::Executable } else { Kind::Library },
            linkage,
            position_independent: relocatable,
            libc,
            needed,
            run_paths,
            soname,
            debug_info: self.debug_info()?,
            signature: Signature::Absent,
            details: Details::Elf(ElfFacts {
                os_abi: self.header.e_ident().os_abi.0,
                interpreter,
                executable_stack: self.executable_stack(),
                version_needs,
                undefined,
            }),
        })
    }

    fn machine(&self) -> Result<Machine, BinaryError> {
        use Architecture as A;
        let number = self.header.e_machine(self.endian);
        let wide = self.header.is_type_64();
        let little = self.endian == object::Endianness::Little;
        let flags = self.header.e_flags(self.endian).0;
        let known = match (number, wide, little) {
            (elf::EM_X86_64, true, true) => A::X86_64,
            (elf::EM_386, false, true) => A::I686,
            (elf::EM_X86_64 | elf::EM_386, _, false) => return Err(malformed("it claims to be big-endian x86")),
            (elf::EM_386, true, _) => return Err(malformed("it claims to be 32-bit x86 in a 64-bit file")),
            (elf::EM_AARCH64, true, true) => A::Aarch64,
            (elf::EM_ARM, true, _) => return Err(malformed("it claims to be 32-bit Arm in a 64-bit file")),
            (elf::EM_ARM, false, true) if flags & EF_ARM_ABI_FLOAT_SOFT == 0 => A::Armv7,
            (elf::EM_RISCV, true, true) => A::Riscv64,
            (elf::EM_PPC64, true, true) => A::Ppc64le,
            (elf::EM_S390, true, false) => A::S390x,
            (elf::EM_LOONGARCH, true, true) => A::Loongarch64,
            _ => return Ok(Machine::Other(number.0.into())),
        };
        Ok(Machine::Known(known))
    }

    fn interpreter(&self, strings: &mut Strings) -> Result<Option<String>, BinaryError> {
        let Some(segment) = self.segments.iter().find(|segment| segment.p_type(self.endian) == elf::PT_INTERP) else {
            return Ok(None);
        };
        let data = segment.data(self.endian, self.bytes).map_err(|()| truncated("the interpreter's name"))?;
        strings.take(data, "the interpreter's name").map(Some)
    }

    fn executable_stack(&self) -> bool {
        let mut stack = self.segments.iter().filter(|segment| segment.p_type(self.endian) == elf::PT_GNU_STACK);
        stack.any(|segment| segment.p_flags(self.endian).0 & elf::PF_X.0 != 0)
    }

    fn dynamic(&self) -> Result<Dynamic, BinaryError> {
        let mut dynamic = Dynamic::default();
        let Some(segment) = self.segments.iter().find(|segment| segment.p_type(self.endian) == elf::PT_DYNAMIC) else {
            return Ok(dynamic);
        };
        let entries = segment.dynamic(self.endian, self.bytes).map_err(|_| truncated("the dynamic segment"))?;
        for entry in entries.unwrap_or_default() {
            let value = entry.val(self.endian);
            match entry.tag(self.endian) {
                elf::DT_NULL => break,
                elf::DT_NEEDED => dynamic.needed.push(value),
                elf::DT_RPATH => dynamic.rpath.push(value),
                elf::DT_RUNPATH => dynamic.runpath.push(value),
                elf::DT_SONAME => dynamic.soname = Some(value),
                elf::DT_STRTAB => dynamic.string_table = Some(value),
                elf::DT_STRSZ => dynamic.string_size = value,
                elf::DT_SYMTAB => dynamic.symbol_table = Some(value),
                elf::DT_VERSYM => dynamic.versions = Some(value),
                elf::DT_VERNEED => dynamic.version_needs = Some(value),
                elf::DT_VERNEEDNUM => dynamic.version_need_count = value,
                elf::DT_HASH => dynamic.hash = Some(value),
                elf::DT_GNU_HASH | elf::DT_VERDEF | elf::DT_RELA | elf::DT_REL | elf::DT_JMPREL => {
                    dynamic.addresses.push(value)
                }
                elf::DT_FLAGS_1 => dynamic.position_independent_executable = value & elf::DF_1_PIE.0 != 0,
                _ => {}
            }
        }
        let tables =
            [dynamic.string_table, dynamic.symbol_table, dynamic.versions, dynamic.version_needs, dynamic.hash];
        dynamic.addresses.extend(tables.into_iter().flatten());
        Ok(dynamic)
    }

    /// The bytes from a loaded address on, to the end of its segment's part of the file.
    fn at_address(&self, address: u64) -> Option<&'data [u8]> {
        let mut loaded = self.segments.iter().filter(|segment| segment.p_type(self.endian) == elf::PT_LOAD);
        loaded.find_map(|segment| {
            let within = address.checked_sub(segment.p_vaddr(self.endian).into())?;
            let (offset, size) = segment.file_range(self.endian);
            let left = size.checked_sub(within).filter(|left| *left > 0)?;
            self.bytes.read_bytes_at(offset.checked_add(within)?, left).ok()
        })
    }

    fn string_table(&self, dynamic: &Dynamic) -> Result<&'data [u8], BinaryError> {
        let Some(address) = dynamic.string_table else { return Ok(&[]) };
        // A static program's dynamic segment may be relocated at run time and never read: only use makes it an error.
        let table = self.at_address(address).unwrap_or_default();
        let size = usize::try_from(dynamic.string_size).unwrap_or(usize::MAX);
        if dynamic.string_size > 0 && !dynamic.needed.is_empty() && size > table.len() {
            return Err(truncated("the table of dynamic strings"));
        }
        Ok(&table[..table.len().min(size)])
    }

    fn symbols(
        &self,
        dynamic: &Dynamic,
        table: &[u8],
        strings: &mut Strings,
    ) -> Result<(Vec<VersionNeed>, Vec<UndefinedSymbol>), BinaryError> {
        let (mut needs, indexes) = self.version_needs(dynamic, table, strings)?;
        let mut undefined = Vec::new();
        let Some(bytes) = dynamic.symbol_table.and_then(|address| self.at_address(address)) else {
            return Ok((needs, undefined));
        };
        let count = self.symbol_count(dynamic, bytes);
        let symbols: &[Header::Sym] = bytes
            .read_slice_at(0, usize::try_from(count).unwrap_or_default())
            .map_err(|()| truncated("the table of dynamic symbols"))?;
        let versions: &[u8] = dynamic.versions.and_then(|address| self.at_address(address)).unwrap_or_default();
        let mut strong = vec![false; needs.len()];
        for (index, symbol) in symbols.iter().enumerate().skip(1) {
            let name = u64::from(symbol.st_name(self.endian));
            if !symbol.is_undefined(self.endian) || name == 0 {
                continue;
            }
            let weak = symbol.st_bind() == elf::STB_WEAK;
            let name = strings.at(table, name, "the name of a symbol")?;
            if let Some(&need) = self.version_index(versions, index).and_then(|version| indexes.get(&version)) {
                strong[need] |= !weak;
                let need: &mut VersionNeed = &mut needs[need];
                need.only_weak_symbols = true;
                if need.symbols.len() < MAX_SYMBOLS_NAMED {
                    need.symbols.push(name.clone());
                }
            }
            undefined.push(UndefinedSymbol { name, weak });
        }
        for (need, strong) in needs.iter_mut().zip(strong) {
            need.only_weak_symbols &= !strong;
            need.symbols.sort();
        }
        Ok((needs, undefined))
    }

    fn version_index(&self, versions: &[u8], symbol: usize) -> Option<u16> {
        let raw = versions.get(symbol.checked_mul(2)?..)?.first_chunk::<2>()?;
        let index =
            if self.endian == object::Endianness::Little { u16::from_le_bytes(*raw) } else { u16::from_be_bytes(*raw) };
        Some(index & 0x7fff)
    }

    /// The dynamic segment does not say how many symbols there are: the hash table does, else the next table's start.
    fn symbol_count(&self, dynamic: &Dynamic, bytes: &[u8]) -> u64 {
        let start = dynamic.symbol_table.unwrap_or_default();
        let end = dynamic.addresses.iter().filter(|address| **address > start).min();
        let room = end.map_or(u64::MAX, |end| end - start).min(bytes.len() as u64);
        let fitting = room / size_of::<Header::Sym>() as u64;
        let chains = dynamic.hash.and_then(|address| self.at_address(address)).and_then(|table| {
            let header: &elf::HashHeader<object::Endianness> = table.read_at(0).ok()?;
            Some(u64::from(header.chain_count.get(self.endian)))
        });
        fitting.min(chains.filter(|count| *count > 0).unwrap_or(u64::MAX)).min(MAX_SYMBOLS)
    }

    /// The version nodes needed, and which of them a symbol's version index means.
    fn version_needs(
        &self,
        dynamic: &Dynamic,
        table: &[u8],
        strings: &mut Strings,
    ) -> Result<(Vec<VersionNeed>, std::collections::HashMap<u16, usize>), BinaryError> {
        let mut needs = Vec::new();
        let mut indexes = std::collections::HashMap::new();
        let Some(address) = dynamic.version_needs else { return Ok((needs, indexes)) };
        let what = "the table of needed symbol versions";
        let bytes = self.at_address(address).ok_or(truncated(what))?;
        let mut offset = 0_u64;
        for _ in 0..dynamic.version_need_count.min(MAX_VERSIONS as u64) {
            let need: &elf::Verneed<object::Endianness> = bytes.read_at(offset).map_err(|()| truncated(what))?;
            let library = strings.at(table, need.vn_file.get(self.endian).into(), "the name of a library")?;
            let mut aux_offset = offset.saturating_add(need.vn_aux.get(self.endian).into());
            for _ in 0..need.vn_cnt.get(self.endian) {
                let aux: &elf::Vernaux<object::Endianness> = bytes.read_at(aux_offset).map_err(|()| truncated(what))?;
                if needs.len() == MAX_VERSIONS {
                    return Err(malformed("it needs more symbol versions than can be told apart"));
                }
                indexes.insert(aux.vna_other.get(self.endian).0 & 0x7fff, needs.len());
                needs.push(VersionNeed {
                    library: library.clone(),
                    node: strings.at(table, aux.vna_name.get(self.endian).into(), "the name of a symbol version")?,
                    optional: aux.vna_flags.get(self.endian).0 & elf::VER_FLG_WEAK.0 != 0,
                    only_weak_symbols: false,
                    symbols: Vec::new(),
                });
                match aux.vna_next.get(self.endian) {
                    0 => break,
                    next => aux_offset = aux_offset.saturating_add(next.into()),
                }
            }
            match need.vn_next.get(self.endian) {
                0 => break,
                next => offset = offset.saturating_add(next.into()),
            }
        }
        Ok((needs, indexes))
    }

    fn debug_info(&self) -> Result<bool, BinaryError> {
        let what = "the table of section headers";
        let sections = self.header.section_headers(self.endian, self.bytes).map_err(|_| truncated(what))?;
        if sections.is_empty() {
            return Ok(false);
        }
        let index = self.header.shstrndx(self.endian, self.bytes).unwrap_or_default();
        let names = sections.get(index as usize).and_then(|section| section.data(self.endian, self.bytes).ok());
        let names = names.unwrap_or_default();
        let named = |section: &Header::SectionHeader| {
            let name = names.get(section.sh_name(self.endian) as usize..).unwrap_or_default();
            // Only prefixes are compared, so that overlapping names of any length cost nothing.
            [&b".debug_info"[..], b".zdebug_info", b".debug_line"].iter().any(|known| name.starts_with(known))
        };
        Ok(sections.iter().any(named))
    }
}
