//! What the status and the headers of an answer say about another try.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How long a server may ask to wait before a question is asked again; one that asks for more is left alone.
pub(crate) const MAX_ASKED: Duration = Duration::from_secs(60);

/// How much of an answer is read for what it says, in bytes.
pub(crate) const MAX_ANSWER: usize = 256 << 10;

/// Whether a server that answers so may answer otherwise soon.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    // What a server cannot do at all, no other try brings (RFC 9110, 2295, 2774, 4918, 5842, 6585).
    let is_final = matches!(status.as_u16(), 501 | 505..=508 | 510 | 511);
    (status.is_server_error() && !is_final) || matches!(status.as_u16(), 408 | 425 | 429)
}

/// A status with its words, where it has any: servers make up their own numbers.
pub(crate) fn words(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// How long a server asks to wait: seconds or an HTTP date (RFC 9110 section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than can be counted is asked for all the same.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    httpdate::parse_http_date(value).ok().map(|date| date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn both_forms_of_retry_after() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_770);
        let asked = |value| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(value))]), now);
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
        for nothing in ["soon", "", "-5", "1e9", "2.5"] {
            assert_eq!(asked(nothing), None);
        }
        assert!(asked("99999999999999999999999") > Some(MAX_ASKED));
    }

    #[test]
    fn what_a_server_cannot_do_does_not_pass() {
        for (status, passes) in
            [(500, true), (503, true), (529, true), (429, true), (501, false), (507, false), (511, false)]
        {
            assert_eq!(is_passing(StatusCode::from_u16(status).unwrap()), passes, "{status}");
        }
    }
}
