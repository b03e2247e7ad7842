//! An ELF file as the loader sees it: its segments at their addresses, and what its dynamic segment states. Section headers
//! have no say here; tools that strip or patch files leave them stale (System V ABI, "Program Loading").

use std::borrow::Cow;
use std::ops::Range;

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};

use super::error::BinaryError;
use super::magic::Format;
use super::sparse::Bytes;

const ELF: Format = Format::Elf;

/// The smallest page of any architecture that a tag can name; larger pages are multiples of it.
const PAGE: u64 = 4096;

/// Of how many pieces a table may be. A tool that makes room adds one segment, and the rest of a last page is a piece too.
const MAX_PIECES: usize = 16;

pub(super) struct Image<'data, Header: FileHeader> {
    pub(crate) bytes: Bytes<'data>,
    pub(crate) header: &'data Header,
    pub(crate) endian: Header::Endian,
    pub(crate) segments: &'data [Header::ProgramHeader],
    /// Up to the first `DT_NULL`.
    dynamic: &'data [Header::Dyn],
}

impl<'data, Header: FileHeader<Endian = object::Endianness>> Image<'data, Header> {
    pub(crate) fn parse(bytes: Bytes<'data>) -> Result<Self, BinaryError> {
        let header: &Header = bytes.read_at(0).map_err(|()| ELF.truncated("the file header"))?;
        let endian = match bytes.head(6).get(5) {
            Some(&1) => object::Endianness::Little,
            Some(&2) => object::Endianness::Big,
            _ => return Err(ELF.malformed("its byte order is neither little nor big endian")),
        };
        match header.e_type(endian) {
            elf::ET_EXEC | elf::ET_DYN => {}
            elf::ET_REL => return Err(BinaryError::Unsupported { what: super::error::OBJECT_FILE }),
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
        // Both glibc ("object file has no loadable segments") and the kernel refuse it.
        if !segments.iter().any(|segment| segment.p_type(endian) == elf::PT_LOAD) {
            return Err(ELF.malformed("it has no loadable segment, so that the loader refuses it"));
        }
        let mut image = Self { bytes, header, endian, segments, dynamic: &[] };
        for segment in image.segments(elf::PT_LOAD) {
            image.loadable(segment)?;
        }
        image.dynamic = image.dynamic_entries()?;
        Ok(image)
    }

    /// Holds that a segment lies in the file and can be mapped: pages of the file become pages of memory, so that offset and
    /// address have the same place in a page. Of libraries, glibc's loader asks it of the stated alignment.
    fn loadable(&self, segment: &Header::ProgramHeader) -> Result<(), BinaryError> {
        let (offset, size) = segment.file_range(self.endian);
        if offset.checked_add(size).is_none_or(|end| end > self.bytes.length()) {
            return Err(ELF.truncated("a segment"));
        }
        let (address, align) = (segment.p_vaddr(self.endian).into(), segment.p_align(self.endian).into());
        let by_loader =
            self.header.e_type(self.endian) == elf::ET_DYN && self.segments(elf::PT_INTERP).next().is_none();
        let modulo = if by_loader && align.is_power_of_two() { align.max(PAGE) } else { PAGE };
        if size > 0 && address.wrapping_sub(offset) % modulo != 0 {
            return Err(ELF.malformed(format!(
                "a segment lies at offset {offset:#x} and is to be loaded at {address:#x}, which differ modulo {modulo:#x}, \
                 so that the loader refuses it"
            )));
        }
        Ok(())
    }

    pub(crate) fn segments(&self, kind: elf::ProgramType) -> impl Iterator<Item = &'data Header::ProgramHeader> {
        self.segments.iter().filter(move |segment| segment.p_type(self.endian) == kind)
    }

    fn dynamic_entries(&self) -> Result<&'data [Header::Dyn], BinaryError> {
        let Some(segment) = self.segments(elf::PT_DYNAMIC).next() else { return Ok(&[]) };
        let entries = segment.dynamic(self.endian, self.bytes).map_err(|_| ELF.truncated("the dynamic segment"))?;
        let entries = entries.unwrap_or_default();
        let end = entries.iter().position(|entry| entry.tag(self.endian) == elf::DT_NULL);
        // What tools that keep debugging symbols alone leave has nothing to load.
        if end == Some(0) && self.is_loaded(segment) {
            return Err(ELF.malformed("its dynamic segment is empty, so that no loader can use it"));
        }
        Ok(&entries[..end.unwrap_or(entries.len())])
    }

    /// Whether the file's bytes of a segment are among those that are loaded.
    fn is_loaded(&self, segment: &Header::ProgramHeader) -> bool {
        let (offset, _) = segment.file_range(self.endian);
        self.segments(elf::PT_LOAD)
            .map(|load| load.file_range(self.endian))
            .any(|(start, size)| offset.checked_sub(start).is_some_and(|within| within < size))
    }

    /// Whether its dynamic segment states anything.
    pub(crate) fn states_any(&self) -> bool {
        !self.dynamic.is_empty()
    }

    /// Whether it has a dynamic segment, whatever that holds.
    pub(crate) fn has_dynamic(&self) -> bool {
        self.segments(elf::PT_DYNAMIC).next().is_some()
    }

    /// What the dynamic segment states under a tag, in its order.
    pub(crate) fn values(&self, tag: elf::DynamicTag) -> impl Iterator<Item = u64> {
        let entries = self.dynamic.iter().filter(move |entry| entry.tag(self.endian) == tag);
        entries.map(|entry| entry.val(self.endian))
    }

    pub(crate) fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        self.values(tag).last()
    }

    /// Up to `size` bytes of the table at an address that the dynamic segment states.
    pub(crate) fn table(&self, tag: elf::DynamicTag, size: u64) -> Option<Cow<'data, [u8]>> {
        self.value(tag).and_then(|address| self.at_address(address, size))
    }

    /// The table at such an address, whose size only what it holds tells.
    pub(crate) fn open_table(&self, tag: elf::DynamicTag) -> Option<OpenTable<'_, 'data, Header>> {
        let address = self.value(tag)?;
        self.piece(address)?;
        Some(OpenTable { image: self, address, read: Cow::default(), ends: false })
    }

    /// Up to `size` bytes from a loaded address on, as far as the file's segments follow each other in memory. Tools that make
    /// room for longer strings leave tables that begin in one segment and end in the next.
    fn at_address(&self, address: u64, size: u64) -> Option<Cow<'data, [u8]>> {
        let (mut offset, mut end) = self.piece(address)?;
        let mut reached = address.checked_add(end - offset)?;
        let mut whole: Option<Vec<u8>> = None;
        for _ in 0..MAX_PIECES {
            if reached - address >= size {
                break;
            }
            let Some((next, next_end)) = self.piece(reached) else { break };
            reached = reached.checked_add(next_end - next)?;
            if next == end && whole.is_none() {
                end = next_end;
                continue;
            }
            let left = size.min(self.bytes.length());
            let add = |whole: &mut Vec<u8>, from: u64, to: u64| {
                let count = (to - from).min(left.saturating_sub(whole.len() as u64));
                whole.extend_from_slice(self.bytes.read_bytes_at(from, count).unwrap_or_default());
            };
            let whole = whole.get_or_insert_with(|| {
                let mut first = Vec::new();
                add(&mut first, offset, end);
                first
            });
            add(whole, next, next_end);
            (offset, end) = (next, next_end);
        }
        match whole {
            Some(whole) => Some(Cow::Owned(whole)),
            None => self.bytes.read_bytes_at(offset, size.min(end - offset)).ok().map(Cow::Borrowed),
        }
    }

    /// Where the file holds what one segment has at an address, to the end of that segment or of its last page.
    fn piece(&self, address: u64) -> Option<(u64, u64)> {
        let stated = self.segments(elf::PT_LOAD).find_map(|segment| {
            let within = address.checked_sub(segment.p_vaddr(self.endian).into())?;
            let (offset, size) = segment.file_range(self.endian);
            (within < size).then(|| Some((offset.checked_add(within)?, offset.checked_add(size)?)))?
        });
        stated.or_else(|| self.rest_of_page(address))
    }

    /// What lies behind a segment, in its last page: loaders map whole pages, so that the file's next bytes are there,
    /// unless the rest is cleared (for more memory than file) or the page is another segment's too. Tools that make room
    /// for longer strings leave tables that end there.
    fn rest_of_page(&self, address: u64) -> Option<(u64, u64)> {
        let page = address - address % PAGE;
        let (first, end_of) = (
            |segment: &Header::ProgramHeader| -> u64 { segment.p_vaddr(self.endian).into() },
            |segment: &Header::ProgramHeader| -> u64 {
                let size: u64 = segment.p_memsz(self.endian).into();
                segment.p_vaddr(self.endian).into().saturating_add(size)
            },
        );
        let in_page = |segment: &&Header::ProgramHeader| {
            first(segment) < page.saturating_add(PAGE) && end_of(segment) > page && end_of(segment) > first(segment)
        };
        let mut all = self.segments(elf::PT_LOAD).filter(in_page);
        let (segment, None) = (all.next()?, all.next()) else { return None };
        let (offset, size) = segment.file_range(self.endian);
        let is_cleared = segment.p_memsz(self.endian).into() != size;
        let within = address.checked_sub(first(segment)).filter(|within| *within >= size && !is_cleared)?;
        let from = offset.checked_add(within)?;
        let to = from.checked_add(PAGE - address % PAGE)?.min(self.bytes.length());
        (from < to).then_some((from, to))
    }
}

/// A table of unknown size, read from its start as far as it is asked for.
pub(super) struct OpenTable<'image, 'data, Header: FileHeader> {
    image: &'image Image<'data, Header>,
    address: u64,
    read: Cow<'data, [u8]>,
    /// Whether that is all there is.
    ends: bool,
}

impl<Header: FileHeader<Endian = object::Endianness>> OpenTable<'_, '_, Header> {
    /// The table as far as `end`, or as far as there is any of it.
    pub(crate) fn up_to(&mut self, end: u64) -> &[u8] {
        let have = self.read.len() as u64;
        if have < end && !self.ends {
            // At least twice as much, so that reading on costs no more than what is read.
            let wanted = end.max(2 * have).max(PAGE);
            self.read = self.image.at_address(self.address, wanted).unwrap_or_default();
            self.ends = (self.read.len() as u64) < wanted;
        }
        &self.read
    }

    /// What stands at that place.
    pub(crate) fn at<T: object::Pod>(&mut self, offset: u64) -> Result<&T, ()> {
        self.up_to(offset.saturating_add(size_of::<T>() as u64)).read_at(offset)
    }

    /// The 32-bit word at that place in units of words.
    pub(crate) fn word(&mut self, index: u64) -> Option<u32> {
        let endian = self.image.endian;
        let table = self.up_to(index.checked_add(1)?.checked_mul(4)?);
        word(table, endian, index)
    }
}

/// The 32-bit word at that place of a table, in units of words.
pub(super) fn word(table: &[u8], endian: object::Endianness, index: u64) -> Option<u32> {
    let at = usize::try_from(index.checked_mul(4)?).ok()?;
    let raw = table.get(at..)?.first_chunk::<4>()?;
    Some(if endian == object::Endianness::Little { u32::from_le_bytes(*raw) } else { u32::from_be_bytes(*raw) })
}

/// Code is left out where there is more of it than this, in multiples of this: it is no page's neighbour then, and what is
/// kept stays in large blocks.
const MIN_CODE: u64 = 1 << 20;

/// Where most of a file's code is, by its first bytes; `None` where those do not tell. Linkers that do not set code apart have
/// tables in the same segment, which is the file's first.
pub(super) fn code<Header: FileHeader<Endian = object::Endianness>>(head: &[u8]) -> Option<Vec<Range<u64>>> {
    let header: &Header = head.read_at(0).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, head).ok()?;
    let is_code = |segment: &&Header::ProgramHeader| {
        let flags = segment.p_flags(endian).0;
        segment.p_type(endian) == elf::PT_LOAD && flags & elf::PF_X.0 != 0 && flags & elf::PF_W.0 == 0
    };
    let mut found: Vec<Range<u64>> = segments
        .iter()
        .filter(is_code)
        .filter_map(|segment| {
            let (offset, size) = segment.file_range(endian);
            let end = offset.checked_add(size)? / MIN_CODE * MIN_CODE;
            let start = offset.checked_next_multiple_of(MIN_CODE)?;
            (offset > 0 && start < end).then_some(start..end)
        })
        .collect();
    found.sort_by_key(|range| range.start);
    // Segments of a real file do not overlap.
    found.is_sorted_by(|one, other| one.end <= other.start).then_some(found)
}
