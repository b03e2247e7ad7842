//! What an ELF file says of the machine and system it is for: its header's number, class, byte order and flags, the
//! attributes of Arm files ("ELF for the Arm Architecture", "Addenda to the ABI") and Android's note. Which libraries it
//! needs is read in `elf`. Notes name levels of processors too (Linux Extensions to gABI, "Program Property").

use object::elf;
use object::read::ReadRef as _;
use object::read::elf::{AttributeReader, FileHeader, ProgramHeader as _, SectionHeader as _};

use super::arm_code::is_mostly_of_version_6;
use super::error::BinaryError;
use super::libc;
use super::machine::Machine;
use super::magic::Format;
use super::sparse::Bytes;
use crate::target::Architecture;

type Endian = object::Endianness;

const ELF: Format = Format::Elf;

/// `Tag_CPU_arch` of the public attributes, and its values from version 6 to version 7.
const TAG_CPU_ARCH: u64 = 6;
const ARM_VERSION_6: [u64; 4] = [6, 7, 8, 9];
const ARM_VERSION_7: u64 = 10;

/// The name and the type of the note that the Android NDK puts into every file.
const ANDROID_NOTE: (&[u8], u32) = (b"Android", 1);

/// What is known of a file beside its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// A program that needs no other file, so that its calling convention is its own affair.
    Static,
    Dynamic,
    Android,
}

/// The architecture, where a platform tag can name it and the file keeps to that architecture's usual calling convention.
pub(super) fn machine<Header: FileHeader<Endian = Endian>>(
    header: &Header,
    endian: Endian,
    bytes: Bytes<'_>,
    setting: Setting,
) -> Result<Machine, BinaryError> {
    use Architecture as A;
    let number = header.e_machine(endian);
    let flags = header.e_flags(endian).0;
    let (wide, little) = (header.is_type_64(), endian == Endian::Little);
    let known = match (number, wide, little) {
        (elf::EM_X86_64, true, true) => A::X86_64,
        (elf::EM_386, false, true) => A::I686,
        (elf::EM_X86_64 | elf::EM_386, _, false) => {
            return Err(ELF.malformed("it claims to be big-endian x86"));
        }
        (elf::EM_386, true, _) => return Err(ELF.malformed("it claims to be 32-bit x86 in a 64-bit file")),
        (elf::EM_AARCH64, true, true) => A::Aarch64,
        (elf::EM_ARM, true, _) => return Err(ELF.malformed("it claims to be 32-bit Arm in a 64-bit file")),
        (elf::EM_ARM, false, true) => match arm(header, endian, bytes, flags, setting) {
            Some(architecture) => architecture,
            None => return Ok(Machine::Other(number.0.into())),
        },
        (elf::EM_RISCV, true, true) if setting == Setting::Static || is_double_riscv(flags) => A::Riscv64,
        // The second ABI came with little-endian systems; old assemblers state none.
        (elf::EM_PPC64, true, true) if flags & elf::EF_PPC64_ABI != 1 => A::Ppc64le,
        (elf::EM_S390, true, false) => A::S390x,
        (elf::EM_LOONGARCH, true, true) if setting == Setting::Static || is_double_loongarch(flags) => A::Loongarch64,
        _ => return Ok(Machine::Other(number.0.into())),
    };
    Ok(Machine::Known(known))
}

fn is_double_riscv(flags: u32) -> bool {
    flags & elf::EF_RISCV_FLOAT_ABI == elf::EF_RISCV_FLOAT_ABI_DOUBLE.0 && flags & elf::EF_RISCV_RVE.0 == 0
}

fn is_double_loongarch(flags: u32) -> bool {
    flags & elf::EF_LARCH_ABI_MODIFIER_MASK == elf::EF_LARCH_ABI_DOUBLE_FLOAT.0
}

/// Version 6 or 7 of Arm with hard float; Android passes floating-point numbers otherwise. A file that states no version,
/// as Go writes them, is taken for version 7.
fn arm<Header: FileHeader<Endian = Endian>>(
    header: &Header,
    endian: Endian,
    bytes: Bytes<'_>,
    flags: u32,
    setting: Setting,
) -> Option<Architecture> {
    if flags & elf::EF_ARM_ABI_FLOAT_SOFT != 0 && setting == Setting::Dynamic {
        return None;
    }
    match cpu_version(header, endian, bytes) {
        Some(ARM_VERSION_7) if is_mostly_of_version_6(code(header, endian, bytes)) => Some(Architecture::Armv6),
        None | Some(ARM_VERSION_7) => Some(Architecture::Armv7),
        // 0 to 5 are elder still, and code for them runs on version 6.
        Some(version) if version < ARM_VERSION_6[0] || ARM_VERSION_6.contains(&version) => Some(Architecture::Armv6),
        Some(_) => None,
    }
}

/// What of a file is loaded to be run.
fn code<'a, Header: FileHeader<Endian = Endian>>(
    header: &Header,
    endian: Endian,
    bytes: Bytes<'a>,
) -> impl Iterator<Item = &'a [u8]> {
    let segments = header.program_headers(endian, bytes).unwrap_or_default();
    let is_code = move |segment: &&Header::ProgramHeader| {
        segment.p_type(endian) == elf::PT_LOAD && segment.p_flags(endian).0 & elf::PF_X.0 != 0
    };
    segments.iter().filter(is_code).filter_map(move |segment| segment.data(endian, bytes).ok())
}

/// Whether a 32-bit file has attributes that name a version of Arm.
pub(super) fn states_arm_version(bytes: Bytes<'_>) -> bool {
    let header: Result<&elf::FileHeader32<Endian>, ()> = bytes.read_at(0);
    let endian = header.and_then(|header| header.endian().map(|endian| (header, endian)).map_err(|_| ()));
    endian.is_ok_and(|(header, endian)| cpu_version(header, endian, bytes).is_some())
}

/// `Tag_CPU_arch` of a file's public attributes.
fn cpu_version<Header: FileHeader<Endian = Endian>>(header: &Header, endian: Endian, bytes: Bytes<'_>) -> Option<u64> {
    let sections = header.section_headers(endian, bytes).ok()?;
    let section = sections.iter().find(|section| section.sh_type(endian) == elf::SHT_ARM_ATTRIBUTES)?;
    let mut vendors = section.attributes(endian, bytes).ok()?.subsections().ok()?;
    while let Ok(Some(vendor)) = vendors.next() {
        if vendor.vendor() != b"aeabi" {
            continue;
        }
        let mut scopes = vendor.subsubsections();
        while let Ok(Some(scope)) = scopes.next() {
            if scope.tag() == elf::Tag_File
                && let Some(version) = integer(scope.attributes(), TAG_CPU_ARCH)
            {
                return Some(version);
            }
        }
    }
    None
}

/// The value of one attribute; those before it are passed over by their kinds.
fn integer(mut attributes: AttributeReader<'_>, wanted: u64) -> Option<u64> {
    while let Some(tag) = attributes.read_tag().ok()? {
        match tag {
            _ if tag == wanted => return attributes.read_integer().ok(),
            // `Tag_compatibility` has a number and a text.
            32 => {
                attributes.read_integer().ok()?;
                attributes.read_string().ok()?;
            }
            4 | 5 | 65.. if tag < 32 || tag % 2 == 1 => _ = attributes.read_string().ok()?,
            _ => _ = attributes.read_integer().ok()?,
        }
    }
    None
}

/// What the notes of a file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Notes {
    /// The API level of Android.
    pub(crate) android_api: Option<u16>,
    /// The level of x86-64 that a processor must have (System V ABI, AMD64 supplement, "Micro-Architecture Levels"); 1 is
    /// what all have.
    pub(crate) x86_level: Option<u8>,
    /// The system that the file is for, where that is not Linux.
    pub(crate) system: Option<&'static str>,
}

pub(super) fn notes<Header: FileHeader<Endian = Endian>>(
    segments: &[Header::ProgramHeader],
    endian: Endian,
    bytes: Bytes<'_>,
) -> Notes {
    let mut found = Notes::default();
    for segment in segments {
        let Ok(Some(mut notes)) = segment.notes(endian, bytes) else { continue };
        while let Ok(Some(note)) = notes.next() {
            if (note.name(), note.n_type(endian).0) == ANDROID_NOTE && found.android_api.is_none() {
                let level = note.desc().first_chunk::<4>().map(|level| match endian {
                    Endian::Little => u32::from_le_bytes(*level),
                    Endian::Big => u32::from_be_bytes(*level),
                });
                found.android_api = level.and_then(|level| level.try_into().ok());
            }
            found.system = found.system.or(libc::system_of_note(note.name(), note.n_type(endian).0, note.desc()));
            let Some(mut properties) = note.gnu_properties(endian) else { continue };
            while let Ok(Some(property)) = properties.next() {
                if property.pr_type() == elf::GNU_PROPERTY_X86_ISA_1_NEEDED
                    && let Ok(levels) = property.data_u32(endian)
                {
                    // The lowest four bits are the four levels.
                    let level = (1..=4).rev().find(|level| levels & 1 << (level - 1) != 0);
                    found.x86_level = found.x86_level.max(level);
                }
            }
        }
    }
    found
}
