//! A secret that has no way to be printed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::CredentialError;

/// The user name that says that the password is a token.
pub(crate) const TOKEN_USER: &str = "__token__";

/// Called with every secret before it is used, so that a log can mask it.
pub(crate) type Mask<'a> = &'a dyn Fn(&str);

/// A token of the upload API.
pub struct Token(SecretString);

impl Token {
    /// A token from the text that the user gave, without the blanks around it.
    pub(crate) fn new(text: &str) -> Result<Self, CredentialError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CredentialError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::Malformed);
        }
        Ok(Self(text.into()))
    }

    /// The Authorization header for this user name.
    pub(crate) fn basic(&self, user: &str) -> HeaderValue {
        basic(user, &self.0)
    }

    /// Masks the token in every form in which a log can show it.
    pub(super) fn mask(&self, mask: Mask<'_>) {
        mask(self.0.expose_secret());
        mask(&encoded(TOKEN_USER, &self.0));
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// The Authorization header of a user name and a password (RFC 7617).
pub(in crate::publish) fn basic(user: &str, password: &SecretString) -> HeaderValue {
    sensitive(&format!("Basic {}", encoded(user, password)))
}

fn encoded(user: &str, password: &SecretString) -> String {
    STANDARD.encode(format!("{user}:{}", password.expose_secret()))
}

/// A header that no log of the client shows.
pub(super) fn sensitive(text: &str) -> HeaderValue {
    // Tokens are checked to be visible ASCII, which every header can carry.
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_be_printed() {
        let token = Token::new(" pypi-secret\n").unwrap();
        assert!(!format!("{token:?} {:?}", token.basic(TOKEN_USER)).contains("secret"));
        assert_eq!(encoded(TOKEN_USER, &token.0), STANDARD.encode("__token__:pypi-secret"));
        for text in ["", " \n", "two words", "ümlaut"] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
    }
}
