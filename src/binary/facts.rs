//! The facts of one binary, as its headers state them; no judgement. A fat Mach-O file has one slice per architecture,
//! every other file exactly one.

use std::fmt;

use serde::{Serialize, Serializer};

use super::magic::Format;
use crate::target::Architecture;

/// What one binary is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The format of the file.
    pub format: Format,
    /// Whether the file is a fat Mach-O file; one slice is possible there too.
    pub fat: bool,
    /// Never empty.
    pub slices: Vec<Slice>,
}

/// What one architecture of one binary is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The processor it runs on.
    pub machine: Machine,
    /// Program or library.
    pub kind: Kind,
    /// How it is linked.
    pub linkage: Linkage,
    /// Whether it can be loaded at any address.
    pub position_independent: bool,
    /// The C library that it needs at run time; `None` where it needs none or has it inside.
    pub libc: Option<Libc>,
    /// The libraries that the loader must find, in the order of the file.
    pub needed: Vec<Needed>,
    /// Where the loader is told to look for them.
    pub run_paths: Vec<RunPath>,
    /// The name that a library gives itself: ELF soname, Mach-O install name, PE export name.
    pub soname: Option<String>,
    /// Whether the file holds debugging sections.
    pub debug_info: bool,
    /// The code signature; always absent in ELF files.
    pub signature: Signature,
    /// What only one format knows.
    pub details: Details,
}

/// A processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Machine {
    /// One that a platform tag can name.
    Known(Architecture),
    /// Any other, with the number of the format's header.
    Other(u32),
}

impl Machine {
    /// The architecture, where a platform tag can name it.
    #[must_use]
    pub fn architecture(self) -> Option<Architecture> {
        match self {
            Self::Known(architecture) => Some(architecture),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(architecture) => architecture.fmt(formatter),
            Self::Other(number) => write!(formatter, "machine {number:#x}"),
        }
    }
}

impl Serialize for Machine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Program or library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A program.
    Executable,
    /// A shared library, plug-in or bundle.
    Library,
}

/// How a binary is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// The GNU C library.
    Glibc,
    /// musl.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed {
    /// Soname, dylib path or DLL name, as the file spells it.
    pub name: String,
    /// Whether the binary starts without it: a weak dylib, a delay-loaded DLL.
    pub optional: bool,
}

/// A directory that the loader looks in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPath {
    /// Which entry of the format states it.
    pub kind: RunPathKind,
    /// One directory, as the file spells it (ELF lists are split at colons).
    pub path: String,
}

/// The entry that states a run path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunPathKind {
    /// ELF `DT_RPATH`: handed on to the libraries' own libraries.
    Rpath,
    /// ELF `DT_RUNPATH`.
    Runpath,
    /// Mach-O `LC_RPATH`.
    LcRpath,
}

/// A code signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// None.
    Absent,
    /// Present, and its bytes lie in the file. Whether it is valid is not judged.
    Present,
    /// Stated by a header, and not there.
    Broken(
        /// What is wrong with it.
        &'static str,
    ),
}

/// What only one format knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Details {
    /// ELF.
    Elf(ElfFacts),
    /// Mach-O.
    MachO(MachOFacts),
    /// PE.
    Pe(PeFacts),
}

/// What only ELF files state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElfFacts {
    /// `EI_OSABI`; 0 and 3 are what Linux files carry.
    pub os_abi: u8,
    /// `PT_INTERP`.
    pub interpreter: Option<String>,
    /// Whether the stack is to be executable: `PT_GNU_STACK` with the execute flag.
    pub executable_stack: bool,
    /// The symbol versions that the loader checks before it starts the file.
    pub version_needs: Vec<VersionNeed>,
    /// Every symbol that another file must define.
    pub undefined: Vec<UndefinedSymbol>,
}

/// One version node that a library must define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionNeed {
    /// The soname of the library.
    pub library: String,
    /// The node, such as `GLIBC_2.17`.
    pub version: String,
    /// Whether the loader only warns where the node is missing (`VER_FLG_WEAK`).
    pub optional: bool,
    /// Whether every symbol bound to it is weak, and there is one.
    pub only_weak_symbols: bool,
    /// The symbols bound to it, sorted; at most eight, for messages.
    pub symbols: Vec<String>,
}

/// A symbol that another file must define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndefinedSymbol {
    /// Its name.
    pub name: String,
    /// Whether the loader accepts its absence.
    pub weak: bool,
}

/// What only Mach-O files state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachOFacts {
    /// The platform it is built for; `None` without `LC_BUILD_VERSION` or `LC_VERSION_MIN_*`.
    pub platform: Option<MachOPlatform>,
    /// The lowest version of that platform.
    pub minimum_os: Option<OsVersion>,
    /// The SDK it was built with.
    pub sdk: Option<OsVersion>,
}

/// A platform of Mach-O files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MachOPlatform {
    /// macOS.
    Macos,
    /// iOS on a device.
    Ios,
    /// iOS in the simulator.
    IosSimulator,
    /// An iOS program on macOS.
    MacCatalyst,
    /// Any other, with its number in `LC_BUILD_VERSION`.
    Other(u32),
}

impl fmt::Display for MachOPlatform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Macos => formatter.write_str("macOS"),
            Self::Ios => formatter.write_str("iOS"),
            Self::IosSimulator => formatter.write_str("the iOS simulator"),
            Self::MacCatalyst => formatter.write_str("Mac Catalyst"),
            Self::Other(number) => write!(formatter, "Apple platform {number}"),
        }
    }
}

/// A version of an operating system or of glibc. Displays as `MAJOR.MINOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OsVersion {
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
}

impl fmt::Display for OsVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// What only PE files state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeFacts {
    /// `IMAGE_SUBSYSTEM_*`: 2 windowed, 3 console.
    pub subsystem: u16,
    /// The version of Windows that the loader asks for (the subsystem version).
    pub minimum_os: OsVersion,
    /// COFF characteristics.
    pub characteristics: u16,
    /// `IMAGE_DLLCHARACTERISTICS_*`: 0x0040 relocatable, 0x0100 no execution of data.
    pub dll_characteristics: u16,
}

impl Facts {
    /// Whether one of the slices is a program.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.slices.iter().any(|slice| slice.kind == Kind::Executable)
    }

    /// The architectures as one word: `aarch64`, `universal2` for arm64 with x86_64, others joined by `+`.
    #[must_use]
    pub fn architecture(&self) -> String {
        let mut names: Vec<_> = self.slices.iter().map(|slice| slice.machine.to_string()).collect();
        names.sort();
        if names == ["aarch64", "x86_64"] { "universal2".into() } else { names.join("+") }
    }

    /// Whether every slice carries a signature whose bytes lie in the file.
    #[must_use]
    pub fn signed(&self) -> bool {
        self.slices.iter().all(|slice| slice.signature == Signature::Present)
    }

    /// The lowest version of macOS or Windows that every slice runs on; `None` for ELF and where the file is silent.
    #[must_use]
    pub fn minimum_os(&self) -> Option<OsVersion> {
        self.slices.iter().filter_map(Slice::minimum_os).max()
    }

    /// The lowest glibc that has every version node needed, by the numbers of the nodes alone.
    #[must_use]
    pub fn glibc_floor(&self) -> Option<OsVersion> {
        self.slices.iter().filter_map(Slice::glibc_floor).max()
    }
}

impl Slice {
    /// The lowest version of macOS or Windows that the headers ask for.
    #[must_use]
    pub fn minimum_os(&self) -> Option<OsVersion> {
        match &self.details {
            Details::Elf(_) => None,
            Details::MachO(facts) => facts.minimum_os,
            Details::Pe(facts) => Some(facts.minimum_os),
        }
    }

    /// The greatest `GLIBC_X.Y` node that the loader insists on.
    #[must_use]
    pub fn glibc_floor(&self) -> Option<OsVersion> {
        let Details::Elf(facts) = &self.details else { return None };
        let insisted = facts.version_needs.iter().filter(|need| !need.optional);
        insisted.filter_map(|need| glibc_version(&need.version)).max()
    }
}

/// `GLIBC_2.17` and `GLIBC_2.2.5` as their first two numbers.
pub(super) fn glibc_version(node: &str) -> Option<OsVersion> {
    let mut parts = node.strip_prefix("GLIBC_")?.split('.').map(|part| part.parse().ok());
    Some(OsVersion { major: parts.next()??, minor: parts.next()?? })
}
