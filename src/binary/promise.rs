//! The facts of a binary held against the promise of a platform tag (PEP 600, 656, 730, 738, `packaging.tags`). What follows
//! from an objection is decided by the step that asked.

use std::cell::{LazyCell, OnceCell};
use std::collections::{HashMap, HashSet};

use super::bundled::{BundledLibraries, Reach};
use super::facts::{
    Assembly, Details, ElfFacts, Facts, Kind, Libc, Linkage, MachOFacts, MachOPlatform, Needed, Signature, Slice,
};
use super::loading::imports_python;
use super::magic::Format;
use super::objection::{Absence, Objection, Strength};
use super::python::{PythonLibrary, is_extension_module};
use super::search::Image;
use super::{libc, policy, wasm};
use crate::target::{Architecture, IosMachine, MacosArchitecture, OsVersion, PlatformTag};

const MACOS: &str = "macOS";

/// Every way in which `facts` break the promise of `tag`, in the order of the file. `member` is where the binary lies in
/// the wheel, separated by `/`; `bundled` are the libraries beside it.
///
/// The empty list means that the tag is honest; `linux_*` is held to nothing but format and architecture, and tags of
/// platforms without rules here to nothing at all.
pub(super) fn objections(facts: &Facts, tag: &PlatformTag, member: &str, bundled: &BundledLibraries) -> Vec<Objection> {
    let tag = tag.canonical();
    let expected = match &tag {
        PlatformTag::Any => return vec![Objection::NativeCode],
        tag if wasm::runs_on(tag) => return vec![Objection::WebAssembly { found: Some(facts.format) }],
        PlatformTag::Other(_) => return Vec::new(),
        PlatformTag::Macos { .. } | PlatformTag::Ios { .. } => Format::MachO,
        PlatformTag::Windows(_) => Format::Pe,
        _ => Format::Elf,
    };
    if facts.format != expected {
        return vec![Objection::Format { found: facts.format, expected }];
    }
    let mut found = Vec::new();
    for architecture in tag.architectures() {
        // A program of .NET for every processor is started as one for the processor of the machine.
        let runs = |slice: &&Slice| {
            slice.machine.architecture().is_some_and(|built| built.runs_on(architecture))
                || slice.assembly() == Some(Assembly::Portable)
        };
        let slice = facts.slices.iter().find(runs);
        match slice {
            Some(slice) => {
                let image = OnceCell::new();
                let trial = Trial { slice, architecture, member, image, bundled, found: Vec::new() };
                found.extend(trial.hold(&tag));
            }
            None => found.push(Objection::Architecture { found: facts.machines(), expected: architecture }),
        }
    }
    found
}

/// One slice, held against the part of the promise that is about its architecture.
struct Trial<'a> {
    slice: &'a Slice,
    architecture: Architecture,
    member: &'a str,
    /// Made where a library of the wheel is looked for.
    image: OnceCell<Image<'a>>,
    bundled: &'a BundledLibraries,
    found: Vec<Objection>,
}

impl Trial<'_> {
    fn hold(mut self, tag: &PlatformTag) -> Vec<Objection> {
        match (tag, &self.slice.details) {
            (PlatformTag::Macos { minimum, architecture }, Details::MachO(details)) => {
                self.macos(details, *minimum, *architecture);
            }
            (PlatformTag::Ios { minimum, machine }, Details::MachO(details)) => self.ios(details, *minimum, *machine),
            (PlatformTag::Android { api_level, .. }, Details::Elf(details)) => self.android(details, *api_level),
            (PlatformTag::Manylinux { glibc, .. }, Details::Elf(details)) => self.manylinux(details, *glibc),
            (PlatformTag::Musllinux { musl, .. }, Details::Elf(details)) => self.musllinux(details, *musl),
            (PlatformTag::Linux(_), Details::Elf(details)) => self.found.extend(self.foreign_system(details)),
            _ => {}
        }
        if let Details::Elf(ElfFacts { x86_level: Some(level @ 2..), .. }) = self.slice.details
            && self.architecture == Architecture::X86_64
        {
            self.found.push(Objection::ProcessorLevel { level });
        }
        self.libraries(tag);
        self.found
    }

    fn macos(&mut self, details: &MachOFacts, minimum: OsVersion, named: MacosArchitecture) {
        let architecture = self.architecture;
        match details.platform {
            Some(MachOPlatform::Macos) => {}
            Some(other) => return self.found.push(Objection::System { found: other.to_string(), expected: MACOS }),
            None => self.found.push(Objection::NoMinimumOs { system: MACOS, architecture }),
        }
        // No arm64 Mac runs anything older than macOS 11, so a lower number promises no more.
        let arm_beside_intel = architecture == Architecture::Aarch64 && named == MacosArchitecture::Universal2;
        let promised = if arm_beside_intel { minimum.max(policy::FIRST_ARM_MACOS) } else { minimum };
        if let Some(needs) = details.minimum_os.filter(|needs| policy::macos_named(*needs) > promised) {
            self.found.push(Objection::Floor { system: MACOS, architecture, needs, promised });
        }
        let defect = match self.slice.signature {
            Signature::Present => return,
            Signature::Absent => None,
            Signature::Broken(defect) => Some(defect),
        };
        // What is not signed asks for nothing.
        let is_enforced = defect.is_some() && details.enforces_signature && self.slice.kind == Kind::Executable;
        self.found.push(Objection::Signature { architecture, defect, is_enforced });
    }

    /// What runs on iOS is signed when an app is made of it.
    fn ios(&mut self, details: &MachOFacts, promised: OsVersion, machine: IosMachine) {
        let (platform, expected) = match machine.is_simulator() {
            true => (MachOPlatform::IosSimulator, "the iOS simulator"),
            false => (MachOPlatform::Ios, "iOS"),
        };
        match details.platform {
            Some(stated) if stated == platform => {}
            Some(other) => return self.found.push(Objection::System { found: other.to_string(), expected }),
            None => self.found.push(Objection::NoMinimumOs { system: "iOS", architecture: self.architecture }),
        }
        // Linkers write no less than what the first Macs with arm64 had to simulate.
        let is_arm = self.architecture == Architecture::Aarch64;
        let promised = if machine.is_simulator() && is_arm { promised.max(policy::FIRST_ARM_IOS) } else { promised };
        if let Some(needs) = details.minimum_os.filter(|needs| *needs > promised) {
            let architecture = self.architecture;
            self.found.push(Objection::Floor { system: "iOS", architecture, needs, promised });
        }
    }

    fn android(&mut self, details: &ElfFacts, promised: u16) {
        if self.slice.libc != Some(Libc::Bionic) {
            let found = details.system.unwrap_or("Linux").into();
            return self.found.push(Objection::System { found, expected: "Android" });
        }
        if details.android_api.is_none_or(|needs| needs > promised) {
            self.found.push(Objection::ApiLevel { needs: details.android_api, promised });
        }
    }

    fn foreign_system(&self, details: &ElfFacts) -> Option<Objection> {
        let found = match details.system {
            Some(name) => name,
            None if self.slice.libc == Some(Libc::Bionic) => "Android",
            None => return None,
        };
        Some(Objection::System { found: found.into(), expected: "Linux" })
    }

    /// Holds system, C library and interpreter against the tag; says whether it is worth looking on.
    fn linux(&mut self, details: &ElfFacts, promised: Libc, version: OsVersion, expected: &'static str) -> bool {
        if let Some(objection) = self.foreign_system(details) {
            self.found.push(objection);
            return false;
        }
        let is_common = promised == Libc::Musl && libc::is_for_musl_too(self.slice, details);
        if let Some(found) = self.slice.libc.filter(|libc| *libc != promised && !is_common) {
            self.found.push(Objection::Libc { found, evidence: libc::evidence(self.slice, details), promised });
            return false;
        }
        let is_held_to_alignment = promised == Libc::Glibc
            && version < policy::GLIBC_WITH_SMALL_ALIGNMENTS
            && self.slice.kind == Kind::Library;
        let alignment = if is_held_to_alignment { details.smallest_alignment } else { u64::MAX };
        let page = details.largest_page.min(alignment);
        if let Some((needs, is_everywhere)) = policy::large_page(self.architecture).filter(|(needs, _)| page < *needs) {
            self.found.push(Objection::PageSize { page, needs, is_everywhere });
        }
        if let Some(found) = details.interpreter.clone().filter(|interpreter| interpreter != expected) {
            self.found.push(Objection::Interpreter { found, expected });
        }
        if let (Kind::Executable, None, Some(first)) =
            (self.slice.kind, &details.interpreter, self.slice.needed.first())
        {
            self.found.push(Objection::NoInterpreter { library: first.name.clone() });
        }
        true
    }

    fn manylinux(&mut self, details: &ElfFacts, promised: OsVersion) {
        if !self.linux(details, Libc::Glibc, promised, libc::glibc_interpreter(self.architecture)) {
            return;
        }
        for need in &details.version_needs {
            // A library that the wheel brings along defines its own nodes, whatever the platform's copy has.
            if policy::manylinux_allows_version(promised, self.architecture, need)
                || self.brings(&need.library, self.reach(&need.library))
            {
                continue;
            }
            self.found.push(Objection::SymbolVersion {
                library: need.library.clone(),
                node: need.node.clone(),
                promised,
                strength: if need.is_insisted_on() { Strength::Strong } else { Strength::Weak },
                symbols: need.symbols.clone(),
                only_weak: need.only_weak_symbols,
            });
        }
        let nodes = &details.version_needs;
        // A program without a loader relocates itself.
        if self.is_loaded(details) && !nodes.iter().any(|need| need.node == policy::PACKED_RELOCATIONS_NODE) {
            // glibc looks for its node where it looks for others of its own.
            let lacks_node = nodes.iter().any(|need| need.library.starts_with("libc.so"));
            let needs = policy::GLIBC_WITH_PACKED_RELOCATIONS;
            if lacks_node || promised < needs {
                self.found.push(Objection::PackedRelocations { libc: Libc::Glibc, needs, promised, lacks_node });
            }
        }
        self.indirect_functions(details, Libc::Glibc, promised);
        self.static_tls(details, Libc::Glibc);
        self.blacklisted(details, |library| policy::manylinux_blacklist(promised, library));
    }

    fn musllinux(&mut self, details: &ElfFacts, promised: OsVersion) {
        if !self.linux(details, Libc::Musl, promised, libc::musl_interpreter(self.architecture)) {
            return;
        }
        // A static program has nobody to ask. A library that names no C library gets that of its process.
        let asks = self.slice.libc == Some(Libc::Musl) || self.slice.kind == Kind::Library;
        for symbol in details.undefined.iter().filter(|symbol| asks && !symbol.weak) {
            if policy::glibc_alone(&symbol.name) {
                if !self.bundled.defines(&symbol.name) {
                    self.found.push(Objection::GlibcFunction { symbol: symbol.name.clone() });
                }
                continue;
            }
            if let Some(needs) = policy::musl_with(&symbol.name).filter(|needs| *needs > promised) {
                self.found.push(Objection::LaterMusl { symbol: symbol.name.clone(), needs, promised });
            }
        }
        let needs = policy::MUSL_WITH_PACKED_RELOCATIONS;
        if self.is_loaded(details) && promised < needs {
            let (libc, lacks_node) = (Libc::Musl, false);
            self.found.push(Objection::PackedRelocations { libc, needs, promised, lacks_node });
        }
        self.indirect_functions(details, Libc::Musl, promised);
        self.static_tls(details, Libc::Musl);
        self.blacklisted(details, policy::musllinux_blacklist);
    }

    /// What Python imports is opened late; of other libraries nobody knows, for they may be loaded with a program.
    fn static_tls(&mut self, details: &ElfFacts, libc: Libc) {
        let room = if libc == Libc::Musl { 0 } else { policy::GLIBC_WITHOUT_ROOM };
        if let Some(bytes) = details.static_tls.filter(|bytes| *bytes > room)
            && self.slice.kind == Kind::Library
            && imports_python(self.slice, self.member)
        {
            self.found.push(Objection::StaticTls { libc, bytes });
        }
    }

    fn indirect_functions(&mut self, details: &ElfFacts, libc: Libc, promised: OsVersion) {
        let is_known = libc == Libc::Glibc && promised >= policy::GLIBC_WITH_INDIRECT_FUNCTIONS;
        // A program without a loader chooses itself.
        if details.has_indirect_functions && self.slice.linkage == Linkage::Dynamic && !is_known {
            self.found.push(Objection::IndirectFunctions { libc, promised });
        }
    }

    /// Whether a loader is to read packed relocations.
    fn is_loaded(&self, details: &ElfFacts) -> bool {
        details.has_packed_relocations && self.slice.linkage == Linkage::Dynamic
    }

    fn blacklisted(&mut self, details: &ElfFacts, blacklist: impl Fn(&str) -> Vec<&'static str>) {
        // Most tags forbid no symbol of any library that is needed.
        let strengths = LazyCell::new(|| {
            let mut strengths: HashMap<&str, Strength> = HashMap::new();
            for used in &details.undefined {
                let strength = if used.weak { Strength::Weak } else { Strength::Strong };
                strengths.entry(&used.name).or_insert(strength);
            }
            strengths
        });
        let (mut named, mut seen) = (HashSet::new(), HashSet::new());
        for library in self.slice.needed.iter().filter(|needed| named.insert(&needed.name)) {
            for symbol in blacklist(&library.name) {
                if let Some(strength) = strengths.get(symbol)
                    && seen.insert(symbol)
                {
                    let (library, strength) = (library.name.clone(), *strength);
                    self.found.push(Objection::BlacklistedSymbol { library, symbol, strength });
                }
            }
        }
    }

    fn reach(&self, library: &str) -> Reach {
        self.bundled.reach(self.slice, library, || self.image.get_or_init(|| Image::of(self.member, self.slice)))
    }

    /// Whether the wheel itself brings a library where it serves. A library is loaded by a program that has the others
    /// loaded already, found by their sonames, unless that program comes from the wheel too; a program needs a way.
    fn brings(&self, library: &str, reach: Reach) -> bool {
        match reach {
            Reach::Within => true,
            Reach::Outside => self.slice.kind == Kind::Library && self.bundled.missed(self.member, library).is_none(),
            Reach::Absent => false,
        }
    }

    /// Whether the process that loads this is Python.
    fn is_in_python(&self) -> bool {
        let names_python = || self.slice.needed.iter().any(|needed| PythonLibrary::of(&needed.name).is_some());
        self.slice.kind == Kind::Library
            && (is_extension_module(self.member) || names_python() || self.bundled.has_extension_modules())
    }

    fn libraries(&mut self, tag: &PlatformTag) {
        let wrong_libc =
            self.found.iter().any(|found| matches!(found, Objection::Libc { .. } | Objection::System { .. }));
        let (is_in_python, mut named) = (self.is_in_python(), HashSet::new());
        for Needed { name, optional } in self.slice.needed.iter().filter(|needed| named.insert(*needed)) {
            let on_platform = match tag {
                PlatformTag::Manylinux { glibc, .. } => policy::manylinux_has_library(*glibc, self.architecture, name),
                PlatformTag::Musllinux { .. } => policy::musllinux_has_library(name),
                PlatformTag::Macos { .. } | PlatformTag::Ios { .. } => policy::macos_has_library(name),
                PlatformTag::Android { api_level, .. } => policy::android_has_library(*api_level, name),
                PlatformTag::Windows(_) => policy::windows_has_library(name),
                _ => true,
            };
            // Of a binary for another C library, only what no platform has says anything new.
            if on_platform || (wrong_libc && policy::on_some_linux(name)) {
                continue;
            }
            let reach = self.reach(name);
            if self.brings(name, reach) {
                continue;
            }
            let of_python = match tag {
                PlatformTag::Windows(_) => {
                    PythonLibrary::of(name).is_some() || policy::comes_with_python(name) && is_in_python
                }
                // Python is a library of the app there, and loaded before whatever it imports (PEP 730, PEP 738).
                PlatformTag::Android { .. } => PythonLibrary::of(name).is_some() && is_in_python,
                PlatformTag::Ios { .. } => self.slice.kind == Kind::Library && name == "@rpath/Python.framework/Python",
                _ => false,
            };
            if of_python {
                continue;
            }
            let loader = self.bundled.missed(self.member, name).filter(|_| self.slice.kind == Kind::Library);
            let absence = match tag {
                _ if *optional => Absence::Harmless,
                _ if loader.is_some_and(|loader| !loader.is_program) => Absence::Preloaded,
                PlatformTag::Windows(_) if policy::on_most_windows(name) => Absence::Unlikely,
                // A script may set PATH before it starts the program.
                PlatformTag::Windows(_) if reach == Reach::Outside => Absence::Unlikely,
                PlatformTag::Manylinux { .. } | PlatformTag::Musllinux { .. } => Absence::BreaksPromise,
                // Where one Mac has a library says nothing of others.
                PlatformTag::Macos { .. } if name.starts_with('/') => Absence::BreaksPromise,
                _ => Absence::Fatal,
            };
            let by = loader.filter(|loader| loader.is_program).map(|loader| loader.member.clone());
            self.found.push(Objection::NeededLibrary { library: name.clone(), reach, absence, by });
        }
    }
}
