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
/// page at which it begins in the file, and none takes from another what stands in a page that both have.
pub(super) fn largest_page<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> u64 {
    let endian = image.endian;
    let in_file = image.segments(elf::PT_LOAD).filter(|it| it.p_filesz(endian).into() > 0);
    let segments: Vec<Segment> = in_file.map(|it| Segment::of(it, endian)).collect();
    let fold = |page: u64, it: &Segment| page.min(1 << it.distance.trailing_zeros().min(16));
    let mut page = segments.iter().fold(PAGE, fold);
    while page > SMALL_PAGE && segments.windows(2).any(|pair| pair[1].spoils(&pair[0], page)) {
        page >>= 1;
    }
    page
}

/// What the segments are aligned to at least, up to that page. Loaders of glibc before 2.35 refuse a library with less than
/// the kernel's pages (its bug 28688), whatever lies where; zero is taken.
pub(super) fn smallest_alignment<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> u64 {
    let stated = image.segments(elf::PT_LOAD).map(|it| it.p_align(image.endian).into());
    stated.fold(PAGE, |least, align: u64| least.min(1 << align.trailing_zeros().min(16)))
}

/// No kernel has smaller pages.
const SMALL_PAGE: u64 = 1 << 12;

/// Where a segment is mapped, as far as its neighbours are touched.
struct Segment {
    flags: u32,
    distance: u64,
    begin: u64,
    end: u64,
    has_zeros: bool,
}

impl Segment {
    fn of<Header: object::read::elf::ProgramHeader<Endian = object::Endianness>>(
        it: &Header,
        endian: object::Endianness,
    ) -> Self {
        let (begin, size): (u64, u64) = (it.p_vaddr(endian).into(), it.p_memsz(endian).into());
        Self {
            flags: it.p_flags(endian).0,
            distance: begin.wrapping_sub(it.p_offset(endian).into()),
            begin,
            end: begin.saturating_add(size),
            has_zeros: size > it.p_filesz(endian).into(),
        }
    }

    /// Whether in pages of that size it is mapped over the end of the one before, and that loses bytes, its zeros, or the right
    /// to be run or written.
    fn spoils(&self, before: &Self, page: u64) -> bool {
        let shares = before.end > before.begin && (before.end - 1) / page >= self.begin / page;
        let lost = before.flags & !self.flags & (elf::PF_X.0 | elf::PF_W.0);
        shares && (self.distance != before.distance || before.has_zeros || lost != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What glibc's `_dl_map_segments` and the kernel's `elf_map` do: the later segment is mapped over the page that both have.
    #[test]
    fn a_segment_takes_nothing_from_another_in_a_page_of_both() {
        const R: u32 = 4;
        const RX: u32 = 5;
        const RW: u32 = 6;
        let segment = |flags, offset: u64, begin: u64, size: u64, in_file: u64| Segment {
            flags,
            distance: begin - offset,
            begin,
            end: begin + size,
            has_zeros: size > in_file,
        };
        for (before, after, page, expected) in [
            // Code that cannot be run any more, and data that cannot be written.
            (segment(RX, 0, 0, 0x1800, 0x1800), segment(RW, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, true),
            (segment(RX, 0, 0, 0x1800, 0x1800), segment(R, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, true),
            (segment(RW, 0, 0, 0x1800, 0x1800), segment(RX, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, true),
            // The same bytes, and as many rights.
            (segment(R, 0, 0, 0x1800, 0x1800), segment(RX, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, false),
            (segment(R, 0, 0, 0x1800, 0x1800), segment(RW, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, false),
            // Other bytes of the file lie at that distance, or the file's in the place of zeros.
            (segment(R, 0, 0, 0x1800, 0x1800), segment(RW, 0x12000, 0x2000 + 0x20000, 0x100, 0x100), 1 << 16, false),
            (segment(R, 0, 0x10000, 0x1800, 0x1800), segment(RW, 0x12000, 0x32000, 1, 1), 1 << 18, true),
            (segment(RW, 0, 0, 0x1800, 0x1000), segment(RW, 0x2000, 0x2000, 0x100, 0x100), 1 << 16, true),
            // No page of both.
            (segment(RX, 0, 0, 0x1800, 0x1800), segment(RW, 0x2000, 0x2000, 0x100, 0x100), 1 << 12, false),
            (segment(RX, 0, 0, 0x10000, 0x10000), segment(RW, 0x10000, 0x10000, 1, 1), 1 << 16, false),
            (segment(RX, 0, 0, 0x10001, 0x10001), segment(RW, 0x10001, 0x20001, 1, 1), 1 << 16, false),
        ] {
            assert_eq!(after.spoils(&before, page), expected, "{:#x} {:#x} {page:#x}", before.end, after.begin);
        }
    }
}
