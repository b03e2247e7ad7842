//! What executables, libraries and wheels are, and every platform tag that each can honestly carry: the report of
//! `relkit inspect` as data. Shows nothing; a wheel is read by the scan that `check` reads it by.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::CheckError;
use super::rule::Severity;
use super::subject::scan::{self, MemberOptions, inventory, scan};
use super::subject::summary::is_wheel;
use crate::binary::{
    self, Details, Facts, Format, Inventory, Kind, Libc, Linkage, Machine, Machines, NextTag, Signature, Slice,
};
use crate::error::{Exit, Explain};
use crate::fs::portable;
use crate::target::{OsVersion, PlatformTag};
use crate::wheel::filename::WheelFileName;
use crate::wheel::info;
use crate::wheel::loading_code;
use crate::wheel::metadata::Metadata;
use crate::wheel::reader::MAX_TEXT;
use crate::wheel::required::Required;
use crate::zip::archive::{Archive, ArchiveError};

/// Everything that was found in the files of one run. Serializes as the JSON of `relkit inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    pub(crate) schema_version: u32,
    /// Every executable and library, those inside wheels too.
    pub binaries: Vec<Binary>,
    pub wheels: Vec<InspectedWheel>,
    /// Every file that is not what it claims to be.
    pub problems: Vec<InspectionProblem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// The file; inside a wheel the wheel's path and the member's name joined by `/`.
    pub path: String,
    pub member: Option<String>,
    /// `elf`, `macho` or `pe`.
    pub format: Format,
    pub kind: Kind,
    /// `x86_64`, `aarch64`, ...; `universal2` for both in one Mach-O file.
    pub architecture: Machines,
    pub linkage: Linkage,
    /// The C library that it needs; null where it needs none.
    pub libc: Option<Libc>,
    /// The lowest glibc that has every symbol version it needs.
    pub(crate) libc_floor: Option<OsVersion>,
    /// The lowest version of macOS, iOS or Windows that it asks for; null for Linux.
    pub minimum_os: Option<OsVersion>,
    /// The platform that a Mach-O file is for, as Apple calls it.
    pub(crate) platform: Option<String>,
    /// The lowest API level of Android that it asks for.
    pub(crate) android_api: Option<u16>,
    pub signed: bool,
    /// `valid`, `broken` or `absent`.
    pub(crate) signature: &'static str,
    pub signature_defect: Option<&'static str>,
    /// For each part of a fat file its machine, what it asks for, and its signature.
    #[serde(skip)]
    pub(crate) parts: Vec<(Machine, Option<OsVersion>, Signature)>,
    pub interpreter: Option<String>,
    pub needed: Vec<String>,
    pub run_paths: Vec<String>,
    pub(crate) debug_info: bool,
    /// How many dependencies it lists, the program itself not among them: as many as its SBOM has components; null where
    /// it carries no list, or one that cannot be read.
    pub dependencies: Option<usize>,
    /// Who wrote that list: `cargo-auditable`, or `Go build information` and the toolchain's version.
    pub(crate) dependency_list: Option<String>,
    pub dependency_list_defect: Option<String>,
    /// Every platform tag that it keeps the promise of.
    pub honest_tags: Vec<PlatformTag>,
    /// The tag that more machines would take; null where none is better.
    pub(crate) next_tag: Option<NextTag>,
    /// Why there is neither.
    pub(crate) no_tag_because: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedWheel {
    pub(crate) path: String,
    /// The platform tags in its file name, those that nobody knows among them.
    pub tags: Vec<String>,
    /// Every platform tag that all its binaries honour together; `any` where it holds none, and none where what it holds
    /// cannot be read.
    pub honest_tags: Vec<PlatformTag>,
    /// As of a single binary.
    pub(crate) next_tag: Option<NextTag>,
    pub(crate) no_tag_because: Option<String>,
    /// The binaries that do not count in its tags, because nothing loads them where the tags promise something: test data, and
    /// what is there for another machine.
    pub(crate) not_counted: Vec<String>,
}

/// A file that is not what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectionProblem {
    /// The file, as in [`Binary::path`].
    pub(crate) path: String,
    pub message: String,
    pub help: Option<String>,
    /// Whether it matters: nothing loads what tests or linkers read.
    pub(crate) severity: Severity,
}

impl Report {
    /// Not good where a file is not what it claims to be, unless nothing loads it.
    pub(crate) fn exit(&self) -> Exit {
        let is_good = self.problems.iter().all(|problem| problem.severity == Severity::Warning);
        if is_good { Exit::Good } else { Exit::NotGood }
    }
}

/// Inspects each file in turn. A file that is not what it claims to be is a [`InspectionProblem`] of the report.
pub fn inspect(files: &[PathBuf]) -> Result<Report, CheckError> {
    let mut report = Report { schema_version: 1, binaries: Vec::new(), wheels: Vec::new(), problems: Vec::new() };
    for path in files {
        if is_wheel(path) { inspect_wheel(path, &mut report)? } else { inspect_file(path, &mut report)? }
    }
    Ok(report)
}

fn inspect_file(path: &Path, report: &mut Report) -> Result<(), CheckError> {
    let unreadable = |source| ArchiveError::Open { path: path.to_owned(), source };
    let shown = portable(path);
    match binary::read_file(path).map_err(unreadable)? {
        Ok(facts) => {
            let inventory = Inventory::new(vec![(shown, facts)]);
            for (shown, facts) in inventory.binaries() {
                report.binaries.push(Binary::of(shown.clone(), None, facts, &inventory));
            }
        }
        Err(error) => report.problems.push(InspectionProblem::of(shown, &error)),
    }
    Ok(())
}

fn inspect_wheel(path: &Path, report: &mut Report) -> Result<(), CheckError> {
    let shown = portable(path);
    let archive = Archive::open(path)?;
    if let Err(error) = archive.trusted() {
        report.problems.push(InspectionProblem::of(shown, &error));
        return Ok(());
    }
    if let Some((total, limit)) = archive.total_bomb() {
        let message = format!("it unpacks to {total} bytes, more than the {limit} that its size allows");
        report.problems.push(InspectionProblem { path: shown, message, help: None, severity: Severity::Error });
        return Ok(());
    }
    let known = report.problems.len();
    let mut scanned = scan(&archive, &vec![MemberOptions::default(); archive.members().len()])?;
    for (member, found) in archive.members().iter().zip(&scanned) {
        let inside = || format!("{shown}/{}", member.name);
        match (&found.error, &found.binary) {
            (Some(error), _) => report.problems.push(InspectionProblem::of(inside(), error)),
            (None, Some(Err(error))) => {
                let is_harmless = scan::entry(member).excuses(&member.name, error);
                let severity = if is_harmless { Severity::Warning } else { Severity::Error };
                report.problems.push(InspectionProblem { severity, ..InspectionProblem::of(inside(), error) });
            }
            (None, _) => {}
        }
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.parse::<WheelFileName>();
    if let Err(error) = &name {
        report.problems.push(InspectionProblem::of(shown.clone(), error));
    }
    let name = name.ok();
    let tags = name.as_ref().map(|name| name.tags.platform.clone()).unwrap_or_default();
    let inventory = inventory(&archive, &mut scanned).tagged(&tags);
    let paths = archive.members().iter().map(|member| member.name.as_str());
    let required = Required::by(name.as_ref(), metadata(&archive, name.as_ref()).as_ref(), paths);
    let brought = required.brought(inventory.binaries());
    let inventory = inventory.beside(brought).imported_by(|| loading_code::any_may_load(&archive));
    for (member, facts) in inventory.binaries() {
        let alone = inventory.alone(member);
        report.binaries.push(Binary::of(format!("{shown}/{member}"), Some(member.clone()), facts, &alone));
    }
    let honest = match inventory.is_pure() {
        // Of what cannot be read nobody knows where it runs.
        true if report.problems[known..].iter().any(|it| it.severity == Severity::Error) => Vec::new(),
        true => vec![PlatformTag::Any],
        false => inventory.lowest_honest_tags(),
    };
    let honest = match &name {
        Some(name) if honest == [PlatformTag::Any] => name.tags.of_pure(),
        _ => honest,
    };
    let own: Vec<PlatformTag> = tags.iter().filter_map(|tag| tag.parse().ok()).collect();
    let kept: Vec<PlatformTag> = own.into_iter().filter(|tag| inventory.honours(tag)).collect();
    let not_counted = inventory.not_counted(if kept.is_empty() { &honest } else { &kept });
    let not_counted = not_counted.into_iter().map(str::to_owned).collect();
    let next_tag = inventory.next_tag();
    let no_tag_because = without_tag(&honest, &inventory);
    report.wheels.push(InspectedWheel {
        path: shown,
        tags,
        honest_tags: honest,
        next_tag,
        no_tag_because,
        not_counted,
    });
    Ok(())
}

/// METADATA, where it is there and can be read.
fn metadata(archive: &Archive, name: Option<&WheelFileName>) -> Option<Metadata> {
    let directory = info::directory(&name?.stem());
    let text = archive.read(archive.find(&format!("{directory}/METADATA"))?, MAX_TEXT).ok()?;
    Metadata::parse(&text).ok()
}

impl InspectionProblem {
    fn of(path: String, error: &impl Explain) -> Self {
        Self { path, message: error.to_string(), help: error.hint(), severity: Severity::Error }
    }
}

/// Why there is no tag, where none is honest.
fn without_tag(honest: &[PlatformTag], inventory: &Inventory) -> Option<String> {
    honest.is_empty().then(|| inventory.without_tag()).flatten().map(|why| why.to_string())
}

impl Binary {
    fn of(path: String, member: Option<String>, facts: &Facts, alone: &Inventory) -> Self {
        let distinct = |texts: Vec<String>| {
            let mut seen = std::collections::HashSet::new();
            texts.into_iter().filter(|text| seen.insert(text.clone())).collect::<Vec<_>>()
        };
        let slices = || facts.slices.iter();
        let honest_tags = alone.lowest_honest_tags();
        Self {
            path,
            member,
            format: facts.format,
            kind: if facts.is_executable() { Kind::Executable } else { Kind::Library },
            architecture: facts.machines(),
            // A fat file is as free of needs as the neediest of its slices.
            linkage: slices()
                .map(|slice| slice.linkage)
                .find(|linkage| *linkage == Linkage::Dynamic)
                .unwrap_or(facts.slices[0].linkage),
            libc: slices().find_map(|slice| slice.libc),
            libc_floor: facts.glibc_floor(),
            minimum_os: facts.minimum_os(),
            platform: slices().find_map(|slice| match &slice.details {
                Details::MachO(details) => details.platform.map(|platform| platform.to_string()),
                _ => None,
            }),
            android_api: slices().find_map(|slice| match &slice.details {
                Details::Elf(details) => details.android_api,
                _ => None,
            }),
            signed: facts.signed(),
            signature: facts.signature(),
            signature_defect: slices().find_map(|slice| match slice.signature {
                Signature::Broken(defect) => Some(defect),
                _ => None,
            }),
            parts: match facts.slices.as_slice() {
                [_] => Vec::new(),
                slices => slices.iter().map(Slice::told_apart).collect(),
            },
            interpreter: slices().find_map(|slice| match &slice.details {
                Details::Elf(details) => details.interpreter.clone(),
                _ => None,
            }),
            needed: distinct(slices().flat_map(|slice| &slice.needed).map(|needed| needed.name.clone()).collect()),
            run_paths: distinct(slices().flat_map(|slice| &slice.run_paths).cloned().collect()),
            debug_info: slices().any(|slice| slice.debug_info),
            dependencies: facts.dependency_list().map(|list| list.dependencies.len()),
            dependency_list: facts.dependency_list().map(|list| list.origin.to_string()),
            dependency_list_defect: match &facts.dependencies {
                Some(Err(error)) => Some(error.to_string()),
                _ => None,
            },
            no_tag_because: without_tag(&honest_tags, alone),
            next_tag: alone.next_tag(),
            honest_tags,
        }
    }
}
