//! A shape as Python annotates it, and the default that a field of it has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::TypegenError;
use super::imports::Uses;
use super::model::{Body, Class, Field, Model, Shape};
use super::python::{literal, string};

/// Where an annotation stands: which classes of its module are there already.
pub(super) struct Scope<'a> {
    pub(super) own: &'a [String],
    pub(super) defined: &'a BTreeSet<&'a str>,
    pub(super) class: &'a Class,
}

impl Scope<'_> {
    /// The annotation of a shape, as a string where it needs a class that stands further down.
    pub(super) fn annotation(&self, shape: &Shape, uses: &mut Uses) -> (String, bool) {
        let (text, forward) = self.bare(shape, uses);
        if forward {
            uses.quoted.insert(self.class.name.clone());
            return (format!("\"{}\"", text.replace('"', "'")), true);
        }
        (text, false)
    }

    /// The annotation without quotes, and whether it names a class that stands further down.
    pub(super) fn bare(&self, shape: &Shape, uses: &mut Uses) -> (String, bool) {
        let plain = |text: &str| (text.to_owned(), false);
        match shape {
            Shape::Text => plain("str"),
            Shape::Integer => plain("int"),
            Shape::Number => plain("float"),
            Shape::Boolean => plain("bool"),
            Shape::Null => plain("None"),
            Shape::Anything => {
                uses.typing.insert("Any");
                plain("Any")
            }
            Shape::Object => {
                uses.typing.insert("Any");
                plain("dict[str, Any]")
            }
            Shape::List(inner) => {
                let (text, forward) = self.bare(inner, uses);
                (format!("list[{text}]"), forward)
            }
            Shape::Map(inner) => {
                let (text, forward) = self.bare(inner, uses);
                (format!("dict[str, {text}]"), forward)
            }
            Shape::Named(name) => {
                uses.names.insert(name.clone());
                let later = self.own.contains(name) && !self.defined.contains(name.as_str());
                (name.clone(), later)
            }
            Shape::Literal(values) => {
                uses.typing.insert("Literal");
                let values: Vec<String> = values.iter().map(|value| string(value)).collect();
                (format!("Literal[{}]", values.join(", ")), false)
            }
            Shape::Optional(inner) => {
                let (text, forward) = self.bare(inner, uses);
                if text == "Any" || text.ends_with("| None") {
                    (text, forward)
                } else {
                    (format!("{text} | None"), forward)
                }
            }
            Shape::Either(arms) => {
                let arms: Vec<(String, bool)> = arms.iter().map(|arm| self.bare(arm, uses)).collect();
                let forward = arms.iter().any(|(_, forward)| *forward);
                (arms.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" | "), forward)
            }
        }
    }
}

/// What stands behind the equals sign: a value, or what makes a new one for each instance.
pub(super) enum Default {
    Plain(String),
    Factory(String),
}

/// A field's default as Python; an error where it is no value of the field.
pub(super) fn default(
    model: &Model,
    class: &Class,
    field: &Field,
    default: &Value,
    uses: &mut Uses,
) -> Result<Default, TypegenError> {
    let shape = match &field.shape {
        Shape::Optional(inner) => inner,
        other => other,
    };
    let refuse = |why: String| TypegenError::Default {
        class: class.name.clone(),
        field: field.wire.clone(),
        default: default.to_string(),
        why,
    };
    let fits = match (shape, default) {
        (Shape::Text, Value::String(_)) | (Shape::Boolean, Value::Bool(_)) | (Shape::Anything, _) => true,
        (Shape::Integer, Value::Number(number)) => number.as_f64().is_some_and(|number| number.fract() == 0.0),
        (Shape::Number, Value::Number(_)) => true,
        (Shape::Literal(values), Value::String(text)) => values.contains(text),
        (Shape::List(_), Value::Array(values)) if values.is_empty() => return Ok(Default::Factory("list".into())),
        (Shape::Map(_) | Shape::Object, Value::Object(object)) if object.is_empty() => {
            return Ok(Default::Factory("dict".into()));
        }
        (Shape::List(inner), Value::Array(values)) => {
            let items: Option<Vec<String>> = values
                .iter()
                .map(|value| match &**inner {
                    Shape::Named(name) => of_class(model, name, value, uses),
                    Shape::Text if value.is_string() => Some(literal(value)),
                    Shape::Boolean if value.is_boolean() => Some(literal(value)),
                    Shape::Integer | Shape::Number if value.is_number() => Some(literal(value)),
                    Shape::Anything => Some(literal(value)),
                    _ => None,
                })
                .collect();
            let items = items.ok_or_else(|| refuse("an element is not of the list's type".into()))?;
            return Ok(Default::Factory(format!("lambda: [{}]", items.join(", "))));
        }
        (Shape::Object, Value::Object(_)) => return Ok(Default::Factory(format!("lambda: {}", literal(default)))),
        (Shape::Named(name), value) => {
            let text = of_class(model, name, value, uses).ok_or_else(|| refuse(format!("it is not a `{name}`")))?;
            // A member of an enum is a value; everything else must be made anew for each instance.
            return Ok(if text.contains('(') {
                Default::Factory(format!("lambda: {text}"))
            } else {
                Default::Plain(text)
            });
        }
        _ => false,
    };
    if fits { Ok(Default::Plain(literal(default))) } else { Err(refuse("it is of another type".into())) }
}

/// A value of a class: an enum member, or a validated value.
fn of_class(model: &Model, name: &str, value: &Value, uses: &mut Uses) -> Option<String> {
    let class = model.classes.get(name)?;
    uses.names.insert(name.to_owned());
    match (&class.body, value) {
        (Body::Enum { members }, Value::String(text)) => {
            let member = members.iter().find(|member| member.value == *text);
            Some(match member {
                Some(member) => format!("{name}.{}", member.name),
                None => format!("{name}({})", string(text)),
            })
        }
        (Body::Enum { .. }, _) => None,
        (Body::Alias(shape), _) => match (shape, value) {
            (Shape::Text, Value::String(text)) => Some(format!("{name}({})", string(text))),
            (Shape::Boolean, Value::Bool(_)) | (Shape::Integer | Shape::Number, Value::Number(_)) => {
                Some(literal(value))
            }
            _ => None,
        },
        _ => Some(format!("{name}.model_validate({})", literal(value))),
    }
}
