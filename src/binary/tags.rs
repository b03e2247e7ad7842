//! The honest tags of binaries: of each family of platform tags, the one with the lowest floor whose promise every
//! binary keeps (PEP 600, 656, 730, 738, `packaging.tags`).

use std::collections::BTreeSet;

use super::facts::{Details, Facts, Libc, MachOPlatform, Slice};
use super::magic::Format;
use super::policy;
use crate::target::{AndroidAbi, Architecture, IosMachine, MacosArchitecture, OsVersion, PlatformTag};

/// The lowest glibc floor of any tag chosen here. A static file does not tell what it asks of the kernel; the
/// distributions of this floor are the oldest that today's toolchains still build for.
const LOWEST_GLIBC: OsVersion = OsVersion::new(2, 17);

/// Python needs no less of Android (PEP 738), and installers on iOS ask for nothing lower than this.
const LOWEST_ANDROID: u16 = 21;
const LOWEST_IOS: OsVersion = OsVersion::new(12, 0);

/// Of each family the tag with the lowest floor that `honest` says of all `binaries`, after its legacy alias.
pub(super) fn honest_tags<'a>(
    binaries: impl Iterator<Item = &'a Facts> + Clone,
    honest: impl Fn(&PlatformTag) -> bool,
) -> Vec<PlatformTag> {
    let lowest = candidates(binaries).into_iter().filter_map(|family| family.into_iter().find(|tag| honest(tag)));
    lowest.flat_map(|tag| [tag.legacy_alias(), Some(tag)]).flatten().collect()
}

/// Whether two tags differ in their floor alone.
pub(super) fn same_family(one: &PlatformTag, other: &PlatformTag) -> bool {
    let without_floor = |tag: &PlatformTag| {
        use PlatformTag::{Android, Ios, Macos, Manylinux, Musllinux};
        let none = OsVersion::new(0, 0);
        match tag.canonical() {
            Macos { architecture, .. } => Macos { minimum: none, architecture },
            Manylinux { architecture, .. } => Manylinux { glibc: none, architecture },
            Musllinux { architecture, .. } => Musllinux { musl: none, architecture },
            Android { abi, .. } => Android { api_level: 0, abi },
            Ios { machine, .. } => Ios { minimum: none, machine },
            other => other,
        }
    };
    without_floor(one) == without_floor(other)
}

/// Per family, tags in the order of their floors: the first that is honest is the lowest.
pub(super) fn candidates<'a>(binaries: impl Iterator<Item = &'a Facts> + Clone) -> Vec<Vec<PlatformTag>> {
    let Some(first) = binaries.clone().next() else { return Vec::new() };
    let slices = || binaries.clone().flat_map(|facts| &facts.slices);
    let architectures: BTreeSet<Architecture> =
        first.slices.iter().filter_map(|slice| slice.machine.architecture()).collect();
    match first.format {
        Format::Elf => architectures.iter().flat_map(|architecture| elf(*architecture, slices())).collect(),
        Format::MachO => {
            let mut families = macos(&architectures, slices());
            families.extend(ios(slices()));
            families
        }
        Format::Pe => architectures.iter().filter_map(|architecture| windows(*architecture)).collect(),
    }
}

fn elf<'a>(architecture: Architecture, slices: impl Iterator<Item = &'a Slice> + Clone) -> Vec<Vec<PlatformTag>> {
    // What is built for version 6 of Arm runs on version 7; of version 6 itself, indexes take one tag alone.
    let (machine, bare) = match architecture {
        Architecture::Armv6 => (Architecture::Armv7, Some(vec![PlatformTag::Linux(architecture)])),
        other => (other, None),
    };
    let families = linux(machine, slices.clone()).into_iter().chain(bare);
    families.chain(android(machine, slices)).collect()
}

/// The API levels that the binaries state, lowest first.
fn android<'a>(architecture: Architecture, slices: impl Iterator<Item = &'a Slice>) -> Option<Vec<PlatformTag>> {
    let abi = AndroidAbi::ALL.into_iter().find(|abi| abi.architecture() == architecture)?;
    let stated = slices.filter_map(|slice| match &slice.details {
        Details::Elf(details) => details.android_api,
        _ => None,
    });
    let levels: BTreeSet<_> = stated.map(|level| level.max(LOWEST_ANDROID)).collect();
    Some(levels.into_iter().map(|api_level| PlatformTag::Android { api_level, abi }).collect())
}

fn ios<'a>(slices: impl Iterator<Item = &'a Slice>) -> Vec<Vec<PlatformTag>> {
    let mut floors = BTreeSet::new();
    for slice in slices {
        if let Details::MachO(details) = &slice.details
            && matches!(details.platform, Some(MachOPlatform::Ios | MachOPlatform::IosSimulator))
        {
            floors.extend(details.minimum_os.map(|needs| needs.max(LOWEST_IOS)));
        }
    }
    let family = |machine| floors.iter().map(|minimum| PlatformTag::Ios { minimum: *minimum, machine }).collect();
    IosMachine::ALL.into_iter().map(family).collect()
}

fn linux<'a>(architecture: Architecture, slices: impl Iterator<Item = &'a Slice>) -> [Vec<PlatformTag>; 2] {
    let mut floors = policy::manylinux_floors(architecture);
    let mut dynamic = false;
    for slice in slices {
        floors.extend(slice.glibc_floor().filter(|floor| *floor >= LOWEST_GLIBC));
        dynamic |= slice.libc == Some(Libc::Glibc);
    }
    // Below the lowest floor only where the libraries say so themselves.
    floors.retain(|floor| dynamic || *floor >= LOWEST_GLIBC);
    let manylinux = floors.into_iter().map(|glibc| PlatformTag::Manylinux { glibc, architecture });
    let musllinux = [1, 2].map(|minor| PlatformTag::Musllinux { musl: OsVersion::new(1, minor), architecture });
    [manylinux.collect(), musllinux.to_vec()]
}

fn macos<'a>(architectures: &BTreeSet<Architecture>, slices: impl Iterator<Item = &'a Slice>) -> Vec<Vec<PlatformTag>> {
    let mut floors = BTreeSet::from([policy::FIRST_ARM_MACOS]);
    for slice in slices {
        if let Details::MachO(details) = &slice.details {
            floors.extend(details.minimum_os.map(tag_version));
        }
    }
    let family = |architecture: MacosArchitecture| {
        let arm = architecture == MacosArchitecture::Arm64;
        let floors = floors.iter().filter(|floor| !arm || **floor >= policy::FIRST_ARM_MACOS);
        floors.map(|minimum| PlatformTag::Macos { minimum: *minimum, architecture }).collect::<Vec<_>>()
    };
    let named = [MacosArchitecture::Universal2, MacosArchitecture::X86_64, MacosArchitecture::Arm64];
    let held = named.into_iter().filter(|named| named.slices().iter().all(|slice| architectures.contains(slice)));
    held.map(family).collect()
}

/// Installers ask for `macosx_11_0`, `macosx_12_0`, ...: from macOS 11 on a tag's minor version is 0, and a binary that
/// needs a later minor version is only sure to run from the next major version on.
fn tag_version(needs: OsVersion) -> OsVersion {
    match policy::macos_named(needs) {
        OsVersion { major, minor } if major >= 11 && minor > 0 => OsVersion::new(major.saturating_add(1), 0),
        other => other,
    }
}

fn windows(architecture: Architecture) -> Option<Vec<PlatformTag>> {
    let named = matches!(architecture, Architecture::X86_64 | Architecture::Aarch64 | Architecture::I686);
    named.then(|| vec![PlatformTag::Windows(architecture)])
}
