//! `relkit inspect`: what executables, libraries and wheels are, and every platform tag that each can honestly carry, as
//! one report for people and programs.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::binary::{self, Details, Facts, Format, Inventory, Kind, Libc, Linkage, Machines, Signature, Spool};
use crate::cli;
use crate::console::text::visible;
use crate::console::{Console, Shown};
use crate::error::{Exit, Explain, Failure};
use crate::fs::{Map, portable};
use crate::target::{OsVersion, PlatformTag};
use crate::wheel::filename::WheelFileName;
use crate::zip::archive::{Archive, ArchiveError, Member, MemberError};

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The file cannot be opened or read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The wheel cannot be opened.
    #[error(transparent)]
    Archive(ArchiveError),
    /// A large member cannot be unpacked, for want of disk space most likely.
    #[error("cannot unpack `{member}` of `{}`", path.display())]
    Unpack {
        /// The wheel.
        path: PathBuf,
        /// The member.
        member: String,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
}

impl Explain for InspectError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some("check the path and its permissions".into()),
            Self::Archive(error) => error.hint(),
            Self::Unpack { .. } => {
                Some("large files of a wheel are unpacked to the temporary directory; see that it has space".into())
            }
        }
    }
}

pub(super) fn run(arguments: &cli::Inspect, console: &Console) -> Result<Exit, Failure> {
    let report = inspect(&arguments.files)?;
    console.show(&report, arguments.output.format);
    Ok(report.exit())
}

/// Everything that was found in the files of one run. Serializes as the JSON of `relkit inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub schema_version: u32,
    /// Every executable and library, those inside wheels too.
    pub binaries: Vec<Binary>,
    /// Every wheel.
    pub wheels: Vec<InspectedWheel>,
    /// Every file that is not what it claims to be.
    pub problems: Vec<Problem>,
}

/// One executable or library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Binary {
    /// The file; inside a wheel the wheel's path and the member's name joined by `/`.
    pub path: String,
    /// The name inside the wheel.
    pub member: Option<String>,
    /// `elf`, `macho` or `pe`.
    pub format: Format,
    /// Program or library.
    pub kind: Kind,
    /// `x86_64`, `aarch64`, ...; `universal2` for both in one Mach-O file.
    pub architecture: Machines,
    /// How it is linked.
    pub linkage: Linkage,
    /// The C library that it needs; null where it needs none.
    pub libc: Option<Libc>,
    /// The lowest glibc that has every symbol version it needs.
    pub libc_floor: Option<OsVersion>,
    /// The lowest version of macOS or Windows that it asks for; null for Linux.
    pub minimum_os: Option<OsVersion>,
    /// Whether every slice is signed.
    pub signed: bool,
    /// What is wrong with the signature.
    pub signature_defect: Option<&'static str>,
    /// The program interpreter of an ELF file.
    pub interpreter: Option<String>,
    /// The libraries that the loader must find.
    pub needed: Vec<String>,
    /// Where it is told to look for them.
    pub run_paths: Vec<String>,
    /// Whether it holds debugging sections.
    pub debug_info: bool,
    /// Every platform tag that it keeps the promise of.
    pub honest_tags: Vec<PlatformTag>,
}

/// One wheel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InspectedWheel {
    /// The file.
    pub path: String,
    /// The platform tags in its file name.
    pub tags: Vec<String>,
    /// Every platform tag that all its binaries honour together; `any` where it holds none.
    pub honest_tags: Vec<PlatformTag>,
}

/// A file that is not what it claims to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as in [`Binary::path`].
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Report {
    /// Not good where a file is not what it claims to be.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.problems.is_empty() { Exit::Good } else { Exit::NotGood }
    }
}

/// Inspects each file in turn.
///
/// # Errors
/// When a file cannot be opened or read. A file that is not what it claims to be is a [`Problem`] of the report.
pub fn inspect(files: &[PathBuf]) -> Result<Report, InspectError> {
    let mut report = Report { schema_version: 1, binaries: Vec::new(), wheels: Vec::new(), problems: Vec::new() };
    for path in files {
        let wheel = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("whl"));
        if wheel { inspect_wheel(path, &mut report)? } else { inspect_file(path, &mut report)? }
    }
    Ok(report)
}

fn inspect_file(path: &Path, report: &mut Report) -> Result<(), InspectError> {
    let unreadable = |source| InspectError::Read { path: path.to_owned(), source };
    let shown = portable(path);
    match binary::read(&Map::open(path).map_err(unreadable)?) {
        Ok(facts) => {
            let inventory = Inventory::new(vec![(shown, facts)]);
            for (shown, facts) in inventory.binaries() {
                report.binaries.push(Binary::of(shown.clone(), None, facts, inventory.honest_tags()));
            }
        }
        Err(error) => report.problems.push(Problem::of(shown, &error)),
    }
    Ok(())
}

fn inspect_wheel(path: &Path, report: &mut Report) -> Result<(), InspectError> {
    let shown = portable(path);
    let archive = Archive::open(path).map_err(InspectError::Archive)?;
    if let Err(error) = archive.trusted() {
        report.problems.push(Problem::of(shown, &error));
        return Ok(());
    }
    if let Some((total, limit)) = archive.total_bomb() {
        let message = format!("it unpacks to {total} bytes, more than the {limit} that its size allows");
        report.problems.push(Problem { path: shown, message, help: None });
        return Ok(());
    }
    let mut found = Vec::new();
    for member in archive.members().iter().filter(|member| !member.is_directory()) {
        let inside = format!("{shown}/{}", member.name);
        match facts_of(&archive, member, path)? {
            Ok(Some(facts)) => found.push((member.name.clone(), facts)),
            Ok(None) => {}
            Err((message, help)) => report.problems.push(Problem { path: inside, message, help }),
        }
    }
    let inventory = Inventory::new(found);
    for (member, facts) in inventory.binaries() {
        let honest = inventory.honest_tags_of(member, facts);
        report.binaries.push(Binary::of(format!("{shown}/{member}"), Some(member.clone()), facts, honest));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let tags = match name.parse::<WheelFileName>() {
        Ok(name) => name.tags.platform,
        Err(error) => {
            report.problems.push(Problem::of(shown.clone(), &error));
            Vec::new()
        }
    };
    let honest = if inventory.binaries().is_empty() { vec![PlatformTag::Any] } else { inventory.honest_tags() };
    report.wheels.push(InspectedWheel { path: shown, tags, honest_tags: honest });
    Ok(())
}

/// The facts of a member; `None` where it is no binary; a message and a way out where it claims to be one and is not.
type MemberFacts = Result<Option<Facts>, (String, Option<String>)>;

fn facts_of(archive: &Archive, member: &Member, path: &Path) -> Result<MemberFacts, InspectError> {
    let unpack = |source| InspectError::Unpack { path: path.to_owned(), member: member.name.clone(), source };
    let mut spool = Spool::default();
    match archive.copy_to(member, &mut spool) {
        Ok(()) => {}
        Err(MemberError::Write { source, .. }) => return Err(unpack(source)),
        Err(MemberError::Read { source, .. }) => return Err(InspectError::Read { path: path.to_owned(), source }),
        Err(error) => return Ok(Err((error.to_string(), error.hint()))),
    }
    let read = spool.read().map_err(unpack)?.transpose();
    Ok(read.map_err(|error| (error.to_string(), error.hint())))
}

impl Problem {
    fn of(path: String, error: &impl Explain) -> Self {
        Self { path, message: error.to_string(), help: error.hint() }
    }
}

impl Binary {
    fn of(path: String, member: Option<String>, facts: &Facts, honest_tags: Vec<PlatformTag>) -> Self {
        let distinct = |texts: Vec<String>| {
            let mut seen = std::collections::HashSet::new();
            texts.into_iter().filter(|text| seen.insert(text.clone())).collect::<Vec<_>>()
        };
        let slices = || facts.slices.iter();
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
            signed: facts.signed(),
            signature_defect: slices().find_map(|slice| match slice.signature {
                Signature::Broken(defect) => Some(defect),
                _ => None,
            }),
            interpreter: slices().find_map(|slice| match &slice.details {
                Details::Elf(details) => details.interpreter.clone(),
                _ => None,
            }),
            needed: distinct(slices().flat_map(|slice| &slice.needed).map(|needed| needed.name.clone()).collect()),
            run_paths: distinct(slices().flat_map(|slice| &slice.run_paths).cloned().collect()),
            debug_info: slices().any(|slice| slice.debug_info),
            honest_tags,
        }
    }
}

impl Shown for Report {
    fn text(&self) -> String {
        let wheel = |wheel: &InspectedWheel| {
            block(&wheel.path, vec![("wheel tags", wheel.tags.join(", ")), ("honest tags", tags(&wheel.honest_tags))])
        };
        let problem = |problem: &Problem| {
            let lines = [("problem", Some(&problem.message)), ("help", problem.help.as_ref())];
            block(&problem.path, lines.into_iter().filter_map(|(label, text)| Some((label, text?.clone()))).collect())
        };
        let mut blocks: Vec<_> = self.wheels.iter().map(wheel).collect();
        blocks.extend(self.binaries.iter().map(|binary| block(&binary.path, binary.lines())));
        blocks.extend(self.problems.iter().map(problem));
        blocks.join("\n")
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Binary {
    fn lines(&self) -> Vec<(&'static str, String)> {
        let kind = match self.kind {
            Kind::Executable => "executable",
            Kind::Library => "shared library",
        };
        let mut lines = vec![
            ("format", format!("{}, {kind}", self.format)),
            ("architecture", self.architecture.to_string()),
            ("linkage", self.linkage.to_string()),
        ];
        match (self.format, self.libc, &self.libc_floor, &self.minimum_os) {
            (Format::Elf, Some(libc), Some(floor), _) => lines.push(("libc", format!("{libc} {floor} or later"))),
            (Format::Elf, Some(libc), None, _) => lines.push(("libc", libc.to_string())),
            (Format::Elf, None, ..) => lines.push(("libc", "needs none".into())),
            (Format::MachO, .., Some(version)) => lines.push(("needs", format!("macOS {version} or later"))),
            (Format::MachO, .., None) => lines.push(("needs", "does not say which macOS".into())),
            (Format::Pe, .., version) => {
                let version = version.map_or_else(|| "of any version".into(), |version| version.to_string());
                lines.push(("needs", format!("Windows {version} or later")));
            }
        }
        if self.format != Format::Elf {
            let signature = match (self.signed, self.signature_defect) {
                (true, _) => "present".into(),
                (false, Some(defect)) => format!("broken: {defect}"),
                (false, None) => "none".into(),
            };
            lines.push(("signature", signature));
        }
        lines.extend(self.interpreter.clone().map(|path| ("interpreter", path)));
        // The dozens of API sets of Windows say nothing to a reader.
        let (sets, libraries): (Vec<_>, Vec<_>) = self.needed.iter().partition(|name| name.starts_with("api-ms-win-"));
        let mut libraries: Vec<String> = libraries.into_iter().cloned().collect();
        match sets.len() {
            0 => {}
            1 => libraries.push("1 API set".into()),
            count => libraries.push(format!("{count} API sets")),
        }
        if !libraries.is_empty() {
            lines.push(("libraries", libraries.join(", ")));
        }
        if !self.run_paths.is_empty() {
            lines.push(("run paths", self.run_paths.join(", ")));
        }
        if self.debug_info {
            lines.push(("debug info", "present".into()));
        }
        lines.push(("honest tags", tags(&self.honest_tags)));
        lines
    }
}

fn tags(tags: &[PlatformTag]) -> String {
    if tags.is_empty() {
        return "none".into();
    }
    tags.iter().map(PlatformTag::to_string).collect::<Vec<_>>().join(", ")
}

fn block(title: &str, lines: Vec<(&str, String)>) -> String {
    let line = |(label, value): (&str, String)| format!("  {label:<13}{}\n", visible(&value));
    format!("{}\n", visible(title)) + &lines.into_iter().map(line).collect::<String>()
}
