//! The level `version`: the program starts, and says of itself what its wheel and the release say.

use std::fmt;

use relkit_client::process::{Ending, Finished};

use super::capture;
use super::fault::{Fault, Subject};
use super::home::MAX_OUTPUT;
use super::options::ExpectedVersion;
use super::steps::Done;
use super::trial::Trial;
use crate::console::text::visible_start;
use crate::product::{Smoke, VersionQuestion};
use crate::version::{PublicVersion, printed};

/// How much of what the runtime says is repeated, in characters.
const MAX_SHOWN: usize = 200;

/// What a product can say of it.
const SETTING: &str = "`version` of [tool.relkit.smoke] says how the program";

/// What the program answered to the question for its version.
pub(super) struct VersionAnswer {
    /// None where the product says that the program tells none.
    pub(super) version: Option<Reported>,
    /// All that it printed.
    pub(super) stdout: Vec<u8>,
}

impl Trial<'_> {
    pub(super) fn version(&self, subject: &Subject<'_>) -> Result<Done<VersionAnswer>, Fault> {
        let smoke = &self.project().smoke;
        let doing = &question(smoke);
        let finished = self
            .invocation(&self.runtime.executable)
            .arguments(&smoke.version.arguments)
            .run(self.step_time(), MAX_OUTPUT)
            .map_err(|error| subject.process_fault(&error, doing))?;
        let text = capture::text(&finished.stdout).trim().to_owned();
        if finished.ending != Ending::Code(smoke.version.exit) {
            return Err(self.unanswered(subject, finished.ending, &text, finished.stderr_tail));
        }
        if !smoke.version.is_told {
            let answers = format!("`{}` answers {doing}; the product says that it tells no version", subject.name);
            let detail = answers + &remains(&finished);
            return Ok(Done::passed(detail).with(VersionAnswer { version: None, stdout: finished.stdout }));
        }
        // Some print it to standard error; where nobody says how it is found, a warning there is not taken for it.
        let speaks_there = smoke.version.pattern.is_some() || (text.is_empty() && !self.project().is_app_server());
        let found =
            line_with(smoke, &text).or_else(|| line_with(smoke, &finished.stderr_tail).filter(|_| speaks_there));
        let Some((word, line)) = found else {
            let sentence = format!(
                "`{}` answers {doing} with `{}`, {}{}",
                subject.name,
                shown(&text),
                self.expectation(),
                self.other_product()
            );
            return Err(Fault::with_tail(sentence, finished.stderr_tail));
        };
        let version =
            if self.project().is_app_server() { Reported::exactly(word) } else { Reported::with_its_build(word) };
        let version = version.read_for(self.options.expected.as_ref().map(|expected| &expected.version), smoke);
        // Nothing has been reported before: there is one question.
        let _ = self.reported.set(version.to_string());
        self.must_be_expected(&version, doing)?;
        let mut detail =
            if self.project().is_app_server() { text.clone() } else { line.trim().chars().take(MAX_SHOWN).collect() };
        if let Some(release) = self.release.as_deref().filter(|release| Reported::exactly(release) != version) {
            detail += &match (release.parse(), &version) {
                (Ok(wheel), Reported::Known(program)) if smoke.is_packaging(&wheel, program) => {
                    format!("; the wheel is {release}, a packaging of it")
                }
                _ => format!("; the wheel calls itself {release}"),
            };
        }
        detail += &remains(&finished);
        Ok(Done::passed(detail).with(VersionAnswer { version: Some(version), stdout: finished.stdout }))
    }

    /// The fault of a question that did not end as answers to it do.
    fn unanswered(&self, subject: &Subject<'_>, ending: Ending, text: &str, stderr_tail: String) -> Fault {
        let doing = &question(&self.project().smoke);
        let expected = self.project().smoke.version.exit;
        match ending {
            Ending::Code(code) if expected != 0 || !text.is_empty() => {
                let printed = if text.is_empty() { String::new() } else { format!("; it printed `{}`", shown(text)) };
                let sentence = format!(
                    "`{}` ends with exit code {code} after {doing}, not with {expected}{printed}; {SETTING} ends (`exit`){}",
                    subject.name,
                    self.other_product()
                );
                Fault::with_tail(sentence, stderr_tail)
            }
            Ending::Code(1..) => {
                let more = self.how_to_ask() + &self.other_product();
                subject.early_end(ending, doing, &more, stderr_tail)
            }
            _ => subject.early_end(ending, doing, &self.other_product(), stderr_tail),
        }
    }

    /// Every other part that names a version must name this one.
    fn must_be_expected(&self, version: &Reported, doing: &str) -> Result<(), Fault> {
        if let Some(ExpectedVersion { version: expected, source }) = &self.options.expected {
            let smoke = &self.project().smoke;
            let is_right = matches!(version, Reported::Known(said) if smoke.is_packaging(expected, said));
            if !is_right {
                version.must_be(&Reported::Known(expected.clone()), doing, source)?;
            }
        }
        let descriptor = self.runtime.package.as_ref().map(|package| &package.descriptor);
        match descriptor.and_then(|descriptor| descriptor.version.as_deref()) {
            Some(packaged) => Reported::exactly(packaged).must_be(version, "the package manifest", doing),
            None => Ok(()),
        }
    }

    /// What an answer without a version lacks.
    fn expectation(&self) -> String {
        match &self.project().smoke.version.pattern {
            Some(pattern) => format!("in which `{}` finds no version", pattern.as_str()),
            None if self.project().is_app_server() => "not with its name and version".to_owned(),
            None => format!("in which no version is found; {SETTING} is asked and where its answer is"),
        }
    }

    /// Not every program knows `--version`.
    fn how_to_ask(&self) -> String {
        let project = self.project();
        let is_usual = project.smoke.version == VersionQuestion::default() && !project.is_app_server();
        if is_usual { format!("; {SETTING} is asked") } else { String::new() }
    }

    /// Says which product the program was taken for, where it does not look like that product's.
    pub(super) fn other_product(&self) -> String {
        let project = self.project();
        let file_name = self.runtime.name.rsplit('/').next().unwrap_or_default();
        let is_own = project.executables.iter().any(|name| file_name.starts_with(name.as_str()));
        if is_own {
            return String::new();
        }
        let (program, distribution) = (project.executable(), &project.distribution);
        format!("; it was tested as `{program}` of `{distribution}`, and `--product DIR` names another product")
    }
}

/// What a program that has ended left running.
fn remains(finished: &Finished) -> String {
    let mut remains = String::new();
    if finished.left_behind > 0 {
        let what = if finished.left_behind == 1 { "process" } else { "processes" };
        remains += &format!("; it left {} {what} running, ended after it", finished.left_behind);
    }
    if finished.held_output {
        remains += "; what it started holds its standard output open";
    }
    remains
}

/// The arguments of the question, as sentences show them.
pub(super) fn question(smoke: &Smoke) -> String {
    match smoke.version.arguments.as_slice() {
        [] => "a start without arguments".to_owned(),
        arguments => format!("`{}`", arguments.join(" ")),
    }
}

fn line_with<'a>(smoke: &Smoke, text: &'a str) -> Option<(&'a str, &'a str)> {
    let word = smoke.version_in(text)?;
    let line = text.lines().find(|line| line.contains(word.trim()));
    Some((word, line.unwrap_or(word)))
}

/// The start of a text of the runtime.
pub(super) fn shown(text: &str) -> String {
    visible_start(text, MAX_SHOWN)
}

/// A version as some part of the runtime reports it; two spellings of one release are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reported {
    Known(PublicVersion),
    Other(String),
}

impl Reported {
    pub(super) fn exactly(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Other(text.to_owned()), Self::Known)
    }

    /// What a program says of itself may have its build behind it: `3.54.0+pypi`, `1.13.2.git.kitware`.
    fn with_its_build(text: &str) -> Self {
        let text = text.trim();
        let start = || printed(text).map(|(version, _)| version);
        let reads = |text: &str| PublicVersion::said(&text.to_ascii_lowercase());
        let known = reads(text)
            .or_else(|| start().filter(|start| text.trim_start_matches(['v', 'V']).starts_with(start)).and_then(reads));
        known.map_or_else(|| Self::Other(text.to_owned()), Self::Known)
    }

    /// The expected version, where what was said can be read as it: `1.2.3-beta` is 1.2.3b0 for who expects that.
    fn read_for(self, expected: Option<&PublicVersion>, smoke: &Smoke) -> Self {
        let Self::Other(text) = &self else { return self };
        let read = PublicVersion::typed(text).zip(expected);
        let read = read.filter(|(said, expected)| smoke.is_packaging(expected, said)).map(|(said, _)| said);
        read.map_or(self, Self::Known)
    }

    pub(super) fn must_be(&self, other: &Self, source: &str, other_source: &str) -> Result<(), Fault> {
        if self == other {
            return Ok(());
        }
        Err(format!("{source} reports version {self}, and {other_source} says {other}").into())
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(version) => version.fmt(formatter),
            Self::Other(text) => formatter.write_str(&visible_start(text, MAX_SHOWN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_behind_the_version_is_left_out() {
        for (said, version) in [
            ("3.54.0+pypi", "3.54.0"),
            ("v3.14.1", "3.14.1"),
            ("1.13.2.git.kitware.jobserver-pipe-1", "1.13.2"),
            ("v0.168.0-e27a9f1b+extended", "0.168.0"),
            ("1.0-RC2", "1.0rc2"),
            ("15", "15"),
        ] {
            assert_eq!(Reported::with_its_build(said), Reported::Known(version.parse().unwrap()), "{said}");
        }
        for said in ["release 1.2", "1.0.0-beta", "unknown", ""] {
            assert_eq!(Reported::with_its_build(said), Reported::Other(said.to_owned()));
        }
        assert_eq!(Reported::exactly("3.54.0+pypi"), Reported::Other("3.54.0+pypi".into()));
    }
}
