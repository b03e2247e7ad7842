//! The variables of a CI job that hold a token or offer an identity; any of them may be a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use secrecy::{ExposeSecret as _, SecretString};

const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, SecretString>);

impl Environment {
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name, value.into())).collect())
    }

    /// The variables of this process.
    pub(crate) fn of_process() -> Self {
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self::new(std::env::vars_os().filter_map(text))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.expose_secret()).filter(|value| !value.is_empty())
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.get("RELKIT_TOKEN")
    }

    /// Whether the job runs on GitHub Actions, whose log can mask a secret.
    pub(crate) fn is_github_actions(&self) -> bool {
        self.get("GITHUB_ACTIONS") == Some("true")
    }

    pub(super) fn offers_identity(&self) -> bool {
        self.identity_request().is_some() || self.get("GITLAB_CI").is_some()
    }

    /// Where GitHub hands out an identity, whenever it is asked, and the token that it asks for.
    pub(super) fn identity_request(&self) -> Option<(&str, &str)> {
        Some((self.get(REQUEST_URL)?, self.get(REQUEST_TOKEN)?))
    }

    /// The one identity of a GitLab job, handed over in a variable that is named after its audience.
    pub(super) fn gitlab_identity(&self, audience: &str) -> Option<&str> {
        let plain =
            |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' };
        self.get(&format!("{}_ID_TOKEN", audience.chars().map(plain).collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_cannot_be_printed() {
        let environment = Environment::new([("RELKIT_TOKEN".into(), "secret".into())]);
        assert!(!format!("{environment:?}").contains("secret"));
    }
}
