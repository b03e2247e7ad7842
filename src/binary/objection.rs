//! The ways in which a binary can break the promise of a platform tag, each as a typed value with its sentence.

use std::fmt;

use super::bundled::Reach;
use super::facts::{Libc, glibc_node};
use super::machine::Machines;
use super::magic::Format;
use super::policy::GLIBC_WITH_INDIRECT_FUNCTIONS;
use crate::target::{Architecture, OsVersion};

/// Whether the loader insists on a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// The program does not start without it.
    Strong,
    /// It starts without it, and finds out at run time.
    Weak,
}

/// What it means that a needed library is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Absence {
    /// The binary does not start on the tag's platforms: the tag (PEP 600, PEP 656) promises that it has all it needs, or the
    /// library is one of the Mac that it was built on.
    BreaksPromise,
    /// The binary does not start where nothing else brings the library; tags of macOS and Windows promise nothing about it.
    Fatal,
    /// Most machines have it: the Visual C++ runtime, which many programs bring along, or what comes with a driver.
    Unlikely,
    /// The binary is a module of Python, which fails to be imported unless something has loaded the library before.
    Preloaded,
    /// The binary starts without it.
    Harmless,
}

/// How grave an objection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// Worth knowing; the promise may still be kept.
    Warning,
    /// The promise is broken on some machines.
    Error,
    /// The binary is for another machine altogether: the tag is refused where it is chosen.
    WrongMachine,
}

/// One way in which a binary breaks the promise of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Objection {
    /// The format is another operating system's.
    Format { found: Format, expected: Format },
    /// No slice is for the tag's architecture.
    Architecture { found: Machines, expected: Architecture },
    /// The tag is `any`, which promises that there is no native code.
    NativeCode,
    /// WebAssembly under the tag of a system that does not run it, or code of this format under one that runs nothing else.
    WebAssembly { found: Option<Format> },
    /// An ELF or Mach-O file of another system than the tag's.
    System { found: String, expected: &'static str },
    /// The lowest version of the operating system is higher than the tag says.
    Floor { system: &'static str, architecture: Architecture, needs: OsVersion, promised: OsVersion },
    /// A Mach-O file that does not say which version of the system it needs.
    NoMinimumOs { system: &'static str, architecture: Architecture },
    /// The API level of Android is higher than the tag says, or not stated.
    ApiLevel { needs: Option<u16>, promised: u16 },
    /// Linked against another C library than the tag's; the evidence is what gave it away.
    Libc { found: Libc, evidence: String, promised: Libc },
    /// The program interpreter is not where the tag's platforms have it.
    Interpreter { found: String, expected: &'static str },
    /// A needed library is neither part of every such platform nor within reach in the wheel.
    NeededLibrary {
        library: String,
        reach: Reach,
        absence: Absence,
        /// The program that loads the file and does not come to the library, where that is another file.
        by: Option<String>,
    },
    /// A version node that the tag's oldest platform does not have.
    SymbolVersion {
        library: String,
        node: String,
        promised: OsVersion,
        strength: Strength,
        /// Some of those bound to it where they are many.
        symbols: Vec<String>,
        /// Whether all of them are weak.
        only_weak: bool,
    },
    /// A function that of all C libraries glibc alone has, under a tag that promises musl.
    GlibcFunction { symbol: String },
    /// A symbol that the library has on some of the tag's platforms only, whatever its version says.
    BlacklistedSymbol { library: String, symbol: &'static str, strength: Strength },
    /// A function of a later musl than the tag promises.
    LaterMusl { symbol: String, needs: OsVersion, promised: OsVersion },
    /// Relative relocations in the packed form, which the C library knows from a version on; glibc takes it only beside its
    /// version node.
    PackedRelocations { libc: Libc, needs: OsVersion, promised: OsVersion, lacks_node: bool },
    /// Code for a higher level of x86-64 than all such processors have.
    ProcessorLevel { level: u8 },
    /// The loader is to call functions that choose others, which glibc knows from a version on, and musl not at all.
    IndirectFunctions { libc: Libc, promised: OsVersion },
    /// A module that Python opens when the program has started, and that counts on variables of a thread beside the program's:
    /// musl has no room for them, and glibc for few.
    StaticTls { libc: Libc, bytes: u64 },
    /// Segments that cannot be mapped in pages as large as kernels have, all of them or some.
    PageSize { page: u64, needs: u64, is_everywhere: bool },
    /// A program that needs libraries and names no loader that would find them.
    NoInterpreter { library: String },
    /// A Mach-O slice without a code signature, or with a defective one. arm64 Macs run nothing unsigned, and other kernels
    /// kill for a defect where the signature itself asks for it.
    Signature { architecture: Architecture, defect: Option<&'static str>, is_enforced: bool },
}

impl Objection {
    pub(crate) fn weight(&self) -> Weight {
        match self {
            Self::Format { .. }
            | Self::Architecture { .. }
            | Self::NativeCode
            | Self::WebAssembly { .. }
            | Self::System { .. } => Weight::WrongMachine,
            Self::SymbolVersion { strength: Strength::Weak, .. }
            | Self::BlacklistedSymbol { strength: Strength::Weak, .. }
            | Self::NeededLibrary { absence: Absence::Unlikely | Absence::Preloaded | Absence::Harmless, .. }
            | Self::PageSize { is_everywhere: false, .. }
            | Self::Signature { architecture: Architecture::X86_64, is_enforced: false, .. } => Weight::Warning,
            _ => Weight::Error,
        }
    }

    /// Whether the tag is not honest because of it. A signature is no part of any tag's promise, and a program does not
    /// fail for what it can do without.
    pub(crate) fn breaks_promise(&self) -> bool {
        match self {
            Self::Signature { .. }
            | Self::PageSize { is_everywhere: false, .. }
            | Self::BlacklistedSymbol { strength: Strength::Weak, .. }
            | Self::SymbolVersion { strength: Strength::Weak, .. } => false,
            Self::NeededLibrary { absence, .. } => *absence == Absence::BreaksPromise,
            _ => true,
        }
    }

    /// The same sentence about a file by its name.
    pub(crate) fn about(&self, file: &str) -> String {
        struct About<'a>(&'a Objection, &'a str);
        impl fmt::Display for About<'_> {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self(objection, file) = self;
                objection.say(&format!("`{file}`"), &format!("the {{}} of `{file}`"), out)
            }
        }
        About(self, file).to_string()
    }

    /// The number of the version node of glibc that is asked for.
    pub(super) fn node(&self) -> Option<OsVersion> {
        match self {
            Self::SymbolVersion { node, .. } => glibc_node(node),
            Self::PackedRelocations { needs, .. } => Some(*needs),
            Self::IndirectFunctions { libc: Libc::Glibc, .. } => Some(GLIBC_WITH_INDIRECT_FUNCTIONS),
            _ => None,
        }
    }

    /// What it says of the file, whatever version of a system was promised.
    pub(super) fn cause(&self) -> Self {
        let mut same = self.clone();
        match &mut same {
            Self::Floor { promised, .. }
            | Self::SymbolVersion { promised, .. }
            | Self::PackedRelocations { promised, .. }
            | Self::IndirectFunctions { promised, .. }
            | Self::LaterMusl { promised, .. } => *promised = OsVersion::new(0, 0),
            Self::ApiLevel { promised, .. } => *promised = 0,
            _ => {}
        }
        same
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.say("it", "its {}", out)
    }
}

impl Objection {
    /// The sentence with its subject; `part` is how a part of the file is named, with `{}` for the part.
    fn say(&self, it: &str, part: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: &str| part.replacen("{}", name, 1);
        let code = |architecture: &Architecture| part(&format!("{architecture} code"));
        match self {
            Self::Format { found, expected } => write!(out, "{it} is {found}, and the tag's platform runs {expected}"),
            Self::Architecture { found, expected } => {
                write!(out, "{it} is built for {found}, and the tag promises {expected}")
            }
            Self::NativeCode => write!(out, "{it} is native code, and the tag promises that there is none"),
            Self::WebAssembly { found: None } => {
                write!(out, "{it} is a WebAssembly module, which is imported under Emscripten alone")
            }
            Self::WebAssembly { found: Some(found) } => {
                write!(out, "{it} is {found}, and the tag's platform runs WebAssembly")
            }
            Self::System { found, expected } => {
                write!(out, "{it} is built for {found}, and the tag promises {expected}")
            }
            Self::Floor { system, architecture, needs, promised } => {
                write!(out, "{} needs {system} {needs}, and the tag promises {promised}", code(architecture))
            }
            Self::NoMinimumOs { system, architecture } => {
                write!(out, "{} does not say which version of {system} it needs", code(architecture))
            }
            Self::ApiLevel { needs: Some(needs), promised } => {
                write!(out, "{it} needs API level {needs} of Android, and the tag promises {promised}")
            }
            Self::ApiLevel { needs: None, .. } => write!(out, "{it} does not say which API level of Android it needs"),
            Self::Libc { found, evidence, promised } => {
                write!(out, "{it} is linked against {found} ({evidence}), and the tag promises {promised}")
            }
            Self::Interpreter { found, expected } => {
                write!(out, "{} is `{found}`, and the tag's platforms have `{expected}`", part("interpreter"))
            }
            Self::NeededLibrary { library, reach: Reach::Outside, absence, by } => {
                write!(out, "{it} needs `{library}`, which the wheel holds where the loader does not look")?;
                match (by, absence) {
                    (Some(program), _) => write!(out, " when `{program}` starts"),
                    (None, Absence::Preloaded) => out.write_str("; no import succeeds before something else loads it"),
                    (None, _) => Ok(()),
                }
            }
            Self::NeededLibrary { library, absence: Absence::Harmless, .. } => {
                write!(
                    out,
                    "{it} uses `{library}` where that exists; neither the tag's platforms nor the wheel have it"
                )
            }
            Self::NeededLibrary { library, absence: Absence::Unlikely, .. } => {
                write!(out, "{it} needs `{library}`, which is not part of Windows, although most machines have it")
            }
            Self::NeededLibrary { library, .. } => {
                write!(out, "{it} needs `{library}`, which neither the tag's platforms nor the wheel have")
            }
            Self::SymbolVersion { library, node, promised, strength, symbols, only_weak } => {
                write!(out, "{it} needs `{node}`")?;
                if let Some(first) = symbols.first() {
                    let weak = if *only_weak { "the weak symbol " } else { "" };
                    write!(out, " for {weak}`{first}`")?;
                    out.write_str(if symbols.len() > 1 { " and others" } else { "" })?;
                }
                write!(out, ", and the tag promises glibc {promised}, whose `{library}` does not have it")?;
                out.write_str(match strength {
                    Strength::Weak => "; it starts without it",
                    Strength::Strong if *only_weak => "; the loader asks for it although the symbol is weak",
                    Strength::Strong => "",
                })
            }
            Self::GlibcFunction { symbol } => {
                write!(out, "{it} uses `{symbol}`, which is glibc's alone, and the tag promises musl")
            }
            Self::BlacklistedSymbol { library, symbol, strength } => {
                let weak = if *strength == Strength::Weak { "weak symbol " } else { "" };
                write!(out, "{it} uses the {weak}`{symbol}`, which `{library}` has on some of the tag's platforms only")
            }
            Self::LaterMusl { symbol, needs, promised } => {
                write!(out, "{it} uses `{symbol}`, which musl has from {needs} on, and the tag promises {promised}")
            }
            Self::PackedRelocations { libc, lacks_node: true, .. } => {
                write!(
                    out,
                    "{it} has packed relocations (`DT_RELR`) and does not need `GLIBC_ABI_DT_RELR`; {libc} refuses that"
                )
            }
            Self::PackedRelocations { libc, needs, promised, .. } => {
                write!(out, "{it} has packed relocations (`DT_RELR`), which {libc} knows from {needs} on")?;
                write!(out, ", and the tag promises {promised}")
            }
            Self::ProcessorLevel { level } => {
                write!(
                    out,
                    "{it} says that it needs a processor of the level x86-64-v{level}, and the tag promises any x86_64"
                )
            }
            Self::IndirectFunctions { libc, promised } => {
                write!(out, "{it} has functions that the loader is to choose (`STT_GNU_IFUNC`), which ")?;
                match libc {
                    Libc::Musl => out.write_str("musl does not know, and the tag promises musl"),
                    libc => {
                        let since = GLIBC_WITH_INDIRECT_FUNCTIONS;
                        write!(out, "{libc} knows from {since} on, and the tag promises {promised}")
                    }
                }
            }
            Self::PageSize { page, needs, is_everywhere } => {
                let needs = needs >> 10;
                let page = if *page < 1024 { format!("{page} bytes") } else { format!("{} KiB", page >> 10) };
                write!(
                    out,
                    "{it} is linked for memory pages of {page}, and the tag's platforms have pages of {needs} KiB"
                )?;
                out.write_str(if *is_everywhere { "" } else { " in part" })
            }
            Self::StaticTls { libc, bytes } => {
                write!(
                    out,
                    "{it} has {bytes} bytes of variables that each thread has its own of, in the model of what is "
                )?;
                match libc {
                    Libc::Musl => {
                        out.write_str("there from the start (initial-exec), and musl opens no such library later")
                    }
                    _ => out.write_str("there from the start (initial-exec), and glibc has no room for as many later"),
                }
            }
            Self::NoInterpreter { library } => {
                write!(out, "{it} needs `{library}` and names no program interpreter, so that nothing loads that")
            }
            Self::Signature { architecture, defect: Some(defect), .. } => {
                write!(out, "the code signature of {} is broken: {defect}", code(architecture))
            }
            Self::Signature { architecture, defect: None, .. } => write!(out, "{} is not signed", code(architecture)),
        }
    }
}
