//! The classes of a union: one for each variant, named by override, title, tag or key, and one for its strings.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::classes::Builder;
use super::error::TypegenError;
use super::keywords::{
    Object, doc_of, enum_values, is_null, keys_in_order, members, no_duplicates, only_value, required_keys, tag_values,
    union_branches,
};
use super::model::{Body, Doc, Member, Shape};
use super::pointer::Place;
use super::{names, overrides};

impl<'a> Builder<'a> {
    pub(super) fn union(
        &mut self,
        name: &str,
        object: &Object,
        key: &str,
        branches: &[Value],
        place: &Place<'a>,
    ) -> Result<Body, TypegenError> {
        if branches.iter().any(is_null) || branches.len() == 1 && !object.contains_key("properties") {
            let nameable = branches.iter().filter(|branch| !is_null(branch)).count() > 1;
            let shape = if nameable {
                let mut without = object.clone();
                let kept = branches.iter().filter(|branch| !is_null(branch)).cloned().collect();
                without.insert(key.to_owned(), Value::Array(kept));
                self.hoist(&format!("{name}Present"), &without, place)?.optional()
            } else if let [Value::Object(only)] = branches
                && only.contains_key("properties")
            {
                return self.tagged_or_plain(name, object, key, branches, place);
            } else {
                self.shape(name, object, place)?
            };
            return Ok(Body::Alias(shape));
        }
        self.tagged_or_plain(name, object, key, branches, place)
    }

    fn tagged_or_plain(
        &mut self,
        name: &str,
        object: &Object,
        key: &str,
        branches: &[Value],
        place: &Place<'a>,
    ) -> Result<Body, TypegenError> {
        let shared = object.get("properties").and_then(Value::as_object);
        let merged: Vec<Value> = branches.iter().map(|branch| merge_shared(object, branch)).collect();
        if shared.is_some() && !merged.iter().all(|branch| branch.get("properties").is_some()) {
            return Err(place.refuse("fields beside a union need a union of objects"));
        }
        let tag = common_tag(&merged);
        let mut required: BTreeMap<&str, usize> = BTreeMap::new();
        for key in merged.iter().flat_map(required_keys) {
            *required.entry(key).or_default() += 1;
        }
        let mut arms = Vec::new();
        let mut values: Vec<Member> = Vec::new();
        let mut tags = BTreeSet::new();
        for (index, branch) in merged.iter().enumerate() {
            let place = place.below(key).below(index);
            let Value::Object(variant) = branch else {
                arms.push(Shape::Anything);
                continue;
            };
            if let Some(strings) = enum_values(variant) {
                if values.is_empty() {
                    arms.push(Shape::Named(format!("{name}Value")));
                }
                values.extend(members(&strings, &doc_of(branch), &place)?);
                continue;
            }
            if variant.contains_key("properties") {
                let tag_value = tag.as_deref().and_then(|tag| tag_values(branch, tag)).and_then(|mut all| all.pop());
                if let Some(value) = &tag_value
                    && !tags.insert(value.clone())
                {
                    return Err(place.refuse(format!("two variants have the tag `{value}`")));
                }
                let class = self.variant_name(name, branch, tag_value.as_deref(), &required, &place)?;
                let (variant, note) = merge_alternatives(variant, &place)?;
                let body = self.model(&class, &variant, tag.as_deref(), &place)?;
                let mut doc = doc_of(branch);
                if let Some(note) = note {
                    doc.text = Some(doc.text.map_or(note.clone(), |text| format!("{text}\n\n{note}")));
                }
                self.insert(class.clone(), body, doc, &place)?;
                arms.push(Shape::Named(class));
            } else {
                match self.shape(&format!("{name}Option{index}"), variant, &place)? {
                    Shape::Either(several) => arms.extend(several),
                    one => arms.push(one),
                }
            }
        }
        if !values.is_empty() {
            no_duplicates(&values, place)?;
            let place = place.below(key);
            self.insert(format!("{name}Value"), Body::Enum { members: values }, Doc::default(), &place)?;
        }
        Ok(Body::Union { arms, tag, fallback: None })
    }

    /// The class name of a variant: an override, its title, its tag, or the key that no sibling requires.
    fn variant_name(
        &self,
        union: &str,
        variant: &Value,
        tag: Option<&str>,
        required: &BTreeMap<&str, usize>,
        place: &Place<'a>,
    ) -> Result<String, TypegenError> {
        let free =
            |name: &String| !self.schema.definitions.contains_key(name) && !self.classes.contains_key(name.as_str());
        if let Some(name) = tag.and_then(|tag| overrides::class_name(union, tag)) {
            return Ok(name.to_owned());
        }
        if let Some(title) = variant.get("title").and_then(Value::as_str) {
            // The runtime's own generator leaves the module path of some types in their titles.
            let title = title.replace("v2::", "");
            if names::is_class_name(&title) && free(&title) {
                return Ok(title);
            }
        }
        if let Some(name) = tag.and_then(names::pascal) {
            return Ok(format!("{name}{union}"));
        }
        keys_in_order(variant)
            .find(|key| required.get(key) == Some(&1))
            .and_then(names::pascal)
            .map(|key| format!("{key}{union}"))
            .ok_or_else(|| place.refuse("nothing names this variant: it has no title, tag or required key of its own"))
    }
}

/// A variant with the fields that stand beside the union.
fn merge_shared(union: &Object, branch: &Value) -> Value {
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
fn merge_alternatives(variant: &Object, place: &Place<'_>) -> Result<(Object, Option<String>), TypegenError> {
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
fn common_tag(branches: &[Value]) -> Option<String> {
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
