//! ELF headers as facts (System V ABI, "Linux Standard Base" symbol versioning). The dynamic segment is read as the
//! loader reads it, through program headers; section headers serve for debugging sections alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _, SectionHeader as _};

use super::bytes::Strings;
use super::dependencies::GoTarget;
use super::elf_image::{self, Image};
use super::elf_symbols::{self, Symbols};
use super::error::{BinaryError, DEBUG_SYMBOLS};
use super::facts::{DebugSection, Details, ElfFacts, Facts, Kind, Libc, Linkage, Needed, Signature, Slice};
use super::machine::Machine;
use super::magic::Format;
use super::sparse::Bytes;
use super::{elf_abi, elf_sound, libc, overlay};
use crate::target::Architecture;

const ELF: Format = Format::Elf;

/// `DT_ANDROID_REL`, `DT_ANDROID_RELA` and `DT_ANDROID_RELR` (bionic's `elf.h`).
const ANDROID_RELOCATIONS: [elf::DynamicTag; 3] =
    [elf::DynamicTag(0x6000_000f), elf::DynamicTag(0x6000_0011), elf::DynamicTag(0x6fff_e000)];

/// Where the identification says whether a file is of 32 or 64 bits.
const CLASS: usize = 4;

pub(super) fn read(bytes: Bytes<'_>) -> Result<Facts, BinaryError> {
    let slice = match bytes.head(CLASS + 1).get(CLASS) {
        Some(&1) => slice(&Image::<elf::FileHeader32<object::Endianness>>::parse(bytes)?)?,
        Some(&2) => slice(&Image::<elf::FileHeader64<object::Endianness>>::parse(bytes)?)?,
        Some(_) => return Err(ELF.malformed("its class is neither 32-bit nor 64-bit")),
        None => return Err(ELF.truncated("the file header")),
    };
    Ok(Facts::of_headers(ELF, vec![slice]))
}

/// Where most of a file's code is, by its first bytes: nothing here looks at it but to tell versions of 32-bit Arm apart.
pub(super) fn code(head: &[u8]) -> Vec<Range<u64>> {
    match head.get(CLASS) {
        Some(&2) => elf_image::code::<elf::FileHeader64<object::Endianness>>(head).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// What Go's toolchain says of the target of a program that it linked alone: its files look alike on some systems, and those
/// for Arm have no attributes.
pub(super) fn built_by_go(facts: &mut Facts, bytes: Bytes<'_>, target: &GoTarget) {
    for slice in facts.slices.iter_mut().filter(|slice| slice.linkage != Linkage::Dynamic) {
        if let (Some(system), Details::Elf(details)) = (&target.system, &mut slice.details) {
            details.system = details.system.or(libc::system_of_go(system));
        }
        let is_old = target.arm.is_some_and(|version| version < 7);
        if is_old && slice.machine == Machine::Known(Architecture::Armv7) && !elf_abi::states_arm_version(bytes) {
            slice.machine = Machine::Known(Architecture::Armv6);
        }
    }
}

fn slice<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> Result<Slice, BinaryError> {
    if elf_sound::holds_debug_symbols_alone(image) {
        return Err(BinaryError::Unsupported { what: DEBUG_SYMBOLS });
    }
    elf_sound::mapped(image)?;
    let mut strings = Strings::of(ELF);
    let interpreter = interpreter(image, &mut strings)?;
    let elf_abi::Notes { android_api, x86_level, system } =
        elf_abi::notes::<Header>(image.segments, image.endian, image.bytes);
    let names = string_table(image)?;

    let mut needed = Vec::new();
    for offset in image.values(elf::DT_NEEDED) {
        let name = strings.at(&names, offset, "the name of a needed library")?;
        // The loaders would open a directory.
        if name.is_empty() {
            return Err(ELF.malformed("the name of a needed library is empty"));
        }
        needed.push(Needed { name, optional: false });
    }
    let mut run_paths = Vec::new();
    let is_rpath = image.value(elf::DT_RUNPATH).is_none() && image.value(elf::DT_RPATH).is_some();
    if let Some(offset) = image.value(if is_rpath { elf::DT_RPATH } else { elf::DT_RUNPATH }) {
        run_paths.extend(strings.at(&names, offset, "a run path")?.split(':').map(str::to_owned));
    }
    let soname = image.value(elf::DT_SONAME);
    let soname = soname.map(|offset| strings.at(&names, offset, "the soname")).transpose()?;
    let Symbols {
        needs: version_needs,
        undefined,
        own_glibc_functions,
        own_of_python,
        has_exports,
        has_indirect_functions,
        has_static_tls,
        module_starts,
    } = elf_symbols::read(image, &names, &mut strings)?;

    let relocatable = image.header.e_type(image.endian) == elf::ET_DYN;
    let entry: u64 = image.header.e_entry(image.endian).into();
    // Linkers before the flag existed made position-independent programs too; those have no soname, and without a loader
    // nobody brings what they lack, nor looks for anything in them. Of what every file asks for, just in case, each C library
    // has one function, so that a program has it.
    let lacks = undefined.iter().any(|symbol| !symbol.weak || symbol.name == "__cxa_finalize");
    let is_alone = needed.is_empty() && !lacks && !has_exports;
    let program = soname.is_none() && (interpreter.is_some() || (is_alone && entry != 0));
    let flags = image.value(elf::DT_FLAGS_1).unwrap_or_default();
    let executable = !relocatable || flags & elf::DF_1_PIE.0 != 0 || program;
    if !executable {
        linkable(image)?;
    }
    let alone = interpreter.is_none() && needed.is_empty();
    let linkage = match (executable && alone, relocatable) {
        (false, _) => Linkage::Dynamic,
        (true, false) => Linkage::Static,
        (true, true) => Linkage::StaticPie,
    };
    if linkage == Linkage::Dynamic {
        elf_sound::dynamic(image, interpreter.is_some())?;
    }
    // Relocations in a form of its own are read by Android's loader alone.
    let is_for_android = android_api.is_some() || ANDROID_RELOCATIONS.into_iter().any(|tag| image.value(tag).is_some());
    let libc = match is_for_android {
        true => Some(Libc::Bionic),
        false => libc::told_by(interpreter.as_deref(), &needed, &version_needs),
    };
    // musl's loader does not look at it.
    if !executable && libc != Some(Libc::Musl) {
        elf_sound::header_of_library(image)?;
    }
    let setting = match linkage {
        _ if libc == Some(Libc::Bionic) => elf_abi::Setting::Android,
        Linkage::Dynamic => elf_abi::Setting::Dynamic,
        Linkage::Static | Linkage::StaticPie => elf_abi::Setting::Static,
    };
    let machine = elf_abi::machine(image.header, image.endian, image.bytes, setting)?;
    let debug_sections = debug_sections(image);
    let own_tls = image.segments(elf::PT_TLS).map(|segment| segment.p_memsz(image.endian).into()).next();
    let static_tls = own_tls.filter(|_| has_static_tls);
    let named = libc::other_than_linux(image.header.e_ident().os_abi.0).or(system);
    let by_loader = interpreter.as_deref().and_then(|it| libc::system_of_interpreter(it, machine.architecture()));
    Ok(Slice {
        machine,
        kind: if executable { Kind::Executable } else { Kind::Library },
        linkage,
        position_independent: relocatable,
        libc,
        needed,
        run_paths,
        module_starts: Some(module_starts),
        debug_info: !debug_sections.is_empty(),
        appended: overlay::of_elf(image),
        signature: Signature::Absent,
        details: Details::Elf(ElfFacts {
            system: named.or(by_loader),
            interpreter,
            is_rpath,
            has_packed_relocations: image.value(elf::DT_RELR).is_some(),
            has_indirect_functions,
            x86_level,
            android_api,
            static_tls,
            largest_page: elf_sound::largest_page(image),
            smallest_alignment: elf_sound::smallest_alignment(image),
            is_closed: flags & elf::DF_1_NOOPEN.0 != 0,
            executable_stack: executable_stack(image),
            version_needs,
            undefined,
            own_glibc_functions,
            own_of_python,
            debug_sections,
        }),
    })
}

fn interpreter<Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'_, Header>,
    strings: &mut Strings,
) -> Result<Option<String>, BinaryError> {
    let Some(segment) = image.segments(elf::PT_INTERP).next() else { return Ok(None) };
    let data = segment.data(image.endian, image.bytes).map_err(|()| ELF.truncated("the interpreter's name"))?;
    strings.take(data, "the interpreter's name").map(Some)
}

/// Holds that a library has what loaders look at in each: glibc refuses one without ("object file has no dynamic section"), and
/// crashes where the two tables are not there, which are mandatory (System V ABI, "Dynamic Section").
fn linkable<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> Result<(), BinaryError> {
    if !image.has_dynamic() || !image.states_any() {
        return Err(ELF.malformed("it is a library and has no dynamic segment, so that the loader refuses it"));
    }
    let lacks_table = || [elf::DT_STRTAB, elf::DT_SYMTAB].into_iter().any(|tag| image.value(tag).is_none());
    if lacks_table() {
        return Err(ELF.malformed("its dynamic segment names no table of symbols or strings"));
    }
    Ok(())
}

fn executable_stack<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> bool {
    image.segments(elf::PT_GNU_STACK).any(|segment| segment.p_flags(image.endian).0 & elf::PF_X.0 != 0)
}

fn string_table<'data, Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'data, Header>,
) -> Result<Cow<'data, [u8]>, BinaryError> {
    if image.value(elf::DT_STRTAB).is_none() {
        return Ok(Cow::default());
    }
    // A static program's dynamic segment may be relocated at run time and never read: only use makes it an error.
    let stated = image.value(elf::DT_STRSZ).unwrap_or_default();
    let table = image.table(elf::DT_STRTAB, stated).unwrap_or_default();
    if image.values(elf::DT_NEEDED).next().is_some() && stated > table.len() as u64 {
        return Err(ELF.truncated("the table of dynamic strings"));
    }
    Ok(table)
}

/// What only debuggers read, with its size. No loader looks at section headers, so that stale ones say nothing.
fn debug_sections<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> Vec<DebugSection> {
    let Ok(sections) = image.header.section_headers(image.endian, image.bytes) else { return Vec::new() };
    let index = image.header.shstrndx(image.endian, image.bytes).unwrap_or_default();
    let names = sections.get(index as usize).and_then(|section| section.data(image.endian, image.bytes).ok());
    let names = names.unwrap_or_default();
    let mut sizes: BTreeMap<&'static str, u64> = BTreeMap::new();
    for section in sections {
        let (flags, size) = (section.sh_flags(image.endian), section.sh_size(image.endian).into());
        let name = names.get(section.sh_name(image.endian) as usize..).unwrap_or_default();
        // Only known prefixes are compared, so that overlapping names of any length cost nothing.
        let named = |known: &str| name.starts_with(known.as_bytes());
        let kind = match section.sh_type(image.endian) {
            elf::SHT_SYMTAB => ".symtab",
            elf::SHT_STRTAB if named(".strtab\0") => ".strtab",
            elf::SHT_NOBITS | elf::SHT_STRTAB => continue,
            _ if named(".debug_") || named(".zdebug_") => ".debug_*",
            _ if named(".stab") || named(".gdb_index") => ".stab, .gdb_index",
            _ => continue,
        };
        let is_loaded = flags.0 & elf::SHF_ALLOC.0 != 0;
        let is_whole = section.data(image.endian, image.bytes).is_ok();
        if !is_loaded && is_whole && size > 0 {
            let sum = sizes.entry(kind).or_default();
            *sum = sum.saturating_add(size);
        }
    }
    sizes.into_iter().map(|(name, size)| DebugSection { name, size }).collect()
}
