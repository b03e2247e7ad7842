//! What may not be printed, though a server repeats it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::address::{split_userinfo, without_passwords};

/// A user name of so many characters can be a token: some indexes take one in its place.
const MIN_TOKEN: usize = 16;
/// A value in a URL's query of so many characters can be a secret.
const MIN_VALUE: usize = 8;

/// Texts that are taken out of whatever a server says.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// What is secret in a URL that is asked: password, query, and a user name that can be a token.
    pub(crate) fn of_url(url: &Url) -> Self {
        let (_, user, password) = split_userinfo(url);
        let values = url.query_pairs().map(|(_, value)| value.into_owned()).filter(|value| value.len() >= MIN_VALUE);
        let user = Some(user).filter(|user| user.chars().count() >= MIN_TOKEN);
        Self(user.into_iter().chain(values).map(Into::into).chain(password).collect()).sorted()
    }

    /// What is secret in an Authorization header, in every form in which it can be repeated.
    pub(crate) fn of_header(authorization: &HeaderValue) -> Self {
        let (scheme, value) = authorization.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
        let mut secrets = vec![value.to_owned()];
        let decoded = || String::from_utf8(STANDARD.decode(value).ok()?).ok();
        if let Some(pair) = Some(()).filter(|()| scheme.eq_ignore_ascii_case("basic")).and_then(|()| decoded())
            && let Some((user, password)) = pair.split_once(':')
        {
            secrets.push(password.to_owned());
            secrets.push(pair.clone());
            secrets.extend(Some(user.to_owned()).filter(|user| user.chars().count() >= MIN_TOKEN));
        }
        Self(secrets.into_iter().map(Into::into).collect()).sorted()
    }

    /// One text.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(vec![text.to_owned().into()])
    }

    /// These and others.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self.sorted()
    }

    /// The longest first: one can be a part of another.
    fn sorted(mut self) -> Self {
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
        self
    }

    /// A text with `…` in place of every secret, as it is, percent-encoded, and in the codes that servers use.
    pub(crate) fn redact(&self, text: &str) -> String {
        let secrets = self.0.iter().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| {
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            let text = text.replace(secret, "…").replace(&encoded, "…");
            // What is short can be the code of something else.
            if secret.len() < MIN_VALUE {
                return text;
            }
            let hexadecimal: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            let codes = [
                STANDARD_NO_PAD.encode(secret),
                URL_SAFE_NO_PAD.encode(secret),
                hexadecimal.to_ascii_uppercase(),
                hexadecimal,
            ];
            codes.iter().fold(text, |text, code| text.replace(code, "…"))
        })
    }

    /// The same, and without the passwords of the URLs in it, word by word: what follows an address is none of its own.
    pub(crate) fn hide(&self, text: &str) -> String {
        self.redact(text).split(' ').map(without_passwords).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_sent_is_repeated() {
        let header =
            HeaderValue::from_str(&format!("Basic {}", STANDARD.encode("a-user-that-is-a-token:pa/ss"))).unwrap();
        let encoded = STANDARD.encode("a-user-that-is-a-token:pa/ss");
        let url = Url::parse("https://me:w%40rd@index.example/?key=abcdefgh&page=2").unwrap();
        let secrets = Secrets::of_header(&header).and(Secrets::of_url(&url)).and(Secrets::of_text("identity"));
        let text = format!("a-user-that-is-a-token pa/ss pa%2Fss {encoded} w@rd abcdefgh identity me page=2");
        assert_eq!(secrets.hide(&text), "… … … … … … … me page=2");
        assert_eq!(secrets.hide("at https://x:y@index.example/ of a"), "at https://***@index.example/ of a");
        assert!(!format!("{secrets:?}").contains("abcdefgh"));
        let codes = [
            URL_SAFE_NO_PAD.encode("identity?>"),
            "6964656E746974793F3E".to_owned(),
            "6964656e746974793f3e".to_owned(),
        ];
        assert_eq!(Secrets::of_text("identity?>").hide(&codes.join(" ")), "… … …");
        let bearer = HeaderValue::from_static("bearer abc");
        assert_eq!(Secrets::of_header(&bearer).hide("abc and d"), "… and d");
    }
}
