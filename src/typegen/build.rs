//! Builds the model from the definitions: classifies each, names variants and inline objects, and finds directions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::TypegenError;
use super::model::{Body, Class, Direction, Doc, Field, Limits, Marks, Member, Method, Model, Routing, Shape};
use super::schema::{Schema, unsupported};
use super::{names, overrides};

type Object = Map<String, Value>;

/// Unions of whole messages; the registry holds what they say.
const ENVELOPES: &[&str] = &["ClientNotification", "ClientRequest", "ServerNotification", "ServerRequest"];

/// Builds the model of a schema.
///
/// # Errors
/// When two classes would share a name, or a construct has no model.
pub fn build(schema: &Schema) -> Result<Model, TypegenError> {
    let mut builder = Builder { schema, classes: BTreeMap::new() };
    for (name, definition) in &schema.definitions {
        if !ENVELOPES.contains(&name.as_str()) {
            builder.definition(name, definition)?;
        }
    }
    let client_methods = methods(schema, "ClientRequest", response_of_client)?;
    let server_requests = methods(schema, "ServerRequest", response_of_server)?;
    let notifications = methods(schema, "ServerNotification", |_, _, _| None)?;
    let notifications = notifications
        .into_iter()
        .map(|method| {
            let routing = method.params.as_deref().map_or(Routing::Global, |params| routing(schema, params));
            (method, routing)
        })
        .collect();
    let mut model = Model { classes: builder.classes, client_methods, server_requests, notifications };
    set_directions(&mut model);
    add_fallbacks(&mut model)?;
    Ok(model)
}

/// The place of a schema, for errors and for names of what is nested in it.
#[derive(Clone)]
struct Place<'a> {
    definition: &'a str,
    pointer: String,
}

impl<'a> Place<'a> {
    fn below(&self, step: impl std::fmt::Display) -> Place<'a> {
        Place { definition: self.definition, pointer: format!("{}/{step}", self.pointer) }
    }

    fn refuse(&self, why: impl Into<String>) -> TypegenError {
        unsupported("schema", &format!("/definitions/{}{}", self.definition, self.pointer), why)
    }
}

struct Builder<'a> {
    schema: &'a Schema,
    classes: BTreeMap<String, Class>,
}

impl<'a> Builder<'a> {
    fn definition(&mut self, name: &'a str, schema: &Value) -> Result<(), TypegenError> {
        let place = Place { definition: name, pointer: String::new() };
        if !names::is_class_name(name) {
            return Err(place.refuse(format!("`{name}` cannot be a class name")));
        }
        let doc = doc_of(schema);
        let body = match schema {
            Value::Object(object) => self.body(name, object, &place)?,
            _ => Body::Alias(Shape::Anything),
        };
        self.insert(name.to_owned(), body, doc, &place)
    }

    fn insert(&mut self, name: String, body: Body, doc: Doc, place: &Place<'_>) -> Result<(), TypegenError> {
        let generated = !place.pointer.is_empty();
        if self.classes.contains_key(&name) || (generated && self.schema.definitions.contains_key(&name)) {
            return Err(TypegenError::NameTaken {
                name,
                pointer: format!("#/definitions/{}{}", place.definition, place.pointer),
            });
        }
        let definition = place.definition.to_owned();
        self.classes.insert(name.clone(), Class { name, definition, body, doc, direction: Direction::Received });
        Ok(())
    }

    /// What a schema at class level is.
    fn body(&mut self, name: &str, object: &Object, place: &Place<'a>) -> Result<Body, TypegenError> {
        if let Some(members) = self.string_enum(object, place)? {
            return Ok(Body::Enum { members });
        }
        if let Some((key, branches)) = union_branches(object) {
            return self.union(name, object, key, branches, place);
        }
        if type_words(object) == ["object"] && !is_map(object) {
            return self.model(name, object, None, place);
        }
        if type_words(object) == ["string"]
            && let Some(values) = overrides::open_values(name)
        {
            let values: Vec<Value> = values.iter().map(|value| Value::from(*value)).collect();
            return Ok(Body::Enum { members: members(&values, &Doc::default(), place)? });
        }
        Ok(Body::Alias(self.shape(name, object, place)?))
    }

    /// The members of a string enum: `enum`, or a union of nothing but string enums.
    fn string_enum(&self, object: &Object, place: &Place<'a>) -> Result<Option<Vec<Member>>, TypegenError> {
        if let Some(values) = enum_values(object) {
            return Ok(Some(members(&values, &Doc::default(), place)?));
        }
        let Some((_, branches)) = union_branches(object) else { return Ok(None) };
        let mut all = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let Some(values) = branch.as_object().and_then(enum_values) else { return Ok(None) };
            all.extend(members(&values, &doc_of(branch), &place.below(index))?);
        }
        no_duplicates(&all, place)?;
        Ok(Some(all))
    }

    fn model(
        &mut self,
        name: &str,
        object: &Object,
        tag: Option<&str>,
        place: &Place<'a>,
    ) -> Result<Body, TypegenError> {
        let required: BTreeSet<&str> =
            object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let empty = Map::new();
        let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        if let Some(missing) = required.iter().find(|key| !properties.contains_key(**key)) {
            return Err(place.refuse(format!("`{missing}` is required and not a property")));
        }
        let mut fields: Vec<Field> = Vec::new();
        for (wire, property) in properties {
            let place = place.below("properties").below(wire);
            let field_name =
                names::field(wire).ok_or_else(|| place.refuse(format!("`{wire}` cannot be a field name")))?;
            if let Some(other) = fields.iter().find(|field| field.name == field_name) {
                return Err(place.refuse(format!("`{wire}` and `{}` are one name in Python", other.wire)));
            }
            let literal = (tag == Some(wire.as_str())).then(|| property.as_object().and_then(enum_values)).flatten();
            let shape = match (literal, property) {
                (Some(values), _) => Shape::Literal(strings(&values)),
                (None, Value::Object(property)) => self.shape(&nested_name(name, wire), property, &place)?,
                (None, _) => Shape::Anything,
            };
            let default = property.get("default").filter(|default| !default.is_null()).cloned();
            fields.push(Field {
                wire: wire.clone(),
                name: field_name,
                required: required.contains(wire.as_str()),
                limits: limits(property),
                doc: doc_of(property),
                default,
                shape,
            });
        }
        let open = object.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false));
        Ok(Body::Model { fields, open })
    }

    /// The type that a schema in the place of a value has; what needs a class gets `name`.
    fn shape(&mut self, name: &str, object: &Object, place: &Place<'a>) -> Result<Shape, TypegenError> {
        if let Some(Value::String(reference)) = object.get("$ref") {
            return Ok(Shape::Named(reference.clone()));
        }
        if let Some(Value::Array(all)) = object.get("allOf") {
            if object.contains_key("properties") || object.contains_key("anyOf") || object.contains_key("oneOf") {
                return Err(place.refuse("an intersection of several schemas has no model"));
            }
            let place = place.below("allOf").below(0);
            return match all.first() {
                Some(Value::Object(object)) => self.shape(name, object, &place),
                _ => Ok(Shape::Anything),
            };
        }
        if enum_values(object).is_some() {
            return self.hoist(name, object, place);
        }
        if object.contains_key("enum") || object.contains_key("const") {
            return Err(place.refuse("only enumerations of strings have a model"));
        }
        if let Some((key, branches)) = union_branches(object) {
            let rest: Vec<(usize, &Value)> =
                branches.iter().enumerate().filter(|(_, branch)| !is_null(branch)).collect();
            let nullable = rest.len() < branches.len();
            let shape = match rest.as_slice() {
                [] => Shape::Null,
                [(index, Value::Object(only))] => self.shape(name, only, &place.below(key).below(index))?,
                [(_, _)] => Shape::Anything,
                _ if nullable => {
                    let mut without = object.clone();
                    let kept = rest.iter().map(|(_, branch)| (*branch).clone()).collect();
                    without.insert(key.to_owned(), Value::Array(kept));
                    self.hoist(name, &without, place)?
                }
                _ => self.hoist(name, object, place)?,
            };
            return Ok(if nullable { shape.optional() } else { shape });
        }
        let words = type_words(object);
        let nullable = words.contains(&"null");
        let mut arms = Vec::new();
        for word in words.iter().filter(|word| **word != "null") {
            arms.push(match *word {
                "string" => Shape::Text,
                "integer" => Shape::Integer,
                "number" => Shape::Number,
                "boolean" => Shape::Boolean,
                "array" => {
                    let items = match object.get("items") {
                        Some(Value::Object(items)) => {
                            self.shape(&nested_name(name, "item"), items, &place.below("items"))?
                        }
                        _ => Shape::Anything,
                    };
                    Shape::List(Box::new(items))
                }
                "object" => self.object_shape(name, object, place)?,
                other => return Err(place.refuse(format!("the type `{other}` is not known"))),
            });
        }
        let shape = match arms.len() {
            0 if nullable => Shape::Null,
            0 if object.contains_key("properties") => self.object_shape(name, object, place)?,
            0 => Shape::Anything,
            1 => arms.remove(0),
            _ => Shape::Either(arms),
        };
        Ok(if nullable { shape.optional() } else { shape })
    }

    fn object_shape(&mut self, name: &str, object: &Object, place: &Place<'a>) -> Result<Shape, TypegenError> {
        if object.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty()) {
            let mut plain = object.clone();
            plain.insert("type".into(), "object".into());
            return self.hoist(name, &plain, place);
        }
        Ok(match object.get("additionalProperties") {
            Some(Value::Object(values)) => Shape::Map(Box::new(self.shape(
                &nested_name(name, "value"),
                values,
                &place.below("additionalProperties"),
            )?)),
            _ => Shape::Object,
        })
    }

    /// Gives an inline schema a class of its own.
    fn hoist(&mut self, name: &str, object: &Object, place: &Place<'a>) -> Result<Shape, TypegenError> {
        let body = self.body(name, object, place)?;
        if let Body::Alias(shape) = body {
            return Ok(shape);
        }
        self.insert(name.to_owned(), body, doc_of(&Value::Object(object.clone())), place)?;
        Ok(Shape::Named(name.to_owned()))
    }

    fn union(
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
                let others = || merged.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, value)| value);
                let class = self.variant_name(name, variant, tag_value.as_deref(), others(), &place)?;
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
    fn variant_name<'v>(
        &self,
        union: &str,
        variant: &Object,
        tag: Option<&str>,
        mut others: impl Iterator<Item = &'v Value>,
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
        let siblings: Vec<Vec<&str>> = others.by_ref().map(required_keys).collect();
        required_keys(&Value::Object(variant.clone()))
            .into_iter()
            .find(|key| !siblings.iter().any(|sibling| sibling.contains(key)))
            .and_then(names::pascal)
            .map(|key| format!("{key}{union}"))
            .ok_or_else(|| place.refuse("nothing names this variant: it has no title, tag or required key of its own"))
    }
}

fn required_keys(schema: &Value) -> Vec<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The class name of something nested in a field: the owner's name, then the field's.
fn nested_name(owner: &str, wire: &str) -> String {
    let part = names::pascal(wire).unwrap_or_else(|| "Value".into());
    match owner.strip_prefix(&part) {
        // `GranularAskForApproval.granular` is better called `AskForApprovalGranular`.
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_uppercase()) => format!("{rest}{part}"),
        _ => format!("{owner}{part}"),
    }
}

fn union_branches(object: &Object) -> Option<(&'static str, &Vec<Value>)> {
    ["oneOf", "anyOf"].into_iter().find_map(|key| Some((key, object.get(key)?.as_array()?)))
}

fn type_words(object: &Object) -> Vec<&str> {
    match object.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ if object.contains_key("properties") => vec!["object"],
        _ => Vec::new(),
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn is_map(object: &Object) -> bool {
    object.get("properties").and_then(Value::as_object).is_none_or(Map::is_empty)
        && object.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false))
}

/// The values of an enumeration of strings.
fn enum_values(object: &Object) -> Option<Vec<Value>> {
    let values = match (object.get("enum"), object.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (None, Some(value)) => vec![value.clone()],
        _ => return None,
    };
    let plain = !values.is_empty() && values.iter().all(Value::is_string) && !type_words(object).contains(&"null");
    plain.then_some(values)
}

fn strings(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn members(values: &[Value], doc: &Doc, place: &Place<'_>) -> Result<Vec<Member>, TypegenError> {
    let mut found = Vec::new();
    for value in strings(values) {
        let name = names::member(&value).ok_or_else(|| place.refuse(format!("`{value}` cannot be a member's name")))?;
        found.push(Member { name, value, doc: doc.clone() });
    }
    no_duplicates(&found, place)?;
    Ok(found)
}

fn no_duplicates(members: &[Member], place: &Place<'_>) -> Result<(), TypegenError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for member in members {
        if let Some(other) = seen.insert(&member.name, &member.value) {
            return Err(place.refuse(format!("`{other}` and `{}` are one name in Python", member.value)));
        }
    }
    Ok(())
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

fn tag_values(branch: &Value, key: &str) -> Option<Vec<String>> {
    let values = strings(&enum_values(branch.get("properties")?.get(key)?.as_object()?)?);
    (values.len() == 1 && required_keys(branch).contains(&key)).then_some(values)
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
    keys.into_iter().find(|key| branches.iter().all(|branch| tag_values(branch, key).is_some())).cloned()
}

fn doc_of(schema: &Value) -> Doc {
    let text = schema.get("description").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let lower = text.unwrap_or_default().to_lowercase();
    let declared = schema.get("deprecated").and_then(Value::as_bool).unwrap_or(false);
    Doc {
        text: text.map(ToOwned::to_owned),
        marks: Marks {
            experimental: lower.contains("experimental") || lower.contains("[unstable]"),
            deprecated: declared || lower.contains("deprecated"),
        },
    }
}

fn limits(property: &Value) -> Limits {
    const KEYWORDS: &[(&str, &str)] = &[
        ("minimum", "ge"),
        ("maximum", "le"),
        ("minLength", "min_length"),
        ("maxLength", "max_length"),
        ("minItems", "min_length"),
        ("maxItems", "max_length"),
        ("pattern", "pattern"),
    ];
    let found = KEYWORDS.iter().filter_map(|(key, keyword)| Some((*keyword, property.get(key)?.clone())));
    Limits { keywords: found.collect() }
}

type ResponseOf = fn(&Schema, &str, Option<&str>) -> Option<String>;

/// The methods of an envelope union, sorted by name.
fn methods(schema: &Schema, envelope: &str, response_of: ResponseOf) -> Result<Vec<Method>, TypegenError> {
    let place = Place { definition: envelope, pointer: "/oneOf".into() };
    let Some(definition) = schema.definitions.get(envelope) else { return Ok(Vec::new()) };
    let branches = definition
        .as_object()
        .and_then(union_branches)
        .map(|(_, branches)| branches)
        .ok_or_else(|| place.refuse("expected a union of messages"))?;
    let mut found = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let name = tag_values(branch, "method").and_then(|mut names| names.pop());
        let name = name.ok_or_else(|| place.below(index).refuse("expected a message with a `method`"))?;
        let params = branch.get("properties").and_then(|properties| properties.get("params"));
        let params = params.and_then(reference_in).map(ToOwned::to_owned);
        let response = response_of(schema, &name, params.as_deref());
        found.push(Method { name, params, response });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn reference_in(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).or_else(|| {
        let branches = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
        branches.iter().find_map(reference_in)
    })
}

fn response_of_client(schema: &Schema, method: &str, params: Option<&str>) -> Option<String> {
    let candidates = [
        overrides::response(method).map(ToOwned::to_owned),
        params.and_then(|params| params.strip_suffix("Params")).map(|stem| format!("{stem}Response")),
        names::pascal(method).map(|stem| format!("{stem}Response")),
    ];
    candidates.into_iter().flatten().find(|name| schema.definitions.contains_key(name))
}

fn response_of_server(schema: &Schema, _: &str, params: Option<&str>) -> Option<String> {
    let name = format!("{}Response", params?.strip_suffix("Params")?);
    schema.definitions.contains_key(&name).then_some(name)
}

fn routing(schema: &Schema, params: &str) -> Routing {
    let properties = schema.definitions.get(params).and_then(|params| params.get("properties"));
    let has = |key: &str| properties.and_then(|properties| properties.get(key));
    if has("turnId").is_some() {
        return Routing::TurnId;
    }
    let turn = has("turn").and_then(reference_in).and_then(|turn| schema.definitions.get(turn));
    if turn.and_then(|turn| turn.get("properties")?.get("id")).is_some() {
        return Routing::Turn;
    }
    if has("threadId").is_some() { Routing::ThreadId } else { Routing::Global }
}

/// A class that only requests of the client and answers to the server use is strict; every other is lenient.
fn set_directions(model: &mut Model) {
    let client = model.client_methods.iter();
    let server = model.server_requests.iter();
    let sent_roots: Vec<&str> = client
        .clone()
        .filter_map(|method| method.params.as_deref())
        .chain(server.clone().filter_map(|method| method.response.as_deref()))
        .collect();
    let sent: BTreeSet<String> = model.closure(sent_roots).into_iter().map(ToOwned::to_owned).collect();
    let received_roots: Vec<&str> = client
        .filter_map(|method| method.response.as_deref())
        .chain(server.filter_map(|method| method.params.as_deref()))
        .chain(model.notifications.iter().filter_map(|(method, _)| method.params.as_deref()))
        .chain(model.classes.keys().map(String::as_str).filter(|name| !sent.contains(*name)))
        .collect();
    let received: BTreeSet<String> = model.closure(received_roots).into_iter().map(ToOwned::to_owned).collect();
    for (name, class) in &mut model.classes {
        let strict = sent.contains(name) && !received.contains(name);
        class.direction = if strict { Direction::Sent } else { Direction::Received };
    }
}

/// Gives every received union of objects the class that takes what fits none of its arms.
fn add_fallbacks(model: &mut Model) -> Result<(), TypegenError> {
    let mut fallbacks = Vec::new();
    for (name, class) in &model.classes {
        let Body::Union { arms, tag, .. } = &class.body else { continue };
        let has_objects = arms.iter().any(|arm| {
            matches!(arm, Shape::Named(arm)
                if model.classes.get(arm).is_some_and(|class| matches!(class.body, Body::Model { .. } | Body::Union { .. })))
        });
        let takes_all = arms.iter().any(|arm| matches!(arm, Shape::Anything | Shape::Object));
        if class.direction != Direction::Received || !has_objects || takes_all {
            continue;
        }
        // Some unions have a variant of the tag `unknown`, which owns the usual name.
        let free = ["Unknown", "Unrecognized"]
            .into_iter()
            .map(|prefix| format!("{prefix}{name}"))
            .find(|fallback| !model.classes.contains_key(fallback))
            .ok_or_else(|| TypegenError::NameTaken {
                name: format!("Unknown{name}"),
                pointer: format!("#/definitions/{name}"),
            })?;
        let tag = tag.as_ref().and_then(|tag| Some((tag.clone(), names::field(tag)?)));
        fallbacks.push((name.clone(), free, tag, class.definition.clone()));
    }
    for (union, name, tag, definition) in fallbacks {
        if let Some(Class { body: Body::Union { fallback, .. }, .. }) = model.classes.get_mut(&union) {
            *fallback = Some(name.clone());
        }
        let body = Body::Fallback { union, tag };
        let class = Class { name: name.clone(), definition, body, doc: Doc::default(), direction: Direction::Received };
        model.classes.insert(name, class);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typegen::schema::SchemaFile;
    use serde_json::json;

    fn model_of(definitions: Value) -> Result<Model, TypegenError> {
        let text = json!({ "definitions": definitions }).to_string();
        let file = SchemaFile { name: "codex_app_server_protocol.v2.schemas.json".into(), text };
        build(&Schema::parse(&[file])?)
    }

    fn refused(definitions: Value) -> String {
        model_of(definitions).unwrap_err().to_string()
    }

    fn fields<'a>(model: &'a Model, name: &str) -> &'a [Field] {
        match &model.classes[name].body {
            Body::Model { fields, .. } => fields,
            other => panic!("{other:?}"),
        }
    }

    fn variant(tag: &str, extra: &str) -> Value {
        json!({"type": "object", "required": ["type", extra], "properties": {
            "type": {"type": "string", "enum": [tag]}, extra: {"type": "string"}}})
    }

    #[test]
    fn variants_are_named_by_title_tag_or_key() {
        let mut titled = variant("b", "y");
        titled["title"] = "TitledItem".into();
        let model = model_of(json!({
            "Item": {"oneOf": [variant("firstThing", "x"), titled]},
            "Content": {"anyOf": [
                {"type": "object", "properties": {"uri": {"type": "string"}, "text": {"type": "string"}}, "required": ["uri", "text"]},
                {"type": "object", "properties": {"uri": {"type": "string"}, "blob": {"type": "string"}}, "required": ["uri", "blob"]}]},
        }))
        .unwrap();
        for name in ["FirstThingItem", "TitledItem", "UnknownItem", "TextContent", "BlobContent", "UnknownContent"] {
            assert!(model.classes.contains_key(name), "{name}");
        }
        let Body::Union { tag, fallback, .. } = &model.classes["Item"].body else { panic!() };
        assert_eq!((tag.as_deref(), fallback.as_deref()), (Some("type"), Some("UnknownItem")));
    }

    #[test]
    fn strings_beside_objects_are_an_enum_and_variants() {
        let model = model_of(json!({"Policy": {"oneOf": [
            {"type": "string", "enum": ["never"]},
            {"type": "object", "title": "GranularPolicy", "additionalProperties": false, "required": ["granular"],
             "properties": {"granular": {"type": "object", "properties": {"rules": {"type": "boolean"}}}}},
            {"type": "string", "enum": ["always"]}]}}))
        .unwrap();
        let Body::Enum { members } = &model.classes["PolicyValue"].body else { panic!() };
        assert_eq!(members.iter().map(|member| member.value.as_str()).collect::<Vec<_>>(), ["never", "always"]);
        assert_eq!(fields(&model, "PolicyGranular")[0].wire, "rules");
    }

    #[test]
    fn fields_beside_a_union_belong_to_every_variant() {
        let model = model_of(json!({"Hook": {
            "type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"],
            "oneOf": [variant("a", "x"), variant("b", "y")]}}))
        .unwrap();
        let names: Vec<&str> = fields(&model, "AHook").iter().map(|field| field.wire.as_str()).collect();
        assert_eq!(names, ["key", "type", "x"]);
        assert!(fields(&model, "BHook")[0].required);
    }

    #[test]
    fn alternatives_inside_a_variant_are_optional_fields() {
        let mut image = variant("image", "detail");
        image["anyOf"] = json!([
            {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
            {"type": "object", "properties": {"fileId": {"type": "string"}}, "required": ["fileId"]}]);
        let model = model_of(json!({"Input": {"oneOf": [image.clone(), variant("text", "text")]}})).unwrap();
        let fields = fields(&model, "ImageInput");
        let optional: Vec<&str> =
            fields.iter().filter(|field| !field.required).map(|field| field.wire.as_str()).collect();
        assert_eq!(optional, ["url", "fileId"]);
        image["anyOf"][1] = json!({"type": "string"});
        let why = refused(json!({"Input": {"oneOf": [image, variant("text", "text")]}}));
        assert!(why.contains("#/definitions/Input/oneOf/0/anyOf/1"), "{why}");
    }

    #[test]
    fn an_unknown_tag_of_the_schema_keeps_its_name() {
        let model = model_of(json!({"Command": {"oneOf": [variant("read", "x"), variant("unknown", "y")]}})).unwrap();
        assert!(matches!(model.classes["UnknownCommand"].body, Body::Model { .. }));
        assert!(matches!(model.classes["UnrecognizedCommand"].body, Body::Fallback { .. }));
    }

    #[test]
    fn what_would_have_to_be_guessed_is_refused_with_its_place() {
        let taken =
            refused(json!({"Item": {"oneOf": [variant("a", "x"), variant("b", "y")]}, "AItem": {"type": "object"}}));
        assert!(taken.contains("`AItem`"), "{taken}");
        let twice = refused(json!({"Item": {"oneOf": [variant("a", "x"), variant("a", "y")]}}));
        assert!(twice.contains("/oneOf/1") && twice.contains("`a`"), "{twice}");
        let one_name = refused(json!({"Odd": {"type": "object", "properties": {"aB": true, "a_b": true}}}));
        assert!(one_name.contains("one name in Python"), "{one_name}");
        let members = refused(json!({"Odd": {"type": "string", "enum": ["read-only", "readOnly"]}}));
        assert!(members.contains("one name in Python"), "{members}");
        let numbers = refused(json!({"Odd": {"type": "object", "properties": {"a": {"enum": [1, 2]}}}}));
        assert!(numbers.contains("#/definitions/Odd/properties/a"), "{numbers}");
        let missing = refused(json!({"Odd": {"type": "object", "properties": {}, "required": ["a"]}}));
        assert!(missing.contains("`a` is required"), "{missing}");
    }

    #[test]
    fn nullable_and_optional_are_independent() {
        let model = model_of(json!({"Thing": {"type": "object", "required": ["a", "b"], "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "string"},
            "c": {"anyOf": [{"anyOf": [{"$ref": "#/definitions/Other"}, {"type": "null"}]}, {"type": "null"}]},
            "d": {"type": "boolean", "default": false}}}, "Other": {"type": "string"}}))
        .unwrap();
        let shapes: Vec<(&Shape, bool)> =
            fields(&model, "Thing").iter().map(|field| (&field.shape, field.required)).collect();
        assert_eq!(shapes[0], (&Shape::Optional(Box::new(Shape::Text)), true));
        assert_eq!(shapes[1], (&Shape::Text, true));
        assert_eq!(shapes[2], (&Shape::Optional(Box::new(Shape::Named("Other".into()))), false));
        assert_eq!(shapes[3], (&Shape::Boolean, false));
    }

    #[test]
    fn notifications_are_routed_by_what_their_params_have() {
        let message = |method: &str, params: &str| {
            json!({"type": "object", "required": ["method", "params"], "properties": {
                "method": {"type": "string", "enum": [method]}, "params": {"$ref": format!("#/definitions/{params}")}}})
        };
        let with = |key: &str, schema: Value| json!({"type": "object", "properties": {key: schema}});
        let model = model_of(json!({
            "ServerNotification": {"oneOf": [
                message("d", "Global"), message("c", "OfThread"), message("b", "OfTurn"), message("a", "OfTurnId")]},
            "OfTurnId": with("turnId", json!({"type": "string"})),
            "OfTurn": with("turn", json!({"$ref": "#/definitions/Turn"})),
            "OfThread": with("threadId", json!({"type": "string"})),
            "Global": {"type": "object"},
            "Turn": with("id", json!({"type": "string"})),
        }))
        .unwrap();
        let words: Vec<(&str, &str)> =
            model.notifications.iter().map(|(method, routing)| (method.name.as_str(), routing.word())).collect();
        assert_eq!(words, [("a", "turnId"), ("b", "turn.id"), ("c", "threadId"), ("d", "global")]);
    }
}
