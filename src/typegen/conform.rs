//! Whether a JSON value is, strictly, of a type of the model: nothing unknown, nothing missing.

use serde_json::Value;

use super::model::{Body, Model, Shape};

/// Says what is wrong with `value`, or nothing.
///
/// # Errors
/// One sentence about the first misfit, with its place.
pub(super) fn conform(model: &Model, shape: &Shape, value: &Value) -> Result<(), String> {
    let misfit = || Err(format!("`{value}` does not fit"));
    match (shape, value) {
        (Shape::Anything, _)
        | (Shape::Text, Value::String(_))
        | (Shape::Boolean, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Null | Shape::Optional(_), Value::Null)
        | (Shape::Object, Value::Object(_)) => Ok(()),
        (Shape::Integer, Value::Number(number)) if !number.is_f64() => Ok(()),
        (Shape::Literal(known), Value::String(text)) if known.contains(text) => Ok(()),
        (Shape::Optional(inner), value) => conform(model, inner, value),
        (Shape::List(inner), Value::Array(values)) => values.iter().try_for_each(|value| conform(model, inner, value)),
        (Shape::Map(inner), Value::Object(values)) => {
            values.values().try_for_each(|value| conform(model, inner, value))
        }
        (Shape::Either(arms), value) if arms.iter().any(|arm| conform(model, arm, value).is_ok()) => Ok(()),
        (Shape::Named(name), value) => {
            let class = model.classes.get(name).ok_or_else(|| format!("`{name}` is not defined"))?;
            match (&class.body, value) {
                (Body::Alias(shape), value) => conform(model, shape, value),
                (Body::Enum { members }, Value::String(text)) if members.iter().any(|member| member.value == *text) => {
                    Ok(())
                }
                (Body::Union { arms, .. }, value) if arms.iter().any(|arm| conform(model, arm, value).is_ok()) => {
                    Ok(())
                }
                (Body::Model { fields, open }, Value::Object(object)) => {
                    if let Some(field) = fields.iter().find(|field| field.required && !object.contains_key(&field.wire))
                    {
                        return Err(format!("`{}` is required", field.wire));
                    }
                    object.iter().try_for_each(|(key, value)| match fields.iter().find(|field| field.wire == *key) {
                        Some(field) => conform(model, &field.shape, value).map_err(|why| format!("`{key}`: {why}")),
                        None if *open => Ok(()),
                        None => Err(format!("`{key}` is not a field")),
                    })
                }
                _ => misfit(),
            }
        }
        _ => misfit(),
    }
}
