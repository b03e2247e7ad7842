//! Where an upload goes: the URL of the upload API, bare of everything secret, and the user name beside the token.

use url::Url;

use super::credentials::TOKEN_USER;
use super::error::PublishError;
use crate::http;

#[derive(Debug)]
pub struct Endpoint {
    /// `__token__`, unless the URL named another.
    pub(super) user: String,
    pub url: Url,
}

impl Endpoint {
    /// Refuses a URL that is plain http to another machine, or holds a password.
    pub fn new(upload_url: &Url) -> Result<Self, PublishError> {
        http::must_be_safe(upload_url)?;
        if upload_url.password().is_some() {
            return Err(PublishError::Password);
        }
        let user = match upload_url.username() {
            "" => TOKEN_USER.to_owned(),
            user => percent_decoded(user),
        };
        let mut url = upload_url.clone();
        // Fails only on URLs that cannot have a user name at all.
        let _ = url.set_username("");
        url.set_fragment(None);
        Ok(Self { user, url })
    }
}

fn percent_decoded(text: &str) -> String {
    // The parser of forms decodes as user names are encoded, but for `+`.
    let form = format!("user={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

/// A redirect that credentials may follow: the same scheme, host and port.
pub(super) fn same_server(from: &Url, location: &str) -> Option<Url> {
    let to = from.join(location).ok()?;
    (to.origin() == from.origin()).then_some(to)
}

/// What to ask about a pair of URLs whose hosts have no parent in common.
pub(crate) fn unlike_hosts(upload: &Url, index: &Url) -> Option<String> {
    let (one, other) = (upload.host_str()?, index.host_str()?);
    let common = one.rsplit('.').zip(other.rsplit('.')).take_while(|(one, other)| one == other).count();
    // `co.uk` and its like belong to nobody.
    let short = |label: Option<&str>| label.is_some_and(|label| label.len() <= 3);
    let needed = if one.rsplit('.').next().is_some_and(|label| label.len() == 2) && short(one.rsplit('.').nth(1)) {
        3
    } else {
        2
    };
    let is_name = matches!(upload.host(), Some(url::Host::Domain(_)));
    if one == other || (is_name && common >= needed) {
        return None;
    }
    Some(format!(
        "the upload URL is at `{one}` and the index URL at `{other}`: are they of one index? What is uploaded to one is never \
         listed by another"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_in_the_url_is_used_and_a_password_refused() {
        let of = |text: &str| Endpoint::new(&Url::parse(text).unwrap());
        let endpoint = of("https://some%2Bone@index.example/legacy/").unwrap();
        assert_eq!((endpoint.user.as_str(), endpoint.url.as_str()), ("some+one", "https://index.example/legacy/"));
        assert_eq!(of("https://index.example/").unwrap().user, "__token__");
        for refused in ["https://user:secret@index.example/", "http://index.example/"] {
            assert!(!of(refused).unwrap_err().to_string().contains("secret"));
        }
    }

    #[test]
    fn credentials_stay_with_their_server() {
        let from = Url::parse("https://upload.example/legacy").unwrap();
        assert_eq!(same_server(&from, "/legacy/").unwrap().as_str(), "https://upload.example/legacy/");
        assert_eq!(same_server(&from, "https://upload.example/x").unwrap().as_str(), "https://upload.example/x");
        for elsewhere in
            ["https://other.example/", "http://upload.example/", "https://upload.example:8443/", "//other/"]
        {
            assert!(same_server(&from, elsewhere).is_none(), "{elsewhere}");
        }
    }
}
