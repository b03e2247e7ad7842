//! What the keywords of a schema say: its types, strings, branches, description and limits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::TypegenError;
use super::model::{Doc, EnumMember};
use super::names;
use super::pointer::SchemaPosition;

/// An object of JSON.
pub(super) type Object = Map<String, Value>;

/// What a schema requires, in its own order.
pub(super) fn keys_in_order(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

pub(super) fn required_keys(schema: &Value) -> BTreeSet<&str> {
    keys_in_order(schema).collect()
}

pub(super) fn union_branches(object: &Object) -> Option<(&'static str, &Vec<Value>)> {
    ["oneOf", "anyOf"].into_iter().find_map(|key| Some((key, object.get(key)?.as_array()?)))
}

pub(super) fn type_words(object: &Object) -> Vec<&str> {
    match object.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ if object.contains_key("properties") => vec!["object"],
        _ => Vec::new(),
    }
}

pub(super) fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

pub(super) fn is_map(object: &Object) -> bool {
    object.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty)
        && object.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false))
}

/// The values of an enumeration of strings.
pub(super) fn enum_values(object: &Object) -> Option<Vec<Value>> {
    let values = match (object.get("enum"), object.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (None, Some(value)) => vec![value.clone()],
        _ => return None,
    };
    let plain = !values.is_empty() && values.iter().all(Value::is_string) && !type_words(object).contains(&"null");
    plain.then_some(values)
}

pub(super) fn strings(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

pub(super) fn tag_values(branch: &Value, key: &str) -> Option<Vec<String>> {
    let values = only_value(branch, key)?;
    required_keys(branch).contains(key).then_some(values)
}

/// The same of a key that may be left out.
pub(super) fn only_value(branch: &Value, key: &str) -> Option<Vec<String>> {
    let values = strings(&enum_values(branch.get("properties")?.get(key)?.as_object()?)?);
    (values.len() == 1).then_some(values)
}

pub(super) fn members(
    values: &[Value],
    doc: &Doc,
    place: &SchemaPosition<'_>,
) -> Result<Vec<EnumMember>, TypegenError> {
    let mut found = Vec::new();
    for value in strings(values) {
        let name = names::member(&value).ok_or_else(|| place.refuse(format!("`{value}` cannot be a member's name")))?;
        found.push(EnumMember { name, value, doc: doc.clone() });
    }
    no_duplicates(&found, place)?;
    Ok(found)
}

pub(super) fn no_duplicates(members: &[EnumMember], place: &SchemaPosition<'_>) -> Result<(), TypegenError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for member in members {
        if let Some(other) = seen.insert(&member.name, &member.value) {
            return Err(place.refuse(format!("`{other}` and `{}` are one name in Python", member.value)));
        }
    }
    Ok(())
}

pub(super) fn doc_of(schema: &Value) -> Doc {
    let text = schema.get("description").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let lower = text.unwrap_or_default().to_lowercase();
    let declared = schema.get("deprecated").and_then(Value::as_bool).unwrap_or(false);
    Doc {
        text: text.map(ToOwned::to_owned),
        experimental: lower.contains("experimental") || lower.contains("[unstable]"),
        deprecated: declared || lower.contains("deprecated"),
    }
}

pub(super) fn limits(property: &Value) -> Vec<(&'static str, Value)> {
    const KEYWORDS: &[(&str, &str)] = &[
        ("minimum", "ge"),
        ("maximum", "le"),
        ("minLength", "min_length"),
        ("maxLength", "max_length"),
        ("minItems", "min_length"),
        ("maxItems", "max_length"),
        ("pattern", "pattern"),
    ];
    KEYWORDS.iter().filter_map(|(key, keyword)| Some((*keyword, property.get(key)?.clone()))).collect()
}
