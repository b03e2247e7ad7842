//! The only room that prints. Results go to standard output; status, warnings, errors and progress bars to standard error.

pub mod annotation;
pub mod markdown;
pub mod text;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::error::{Exit, Failure};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// How much status is printed on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volume {
    /// Errors and warnings only.
    Quiet,
    /// A line per step.
    Normal,
    /// Also the details of a step.
    Verbose,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form in which a report is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// GitHub workflow commands.
    Annotations,
}

/// A report, in every form it can be asked for.
pub trait Shown {
    /// For people; ends with a newline.
    fn text(&self) -> String;

    /// For programs: an object with a `schema_version`.
    fn json(&self) -> serde_json::Value;

    /// Workflow commands and a last line that sums up; a report without any is shown as text.
    fn annotations(&self) -> String {
        self.text()
    }
}

/// Where a command's words go.
#[derive(Debug, Clone)]
pub struct Console {
    volume: Volume,
    /// Why a result could not be written; the first time counts.
    lost: Arc<OnceLock<io::Error>>,
}

impl Console {
    /// A console; sets the process-wide colour choice.
    #[must_use]
    pub fn new(volume: Volume, color: Color) -> Self {
        let choice = match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self { volume, lost: Arc::default() }
    }

    /// Writes a result to standard output, as it is. What cannot be written is told by [`Console::finish`].
    pub fn result(&self, text: impl Display) {
        let mut out = anstream::stdout();
        let written = write!(out, "{text}").and_then(|()| out.flush());
        // A closed pipe (`relkit ... | head`) is the reader's choice, not an error.
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let _ = self.lost.set(error);
        }
    }

    /// The exit code of a run that came to `exit`: another one, after saying why, where a result could not be written.
    #[must_use]
    pub fn finish(&self, exit: Exit) -> Exit {
        match self.lost.get() {
            None => exit,
            Some(error) => {
                let chain = vec!["cannot write the result to standard output".to_owned(), error.to_string()];
                self.failure(&Failure { chain, ..Failure::new(Exit::Failed, "") })
            }
        }
    }

    /// Writes a value to standard output as indented JSON.
    pub fn json(&self, value: &impl Serialize) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.result(text + "\n"),
            Err(error) => self.warning(format_args!("the result cannot be written as JSON: {error}")),
        }
    }

    /// Writes a report to standard output.
    pub fn show(&self, report: &impl Shown, form: Form) {
        match form {
            Form::Text => self.result(report.text()),
            Form::Json => self.json(&report.json()),
            Form::Annotations => self.result(report.annotations()),
        }
    }

    /// One line on standard error that says what was done: a verb, then what.
    pub fn status(&self, verb: &str, what: impl Display) {
        if self.volume >= Volume::Normal {
            let _ = writeln!(anstream::stderr(), "{GOOD}{verb:>12}{GOOD:#} {what}");
        }
    }

    /// A status line that only `--verbose` shows.
    pub fn detail(&self, verb: &str, what: impl Display) {
        if self.volume >= Volume::Verbose {
            let _ = writeln!(anstream::stderr(), "{verb:>12} {what}");
        }
    }

    /// A warning on standard error, also with `--quiet`.
    pub fn warning(&self, message: impl Display) {
        let _ = writeln!(anstream::stderr(), "{WARNING}warning{WARNING:#}: {message}");
    }

    /// A hint on standard error.
    pub fn hint(&self, message: impl Display) {
        if self.volume >= Volume::Normal {
            let _ = writeln!(anstream::stderr(), "{HINT}hint{HINT:#}: {message}");
        }
    }

    /// Shows a failure and returns the exit code it calls for.
    pub fn failure(&self, failure: &Failure) -> Exit {
        let text = failure.render();
        let plain = text.strip_prefix("error").unwrap_or(&text);
        let _ = write!(anstream::stderr(), "{ERROR}error{ERROR:#}{plain}");
        failure.exit
    }

    /// A bar for a step that handles `length` bytes. Drawn on a terminal only, never with `--quiet`.
    #[must_use]
    pub fn progress(&self, label: &str, length: u64) -> Progress {
        if self.volume == Volume::Quiet || !std::io::stderr().is_terminal() {
            return Progress::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix:>12.cyan.bold} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
        ) {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        Progress(bar)
    }

    /// A spinner for a step of unknown length.
    #[must_use]
    pub fn spinner(&self, label: &str) -> Progress {
        let progress = self.progress(label, 0);
        if let Ok(style) = ProgressStyle::with_template("{prefix:>12.cyan.bold} {spinner} {msg}") {
            progress.0.set_style(style);
        }
        progress.0.enable_steady_tick(Duration::from_millis(100));
        progress
    }
}

/// A bar that a step advances; cheap to clone, usable from any thread, and gone when the step ends.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar that is never drawn.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Sets how many bytes there are in all.
    pub fn set_length(&self, length: u64) {
        self.0.set_length(length);
    }

    /// Counts bytes as done.
    pub fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Sets the text beside a spinner.
    pub fn message(&self, text: impl Into<String>) {
        self.0.set_message(text.into());
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
