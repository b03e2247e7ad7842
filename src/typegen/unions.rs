//! What a union of a schema is, before it has classes: its variants with the fields that they share, the key that tells
//! them from each other, and what each is called.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::TypegenError;
use super::keywords::{Object, keys_in_order, only_value, required_keys, union_branches};
use super::pointer::SchemaPosition;
use super::{names, overrides};

/// The class name of a variant: an override, its title where that is free, its tag, or the key that no sibling requires.
pub(super) fn variant_name(
    union: &str,
    variant: &Value,
    tag: Option<&str>,
    required: &BTreeMap<&str, usize>,
    is_free: impl Fn(&str) -> bool,
) -> Option<String> {
    if let Some(name) = tag.and_then(|tag| overrides::class_name(union, tag)) {
        return Some(name.to_owned());
    }
    if let Some(title) = variant.get("title").and_then(Value::as_str) {
        // The runtime's own generator leaves the module path of some types in their titles.
        let title = title.replace("v2::", "");
        if names::is_class_name(&title) && is_free(&title) {
            return Some(title);
        }
    }
    if let Some(name) = tag.and_then(names::pascal) {
        return Some(format!("{name}{union}"));
    }
    let key = keys_in_order(variant).find(|key| required.get(key) == Some(&1)).and_then(names::pascal)?;
    Some(format!("{key}{union}"))
}

/// How many variants require each key.
pub(super) fn requirements(variants: &[Value]) -> BTreeMap<&str, usize> {
    let mut required: BTreeMap<&str, usize> = BTreeMap::new();
    for key in variants.iter().flat_map(required_keys) {
        *required.entry(key).or_default() += 1;
    }
    required
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
    place: &SchemaPosition<'_>,
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
    let everywhere = branches.first().map(keys_in_order);
    let sets: Vec<_> = branches.iter().map(required_keys).collect();
    required.extend(
        everywhere.into_iter().flatten().filter(|name| sets.iter().all(|set| set.contains(name))).map(Value::from),
    );
    merged.insert("properties".into(), Value::Object(properties));
    merged.insert("required".into(), Value::Array(required));
    Ok((merged, Some(format!("Has one of: {}.", alternatives.join(", ")))))
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
    let required: Vec<_> = branches.iter().map(required_keys).collect();
    let tells = |key: &str| {
        let mut all = branches.iter().zip(&required);
        all.all(|(branch, required)| required.contains(key) && only_value(branch, key).is_some())
    };
    keys.into_iter().find(|key| tells(key)).cloned()
}
