//! Bars and spinners on standard error.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, WeakProgressBar};

use super::paint::HINT;
use super::screen::Screen;
use super::text::visible;

const BAR: &str = "{prefix} {msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}";
const SPINNER: &str = "{prefix} {spinner} {msg}";

/// How often a bar is drawn in a second.
const DRAWINGS: u8 = 20;

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// So much of a name is shown, in characters, and of its beginning so much where it is longer.
const MAX_SHOWN: usize = 26;
const SHOWN_START: usize = 8;

/// A bar that a step advances; cheap to clone, usable from any thread, and gone when the step ends.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

/// The bar that may be on the terminal, as long as somebody advances it.
#[derive(Clone, Default)]
pub(super) struct Drawn(Option<WeakProgressBar>);

impl fmt::Debug for Drawn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Drawn").field(&self.0.is_some()).finish()
    }
}

impl Drawn {
    /// Writes with the bar taken off, and draws it again.
    pub(super) fn give_way<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.0.as_ref().and_then(WeakProgressBar::upgrade).filter(|bar| !bar.is_finished()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Progress {
    pub(super) fn drawn(&self) -> Drawn {
        Drawn(Some(self.0.downgrade()))
    }

    /// A bar that is never drawn.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    pub(super) fn bar(label: &str, length: u64) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(length),
            ProgressDrawTarget::term_like_with_hz(Box::<Screen>::default(), DRAWINGS),
        );
        // Whatever is set draws it, so that its style comes first: one of no length would be drawn as full.
        let bar = Self(bar).styled(if length == 0 { SPINNER } else { BAR });
        // By the same choice as all that is written there.
        let is_plain = anstream::AutoStream::choice(&io::stderr()) == anstream::ColorChoice::Never;
        let label = format!("{label:>12}");
        bar.0.set_prefix(if is_plain { label } else { format!("{HINT}{label}{HINT:#}") });
        bar
    }

    /// The same as a spinner, for a step of unknown length.
    pub(super) fn spinning(self) -> Self {
        let spinner = self.styled(SPINNER);
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
        self.style(template);
        self
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
    }

    /// Begins with a file: its name is shown, and nothing of it is done.
    pub(crate) fn file(&self, path: &Path) {
        let name = path.file_name().unwrap_or(path.as_os_str());
        self.message(&name.to_string_lossy());
        self.0.set_position(0);
    }

    /// Sets how many bytes there are in all.
    pub(crate) fn set_length(&self, length: u64) {
        self.style(if length == 0 { SPINNER } else { BAR });
        self.0.set_length(length);
    }

    /// Counts bytes as done, no more than there are in all.
    pub(crate) fn advance(&self, bytes: u64) {
        let rest = self.0.length().unwrap_or(u64::MAX).saturating_sub(self.0.position());
        self.0.inc(bytes.min(rest));
    }

    /// Sets how many bytes are done, but never back: what is fetched once more was seen already.
    pub(crate) fn reach(&self, bytes: u64) {
        self.0.set_position(bytes.max(self.0.position()));
    }

    /// Sets the text beside a spinner, or before a bar.
    pub(crate) fn message(&self, text: &str) {
        self.0.set_message(shortened(&visible(text)).into_owned());
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// Of a long text its beginning and its end, in which the names of the wheels of a release differ.
fn shortened(text: &str) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= MAX_SHOWN {
        return Cow::Borrowed(text);
    }
    let start: String = text.chars().take(SHOWN_START).collect();
    let end: String = text.chars().skip(count + SHOWN_START + 1 - MAX_SHOWN).collect();
    Cow::Owned(format!("{start}…{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_what_tells_them_apart() {
        assert_eq!(shortened("codex"), "codex");
        let name = "openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_aarch64.whl";
        let short = shortened(name);
        assert_eq!((short.as_ref(), short.chars().count()), ("openai_c…x_1_1_aarch64.whl", MAX_SHOWN));
    }

    #[test]
    fn a_bar_never_goes_back_within_a_file() {
        let progress = Progress(ProgressBar::with_draw_target(Some(10), ProgressDrawTarget::hidden()));
        progress.reach(7);
        progress.reach(3);
        assert_eq!(progress.0.position(), 7);
        progress.file(Path::new("other/file"));
        assert_eq!((progress.0.position(), progress.0.message()), (0, "file".into()));
    }
}
