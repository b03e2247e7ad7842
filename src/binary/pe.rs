//! PE headers as facts (Microsoft, "PE Format").

use object::LittleEndian as LE;
use object::pe;
use object::read::ReadRef as _;
use object::read::coff::SectionTable;
use object::read::pe::{DataDirectories, ImageNtHeaders, ImageOptionalHeader};

use super::bytes::Strings;
use super::error::BinaryError;
use super::facts::{Details, Facts, Kind, Linkage, Needed, PeFacts, Signature, Slice};
use super::machine::Machine;
use super::magic::Format;
use crate::target::{Architecture, OsVersion};

/// Real programs import from a few dozen.
const MAX_IMPORTS: usize = 4096;

pub(super) fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let dos: &pe::ImageDosHeader = bytes.read_at(0).map_err(|()| truncated("the DOS header"))?;
    let offset = u64::from(dos.e_lfanew.get(LE));
    let magic: &object::U32<object::LittleEndian> = bytes.read_at(offset).map_err(|()| truncated("the PE header"))?;
    if magic.get(LE) != pe::IMAGE_NT_SIGNATURE {
        return Err(malformed("it has a DOS header and no PE header"));
    }
    let optional = offset + 4 + size_of::<pe::ImageFileHeader>() as u64;
    let magic: &object::U16<object::LittleEndian> =
        bytes.read_at(optional).map_err(|()| truncated("the optional header"))?;
    let slice = match magic.get(LE) {
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => slice::<pe::ImageNtHeaders32>(bytes, offset)?,
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => slice::<pe::ImageNtHeaders64>(bytes, offset)?,
        other => return Err(malformed(format!("its optional header has the unknown magic number {other:#x}"))),
    };
    Ok(Facts { format: Format::Pe, slices: vec![slice] })
}

fn malformed(what: impl Into<String>) -> BinaryError {
    BinaryError::malformed(Format::Pe, what)
}

fn truncated(what: &'static str) -> BinaryError {
    BinaryError::Truncated { format: Format::Pe, what }
}

fn slice<Headers: ImageNtHeaders>(bytes: &[u8], mut offset: u64) -> Result<Slice, BinaryError> {
    let (headers, directories) = Headers::parse(bytes, &mut offset).map_err(|_| truncated("the PE header"))?;
    let sections = headers.sections(bytes, offset).map_err(|_| truncated("the table of sections"))?;
    for section in sections.iter() {
        if let Some((start, size)) = section.coff_file_range()
            && u64::from(start) + u64::from(size) > bytes.len() as u64
        {
            return Err(truncated("a section"));
        }
    }
    let file = headers.file_header();
    let optional = headers.optional_header();
    let characteristics = file.characteristics.get(LE).0;
    if characteristics & pe::IMAGE_FILE_EXECUTABLE_IMAGE.0 == 0 {
        return Err(malformed("it is not marked as an image that can be run"));
    }
    let machine = match file.machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_AMD64 if headers.is_type_64() => Machine::Known(Architecture::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 if headers.is_type_64() => Machine::Known(Architecture::Aarch64),
        pe::IMAGE_FILE_MACHINE_I386 if !headers.is_type_64() => Machine::Known(Architecture::I686),
        pe::IMAGE_FILE_MACHINE_AMD64 | pe::IMAGE_FILE_MACHINE_ARM64 | pe::IMAGE_FILE_MACHINE_I386 => {
            return Err(malformed("its machine and its optional header disagree about 32 and 64 bits"));
        }
        other => Machine::Other(other.0.into()),
    };
    let mut strings = Strings::of(Format::Pe);
    let needed = imports(bytes, &directories, &sections, &mut strings)?;
    let dll_characteristics = optional.dll_characteristics().0;
    Ok(Slice {
        machine,
        kind: if characteristics & pe::IMAGE_FILE_DLL.0 == 0 { Kind::Executable } else { Kind::Library },
        linkage: if needed.is_empty() { Linkage::Static } else { Linkage::Dynamic },
        position_independent: dll_characteristics & pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE.0 != 0,
        libc: None,
        needed,
        run_paths: Vec::new(),
        soname: export_name(bytes, &directories, &sections, &mut strings),
        debug_info: sections.iter().any(|section| section.raw_name().starts_with(b".debug")),
        signature: signature(bytes, &directories),
        details: Details::Pe(PeFacts {
            subsystem: optional.subsystem().0,
            minimum_os: OsVersion::new(optional.major_subsystem_version(), optional.minor_subsystem_version()),
        }),
    })
}

/// The bytes from a loaded address on, to the end of its section.
fn at_address<'data>(bytes: &'data [u8], sections: &SectionTable<'data>, address: u32) -> Option<&'data [u8]> {
    sections.iter().find_map(|section| section.pe_data_at(bytes, address))
}

fn imports(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
    strings: &mut Strings,
) -> Result<Vec<Needed>, BinaryError> {
    let mut needed = Vec::new();
    let what = "the table of imports";
    let table = directories.import_table(bytes, sections).map_err(|_| truncated(what))?;
    if let Some(table) = table {
        let mut descriptors = table.descriptors().map_err(|_| truncated(what))?;
        while let Some(descriptor) = descriptors.next().map_err(|_| truncated(what))? {
            push(&mut needed, name_at(bytes, sections, descriptor.name.get(LE), strings)?, false)?;
        }
    }
    let table = directories.delay_load_import_table(bytes, sections).map_err(|_| truncated(what))?;
    if let Some(table) = table {
        let mut descriptors = table.descriptors().map_err(|_| truncated(what))?;
        while let Some(descriptor) = descriptors.next().map_err(|_| truncated(what))? {
            push(&mut needed, name_at(bytes, sections, descriptor.dll_name_rva.get(LE), strings)?, true)?;
        }
    }
    Ok(needed)
}

fn push(needed: &mut Vec<Needed>, name: String, optional: bool) -> Result<(), BinaryError> {
    if needed.len() == MAX_IMPORTS {
        return Err(malformed(format!("it imports from more than {MAX_IMPORTS} DLLs")));
    }
    if !needed.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
        needed.push(Needed { name, optional });
    }
    Ok(())
}

fn name_at(
    bytes: &[u8],
    sections: &SectionTable<'_>,
    address: u32,
    strings: &mut Strings,
) -> Result<String, BinaryError> {
    let what = "the name of a DLL";
    strings.take(at_address(bytes, sections, address).ok_or(truncated(what))?, what)
}

fn export_name(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
    strings: &mut Strings,
) -> Option<String> {
    let directory = directories.export_directory(bytes, sections).ok()??;
    strings.take(at_address(bytes, sections, directory.name.get(LE))?, "the export name").ok()
}

/// The certificate directory: unlike every other, its address is an offset in the file.
fn signature(bytes: &[u8], directories: &DataDirectories<'_>) -> Signature {
    let Some(directory) = directories.get(pe::IMAGE_DIRECTORY_ENTRY_SECURITY) else { return Signature::Absent };
    let (offset, size) = (directory.virtual_address.get(LE), directory.size.get(LE));
    if offset == 0 || size == 0 {
        return Signature::Absent;
    }
    let Ok(table) = bytes.read_bytes_at(offset.into(), size.into()) else {
        return Signature::Broken("it lies beyond the end of the file");
    };
    // WIN_CERTIFICATE: length, revision, and type 2 for a PKCS #7 structure.
    let length = table.first_chunk().map_or(0, |raw| u32::from_le_bytes(*raw));
    let kind = table.get(6..8).and_then(|raw| raw.first_chunk()).map(|raw| u16::from_le_bytes(*raw));
    match (length, kind) {
        (length, _) if length < 9 || length > size => {
            Signature::Broken("its length is not that of the space it lies in")
        }
        (_, Some(2)) => Signature::Present,
        _ => Signature::Broken("it is of an unknown kind"),
    }
}
