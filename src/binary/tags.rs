//! The honest tags of binaries: of each family of platform tags, the one with the lowest floor whose promise every
//! binary keeps (PEP 600, 656, 730, 738, `packaging.tags`).

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use serde::Serialize;

use super::facts::{Details, Facts, Libc, MachOPlatform, Slice};
use super::magic::Format;
use super::objection::{Objection, Weight};
use super::policy;
use crate::console::text::quoted;
use crate::member_path;
use crate::target::{AndroidAbi, Architecture, IosMachine, MacosArchitecture, OsVersion, PlatformTag};

/// The lowest glibc floor of any tag chosen for a static program. It does not tell what it asks of the kernel; the
/// distributions of this floor are the oldest that today's toolchains still build for.
const LOWEST_GLIBC: OsVersion = OsVersion::new(2, 17);

/// The glibc floors of policies that wheels have been built for, and whether most are built in an image of that floor.
const FLOORS: [(OsVersion, bool); 11] = [
    (OsVersion::new(2, 5), true),
    (OsVersion::new(2, 12), true),
    (OsVersion::new(2, 17), true),
    (OsVersion::new(2, 24), false),
    (OsVersion::new(2, 26), false),
    (OsVersion::new(2, 27), false),
    (OsVersion::new(2, 28), true),
    (OsVersion::new(2, 31), true),
    (OsVersion::new(2, 34), true),
    (OsVersion::new(2, 35), false),
    (OsVersion::new(2, 39), true),
];

/// The numbers of macOS are those of years from here on; before it came 15.
const FIRST_OF_YEARS: OsVersion = OsVersion::new(26, 0);

/// The lowest macOS that a Python of this decade asks for.
const LOWEST_MACOS: OsVersion = OsVersion::new(10, 9);

/// Installers ask for nothing lower of macOS (`packaging.tags`).
const FIRST_MACOS: OsVersion = OsVersion::new(10, 4);

/// Python needs no less of Android (PEP 738), and installers on iOS ask for nothing lower than this.
const LOWEST_ANDROID: u16 = 21;
const LOWEST_IOS: OsVersion = OsVersion::new(12, 0);

/// A tag that more machines would take than those that are honest, and what rules it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NextTag {
    pub(crate) tag: PlatformTag,
    /// A whole sentence about the file that rules it out.
    pub(crate) because: String,
}

/// Of each family the tag with the lowest floor that `honest` says of all `binaries`, after its legacy alias.
pub(super) fn honest_tags<'a>(
    binaries: impl Iterator<Item = &'a Facts> + Clone,
    honest: impl Fn(&PlatformTag) -> bool,
) -> Vec<PlatformTag> {
    let lowest = candidates(binaries).into_iter().filter_map(|family| family.into_iter().find(|tag| honest(tag)));
    lowest.flat_map(with_alias).collect()
}

/// The same, with the lowest floor of static Linux programs before the one that is chosen for them.
pub(super) fn lowest_honest_tags<'a>(
    binaries: impl Iterator<Item = &'a Facts> + Clone,
    honest: impl Fn(&PlatformTag) -> bool,
) -> Vec<PlatformTag> {
    let usual = honest_tags(binaries.clone(), &honest);
    let is_static = |facts: &Facts| facts.slices.iter().all(|slice| slice.libc.is_none());
    let mut lowest = Vec::new();
    if binaries.clone().all(is_static)
        && let Some(PlatformTag::Manylinux { glibc, architecture }) = usual.iter().map(PlatformTag::canonical).next()
    {
        let floors = policy::manylinux_floors(architecture).into_iter().filter(|floor| *floor < glibc);
        let mut tags = floors.map(|glibc| PlatformTag::Manylinux { glibc, architecture });
        lowest.extend(tags.find(|tag| honest(tag)).into_iter().flat_map(with_alias));
    }
    lowest.extend(usual);
    lowest
}

fn with_alias(tag: PlatformTag) -> impl Iterator<Item = PlatformTag> {
    [tag.legacy_alias(), Some(tag)].into_iter().flatten()
}

/// A tag that is not honest, and what decides that.
pub(super) struct RuledOut<'a> {
    pub(crate) tag: PlatformTag,
    pub(crate) member: &'a str,
    pub(crate) objection: Objection,
    /// Whether an honest tag differs from it in its floor alone.
    is_below_honest: bool,
    /// How many files object to it.
    files: usize,
}

/// Per family the next tag that is not honest, as [`next_tag`] has it; `objections` are those that break the promise of a tag,
/// with the files that they are about.
pub(super) fn ruled_out<'a, 'b>(
    binaries: impl Iterator<Item = &'b Facts> + Clone,
    objections: &dyn Fn(&PlatformTag) -> Vec<(&'a str, Objection)>,
) -> Vec<RuledOut<'a>> {
    let families = candidates(binaries.clone());
    let honest = lowest_honest_tags(binaries, |tag| objections(tag).is_empty());
    let of_family = |family: &Vec<PlatformTag>| {
        let lowest = honest.iter().find(|tag| family.iter().any(|member| same_family(member, tag)));
        let tag = lowest.map_or_else(|| nearest_floor(family, objections), better)?;
        let found = objections(&tag);
        let files = found.iter().map(|(file, _)| *file).collect::<HashSet<_>>().len();
        let (member, objection) = deciding(&tag, found, family, objections)?;
        Some(RuledOut { tag, member, objection, is_below_honest: lowest.is_some(), files })
    };
    families.iter().filter_map(of_family).collect()
}

/// What decides that a tag is not honest, whether it comes next to an honest one or lies far below.
pub(super) fn ruled_out_by<'a, 'b>(
    tag: &PlatformTag,
    binaries: impl Iterator<Item = &'b Facts> + Clone,
    objections: &dyn Fn(&PlatformTag) -> Vec<(&'a str, Objection)>,
) -> Option<(&'a str, Objection)> {
    let family = candidates(binaries).into_iter().find(|family| family.iter().any(|member| same_family(member, tag)));
    deciding(tag, objections(tag), &family.unwrap_or_default(), objections)
}

/// Of all that is found against a tag what the highest floor that is not honest is ruled out by, the greatest need first.
fn deciding<'a>(
    tag: &PlatformTag,
    found: Vec<(&'a str, Objection)>,
    family: &[PlatformTag],
    objections: &dyn Fn(&PlatformTag) -> Vec<(&'a str, Objection)>,
) -> Option<(&'a str, Objection)> {
    let above = family.iter().filter(|member| member.canonical() > tag.canonical());
    let last = above.map(objections).take_while(|found| !found.is_empty()).last().unwrap_or_default();
    let causes: HashSet<_> = last.iter().map(|(file, cause)| (*file, cause.cause())).collect();
    let decides = |(file, objection): &&(&str, Objection)| causes.contains(&(*file, objection.cause()));
    // Of equals the first.
    let greatest = found.iter().rev().filter(decides).max_by_key(|(_, objection)| objection.node());
    greatest.or_else(|| found.iter().rev().max_by_key(|(_, objection)| objection.node())).cloned()
}

/// Of a family without an honest tag the lowest floor that nothing rules out but what rules out every other (a library that
/// nobody has, say), or the next one above it that wheels are built for.
fn nearest_floor<'a>(
    family: &[PlatformTag],
    objections: &dyn Fn(&PlatformTag) -> Vec<(&'a str, Objection)>,
) -> Option<PlatformTag> {
    let causes = |tag| -> HashSet<_> { objections(tag).into_iter().map(|(file, it)| (file, it.cause())).collect() };
    let last = causes(family.last()?);
    let lowest = family.iter().find(|tag| causes(tag).is_subset(&last))?;
    Some(match lowest.canonical() {
        PlatformTag::Manylinux { glibc, architecture } => {
            let glibc = FLOORS.into_iter().map(|(floor, _)| floor).find(|floor| *floor >= glibc).unwrap_or(glibc);
            PlatformTag::Manylinux { glibc, architecture }
        }
        other => other,
    })
}

/// The tag that more machines would take than those that are honest, and what rules it out.
pub(super) fn next_tag<'a, 'b>(
    binaries: impl Iterator<Item = &'b Facts> + Clone,
    objections: &dyn Fn(&PlatformTag) -> Vec<(&'a str, Objection)>,
) -> Option<NextTag> {
    let mut found = ruled_out(binaries, objections);
    // That a file is for another machine is the last thing to say, and that it is for another C library the last but one.
    let distance = |objection: &Objection| match objection {
        Objection::Libc { .. } => 1,
        _ if objection.weight() == Weight::WrongMachine => 2,
        _ => 0,
    };
    // Without one below an honest tag the nearest is that which the fewest files object to.
    let nearest = || found.iter().enumerate().min_by_key(|(_, it)| (it.files, distance(&it.objection)));
    let place = found.iter().position(|it| it.is_below_honest).or_else(|| nearest().map(|(place, _)| place))?;
    let RuledOut { tag, member, objection, .. } = found.swap_remove(place);
    Some(NextTag::of(tag, member, &objection))
}

impl fmt::Display for NextTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is out: {}", self.tag, self.because)
    }
}

impl NextTag {
    fn of(tag: PlatformTag, file: &str, objection: &Objection) -> Self {
        let name = member_path::file_name(file);
        Self { tag, because: objection.about(name) }
    }
}

/// The tag of the same family that comes next to this one and that more machines take.
fn better(tag: &PlatformTag) -> Option<PlatformTag> {
    match tag.canonical() {
        PlatformTag::Manylinux { glibc, architecture } => {
            let first = policy::manylinux_floors(architecture).first().copied()?;
            let glibc =
                FLOORS.into_iter().rfind(|(floor, has_image)| *has_image && *floor < glibc && *floor >= first)?.0;
            Some(PlatformTag::Manylinux { glibc, architecture })
        }
        PlatformTag::Musllinux { musl: OsVersion { major, minor }, architecture } if minor > 1 => {
            Some(PlatformTag::Musllinux { musl: OsVersion::new(major, minor - 1), architecture })
        }
        PlatformTag::Macos { minimum, architecture } => {
            let minimum = match minimum {
                FIRST_OF_YEARS => OsVersion::new(15, 0),
                OsVersion { major, .. } if major > 11 => OsVersion::new(major - 1, 0),
                policy::FIRST_ARM_MACOS => OsVersion::new(10, 15),
                OsVersion { major, minor } => OsVersion::new(major, minor.checked_sub(1)?),
            };
            let lowest = if architecture == MacosArchitecture::Arm64 { policy::FIRST_ARM_MACOS } else { LOWEST_MACOS };
            (minimum >= lowest).then_some(PlatformTag::Macos { minimum, architecture })
        }
        PlatformTag::Android { api_level, abi } if api_level > LOWEST_ANDROID => {
            Some(PlatformTag::Android { api_level: api_level - 1, abi })
        }
        PlatformTag::Ios { minimum: OsVersion { major, minor }, machine } => {
            let minimum = OsVersion { major: if minor > 0 { major } else { major.checked_sub(1)? }, minor: 0 };
            (minimum >= LOWEST_IOS).then_some(PlatformTag::Ios { minimum, machine })
        }
        _ => None,
    }
}

/// Whether two tags differ in their floor alone.
pub(crate) fn same_family(one: &PlatformTag, other: &PlatformTag) -> bool {
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

/// Per family, tags in the order of their floors: the first that is honest is the lowest. Of several formats or machines
/// some may be data to the others.
pub(super) fn candidates<'a>(binaries: impl Iterator<Item = &'a Facts> + Clone) -> Vec<Vec<PlatformTag>> {
    let mut formats: Vec<(Format, BTreeSet<Architecture>)> = Vec::new();
    for facts in binaries.clone() {
        let place = formats.iter().position(|(format, _)| *format == facts.format).unwrap_or_else(|| {
            formats.push((facts.format, BTreeSet::new()));
            formats.len() - 1
        });
        formats[place].1.extend(facts.slices.iter().filter_map(|slice| slice.machine.architecture()));
    }
    let slices = || binaries.clone().flat_map(|facts| &facts.slices);
    let families = formats.iter().flat_map(|(format, architectures)| match format {
        Format::Elf => architectures.iter().flat_map(|architecture| elf(*architecture, slices())).collect(),
        Format::MachO => [macos(architectures, slices()), ios(slices())].concat(),
        Format::Pe => architectures.iter().filter_map(|architecture| windows(*architecture)).collect::<Vec<_>>(),
    });
    families.collect()
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
        Details::Elf(details) if slice.libc == Some(Libc::Bionic) => Some(details.android_api.unwrap_or_default()),
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
            floors.extend(details.minimum_os.map(|needs| tag_version(needs).max(FIRST_MACOS)));
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

/// The hint beside a tag that is not honest: which are, and how they are had.
pub(crate) fn honest_instead(honest: &[PlatformTag], how: &str) -> String {
    match honest {
        [] => "no platform tag is honest for it: `relkit inspect` shows why".to_owned(),
        [tag] => format!("honest is `{tag}`; {how}"),
        tags => format!("honest are {}; {how}", quoted(tags)),
    }
}
