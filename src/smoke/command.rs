//! The level `command`: the product's own commands, each in a working directory of its own, held against what the table
//! says of them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use relkit_client::process::Ending;

use super::capture::Captured;
use super::error::SmokeError;
use super::fault::{Fault, Subject};
use super::report::COMMAND;
use super::steps::{Done, Steps};
use super::trial::Trial;
use crate::console::text::shell_word;
use crate::fs::FsError;
use crate::product::{Level, RuntimeProject, SmokeCommand};

/// How much of the end of an output a failure shows, in characters.
const MAX_SHOWN: usize = 600;

impl Trial<'_> {
    pub(super) fn commands(&self, steps: &mut Steps<'_>) -> Result<(), SmokeError> {
        let commands = &self.project().smoke.commands;
        if commands.is_empty() && self.options.level == Level::Command {
            steps.run(COMMAND, || Ok(Done::skipped("the product has no [[tool.relkit.smoke.command]]")));
        }
        for (index, command) in commands.iter().enumerate() {
            let name = command_step(self.project(), index);
            let work = self.work_for(command)?;
            steps.run(&name, || self.command(command, &work));
        }
        Ok(())
    }

    /// A new directory with the command's files and nothing else.
    fn work_for(&self, command: &SmokeCommand) -> Result<PathBuf, SmokeError> {
        let work = self.home.fresh_work()?;
        for (name, text) in &command.files {
            let path = work.join(&**name);
            let parent = path.parent().unwrap_or(&work);
            fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(FsError::write(&path))?;
        }
        Ok(work)
    }

    fn command(&self, command: &SmokeCommand, work: &Path) -> Result<Done, Fault> {
        let program = command.executable.as_deref().unwrap_or(self.project().executable());
        let typed = typed(program, &command.arguments);
        let subject = match self.runtime.beside.get(program) {
            _ if program == self.project().executable() => self.subject(),
            Some(found) => Subject { path: &found.path, name: &found.name, ..self.subject() },
            None => return Ok(Done::skipped(format!("there is no `{program}` beside the program, so no `{typed}`"))),
        };
        let time = match (command.timeout, self.time_left()) {
            (Some(own), Some(left)) => own.min(left),
            (Some(own), None) => own,
            (None, _) => self.step_time(),
        };
        let invocation = self.invocation(subject.path).arguments(&command.arguments).directory(work);
        let captured = Captured::of(&invocation, &command.stdin, time)
            .map_err(|error| subject.process_fault(&error, &format!("`{typed}`")))?;
        let wrong = match captured.ending {
            Some(ending) => mismatches(command, ending, &captured),
            None => vec![format!("did not end within {:.1} s, and was killed", time.as_secs_f64())],
        };
        if wrong.is_empty() {
            return Ok(Done::passed(format!("`{typed}`")));
        }
        let mut sentence = format!("`{typed}` {}", wrong.join(", and "));
        if !command.stdin.is_empty() {
            let _ = write!(sentence, "; standard input was {}", end_of(&command.stdin));
        }
        let _ = write!(sentence, "; standard output is {}", end_of(&captured.stdout));
        let _ = write!(sentence, "; standard error is {}", end_of(&captured.stderr));
        Err(Fault::with_tail(sentence, captured.stderr))
    }
}

/// The name of the step of a product's command.
pub(crate) fn command_step(project: &RuntimeProject, index: usize) -> String {
    // An app server has a step of that name of its own.
    let is_alone = project.smoke.commands.len() == 1 && !project.is_app_server();
    if is_alone { COMMAND.to_owned() } else { format!("{COMMAND} {}", index + 1) }
}

/// What a command did otherwise than the table says.
fn mismatches(command: &SmokeCommand, ending: Ending, captured: &Captured) -> Vec<String> {
    let mut wrong = Vec::new();
    if ending != Ending::Code(command.exit) {
        wrong.push(format!("ended with {ending} instead of {}", Ending::Code(command.exit)));
    }
    for (name, pattern, text) in
        [("output", &command.stdout, &captured.stdout), ("error", &command.stderr, &captured.stderr)]
    {
        if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
            wrong.push(format!("wrote nothing to standard {name} that matches `{}`", pattern.as_str()));
        }
    }
    wrong
}

/// The end of a text, in whole lines where they are short enough.
fn end_of(text: &str) -> String {
    if text.is_empty() {
        return "empty".to_owned();
    }
    // Of blank lines alone something must be seen.
    let text = if text.trim_end().is_empty() { text } else { text.trim_end() };
    let count = text.chars().count();
    if count <= MAX_SHOWN {
        return format!("`{text}`");
    }
    let end: String = text.chars().skip(count - MAX_SHOWN).collect();
    let lines = end.split_once('\n').map_or(end.as_str(), |(_, lines)| lines);
    format!("`…{}`", if lines.len() * 2 < end.len() { &end } else { lines })
}

/// A command as one would type it.
pub(super) fn typed(program: &str, arguments: &[String]) -> String {
    let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    words.map(shell_word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_is_typed() {
        let words = ["-e", "a b", "it's", "", "$HOME", "--x=1"].map(str::to_owned);
        assert_eq!(typed("rg", &words), r"rg -e 'a b' 'it'\''s' '' '$HOME' --x=1");
        let unseen = ["a\u{202e}b", "\u{1}"].map(str::to_owned);
        assert_eq!(typed("my rg", &unseen), r"'my rg' $'a\342\200\256b' $'\001'");
    }

    #[test]
    fn the_end_of_an_output_is_bounded() {
        assert_eq!((end_of(""), end_of(" \n")), ("empty".into(), "` \n`".into()));
        assert_eq!(end_of("one\ntwo\n"), "`one\ntwo`");
        let lines = (0..1000).map(|line| format!("line {line}\n")).collect::<String>();
        let shown = end_of(&lines);
        assert!(shown.starts_with("`…line ") && shown.ends_with("line 999`"), "{shown}");
        assert!(end_of(&"é".repeat(10_000)).chars().count() == MAX_SHOWN + 3);
    }
}
