//! The JSON form of a page (PEP 691, 700, 708, 740, 792).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::Url;

use super::listing::{Kept, Listed, Page, Status, other_digests};
use super::version::accept_version;

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

impl JsonFile {
    /// What it tells, on a page that is at `page`.
    fn listed(self, page: &Url) -> Listed {
        let sha256 = self.hashes.iter().find(|(name, _)| name.eq_ignore_ascii_case("sha256"));
        let sha256 = sha256.and_then(|(_, hash)| hash.as_str()?.trim().to_ascii_lowercase().parse().ok());
        let hashes = self.hashes.iter().filter_map(|(name, hash)| Some((name.as_str(), hash.as_str()?)));
        let others = other_digests(hashes);
        let yanked = match self.yanked {
            Value::String(reason) => Some(reason),
            Value::Bool(true) => Some(String::new()),
            _ => None,
        };
        Listed {
            sha256,
            disputed: None,
            others,
            url: page.join(&self.url).ok().filter(|_| !self.url.is_empty()),
            upload_time: self.upload_time,
            yanked,
            size: self.size,
            provenance: self.provenance.and_then(|link| page.join(&link).ok()),
        }
    }
}

/// Reads a page file by file, and keeps what is asked for; its list of files is read once.
struct Reader<'a, 'k>(Option<Files<'a, 'k>>);

impl<'de> DeserializeSeed<'de> for Reader<'_, '_> {
    type Value = (Meta, Value);

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, '_> {
    type Value = (Meta, Value);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<Self::Value, M::Error> {
        let (mut meta, mut status) = (Meta::default(), Value::Null);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "meta" => meta = serde_json::from_value(map.next_value()?).unwrap_or_default(),
                "project-status" => status = map.next_value()?,
                "files" => {
                    let files = self.0.take().ok_or_else(|| M::Error::duplicate_field("files"))?;
                    map.next_value_seed(files)?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if self.0.is_none() { Ok((meta, status)) } else { Err(M::Error::missing_field("files")) }
    }
}

/// The list of files.
struct Files<'a, 'k> {
    page: &'a mut Page,
    url: &'a Url,
    kept: &'a mut Kept<'k>,
}

impl<'de> DeserializeSeed<'de> for Files<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Files<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of files")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut files: S) -> Result<(), S::Error> {
        while let Some(mut file) = files.next_element::<JsonFile>()? {
            let name = std::mem::take(&mut file.filename);
            if self.kept.keeps(&name, &file.url) {
                self.page.add(name, file.listed(self.url), self.url);
            } else {
                self.page.beside = self.page.beside.saturating_add(file.size.unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Where an index writes null, or what no specification names, nothing is known.
fn tolerant<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(source: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(source)?).unwrap_or_default())
}

/// Reads a page that was found at `url`.
pub(super) fn parse_json(body: &[u8], url: &Url, kept: &mut Kept<'_>) -> Result<Page, String> {
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
    let mut page = Page::default();
    let mut source = serde_json::Deserializer::from_slice(body);
    let reader = Reader(Some(Files { page: &mut page, url, kept }));
    let read = reader.deserialize(&mut source).and_then(|told| source.end().map(|()| told));
    let (meta, status) = read.map_err(|error| match says(body, "projects") {
        true => "it lists projects, not the files of one".to_owned(),
        false => error.to_string(),
    })?;
    accept_api_version(&meta)?;
    meta.tracks.iter().for_each(|link| page.track(link));
    page.status = match status {
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
