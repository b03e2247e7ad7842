//! What all payloads together tell of the product that they are of: its targets, executables and files, and what the program
//! says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::beside::{Beside, beside};
use super::error::ScaffoldError;
use super::names;
use super::question::{self, Question, Stream, Untold};
use super::seen::{Seen, SurveyedPayload, stem};
use crate::binary::missing_loader;
use crate::console::text::{named, visible_start};
use crate::console::{Console, Progress};
use crate::payload::Surveyed;
use crate::product::Command;
use crate::version::PublicVersion;
use crate::wheel::filename::WheelFileName;

/// How much of an answer is repeated, in characters.
const MAX_SHOWN: usize = 80;

/// How many programs of a payload are asked for a version, until one says it.
const MAX_ASKED: usize = 4;

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
    /// What it answers well where it tells no version.
    pub untold: Option<Untold>,
    /// Arguments that the program answers well, where it answers, and a word of the answer.
    pub first_command: Option<(Vec<String>, Stream, String)>,
    pub notes: Vec<String>,
    /// The licences that the packages of payloads say, each with the file name of the first that does.
    pub licences_said: BTreeMap<String, String>,
    /// Payloads for which no tag is honest.
    pub left_out: Vec<PathBuf>,
}

/// Payloads without an honest tag, and what there is to say of each.
type Untagged = Vec<(PathBuf, String)>;

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
    let executables = called(&seen, wanted);
    let (seen, untagged) = with_tags(seen, &executables)?;
    let mut findings = survey_seen(&seen, wanted, console)?;
    findings.notes.splice(0..0, untagged.iter().map(|(_, note)| note.clone()));
    findings.left_out = untagged.into_iter().map(|(path, _)| path).collect();
    Ok(findings)
}

/// The executables: those that the user names, or those that the payloads have.
fn called(seen: &[Seen<'_>], wanted: &[String]) -> Vec<String> {
    if wanted.is_empty() { executables(seen) } else { wanted.to_vec() }
}

/// The payloads that have an honest tag, and those that have none (FreeBSD's), with what there is to say of each.
///
/// # Errors
/// Where none has one.
fn with_tags<'a>(seen: Vec<Seen<'a>>, executables: &[String]) -> Result<(Vec<Seen<'a>>, Untagged), ScaffoldError> {
    let command = command(&seen, executables);
    let (mut tagged, mut untagged, mut first) = (Vec::new(), Vec::new(), None);
    for one in seen {
        match one.row(executables, command) {
            Ok(_) => tagged.push(one),
            Err(error @ (ScaffoldError::NoHonestTag { .. } | ScaffoldError::SeveralPlatforms { .. })) => {
                untagged.push((
                    one.path.to_owned(),
                    format!("`{}` is left out, since {}", one.file_name, error.about_it()),
                ));
                first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    match first.filter(|_| tagged.is_empty()) {
        Some(error) => Err(error),
        None => Ok((tagged, untagged)),
    }
}

/// How the program gets on PATH.
fn command(seen: &[Seen<'_>], executables: &[String]) -> Command {
    match seen.iter().any(|one| one.needs_files(executables)) {
        true => Command::Launcher,
        false => Command::Scripts,
    }
}

/// What payloads tell of which each has an honest tag.
fn survey_seen(seen: &[Seen<'_>], wanted: &[String], console: &Console) -> Result<Survey, ScaffoldError> {
    let mut executables = called(seen, wanted);
    let mut findings = Survey::of(seen, &executables)?;
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
        findings = Survey::of(seen, &executables)?;
    }
    let program = executables.first().unwrap_or(&first);
    if let Some(argument) = told.hanging {
        let seconds = question::TIME.as_secs();
        findings.notes.push(format!(
            "`{program} {argument}` did not end here within {seconds} s, and nothing else was asked: look at \
             [tool.relkit.smoke]"
        ));
    } else if told.question.is_none() {
        findings.notes.push(match &told.untold {
            // What it answers may name the place where it was run.
            Some(Untold { argument: argument @ question::HELP, exit: 0, .. }) => format!(
                "`{program}` tells no version, and is tested by `{argument}` alone: `version` of [tool.relkit.smoke] says how it \
                 is asked and where its answer is"
            ),
            Some(Untold { argument, line, exit }) => {
                let said = match line.as_str() {
                    "" => "nothing".to_owned(),
                    line => format!("`{}`", visible_start(line, MAX_SHOWN)),
                };
                let (ending, effect) = match exit {
                    0 => (String::new(), ", and so nothing holds the program against its release"),
                    code => (format!(" and ends with exit code {code}"), ", and a release fails at that"),
                };
                format!(
                    "`{program} {argument}` says {said}{ending}, in which no version is recognised{effect}: `version` of \
                     [tool.relkit.smoke] says how it is asked and where its answer is"
                )
            }
            None => format!(
                "`{program}` answers no question for its version, and a release fails at that: `version` of \
                 [tool.relkit.smoke] says how it is asked"
            ),
        });
    }
    // One that fails may be broken, and is no test that a release should pass.
    findings.untold = told.untold.filter(|untold| told.hanging.is_none() && untold.exit == 0);
    (findings.question, findings.first_command) = (told.question, told.first_command);
    findings.notes.extend(findings.of_another_release());
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

    /// What there is to say of artefacts that are called by another version, where others are called by the program's. Wheels
    /// are compared with each other.
    fn of_another_release(&self) -> Option<String> {
        let version = &self.question.as_ref()?.version;
        let is_named = |row: &&SurveyedPayload| names::spelled(&row.file_name, version).is_some();
        let other = |row: &SurveyedPayload| {
            let is_wheel = row.file_name.parse::<WheelFileName>().is_ok();
            let named = names::version(&row.file_name).filter(|named| named != version && !is_wheel)?;
            Some(format!("`{}` is of {named}", row.file_name))
        };
        let (named, others): (Vec<_>, Vec<_>) = self.rows.iter().partition(is_named);
        let others: Vec<_> = others.into_iter().filter_map(other).collect();
        let is_told = !named.is_empty() && !others.is_empty();
        is_told.then(|| {
            let others = others.join(", ");
            format!("by its name {others}, and the program says {version}: give `relkit release` the payloads of one release")
        })
    }

    /// What payloads tell without being run; the first of the executables is the program.
    fn of(seen: &[Seen<'_>], executables: &[String]) -> Result<Self, ScaffoldError> {
        let command = command(seen, executables);
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
        let mut licences_said = BTreeMap::new();
        for one in seen {
            if let Some(license) = &one.described.license {
                licences_said.entry(license.clone()).or_insert_with(|| one.file_name.clone());
            }
        }
        let executables = executables.to_vec();
        Ok(Self {
            licences_said,
            rows,
            command,
            beside,
            question: None,
            untold: None,
            first_command: None,
            notes,
            left_out: Vec::new(),
            executables,
        })
    }
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
