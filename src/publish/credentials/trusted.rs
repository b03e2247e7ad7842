//! Trusted publishing (OpenID Connect): the index names its audience, the CI job says who it is, and the index mints a
//! token for that. An identity serves for one mint.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::claims::Claims;
use super::environment::{Environment, Provider};
use super::error::CredentialError;
use super::token::{Mask, Token, sensitive};
use crate::http::sentence::{Body, cut};
use crate::http::{self, Secrets, Until};
use crate::wheel::name::DistributionName;

/// How long a minted token is used before another is minted, where the index does not say how long it lives.
const RENEW_AFTER: Duration = Duration::from_secs(10 * 60);
const SILENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(500);
const MAX_TRIES: u32 = 3;
/// The longest identity, in bytes.
const MAX_IDENTITY: u64 = 64 << 10;

/// Trusted publishing at one index.
pub struct TrustedPublishing {
    client: Client,
    environment: Environment,
    audience: String,
    mint_url: Url,
    /// Tokens, with the time from which another is minted.
    minted: BTreeMap<Option<DistributionName>, (Token, Instant)>,
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

impl TrustedPublishing {
    /// Asks the index for its audience; `None` where it knows no trusted publishing, or the job has no identity for it.
    pub(super) fn discover(environment: &Environment, upload_url: &Url) -> Result<Option<Self>, CredentialError> {
        const STEP: &str = "asking the index for its audience";
        http::must_be_safe(upload_url)?;
        let client = http::client(SILENCE, Policy::none())?;
        let at = |path: &str| {
            let mut url = upload_url.clone();
            url.set_path(path);
            url.set_query(None);
            url
        };
        let response = patiently(|| client.get(at("/_/oidc/audience")).send().map_err(network(STEP)))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = whole(response, STEP)?;
        if http::is_passing(status) {
            let (reason, claims) = (Body::read(&body, &headers, status, &Secrets::default()).reason, Claims::default());
            return Err(CredentialError::Refused { step: STEP, status, reason, claims, project: None });
        }
        // Whatever else it answers, it knows no trusted publishing: not found, not enabled, or a page for people.
        let audience = status.is_success().then(|| serde_json::from_slice::<Audience>(&body).ok()).flatten();
        let Some(Audience { audience }) = audience else { return Ok(None) };
        match environment.provider() {
            None => return Ok(None),
            Some(Provider::GitLab) if environment.gitlab_identity(&audience).is_none() => return Ok(None),
            Some(_) => {}
        }
        let environment = environment.clone();
        Ok(Some(Self { client, environment, audience, mint_url: at("/_/oidc/mint-token"), minted: BTreeMap::new() }))
    }

    pub(super) fn token(&mut self, project: &DistributionName, mask: Mask<'_>) -> Result<&Token, CredentialError> {
        let key = self.key(project);
        let is_fresh = |until: &Instant| !self.can_ask_again() || Instant::now() < *until;
        if !self.minted.get(&key).is_some_and(|(_, until)| is_fresh(until)) {
            let (token, life) = self.mint(project, mask)?;
            self.minted.insert(key.clone(), (token, Instant::now() + life));
        }
        self.minted.get(&key).map(|(token, _)| token).ok_or(CredentialError::Nothing)
    }

    /// Forgets a project's token; says whether there was one.
    pub(super) fn forget(&mut self, project: &DistributionName) -> bool {
        self.minted.remove(&self.key(project)).is_some()
    }

    /// Whether the job hands out a new identity whenever it is asked.
    fn can_ask_again(&self) -> bool {
        self.environment.provider().is_some_and(|provider| provider != Provider::GitLab)
    }

    /// Under what a project's token is kept; a job with one identity has one token for all projects.
    fn key(&self, project: &DistributionName) -> Option<DistributionName> {
        self.can_ask_again().then(|| project.clone())
    }

    /// Each try takes a new identity, because a server that failed may have used the last one up.
    fn mint(&self, project: &DistributionName, mask: Mask<'_>) -> Result<(Token, Duration), CredentialError> {
        const STEP: &str = "minting a token";
        let mut identity = String::new();
        let response = patiently(|| {
            identity = self.identity(project)?;
            mask(&identity);
            let call = self.client.post(self.mint_url.clone()).json(&json!({ "token": identity }));
            call.send().map_err(network(STEP))
        })?;
        let minted: Minted = answer(response, STEP, &Claims::of(&identity), project, &Secrets::of_text(&identity))?;
        let token = Token::new(&minted.token)?;
        token.mask(mask);
        Ok((token, used_for(minted.expires.as_u64(), SystemTime::now())))
    }

    fn identity(&self, project: &DistributionName) -> Result<String, CredentialError> {
        const STEP: &str = "asking the CI job for its identity";
        let audience = &self.audience;
        let (url, token) = match self.environment.provider().ok_or(CredentialError::Nothing)? {
            Provider::GitHub { url, token } => (url, token),
            Provider::GitLab => {
                let identity = self.environment.gitlab_identity(audience);
                return identity.map(str::to_owned).ok_or(CredentialError::Nothing);
            }
            Provider::Buildkite => {
                return ask("buildkite-agent", &["oidc", "request-token", "--audience", audience]);
            }
            Provider::CircleCi => {
                let claims = json!({ "aud": audience }).to_string();
                return ask("circleci", &["run", "oidc", "get", "--root-issuer", "--claims", &claims]);
            }
            Provider::Google { host } => return self.google_identity(host, project),
        };
        let mut url = http::parse_url(url)?;
        http::must_be_safe(&url)?;
        url.query_pairs_mut().append_pair("audience", &self.audience);
        let header = sensitive(&format!("bearer {token}"));
        let secrets = Secrets::of_header(&header).and(Secrets::of_url(&url));
        let call = || self.client.get(url.clone()).header(AUTHORIZATION, header.clone()).send().map_err(network(STEP));
        let identity: Identity = answer(patiently(call)?, STEP, &Claims::default(), project, &secrets)?;
        Ok(identity.value)
    }
}

impl TrustedPublishing {
    /// The metadata server speaks plain http, on a link that ends at the machine.
    fn google_identity(&self, host: &str, project: &DistributionName) -> Result<String, CredentialError> {
        const STEP: &str = "asking the metadata server for the job's identity";
        let path = "computeMetadata/v1/instance/service-accounts/default/identity";
        let mut url = http::parse_url(&format!("http://{host}/{path}"))?;
        url.query_pairs_mut().append_pair("audience", &self.audience).append_pair("format", "full");
        let call = || {
            let request = self.client.get(url.clone()).header("Metadata-Flavor", "Google");
            request.send().map_err(network(STEP))
        };
        let response = patiently(call)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = whole(response, STEP)?;
        if !status.is_success() {
            let (reason, claims) = (Body::read(&body, &headers, status, &Secrets::default()).reason, Claims::default());
            let project = Some(project.clone());
            return Err(CredentialError::Refused { step: STEP, status, reason, claims, project });
        }
        let identity = String::from_utf8_lossy(&body).trim().to_owned();
        if is_identity(&identity) {
            Ok(identity)
        } else {
            Err(CredentialError::NoIdentity { of: "the metadata server" })
        }
    }
}

/// What a program of the job's agent says on its standard output; it is given half a minute.
fn ask(program: &'static str, arguments: &[&str]) -> Result<String, CredentialError> {
    let failed = |source| CredentialError::Agent { program, source };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let (until, mut said) = (Instant::now() + SILENCE, String::new());
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status,
            None if Instant::now() >= until => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(io::ErrorKind::TimedOut.into()));
            }
            // An identity is far shorter than what a pipe holds.
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if let Some(output) = child.stdout.take() {
        output.take(MAX_IDENTITY).read_to_string(&mut said).map_err(failed)?;
    }
    if !status.success() {
        return Err(failed(io::Error::other(format!("it ended with {status}"))));
    }
    let identity = said.trim().to_owned();
    if is_identity(&identity) { Ok(identity) } else { Err(CredentialError::NoIdentity { of: program }) }
}

/// Whether a text has the three parts of a signed identity.
fn is_identity(text: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte))
    };
    text.split('.').count() == 3 && text.split('.').all(is_plain)
}

/// How long a token is used that ends at `expires`: two thirds of its life, and never longer than [`RENEW_AFTER`]. An end
/// that has passed speaks of a clock that is wrong, not of the token.
fn used_for(expires: Option<u64>, now: SystemTime) -> Duration {
    let end = expires.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
    let life = end.and_then(|end| end.duration_since(now).ok()).filter(|life| !life.is_zero());
    life.map_or(RENEW_AFTER, |life| RENEW_AFTER.min(life / 3 * 2))
}

/// Makes a call again while the network or the server fails.
fn patiently(mut call: impl FnMut() -> Result<Response, CredentialError>) -> Result<Response, CredentialError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let outcome = call();
        let is_passing = match &outcome {
            Ok(response) => http::is_passing(response.status()),
            Err(CredentialError::Network { source, .. }) => http::want(source).is_none(),
            Err(_) => false,
        };
        let asked = outcome.as_ref().ok().and_then(|response| http::retry_after(response.headers(), SystemTime::now()));
        if !is_passing || tries == MAX_TRIES || asked.is_some_and(|asked| asked > http::MAX_ASKED) {
            return outcome;
        }
        std::thread::sleep((PAUSE * tries).max(asked.unwrap_or_default()));
    }
}

fn network(step: &'static str) -> impl FnOnce(reqwest::Error) -> CredentialError {
    // The URL of the identity request can hold a secret.
    move |source| CredentialError::Network { step, source: source.without_url() }
}

/// The body of an answer, or as much of it as is looked at: the rest makes no sense of what begins so.
fn whole(response: Response, step: &'static str) -> Result<Vec<u8>, CredentialError> {
    let mut body = Vec::new();
    match Until::new(response, Instant::now() + SILENCE)
        .take(http::MAX_ANSWER as u64)
        .read_to_end(&mut body)
        .map_err(io::Error::downcast)
    {
        Err(Ok(error)) => Err(network(step)(error)),
        Ok(_) | Err(Err(_)) => Ok(body),
    }
}

fn answer<T: serde::de::DeserializeOwned>(
    response: Response,
    step: &'static str,
    claims: &Claims,
    project: &DistributionName,
    secrets: &Secrets,
) -> Result<T, CredentialError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = whole(response, step)?;
    let refused = |reason: String| CredentialError::Refused {
        step,
        status,
        reason,
        claims: claims.clone(),
        project: Some(project.clone()),
    };
    if !status.is_success() {
        return Err(refused(refusal(&body, &headers, status, secrets)));
    }
    serde_json::from_slice(&body).map_err(|_| refused("the answer is not what trusted publishing prescribes".into()))
}

/// The sentence of a refusal: every error's description, else whatever the page says.
fn refusal(body: &[u8], headers: &HeaderMap, status: StatusCode, secrets: &Secrets) -> String {
    let body_json: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = body_json.get("errors").and_then(Value::as_array).into_iter().flatten();
    let described: Vec<String> = errors
        .filter_map(|error| {
            let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
            Some(format!("{}: {}", text("code"), text("description"))).filter(|text| text.len() > 2)
        })
        .collect();
    match described.is_empty() {
        true => Body::read(body, headers, status, secrets).reason,
        false => cut(&described.join("; "), secrets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let said = |body: &[u8]| refusal(body, &HeaderMap::new(), StatusCode::FORBIDDEN, &Secrets::default());
        assert_eq!(said(body), "invalid-publisher: no match");
        assert_eq!(said(br#"{"message":"not enabled"}"#), "not enabled");
    }
}
