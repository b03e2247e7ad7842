//! The class or type that a definition becomes: an object, an enum, a union or an alias; inline objects and the variants of
//! unions get classes of their own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::TypegenError;
use super::keywords::{
    Object, doc_of, enum_values, is_map, is_null, limits, members, no_duplicates, strings, tag_values, type_words,
    union_branches,
};
use super::model::{Body, Class, Direction, Doc, EnumMember, Field, Shape};
use super::pointer::SchemaPosition;
use super::schema::Schema;
use super::unions::{common_tag, merge_alternatives, merge_shared, requirements, variant_name};
use super::{names, overrides};

/// The arms of a union stand one inside the other for Python's parser, whose stack has an end.
const MAX_VARIANTS: usize = 1000;

/// Collects the classes.
pub(super) struct Builder<'a> {
    pub(super) schema: &'a Schema,
    pub(super) classes: BTreeMap<String, Class>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        Self { schema, classes: BTreeMap::new() }
    }

    pub(super) fn definition(&mut self, name: &'a str, schema: &Value) -> Result<(), TypegenError> {
        let place = SchemaPosition { definition: name, pointer: String::new() };
        if !names::is_class_name(name) {
            return Err(place.refuse(format!("`{name}` cannot be a class name")));
        }
        let doc = doc_of(schema);
        let body = match schema {
            Value::Object(object) => self.body(name, object, &place)?,
            _ => Body::Alias(Shape::Anything),
        };
        if overrides::is_union_elsewhere(name) && self.is_free(&format!("{name}Value")) {
            // There the words are a class of their own beside the union; here they are the enum itself.
            let same = Body::Alias(Shape::Named(name.to_owned()));
            self.insert(format!("{name}Value"), same, Doc::default(), &place)?;
        }
        self.insert(name.to_owned(), body, doc, &place)
    }

    fn insert(&mut self, name: String, body: Body, doc: Doc, place: &SchemaPosition<'_>) -> Result<(), TypegenError> {
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
    fn body(&mut self, name: &str, object: &Object, place: &SchemaPosition<'a>) -> Result<Body, TypegenError> {
        if let Some(members) = self.string_enum(object, place)? {
            return Ok(Body::Enum { members });
        }
        if let Some((key, branches)) = union_branches(object) {
            if branches.len() > MAX_VARIANTS {
                let count = branches.len();
                return Err(place.below(key).refuse(format!(
                    "it has {count} variants, and Python reads no union of more than {MAX_VARIANTS} with certainty"
                )));
            }
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
    fn string_enum(
        &self,
        object: &Object,
        place: &SchemaPosition<'a>,
    ) -> Result<Option<Vec<EnumMember>>, TypegenError> {
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
        place: &SchemaPosition<'a>,
    ) -> Result<Body, TypegenError> {
        let required: BTreeSet<&str> =
            object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let empty = Object::new();
        let properties = object.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        if let Some(missing) = required.iter().find(|key| !properties.contains_key(**key)) {
            return Err(place.refuse(format!("`{missing}` is required and not a property")));
        }
        let mut fields: Vec<Field> = Vec::new();
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for (wire, property) in properties {
            let place = place.below("properties").below(wire);
            let field_name =
                names::field(wire).ok_or_else(|| place.refuse(format!("`{wire}` cannot be a field name")))?;
            if let Some(other) = taken.insert(field_name.clone(), wire) {
                return Err(place.refuse(format!("`{wire}` and `{other}` are one name in Python")));
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
    fn shape(&mut self, name: &str, object: &Object, place: &SchemaPosition<'a>) -> Result<Shape, TypegenError> {
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

    fn object_shape(&mut self, name: &str, object: &Object, place: &SchemaPosition<'a>) -> Result<Shape, TypegenError> {
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

    /// A union, or what is none although it is written as one.
    fn union(
        &mut self,
        name: &str,
        object: &Object,
        key: &str,
        branches: &[Value],
        place: &SchemaPosition<'a>,
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
        place: &SchemaPosition<'a>,
    ) -> Result<Body, TypegenError> {
        let shared = object.get("properties").and_then(Value::as_object);
        let merged: Vec<Value> = branches.iter().map(|branch| merge_shared(object, branch)).collect();
        if shared.is_some() && !merged.iter().all(|branch| branch.get("properties").is_some()) {
            return Err(place.refuse("fields beside a union need a union of objects"));
        }
        let tag = common_tag(&merged);
        let required = requirements(&merged);
        let mut arms = Vec::new();
        let mut values: Vec<EnumMember> = Vec::new();
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
                let class = variant_name(name, branch, tag_value.as_deref(), &required, |title| self.is_free(title));
                let class = class.ok_or_else(|| {
                    place.refuse("nothing names this variant: it has no title, tag or required key of its own")
                })?;
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

    /// Whether neither a definition nor a class that was made has the name.
    fn is_free(&self, name: &str) -> bool {
        !self.schema.definitions.contains_key(name) && !self.classes.contains_key(name)
    }

    /// Gives an inline schema a class of its own.
    fn hoist(&mut self, name: &str, object: &Object, place: &SchemaPosition<'a>) -> Result<Shape, TypegenError> {
        let body = self.body(name, object, place)?;
        if let Body::Alias(shape) = body {
            return Ok(shape);
        }
        self.insert(name.to_owned(), body, doc_of(&Value::Object(object.clone())), place)?;
        Ok(Shape::Named(name.to_owned()))
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
