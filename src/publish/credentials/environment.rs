//! The variables of a CI job that hold a token or offer an identity; any of them may be a secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use secrecy::{ExposeSecret as _, SecretString};

const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

const GOOGLE_METADATA: &str = "metadata.google.internal";

/// Who says who the job is. All but GitLab do so whenever they are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider<'a> {
    /// Where it is asked, and the token that it asks for.
    GitHub {
        url: &'a str,
        token: &'a str,
    },
    /// In a variable that is named after the audience.
    GitLab,
    /// Through a program of the agent.
    Buildkite,
    CircleCi,
    /// Through the metadata server of the machine.
    Google {
        host: &'a str,
    },
}

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

    /// The service that says who the job is, where it runs on one that does.
    pub(super) fn provider(&self) -> Option<Provider<'_>> {
        if let (Some(url), Some(token)) = (self.get(REQUEST_URL), self.get(REQUEST_TOKEN)) {
            return Some(Provider::GitHub { url, token });
        }
        let is_on = |name| self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if self.get("GITLAB_CI").is_some() {
            return Some(Provider::GitLab);
        }
        // These may turn out not to answer; a token that the user gave is better than that.
        if self.token().is_some() {
            return None;
        }
        if is_on("BUILDKITE") {
            return Some(Provider::Buildkite);
        }
        if is_on("CIRCLECI") {
            return Some(Provider::CircleCi);
        }
        // The variable that names the metadata server to Google's own libraries; Cloud Build's workers have the server under
        // its usual name.
        match self.get("GCE_METADATA_HOST") {
            Some(host) => Some(Provider::Google { host }),
            None if self.get("BUILDER_OUTPUT").is_some() => Some(Provider::Google { host: GOOGLE_METADATA }),
            None => None,
        }
    }

    pub(crate) fn offers_identity(&self) -> bool {
        self.provider().is_some()
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
    fn the_job_is_known_by_its_variables() {
        let offers = |names: &[&str]| {
            Environment::new(names.iter().map(|name| ((*name).to_owned(), "true".to_owned()))).offers_identity()
        };
        for name in ["GITLAB_CI", "BUILDKITE", "CIRCLECI", "GCE_METADATA_HOST", "BUILDER_OUTPUT"] {
            assert!(offers(&[name]), "{name}");
            assert_eq!(offers(&[name, "RELKIT_TOKEN"]), name == "GITLAB_CI", "{name}");
        }
        assert!(offers(&[REQUEST_URL, REQUEST_TOKEN, "RELKIT_TOKEN"]));
        assert!(!offers(&[]) && !offers(&["CI", "GITHUB_ACTIONS", REQUEST_URL]));
    }

    #[test]
    fn a_variable_cannot_be_printed() {
        let environment = Environment::new([("RELKIT_TOKEN".into(), "secret".into())]);
        assert!(!format!("{environment:?}").contains("secret"));
    }
}
