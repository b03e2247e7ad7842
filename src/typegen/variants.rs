//! Reads the parts of a union: which strings, which objects, and the key whose value tells them apart.

use serde_json::{Map, Value};

use super::TypegenError;
use super::build::Place;

/// An object of JSON.
pub(super) type Object = Map<String, Value>;

pub(super) fn required_keys(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
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

/// A variant with the fields that stand beside the union.
pub(super) fn merge_shared(union: &Object, branch: &Value) -> Value {
    let (Some(Value::Object(shared)), Value::Object(variant)) = (union.get("properties"), branch) else {
        return branch.clone();
    };
    let mut merged = variant.clone();
    let mut properties = shared.clone();
    if let Some(Value::Object(own)) = variant.get("properties") {
        properties.extend(own.clone());
    } else {
        return branch.clone();
    }
    let mut required: Vec<Value> = union.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    required.extend(variant.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    required.dedup();
    merged.insert("properties".into(), Value::Object(properties));
    merged.insert("required".into(), Value::Array(required));
    Value::Object(merged)
}

/// A variant whose further fields depend on a union of its own: one class that has them all, none of them required but
/// what every alternative requires. The note says which fields exclude each other.
pub(super) fn merge_alternatives(
    variant: &Object,
    place: &Place<'_>,
) -> Result<(Object, Option<String>), TypegenError> {
    let Some((key, branches)) = union_branches(variant) else { return Ok((variant.clone(), None)) };
    let place = place.below(key);
    let mut merged = variant.clone();
    merged.remove(key);
    let mut properties = variant.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut alternatives = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let own = branch.get("properties").and_then(Value::as_object);
        let own = own.filter(|_| branch.as_object().and_then(union_branches).is_none());
        let own = own.ok_or_else(|| place.below(index).refuse("alternatives of a variant must be plain objects"))?;
        for (name, field) in own {
            if properties.insert(name.clone(), field.clone()).is_some_and(|known| known != *field) {
                return Err(place.below(index).refuse(format!("two alternatives differ about `{name}`")));
            }
        }
        alternatives.push(own.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" with "));
    }
    let mut required: Vec<Value> = variant.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let everywhere = branches.first().map(required_keys).unwrap_or_default();
    required.extend(
        everywhere
            .into_iter()
            .filter(|name| branches.iter().all(|branch| required_keys(branch).contains(name)))
            .map(Value::from),
    );
    merged.insert("properties".into(), Value::Object(properties));
    merged.insert("required".into(), Value::Array(required));
    Ok((merged, Some(format!("Has one of: {}.", alternatives.join(", ")))))
}

pub(super) fn tag_values(branch: &Value, key: &str) -> Option<Vec<String>> {
    let values = strings(&enum_values(branch.get("properties")?.get(key)?.as_object()?)?);
    (values.len() == 1 && required_keys(branch).contains(&key)).then_some(values)
}

/// The key whose one string tells every variant from the others.
pub(super) fn common_tag(branches: &[Value]) -> Option<String> {
    let first = branches.first()?.get("properties")?.as_object()?;
    let mut keys: Vec<&String> = first.keys().collect();
    keys.sort_by_key(|key| match key.as_str() {
        "type" => 0,
        "kind" => 1,
        _ => 2,
    });
    keys.into_iter().find(|key| branches.iter().all(|branch| tag_values(branch, key).is_some())).cloned()
}
