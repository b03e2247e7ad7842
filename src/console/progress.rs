//! Bars and spinners on standard error.

use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::text::visible;

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// A bar that a step advances; cheap to clone, usable from any thread, and gone when the step ends.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar that is never drawn.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    pub(super) fn bar(label: &str, length: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        bar.set_prefix(label.to_owned());
        Self(bar).styled(
            "{prefix:>12.cyan.bold} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}",
        )
    }

    /// The same as a spinner, for a step of unknown length.
    pub(super) fn spinning(self) -> Self {
        let spinner = self.styled("{prefix:>12.cyan.bold} {spinner} {msg}");
        if spinner.0.is_hidden() {
            return spinner;
        }
        let bar = spinner.0.downgrade();
        let turn = move || {
            while let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
                bar.tick();
                thread::sleep(TURN);
            }
        };
        // Where no thread is left it turns with its messages alone.
        let _ = thread::Builder::new().name("relkit-spinner".into()).spawn(turn);
        spinner
    }

    fn styled(self, template: &str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self
    }

    /// Sets how many bytes there are in all.
    pub(crate) fn set_length(&self, length: u64) {
        self.0.set_length(length);
    }

    /// Counts bytes as done.
    pub(crate) fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Sets the text beside a spinner.
    pub fn message(&self, text: &str) {
        self.0.set_message(visible(text));
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
