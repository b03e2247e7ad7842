//! Where the facts of a binary break the promise of a platform tag (PEP 600, PEP 656, `packaging.tags`), each as a typed
//! value with its sentence. What follows from an objection is decided by the step that asked.

use std::collections::BTreeSet;
use std::fmt;

use super::facts::{Details, ElfFacts, Facts, Kind, Libc, MachOFacts, MachOPlatform, OsVersion, Signature, Slice};
use super::inventory::{BundledLibraries, Reach};
use super::magic::Format;
use super::{policy, system};
use crate::target::{Architecture, MacosArchitecture, PlatformTag};

/// Whether the loader insists on a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// The program does not start without it.
    Strong,
    /// Only weak symbols ask for it.
    Weak,
}

/// What it means that a needed library is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absence {
    /// The binary does not start, and the tag (PEP 600, PEP 656) promises that it has all it needs.
    BreaksPromise,
    /// The binary does not start; tags of macOS and Windows promise nothing about it.
    Fatal,
    /// Most machines have it: the Visual C++ runtime, which CPython and many programs bring along.
    Unlikely,
    /// The binary starts without it.
    Harmless,
}

/// How grave an objection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing; the promise may still be kept.
    Warning,
    /// The promise is broken on some machines.
    Error,
    /// The binary is for another machine altogether: the tag is refused where it is chosen.
    WrongMachine,
}

/// One way in which a binary breaks the promise of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The format is another operating system's.
    Format {
        /// The format of the file.
        found: Format,
        /// The format that the tag's platform runs.
        expected: Format,
    },
    /// No slice is for the tag's architecture.
    Architecture {
        /// What the file is for.
        found: String,
        /// What the tag names.
        expected: Architecture,
    },
    /// The tag is `any`, which promises that there is no native code.
    NativeCode,
    /// An ELF or Mach-O file of another system than the tag's.
    System {
        /// What it is built for.
        found: String,
        /// What the tag names.
        expected: &'static str,
    },
    /// The lowest version of the operating system is higher than the tag says.
    Floor {
        /// The architecture of the slice.
        architecture: Architecture,
        /// What the binary needs.
        needs: OsVersion,
        /// What the tag promises.
        promised: OsVersion,
    },
    /// A Mach-O file that does not say which macOS it needs.
    NoMinimumOs {
        /// The architecture of the slice.
        architecture: Architecture,
    },
    /// Linked against another C library than the tag's.
    Libc {
        /// The C library of the binary.
        found: Libc,
        /// What gave it away.
        evidence: String,
        /// The C library that the tag promises.
        promised: Libc,
    },
    /// The program interpreter is not where the tag's platforms have it.
    Interpreter {
        /// What the binary names.
        found: String,
        /// What the platform has.
        expected: String,
    },
    /// A needed library is neither part of every such platform nor within reach in the wheel.
    NeededLibrary {
        /// The library, as the binary spells it.
        library: String,
        /// Whether the wheel holds it somewhere.
        reach: Reach,
        /// What its absence means.
        absence: Absence,
    },
    /// A symbol version that the tag's oldest platform does not have.
    SymbolVersion {
        /// The library that must define it.
        library: String,
        /// The version node.
        version: String,
        /// What the tag promises.
        promised: OsVersion,
        /// Whether only weak symbols need it.
        strength: Strength,
        /// Some of the symbols.
        symbols: Vec<String>,
    },
    /// A symbol that the library has on some of the tag's platforms only, whatever its version says.
    BlacklistedSymbol {
        /// The library.
        library: String,
        /// The symbol.
        symbol: String,
        /// Whether the binary starts without it.
        strength: Strength,
    },
    /// A function of a later musl than the tag promises.
    LaterMusl {
        /// The function.
        symbol: String,
        /// The version that has it.
        needs: OsVersion,
        /// What the tag promises.
        promised: OsVersion,
    },
    /// A Mach-O slice without a code signature, or with one that is not in the file. arm64 Macs run nothing unsigned.
    Signature {
        /// The architecture of the slice.
        architecture: Architecture,
        /// What is wrong with the signature; `None` where there is none.
        defect: Option<&'static str>,
    },
}

impl Objection {
    /// How grave it is.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self {
            Self::Format { .. } | Self::Architecture { .. } | Self::NativeCode | Self::System { .. } => {
                Weight::WrongMachine
            }
            Self::SymbolVersion { strength: Strength::Weak, .. }
            | Self::BlacklistedSymbol { strength: Strength::Weak, .. }
            | Self::NeededLibrary { absence: Absence::Unlikely | Absence::Harmless, .. }
            | Self::Signature { architecture: Architecture::X86_64, .. } => Weight::Warning,
            _ => Weight::Error,
        }
    }

    /// Whether the tag is not honest because of it. A signature is no part of any tag's promise; a weak symbol may be
    /// absent, but a version node must not be: the loader checks nodes before it looks at symbols.
    #[must_use]
    pub fn breaks_promise(&self) -> bool {
        match self {
            Self::Signature { .. } | Self::BlacklistedSymbol { strength: Strength::Weak, .. } => false,
            Self::NeededLibrary { absence, .. } => *absence == Absence::BreaksPromise,
            _ => true,
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format { found, expected } => write!(out, "it is {found}, and the tag's platform runs {expected}"),
            Self::Architecture { found, expected } => {
                write!(out, "it is built for {found}, and the tag promises {expected}")
            }
            Self::NativeCode => out.write_str("it is native code, and the tag promises that there is none"),
            Self::System { found, expected } => write!(out, "it is built for {found}, and the tag promises {expected}"),
            Self::Floor { architecture, needs, promised } => {
                write!(out, "its {architecture} code needs macOS {needs}, and the tag promises {promised}")
            }
            Self::NoMinimumOs { architecture } => {
                write!(out, "its {architecture} code does not say which version of macOS it needs")
            }
            Self::Libc { found, evidence, promised } => {
                write!(out, "it is linked against {found} ({evidence}), and the tag promises {promised}")
            }
            Self::Interpreter { found, expected } => {
                write!(out, "its interpreter is `{found}`, and the tag's platforms have `{expected}`")
            }
            Self::NeededLibrary { library, reach: Reach::OutOfReach, .. } => {
                write!(out, "it needs `{library}`, which the wheel holds where none of its run paths leads")
            }
            Self::NeededLibrary { library, absence: Absence::Harmless, .. } => {
                write!(out, "it uses `{library}` where that exists; neither the tag's platforms nor the wheel have it")
            }
            Self::NeededLibrary { library, absence: Absence::Unlikely, .. } => {
                write!(out, "it needs `{library}`, which is not part of Windows, although most machines have it")
            }
            Self::NeededLibrary { library, .. } => {
                write!(out, "it needs `{library}`, which neither the tag's platforms nor the wheel have")
            }
            Self::SymbolVersion { library, version, promised, strength, symbols } => {
                write!(out, "it needs `{version}` of `{library}`")?;
                if let Some(first) = symbols.first() {
                    let weak = if *strength == Strength::Weak { "weak symbol " } else { "" };
                    write!(out, " ({weak}`{first}`")?;
                    out.write_str(if symbols.len() > 1 { " and others)" } else { ")" })?;
                }
                write!(out, ", and the tag promises glibc {promised}, which does not have it")
            }
            Self::BlacklistedSymbol { library, symbol, strength } => {
                let weak = if *strength == Strength::Weak { "weak symbol " } else { "" };
                write!(out, "it uses the {weak}`{symbol}`, which `{library}` has on some of the tag's platforms only")
            }
            Self::LaterMusl { symbol, needs, promised } => {
                write!(out, "it uses `{symbol}`, which musl has from {needs} on, and the tag promises {promised}")
            }
            Self::Signature { architecture, defect: Some(defect) } => {
                write!(out, "the code signature of its {architecture} code is broken: {defect}")
            }
            Self::Signature { architecture, defect: None } => write!(out, "its {architecture} code is not signed"),
        }
    }
}

/// Every way in which `facts` break the promise of `tag`, in the order of the file. `member` is where the binary lies in
/// the wheel, separated by `/`; `bundled` are the libraries beside it.
///
/// The empty list means that the tag is honest; tags of platforms without rules here (`linux_*`, `ios_*`, ...) are held
/// to nothing but format and architecture.
#[must_use]
pub fn objections(facts: &Facts, tag: &PlatformTag, member: &str, bundled: &BundledLibraries) -> Vec<Objection> {
    let tag = tag.canonical();
    let expected = match &tag {
        PlatformTag::Any => return vec![Objection::NativeCode],
        PlatformTag::Other(_) => return Vec::new(),
        PlatformTag::Macos { .. } => Format::MachO,
        PlatformTag::Windows(_) => Format::Pe,
        _ => Format::Elf,
    };
    if facts.format != expected {
        return vec![Objection::Format { found: facts.format, expected }];
    }
    let mut found = Vec::new();
    for architecture in tag.architectures() {
        let slice = facts.slices.iter().find(|slice| slice.machine.architecture() == Some(architecture));
        let Some(slice) = slice else {
            found.push(Objection::Architecture { found: facts.architecture(), expected: architecture });
            continue;
        };
        match (&tag, &slice.details) {
            (PlatformTag::Macos { major, minor, architecture: named }, Details::MachO(details)) => {
                let promised = macos_promise(OsVersion { major: *major, minor: *minor }, architecture, *named);
                macos(slice, details, architecture, promised, &mut found);
            }
            (PlatformTag::Manylinux { major, minor, .. }, Details::Elf(details)) => {
                let promised = OsVersion { major: *major, minor: *minor };
                let brought = |library: &str| serves(slice, bundled.reach(member, slice, library));
                manylinux(slice, details, architecture, promised, &brought, &mut found);
            }
            (PlatformTag::Musllinux { major, minor, .. }, Details::Elf(details)) => {
                musllinux(slice, details, architecture, OsVersion { major: *major, minor: *minor }, &mut found);
            }
            (PlatformTag::Linux(_), Details::Elf(details)) => foreign_system(slice, details, &mut found),
            _ => {}
        }
        libraries(slice, &tag, architecture, member, bundled, &mut found);
    }
    found
}

/// No arm64 Mac runs anything older than macOS 11, so a lower number promises no more.
fn macos_promise(tag: OsVersion, slice: Architecture, named: MacosArchitecture) -> OsVersion {
    let first_arm = OsVersion { major: 11, minor: 0 };
    if slice == Architecture::Aarch64 && named == MacosArchitecture::Universal2 { tag.max(first_arm) } else { tag }
}

fn macos(
    slice: &Slice,
    details: &MachOFacts,
    architecture: Architecture,
    promised: OsVersion,
    found: &mut Vec<Objection>,
) {
    match details.platform {
        Some(MachOPlatform::Macos) => {}
        Some(other) => return found.push(Objection::System { found: other.to_string(), expected: "macOS" }),
        None => found.push(Objection::NoMinimumOs { architecture }),
    }
    if let Some(needs) = details.minimum_os
        && macos_comparable(needs) > promised
    {
        found.push(Objection::Floor { architecture, needs, promised });
    }
    match slice.signature {
        Signature::Present => {}
        Signature::Absent => found.push(Objection::Signature { architecture, defect: None }),
        Signature::Broken(defect) => found.push(Objection::Signature { architecture, defect: Some(defect) }),
    }
}

/// macOS 10.16 is the name that macOS 11 gives itself to old programs.
fn macos_comparable(version: OsVersion) -> OsVersion {
    if version == (OsVersion { major: 10, minor: 16 }) { OsVersion { major: 11, minor: 0 } } else { version }
}

fn foreign_system(slice: &Slice, details: &ElfFacts, found: &mut Vec<Objection>) {
    if let Some(name) = system::other_than_linux(details.os_abi) {
        found.push(Objection::System { found: name.into(), expected: "Linux" });
    } else if slice.libc == Some(Libc::Bionic) {
        found.push(Objection::System { found: "Android".into(), expected: "Linux" });
    }
}

fn manylinux(
    slice: &Slice,
    details: &ElfFacts,
    architecture: Architecture,
    promised: OsVersion,
    brought: &dyn Fn(&str) -> bool,
    found: &mut Vec<Objection>,
) {
    let before = found.len();
    foreign_system(slice, details, found);
    if found.len() > before {
        return;
    }
    if let Some(libc) = slice.libc
        && libc != Libc::Glibc
    {
        found.push(Objection::Libc {
            found: libc,
            evidence: system::libc_evidence(slice, details),
            promised: Libc::Glibc,
        });
        return;
    }
    let expected = system::glibc_interpreter(architecture);
    if let Some(interpreter) = &details.interpreter
        && interpreter != expected
    {
        found.push(Objection::Interpreter { found: interpreter.clone(), expected: expected.into() });
    }
    for need in &details.version_needs {
        // A library that the wheel brings along defines its own nodes, whatever the platform's copy has.
        if policy::manylinux_allows_version(promised, architecture, need) || brought(&need.library) {
            continue;
        }
        let weak = need.optional || need.only_weak_symbols;
        found.push(Objection::SymbolVersion {
            library: need.library.clone(),
            version: need.version.clone(),
            promised,
            strength: if weak { Strength::Weak } else { Strength::Strong },
            symbols: need.symbols.clone(),
        });
    }
    blacklisted(slice, details, |library| policy::manylinux_blacklist(promised, library), found);
}

fn musllinux(
    slice: &Slice,
    details: &ElfFacts,
    architecture: Architecture,
    promised: OsVersion,
    found: &mut Vec<Objection>,
) {
    let before = found.len();
    foreign_system(slice, details, found);
    if found.len() > before {
        return;
    }
    if let Some(libc) = slice.libc
        && libc != Libc::Musl
    {
        found.push(Objection::Libc {
            found: libc,
            evidence: system::libc_evidence(slice, details),
            promised: Libc::Musl,
        });
        return;
    }
    let expected = system::musl_interpreter(architecture);
    if let Some(interpreter) = &details.interpreter
        && !expected.contains(&interpreter.as_str())
    {
        found.push(Objection::Interpreter { found: interpreter.clone(), expected: expected[0].into() });
    }
    if slice.libc == Some(Libc::Musl) {
        for symbol in details.undefined.iter().filter(|symbol| !symbol.weak) {
            if let Some(needs) = policy::musl_with(&symbol.name).filter(|needs| *needs > promised) {
                found.push(Objection::LaterMusl { symbol: symbol.name.clone(), needs, promised });
            }
        }
    }
    blacklisted(slice, details, policy::musllinux_blacklist, found);
}

fn blacklisted(
    slice: &Slice,
    details: &ElfFacts,
    blacklist: impl Fn(&str) -> Vec<&'static str>,
    found: &mut Vec<Objection>,
) {
    let mut seen = BTreeSet::new();
    for library in &slice.needed {
        for name in blacklist(&library.name) {
            let Some(symbol) = details.undefined.iter().find(|symbol| symbol.name == name) else { continue };
            if seen.insert(name) {
                found.push(Objection::BlacklistedSymbol {
                    library: library.name.clone(),
                    symbol: name.to_owned(),
                    strength: if symbol.weak { Strength::Weak } else { Strength::Strong },
                });
            }
        }
    }
}

/// A library is loaded by a program that has the others loaded already, found by their sonames; a program needs a way.
fn serves(slice: &Slice, reach: Reach) -> bool {
    reach == Reach::InReach || (reach == Reach::OutOfReach && slice.kind == Kind::Library)
}

fn libraries(
    slice: &Slice,
    tag: &PlatformTag,
    architecture: Architecture,
    member: &str,
    bundled: &BundledLibraries,
    found: &mut Vec<Objection>,
) {
    let wrong_libc =
        found.iter().any(|objection| matches!(objection, Objection::Libc { .. } | Objection::System { .. }));
    for needed in &slice.needed {
        let on_platform = match tag {
            PlatformTag::Manylinux { major, minor, .. } => {
                let floor = OsVersion { major: *major, minor: *minor };
                policy::manylinux_has_library(floor, architecture, &needed.name)
            }
            PlatformTag::Musllinux { .. } => policy::musllinux_has_library(&needed.name),
            PlatformTag::Macos { .. } => policy::macos_has_library(&needed.name),
            PlatformTag::Windows(_) => policy::windows_has_library(&needed.name),
            _ => true,
        };
        // Of a binary for another C library, only what no platform has says anything new.
        if on_platform || (wrong_libc && policy::on_some_linux(&needed.name)) {
            continue;
        }
        let reach = bundled.reach(member, slice, &needed.name);
        if !serves(slice, reach) {
            let absence = match tag {
                _ if needed.optional => Absence::Harmless,
                PlatformTag::Windows(_) if policy::visual_cpp_runtime(&needed.name) => Absence::Unlikely,
                PlatformTag::Windows(_) | PlatformTag::Macos { .. } => Absence::Fatal,
                _ => Absence::BreaksPromise,
            };
            found.push(Objection::NeededLibrary { library: needed.name.clone(), reach, absence });
        }
    }
}
