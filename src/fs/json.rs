//! Values as JSON in files of ours: written whole, and read back in the one form that is known.

use std::path::Path;

use relkit_client::rpc::values;
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, Unexpected};
use serde_json::Value;

use super::error::FsError;
use super::pending::write_whole;
use crate::console::text::visible_json;

/// JSON that is not the value that is expected.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error(transparent)]
    Parse(#[from] serde_json::Error),
    /// The form is another one, and what it means is not known here.
    #[error("it has schema_version {found}, and this relkit reads {known}")]
    Schema { found: Value, known: u32 },
}

/// Writes a value to `path` as indented JSON, whole or not at all; who looks at the file is not at its mercy.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FsError> {
    let json = serde_json::to_string_pretty(value).map_err(|error| FsError::write(path)(error.into()))?;
    write_whole(path, (visible_json(&json) + "\n").as_bytes())
}

/// How many values a file may have. Each takes some dozens of bytes in memory, however short its text is.
const MAX_VALUES: usize = 2_000_000;

/// Any JSON, up to a number of values.
pub(crate) fn json_value(bytes: &[u8]) -> serde_json::Result<Value> {
    if values(bytes) > MAX_VALUES {
        return Err(serde_json::Error::custom(format_args!("it has more than {MAX_VALUES} values")));
    }
    serde_json::from_slice(bytes)
}

/// A value of ours, whose `schema_version` must be `known`.
pub(crate) fn from_json<T: DeserializeOwned>(bytes: &[u8], known: u32) -> Result<T, JsonError> {
    match json_value(bytes)?.get("schema_version") {
        Some(found) if *found != known => Err(JsonError::Schema { found: found.clone(), known }),
        _ => Ok(from_object(bytes)?),
    }
}

/// A value from a JSON object: a derived reader would take an array of its fields, too.
pub(crate) fn from_object<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        // What is wrong with the array itself comes first, and has a place.
        serde_json::from_slice::<IgnoredAny>(bytes)?;
        return Err(serde_json::Error::invalid_type(Unexpected::Seq, &"an object"));
    }
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Form {
        #[allow(dead_code)]
        schema_version: u32,
    }

    #[test]
    fn many_values_are_counted_before_they_are_held() {
        let many = |text: &str, count| format!("[{}0]", text.repeat(count));
        assert!(json_value(many("\",[{\\\"\",", 1_900_000).as_bytes()).is_ok());
        let error = json_value(many("0,", 2_000_000).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 2000000 values");
    }

    #[test]
    fn only_an_object_of_the_known_form_is_read() {
        assert!(from_json::<Form>(br#" {"schema_version": 1, "more": 2}"#, 1).is_ok());
        for (text, words) in [
            (r#"{"schema_version": 3}"#, "it has schema_version 3, and this relkit reads 1"),
            (r#"{"schema_version": "1"}"#, "it has schema_version \"1\", and this relkit reads 1"),
            ("[1]", "invalid type: sequence, expected an object"),
            ("[1, x]", "expected value at line 1 column 5"),
            ("{}", "missing field `schema_version` at line 1 column 2"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            assert_eq!(from_json::<Form>(text.as_bytes(), 1).unwrap_err().to_string(), words, "{text}");
        }
    }
}
