//! An ELF file as the loader sees it: its segments at their addresses, and what its dynamic segment states. Section headers
//! have no say here; tools that strip or patch files leave them stale (System V ABI, "Program Loading").

use std::borrow::Cow;

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};

use super::error::BinaryError;
use super::magic::Format;

const ELF: Format = Format::Elf;

/// The smallest page of any architecture that a tag can name; larger pages are multiples of it.
const PAGE: u64 = 4096;

pub(super) struct Image<'data, Header: FileHeader> {
    pub(crate) bytes: &'data [u8],
    pub(crate) header: &'data Header,
    pub(crate) endian: Header::Endian,
    pub(crate) segments: &'data [Header::ProgramHeader],
    /// Up to the first `DT_NULL`.
    dynamic: &'data [Header::Dyn],
}

impl<'data, Header: FileHeader<Endian = object::Endianness>> Image<'data, Header> {
    pub(crate) fn parse(bytes: &'data [u8]) -> Result<Self, BinaryError> {
        let header: &Header = bytes.read_at(0).map_err(|()| ELF.truncated("the file header"))?;
        let endian = match bytes.get(5) {
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
        if offset.checked_add(size).is_none_or(|end| end > self.bytes.len() as u64) {
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

    /// The table at an address that the dynamic segment states.
    pub(crate) fn table(&self, tag: elf::DynamicTag) -> Option<Cow<'data, [u8]>> {
        self.value(tag).and_then(|address| self.at_address(address))
    }

    /// The bytes from a loaded address on, as far as the file's segments follow each other in memory. Tools that make
    /// room for longer strings leave tables that begin in one segment and end in the next.
    pub(crate) fn at_address(&self, address: u64) -> Option<Cow<'data, [u8]>> {
        let (mut offset, mut end) = self.piece(address)?;
        let mut reached = address.checked_add(end - offset)?;
        let mut whole: Option<Vec<u8>> = None;
        // Each segment continues another once at most, and so does the rest of its last page.
        for _ in 0..2 * self.segments.len() {
            let Some((next, next_end)) = self.piece(reached) else { break };
            reached = reached.checked_add(next_end - next)?;
            if next == end && whole.is_none() {
                end = next_end;
                continue;
            }
            let left = self.bytes.len().saturating_sub(whole.as_ref().map_or(0, Vec::len));
            let add = |whole: &mut Vec<u8>, from: u64, to: u64| {
                let piece = self.bytes.read_bytes_at(from, to - from).unwrap_or_default();
                whole.extend_from_slice(&piece[..piece.len().min(left)]);
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
            None => self.bytes.read_bytes_at(offset, end - offset).ok().map(Cow::Borrowed),
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
        let to = from.checked_add(PAGE - address % PAGE)?.min(self.bytes.len() as u64);
        (from < to).then_some((from, to))
    }
}
