//! What loaders of Linux stumble over in an ELF file although every header can be read: most of it without a word, with a
//! crash (System V ABI, "Program Loading" and "Dynamic Linking"; glibc's and musl's own loaders were asked).

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _};

use super::elf_image::Image;
use super::error::BinaryError;
use super::magic::Format;

const ELF: Format = Format::Elf;

/// The largest page of any processor that a tag can name: loaders map whole pages.
const PAGE: u64 = 1 << 16;

/// What the dynamic segment names by address, with what says how large it is; `None` where it is there as soon as it is named.
const TABLES: [(elf::DynamicTag, Option<elf::DynamicTag>, &str); 14] = [
    (elf::DT_STRTAB, None, "table of strings"),
    (elf::DT_SYMTAB, None, "table of symbols"),
    (elf::DT_HASH, None, "hash table"),
    (elf::DT_GNU_HASH, None, "hash table"),
    (elf::DT_VERSYM, None, "table of the versions of symbols"),
    (elf::DT_VERNEED, Some(elf::DT_VERNEEDNUM), "table of needed symbol versions"),
    (elf::DT_VERDEF, Some(elf::DT_VERDEFNUM), "table of its own symbol versions"),
    (elf::DT_RELA, Some(elf::DT_RELASZ), "table of relocations"),
    (elf::DT_REL, Some(elf::DT_RELSZ), "table of relocations"),
    (elf::DT_JMPREL, Some(elf::DT_PLTRELSZ), "table of relocations"),
    (elf::DT_RELR, Some(elf::DT_RELRSZ), "table of relocations"),
    (elf::DT_INIT_ARRAY, Some(elf::DT_INIT_ARRAYSZ), "list of functions to begin with"),
    (elf::DT_FINI_ARRAY, Some(elf::DT_FINI_ARRAYSZ), "list of functions to end with"),
    (elf::DT_INIT, None, "function to begin with"),
];

/// Holds that the segments are what can be mapped, whoever does it.
pub(super) fn mapped<Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'_, Header>,
) -> Result<(), BinaryError> {
    let endian = image.endian;
    let is_short = |it: &Header::ProgramHeader| it.p_memsz(endian).into() < it.p_filesz(endian).into();
    match image.segments(elf::PT_LOAD).any(is_short) {
        true => Err(ELF.malformed("a segment takes less of the memory than of the file")),
        false => Ok(()),
    }
}

/// Whether all code was left out of the file (`objcopy --only-keep-debug`).
pub(super) fn holds_debug_symbols_alone<Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'_, Header>,
) -> bool {
    let mut code = image.segments(elf::PT_LOAD).filter(|it| it.p_flags(image.endian).0 & elf::PF_X.0 != 0).peekable();
    let has_code = code.peek().is_some();
    let is_absent =
        |it: &Header::ProgramHeader| it.p_filesz(image.endian).into() == 0 && it.p_memsz(image.endian).into() > 0;
    has_code && code.all(is_absent) && image.segments(elf::PT_DYNAMIC).all(is_absent)
}

/// Holds what a loader asks of a library before it looks into it; the kernel, which starts programs, asks none of it.
pub(super) fn header_of_library<Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'_, Header>,
) -> Result<(), BinaryError> {
    let ident = image.header.e_ident();
    let refused = |what: &str| Err(ELF.malformed(format!("{what}, so that glibc's loader refuses it")));
    match ident {
        _ if ident.version.0 != 1 || image.header.e_version(image.endian) != 1 => {
            refused("its header is not of version 1 of the format")
        }
        _ if ident.os_abi.0 == 0 && ident.abi_version != 0 => {
            refused("its header names a version of the calling convention that is none")
        }
        _ if ident.padding.iter().any(|byte| *byte != 0) => refused("its header is not zero where it has to be"),
        _ => Ok(()),
    }
}

/// Holds what a loader finds by way of the dynamic segment; `is_program` is one that names its loader.
pub(super) fn dynamic<Header: FileHeader<Endian = object::Endianness>>(
    image: &Image<'_, Header>,
    is_program: bool,
) -> Result<(), BinaryError> {
    if is_program && !image.has_dynamic() {
        return Err(ELF.malformed("it names a program interpreter and has no dynamic segment, so that this crashes"));
    }
    let endian = image.endian;
    // Of programs without a loader the kernel takes them in any order.
    if !image.segments(elf::PT_LOAD).map(|it| it.p_vaddr(endian).into()).is_sorted() {
        return Err(ELF.malformed("its loadable segments are not in the order of their addresses"));
    }
    let loaded: Vec<(u64, u64)> = image
        .segments(elf::PT_LOAD)
        .map(|it| {
            let start: u64 = it.p_vaddr(endian).into();
            (start - start % PAGE, start.saturating_add(it.p_memsz(endian).into()).checked_next_multiple_of(PAGE))
        })
        .map(|(start, end)| (start, end.unwrap_or(u64::MAX)))
        .collect();
    for (tag, size, what) in TABLES {
        let is_empty = size.is_some_and(|size| image.value(size).unwrap_or_default() == 0);
        let Some(address) = image.value(tag).filter(|address| *address != 0 && !is_empty) else { continue };
        if !loaded.iter().any(|(start, end)| (*start..*end).contains(&address)) {
            return Err(ELF.malformed(format!("its {what} lies at {address:#x}, where nothing is loaded")));
        }
    }
    let is_wide = image.header.is_type_64();
    let sizes = [
        (elf::DT_RELASZ, elf::DT_RELAENT, if is_wide { 24 } else { 12 }),
        (elf::DT_RELSZ, elf::DT_RELENT, if is_wide { 16 } else { 8 }),
    ];
    for (whole, one, expected) in sizes {
        let is_used = image.value(whole).is_some_and(|size| size > 0);
        if let Some(stated) = image.value(one).filter(|stated| is_used && *stated != expected) {
            return Err(ELF.malformed(format!("its relocations are said to have {stated} bytes each, not {expected}")));
        }
    }
    let needs_versions = image.value(elf::DT_VERNEED).is_some() && image.value(elf::DT_VERNEEDNUM).unwrap_or(0) > 0;
    if needs_versions && image.value(elf::DT_VERSYM).is_none() {
        return Err(ELF.malformed("it needs symbol versions and does not say which symbol has which"));
    }
    Ok(())
}

/// The largest page, up to that of any processor, that the segments can be mapped in: each begins in memory at the place in a
/// page at which it begins in the file.
pub(super) fn largest_page<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> u64 {
    let endian = image.endian;
    let in_file = image.segments(elf::PT_LOAD).filter(|it| it.p_filesz(endian).into() > 0);
    let distances = in_file.map(|it| it.p_vaddr(endian).into().wrapping_sub(it.p_offset(endian).into()));
    distances.fold(PAGE, |page, distance| page.min(1 << distance.trailing_zeros().min(16)))
}
