//! Builds the model from the definitions: classifies each, names variants and inline objects, and finds directions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::TypegenError;
use super::directions::{add_fallbacks, set_directions};
use super::messages::messages;
use super::model::{Body, Class, Direction, Doc, Field, Limits, Marks, Member, Model, Shape};
use super::schema::{Schema, unsupported};
use super::variants::{
    Object, common_tag, enum_values, is_map, is_null, merge_alternatives, merge_shared, required_keys, strings,
    tag_values, type_words, union_branches,
};
use super::{names, overrides};

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
    let messages = messages(schema)?;
    let mut model = Model {
        classes: builder.classes,
        client_methods: messages.client_methods,
        server_requests: messages.server_requests,
        notifications: messages.notifications,
    };
    set_directions(&mut model);
    add_fallbacks(&mut model)?;
    Ok(model)
}

/// The place of a schema, for errors and for names of what is nested in it.
#[derive(Clone)]
pub(super) struct Place<'a> {
    pub(super) definition: &'a str,
    pub(super) pointer: String,
}

impl<'a> Place<'a> {
    pub(super) fn below(&self, step: impl std::fmt::Display) -> Place<'a> {
        Place { definition: self.definition, pointer: format!("{}/{step}", self.pointer) }
    }

    pub(super) fn refuse(&self, why: impl Into<String>) -> TypegenError {
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
        let empty = Object::new();
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

/// The class name of something nested in a field: the owner's name, then the field's.
fn nested_name(owner: &str, wire: &str) -> String {
    let part = names::pascal(wire).unwrap_or_else(|| "Value".into());
    match owner.strip_prefix(&part) {
        // `GranularAskForApproval.granular` is better called `AskForApprovalGranular`.
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_uppercase()) => format!("{rest}{part}"),
        _ => format!("{owner}{part}"),
    }
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
