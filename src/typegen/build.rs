//! Builds the model of a schema: its classes, its methods, and which way everything travels.

use super::classes::Builder;
use super::directions::{add_fallbacks, set_directions};
use super::error::TypegenError;
use super::messages::messages;
use super::model::Model;
use super::schema::Schema;

/// Unions of whole messages; the registry holds what they say.
const ENVELOPES: &[&str] = &["ClientNotification", "ClientRequest", "ServerNotification", "ServerRequest"];

/// An error where two classes would share a name, or a construct has no model.
pub(super) fn build(schema: &Schema) -> Result<Model, TypegenError> {
    let mut builder = Builder::new(schema);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typegen::model::{Body, Field, Shape};
    use crate::typegen::schema::SchemaFile;
    use serde_json::{Value, json};

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
    fn a_union_that_python_could_not_parse_is_refused() {
        let variants = |count: usize| (0..count).map(|number| variant(&format!("v{number}"), "x")).collect::<Vec<_>>();
        assert!(model_of(json!({"Item": {"oneOf": variants(1000)}})).is_ok());
        let why = refused(json!({"Item": {"oneOf": variants(1001)}}));
        assert!(why.contains("#/definitions/Item/oneOf") && why.contains("1001 variants"), "{why}");
        // The words of an enum stand side by side.
        let words: Vec<_> = (0..2000).map(|number| format!("w{number}")).collect();
        assert!(model_of(json!({"Words": {"type": "string", "enum": words}})).is_ok());
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
