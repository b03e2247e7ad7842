//! ELF headers as facts (System V ABI, "Linux Standard Base" symbol versioning). The dynamic segment is read as the
//! loader reads it, through program headers; section headers serve for debugging sections alone.

use std::collections::HashMap;

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _, SectionHeader as _, Sym as _};

use super::bytes::Strings;
use super::error::BinaryError;
use super::facts::{
    Details, ElfFacts, Facts, Kind, Libc, Linkage, Needed, Signature, Slice, UndefinedSymbol, VersionNeed,
};
use super::magic::Format;
use super::{elf_abi, libc};

const ELF: Format = Format::Elf;

/// A version index is 15 bits wide, so that no more nodes can be told apart.
const MAX_VERSIONS: usize = 1 << 15;

/// No real file has more; the first symbols decide as well as all of them.
const MAX_SYMBOLS: u64 = 1 << 20;

const MAX_SYMBOLS_NAMED: usize = 8;

pub(super) fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let slice = match bytes.get(4) {
        Some(&1) => Elf::<elf::FileHeader32<object::Endianness>>::parse(bytes)?.slice()?,
        Some(&2) => Elf::<elf::FileHeader64<object::Endianness>>::parse(bytes)?.slice()?,
        Some(_) => return Err(ELF.malformed("its class is neither 32-bit nor 64-bit")),
        None => return Err(ELF.truncated("the file header")),
    };
    Ok(Facts::of_headers(ELF, vec![slice]))
}

struct Elf<'data, Header: FileHeader> {
    bytes: &'data [u8],
    header: &'data Header,
    endian: Header::Endian,
    segments: &'data [Header::ProgramHeader],
    /// Up to the first `DT_NULL`.
    dynamic: &'data [Header::Dyn],
    /// The strings that the dynamic segment names.
    table: &'data [u8],
}

impl<'data, Header: FileHeader<Endian = object::Endianness>> Elf<'data, Header> {
    fn parse(bytes: &'data [u8]) -> Result<Self, BinaryError> {
        let header: &Header = bytes.read_at(0).map_err(|()| ELF.truncated("the file header"))?;
        let endian = match bytes.get(5) {
            Some(&1) => object::Endianness::Little,
            Some(&2) => object::Endianness::Big,
            _ => return Err(ELF.malformed("its byte order is neither little nor big endian")),
        };
        match header.e_type(endian) {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return Err(BinaryError::Unsupported { what: "an object file" }),
            elf::ET_CORE => return Err(BinaryError::Unsupported { what: "a core dump" }),
            other => {
                return Err(ELF.malformed(format!("its type {:#x} is neither executable nor shared", other.0)));
            }
        }
        let segments =
            header.program_headers(endian, bytes).map_err(|_| ELF.truncated("the table of program headers"))?;
        if segments.is_empty() {
            return Err(ELF.malformed("it has no program headers"));
        }
        for segment in segments {
            let (offset, size) = segment.file_range(endian);
            let inside = offset.checked_add(size).is_some_and(|end| end <= bytes.len() as u64);
            if segment.p_type(endian) == elf::PT_LOAD && !inside {
                return Err(ELF.truncated("a segment"));
            }
        }
        Ok(Self { bytes, header, endian, segments, dynamic: &[], table: &[] })
    }

    fn slice(mut self) -> Result<Slice, BinaryError> {
        let mut strings = Strings::of(ELF);
        let interpreter = self.interpreter(&mut strings)?;
        let android_api = elf_abi::android_api_level::<Header>(self.segments, self.endian, self.bytes);
        self.dynamic = self.dynamic_entries()?;
        self.table = self.string_table()?;

        let mut needed = Vec::new();
        for offset in self.values(elf::DT_NEEDED) {
            let name = strings.at(self.table, offset, "the name of a needed library")?;
            needed.push(Needed { name, optional: false });
        }
        let mut run_paths = Vec::new();
        for offset in self.values(elf::DT_RPATH).chain(self.values(elf::DT_RUNPATH)) {
            run_paths.extend(strings.at(self.table, offset, "a run path")?.split(':').map(str::to_owned));
        }
        let soname = self.value(elf::DT_SONAME);
        let soname = soname.map(|offset| strings.at(self.table, offset, "the soname")).transpose()?;
        let (version_needs, undefined) = self.symbols(&mut strings)?;

        let relocatable = self.header.e_type(self.endian) == elf::ET_DYN;
        let entry: u64 = self.header.e_entry(self.endian).into();
        // Linkers before the flag existed made position-independent programs too; those have no soname.
        let program = soname.is_none() && (interpreter.is_some() || (needed.is_empty() && entry != 0));
        let flags = self.value(elf::DT_FLAGS_1).unwrap_or_default();
        let executable = !relocatable || flags & elf::DF_1_PIE.0 != 0 || program;
        let alone = interpreter.is_none() && needed.is_empty();
        let linkage = match (executable && alone, relocatable) {
            (false, _) => Linkage::Dynamic,
            (true, false) => Linkage::Static,
            (true, true) => Linkage::StaticPie,
        };
        let libc = match android_api {
            Some(_) => Some(Libc::Bionic),
            None => libc::told_by(interpreter.as_deref(), &needed, &version_needs),
        };
        let setting = match linkage {
            _ if libc == Some(Libc::Bionic) => elf_abi::Setting::Android,
            Linkage::Dynamic => elf_abi::Setting::Dynamic,
            Linkage::Static | Linkage::StaticPie => elf_abi::Setting::Static,
        };
        let machine = elf_abi::machine(self.header, self.endian, self.bytes, setting)?;
        Ok(Slice {
            machine,
            kind: if executable { Kind::Executable } else { Kind::Library },
            linkage,
            position_independent: relocatable,
            libc,
            needed,
            run_paths,
            debug_info: self.debug_info()?,
            signature: Signature::Absent,
            details: Details::Elf(ElfFacts {
                os_abi: self.header.e_ident().os_abi.0,
                interpreter,
                android_api,
                executable_stack: self.executable_stack(),
                version_needs,
                undefined,
            }),
        })
    }

    fn segments(&self, kind: elf::ProgramType) -> impl Iterator<Item = &'data Header::ProgramHeader> {
        self.segments.iter().filter(move |segment| segment.p_type(self.endian) == kind)
    }

    fn interpreter(&self, strings: &mut Strings) -> Result<Option<String>, BinaryError> {
        let Some(segment) = self.segments(elf::PT_INTERP).next() else { return Ok(None) };
        let data = segment.data(self.endian, self.bytes).map_err(|()| ELF.truncated("the interpreter's name"))?;
        strings.take(data, "the interpreter's name").map(Some)
    }

    fn executable_stack(&self) -> bool {
        self.segments(elf::PT_GNU_STACK).any(|segment| segment.p_flags(self.endian).0 & elf::PF_X.0 != 0)
    }

    fn dynamic_entries(&self) -> Result<&'data [Header::Dyn], BinaryError> {
        let Some(segment) = self.segments(elf::PT_DYNAMIC).next() else { return Ok(&[]) };
        let entries = segment.dynamic(self.endian, self.bytes).map_err(|_| ELF.truncated("the dynamic segment"))?;
        let entries = entries.unwrap_or_default();
        let end = entries.iter().position(|entry| entry.tag(self.endian) == elf::DT_NULL);
        Ok(&entries[..end.unwrap_or(entries.len())])
    }

    /// What the dynamic segment states under a tag, in its order.
    fn values(&self, tag: elf::DynamicTag) -> impl Iterator<Item = u64> {
        let entries = self.dynamic.iter().filter(move |entry| entry.tag(self.endian) == tag);
        entries.map(|entry| entry.val(self.endian))
    }

    fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        self.values(tag).last()
    }

    /// The table at an address that the dynamic segment states.
    fn table(&self, tag: elf::DynamicTag) -> Option<&'data [u8]> {
        self.value(tag).and_then(|address| self.at_address(address))
    }

    /// The bytes from a loaded address on, to the end of its segment's part of the file.
    fn at_address(&self, address: u64) -> Option<&'data [u8]> {
        self.segments(elf::PT_LOAD).find_map(|segment| {
            let within = address.checked_sub(segment.p_vaddr(self.endian).into())?;
            let (offset, size) = segment.file_range(self.endian);
            let left = size.checked_sub(within).filter(|left| *left > 0)?;
            self.bytes.read_bytes_at(offset.checked_add(within)?, left).ok()
        })
    }

    fn string_table(&self) -> Result<&'data [u8], BinaryError> {
        if self.value(elf::DT_STRTAB).is_none() {
            return Ok(&[]);
        }
        // A static program's dynamic segment may be relocated at run time and never read: only use makes it an error.
        let table = self.table(elf::DT_STRTAB).unwrap_or_default();
        let stated = self.value(elf::DT_STRSZ).unwrap_or_default();
        let size = usize::try_from(stated).unwrap_or(usize::MAX);
        if self.values(elf::DT_NEEDED).next().is_some() && size > table.len() {
            return Err(ELF.truncated("the table of dynamic strings"));
        }
        Ok(&table[..table.len().min(size)])
    }

    fn symbols(&self, strings: &mut Strings) -> Result<(Vec<VersionNeed>, Vec<UndefinedSymbol>), BinaryError> {
        let (mut needs, indexes) = self.version_needs(strings)?;
        let mut undefined = Vec::new();
        let Some(bytes) = self.table(elf::DT_SYMTAB) else { return Ok((needs, undefined)) };
        let count = self.symbol_count(bytes);
        let symbols: &[Header::Sym] = bytes
            .read_slice_at(0, usize::try_from(count).unwrap_or_default())
            .map_err(|()| ELF.truncated("the table of dynamic symbols"))?;
        let versions = self.table(elf::DT_VERSYM).unwrap_or_default();
        let mut strong = vec![false; needs.len()];
        for (index, symbol) in symbols.iter().enumerate().skip(1) {
            let name = u64::from(symbol.st_name(self.endian));
            if !symbol.is_undefined(self.endian) || name == 0 {
                continue;
            }
            let weak = symbol.st_bind() == elf::STB_WEAK;
            let name = strings.at(self.table, name, "the name of a symbol")?;
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
    fn symbol_count(&self, bytes: &[u8]) -> u64 {
        let tables = [
            elf::DT_STRTAB,
            elf::DT_VERSYM,
            elf::DT_VERNEED,
            elf::DT_VERDEF,
            elf::DT_HASH,
            elf::DT_GNU_HASH,
            elf::DT_RELA,
            elf::DT_REL,
            elf::DT_JMPREL,
        ];
        let start = self.value(elf::DT_SYMTAB).unwrap_or_default();
        let end = tables.into_iter().flat_map(|tag| self.values(tag)).filter(|address| *address > start).min();
        let room = end.map_or(u64::MAX, |end| end - start).min(bytes.len() as u64);
        let fitting = room / size_of::<Header::Sym>() as u64;
        let chains = self.table(elf::DT_HASH).and_then(|table| {
            let header: &elf::HashHeader<object::Endianness> = table.read_at(0).ok()?;
            Some(u64::from(header.chain_count.get(self.endian)))
        });
        fitting.min(chains.filter(|count| *count > 0).unwrap_or(u64::MAX)).min(MAX_SYMBOLS)
    }

    /// The version nodes needed, and which of them a symbol's version index means.
    fn version_needs(&self, strings: &mut Strings) -> Result<(Vec<VersionNeed>, HashMap<u16, usize>), BinaryError> {
        let mut needs = Vec::new();
        let mut indexes = HashMap::new();
        let Some(address) = self.value(elf::DT_VERNEED) else { return Ok((needs, indexes)) };
        let what = "the table of needed symbol versions";
        let bytes = self.at_address(address).ok_or(ELF.truncated(what))?;
        let mut offset = 0_u64;
        for _ in 0..self.value(elf::DT_VERNEEDNUM).unwrap_or_default().min(MAX_VERSIONS as u64) {
            let need: &elf::Verneed<object::Endianness> = bytes.read_at(offset).map_err(|()| ELF.truncated(what))?;
            let library = strings.at(self.table, need.vn_file.get(self.endian).into(), "the name of a library")?;
            let mut aux_offset = offset.saturating_add(need.vn_aux.get(self.endian).into());
            for _ in 0..need.vn_cnt.get(self.endian) {
                let aux: &elf::Vernaux<object::Endianness> =
                    bytes.read_at(aux_offset).map_err(|()| ELF.truncated(what))?;
                if needs.len() == MAX_VERSIONS {
                    return Err(ELF.malformed("it needs more symbol versions than can be told apart"));
                }
                indexes.insert(aux.vna_other.get(self.endian).0 & 0x7fff, needs.len());
                needs.push(VersionNeed {
                    library: library.clone(),
                    node: strings.at(
                        self.table,
                        aux.vna_name.get(self.endian).into(),
                        "the name of a symbol version",
                    )?,
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
        let sections = self.header.section_headers(self.endian, self.bytes).map_err(|_| ELF.truncated(what))?;
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
