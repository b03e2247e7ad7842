//! How a program says its version, and what else it answers: it is run here, where it runs here.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use regex::{NoExpand, Regex};

use super::error::ScaffoldError;
use super::names;
use crate::binary::Magic;
use crate::fs::{Mode, Scratch, copy};
use crate::payload::Surveyed;
use crate::smoke::probe::{self, Answer, Asked};
use crate::version::{PublicVersion, printed, printed_dotted};

/// Where a program prints; `stdout` and `stderr` are also the keys of a smoke command.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// How the program is asked for its version, and what it said.
#[derive(Debug)]
pub(super) struct Question {
    pub arguments: Vec<String>,
    /// The exit code of the answer.
    pub exit: i32,
    /// None where it is found without one, and a pattern would find more than it.
    pub pattern: Option<String>,
    pub version: PublicVersion,
}

/// A question that a program answers, and says no version.
#[derive(Debug)]
pub(super) struct Untold {
    pub argument: &'static str,
    pub exit: i32,
    /// The first line of the answer.
    pub line: String,
}

/// A copy of a payload whose program can be started: what it needs lies where it looks for it, archives keep a mode, and what
/// is unpacked here does not.
pub(super) struct Runnable {
    /// The program.
    pub path: PathBuf,
    _scratch: Scratch,
}

impl Runnable {
    pub(super) fn of(files: &[Surveyed], program: &Surveyed) -> Result<Self, ScaffoldError> {
        let scratch = Scratch::create(names::SCRATCH)?;
        for file in files {
            let runs = file.magic.format().is_some() || file.magic == Magic::Script;
            let mode = if runs { Mode::Executable } else { Mode::Data };
            copy(&file.source, &scratch.path().join(&*file.path), mode)?;
        }
        Ok(Self { path: scratch.path().join(&*program.path), _scratch: scratch })
    }
}

static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\d+").ok());

static USAGE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\busage\b").ok());

/// How long the program may take for all its answers together, in whole seconds.
pub(super) const TIME: Duration = Duration::from_secs(15);

/// What a program said of itself, as far as it answered.
#[derive(Debug, Default)]
pub(super) struct Interview {
    pub question: Option<Question>,
    /// What it can be asked where it tells no version.
    pub untold: Option<Untold>,
    /// Arguments that it answers well, and a word of the answer.
    pub first_command: Option<(Vec<String>, Stream, String)>,
    /// The argument at which its time was over; it was asked nothing else.
    pub hanging: Option<&'static str>,
}

/// Asks a program what it is.
///
/// # Errors
/// Where it has no room to run in.
pub(super) fn interview(program: &Path) -> Result<Interview, ScaffoldError> {
    let (mut interview, end) = (Interview::default(), Instant::now() + TIME);
    let mut ask = |argument: &'static str| -> Result<Option<(Answer, i32)>, ScaffoldError> {
        if interview.hanging.is_some() {
            return Ok(None);
        }
        let left = end.saturating_duration_since(Instant::now());
        match probe::ask(program, argument, left)? {
            Asked::Answered(answer) => return Ok(Some((answer, 0))),
            Asked::Failed(answer, code) => return Ok(Some((answer, code))),
            Asked::Hanging => interview.hanging = Some(argument),
            Asked::Refused => {}
        }
        Ok(None)
    };
    let (mut question, mut unsuccessful, mut untold) = (None, None, Vec::new());
    for argument in ["--version", "version", "-V", "-version", "-v"] {
        let Some((answer, exit)) = ask(argument)? else { continue };
        // A program that fails may print a version in its complaint, but not as its output.
        let texts = if exit == 0 { &[&answer.stdout, &answer.stderr][..] } else { &[&answer.stdout] };
        let Some((pattern, version)) = texts.iter().find_map(|text| pattern_of(text)) else {
            untold.push(Untold::of(argument, exit, &answer));
            continue;
        };
        let found = Question { arguments: vec![argument.to_owned()], exit, pattern, version };
        if exit == 0 {
            question = Some(found);
            break;
        }
        unsuccessful.get_or_insert(found);
    }
    let help = ask(HELP)?;
    untold.extend(help.iter().map(|(answer, exit)| Untold::of(HELP, *exit, answer)));
    let first_command = help.filter(|(_, exit)| *exit == 0).and_then(|(answer, _)| first_command(&answer));
    // A question that ends well, of which only those with a dash ask of every program the same.
    untold.sort_by_key(|one| (one.exit != 0, !one.argument.starts_with("--")));
    Ok(Interview { question: question.or(unsuccessful), untold: untold.into_iter().next(), first_command, ..interview })
}

impl Untold {
    fn of(argument: &'static str, exit: i32, answer: &Answer) -> Self {
        let lines = [&answer.stdout, &answer.stderr].into_iter().flat_map(|text| text.lines());
        let line = lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
        Self { argument, exit, line }
    }
}

/// What a word says, as the smoke test reads it for the release that it is of: `1.2.3-beta` is 1.2.3b0.
fn read(word: &str) -> Option<PublicVersion> {
    PublicVersion::said(word).or_else(|| PublicVersion::typed(word))
}

/// The pattern that finds the version in what a program printed, where one does and one is needed, and the version.
fn pattern_of(text: &str) -> Option<(Option<String>, PublicVersion)> {
    let (version, line) = printed_dotted(text)?;
    let said = read(version)?;
    let before = regex::escape(&line[..line.find(version)?]);
    // Something that changes from build to build is no part of the pattern.
    let is_stable = before.len() < 60 && !before.contains(|character: char| character.is_ascii_digit());
    let mark = if before.ends_with('v') { "v" } else { "" };
    let any_digits = || Some(format!("^{}", DIGITS.as_ref()?.replace_all(&before, NoExpand(r"\d+"))));
    let starts = if is_stable { [Some(format!("^{before}")), None] } else { [Some(mark.to_owned()), any_digits()] };
    // What follows the numbers may be anything: `1.13.2.git.kitware`, `0.168.0-e27a`.
    let groups = [r"(\d[0-9A-Za-z.-]*)", r"(\d+(?:\.\d+)+)"];
    let mut patterns =
        groups.iter().flat_map(|group| starts.iter().flatten().map(move |start| format!("{start}{group}")));
    let finds = |pattern: &String| {
        let captures = Regex::new(pattern).ok()?.captures(line)?;
        read(captures.get(1)?.as_str())
    };
    let pattern = patterns.find(|pattern| finds(pattern).as_ref() == Some(&said));
    // `7.0.0-dev.20260707.2` is of 7.0.0.dev20260707, and no pattern ends there.
    let is_found = pattern.is_some() || printed(text).is_some_and(|(found, _)| found == version);
    is_found.then_some((pattern, said))
}

/// What nearly every program answers without doing anything.
pub(super) const HELP: &str = "--help";

/// The command that a smoke test can run first, after what it answered.
fn first_command(answer: &Answer) -> Option<(Vec<String>, Stream, String)> {
    let usage = USAGE.as_ref()?;
    let printed = [(Stream::Stdout, &answer.stdout), (Stream::Stderr, &answer.stderr)];
    let found = printed.into_iter().find_map(|(stream, text)| Some((stream, usage.find(text)?.as_str().to_owned())));
    found.map(|(stream, word)| (vec![HELP.to_owned()], stream, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_as_programs_print_them() {
        for (line, pattern, version) in [
            ("ripgrep 15.2.0 (rev e89fff89ac)", r"^ripgrep (\d[0-9A-Za-z.-]*)", "15.2.0"),
            ("v3.14.1", r"^v(\d[0-9A-Za-z.-]*)", "3.14.1"),
            ("1.13.2.git.kitware.jobserver-pipe-1", r"^(\d+(?:\.\d+)+)", "1.13.2"),
            ("3.54.0+pypi", r"^(\d[0-9A-Za-z.-]*)", "3.54.0"),
            ("gh version 2.103.3 (2026-10-26)", r"^gh version (\d[0-9A-Za-z.-]*)", "2.103.3"),
            ("version: 0.11.0", r"^version: (\d[0-9A-Za-z.-]*)", "0.11.0"),
            ("codex-cli 0.116.0-alpha.1", r"^codex\-cli (\d[0-9A-Za-z.-]*)", "0.116.0a1"),
            ("codex-cli 0.163.0 (release build)", r"^codex\-cli (\d[0-9A-Za-z.-]*)", "0.163.0"),
            ("go version go1.22.3 linux/amd64", r"^go version go(\d[0-9A-Za-z.-]*)", "1.22.3"),
            ("hugo v0.168.0-e27a9f1b+extended", r"^hugo v(\d+(?:\.\d+)+)", "0.168.0"),
            ("built 2026-10-26 as v1.4", r"v(\d[0-9A-Za-z.-]*)", "1.4"),
            ("rclone v1.60.1-DEV", r"^rclone v(\d[0-9A-Za-z.-]*)", "1.60.1.dev0"),
            ("tool 1.2.3-beta", r"^tool (\d[0-9A-Za-z.-]*)", "1.2.3b0"),
            ("x86_64 build 1.2.3", r"^x\d+_\d+ build (\d[0-9A-Za-z.-]*)", "1.2.3"),
        ] {
            let (found, said) = pattern_of(line).unwrap();
            let found = found.unwrap();
            assert_eq!((found.as_str(), said.to_string().as_str()), (pattern, version), "{line}");
            assert_eq!(
                Regex::new(&found).unwrap().captures(line).unwrap().get(1).map(|group| read(group.as_str()).unwrap()),
                Some(said)
            );
        }
        let of_a_day = pattern_of("Version 7.0.0-dev.20260707.2").unwrap();
        assert_eq!((of_a_day.0, of_a_day.1.to_string().as_str()), (None, "7.0.0.dev20260707"));
        assert!(pattern_of("usage: x").is_none());
        assert!(pattern_of("workerd 2026-11-17").is_none());
    }
}
