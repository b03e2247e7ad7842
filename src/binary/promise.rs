//! The facts of a binary held against the promise of a platform tag (PEP 600, PEP 656, `packaging.tags`). What follows from
//! an objection is decided by the step that asked.

use std::collections::BTreeSet;

use super::bundled::{BundledLibraries, Reach};
use super::facts::{Details, ElfFacts, Facts, Kind, Libc, MachOFacts, MachOPlatform, Signature, Slice};
use super::magic::Format;
use super::objection::{Absence, Objection, Strength};
use super::{libc, policy};
use crate::target::{Architecture, MacosArchitecture, OsVersion, PlatformTag};

/// Every way in which `facts` break the promise of `tag`, in the order of the file. `member` is where the binary lies in
/// the wheel, separated by `/`; `bundled` are the libraries beside it.
///
/// The empty list means that the tag is honest; tags of platforms without rules here (`linux_*`, `ios_*`, ...) are held
/// to nothing but format and architecture.
pub(super) fn objections(facts: &Facts, tag: &PlatformTag, member: &str, bundled: &BundledLibraries) -> Vec<Objection> {
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
            found.push(Objection::Architecture { found: facts.machines(), expected: architecture });
            continue;
        };
        match (&tag, &slice.details) {
            (PlatformTag::Macos { minimum, architecture: named }, Details::MachO(details)) => {
                macos(slice, details, architecture, macos_promise(*minimum, architecture, *named), &mut found);
            }
            (PlatformTag::Manylinux { glibc, .. }, Details::Elf(details)) => {
                let brought = |library: &str| serves(slice, bundled.reach(member, slice, library));
                manylinux(slice, details, architecture, *glibc, brought, &mut found);
            }
            (PlatformTag::Musllinux { musl, .. }, Details::Elf(details)) => {
                musllinux(slice, details, architecture, *musl, &mut found);
            }
            (PlatformTag::Linux(_), Details::Elf(details)) => found.extend(foreign_system(slice, details)),
            _ => {}
        }
        libraries(slice, &tag, architecture, member, bundled, &mut found);
    }
    found
}

/// No arm64 Mac runs anything older than macOS 11, so a lower number promises no more.
fn macos_promise(minimum: OsVersion, slice: Architecture, named: MacosArchitecture) -> OsVersion {
    let arm_beside_intel = slice == Architecture::Aarch64 && named == MacosArchitecture::Universal2;
    if arm_beside_intel { minimum.max(policy::FIRST_ARM_MACOS) } else { minimum }
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
        && policy::macos_named(needs) > promised
    {
        found.push(Objection::Floor { architecture, needs, promised });
    }
    match slice.signature {
        Signature::Present => {}
        Signature::Absent => found.push(Objection::Signature { architecture, defect: None }),
        Signature::Broken(defect) => found.push(Objection::Signature { architecture, defect: Some(defect) }),
    }
}

fn foreign_system(slice: &Slice, details: &ElfFacts) -> Option<Objection> {
    let found = match libc::other_than_linux(details.os_abi) {
        Some(name) => name,
        None if slice.libc == Some(Libc::Bionic) => "Android",
        None => return None,
    };
    Some(Objection::System { found: found.into(), expected: "Linux" })
}

/// Holds system, C library and interpreter against the tag; says whether it is worth looking on.
fn linux(
    slice: &Slice,
    details: &ElfFacts,
    promised: Libc,
    expected: &'static str,
    found: &mut Vec<Objection>,
) -> bool {
    if let Some(objection) = foreign_system(slice, details) {
        found.push(objection);
        return false;
    }
    if let Some(libc) = slice.libc.filter(|libc| *libc != promised) {
        found.push(Objection::Libc { found: libc, evidence: libc::evidence(slice, details), promised });
        return false;
    }
    if let Some(interpreter) = details.interpreter.as_ref().filter(|interpreter| *interpreter != expected) {
        found.push(Objection::Interpreter { found: interpreter.clone(), expected });
    }
    true
}

fn manylinux(
    slice: &Slice,
    details: &ElfFacts,
    architecture: Architecture,
    promised: OsVersion,
    brought: impl Fn(&str) -> bool,
    found: &mut Vec<Objection>,
) {
    if !linux(slice, details, Libc::Glibc, libc::glibc_interpreter(architecture), found) {
        return;
    }
    for need in &details.version_needs {
        // A library that the wheel brings along defines its own nodes, whatever the platform's copy has.
        if policy::manylinux_allows_version(promised, architecture, need) || brought(&need.library) {
            continue;
        }
        found.push(Objection::SymbolVersion {
            library: need.library.clone(),
            node: need.node.clone(),
            promised,
            strength: strength(need.optional || need.only_weak_symbols),
            symbols: need.symbols.clone(),
        });
    }
    blacklisted(slice, details, |library| policy::manylinux_blacklist(promised, library), found);
}

fn strength(weak: bool) -> Strength {
    if weak { Strength::Weak } else { Strength::Strong }
}

fn musllinux(
    slice: &Slice,
    details: &ElfFacts,
    architecture: Architecture,
    promised: OsVersion,
    found: &mut Vec<Objection>,
) {
    if !linux(slice, details, Libc::Musl, libc::musl_interpreter(architecture), found) {
        return;
    }
    // A program without a C library has functions of its own under these names.
    let asked = details.undefined.iter().filter(|symbol| slice.libc == Some(Libc::Musl) && !symbol.weak);
    for symbol in asked {
        if let Some(needs) = policy::musl_with(&symbol.name).filter(|needs| *needs > promised) {
            found.push(Objection::LaterMusl { symbol: symbol.name.clone(), needs, promised });
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
        for symbol in blacklist(&library.name) {
            let Some(used) = details.undefined.iter().find(|used| used.name == symbol) else { continue };
            if seen.insert(symbol) {
                let library = library.name.clone();
                found.push(Objection::BlacklistedSymbol { library, symbol, strength: strength(used.weak) });
            }
        }
    }
}

/// A library is loaded by a program that has the others loaded already, found by their sonames; a program needs a way.
fn serves(slice: &Slice, reach: Reach) -> bool {
    reach == Reach::Within || (reach == Reach::Outside && slice.kind == Kind::Library)
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
            PlatformTag::Manylinux { glibc, .. } => policy::manylinux_has_library(*glibc, architecture, &needed.name),
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
