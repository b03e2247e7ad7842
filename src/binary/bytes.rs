//! Strings out of hostile headers: each of bounded length, all of one file together too, so that a table of offsets that
//! all name the same long string costs neither time nor memory.

use super::error::BinaryError;
use super::magic::Format;

/// No library, path or symbol is longer; the paths of Linux and macOS are shorter still.
const MAX_STRING: usize = 4096;

/// What the strings of one file may take together.
const MAX_STRINGS: usize = 32 << 20;

/// Reads strings of one file and counts them.
pub(super) struct Strings {
    format: Format,
    left: usize,
}

impl Strings {
    pub(super) fn of(format: Format) -> Self {
        Self { format, left: MAX_STRINGS }
    }

    /// The string at the start of `bytes`, up to a NUL or the end of `bytes`.
    pub(super) fn take(&mut self, bytes: &[u8], what: &'static str) -> Result<String, BinaryError> {
        let window = &bytes[..bytes.len().min(MAX_STRING)];
        let length = match window.iter().position(|&byte| byte == 0) {
            Some(length) => length,
            None if window.len() < MAX_STRING => window.len(),
            None => {
                return Err(BinaryError::malformed(self.format, format!("{what} is longer than {MAX_STRING} bytes")));
            }
        };
        let text = String::from_utf8_lossy(&window[..length]).into_owned();
        self.left = self.left.checked_sub(text.len() + size_of::<String>()).ok_or_else(|| {
            BinaryError::malformed(self.format, format!("its names take more than {} MiB", MAX_STRINGS >> 20))
        })?;
        Ok(text)
    }

    /// The string at `offset` of a string table.
    pub(super) fn at(&mut self, table: &[u8], offset: u64, what: &'static str) -> Result<String, BinaryError> {
        let rest = usize::try_from(offset).ok().and_then(|offset| table.get(offset..));
        let rest = rest.ok_or(BinaryError::Truncated { format: self.format, what })?;
        self.take(rest, what)
    }
}
