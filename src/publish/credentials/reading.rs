//! What allows to read an index whose URL does not say it: RELKIT_INDEX_TOKEN, or the row of its host in `.netrc`.

use std::path::PathBuf;

use reqwest::header::HeaderValue;
use secrecy::SecretString;
use url::Url;

use super::environment::Environment;
use super::netrc::{Login, login_for, parse};
use super::token::{TOKEN_USER, basic};
use crate::fs;

/// A token, and logins by host.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    token: Option<SecretString>,
    logins: Vec<Login>,
}

impl Reading {
    /// Reads the file of NETRC, else `.netrc` in the home directory; where there is none that can be read, it says nothing.
    pub(crate) fn new(environment: &Environment) -> Self {
        let home = || Some(PathBuf::from(environment.get("HOME").or_else(|| environment.get("USERPROFILE"))?));
        let candidates = match environment.get("NETRC") {
            Some(path) => vec![PathBuf::from(path)],
            None => home().map(|home| [".netrc", "_netrc"].map(|name| home.join(name)).to_vec()).unwrap_or_default(),
        };
        let text = candidates.iter().find_map(|path| fs::read(path).ok());
        let logins = text.map(|text| parse(&String::from_utf8_lossy(&text))).unwrap_or_default();
        Self { token: environment.get("RELKIT_INDEX_TOKEN").map(|token| token.trim().to_owned().into()), logins }
    }

    /// The header for the server of `url`; `user` is the name that the URL gave, if any.
    pub(in crate::publish) fn for_url(&self, url: &Url, user: &str) -> Option<HeaderValue> {
        if let Some(token) = &self.token {
            return Some(basic(if user.is_empty() { TOKEN_USER } else { user }, token));
        }
        let login = login_for(&self.logins, url.host_str()?)?;
        (user.is_empty() || user == login.user).then(|| basic(&login.user, &login.password))
    }
}
