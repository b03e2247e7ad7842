//! The facts of one binary, as its headers state them; no judgement. A fat Mach-O file has one slice per architecture,
//! every other file exactly one.

use std::fmt;

use serde::Serialize;

use super::dependencies::{DependencyError, DependencyList};
use super::machine::{Machine, Machines};
use super::magic::Format;
use crate::target::OsVersion;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub(crate) format: Format,
    /// Never empty.
    pub(crate) slices: Vec<Slice>,
    /// The list of its dependencies that it carries; `None` where it has none.
    pub(crate) dependencies: Option<Result<DependencyList, DependencyError>>,
}

/// What one architecture of one binary is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) machine: Machine,
    pub(crate) kind: Kind,
    pub(crate) linkage: Linkage,
    /// Whether it can be loaded at any address.
    pub(crate) position_independent: bool,
    /// The C library that it needs at run time; `None` where it needs none or has it inside.
    pub(crate) libc: Option<Libc>,
    /// The libraries that the loader must find, in the order of the file.
    pub(crate) needed: Vec<Needed>,
    /// Where the loader is told to look for them, each directory as the file spells it (ELF lists are split at colons, and
    /// `DT_RPATH` beside `DT_RUNPATH` is passed over as loaders do).
    pub(crate) run_paths: Vec<String>,
    /// The functions for others by which Python starts modules (`PyInit_*`); `None` where their table cannot be read.
    pub(crate) module_starts: Option<Vec<String>>,
    /// Whether the file holds debugging sections.
    pub(crate) debug_info: bool,
    /// How many bytes lie at the end of the file or of a segment where sections say that there is nothing, if not zeros alone.
    pub(crate) appended: u64,
    /// Always absent in ELF files.
    pub(crate) signature: Signature,
    pub(crate) details: Details,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Executable,
    /// A shared library, plug-in or bundle.
    Library,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Linkage {
    /// Needs no loader and no library; loaded at a fixed address.
    Static,
    /// Needs no loader and no library; loaded anywhere.
    StaticPie,
    /// Needs a loader or a library.
    Dynamic,
}

impl fmt::Display for Linkage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
        })
    }
}

/// A C library that a Linux binary is linked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    Glibc,
    Musl,
    /// Android's.
    Bionic,
    /// uClibc and uClibc-ng.
    Uclibc,
}

impl fmt::Display for Libc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Bionic => "bionic",
            Self::Uclibc => "uClibc",
        })
    }
}

/// A library that the loader must find.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Needed {
    /// Soname, dylib path or DLL name, as the file spells it.
    pub(crate) name: String,
    /// Whether the binary starts without it: a weak dylib, a delay-loaded DLL.
    pub(crate) optional: bool,
}

/// A code signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signature {
    Absent,
    /// Its bytes lie in the file, and its hashes are those of the code it covers. Who signed is not judged, nor what a
    /// PE file's covers.
    Present,
    /// Stated by a header, and not there; with what is wrong.
    Broken(&'static str),
}

/// What only one format knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Details {
    Elf(ElfFacts),
    MachO(MachOFacts),
    Pe(PeFacts),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ElfFacts {
    /// The system other than Linux that it is for, where it says so.
    pub(crate) system: Option<&'static str>,
    /// `PT_INTERP`.
    pub(crate) interpreter: Option<String>,
    /// Whether the run paths are of the elder kind (`DT_RPATH`), which serves what the file loads too.
    pub(crate) is_rpath: bool,
    /// Whether relative relocations are packed (`DT_RELR`), which elder loaders pass over.
    pub(crate) has_packed_relocations: bool,
    /// Whether the loader is to call functions of the file that choose others (`STT_GNU_IFUNC`).
    pub(crate) has_indirect_functions: bool,
    /// The level of x86-64 that processors must have, where the file states one; 1 is what all have.
    pub(crate) x86_level: Option<u8>,
    /// The lowest API level of Android, where its note is there.
    pub(crate) android_api: Option<u16>,
    /// The bytes of its variables that each thread has of its own, where its code counts on them beside those of the program
    /// (the initial-exec model), so that they must be there when the program starts, or find room left over.
    pub(crate) static_tls: Option<u64>,
    /// The largest page, up to 64 KiB, that its segments can be mapped in, and what they say that they are aligned to.
    pub(crate) largest_page: u64,
    pub(crate) smallest_alignment: u64,
    /// Whether it says that no program may open it (`DF_1_NOOPEN`).
    pub(crate) is_closed: bool,
    /// Whether the stack is to be executable: `PT_GNU_STACK` with the execute flag.
    pub(crate) executable_stack: bool,
    /// The symbol versions that the loader checks before it starts the file.
    pub(crate) version_needs: Vec<VersionNeed>,
    /// Every symbol that another file must define.
    pub(crate) undefined: Vec<UndefinedSymbol>,
    /// Functions that of all C libraries glibc alone has, and that this file defines itself.
    pub(crate) own_glibc_functions: Vec<String>,
    /// Symbols with names as Python's that this file defines itself, without those that make it a module.
    pub(crate) own_of_python: Vec<String>,
    /// What debuggers alone read.
    pub(crate) debug_sections: Vec<DebugSection>,
}

/// Sections of one kind that no loader reads: debugging information, or the symbols that `strip` removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DebugSection {
    pub(crate) name: &'static str,
    /// All together in bytes.
    pub(crate) size: u64,
}

impl DebugSection {
    /// Whether it is the table of symbols, with their names, that the linker leaves for debuggers (ELF: `.symtab`, `.strtab`).
    pub(crate) fn is_symbol_table(&self) -> bool {
        matches!(self.name, ".symtab" | ".strtab")
    }
}

/// One version node that a library must define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionNeed {
    /// The soname of the library.
    pub(crate) library: String,
    /// Such as `GLIBC_2.17`.
    pub(crate) node: String,
    /// Whether the loader only warns where the node is missing (`VER_FLG_WEAK`).
    pub(crate) optional: bool,
    /// Whether every symbol bound to it is weak, and there is one.
    pub(crate) only_weak_symbols: bool,
    /// The symbols bound to it, sorted; some of them where they are many.
    pub(crate) symbols: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UndefinedSymbol {
    pub(crate) name: String,
    /// Whether the loader accepts its absence.
    pub(crate) weak: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MachOFacts {
    /// `None` without `LC_BUILD_VERSION` or `LC_VERSION_MIN_*`.
    pub(crate) platform: Option<MachOPlatform>,
    /// The lowest version of that platform.
    pub(crate) minimum_os: Option<OsVersion>,
    /// The symbols with names as Python's that another file must define.
    pub(crate) of_python: Vec<UndefinedSymbol>,
    /// Whether the signature asks every kernel to kill a program whose pages are not those that were signed (the hardened
    /// runtime).
    pub(crate) enforces_signature: bool,
}

/// A platform of Mach-O files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MachOPlatform {
    Macos,
    Ios,
    IosSimulator,
    /// An iOS program on macOS.
    MacCatalyst,
    /// With its number in `LC_BUILD_VERSION`.
    Other(u32),
}

/// By their numbers (`PLATFORM_*` in Apple's `mach-o/loader.h`).
const OTHER_PLATFORMS: [(u32, &str); 8] = [
    (3, "tvOS"),
    (4, "watchOS"),
    (5, "bridgeOS"),
    (8, "the tvOS simulator"),
    (9, "the watchOS simulator"),
    (10, "DriverKit"),
    (11, "visionOS"),
    (12, "the visionOS simulator"),
];

impl fmt::Display for MachOPlatform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Macos => formatter.write_str("macOS"),
            Self::Ios => formatter.write_str("iOS"),
            Self::IosSimulator => formatter.write_str("the iOS simulator"),
            Self::MacCatalyst => formatter.write_str("Mac Catalyst"),
            Self::Other(number) => match OTHER_PLATFORMS.iter().find(|(known, _)| known == number) {
                Some((_, name)) => formatter.write_str(name),
                None => write!(formatter, "Apple platform {number}"),
            },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeFacts {
    /// `IMAGE_SUBSYSTEM_*`: 2 windowed, 3 console.
    pub(crate) subsystem: u16,
    /// The version of Windows that the loader asks for (the subsystem version).
    pub(crate) minimum_os: OsVersion,
    /// What of .NET the file holds.
    pub(crate) assembly: Option<Assembly>,
    /// What it imports by name from the library of Python's stable ABI when it is loaded.
    pub(crate) of_stable_abi: Vec<String>,
}

/// An assembly of .NET, which its runtime loads, not Windows alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Assembly {
    /// All code is the intermediate language, for every processor (ECMA-335, II.25.3.3.1: ILONLY, without 32BITREQUIRED
    /// unless that is a mere preference).
    Portable,
    /// Built for one processor, or with native code in it.
    ForMachine,
}

impl Facts {
    /// Whether the file is a library of .NET without native code, which its runtimes load on every system.
    pub(super) fn is_portable_assembly(&self) -> bool {
        self.slices.iter().all(|slice| slice.kind == Kind::Library && slice.assembly() == Some(Assembly::Portable))
    }

    /// Whether the file is a library of .NET, whatever else it holds.
    pub(crate) fn is_assembly(&self) -> bool {
        self.slices.iter().all(|slice| slice.kind == Kind::Library && slice.assembly().is_some())
    }

    /// Those facts that headers state.
    pub(super) fn of_headers(format: Format, slices: Vec<Slice>) -> Self {
        Self { format, slices, dependencies: None }
    }

    /// The list of its dependencies, where it carries one that can be read.
    pub(crate) fn dependency_list(&self) -> Option<&DependencyList> {
        self.dependencies.as_ref()?.as_ref().ok()
    }

    /// Whether one of the slices is a program.
    pub(crate) fn is_executable(&self) -> bool {
        self.slices.iter().any(|slice| slice.kind == Kind::Executable)
    }

    pub(crate) fn machines(&self) -> Machines {
        self.slices.iter().map(|slice| slice.machine).collect()
    }

    /// What is to be said of the signatures of all slices: `valid`, `broken` or `absent`.
    pub(crate) fn signature(&self) -> &'static str {
        let mut signatures = self.slices.iter().map(|slice| &slice.signature);
        if signatures.clone().any(|signature| matches!(signature, Signature::Broken(_))) {
            "broken"
        } else if signatures.all(|signature| *signature == Signature::Present) {
            "valid"
        } else {
            "absent"
        }
    }

    /// Whether every slice carries a signature whose bytes lie in the file.
    pub(crate) fn signed(&self) -> bool {
        self.slices.iter().all(|slice| slice.signature == Signature::Present)
    }

    /// The lowest version of macOS or Windows that every slice runs on; `None` for ELF and where the file is silent.
    pub(crate) fn minimum_os(&self) -> Option<OsVersion> {
        self.slices.iter().filter_map(Slice::minimum_os).max()
    }

    /// The lowest glibc that has every version node needed, by the numbers of the nodes alone.
    pub(crate) fn glibc_floor(&self) -> Option<OsVersion> {
        self.slices.iter().filter_map(Slice::glibc_floor).max()
    }
}

impl Slice {
    /// Its machine, what it asks for, and its signature.
    pub(crate) fn told_apart(&self) -> (Machine, Option<OsVersion>, Signature) {
        (self.machine, self.minimum_os(), self.signature.clone())
    }

    pub(super) fn minimum_os(&self) -> Option<OsVersion> {
        match &self.details {
            Details::Elf(_) => None,
            Details::MachO(facts) => facts.minimum_os,
            Details::Pe(facts) => Some(facts.minimum_os),
        }
    }

    pub(super) fn assembly(&self) -> Option<Assembly> {
        match &self.details {
            Details::Pe(facts) => facts.assembly,
            _ => None,
        }
    }

    /// The greatest `GLIBC_X.Y` node that the loader insists on.
    pub(super) fn glibc_floor(&self) -> Option<OsVersion> {
        let Details::Elf(facts) = &self.details else { return None };
        let insisted = facts.version_needs.iter().filter(|need| need.is_insisted_on());
        insisted.filter_map(VersionNeed::glibc).max()
    }
}

impl VersionNeed {
    /// Whether a file fails where the node is missing: the loader looks for nodes before it looks at symbols, unless the
    /// need itself is optional; then it fails at the first symbol that is not weak.
    pub(super) fn is_insisted_on(&self) -> bool {
        !self.optional || (!self.symbols.is_empty() && !self.only_weak_symbols)
    }

    pub(super) fn glibc(&self) -> Option<OsVersion> {
        glibc_node(&self.node)
    }
}

/// `GLIBC_2.17` and `GLIBC_2.2.5` as their first two numbers.
pub(super) fn glibc_node(node: &str) -> Option<OsVersion> {
    let mut parts = node.strip_prefix("GLIBC_")?.split('.').map(|part| part.parse().ok());
    Some(OsVersion { major: parts.next()??, minor: parts.next()?? })
}
