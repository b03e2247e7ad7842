//! Whether the body of a page came whole.

use reqwest::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use serde::de::IgnoredAny;

/// Whether an object of JSON ends before it is whole: a server that tells no length can break off unseen.
pub(super) fn is_cut(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
        && serde_json::from_slice::<IgnoredAny>(body).is_err_and(|error| error.is_eof())
}

/// Whether the server says how long a body is, or marks its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Told,
    Untold,
}

impl Length {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_told = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| headers.contains_key(name));
        if is_told { Self::Told } else { Self::Untold }
    }
}

/// The same of a page: it ends within a tag or, where nothing tells its length, never closes what it is wrapped in.
pub(super) fn is_cut_page(body: &[u8], length: Length) -> bool {
    const END: usize = 64;
    let last = |mark| body.iter().rposition(|byte| *byte == mark);
    if !body.trim_ascii_start().starts_with(b"<") {
        return false;
    }
    let lower = |part: &[u8]| String::from_utf8_lossy(part).to_ascii_lowercase();
    let (start, end) = (lower(&body[..body.len().min(4 * END)]), lower(&body[body.len().saturating_sub(END)..]));
    let is_open = start.contains("<html") && !end.contains("</html") && !end.contains("</body");
    last(b'<') > last(b'>') || (is_open && length == Length::Untold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_breaks_off_is_known_by_its_end() {
        let row = "<a href=\"a-1-py3-none-any.whl\">a</a>";
        for (page, has_length, is_cut) in [
            (format!("<html><body>{row}</body></html>"), false, false),
            (format!("<HTML>{row}</HTML>\n"), false, false),
            (format!("<html><body>{row}"), false, true),
            (format!("<html><body>{row}"), true, false),
            // What was never opened need not be closed.
            (format!("<!DOCTYPE html><title>Links for a</title>{row}"), false, false),
            (format!("<!DOCTYPE html>{row}<a href="), true, true),
            ("{\"files\":[]}".to_owned(), false, false),
            (String::new(), false, false),
        ] {
            let length = if has_length { Length::Told } else { Length::Untold };
            assert_eq!(is_cut_page(page.as_bytes(), length), is_cut, "{page}");
        }
    }
}
