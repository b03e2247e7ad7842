//! What a file holds where sections say that there is nothing: data that a program reads out of its own file, as those of
//! `deno compile`, `nexe`, AppImage and self-extracting archives do behind all that the headers describe, and those of `bun build
//! --compile` in a segment that was made longer for it. What writes the sections anew leaves it out, as `strip` does.

use object::read::ReadRef as _;
use object::read::elf::{FileHeader, ProgramHeader as _, SectionHeader as _};
use object::read::pe::{DataDirectories, SectionTable};
use object::{LittleEndian as LE, elf, pe};

use super::elf_image::Image;
use super::sparse::Bytes;

/// How much at either end of it says whether there is anything but zeros, which fill files up to whole pages.
const SAMPLE: u64 = 4096;

/// How many bytes lie behind `end`.
pub(super) fn behind(bytes: Bytes<'_>, end: u64) -> u64 {
    data(bytes, end, bytes.length())
}

/// How many bytes lie from `start` to `end`, where they are more than zeros.
fn data(bytes: Bytes<'_>, start: u64, end: u64) -> u64 {
    let size = end.saturating_sub(start);
    let sample = size.min(SAMPLE);
    let is_data = |at| bytes.read_bytes_at(at, sample).is_ok_and(|read| read.iter().any(|byte| *byte != 0));
    if size > 0 && (is_data(start) || is_data(end - sample)) { size } else { 0 }
}

/// Of an ELF file, behind segments, sections and the tables of both, and in segments from a section on that takes no room in
/// files and is the last in the table, which linkers write in the order of addresses.
pub(super) fn of_elf<Header: FileHeader<Endian = object::Endianness>>(image: &Image<'_, Header>) -> u64 {
    let Image { bytes, header, endian, .. } = *image;
    let segments = image.segments.iter().map(|segment| segment.file_range(endian));
    let sections = header.section_headers(endian, bytes).unwrap_or_default();
    let table = (header.e_shoff(endian).into(), size_of_val(sections) as u64);
    let held = sections.iter().filter_map(|section| section.file_range(endian));
    let ranges = segments.chain(held).chain((!sections.is_empty()).then_some(table));
    let end = ranges.map(|(start, size)| start.saturating_add(size)).filter(|end| *end <= bytes.length()).max();
    let in_segments = image.segments(elf::PT_LOAD).map(|segment| {
        let ((start, size), address) = (segment.file_range(endian), segment.p_vaddr(endian).into());
        let within = |section: &Header::SectionHeader| {
            let flags = section.sh_flags(endian).0;
            // Variables of threads take no room in memory either.
            let is_of_program = flags & elf::SHF_ALLOC.0 != 0 && flags & elf::SHF_TLS.0 == 0;
            let within = section.sh_addr(endian).into().checked_sub(address).filter(|within| *within < size)?;
            (is_of_program && section.sh_size(endian).into() > 0).then_some(within)
        };
        let is_empty = |section: &Header::SectionHeader| section.sh_type(endian) == elf::SHT_NOBITS;
        let from = sections.iter().rposition(|section| !is_empty(section) && within(section).is_some());
        let last = sections.get(from.map_or(0, |from| from + 1)..).unwrap_or_default();
        let empty = last.iter().filter(|section| is_empty(section)).filter_map(within).min();
        empty.map_or(0, |within| data(bytes, start + within, start.saturating_add(size)))
    });
    behind(bytes, end.unwrap_or(bytes.length())) + in_segments.sum::<u64>()
}

/// Of a PE file, where sections, symbols and the certificates end, which lie behind everything else (Microsoft, "PE Format").
pub(super) fn of_pe(
    bytes: &[u8],
    file: &pe::ImageFileHeader,
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
) -> u64 {
    let range = |(start, size): (u32, u32)| u64::from(start) + u64::from(size);
    let held = sections.iter().filter_map(|section| section.coff_file_range().map(range));
    let end = held.chain(symbols_end(bytes, file)).max();
    let certificates = directories.get(pe::IMAGE_DIRECTORY_ENTRY_SECURITY).map(|it| it.address_range());
    let certificates = certificates.filter(|(start, size)| *start > 0 && *size > 0);
    // What is signed has its data before the signature.
    let length = certificates.map_or(bytes.len() as u64, |(start, _)| u64::from(start).min(bytes.len() as u64));
    behind(bytes[..length as usize].into(), end.unwrap_or(length))
}

/// Where the symbols of a COFF file end, with the strings behind them, whose size begins with itself.
fn symbols_end(bytes: &[u8], file: &pe::ImageFileHeader) -> Option<u64> {
    const SYMBOL: u64 = 18;
    let (at, count) = (file.pointer_to_symbol_table.get(LE), file.number_of_symbols.get(LE));
    let strings = u64::from(at) + u64::from(count) * SYMBOL;
    let size: &object::U32<LE> = bytes.read_at(strings).ok().filter(|_| at > 0)?;
    Some(strings + u64::from(size.get(LE))).filter(|end| *end <= bytes.len() as u64)
}
