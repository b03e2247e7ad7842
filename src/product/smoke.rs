//! `[tool.relkit.smoke]`: how far a smoke test of the product goes, how its program says its version, and the commands
//! that it is tried with.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::error::ProductError;
use super::table::Origin;
use crate::console::text::visible;
use crate::member_path::{self, MemberPath, Reach};
use crate::version::{PublicVersion, printed};

/// A compiled pattern may take no more memory than this.
const MAX_PATTERN: usize = 1 << 20;
/// How long a command may be given, in seconds.
const MAX_TIMEOUT: u64 = 86_400;
/// What may be written for one command.
const MAX_FILES: usize = 100;

/// How far a smoke test goes. Each level includes the ones before it; the sentences are the help of `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The executable runs and says its version.
    Version,
    /// The product's own commands also do what they should.
    Command,
    /// It also answers `initialize`.
    Handshake,
    /// It also runs a whole turn against an embedded model server.
    Turn,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Version => "version",
            Self::Command => "command",
            Self::Handshake => "handshake",
            Self::Turn => "turn",
        })
    }
}

/// How a product is smoke-tested.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoke {
    /// How far a test goes where nobody says otherwise.
    pub(crate) level: Level,
    pub(crate) version: VersionQuestion,
    pub commands: Vec<SmokeCommand>,
}

/// How the program is asked for its version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VersionQuestion {
    pub(crate) arguments: Vec<String>,
    /// The exit code of an answer.
    pub(crate) exit: i32,
    /// Whether a version is in the answer. A program that says none only has to answer.
    pub(crate) is_told: bool,
    /// Finds the version in what it prints, where the product says how.
    pub(crate) pattern: Option<Pattern>,
}

/// A command that a smoke test runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SmokeCommand {
    pub(crate) arguments: Vec<String>,
    /// Which of the product's executables; the first where it does not say.
    pub(crate) executable: Option<String>,
    /// What its working directory holds.
    pub(crate) files: BTreeMap<MemberPath, String>,
    /// Empty where there is none.
    pub(crate) stdin: String,
    pub(crate) stdout: Option<Pattern>,
    pub(crate) stderr: Option<Pattern>,
    /// The exit code that is expected.
    pub(crate) exit: i32,
    pub(crate) timeout: Option<Duration>,
}

/// A regular expression; `^` and `$` are the start and end of a line. Equal to one of the same text.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Pattern {
    fn new(text: &str) -> Result<Self, regex::Error> {
        RegexBuilder::new(text).multi_line(true).size_limit(MAX_PATTERN).build().map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What its first group that takes part captures; the first match counts.
    pub(crate) fn captured<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(self.0.captures(text)?.iter().skip(1).flatten().next()?.as_str())
    }

    fn has_group(&self) -> bool {
        self.0.captures_len() > 1
    }
}

impl Smoke {
    /// Refuses exit codes that no program ends with but on Windows.
    pub(super) fn check_exits(&self, origin: Origin<'_>) -> Result<(), ProductError> {
        let commands = self.commands.iter().enumerate();
        let exits = commands.map(|(index, command)| (format!("smoke.command[{index}].exit"), command.exit));
        let question = ("smoke.version.exit".to_owned(), self.version.exit);
        let none = std::iter::once(question).chain(exits).find(|(_, exit)| u8::try_from(*exit).is_err());
        let Some((key, exit)) = none else { return Ok(()) };
        Err(origin.refused(&key, format!("no program ends with {exit}: exit codes are from 0 to 255")))
    }

    /// Whether the program is an app server: all that comes after its version is said in a protocol.
    pub(super) fn is_of_app_server(&self) -> bool {
        self.level >= Level::Handshake
    }

    /// The version in what the program printed: where the pattern finds it, else the second word of the only line. A
    /// program that is no app server may print it anywhere. A word without a digit is no version.
    pub(crate) fn version_in<'a>(&self, printed_text: &'a str) -> Option<&'a str> {
        match &self.version.pattern {
            Some(pattern) => pattern.captured(printed_text).filter(|version| version.contains(char::is_numeric)),
            None if self.is_of_app_server() => name_and_version(printed_text),
            None => printed(printed_text).map(|(version, _)| version),
        }
    }

    /// Whether a distribution of one version holds a program of another as it should: the same, or packaged again, as a
    /// post-release or under a fourth number. An app server numbers its own pre-releases that way.
    pub(crate) fn is_packaging(&self, distribution: &PublicVersion, program: &PublicVersion) -> bool {
        if distribution == program {
            return true;
        }
        let (own, said) = (distribution.version(), program.version());
        let same_kind = own.epoch() == said.epoch() && own.pre() == said.pre() && own.dev() == said.dev();
        if !same_kind || said.post().is_some() {
            return false;
        }
        let three = |numbers: &[u64]| [0, 1, 2].map(|index| numbers.get(index).copied().unwrap_or_default());
        let fourth = own.release().len() == 4 && said.release().len() <= 3;
        match own.post() {
            Some(_) => own.clone().with_post(None) == *said && !(self.is_of_app_server() && own.pre().is_some()),
            None => !self.is_of_app_server() && fourth && three(own.release()) == three(said.release()),
        }
    }
}

/// `NAME VERSION`, and nothing else.
fn name_and_version(text: &str) -> Option<&str> {
    let mut lines = text.trim().lines();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let mut words = line.split_whitespace();
    let (Some(_), Some(version), None) = (words.next(), words.next(), words.next()) else { return None };
    Some(version)
}

impl Default for VersionQuestion {
    fn default() -> Self {
        Self { arguments: vec!["--version".into()], exit: 0, is_told: true, pattern: None }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SmokeTable {
    level: Option<Level>,
    version: Option<VersionRow>,
    #[serde(default)]
    command: Vec<CommandRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionRow {
    args: Option<Vec<String>>,
    #[serde(default)]
    exit: i32,
    /// A regular expression, or `false` where the program says no version.
    pattern: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandRow {
    #[serde(default)]
    args: Vec<String>,
    executable: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    stdin: String,
    stdout: Option<String>,
    stderr: Option<String>,
    #[serde(default)]
    exit: i32,
    timeout: Option<u64>,
}

impl SmokeTable {
    pub(super) fn read(self, executables: &[String], origin: Origin<'_>) -> Result<Smoke, ProductError> {
        let commands = self.command.into_iter().enumerate();
        let commands: Vec<_> =
            commands.map(|(index, row)| row.read(index, executables, origin)).collect::<Result<_, _>>()?;
        let usual = if commands.is_empty() { Level::Version } else { Level::Command };
        let key = "smoke.version";
        let mut version = VersionQuestion::default();
        if let Some(row) = self.version {
            (version.arguments, version.exit) = (row.args.unwrap_or(version.arguments), row.exit);
            let key = format!("{key}.pattern");
            version.pattern = match row.pattern {
                None => None,
                Some(toml::Value::String(text)) => Some(pattern(&key, &text, origin)?),
                Some(toml::Value::Boolean(false)) => {
                    version.is_told = false;
                    None
                }
                Some(_) => {
                    let why = "it is a regular expression, or `false` where the program says no version";
                    return Err(origin.refused(&key, why));
                }
            };
            if !version.is_told && self.level.is_some_and(|level| level >= Level::Handshake) {
                return Err(origin.refused(&key, "an app server says its version: the levels of one compare it"));
            }
            if let Some(pattern) = version.pattern.as_ref().filter(|pattern| !pattern.has_group()) {
                let why = format!(
                    "`{}` has no group that says where the version is: write it in parentheses, `^{} (\\S+)` say",
                    visible(pattern.as_str()),
                    executables.first().map_or("NAME", String::as_str)
                );
                return Err(origin.refused(&key, why));
            }
        }
        if self.level == Some(Level::Command) && commands.is_empty() {
            let why = "there is no [[tool.relkit.smoke.command]], so nothing but the version would be tried: write one, or leave \
                       `level` out";
            return Err(origin.refused("smoke.level", why));
        }
        check_arguments(&format!("{key}.args"), &version.arguments, origin)?;
        Ok(Smoke { level: self.level.unwrap_or(usual), version, commands })
    }
}

impl CommandRow {
    fn read(self, index: usize, executables: &[String], origin: Origin<'_>) -> Result<SmokeCommand, ProductError> {
        let key = |name: &str| format!("smoke.command[{index}].{name}");
        check_arguments(&key("args"), &self.args, origin)?;
        if let Some(name) = self.executable.as_ref().filter(|name| !executables.contains(name)) {
            return Err(origin.refused(&key("executable"), format!("`{name}` is none of the product's executables")));
        }
        if self.files.len() > MAX_FILES {
            return Err(origin.refused(&key("files"), format!("there are more than {MAX_FILES}")));
        }
        if let Some(seconds) = self.timeout.filter(|seconds| !(1..=MAX_TIMEOUT).contains(seconds)) {
            let why = format!("{seconds} is not a number of seconds from 1 to {MAX_TIMEOUT}");
            return Err(origin.refused(&key("timeout"), why));
        }
        let file = |(path, text): (String, String)| -> Result<(MemberPath, String), ProductError> {
            Ok((origin.parse(&key("files"), &path)?, text))
        };
        member_path::check(self.files.keys().map(String::as_str), Reach::Windows)
            .map_err(|error| origin.refused(&key("files"), error))?;
        let matched =
            |name: &str, text: Option<String>| text.map(|text| pattern(&key(name), &text, origin)).transpose();
        Ok(SmokeCommand {
            arguments: self.args,
            executable: self.executable,
            files: self.files.into_iter().map(file).collect::<Result<_, _>>()?,
            stdin: self.stdin,
            stdout: matched("stdout", self.stdout)?,
            stderr: matched("stderr", self.stderr)?,
            exit: self.exit,
            timeout: self.timeout.map(Duration::from_secs),
        })
    }
}

fn pattern(key: &str, text: &str, origin: Origin<'_>) -> Result<Pattern, ProductError> {
    Pattern::new(text).map_err(|error| origin.refused(key, error))
}

/// An argument with a NUL cannot be given to a program.
fn check_arguments(key: &str, arguments: &[String], origin: Origin<'_>) -> Result<(), ProductError> {
    match arguments.iter().any(|argument| argument.contains('\0')) {
        true => Err(origin.refused(key, "an argument holds a NUL character")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smoke(level: Level, pattern: Option<&str>) -> Smoke {
        let pattern = pattern.map(|text| Pattern::new(text).unwrap());
        Smoke { level, version: VersionQuestion { pattern, ..Default::default() }, commands: Vec::new() }
    }

    #[test]
    fn versions_are_found_in_what_programs_print() {
        for (pattern, printed, version) in [
            (r"^ripgrep (\S+)", "ripgrep 15.2.0 (rev e89fff89ac)\n", "15.2.0"),
            (r"^version: (\S+)", "ShellCheck - shell script analysis tool\nversion: 0.11.0\n", "0.11.0"),
            (r"^(v[0-9.]+)", "v3.14.1\n", "v3.14.1"),
            (r"^hugo v(\d+\.\d+\.\d+)", "hugo v0.168.0-e27a+extended linux/amd64\n", "0.168.0"),
        ] {
            assert_eq!(smoke(Level::Version, Some(pattern)).version_in(printed), Some(version));
            assert_eq!(smoke(Level::Turn, Some(pattern)).version_in(printed), Some(version));
        }
        for (pattern, printed) in [(r"^tool (\d*)", "tool \n"), ("(just)", "just 1.2\n"), ("just|(x)", "just 1.2\n")] {
            assert_eq!(smoke(Level::Version, Some(pattern)).version_in(printed), None);
        }
        let server = smoke(Level::Turn, None);
        assert_eq!(server.version_in("codex-cli 0.163.0\n"), Some("0.163.0"));
        for text in ["codex-cli 0.163.0 more\n", "0.163.0\n", "codex-cli\n0.163.0\n", ""] {
            assert_eq!(server.version_in(text), None, "{text:?}");
        }
        assert_eq!(smoke(Level::Command, None).version_in("Tool\nversion 0.163.0 more\n"), Some("0.163.0"));
    }

    #[test]
    fn a_program_may_be_packaged_again() {
        let holds = |level, distribution: &str, program: &str| {
            smoke(level, None).is_packaging(&distribution.parse().unwrap(), &program.parse().unwrap())
        };
        for (distribution, program) in [("1.2", "1.2.0"), ("1.2.3.post1", "1.2.3"), ("1.0rc1", "1.0.0-rc.1")] {
            assert!(holds(Level::Turn, distribution, program) && holds(Level::Command, distribution, program));
        }
        for (distribution, program) in [("0.11.0.1", "0.11.0"), ("1.2.0.3", "1.2"), ("1.0rc1.post1", "1.0rc1")] {
            assert!(holds(Level::Command, distribution, program) && !holds(Level::Turn, distribution, program));
        }
        for (distribution, program) in [
            ("1.2.3", "1.2.4"),
            ("4.2.0", "3.14.1"),
            ("1.2.3", "1.2.3.post1"),
            ("1.2.3.4", "1.2.3.5"),
            ("1.2.3.post1", "1.2.4"),
            ("1.2.3.1.1", "1.2.3"),
            ("1.2.1", "1.2"),
            ("1.2.3", "1.2.3rc1"),
            ("1.2.3.post1", "1.2.3rc1"),
        ] {
            assert!(!holds(Level::Command, distribution, program), "{distribution} {program}");
        }
    }
}
