//! The JSON form of a page (PEP 691, 700, 708, 740, 792).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::listing::{Listed, Page, Status, other_digests};
use super::version::accept_version;
use crate::fs::from_object;

#[derive(Deserialize)]
struct JsonPage {
    #[serde(default, deserialize_with = "tolerant")]
    meta: Meta,
    files: Vec<Told>,
    #[serde(default, rename = "project-status")]
    status: Value,
}

#[derive(Deserialize, Default)]
struct Meta {
    #[serde(default, rename = "api-version")]
    api_version: Value,
    #[serde(default, deserialize_with = "tolerant")]
    tracks: Vec<String>,
}

#[derive(Deserialize)]
struct JsonFile {
    filename: String,
    #[serde(default, deserialize_with = "tolerant")]
    url: String,
    #[serde(default, deserialize_with = "tolerant")]
    hashes: BTreeMap<String, Value>,
    #[serde(default, rename = "upload-time", deserialize_with = "tolerant")]
    upload_time: Option<String>,
    #[serde(default)]
    yanked: Value,
    #[serde(default, deserialize_with = "tolerant")]
    size: Option<u64>,
    #[serde(default, deserialize_with = "tolerant")]
    provenance: Option<String>,
}

/// What a page tells of a file, as far as it is read: a page may have very many.
#[derive(Deserialize)]
#[serde(from = "JsonFile")]
struct Told {
    name: String,
    link: String,
    provenance: Option<String>,
    /// Without what depends on where the page is.
    listed: Listed,
}

impl From<JsonFile> for Told {
    fn from(file: JsonFile) -> Self {
        let sha256 = file.hashes.iter().find(|(name, _)| name.eq_ignore_ascii_case("sha256"));
        let sha256 = sha256.and_then(|(_, hash)| hash.as_str()?.trim().to_ascii_lowercase().parse().ok());
        let hashes = file.hashes.iter().filter_map(|(name, hash)| Some((name.as_str(), hash.as_str()?)));
        let others = other_digests(hashes);
        let yanked = match file.yanked {
            Value::String(reason) => Some(reason),
            Value::Bool(true) => Some(String::new()),
            _ => None,
        };
        let listed =
            Listed { sha256, others, upload_time: file.upload_time, yanked, size: file.size, ..Listed::default() };
        Self { name: file.filename, link: file.url, provenance: file.provenance, listed }
    }
}

/// Where an index writes null, or what no specification names, nothing is known.
fn tolerant<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(source: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(source)?).unwrap_or_default())
}

/// Reads a page that was found at `url`.
pub(super) fn parse_json(body: &[u8], url: &Url) -> Result<Page, String> {
    // The version goes first: what another version says of files cannot be judged.
    #[derive(Deserialize)]
    struct Version {
        #[serde(default, deserialize_with = "tolerant")]
        meta: Meta,
    }
    if let Ok(Version { meta }) = serde_json::from_slice(body) {
        accept_api_version(&meta)?;
    }
    match body.trim_ascii().first() {
        None => return Err("it is empty".to_owned()),
        Some(b'{') => {}
        Some(_) => return Err("it is no object of JSON".to_owned()),
    }
    let json: JsonPage = from_object(body).map_err(|error| match says(body, "projects") {
        true => "it lists projects, not the files of one".to_owned(),
        false => error.to_string(),
    })?;
    accept_api_version(&json.meta)?;
    let mut page = Page::default();
    for Told { name, link, provenance, mut listed } in json.files {
        listed.url = url.join(&link).ok().filter(|_| !link.is_empty());
        listed.provenance = provenance.and_then(|link| url.join(&link).ok());
        page.add(name, listed, url);
    }
    json.meta.tracks.iter().for_each(|link| page.track(link));
    page.status = match json.status {
        Value::String(word) => Some(Status { word: word.to_ascii_lowercase(), reason: String::new() }),
        Value::Object(status) => {
            let text = |key| status.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            Some(Status { word: text("status").to_ascii_lowercase(), reason: text("reason") })
        }
        _ => None,
    };
    // One that says nothing is none.
    page.status = page.status.filter(|status| !status.word.trim().is_empty());
    Ok(page)
}

fn accept_api_version(meta: &Meta) -> Result<(), String> {
    match &meta.api_version {
        Value::String(version) => accept_version(version),
        Value::Number(version) => accept_version(&version.to_string()),
        _ => Ok(()),
    }
}

/// Whether a text of JSON, which may be cut off, has this key.
pub(super) fn says(text: &[u8], key: &str) -> bool {
    let text = String::from_utf8_lossy(text);
    text.split(&format!("\"{key}\"")).skip(1).any(|rest| rest.trim_start().starts_with(':'))
}
