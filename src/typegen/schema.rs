//! Loads the schema directory that a runtime writes (JSON Schema draft-07) into one table of definitions.
//!
//! A directory holds up to three spellings of one protocol: the flat bundle, the full bundle and one file per type.
//! They are merged by name in that order; references become plain names. Constructs that the models cannot express are
//! refused by JSON pointer, never guessed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::TypegenError;
use super::pointer::{escape, unsupported};
use crate::digest::Sha256Digest;
use crate::fs::json_value;

/// The flat bundle of protocol version 2, as the runtime names it.
const FLAT_BUNDLE: &str = "codex_app_server_protocol.v2.schemas.json";
/// The bundle of everything, with version 2 nested below `definitions/v2`.
const FULL_BUNDLE: &str = "codex_app_server_protocol.schemas.json";

/// Keywords that the models express, or that say nothing about the shape.
const KEYWORDS: &str = "\
    $comment $ref $schema additionalProperties allOf anyOf const default definitions deprecated description enum \
    examples format items maxItems maxLength maximum minItems minLength minimum oneOf pattern properties \
    readOnly required title type uniqueItems writeOnly";

/// Every definition of a protocol by name, with references as plain names.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Name to schema; the keys are the names of types.
    pub(crate) definitions: BTreeMap<String, Value>,
    /// Definitions that two files of the directory spell differently; the first of the merge order is used.
    pub(crate) disagreements: Vec<String>,
}

/// How much of the protocol a runtime wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Without the methods and fields that it calls experimental: what it writes unless asked for more.
    Stable,
    /// With them (`generate-json-schema --experimental`).
    Experimental,
}

impl Mode {
    /// The mode in one word.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Experimental => "experimental",
        }
    }
}

/// The definition by which a schema with experimental parts is told: the parameters of a method that the runtimes have
/// only so that the switch itself can be tested. Seen in 0.133.0 to 0.163.0.
const EXPERIMENTAL_MARK: &str = "MockExperimentalMethodParams";

/// One JSON file of a schema directory.
pub(super) struct SchemaFile {
    /// The path relative to the directory, joined by `/`.
    pub(super) name: String,
    pub(super) text: String,
}

impl Schema {
    /// Reads every `.json` file below a directory.
    ///
    /// # Errors
    /// When the directory cannot be read, holds no schema, or a file is not a schema that can be expressed.
    pub fn load(directory: &Path) -> Result<Self, TypegenError> {
        let mut files = Vec::new();
        for found in crate::fs::walk(directory)? {
            // Whatever has the name of a schema is read: what cannot be would be missing from the SDK.
            let is_tree = found.kind == crate::fs::FileKind::Link && found.path.is_dir();
            if found.relative.ends_with(".json") || is_tree {
                let text = crate::fs::read_text(&found.path)?;
                files.push(SchemaFile { name: found.relative, text });
            }
        }
        if files.is_empty() {
            return Err(TypegenError::NoSchema { path: directory.to_owned() });
        }
        Self::parse(&files)
    }

    /// Merges the files of a schema directory.
    pub(super) fn parse(files: &[SchemaFile]) -> Result<Self, TypegenError> {
        let base = |file: &SchemaFile| file.name.rsplit('/').next().unwrap_or_default().to_owned();
        let mut order: Vec<&SchemaFile> = files.iter().collect();
        order.sort_by_key(|file| {
            let name = base(file);
            let rank = if name == FLAT_BUNDLE {
                0
            } else if name == FULL_BUNDLE {
                1
            } else {
                2
            };
            (rank, file.name.clone())
        });
        let mut schema = Self { definitions: BTreeMap::new(), disagreements: Vec::new() };
        // Where the flat bundle says it all, the per-type files only repeat it; only files whose type is new are read.
        let mut bundled = false;
        for file in order {
            let name = base(file);
            let is_bundle = name == FLAT_BUNDLE || name == FULL_BUNDLE;
            let type_name = name.strip_suffix(".json").unwrap_or(&name);
            if !is_bundle && bundled && schema.definitions.contains_key(type_name) {
                continue;
            }
            let value: Value = json_value(file.text.as_bytes())
                .map_err(|source| TypegenError::NotJson { path: PathBuf::from(&file.name), source })?;
            let Value::Object(mut root) = value else {
                return Err(unsupported(&file.name, "", "a schema file must hold an object"));
            };
            bundled |= is_bundle;
            let definitions = take_object(&mut root, "definitions", &file.name)?;
            for (name, definition) in definitions {
                // The full bundle nests the second protocol version below the name `v2`.
                if is_bundle && name == "v2" && definition.get("type").is_none() {
                    let Value::Object(nested) = definition else {
                        return Err(unsupported(&file.name, "/definitions/v2", "expected an object"));
                    };
                    for (name, definition) in nested {
                        let pointer = format!("/definitions/v2/{}", escape(&name));
                        schema.add(&file.name, &pointer, name, definition)?;
                    }
                } else {
                    let pointer = format!("/definitions/{}", escape(&name));
                    schema.add(&file.name, &pointer, name, definition)?;
                }
            }
            if !is_bundle {
                schema.add(&file.name, "", type_name.to_owned(), Value::Object(root))?;
            }
        }
        schema.check_references()?;
        Ok(schema)
    }

    /// Whether the runtime wrote its experimental methods and fields too.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.definitions.contains_key(EXPERIMENTAL_MARK) { Mode::Experimental } else { Mode::Stable }
    }

    /// The SHA-256 of the definitions in canonical form: sorted keys, no spaces. Independent of how the runtime
    /// distributes them over files.
    #[must_use]
    pub(crate) fn digest(&self) -> Sha256Digest {
        let sorted: BTreeMap<&String, Value> =
            self.definitions.iter().map(|(name, definition)| (name, canonical(definition))).collect();
        Sha256Digest::of(serde_json::to_string(&sorted).unwrap_or_default().as_bytes())
    }

    fn add(&mut self, file: &str, pointer: &str, name: String, definition: Value) -> Result<(), TypegenError> {
        let mut definition = definition;
        normalise(&mut definition, file, pointer)?;
        match self.definitions.get(&name) {
            None => {
                self.definitions.insert(name, definition);
            }
            Some(known) => {
                if bare(known) != bare(&definition) && !self.disagreements.contains(&name) {
                    self.disagreements.push(name);
                }
            }
        }
        Ok(())
    }

    fn check_references(&self) -> Result<(), TypegenError> {
        for (name, definition) in &self.definitions {
            let mut references = Vec::new();
            collect_references(definition, &mut references);
            if let Some(missing) = references.into_iter().find(|reference| !self.definitions.contains_key(reference)) {
                return Err(TypegenError::Dangling { definition: name.clone(), reference: missing });
            }
        }
        Ok(())
    }
}

/// The definitions that a schema refers to, in order of appearance.
fn collect_references(schema: &Value, into: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                into.push(reference.clone());
            }
            for (key, value) in object {
                // Defaults, enumerations and examples are data, not schemas.
                if !matches!(key.as_str(), "default" | "enum" | "const" | "examples") {
                    collect_references(value, into);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}

fn take_object(root: &mut Map<String, Value>, key: &str, file: &str) -> Result<Map<String, Value>, TypegenError> {
    match root.remove(key) {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(unsupported(file, &format!("/{key}"), "expected an object")),
    }
}

/// Replaces references by names and refuses what cannot be expressed.
fn normalise(schema: &mut Value, file: &str, pointer: &str) -> Result<(), TypegenError> {
    let object = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(object) => object,
        _ => return Err(unsupported(file, pointer, "expected a schema: an object or `true`")),
    };
    for (key, value) in object.iter_mut() {
        let place = format!("{pointer}/{}", escape(key));
        match key.as_str() {
            "$ref" => {
                let name = value
                    .as_str()
                    .and_then(|text| text.strip_prefix("#/definitions/"))
                    .map(|rest| rest.strip_prefix("v2/").unwrap_or(rest))
                    .filter(|name| !name.is_empty() && !name.contains('/'))
                    .ok_or_else(|| unsupported(file, &place, "only references to `#/definitions/…` are known"))?;
                *value = Value::String(name.replace("~1", "/").replace("~0", "~"));
            }
            "properties" => {
                let Value::Object(properties) = value else {
                    return Err(unsupported(file, &place, "expected an object"));
                };
                for (name, property) in properties.iter_mut() {
                    normalise(property, file, &format!("{place}/{}", escape(name)))?;
                }
            }
            "items" => {
                if value.is_array() {
                    return Err(unsupported(file, &place, "tuples have no model"));
                }
                normalise(value, file, &place)?;
            }
            "additionalProperties" => {
                if !value.is_boolean() {
                    normalise(value, file, &place)?;
                }
            }
            "anyOf" | "oneOf" | "allOf" => {
                let Value::Array(branches) = value else {
                    return Err(unsupported(file, &place, "expected an array"));
                };
                if branches.is_empty() {
                    return Err(unsupported(file, &place, "a union needs at least one branch"));
                }
                if key == "allOf" && branches.len() != 1 {
                    return Err(unsupported(file, &place, "an intersection of several schemas has no model"));
                }
                for (index, branch) in branches.iter_mut().enumerate() {
                    normalise(branch, file, &format!("{place}/{index}"))?;
                }
            }
            "definitions" => {
                return Err(unsupported(file, &place, "definitions inside a definition"));
            }
            known if KEYWORDS.split(' ').any(|keyword| keyword == known) => {}
            _ => return Err(unsupported(file, &place, "this keyword has no model")),
        }
    }
    Ok(())
}

/// A definition without what only a file of its own carries.
fn bare(definition: &Value) -> Value {
    let mut definition = definition.clone();
    if let Value::Object(object) = &mut definition {
        for key in ["$schema", "title", "description"] {
            object.remove(key);
        }
    }
    definition
}

fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<&String, Value> = object.iter().map(|(key, value)| (key, canonical(value))).collect();
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn file(name: &str, value: &Value) -> SchemaFile {
        SchemaFile { name: name.into(), text: value.to_string() }
    }

    #[test]
    fn the_three_spellings_are_one_schema() {
        let flat = json!({"definitions": {"A": {"$ref": "#/definitions/B"}, "B": {"type": "string"}}});
        let full = json!({"definitions": {"v2": {"A": {"$ref": "#/definitions/v2/B"}, "B": {"type": "string"}}}});
        let single = json!({"$schema": "x", "$ref": "#/definitions/B", "definitions": {"B": {"type": "string"}}});
        let from_flat = Schema::parse(&[file(FLAT_BUNDLE, &flat)]).unwrap();
        let from_full = Schema::parse(&[file(FULL_BUNDLE, &full)]).unwrap();
        let both =
            Schema::parse(&[file("v2/A.json", &single), file(FULL_BUNDLE, &full), file(FLAT_BUNDLE, &flat)]).unwrap();
        assert_eq!(from_flat, from_full);
        assert_eq!(from_flat, both);
        assert_eq!(from_flat.digest(), from_full.digest());
        let alone = Schema::parse(&[file("v2/A.json", &single)]).unwrap();
        assert_eq!(alone.definitions.keys().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn the_flat_bundle_wins_and_the_disagreement_is_told() {
        let flat = json!({"definitions": {"A": {"type": "string"}}});
        let full = json!({"definitions": {"v2": {"A": {"type": "integer"}}}});
        let schema = Schema::parse(&[file(FULL_BUNDLE, &full), file(FLAT_BUNDLE, &flat)]).unwrap();
        assert_eq!(schema.definitions["A"], json!({"type": "string"}));
        assert_eq!(schema.disagreements, ["A"]);
    }

    #[test]
    fn what_has_no_model_is_refused_by_pointer() {
        for (schema, pointer) in [
            (json!({"items": [{"type": "string"}]}), "#/definitions/A~1b/items"),
            (json!({"not": {}}), "#/definitions/A~1b/not"),
            (
                json!({"properties": {"x": {"patternProperties": {}}}}),
                "#/definitions/A~1b/properties/x/patternProperties",
            ),
            (json!({"allOf": [{}, {}]}), "#/definitions/A~1b/allOf"),
            (json!({"$ref": "other.json#/A"}), "#/definitions/A~1b/$ref"),
            (json!({"anyOf": []}), "#/definitions/A~1b/anyOf"),
            (json!(false), "#/definitions/A~1b"),
        ] {
            let error = Schema::parse(&[file(FLAT_BUNDLE, &json!({"definitions": {"A/b": schema}}))]).unwrap_err();
            assert!(matches!(&error, TypegenError::Unsupported { pointer: found, .. } if found == pointer), "{error}");
        }
        let dangling = json!({"definitions": {"A": {"$ref": "#/definitions/B"}}});
        assert!(matches!(Schema::parse(&[file(FLAT_BUNDLE, &dangling)]), Err(TypegenError::Dangling { .. })));
    }

    proptest! {
        #[test]
        fn any_text_is_a_file_or_refused(text in ".*") {
            let _ = Schema::parse(&[SchemaFile { name: FULL_BUNDLE.into(), text }]);
        }
    }
}
