//! The terminal below a bar. An interrupt has the last word on it.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use indicatif::TermLike;

/// What a terminal shows of a typed Ctrl-C behind the cursor: a bar over the whole line would have it on the next one, and
/// whoever wipes a line then wipes another.
const TYPED: u16 = 3;

/// Whether standard error is a terminal on which something can be drawn and wiped off again.
pub(super) fn is_there() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

/// Where the terminal tells no size.
const USUAL: (u16, u16) = (80, 24);

/// Whether the last word was said, after which nothing is drawn. Held while something is written.
static ENDED: Mutex<bool> = Mutex::new(false);

/// So often and so long the end of what is being drawn is waited for: a terminal may be held by its user.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Standard error, to which whole drawings are written at once.
#[derive(Debug, Default)]
pub(super) struct Screen(Mutex<String>);

impl Screen {
    fn add(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    fn moved(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.add(&format!("\u{1b}[{count}{direction}")) }
    }
}

fn size() -> (u16, u16) {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(USUAL, |(width, height)| (width.0, height.0))
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        size().0.saturating_sub(TYPED).max(1)
    }

    fn height(&self) -> u16 {
        size().1.max(1)
    }

    fn move_cursor_up(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'A')
    }

    fn move_cursor_down(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'B')
    }

    fn move_cursor_right(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'C')
    }

    fn move_cursor_left(&self, count: usize) -> io::Result<()> {
        self.moved(count, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text)?;
        self.add("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.add(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let drawing = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = ENDED.lock().unwrap_or_else(PoisonError::into_inner);
        if *ended { Ok(()) } else { io::stderr().write_all(drawing.as_bytes()) }
    }
}

/// From here on nothing is drawn. While the result lives, nothing is being drawn either.
pub(super) fn end_drawing() -> Option<MutexGuard<'static, bool>> {
    for _ in 0..TRIES {
        let mut ended = match ENDED.try_lock() {
            Ok(ended) => ended,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            Err(TryLockError::WouldBlock) => {
                thread::sleep(PAUSE);
                continue;
            }
        };
        *ended = true;
        return Some(ended);
    }
    None
}
