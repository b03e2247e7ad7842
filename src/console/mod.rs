//! The only room that prints. Results go to standard output; status, warnings, errors and progress bars to standard error.
//! What is printed passes `text::visible` or one of its kin here, so that nothing from outside drives a terminal.

pub(crate) mod annotation;
mod failure;
pub(crate) mod html;
pub(crate) mod layout;
pub(crate) mod markdown;
mod paint;
mod progress;
pub(crate) mod quantity;
mod screen;
pub(crate) mod text;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::error::{Exit, Failure};
use layout::{set_in, wrapped};
use paint::{GOOD, HINT, WARNING};
use progress::Drawn;
use text::{annotation_lines, plain_lines, visible, visible_json};

pub use progress::Progress;

/// How much status is printed on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    /// Errors and warnings only.
    Quiet,
    /// A line per step.
    Normal,
    /// Also the details of a step.
    Verbose,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The form in which a report is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputForm {
    Text,
    Json,
    Annotations,
    Markdown,
}

/// A report, in every form it can be asked for.
pub trait Shown {
    /// For people; ends with a newline. Nothing where status lines have said it all.
    fn text(&self) -> String {
        String::new()
    }

    /// For programs: an object with a `schema_version`.
    fn json(&self) -> serde_json::Value;

    /// Workflow commands and a last line that sums up; a report without any is shown as text.
    fn annotations(&self) -> String {
        self.text()
    }

    /// For summaries and release notes; a report without any is shown as text.
    fn markdown(&self) -> String {
        self.text()
    }
}

/// Where a command's words go.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    volume: Volume,
    /// Whether a failure is to be said as JSON too; not where a result stands on standard output already.
    says_json: Arc<AtomicBool>,
    /// Whether a failure is to be annotated too.
    annotates: bool,
    /// Why a result could not be written; the first time counts.
    lost: Arc<OnceLock<io::Error>>,
    /// The bar on the terminal, which gives way to what is written.
    drawn: Arc<Mutex<Drawn>>,
}

/// What stands below a status line begins where its sentence does.
const STATUS_LEAD: usize = 13;

/// Where a line of a report goes on below itself: a paragraph at the margin, what has a head or is set in a little further.
fn below(line: &str) -> usize {
    let lead = set_in(line);
    if lead > 0 || paint::has_head(line) { lead + 2 } else { 0 }
}

impl Console {
    /// A console; sets the process-wide colour choice.
    pub(crate) fn new(volume: Volume, color: Color) -> Self {
        let choice = match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let (says_json, lost, drawn) = (Arc::default(), Arc::default(), Arc::default());
        Self { volume, says_json, annotates: false, lost, drawn }
    }

    /// The same console for a workflow run, which shows what fails before there is a report as it shows findings.
    pub(crate) fn for_annotations(self) -> Self {
        Self { annotates: true, ..self }
    }

    /// The same console for a reader of JSON: what fails before there is a report is an object too.
    pub(crate) fn for_json(self) -> Self {
        self.says_json.store(true, Ordering::Relaxed);
        self
    }

    /// Writes what relkit itself made (a script, a page) to standard output, as it is. What cannot be written is told by
    /// [`Console::finish`].
    pub(crate) fn result(&self, text: impl Display) {
        self.says_json.store(false, Ordering::Relaxed);
        let mut out = anstream::stdout();
        let written = self.beside_bar(|| write!(out, "{text}").and_then(|()| out.flush()));
        // A closed pipe (`relkit ... | head`) is the reader's choice, not an error.
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let _ = self.lost.set(error);
        }
    }

    /// The exit code of a run that came to `exit`: another one, after saying why, where a result could not be written.
    pub(crate) fn finish(&self, exit: Exit) -> Exit {
        self.lost.get().map_or(exit, |error| self.unwritten(error))
    }

    /// Says why what was asked for could not be written, and returns the exit code for that.
    pub(crate) fn unwritten(&self, error: &io::Error) -> Exit {
        let failure = Failure::new(Exit::Failed, error.to_string());
        self.failure(&failure.while_doing("cannot write the result to standard output"))
    }

    /// Writes a report to standard output.
    pub(crate) fn show(&self, report: &impl Shown, form: OutputForm) {
        self.result(match form {
            OutputForm::Text => paint::painted(&wrapped(&plain_lines(&report.text()), layout::columns(), below)),
            // A value is JSON already.
            OutputForm::Json => visible_json(&format!("{:#}\n", report.json())),
            OutputForm::Annotations => annotation_lines(&report.annotations()),
            OutputForm::Markdown => plain_lines(&report.markdown()),
        });
    }

    /// One line on standard error that says what was done: a verb, then what.
    pub(crate) fn status(&self, verb: &str, what: impl Display) {
        if self.volume >= Volume::Normal {
            self.say(GOOD, &format!("{verb:>12}"), &format!(" {}", visible(&what.to_string())), |_| STATUS_LEAD);
        }
    }

    /// A status line that only `--verbose` shows.
    pub(crate) fn detail(&self, verb: &str, what: impl Display) {
        if self.volume >= Volume::Verbose {
            let plain = anstyle::Style::new();
            self.say(plain, &format!("{verb:>12}"), &format!(" {}", visible(&what.to_string())), |_| STATUS_LEAD);
        }
    }

    /// Writes lines to standard error, the first of which begins with a head that has a colour.
    fn say(&self, style: anstyle::Style, head: &str, rest: &str, hang: impl Fn(&str) -> usize) {
        let lines = wrapped(&format!("{head}{rest}"), layout::columns_of_status(), hang);
        let rest = lines.strip_prefix(head).unwrap_or(&lines);
        self.beside_bar(|| _ = writeln!(anstream::stderr(), "{style}{head}{style:#}{rest}"));
    }

    /// Writes while no bar is on the terminal; it is drawn again below.
    fn beside_bar<T>(&self, write: impl FnOnce() -> T) -> T {
        let drawn = self.drawn.lock().map(|drawn| drawn.clone()).unwrap_or_default();
        drawn.give_way(write)
    }

    /// A warning on standard error, also with `--quiet`.
    pub(crate) fn warning(&self, message: impl Display) {
        self.say(WARNING, "warning", &format!(": {}", visible(&message.to_string())), below);
    }

    /// Findings on standard error, as a report shows them, also with `--quiet`.
    pub(crate) fn told(&self, listing: &str) {
        let lines = paint::painted(&wrapped(&plain_lines(listing), layout::columns_of_status(), below));
        self.beside_bar(|| _ = write!(anstream::stderr(), "{lines}"));
    }

    /// The command that comes after this one, on standard error, as it is typed.
    pub(crate) fn next(&self, command: impl Display) {
        if self.volume >= Volume::Normal {
            self.say(HINT, "next", &format!(": {}", visible(&command.to_string())), below);
        }
    }

    /// Shows a failure and returns the exit code it calls for.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        self.told(&failure.render());
        failure.exit
    }

    /// Shows the failure that ends the run.
    pub(crate) fn end(&self, failure: &Failure) -> Exit {
        if self.says_json.load(Ordering::Relaxed) {
            self.result(visible_json(&format!("{:#}\n", failure.json())));
        }
        if self.annotates {
            self.result(annotation_lines(&failure.annotation()));
        }
        self.failure(failure)
    }

    /// What an interrupted run says last: lines whose parts are escaped already. Nothing else says anything then.
    pub(crate) fn interrupted(&self, words: &str) {
        if self.says_json.load(Ordering::Relaxed) {
            self.result(visible_json(&format!("{:#}\n", failure::interrupted(words))));
        }
        let words = wrapped(words, layout::columns_of_status(), below);
        let _drawing = screen::end_drawing();
        // A line may have been begun, and whoever reads it may be gone. A bar is wiped off, without its lock.
        let wipe = if screen::is_there() { "\r\u{1b}[2K" } else { "\n" };
        let _ = writeln!(io::stderr(), "{wipe}{words}");
    }

    /// Whether steps are shown as bars.
    pub(crate) fn draws(&self) -> bool {
        self.volume != Volume::Quiet && screen::is_there()
    }

    /// A bar for a step that handles `length` bytes. Drawn on a terminal only that can wipe it off, never with `--quiet`.
    pub(crate) fn progress(&self, label: &str, length: u64) -> Progress {
        if !self.draws() {
            return Progress::hidden();
        }
        let bar = Progress::bar(label, length);
        if let Ok(mut drawn) = self.drawn.lock() {
            *drawn = bar.drawn();
        }
        bar
    }

    /// Runs a step under such a bar.
    pub(crate) fn with_bar<T>(&self, label: &str, length: u64, step: impl FnOnce(&Progress) -> T) -> T {
        let progress = self.progress(label, length);
        let done = step(&progress);
        progress.finish();
        done
    }

    /// Runs a step of unknown length under a spinner.
    pub(crate) fn with_spinner<T>(&self, label: &str, step: impl FnOnce(&Progress) -> T) -> T {
        let progress = self.progress(label, 0).spinning();
        let done = step(&progress);
        progress.finish();
        done
    }
}
