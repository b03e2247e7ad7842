//! The honest tags of binaries: of each family of platform tags, the one with the lowest floor whose promise every
//! binary keeps (PEP 600, PEP 656, `packaging.tags`).

use std::collections::BTreeSet;

use super::facts::{Details, Facts, Libc, OsVersion, Slice};
use super::inventory::{BundledLibraries, Inventory};
use super::magic::Format;
use super::policy;
use crate::target::{Architecture, LegacyManylinux, MacosArchitecture, PlatformTag};

/// The lowest glibc floor of any tag chosen here. A static file does not tell what it asks of the kernel; the
/// distributions of this floor are the oldest that today's toolchains still build for.
const LOWEST_GLIBC: OsVersion = OsVersion { major: 2, minor: 17 };

/// Every tag that one binary honours, of each family the one with the lowest floor. `member` and `bundled` are as for
/// [`objections`](super::objections).
#[must_use]
pub fn honest_tags(facts: &Facts, member: &str, bundled: &BundledLibraries) -> Vec<PlatformTag> {
    let candidates = candidates(std::iter::once(facts));
    let honest = |tag: &PlatformTag| {
        !super::objections(facts, tag, member, bundled).iter().any(super::Objection::breaks_promise)
    };
    lowest(candidates, honest)
}

pub(super) fn honest_tags_of(inventory: &Inventory) -> Vec<PlatformTag> {
    let candidates = candidates(inventory.binaries().iter().map(|(_, facts)| facts));
    lowest(candidates, |tag| inventory.honours(tag))
}

/// Whether two tags differ in their floor alone.
pub(super) fn same_family(one: &PlatformTag, other: &PlatformTag) -> bool {
    family(one) == family(other)
}

fn family(tag: &PlatformTag) -> PlatformTag {
    match tag.canonical() {
        PlatformTag::Macos { architecture, .. } => PlatformTag::Macos { major: 0, minor: 0, architecture },
        PlatformTag::Manylinux { architecture, .. } => PlatformTag::Manylinux { major: 0, minor: 0, architecture },
        PlatformTag::Musllinux { architecture, .. } => PlatformTag::Musllinux { major: 0, minor: 0, architecture },
        other => other,
    }
}

/// Per family, tags in the order of their floors: the first that is honest is the lowest.
fn candidates<'a>(binaries: impl Iterator<Item = &'a Facts> + Clone) -> Vec<Vec<PlatformTag>> {
    let Some(first) = binaries.clone().next() else { return Vec::new() };
    let slices = || binaries.clone().flat_map(|facts| &facts.slices);
    let architectures: BTreeSet<Architecture> =
        first.slices.iter().filter_map(|slice| slice.machine.architecture()).collect();
    match first.format {
        Format::Elf => architectures.iter().flat_map(|architecture| linux(*architecture, slices())).collect(),
        Format::MachO => macos(&architectures, slices()),
        Format::Pe => architectures.iter().filter_map(|architecture| windows(*architecture)).collect(),
    }
}

fn linux<'a>(architecture: Architecture, slices: impl Iterator<Item = &'a Slice>) -> Vec<Vec<PlatformTag>> {
    let mut floors: BTreeSet<_> =
        policy::manylinux_floors(architecture).into_iter().filter(|floor| *floor >= LOWEST_GLIBC).collect();
    let mut dynamic = false;
    for slice in slices {
        floors.extend(slice.glibc_floor().filter(|floor| *floor >= LOWEST_GLIBC));
        // Below the lowest floor only where the libraries say so themselves.
        dynamic |= slice.libc == Some(Libc::Glibc);
    }
    if dynamic {
        floors.extend(policy::manylinux_floors(architecture));
    }
    let manylinux =
        floors.into_iter().map(|OsVersion { major, minor }| PlatformTag::Manylinux { major, minor, architecture });
    let musllinux = [1, 2].map(|minor| PlatformTag::Musllinux { major: 1, minor, architecture });
    vec![manylinux.collect(), musllinux.to_vec()]
}

fn macos<'a>(architectures: &BTreeSet<Architecture>, slices: impl Iterator<Item = &'a Slice>) -> Vec<Vec<PlatformTag>> {
    let mut floors = BTreeSet::new();
    for slice in slices {
        if let Details::MachO(details) = &slice.details {
            floors.extend(details.minimum_os.map(tag_version));
        }
    }
    let first_arm = OsVersion { major: 11, minor: 0 };
    floors.insert(first_arm);
    let family = |architecture: MacosArchitecture| {
        let floors = floors.iter().filter(|floor| architecture != MacosArchitecture::Arm64 || **floor >= first_arm);
        let tag = |floor: &OsVersion| PlatformTag::Macos { major: floor.major, minor: floor.minor, architecture };
        floors.map(tag).collect::<Vec<_>>()
    };
    let named = [MacosArchitecture::Universal2, MacosArchitecture::X86_64, MacosArchitecture::Arm64];
    let held = named.into_iter().filter(|named| named.slices().iter().all(|slice| architectures.contains(slice)));
    held.map(family).collect()
}

/// Installers ask for `macosx_11_0`, `macosx_12_0`, ...: from macOS 11 on a tag's minor version is 0, and a binary that
/// needs a later minor version is only sure to run from the next major version on.
fn tag_version(needs: OsVersion) -> OsVersion {
    match needs {
        OsVersion { major: 10, minor: 16 } => OsVersion { major: 11, minor: 0 },
        OsVersion { major, minor } if major >= 11 && minor > 0 => {
            OsVersion { major: major.saturating_add(1), minor: 0 }
        }
        other => other,
    }
}

fn windows(architecture: Architecture) -> Option<Vec<PlatformTag>> {
    let named = matches!(architecture, Architecture::X86_64 | Architecture::Aarch64 | Architecture::I686);
    named.then(|| vec![PlatformTag::Windows(architecture)])
}

fn lowest(families: Vec<Vec<PlatformTag>>, honest: impl Fn(&PlatformTag) -> bool) -> Vec<PlatformTag> {
    let mut tags = Vec::new();
    for family in families {
        let Some(tag) = family.into_iter().find(|tag| honest(tag)) else { continue };
        tags.extend(legacy_alias(&tag));
        tags.push(tag);
    }
    tags
}

/// The name that installers before PEP 600 know the tag by.
fn legacy_alias(tag: &PlatformTag) -> Option<PlatformTag> {
    let PlatformTag::Manylinux { major, minor, architecture } = tag else { return None };
    let aliases = [LegacyManylinux::Manylinux1, LegacyManylinux::Manylinux2010, LegacyManylinux::Manylinux2014];
    let alias = aliases.into_iter().find(|alias| alias.glibc() == (*major, *minor))?;
    Some(PlatformTag::ManylinuxLegacy { alias, architecture: *architecture })
}
