//! What a wheel becomes: read, held against its RECORD and judged, with nothing written.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RetagError;
use super::report::Reason;
use super::tags::{self, ChosenTags};
use crate::binary::{BinaryError, Entry, Inventory, Spool, is_wasm_module};
use crate::build::output;
use crate::digest::Sha256Digest;
use crate::fs::Existing;
use crate::target::{PlatformTag, PlatformTagSet};
use crate::wheel::filename::WheelFileName;
use crate::wheel::loading_code;
use crate::wheel::reader::{MAX_TEXT, Wheel, WheelError};
use crate::wheel::required::Required;
use crate::wheel::tag::TagSet;
use crate::wheel::verify::is_exempt;
use crate::wheel::wheel_file::{Root, WheelFile};

pub use super::tags::Wanted;

#[derive(Debug)]
pub struct Options {
    pub wanted: Wanted,
    pub out_dir: PathBuf,
    /// What happens to a file of the same name that holds something else.
    pub existing: Existing,
    pub write: output::Options,
}

/// A wheel that was read and judged, and what it becomes.
pub(super) struct Plan {
    pub(crate) wheel: Wheel,
    pub(crate) source_sha256: Sha256Digest,
    pub(crate) name: WheelFileName,
    pub(crate) wheel_file: WheelFile,
    /// The digest of every member, held against RECORD.
    pub(crate) digests: HashMap<String, Sha256Digest>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) warnings: Vec<String>,
    /// The tags that it had and may keep.
    pub(crate) kept: Vec<PlatformTag>,
}

impl Plan {
    fn platforms(&self) -> Vec<PlatformTag> {
        self.name.tags.platform.iter().filter_map(|tag| tag.parse().ok()).collect()
    }

    /// Why a tag that this wheel had not is left to another wheel, which had it, or which is the one for that C library.
    fn left_to(&self, other: &Self, tag: &PlatformTag) -> Option<&'static str> {
        if !self.name.is_beside(&other.name) || self.kept.iter().any(|had| had.canonical() == tag.canonical()) {
            return None;
        }
        let is_of_libc = |had: &PlatformTag| {
            let is_same = tag.is_manylinux() && had.is_manylinux() || tag.is_musllinux() && had.is_musllinux();
            is_same && had.architectures() == tag.architectures()
        };
        let has = |tags: &[PlatformTag]| tags.iter().any(|one| one.canonical() == tag.canonical());
        let had_it = has(&other.kept) && has(&other.platforms());
        let is_for_libc = !self.kept.iter().any(is_of_libc) && other.kept.iter().any(is_of_libc);
        match () {
            () if had_it => Some("that wheel has the tag, and no tag stands on two wheels"),
            () if is_for_libc => Some("that wheel is the one for this C library, and no tag stands on two wheels"),
            () => None,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.wheel.archive().size()
    }
}

/// No new tag stands on two wheels of a release: it is left to the one that had it, and those of a C library to the wheel that
/// was for it. A wheel that would be left without a tag stays as it was chosen.
pub(super) fn no_tag_twice(plans: &mut [Plan]) {
    for index in 0..plans.len() {
        let plan = &plans[index];
        let others = || plans.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
        let mut left = Vec::new();
        let mut rest = Vec::new();
        for tag in plan.platforms() {
            match others().find_map(|other| Some((other, plan.left_to(other, &tag)?))) {
                Some((other, because)) => {
                    // Once for the names of one tag.
                    let (tag, member, because) = (tag.canonical(), other.name.to_string(), because.to_owned());
                    if !left.iter().any(|reason: &Reason| reason.tag == tag) {
                        left.push(Reason { tag, member, because });
                    }
                }
                None => rest.push(tag),
            }
        }
        if left.is_empty() {
            continue;
        }
        // The floor that it had instead, where that is higher and honest.
        let family = |tag: &PlatformTag| (tag.is_manylinux(), tag.is_musllinux());
        let is_of_left = |had: &&PlatformTag| left.iter().any(|reason| family(&reason.tag) == family(had));
        rest.extend(plan.kept.iter().filter(is_of_left).cloned());
        let Some(platforms) = PlatformTagSet::new(rest) else { continue };
        let platforms = platforms.with_legacy_aliases();
        let plan = &mut plans[index];
        plan.name.tags.platform = platforms.tags().iter().map(ToString::to_string).collect();
        plan.wheel_file = plan.wheel_file.clone().with_tags(&plan.name.tags);
        plan.reasons.retain(|reason| !left.iter().any(|one| one.tag == reason.tag.canonical()));
        plan.reasons.splice(0..0, left);
    }
}

/// Two wheels that get one name would be one.
pub(super) fn no_name_twice(plans: &[Plan]) -> Result<(), RetagError> {
    let mut names: BTreeMap<String, &Path> = BTreeMap::new();
    for plan in plans {
        let name = plan.name.to_string();
        if let Some(one) = names.insert(name.clone(), plan.wheel.path()) {
            return Err(RetagError::Collision { one: one.to_owned(), other: plan.wheel.path().to_owned(), name });
        }
    }
    Ok(())
}

pub(super) fn of(path: &Path, wanted: &Wanted) -> Result<Plan, RetagError> {
    let wheel = Wheel::open(path)?;
    let source_sha256 = wheel.archive().sha256().map_err(WheelError::from)?;
    let (inventory, digests) = read(&wheel)?;
    let ChosenTags { platforms, reasons, mut warnings } = tags::choose(path, wheel.name(), wanted, &inventory)?;
    let tags =
        TagSet { platform: platforms.tags().iter().map(ToString::to_string).collect(), ..wheel.name().tags.clone() };
    let name = WheelFileName { tags, ..wheel.name().clone() };
    let mut wheel_file = wheel_file(&wheel)?.with_tags(&name.tags);
    if wheel_file.root() == Ok(Root::Purelib) && !inventory.honours(&PlatformTag::Any) {
        wheel_file = wheel_file.with_root(Root::Platlib);
        warnings.push("`Root-Is-Purelib` was true although the wheel holds native code, and is false now".into());
    }
    for signature in signatures(&wheel) {
        warnings.push(format!("`{signature}` is left out: it signs the RECORD of the wheel as it was"));
    }
    let had = wheel.name().tags.platform.iter().filter_map(|tag| tag.parse().ok());
    let kept = had.filter(|tag| inventory.honours(tag)).collect();
    Ok(Plan { wheel, source_sha256, name, wheel_file, digests, reasons, warnings, kept })
}

/// Every file held against RECORD, and what the binaries among them say of themselves.
fn read(wheel: &Wheel) -> Result<(Inventory, HashMap<String, Sha256Digest>), RetagError> {
    let path = wheel.path();
    if let Some((member, why)) = wheel.row_without_file() {
        return Err(WheelError::Record { path: path.to_owned(), member: member.to_owned(), why }.into());
    }
    let (mut digests, mut binaries, mut entries, mut modules) =
        (HashMap::new(), Vec::new(), HashMap::new(), Vec::new());
    for member in wheel.files() {
        let mut spool = Spool::default();
        digests.insert(member.name.clone(), wheel.copy_to(member, &mut spool)?);
        if is_wasm_module(&member.name, spool.head()) {
            modules.push(member.name.clone());
        }
        let spooled = |source| RetagError::Temporary { path: path.to_owned(), member: member.name.clone(), source };
        let entry = Entry { mode: member.unix_mode(), size: member.size };
        entries.insert(member.name.clone(), entry);
        let again = |out: &mut (dyn Write + Send)| wheel.copy_to(member, out).map(drop).map_err(io::Error::other);
        match spool.read(again).map_err(spooled)? {
            // An object file is for a linker, wherever the wheel is installed.
            None | Some(Err(BinaryError::Unsupported { .. })) => {}
            // Nothing loads what tests read, nor data that begins as a binary does.
            Some(Err(error)) if entry.excuses(&member.name, &error) => {}
            Some(Err(source)) => {
                return Err(RetagError::Binary { path: path.to_owned(), member: member.name.clone(), source });
            }
            Some(Ok(facts)) => binaries.push((member.name.clone(), facts)),
        }
    }
    let paths = wheel.files().map(|member| member.name.as_str());
    let brought = Required::by(Some(wheel.name()), Some(wheel.metadata()), paths).brought(&binaries);
    let inventory = Inventory::new(binaries).held_as(entries).tagged(&wheel.name().tags.platform);
    let inventory = inventory
        .with_wasm_modules(modules)
        .beside(brought)
        .imported_by(|| loading_code::any_may_load(wheel.archive()));
    Ok((inventory, digests))
}

fn wheel_file(wheel: &Wheel) -> Result<WheelFile, RetagError> {
    let (path, member) = (wheel.path().to_owned(), format!("{}/WHEEL", wheel.dist_info()));
    let Some(found) = wheel.find(&member) else { return Err(WheelError::Missing { path, member }.into()) };
    let bytes = wheel.read(found, MAX_TEXT)?;
    let parsed = WheelFile::parse(&bytes);
    Ok(parsed.map_err(|error| WheelError::Text { path, member, source: error.into() })?)
}

/// The signatures of RECORD.
fn signatures(wheel: &Wheel) -> Vec<String> {
    let record = format!("{}/RECORD", wheel.dist_info());
    let exempt = wheel.files().filter(|member| is_exempt(&member.name, wheel.dist_info()) && member.name != record);
    exempt.map(|member| member.name.clone()).collect()
}
