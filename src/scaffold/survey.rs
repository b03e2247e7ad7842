//! What payloads tell of the product that they are of: targets and honest tags off the binaries, executables, files beside
//! them, and what the program says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::beside::{Beside, beside};
use super::error::ScaffoldError;
use super::kind::{self, AccompanyingFile};
use super::names;
use super::question::{self, Interview, Question, Runnable, Stream, interview};
use crate::binary::{Facts, Inventory, Libc, missing_loader};
use crate::check::{BinaryFault, binary_faults};
use crate::console::text::named;
use crate::console::{Console, Progress};
use crate::fs::Scratch;
use crate::member_path::{MemberPath, file_name, parent};
use crate::payload::{Surveyed, survey};
use crate::product::Command;
use crate::target::{PlatformTag, TargetTriple};
use crate::version::PublicVersion;
use crate::wheel::filename::WheelFileName;

/// How many programs of a payload are asked for a version, until one says it.
const MAX_ASKED: usize = 4;

/// One payload: its target, and what of it would be shipped.
#[derive(Debug)]
pub(super) struct SurveyedPayload {
    pub triple: TargetTriple,
    pub platform_tag: PlatformTag,
    pub also: Vec<PlatformTag>,
    /// The file name of the payload.
    pub file_name: String,
    pub is_directory: bool,
}

/// What all payloads together tell.
#[derive(Debug)]
pub(super) struct Survey {
    pub rows: Vec<SurveyedPayload>,
    /// The program first.
    pub executables: Vec<String>,
    pub command: Command,
    /// What is shipped besides.
    pub beside: Beside,
    pub question: Option<Question>,
    /// Arguments that the program answers well, where it answers, and a word of the answer.
    pub first_command: Option<(Vec<String>, Stream, String)>,
    pub notes: Vec<String>,
}

/// A payload that was read.
struct Seen<'a> {
    path: &'a Path,
    file_name: String,
    files: Vec<Surveyed>,
    /// Links to nothing.
    dangling: Vec<MemberPath>,
    /// The programs among them, by their place in the list.
    programs: Vec<usize>,
    inventory: Inventory,
    _scratch: Scratch,
}

/// Reads the payloads. `wanted` are the executables that the user names, the program first.
pub(super) fn survey_all(
    payloads: &[PathBuf],
    wanted: &[String],
    console: &Console,
    progress: &Progress,
) -> Result<Survey, ScaffoldError> {
    let mut seen = Vec::new();
    for path in payloads {
        seen.push(Seen::read(path, wanted.first().map(String::as_str), progress)?);
    }
    let mut executables = match wanted {
        [] => executables(&seen),
        wanted => wanted.to_vec(),
    };
    let mut findings = Survey::of(&seen, &executables)?;
    let first = executables.first().cloned().unwrap_or_default();
    let starts = |one: &Seen<'_>| {
        let facts = one.program(&first).and_then(|file| one.inventory.get(&file.path));
        facts.is_some_and(|facts| missing_loader(facts).is_none())
    };
    let mut pairs = seen.iter().zip(&findings.rows);
    let here = pairs.find(|(one, row)| row.triple.runs_here() && starts(one)).map(|(one, _)| one);
    // Who names the programs names the one that is asked.
    let asked = executables.iter().take(if wanted.is_empty() { MAX_ASKED } else { 1 });
    let told = here.map(|one| one.interview(asked, console)).transpose()?.flatten();
    let Some((at, told)) = told else {
        findings.notes.push(format!(
            "`{first}` of these payloads does not run on this machine: try [tool.relkit.smoke] on one where it does"
        ));
        return Ok(findings);
    };
    if at > 0 {
        let program = executables.remove(at);
        executables.insert(0, program);
        findings = Survey::of(&seen, &executables)?;
    }
    let program = executables.first().unwrap_or(&first);
    if let Some(argument) = told.hanging {
        let seconds = question::TIME.as_secs();
        findings.notes.push(format!(
            "`{program} {argument}` did not end here within {seconds} s, and nothing else was asked: look at \
             [tool.relkit.smoke]"
        ));
    } else if told.question.is_none() {
        let note = format!(
            "`{program}` says no version that can be recognised: `version` of [tool.relkit.smoke] says how it is asked, and \
             `pattern = false` there that it has none"
        );
        findings.notes.push(note);
    }
    (findings.question, findings.first_command) = (told.question, told.first_command);
    Ok(findings)
}

impl Survey {
    /// What the program says of its version, else the one that every payload has in its name.
    pub(super) fn version(&self) -> Option<PublicVersion> {
        if let Some(question) = &self.question {
            return Some(question.version.clone());
        }
        let mut named = self.rows.iter().map(|row| names::version(&row.file_name));
        let first = named.next()??;
        named.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// What payloads tell without being run; the first of the executables is the program.
    fn of(seen: &[Seen<'_>], executables: &[String]) -> Result<Self, ScaffoldError> {
        let command = match seen.iter().any(|one| one.needs_files(executables)) {
            true => Command::Launcher,
            false => Command::Scripts,
        };
        let no_commands: BTreeSet<_> = seen.iter().flat_map(|one| one.no_commands(executables, command)).collect();
        let (unnamed, left_out): (Vec<_>, Vec<_>) = no_commands.into_iter().partition(|(_, is_kept)| *is_kept);
        let paths = |files: Vec<(_, bool)>| files.into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        let (unnamed, left_out) = (paths(unnamed), paths(left_out));
        let mut rows = seen.iter().map(|one| one.row(executables, command)).collect::<Result<Vec<_>, _>>()?;
        settle_tags(&mut rows);
        let mut beside = beside(&seen.iter().map(|one| &one.files[..]).collect::<Vec<_>>(), executables);
        let mut notes = std::mem::take(&mut beside.notes);
        for note in seen.iter().flat_map(|one| one.link_notes(executables)) {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        notes.extend(seen.iter().flat_map(|one| one.faults(executables, command)));
        // A number in another name may be of a system.
        let wheels = rows.iter().filter_map(|row| row.file_name.parse::<WheelFileName>().ok());
        let releases: BTreeSet<PublicVersion> = wheels.filter_map(|wheel| wheel.version.parse().ok()).collect();
        if releases.len() > 1 {
            notes.push(format!(
                "the payloads are of the releases {}: give `relkit release` those of one",
                releases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ));
        }
        if !unnamed.is_empty() {
            notes.push(format!(
                "no command of the product starts {} in its package: `executables` takes native programs only",
                named(unnamed)
            ));
        }
        if !left_out.is_empty() {
            notes.push(format!(
                "no wheel has {}, which can be run: if users start it, the product needs a native program in its place",
                named(left_out)
            ));
        }
        let executables = executables.to_vec();
        Ok(Self { rows, command, beside, question: None, first_command: None, notes, executables })
    }
}

impl<'a> Seen<'a> {
    fn read(path: &'a Path, wanted: Option<&str>, progress: &Progress) -> Result<Self, ScaffoldError> {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let scratch = Scratch::create(names::SCRATCH)?;
        let called = names::program(&file_name);
        let (files, dangling) = survey(path, wanted.unwrap_or(&called), scratch.path(), progress)?;
        let natives = files.iter().filter(|file| file.magic.format().is_some());
        let inventory = Inventory::of_files(natives.map(|file| (file.path.to_string(), file.source.clone())))?;
        let is_program =
            |file: &Surveyed| !file.is_library && inventory.get(&file.path).is_some_and(|facts| facts.is_executable());
        let programs: Vec<_> = (0..files.len()).filter(|index| is_program(&files[*index])).collect();
        if programs.is_empty() {
            return Err(ScaffoldError::NoProgram { payload: path.to_owned() });
        }
        Ok(Self { path, file_name, files, dangling, programs, inventory, _scratch: scratch })
    }

    /// The programs that users start: those in `bin/`, else at the top, else all.
    fn front(&self) -> Vec<&Surveyed> {
        let programs: Vec<_> = self.programs.iter().map(|index| &self.files[*index]).collect();
        for wanted in ["bin", ""] {
            let there: Vec<_> = programs.iter().copied().filter(|file| parent(&file.path) == wanted).collect();
            if !there.is_empty() {
                return there;
            }
        }
        let nested: Vec<_> = programs.iter().copied().filter(|file| parent(&file.path).ends_with("/bin")).collect();
        if nested.is_empty() { programs } else { nested }
    }

    /// What there is to say of its links: a wheel holds none.
    fn link_notes(&self, executables: &[String]) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.dangling.is_empty() {
            let names = named(self.dangling.iter().map(|path| &**path));
            notes.push(format!("`{}` has links to nothing, which are left out: {names}", self.file_name));
        }
        // By their own names: a payload may lack one of them.
        let real = |name: &str| self.called(name).and_then(|file| file.source.canonicalize().ok());
        for (index, name) in executables.iter().enumerate() {
            let is_same = |other: &&String| real(name).is_some_and(|own| real(other) == Some(own));
            if let Some(other) = executables[..index].iter().find(is_same) {
                notes.push(format!(
                    "`{name}` is `{other}` under another name, and a second copy of it in each wheel: if the program does \
                     not care under which name it is started, write it into `aliases` and not into `executables`"
                ));
            }
        }
        let unnamed = self.programs.iter().map(|index| &self.files[*index]).filter(|file| file.is_link);
        for file in unnamed.filter(|file| !executables.iter().any(|name| name == stem(file))) {
            if let Some(program) = self.linked_to(file, executables) {
                notes.push(format!(
                    "`{}` is `{program}` under another name: if users start it, write `{}` into `aliases`",
                    file.path,
                    stem(file)
                ));
            }
        }
        notes
    }

    /// The executable that a link stands for.
    fn linked_to<'b>(&self, file: &Surveyed, executables: &'b [String]) -> Option<&'b String> {
        let is_it = |name: &&String| self.called(name).is_some_and(|program| program.source == file.source);
        file.is_link.then(|| executables.iter().find(is_it)).flatten()
    }

    /// What lies in the `bin/` of the payload or of its program to be started and is none of the executables, as scripts are,
    /// and whether it is in the package.
    fn no_commands(&self, executables: &[String], command: Command) -> Vec<(&str, bool)> {
        let directory = self.directory(executables);
        let is_kept = |path: &str| command != Command::Scripts && is_below(root(directory), path);
        let is_no_command = |file: &&Surveyed| {
            let of_users = ["bin", directory].contains(&parent(&file.path)) && file_name(parent(&file.path)) == "bin";
            let is_there = of_users && (file.runs || file.magic.format().is_some());
            let is_known = self.is_executable(file, executables) || self.linked_to(file, executables).is_some();
            is_there && !file.is_script && !file.is_library && !is_known
        };
        self.files.iter().filter(is_no_command).map(|file| (&*file.path, is_kept(&file.path))).collect()
    }

    /// Where the program lies.
    fn directory(&self, executables: &[String]) -> &str {
        let first = executables.first().and_then(|name| self.program(name));
        first.map_or("", |file| parent(&file.path))
    }

    /// The file of an executable by its name.
    fn called(&self, name: &str) -> Option<&Surveyed> {
        self.front().into_iter().find(|file| stem(file) == name)
    }

    /// The file of an executable by its name, or the only program.
    fn program(&self, name: &str) -> Option<&Surveyed> {
        self.called(name).or(match self.front()[..] {
            [only] => Some(only),
            _ => None,
        })
    }

    /// Asks these programs what they are, one after the other until one says its version: that one by its place, else the
    /// first; none where the first is not there.
    fn interview<'b>(
        &self,
        names: impl Iterator<Item = &'b String>,
        console: &Console,
    ) -> Result<Option<(usize, Interview)>, ScaffoldError> {
        let mut first = None;
        for (at, name) in names.enumerate() {
            let Some(file) = self.program(name) else { continue };
            let seconds = question::TIME.as_secs();
            console.status("Asking", format_args!("`{name}` for its version: it is run here, for {seconds} s at most"));
            let told = interview(&Runnable::of(&self.files, file)?.path)?;
            let answers_well = told.question.as_ref().is_some_and(|question| question.exit == 0);
            // Another is not asked for as long again.
            let is_over = answers_well || told.hanging.is_some();
            match at {
                0 => first = Some((0, told)),
                _ if answers_well => return Ok(Some((at, told))),
                _ => {}
            }
            if is_over {
                break;
            }
        }
        Ok(first)
    }

    fn is_executable(&self, file: &Surveyed, executables: &[String]) -> bool {
        let named = executables.iter().filter_map(|name| self.program(name));
        named.into_iter().any(|program| program.path == file.path)
    }

    /// Whether the payload has files that are neither for people nor for the shell, where a launcher would find them.
    fn needs_files(&self, executables: &[String]) -> bool {
        let root = root(self.directory(executables));
        let is_needed = |file: &&Surveyed| {
            !self.is_executable(file, executables)
                && self.linked_to(file, executables).is_none()
                && is_below(root, &file.path)
                && !file.is_script
                && kind::of(&file.path, executables) == AccompanyingFile::Other
        };
        self.files.iter().any(|file| is_needed(&file))
    }

    /// The binaries that a wheel holds.
    fn shipped<'b>(&'b self, executables: &'b [String], command: Command) -> impl Iterator<Item = &'b (String, Facts)> {
        let is_shipped = move |path: &str| {
            command != Command::Scripts
                || self.files.iter().any(|file| *file.path == *path && self.is_executable(file, executables))
        };
        self.inventory.binaries().iter().filter(move |(path, _)| is_shipped(path))
    }

    /// What no table makes good: `release` fails at it.
    fn faults(&self, executables: &[String], command: Command) -> Vec<String> {
        let of_one = |(path, facts): &(String, Facts)| {
            let told = binary_faults(facts).into_iter().map(|BinaryFault { rule, message }| {
                let (name, fix) = (rule.name, rule.documentation.fix);
                let place = match self.path.is_dir() || self.files.len() > 1 {
                    true => format!("`{path}` of `{}`", self.file_name),
                    false => format!("`{}`", self.file_name),
                };
                format!("a release fails at {place}: {message} ({name}). {fix}, or accept it in [[tool.relkit.accept]]")
            });
            told.collect::<Vec<_>>()
        };
        self.shipped(executables, command).flat_map(of_one).collect()
    }

    fn row(&self, executables: &[String], command: Command) -> Result<SurveyedPayload, ScaffoldError> {
        let inventory = Inventory::new(self.shipped(executables, command).cloned().collect());
        let honest: Vec<_> = inventory
            .honest_tags()
            .into_iter()
            .filter(|tag| !matches!(tag, PlatformTag::ManylinuxLegacy { .. }))
            .collect();
        let program = executables.first().and_then(|name| self.program(name));
        let facts = program.and_then(|file| self.inventory.get(&file.path));
        let libc = facts.and_then(|facts| facts.slices.first()).and_then(|slice| slice.libc);
        let named = names::triple(&self.file_name).filter(|triple| honest.iter().any(|tag| triple.matches(tag)));
        let no_tag = || {
            let hopeless = inventory.hopeless();
            let reasons = Inventory::reasons(hopeless.iter().map(|(tag, member, objection)| (tag, *member, objection)));
            ScaffoldError::NoHonestTag { payload: self.path.to_owned(), reasons }
        };
        let musl = libc != Some(Libc::Glibc);
        let preferred = honest.iter().find(|tag| tag.is_musllinux() == musl).or(honest.first()).ok_or_else(no_tag)?;
        let triple = match named {
            Some(triple) => triple,
            None => TargetTriple::of_tag(preferred).ok_or_else(no_tag)?,
        };
        let own = honest.iter().find(|tag| tag.is_musllinux() == triple.is_musl()).unwrap_or(preferred).clone();
        // The tag of a universal build stands for those of its slices, which may be other targets'.
        let whole = own.architectures().len() > 1;
        let also = honest.into_iter().filter(|tag| *tag != own && triple.matches(tag) && !whole).collect();
        let is_directory = self.path.is_dir();
        Ok(SurveyedPayload { triple, platform_tag: own, also, file_name: self.file_name.clone(), is_directory })
    }
}

/// What a launcher's package holds, by where the program lies: what holds its `bin/`, or the program itself.
fn root(directory: &str) -> &str {
    match directory {
        "bin" => "",
        other => other.strip_suffix("/bin").unwrap_or(other),
    }
}

fn is_below(root: &str, path: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
}

/// The file name of a program without what Windows adds.
fn stem(file: &Surveyed) -> &str {
    let name = file_name(&file.path);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The names of the executables, the program first: that which the payload is named by, or the only one.
fn executables(seen: &[Seen<'_>]) -> Vec<String> {
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for one in seen {
        let front = one.front();
        let called = names::program(&one.file_name);
        let first = match front[..] {
            [only] => names::inside(stem(only), &called),
            _ => {
                let named = front.iter().find(|file| stem(file) == called);
                // An artefact can be called by its program and a word more: `ast_grep_cli`.
                let plain = |name: &str| name.replace('_', "-").to_ascii_lowercase();
                let begins = |file: &&&Surveyed| plain(&called).starts_with(&format!("{}-", plain(stem(file))));
                let begun = front.iter().filter(begins).max_by_key(|file| stem(file).len());
                named
                    .or(begun)
                    .or(front.iter().min_by_key(|file| (file.is_link, stem(file).len(), stem(file))))
                    .map_or(called, |file| stem(file).to_owned())
            }
        };
        if front.len() > 1 {
            names.extend(front.iter().map(|file| stem(file).to_owned()));
        }
        *votes.entry(first).or_default() += 1;
    }
    let first = votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name).unwrap_or_default();
    names.remove(&first);
    std::iter::once(first).chain(names).collect()
}

/// No tag may stand in two rows, and a row for musl carries no manylinux tag beside one for glibc.
fn settle_tags(rows: &mut [SurveyedPayload]) {
    for index in 0..rows.len() {
        let triple = rows[index].triple.clone();
        let beside_glibc = triple.is_musl_beside(rows.iter().map(|other| &other.triple));
        let taken: Vec<_> = rows
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .flat_map(|(other, row)| {
                let also = if other < index { row.also.clone() } else { Vec::new() };
                std::iter::once(row.platform_tag.clone()).chain(also)
            })
            .collect();
        rows[index].also.retain(|tag| {
            let is_left_to_another = taken.contains(tag) || beside_glibc && tag.is_manylinux();
            !is_left_to_another
        });
    }
}
