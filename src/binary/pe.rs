//! PE headers as facts (Microsoft, "PE Format").

use std::collections::BTreeSet;

use object::LittleEndian as LE;
use object::pe;
use object::read::ReadRef as _;
use object::read::coff::{CoffHeader as _, SectionTable, SymbolTable};
use object::read::pe::{
    DataDirectories, ExportTable, ExportTarget, ImageNtHeaders, ImageOptionalHeader, ImageThunkData,
};

use super::bytes::Strings;
use super::error::{BinaryError, FOR_DOS};
use super::facts::{Assembly, Details, Facts, Kind, Linkage, Needed, PeFacts, Signature, Slice};
use super::machine::Machine;
use super::magic::Format;
use super::overlay;
use super::python::{PythonLibrary, is_module_start};
use crate::target::{Architecture, OsVersion};

const PE: Format = Format::Pe;

/// Real programs import from a few dozen.
const MAX_IMPORTS: usize = 4096;

/// Ordinals have 16 bits, so no DLL has more.
const MAX_EXPORTS: usize = 1 << 16;

/// No file has a longer name on Windows.
const MAX_FORWARD: usize = 255;

pub(super) fn read(bytes: &[u8]) -> Result<Facts, BinaryError> {
    let offset = headers_at(bytes)?;
    let slice = match optional_magic(bytes, offset)? {
        pe::IMAGE_NT_OPTIONAL_HDR32_MAGIC => slice::<pe::ImageNtHeaders32>(bytes, offset)?,
        pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC => slice::<pe::ImageNtHeaders64>(bytes, offset)?,
        other => {
            return Err(PE.malformed(format!("its optional header has the unknown magic number {other:#x}")));
        }
    };
    Ok(Facts::of_headers(PE, vec![slice]))
}

/// Where the PE signature stands, with the file header behind it.
fn headers_at(bytes: &[u8]) -> Result<u64, BinaryError> {
    let dos: &pe::ImageDosHeader = bytes.read_at(0).map_err(|()| PE.truncated("the DOS header"))?;
    let offset = u64::from(dos.e_lfanew.get(LE));
    let magic: &object::U32<LE> = bytes.read_at(offset).map_err(|()| PE.truncated("the PE header"))?;
    if magic.get(LE) != pe::IMAGE_NT_SIGNATURE {
        return Err(PE.malformed(FOR_DOS));
    }
    Ok(offset)
}

/// What tells 32-bit from 64-bit images, behind the file header.
fn optional_magic(bytes: &[u8], headers: u64) -> Result<u16, BinaryError> {
    let at = headers + 4 + size_of::<pe::ImageFileHeader>() as u64;
    let magic: &object::U16<LE> = bytes.read_at(at).map_err(|()| PE.truncated("the optional header"))?;
    Ok(magic.get(LE))
}

/// The machine that the header of a file names whose first bytes are `head`.
pub(super) fn machine_of_header(head: &[u8]) -> Option<Machine> {
    let offset = headers_at(head).ok()?;
    let file: &pe::ImageFileHeader = head.read_at(offset + 4).ok()?;
    machine(file.machine.get(LE), optional_magic(head, offset).ok()?).ok()
}

/// The machine of that number, which must have the width that the optional header begins with.
fn machine(number: pe::Machine, magic: u16) -> Result<Machine, BinaryError> {
    let is_wide = magic == pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC;
    Ok(match number {
        pe::IMAGE_FILE_MACHINE_AMD64 if is_wide => Machine::Known(Architecture::X86_64),
        pe::IMAGE_FILE_MACHINE_ARM64 if is_wide => Machine::Known(Architecture::Aarch64),
        pe::IMAGE_FILE_MACHINE_I386 if !is_wide => Machine::Known(Architecture::I686),
        pe::IMAGE_FILE_MACHINE_AMD64 | pe::IMAGE_FILE_MACHINE_ARM64 | pe::IMAGE_FILE_MACHINE_I386 => {
            return Err(PE.malformed("its machine and its optional header disagree about 32 and 64 bits"));
        }
        other => Machine::Other(other.0.into()),
    })
}

fn slice<Headers: ImageNtHeaders>(bytes: &[u8], mut offset: u64) -> Result<Slice, BinaryError> {
    let (headers, directories) = Headers::parse(bytes, &mut offset).map_err(|_| PE.truncated("the PE header"))?;
    let sections = headers.sections(bytes, offset).map_err(|_| PE.truncated("the table of sections"))?;
    for section in sections.iter() {
        if let Some((start, size)) = section.coff_file_range()
            && u64::from(start) + u64::from(size) > bytes.len() as u64
        {
            return Err(PE.truncated("a section"));
        }
    }
    let file = headers.file_header();
    let optional = headers.optional_header();
    let characteristics = file.characteristics.get(LE).0;
    if characteristics & pe::IMAGE_FILE_EXECUTABLE_IMAGE.0 == 0 {
        return Err(PE.malformed("it is not marked as an image that can be run"));
    }
    let machine = match machine(file.machine.get(LE), optional.magic())? {
        Machine::Known(Architecture::X86_64) if has_hybrid_metadata(bytes, &directories, &sections) => Machine::Arm64ec,
        other => other,
    };
    begins_with_code(bytes, optional.address_of_entry_point(), &sections)?;
    let needed = imports(bytes, &directories, &sections, optional.image_base())?;
    let dll_characteristics = optional.dll_characteristics().0;
    Ok(Slice {
        machine,
        kind: if characteristics & pe::IMAGE_FILE_DLL.0 == 0 { Kind::Executable } else { Kind::Library },
        linkage: if needed.is_empty() { Linkage::Static } else { Linkage::Dynamic },
        position_independent: dll_characteristics & pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE.0 != 0,
        libc: None,
        needed,
        run_paths: Vec::new(),
        module_starts: module_starts(bytes, &directories, &sections),
        debug_info: has_debug_info(bytes, file, &sections),
        appended: overlay::of_pe(bytes, file, &directories, &sections),
        signature: signature(bytes, &directories),
        details: Details::Pe(PeFacts {
            subsystem: optional.subsystem().0,
            minimum_os: OsVersion::new(optional.major_subsystem_version(), optional.minor_subsystem_version()),
            assembly: assembly(bytes, machine, &directories, &sections),
            of_stable_abi: of_stable_abi::<Headers>(bytes, &directories, &sections),
        }),
    })
}

/// Whether there are DWARF sections, whose names of more than eight bytes stand behind the symbols.
fn has_debug_info(bytes: &[u8], file: &pe::ImageFileHeader, sections: &SectionTable<'_>) -> bool {
    let strings = file.symbols(bytes).map(|symbols: SymbolTable<'_, &[u8]>| symbols.strings()).unwrap_or_default();
    let is_dwarf = |name: &[u8]| name.starts_with(b".debug_") || name.starts_with(b".zdebug_");
    sections.iter().any(|section| section.name(strings).is_ok_and(is_dwarf))
}

/// Whether loaders take no further imports, whatever the other fields hold.
fn ends_imports(descriptor: &pe::ImageImportDescriptor) -> bool {
    descriptor.name.get(LE) == 0 || descriptor.first_thunk.get(LE) == 0
}

/// Holds that there is something where the code begins: zeros are an access to no address on x86, and undefined on Arm.
/// A library may have no such place at all.
fn begins_with_code(bytes: &[u8], entry: u32, sections: &SectionTable<'_>) -> Result<(), BinaryError> {
    /// Longer than any instruction.
    const INSTRUCTION: usize = 16;
    let code = sections.pe_data_at(bytes, entry).and_then(|code| code.get(..INSTRUCTION)).filter(|_| entry != 0);
    match code {
        Some(code) if code.iter().all(|byte| *byte == 0) => {
            Err(PE.malformed("there are zeros where its code is to begin"))
        }
        _ => Ok(()),
    }
}

/// Whether the load configuration of a file for x64 leads to the metadata of code for Arm (`CHPEMetadataPointer`): the file is
/// one of Arm64EC then, which looks like x64 to all but Windows on Arm (Microsoft, "Arm64EC", and the header `winnt.h`).
fn has_hybrid_metadata(bytes: &[u8], directories: &DataDirectories<'_>, sections: &SectionTable<'_>) -> bool {
    /// Where the pointer stands in the structure, which begins with its own size.
    const POINTER: usize = 0xc8;
    let Some(directory) = directories.get(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG) else { return false };
    let table = sections.pe_data_at(bytes, directory.virtual_address.get(LE)).unwrap_or_default();
    let size = table.first_chunk().map_or(0, |raw| u32::from_le_bytes(*raw) as usize);
    let pointer = table.get(POINTER..POINTER + 8).filter(|_| size >= POINTER + 8);
    pointer.is_some_and(|pointer| pointer.iter().any(|byte| *byte != 0))
}

/// What the header of .NET says, where there is one (ECMA-335, II.25.3.3).
fn assembly(
    bytes: &[u8],
    machine: Machine,
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
) -> Option<Assembly> {
    /// The size of the header, and where the flags stand in it.
    const HEADER: usize = 72;
    const FLAGS: usize = 16;
    let header = directories.get(pe::IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR)?.data(bytes, sections).ok()?;
    let header = header.get(..HEADER)?;
    let flags = u32::from_le_bytes(*header.get(FLAGS..)?.first_chunk()?);
    let has = |flag: pe::CorFlags| flags & flag.0 != 0;
    let is_for_32_bits = has(pe::COMIMAGE_FLAGS_32BITREQUIRED) && !has(pe::COMIMAGE_FLAGS_32BITPREFERRED);
    let is_portable = machine == Machine::Known(Architecture::I686)
        && has(pe::COMIMAGE_FLAGS_ILONLY)
        && !has(pe::COMIMAGE_FLAGS_NATIVE_ENTRYPOINT)
        && !is_for_32_bits;
    Some(if is_portable { Assembly::Portable } else { Assembly::ForMachine })
}

fn imports(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
    image_base: u64,
) -> Result<Vec<Needed>, BinaryError> {
    let mut strings = Strings::of(PE);
    let mut needed: Vec<Needed> = Vec::new();
    let add = |needed: &mut Vec<Needed>, name: String, optional: bool| {
        if needed.len() == MAX_IMPORTS {
            return Err(PE.malformed(format!("it imports from more than {MAX_IMPORTS} DLLs")));
        }
        if !needed.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
            needed.push(Needed { name, optional });
        }
        Ok(())
    };
    let mut need = |address: u32, optional: bool| {
        let what = "the name of a DLL";
        let loaded = sections.iter().find_map(|section| section.pe_data_at(bytes, address));
        let name = strings.take(loaded.ok_or(PE.truncated(what))?, what)?;
        add(&mut needed, name, optional)
    };
    let damaged = |_| PE.truncated("the table of imports");
    if let Some(table) = directories.import_table(bytes, sections).map_err(damaged)? {
        let mut descriptors = table.descriptors().map_err(damaged)?;
        while let Some(descriptor) = descriptors.next().map_err(damaged)? {
            if ends_imports(descriptor) {
                break;
            }
            need(descriptor.name.get(LE), false)?;
        }
    }
    if let Some(table) = directories.delay_load_import_table(bytes, sections).map_err(damaged)? {
        let mut descriptors = table.descriptors().map_err(damaged)?;
        while let Some(descriptor) = descriptors.next().map_err(damaged)? {
            let name = u64::from(descriptor.dll_name_rva.get(LE));
            if name == 0 {
                break;
            }
            // Elder compilers wrote addresses where the image begins at its preferred one.
            let is_relative = descriptor.attributes.get(LE) & 1 != 0;
            let name = if is_relative { Some(name) } else { name.checked_sub(image_base) };
            let name = name.and_then(|name| u32::try_from(name).ok()).ok_or(PE.truncated("the name of a DLL"))?;
            need(name, true)?;
        }
    }
    for name in forwarded(bytes, directories, sections)? {
        add(&mut needed, name, true)?;
    }
    Ok(needed)
}

/// What is imported by name from Python's library of the stable ABI. What cannot be read is passed over here.
fn of_stable_abi<Headers: ImageNtHeaders>(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
) -> Vec<String> {
    let (mut strings, mut names) = (Strings::of(PE), Vec::new());
    let Ok(Some(table)) = directories.import_table(bytes, sections) else { return names };
    let Ok(mut descriptors) = table.descriptors() else { return names };
    while let Ok(Some(descriptor)) = descriptors.next() {
        if ends_imports(descriptor) {
            break;
        }
        let library = sections.pe_data_at(bytes, descriptor.name.get(LE)).unwrap_or_default();
        let library = strings.take(library, "the name of a DLL").unwrap_or_default();
        if PythonLibrary::of(&library) != Some(PythonLibrary::Stable) {
            continue;
        }
        // The list of names is apart from the one that the loader overwrites, unless there is one alone.
        let lists = [descriptor.original_first_thunk.get(LE), descriptor.first_thunk.get(LE)];
        let Some(list) = lists.into_iter().find(|address| *address != 0) else { continue };
        let Ok(mut thunks) = table.thunks(list) else { continue };
        while let Ok(Some(thunk)) = thunks.next::<Headers>() {
            if thunk.is_ordinal() {
                continue;
            }
            let Ok((_, name)) = table.hint_name(thunk.address()) else { continue };
            match strings.take(name, "the name of a symbol") {
                Ok(name) if names.len() < MAX_EXPORTS => names.push(name),
                _ => return names,
            }
        }
    }
    names
}

/// The exported functions that start modules of Python.
fn module_starts(bytes: &[u8], directories: &DataDirectories<'_>, sections: &SectionTable<'_>) -> Option<Vec<String>> {
    let Some(directory) = directories.get(pe::IMAGE_DIRECTORY_ENTRY_EXPORT) else { return Some(Vec::new()) };
    let start = directory.virtual_address.get(LE);
    let table = ExportTable::parse(sections.pe_data_at(bytes, start)?, start).ok()?;
    let mut strings = Strings::of(PE);
    let names = table.name_iter().take(MAX_EXPORTS).map(|(pointer, _)| table.name_from_pointer(pointer).ok());
    let starts = names.filter(|name| name.is_none_or(is_module_start));
    starts.map(|name| strings.take(name?, "the name of a symbol").ok()).collect()
}

/// The DLLs that exports are passed on to: they are loaded when somebody asks for one of those exports.
fn forwarded(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    sections: &SectionTable<'_>,
) -> Result<BTreeSet<String>, BinaryError> {
    let mut names = BTreeSet::new();
    let damaged = |_| PE.truncated("the table of exports");
    let Some(directory) = directories.get(pe::IMAGE_DIRECTORY_ENTRY_EXPORT) else { return Ok(names) };
    // Some linkers state the size of the header alone. Loaders read on, and that size says only what is a forward.
    let (start, size) = (directory.virtual_address.get(LE), directory.size.get(LE));
    let whole = sections.pe_data_at(bytes, start).ok_or(PE.truncated("the table of exports"))?;
    let table = ExportTable::parse(whole, start).map_err(damaged)?;
    let is_forward = |address: u32| address.checked_sub(start).is_some_and(|within| within < size);
    let addresses = table.addresses().iter().take(MAX_EXPORTS).filter(|address| is_forward(address.get(LE)));
    for address in addresses {
        let (ExportTarget::ForwardByOrdinal(library, _) | ExportTarget::ForwardByName(library, _)) =
            table.target_from_address(address.get(LE)).map_err(damaged)?
        else {
            continue;
        };
        let library = String::from_utf8_lossy(&library[..library.len().min(MAX_FORWARD)]).into_owned();
        names.insert(if library.contains('.') { library } else { format!("{library}.dll") });
        if names.len() > MAX_IMPORTS {
            return Err(PE.malformed(format!("it forwards to more than {MAX_IMPORTS} DLLs")));
        }
    }
    Ok(names)
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
