//! One program as sections and loaded addresses, whatever its format, as far as the lists inside it need that.

use object::read::macho::{FatArch as _, MachOFatFile32, MachOFatFile64};
use object::{Object as _, ObjectSection as _, ObjectSegment as _};

use crate::binary::sparse::Bytes;

/// The programs in one file: the slices of a fat Mach-O file, else the file.
pub(super) fn slices(bytes: Bytes<'_>) -> Vec<Bytes<'_>> {
    if let Ok(fat) = MachOFatFile32::parse(bytes) {
        return fat.arches().iter().filter_map(|slice| slice.data(bytes).ok()).map(Bytes::from).collect();
    }
    if let Ok(fat) = MachOFatFile64::parse(bytes) {
        return fat.arches().iter().filter_map(|slice| slice.data(bytes).ok()).map(Bytes::from).collect();
    }
    vec![bytes]
}

pub(super) struct Image<'data> {
    file: object::File<'data, Bytes<'data>>,
}

/// A part of the file, and where it is loaded.
#[derive(Clone, Copy)]
pub(super) struct Area<'data> {
    pub(super) address: u64,
    pub(super) bytes: &'data [u8],
}

impl<'data> Image<'data> {
    pub(super) fn parse(bytes: Bytes<'data>) -> Option<Self> {
        object::File::parse(bytes).ok().map(|file| Self { file })
    }

    pub(super) fn section(&self, name: &str) -> Option<Area<'data>> {
        let section =
            self.file.sections().find(|section| section.name_bytes().is_ok_and(|it| it == name.as_bytes()))?;
        Some(Area { address: section.address(), bytes: section.data().ok()? })
    }

    pub(super) fn has_sections(&self) -> bool {
        self.file.sections().next().is_some()
    }

    pub(super) fn is_pe(&self) -> bool {
        matches!(self.file.format(), object::BinaryFormat::Pe)
    }

    /// What is loaded as writable data.
    pub(super) fn writable_data(&self) -> impl Iterator<Item = Area<'data>> + '_ {
        let is_data = |permissions: object::Permissions| permissions.writable() && !permissions.executable();
        let writable = self.file.segments().filter(move |segment| is_data(segment.permissions()));
        writable.filter_map(|segment| Some(Area { address: segment.address(), bytes: segment.data().ok()? }))
    }

    /// What is loaded at an address, to the end of its segment.
    pub(super) fn at(&self, address: u64) -> Option<&'data [u8]> {
        self.file.segments().find_map(|segment| {
            let within = usize::try_from(address.checked_sub(segment.address())?).ok()?;
            segment.data().ok()?.get(within..).filter(|rest| !rest.is_empty())
        })
    }
}
