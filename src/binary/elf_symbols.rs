//! The dynamic symbols of an ELF file and the version nodes that they need (System V ABI, "Linux Standard Base" symbol
//! versioning). How many symbols there are is said by the hash tables alone, never by section headers.

use std::collections::{HashMap, HashSet};

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{FileHeader, Sym as _};

use super::bytes::Strings;
use super::elf_image::{Image, word};
use super::error::BinaryError;
use super::facts::{UndefinedSymbol, VersionNeed};
use super::magic::Format;
use super::policy;
use super::python::is_module_start;
use super::stable_abi::may_be_of_python;

type Endian = object::Endianness;

const ELF: Format = Format::Elf;

/// A version index is 15 bits wide, so that no more nodes can be told apart.
const MAX_VERSIONS: usize = 1 << 15;

/// No real file has more; the first symbols decide as well as all of them.
const MAX_SYMBOLS: u64 = 1 << 20;

/// Where linkers say that parts of a program begin and end.
const MARKS: [&str; 6] = ["__bss_start", "__end__", "_edata", "_end", "_fini", "_init"];

const MAX_SYMBOLS_NAMED: usize = 8;

#[derive(Default)]
pub(super) struct Symbols {
    pub(crate) needs: Vec<VersionNeed>,
    pub(crate) undefined: Vec<UndefinedSymbol>,
    /// Functions that of all C libraries glibc alone has, and that this file has itself.
    pub(crate) own_glibc_functions: Vec<String>,
    /// Symbols with names as Python's that this file has itself.
    pub(crate) own_of_python: Vec<String>,
    /// The functions that start modules of Python, for whoever looks them up.
    pub(crate) module_starts: Vec<String>,
    /// Whether others may look up a symbol of this file, but for the marks that linkers leave in every file.
    pub(crate) has_exports: bool,
    /// Whether a relocation asks the loader to call a function that chooses another one.
    pub(crate) has_indirect_functions: bool,
    /// Whether a relocation asks for the place of one of its own variables of a thread beside those of the program.
    pub(crate) has_static_tls: bool,
}

/// How many symbols there are.
enum Count {
    Stated(u64),
    /// No more than these; what lies behind the last may be anything.
    AtMost(u64),
}

/// `names` are the strings that the dynamic segment names.
pub(super) fn read<Header: FileHeader<Endian = Endian>>(
    image: &Image<'_, Header>,
    names: &[u8],
    strings: &mut Strings,
) -> Result<Symbols, BinaryError> {
    let (mut needs, indexes) = version_needs(image, names, strings)?;
    let machine = image.header.e_machine(image.endian);
    let (mut has_indirect_functions, mut static_tls) = (false, HashSet::new());
    for relocation in relocations(image) {
        has_indirect_functions |= relocation.is_indirect(machine);
        if relocation.is_of_static_tls(machine) {
            static_tls.insert(relocation.symbol);
        }
    }
    let (count, is_stated) = match count(image) {
        Count::Stated(count) => (count.min(MAX_SYMBOLS), true),
        Count::AtMost(count) => (count.min(MAX_SYMBOLS), false),
    };
    let size = size_of::<Header::Sym>() as u64;
    let Some(bytes) = image.table(elf::DT_SYMTAB, count * size) else {
        return Ok(Symbols { needs, has_indirect_functions, ..Symbols::default() });
    };
    let count = count.min(bytes.len() as u64 / size);
    // Symbol 0 stands for a variable of the file without a name for others.
    let mut has_static_tls = static_tls.contains(&0);
    let symbols: &[Header::Sym] = bytes
        .as_ref()
        .read_slice_at(0, usize::try_from(count).unwrap_or_default())
        .map_err(|()| ELF.truncated("the table of dynamic symbols"))?;
    let versions = image.table(elf::DT_VERSYM, 2 * count).unwrap_or_default();
    let (mut undefined, mut own_glibc_functions, mut own_of_python) = (Vec::new(), Vec::new(), Vec::new());
    let (mut module_starts, mut has_exports) = (Vec::new(), false);
    let mut strong = vec![false; needs.len()];
    let mut own_indirect = HashSet::new();
    for (index, symbol) in symbols.iter().enumerate().skip(1) {
        let place = u64::from(symbol.st_name(image.endian));
        if place == 0 {
            continue;
        }
        if place >= names.len() as u64 && !is_stated {
            break;
        }
        if !symbol.is_undefined(image.endian) {
            has_static_tls |= static_tls.contains(&(index as u64));
            if symbol.st_type() == elf::STT_GNU_IFUNC {
                own_indirect.insert(index as u64);
            }
            own_glibc_functions.extend(policy::glibc_alone_at(names, place).map(str::to_owned));
            let name = usize::try_from(place).ok().and_then(|place| names.get(place..)).unwrap_or_default();
            let is_for_others = symbol.st_bind() != elf::STB_LOCAL
                && !matches!(symbol.st_visibility(), elf::STV_HIDDEN | elf::STV_INTERNAL);
            let is_mark =
                MARKS.iter().any(|mark| name.strip_prefix(mark.as_bytes()).is_some_and(|rest| rest.starts_with(b"\0")));
            has_exports |= is_for_others && !is_mark;
            if is_module_start(name) {
                if is_for_others {
                    module_starts.push(strings.take(name, "the name of a symbol")?);
                }
            } else if may_be_of_python(name) {
                own_of_python.push(strings.take(name, "the name of a symbol")?);
            }
            continue;
        }
        let weak = symbol.st_bind() == elf::STB_WEAK;
        let name = strings.at(names, place, "the name of a symbol")?;
        if let Some(&need) = version_index(image.endian, &versions, index).and_then(|version| indexes.get(&version)) {
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
    if !own_indirect.is_empty() && !has_indirect_functions {
        has_indirect_functions = relocations(image).any(|it| own_indirect.contains(&it.symbol));
    }
    Ok(Symbols {
        has_exports,
        needs,
        undefined,
        own_glibc_functions,
        own_of_python,
        module_starts,
        has_indirect_functions,
        has_static_tls,
    })
}

fn version_index(endian: Endian, versions: &[u8], symbol: usize) -> Option<u16> {
    let raw = versions.get(symbol.checked_mul(2)?..)?.first_chunk::<2>()?;
    let index = if endian == Endian::Little { u16::from_le_bytes(*raw) } else { u16::from_be_bytes(*raw) };
    Some(index & 0x7fff)
}

fn count<Header: FileHeader<Endian = Endian>>(image: &Image<'_, Header>) -> Count {
    if let Some(count) = by_gnu_hash(image).or_else(|| by_hash(image)) {
        return Count::Stated(count);
    }
    // A GNU hash table without a single entry counts nothing: then all symbols are another file's, and those that the
    // loader looks at stand in relocations.
    let last = || relocations(image).map(|it| it.symbol).max();
    if let (Some(_), Some(last)) = (image.value(elf::DT_GNU_HASH), last()) {
        return Count::AtMost(last + 1);
    }
    // Without any, the table ends where the next one begins.
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
    let start = image.value(elf::DT_SYMTAB).unwrap_or_default();
    let end = tables.into_iter().flat_map(|tag| image.values(tag)).filter(|address| *address > start).min();
    Count::AtMost(end.map_or(u64::MAX, |end| (end - start) / size_of::<Header::Sym>() as u64))
}

/// The symbols that others may look up lie at the end of the table, in chains; the last bit of a chain's last entry is set.
fn by_gnu_hash<Header: FileHeader<Endian = Endian>>(image: &Image<'_, Header>) -> Option<u64> {
    let mut table = image.open_table(elf::DT_GNU_HASH)?;
    let mut word = |index: u64| table.word(index);
    let (buckets, base, filters) = (word(0)?, word(1)?, word(2)?);
    let filter = if image.header.is_type_64() { 2 } else { 1 };
    let first = 4 + u64::from(filters) * filter;
    let chains = first + u64::from(buckets);
    let mut last = 0;
    for index in first..chains {
        last = last.max(word(index)?);
    }
    let mut at = u64::from(last.checked_sub(base).filter(|_| last > 0)?);
    while word(chains + at)? & 1 == 0 {
        at += 1;
    }
    Some(u64::from(base) + at + 1)
}

/// The elder table has a chain entry for every symbol. Its words are 64 bits wide on s390x alone.
fn by_hash<Header: FileHeader<Endian = Endian>>(image: &Image<'_, Header>) -> Option<u64> {
    let wide = image.header.is_type_64() && image.header.e_machine(image.endian) == elf::EM_S390;
    let place = if wide { 3 } else { 1 };
    let table = image.table(elf::DT_HASH, 4 * (place + 1))?;
    let chains = word(&table, image.endian, place)?;
    (chains > 0).then_some(chains.into())
}

/// What the loader is to write into the file's memory, where it is a symbol's address or that of a function of the file.
struct Relocation {
    symbol: u64,
    kind: u32,
}

impl Relocation {
    /// Whether the loader is to call a function of the file for it (`R_*_IRELATIVE` of the processor supplements).
    fn is_indirect(&self, machine: elf::Machine) -> bool {
        let kind = match machine {
            elf::EM_X86_64 => 37,
            elf::EM_386 => 42,
            elf::EM_AARCH64 => 1032,
            elf::EM_ARM => 160,
            elf::EM_PPC64 => 248,
            elf::EM_S390 => 61,
            elf::EM_RISCV => 58,
            elf::EM_LOONGARCH => 12,
            _ => return false,
        };
        self.kind == kind
    }

    /// Whether it asks how far a variable lies from where each thread has its own (`R_*_TPOFF`, `R_*_TPREL`).
    fn is_of_static_tls(&self, machine: elf::Machine) -> bool {
        let kinds: &[u32] = match machine {
            elf::EM_X86_64 => &[18],
            elf::EM_386 => &[14, 37],
            elf::EM_AARCH64 => &[1030],
            elf::EM_ARM => &[19],
            elf::EM_PPC64 => &[73],
            elf::EM_S390 => &[56],
            elf::EM_RISCV | elf::EM_LOONGARCH => &[10, 11],
            _ => &[],
        };
        kinds.contains(&self.kind)
    }
}

/// All that the tables of relocations hold, but for packed ones, which name no symbol.
fn relocations<Header: FileHeader<Endian = Endian>>(image: &Image<'_, Header>) -> impl Iterator<Item = Relocation> {
    let (wide, endian) = (image.header.is_type_64(), image.endian);
    let entry = |addends: bool| match (wide, addends) {
        (true, true) => 24,
        (true, false) => 16,
        (false, true) => 12,
        (false, false) => 8,
    };
    let addends = image.value(elf::DT_PLTREL) == u64::try_from(elf::DT_RELA.0).ok();
    let tables = [
        (elf::DT_RELA, elf::DT_RELASZ, entry(true)),
        (elf::DT_REL, elf::DT_RELSZ, entry(false)),
        (elf::DT_JMPREL, elf::DT_PLTRELSZ, entry(addends)),
    ];
    tables.into_iter().flat_map(move |(tag, size, entry)| {
        let table = image.table(tag, image.value(size).unwrap_or_default()).unwrap_or_default();
        let count = table.len() / entry;
        (0..count).filter_map(move |index| {
            let relocation = &table[index * entry..(index + 1) * entry];
            // The upper part of the second word says which symbol.
            let (symbol, kind) = match (wide, endian) {
                (true, Endian::Little) => (word(relocation, endian, 3)?, word(relocation, endian, 2)?),
                (true, Endian::Big) => (word(relocation, endian, 2)?, word(relocation, endian, 3)?),
                (false, _) => {
                    let info = word(relocation, endian, 1)?;
                    (info >> 8, info & 0xff)
                }
            };
            Some(Relocation { symbol: symbol.into(), kind })
        })
    })
}

/// The version nodes needed, and which of them a symbol's version index means.
type VersionNeeds = (Vec<VersionNeed>, HashMap<u16, usize>);

fn version_needs<Header: FileHeader<Endian = Endian>>(
    image: &Image<'_, Header>,
    names: &[u8],
    strings: &mut Strings,
) -> Result<VersionNeeds, BinaryError> {
    let mut needs = Vec::new();
    let mut indexes = HashMap::new();
    if image.value(elf::DT_VERNEED).is_none() {
        return Ok((needs, indexes));
    }
    let what = "the table of needed symbol versions";
    let mut table = image.open_table(elf::DT_VERNEED).ok_or(ELF.truncated(what))?;
    let endian = image.endian;
    let mut offset = 0_u64;
    for _ in 0..image.value(elf::DT_VERNEEDNUM).unwrap_or_default().min(MAX_VERSIONS as u64) {
        let need: elf::Verneed<Endian> = *table.at(offset).map_err(|()| ELF.truncated(what))?;
        if need.vn_version.get(endian) != elf::VER_NEED_CURRENT {
            return Err(
                ELF.malformed("its table of needed symbol versions is not of version 1, so that glibc refuses it")
            );
        }
        let library = strings.at(names, need.vn_file.get(endian).into(), "the name of a library")?;
        let mut aux_offset = offset.saturating_add(need.vn_aux.get(endian).into());
        for _ in 0..need.vn_cnt.get(endian) {
            let aux: elf::Vernaux<Endian> = *table.at(aux_offset).map_err(|()| ELF.truncated(what))?;
            if needs.len() == MAX_VERSIONS {
                return Err(ELF.malformed("it needs more symbol versions than can be told apart"));
            }
            indexes.insert(aux.vna_other.get(endian).0 & 0x7fff, needs.len());
            needs.push(VersionNeed {
                library: library.clone(),
                node: strings.at(names, aux.vna_name.get(endian).into(), "the name of a symbol version")?,
                optional: aux.vna_flags.get(endian).0 & elf::VER_FLG_WEAK.0 != 0,
                only_weak_symbols: false,
                symbols: Vec::new(),
            });
            match aux.vna_next.get(endian) {
                0 => break,
                next => aux_offset = aux_offset.saturating_add(next.into()),
            }
        }
        match need.vn_next.get(endian) {
            0 => break,
            next => offset = offset.saturating_add(next.into()),
        }
    }
    Ok((needs, indexes))
}
