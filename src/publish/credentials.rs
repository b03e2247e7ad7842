//! What allows an upload: a token that the user gives, or one minted by trusted publishing (OpenID Connect) on GitHub
//! Actions or GitLab. A secret has no way to be printed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::answer::reason;
use super::claims::Claims;
use crate::error::{Exit, Explain};
use crate::http::{self, HttpError};

/// How long a minted token is used before another is minted, where the index does not say how long it lives.
const RENEW_AFTER: Duration = Duration::from_secs(10 * 60);
const SILENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);

/// The user name that says that the password is a token.
pub const TOKEN_USER: &str = "__token__";

/// A token of the upload API.
pub struct Token(SecretString);

impl Token {
    /// A token from the text that the user gave, without the blanks around it.
    ///
    /// # Errors
    /// When it is empty, or no header can carry it.
    pub fn new(text: &str) -> Result<Self, CredentialError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CredentialError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::Malformed);
        }
        Ok(Self(text.into()))
    }

    /// The Authorization header for this user name, marked as sensitive.
    #[must_use]
    pub fn basic(&self, user: &str) -> HeaderValue {
        sensitive(&format!("Basic {}", self.encoded(user)))
    }

    /// A text of a server without the token, should it repeat it.
    #[must_use]
    pub fn redact(&self, user: &str, text: &str) -> String {
        let encoded = self.encoded(user);
        text.replace(self.0.expose_secret(), "…").replace(&encoded, "…")
    }

    fn encoded(&self, user: &str) -> String {
        STANDARD.encode(format!("{user}:{}", self.0.expose_secret()))
    }

    /// Masks the token in every form in which a log can show it.
    fn mask(&self, mask: Mask<'_>) {
        mask(self.0.expose_secret());
        mask(&self.encoded(TOKEN_USER));
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

fn sensitive(text: &str) -> HeaderValue {
    // Tokens are checked to be visible ASCII, which every header can carry.
    let mut value = HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Why there is nothing that allows the upload.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The token is empty.
    #[error("the token is empty")]
    Empty,
    /// The token holds a blank or a character that is not ASCII.
    #[error("the token holds a character that no token has")]
    Malformed,
    /// Standard input is not text.
    #[error("the token cannot be read from standard input")]
    Unreadable,
    /// Neither trusted publishing nor a token.
    #[error("nothing allows an upload: this job offers no trusted publishing, and no token was given")]
    Nothing,
    /// A URL cannot be used.
    #[error("trusted publishing is not possible")]
    Http(#[from] HttpError),
    /// A server did not answer.
    #[error("trusted publishing: {step} failed")]
    Network {
        /// Which of the three calls.
        step: &'static str,
        /// What went wrong.
        #[source]
        source: reqwest::Error,
    },
    /// A server refused.
    #[error("trusted publishing: {step} was answered with {status}: {reason}")]
    Refused {
        /// Which of the three calls.
        step: &'static str,
        /// The status.
        status: StatusCode,
        /// The server's sentence.
        reason: String,
        /// What the identity claims, as the index compares it; never the token itself.
        claims: Claims,
        /// The distribution that the token was for.
        project: String,
    },
}

impl Explain for CredentialError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing => Some(
                "give the job `permissions: id-token: write` and register it as a trusted publisher, or set RELKIT_TOKEN, \
                 or pipe a token in with `--token-stdin`"
                    .into(),
            ),
            Self::Empty | Self::Malformed | Self::Unreadable => Some("give the token as the index shows it, `__token__` not included".into()),
            Self::Http(error) => error.hint(),
            Self::Network { .. } => Some("run the same command again: what is uploaded already is skipped".into()),
            Self::Refused { claims, project, .. } => Some(claims.advice(project)),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Refused { status, .. } if status.is_client_error() => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}

/// The variables of a CI job that offer an identity.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, SecretEntry>);

/// A variable's value, which may be a secret.
#[derive(Clone)]
struct SecretEntry(SecretString);

impl fmt::Debug for SecretEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl Environment {
    /// The variables given.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name, SecretEntry(value.into()))).collect())
    }

    /// Those of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::new(std::env::vars_os().filter_map(text))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.0.expose_secret()).filter(|value| !value.is_empty())
    }

    /// Whether the job runs on GitHub Actions, whose log can mask a secret.
    #[must_use]
    pub fn is_github_actions(&self) -> bool {
        self.get("GITHUB_ACTIONS") == Some("true")
    }

    fn offers_identity(&self) -> bool {
        self.get("ACTIONS_ID_TOKEN_REQUEST_URL").is_some() && self.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN").is_some()
            || self.get("GITLAB_CI").is_some()
    }
}

/// Where the token of an upload comes from.
pub enum Source {
    /// The user gave it; it serves for every project.
    Given(Token),
    /// Each project's is minted when its first file is sent, and again when it is old or refused as expired.
    Trusted(Box<TrustedPublishing>),
}

/// Called with every secret before it is used, so that a log can mask it.
pub type Mask<'a> = &'a dyn Fn(&str);

impl Source {
    /// Decides where tokens come from: the token given on standard input, the job's identity where it offers one and the
    /// index takes it, the token of the environment.
    ///
    /// # Errors
    /// When there is none of them, or the index cannot be asked.
    pub fn choose(
        typed: Option<Token>,
        environment: &Environment,
        upload_url: &Url,
        mask: Mask<'_>,
    ) -> Result<Self, CredentialError> {
        if let Some(token) = typed {
            token.mask(mask);
            return Ok(Self::Given(token));
        }
        let given = environment.get("RELKIT_TOKEN");
        if environment.offers_identity() {
            match TrustedPublishing::discover(environment, upload_url) {
                Ok(Some(trusted)) if trusted.has_identity() => return Ok(Self::Trusted(Box::new(trusted))),
                Ok(_) => {}
                // A server that cannot be asked may still take the token that the user gave for it.
                Err(error) => given.map(|_| ()).ok_or(error)?,
            }
        }
        let token = given.ok_or(CredentialError::Nothing)?;
        let token = Token::new(token)?;
        token.mask(mask);
        Ok(Self::Given(token))
    }

    /// The token for a project.
    ///
    /// # Errors
    /// When minting is refused or a server does not answer.
    pub fn token(&mut self, project: &str, mask: Mask<'_>) -> Result<&Token, CredentialError> {
        match self {
            Self::Given(token) => Ok(token),
            Self::Trusted(trusted) => trusted.token(project, mask),
        }
    }

    /// Forgets a minted token that the index calls expired; says whether another can be had.
    pub fn forget(&mut self, project: &str) -> bool {
        match self {
            Self::Given(_) => false,
            Self::Trusted(trusted) => {
                let key = trusted.key(project).to_owned();
                trusted.minted.remove(&key).is_some()
            }
        }
    }

    /// Whether tokens are minted.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}

/// Trusted publishing at one index.
pub struct TrustedPublishing {
    client: Client,
    environment: Environment,
    audience: String,
    mint_url: Url,
    /// Tokens, with the time from which another is minted.
    minted: BTreeMap<String, (Token, Instant)>,
}

#[derive(Deserialize)]
struct Audience {
    audience: String,
}

#[derive(Deserialize)]
struct Identity {
    value: String,
}

#[derive(Deserialize)]
struct Minted {
    token: String,
    /// When it ends, in seconds since 1970.
    #[serde(default)]
    expires: Value,
}

/// How long a token is used that ends at `expires`: two thirds of its life, and never longer than [`RENEW_AFTER`]. An end
/// that has passed speaks of a clock that is wrong, not of the token.
fn used_for(expires: Option<u64>, now: SystemTime) -> Duration {
    let end = expires.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let life = end.and_then(|end| end.duration_since(now).ok()).filter(|life| !life.is_zero());
    life.map_or(RENEW_AFTER, |life| RENEW_AFTER.min(life / 3 * 2))
}

impl TrustedPublishing {
    /// Asks the index for its audience; `None` where it knows no trusted publishing.
    fn discover(environment: &Environment, upload_url: &Url) -> Result<Option<Self>, CredentialError> {
        const STEP: &str = "asking the index for its audience";
        if !http::is_safe(upload_url) {
            return Err(HttpError::Insecure { url: http::shown(upload_url) }.into());
        }
        let client = http::client(SILENCE, Policy::none())?;
        let at = |path: &str| {
            let mut url = upload_url.clone();
            url.set_path(path);
            url.set_query(None);
            url
        };
        let response = patiently(|| client.get(at("/_/oidc/audience")).send().map_err(network(STEP)))?;
        let status = response.status();
        let body = response.bytes().map_err(network(STEP))?;
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let (reason, claims, project) = (reason(&body), Claims::default(), String::new());
            return Err(CredentialError::Refused { step: STEP, status, reason, claims, project });
        }
        // Whatever else it answers, it knows no trusted publishing: not found, not enabled, or a page for people.
        let Some(audience) = status.is_success().then(|| serde_json::from_slice::<Audience>(&body).ok()).flatten()
        else {
            return Ok(None);
        };
        let mint_url = at("/_/oidc/mint-token");
        let environment = environment.clone();
        Ok(Some(Self { client, environment, audience: audience.audience, mint_url, minted: BTreeMap::new() }))
    }

    fn token(&mut self, project: &str, mask: Mask<'_>) -> Result<&Token, CredentialError> {
        let key = self.key(project).to_owned();
        let is_fresh = |until: &Instant| !self.can_ask_again() || Instant::now() < *until;
        if !self.minted.get(&key).is_some_and(|(_, until)| is_fresh(until)) {
            let (token, life) = self.mint(project, mask)?;
            self.minted.insert(key.clone(), (token, Instant::now() + life));
        }
        self.minted.get(&key).map(|(token, _)| token).ok_or(CredentialError::Nothing)
    }

    /// Whether the job hands out a new identity whenever it is asked. An identity serves for one mint.
    fn can_ask_again(&self) -> bool {
        self.environment.get("ACTIONS_ID_TOKEN_REQUEST_URL").is_some()
    }

    /// Under which name a project's token is kept; a job with one identity has one token for all projects.
    fn key<'a>(&self, project: &'a str) -> &'a str {
        if self.can_ask_again() { project } else { "" }
    }

    /// Each try takes a new identity, because a server that failed may have used the last one up.
    fn mint(&self, project: &str, mask: Mask<'_>) -> Result<(Token, Duration), CredentialError> {
        const STEP: &str = "minting a token";
        let mut identity = String::new();
        let response = patiently(|| {
            identity = self.identity(project)?;
            mask(&identity);
            let call = self.client.post(self.mint_url.clone()).json(&json!({ "token": identity }));
            call.send().map_err(network(STEP))
        })?;
        let minted: Minted = answer(response, STEP, &Claims::of(&identity), project, &[&identity])?;
        let token = Token::new(&minted.token)?;
        token.mask(mask);
        Ok((token, used_for(minted.expires.as_u64(), SystemTime::now())))
    }

    /// A new identity token: each serves for one mint only.
    fn identity(&self, project: &str) -> Result<String, CredentialError> {
        const STEP: &str = "asking the CI job for its identity";
        let request = (
            self.environment.get("ACTIONS_ID_TOKEN_REQUEST_URL"),
            self.environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        );
        if let (Some(url), Some(token)) = request {
            let mut url = http::parse_url(url)?;
            if !http::is_safe(&url) {
                return Err(HttpError::Insecure { url: http::shown(&url) }.into());
            }
            url.query_pairs_mut().append_pair("audience", &self.audience);
            let header = sensitive(&format!("bearer {token}"));
            let call =
                || self.client.get(url.clone()).header(AUTHORIZATION, header.clone()).send().map_err(network(STEP));
            let response = patiently(call)?;
            let identity: Identity = answer(response, STEP, &Claims::default(), project, &[token])?;
            return Ok(identity.value);
        }
        self.environment.get(&self.gitlab_variable()).map(str::to_owned).ok_or(CredentialError::Nothing)
    }

    /// Whether the job can say who it is to this index.
    fn has_identity(&self) -> bool {
        self.environment.get("ACTIONS_ID_TOKEN_REQUEST_URL").is_some()
            || self.environment.get(&self.gitlab_variable()).is_some()
    }

    /// GitLab hands an identity token over in a variable that is named after its audience.
    fn gitlab_variable(&self) -> String {
        let plain =
            |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' };
        format!("{}_ID_TOKEN", self.audience.chars().map(plain).collect::<String>())
    }
}

/// Makes a call up to three times, while the network or the server fails.
fn patiently(mut call: impl FnMut() -> Result<Response, CredentialError>) -> Result<Response, CredentialError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let outcome = call();
        let is_passing = match &outcome {
            Ok(response) => response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS,
            Err(error) => matches!(error, CredentialError::Network { .. }),
        };
        if !is_passing || attempt == 3 {
            return outcome;
        }
        std::thread::sleep(PAUSE * attempt);
    }
}

fn network(step: &'static str) -> impl FnOnce(reqwest::Error) -> CredentialError {
    // The URL of the identity request can hold a secret.
    move |source| CredentialError::Network { step, source: source.without_url() }
}

fn answer<T: serde::de::DeserializeOwned>(
    response: Response,
    step: &'static str,
    claims: &Claims,
    project: &str,
    secrets: &[&str],
) -> Result<T, CredentialError> {
    let status = response.status();
    let body = response.bytes().map_err(network(step))?;
    let refused = |reason: String| {
        let reason = secrets.iter().fold(reason, |reason, secret| reason.replace(secret, "…"));
        CredentialError::Refused { step, status, reason, claims: claims.clone(), project: project.to_owned() }
    };
    if !status.is_success() {
        return Err(refused(refusal(&body)));
    }
    serde_json::from_slice(&body).map_err(|_| refused("the answer is not what trusted publishing prescribes".into()))
}

/// The sentence of a refusal: every error's description, else whatever the page says.
fn refusal(body: &[u8]) -> String {
    let errors: Option<Value> = serde_json::from_slice(body).ok();
    let described: Vec<String> = errors
        .as_ref()
        .and_then(|body| body.get("errors")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(|error| {
            let code = error.get("code").and_then(Value::as_str).unwrap_or_default();
            let description = error.get("description").and_then(Value::as_str).unwrap_or_default();
            Some(format!("{code}: {description}")).filter(|text| text.len() > 2)
        })
        .collect();
    if described.is_empty() { reason(body) } else { described.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_cannot_be_printed() {
        let token = Token::new(" pypi-secret\n").unwrap();
        assert!(!format!("{token:?} {:?}", token.basic(TOKEN_USER)).contains("secret"));
        assert_eq!(token.encoded(TOKEN_USER), STANDARD.encode("__token__:pypi-secret"));
        for text in ["", " \n", "two words", "ümlaut"] {
            assert!(Token::new(text).is_err(), "{text:?}");
        }
        let environment = Environment::new([("RELKIT_TOKEN".into(), "secret".into())]);
        assert!(!format!("{environment:?}").contains("secret"));
    }

    #[test]
    fn a_token_is_renewed_before_it_ends() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (expires, seconds) in [
            (None, 600),
            (Some(1_000_900), 600),
            (Some(1_000_240), 160),
            (Some(1_000_000), 600),
            (Some(900), 600),
            (Some(u64::MAX), 600),
        ] {
            assert_eq!(used_for(expires, now), Duration::from_secs(seconds), "{expires:?}");
        }
    }

    #[test]
    fn every_error_of_a_refusal_is_told() {
        let body =
            br#"{"message":"Token request failed","errors":[{"code":"invalid-publisher","description":"no match"}]}"#;
        assert_eq!(refusal(body), "invalid-publisher: no match");
        assert_eq!(refusal(br#"{"message":"not enabled"}"#), "not enabled");
    }
}
