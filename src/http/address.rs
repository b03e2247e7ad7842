//! URLs: read from what people type, shown without what can be secret in them, and whether a secret may be sent to one.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use super::error::HttpError;

/// Reads a URL that is http or https. A user name or password in it never appears in an error.
pub fn parse_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|source| HttpError::Url { text: bare(text), source })?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        // Without a host, a part that looks like a path can be a password.
        _ => Err(HttpError::Scheme { url: format!("{}:…", url.scheme()) }),
    }
}

/// A URL as it may be printed: without query and fragment, which can hold a secret, and with `***` for a user name and
/// password, either of which can be the secret. A user name alone is left out.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let has_password = url.password().is_some();
    // Both fail only on URLs that cannot have a user name at all.
    let _ = url.set_username(if has_password { "***" } else { "" });
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// A URL bare of its user name and password, and these two as they were meant.
pub(crate) fn split_userinfo(url: &Url) -> (Url, String, Option<SecretString>) {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = (decoded(url.username()), url.password().map(|password| decoded(password).into()));
    let mut bare = url.clone();
    // Both fail only on URLs that cannot have a user name at all.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    (bare, user, password)
}

/// A word of a command line with `***` in place of what can be secret in the URL that it is, or that follows its `=`.
pub(crate) fn without_secrets(word: &str) -> String {
    let (option, text) = match word.split_once('=') {
        Some((option, text)) if option.starts_with('-') => (Some(option), text),
        _ => (None, word),
    };
    let masked = match parse_url(text) {
        // A parser of URLs forgives slashes that are missing, too many or backward: only what it read tells.
        Ok(url) if url.password().is_some() || !url.username().is_empty() || url.query().is_some() => {
            let query = if url.query().is_some() { "?***" } else { "" };
            let mut bare = split_userinfo(&url).0;
            bare.set_query(None);
            bare.set_fragment(None);
            let has_user = url.password().is_some() || !url.username().is_empty();
            let bare = bare.to_string();
            let user = if has_user { bare.replacen("://", "://***@", 1) } else { bare };
            format!("{user}{query}")
        }
        _ => without_passwords(text),
    };
    match option {
        Some(option) => format!("{option}={masked}"),
        None => masked,
    }
}

/// A text with `***` in place of what stands before the host of every URL in it that has a password.
pub(crate) fn without_passwords(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown += before;
        shown += "://";
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            // A user name alone can be a token as well.
            Some(at) => {
                shown += "***";
                &after[at..]
            }
            // An `@` further on is the end of a password that was not encoded, or is of the path.
            None => match (after[..end].contains(':'), after.rfind('@')) {
                (true, Some(at)) => {
                    shown += "***";
                    &after[at..]
                }
                _ => after,
            },
        };
    }
    shown + rest
}

/// A text that is no URL without what can be secret in it: what stands before an `@`, and what follows a `?` or `#`.
fn bare(text: &str) -> String {
    let address = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    address.split(['?', '#']).next().unwrap_or_default().to_owned()
}

/// Refuses a URL that is neither https nor http to this machine.
pub(crate) fn must_be_safe(url: &Url) -> Result<(), HttpError> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(HttpError::Insecure { url: shown(url) }),
        scheme => Err(HttpError::Scheme { url: format!("{scheme}:…") }),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_urls_are_not_shown() {
        let url = parse_url("https://user:secret@example.com/a?token=secret#secret").unwrap();
        assert_eq!(shown(&url), "https://***@example.com/a");
        assert_eq!(shown(&parse_url("https://user@example.com/a").unwrap()), "https://example.com/a");
        for (typed, shown) in [
            ("https://user:secret@example.com/a", "https://***@example.com/a"),
            ("--index-url=https://secret@example.com/a@b", "--index-url=https://***@example.com/a@b"),
            ("https://user:sec/ret@example.com/a", "https://***@example.com/a"),
            ("https://example.com/a@b", "https://example.com/a@b"),
            ("dist", "dist"),
        ] {
            assert_eq!(without_passwords(typed), shown);
            assert_eq!(without_secrets(typed), shown);
        }
        for (typed, shown) in [
            ("https://example.com/a?token=secret", "https://example.com/a?***"),
            (
                "--index-url=https://me:secret@example.com/a?token=secret#secret",
                "--index-url=https://***@example.com/a?***",
            ),
            ("http:/me:secret@example.com/a", "http://***@example.com/a"),
            ("HTTPS:me:secret@example.com/a", "https://***@example.com/a"),
            ("https:\\\\me:secret@example.com\\a", "https://***@example.com/a"),
            ("https://me:s%65cret%40@example.com/a", "https://***@example.com/a"),
            ("--only=sdk", "--only=sdk"),
            ("dist?", "dist?"),
        ] {
            assert_eq!(without_secrets(typed), shown);
        }
        for typed in [
            "user:secret@example.com:x",
            "example.com/a?token=secret",
            "https://example.com:x/a?token=secret#secret",
            "https://example.com:x/a#secret",
            "ftp://example.com/?secret",
        ] {
            let error = parse_url(typed).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for (text, safe) in [
            ("https://example.com", true),
            ("http://127.0.0.1:8000/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://127.0.0.1.example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(must_be_safe(&parse_url(text).unwrap()).is_ok(), safe, "{text}");
        }
        for text in ["file:///etc/passwd", "ftp://127.0.0.1/a"] {
            let refused = must_be_safe(&Url::parse(text).unwrap());
            assert!(matches!(refused, Err(HttpError::Scheme { .. })), "{text}: {refused:?}");
        }
    }
}
