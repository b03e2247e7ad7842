//! Writes the model modules: one class after the other, on the hand-written bases of `_base.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::TypegenError;
use super::model::{Body, Class, Direction, Doc, Field, Member, Model, Shape};
use super::names;
use super::order::Module;
use super::python::{WIDTH, bracketed, docstring, exploded, fits, literal, solid, string};
use super::schema::unsupported;

/// What the text of every module shares.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The import package of the SDK.
    pub module: &'a str,
    /// The last paragraph of every module's docstring.
    pub header: &'a str,
}

/// Where every class lives: class name to module name.
pub type Homes<'a> = BTreeMap<&'a str, &'static str>;

/// The text of one model module.
///
/// # Errors
/// When a default does not fit its field.
pub fn module(
    model: &Model,
    module: &Module,
    homes: &Homes<'_>,
    package: &Package<'_>,
) -> Result<String, TypegenError> {
    let (imports, body) = parts(model, module, homes, package)?;
    Ok(format!("\"\"\"{}.\n\n{}\"\"\"\n\n{imports}{body}", module.purpose, package.header))
}

/// The imports that a module's classes need, and the classes.
///
/// # Errors
/// When a default does not fit its field.
pub fn parts(
    model: &Model,
    module: &Module,
    homes: &Homes<'_>,
    package: &Package<'_>,
) -> Result<(String, String), TypegenError> {
    let mut body = String::new();
    let mut uses = Uses::default();
    let mut defined: BTreeSet<&str> = BTreeSet::new();
    for name in &module.classes {
        let Some(class) = model.classes.get(name) else { continue };
        let writer = Writer { model, defined: &defined, own: &module.classes, class };
        writer.class(&mut body, &mut uses)?;
        defined.insert(name);
    }
    let circular: Vec<&String> = module.classes.iter().filter(|name| uses.quoted.contains(*name)).collect();
    if !circular.is_empty() {
        // What stands as a string is looked up once all of the module is there.
        body.push_str("\n\n");
        circular.iter().for_each(|name| body.push_str(&format!("{name}.model_rebuild()\n")));
    }
    Ok((imports(&uses, module, homes, package), body))
}

/// What a module's classes used, for its imports.
#[derive(Default)]
struct Uses {
    names: BTreeSet<String>,
    base: BTreeSet<&'static str>,
    typing: BTreeSet<&'static str>,
    pydantic: BTreeSet<&'static str>,
    quoted: BTreeSet<String>,
}

fn imports(uses: &Uses, module: &Module, homes: &Homes<'_>, package: &Package<'_>) -> String {
    let mut text = String::new();
    let list = |names: &BTreeSet<&str>| -> Vec<String> { sorted_imports(names.iter().copied()) };
    if !uses.typing.is_empty() {
        let _ = write!(text, "from typing import {}\n\n", list(&uses.typing).join(", "));
    }
    if !uses.pydantic.is_empty() {
        let _ = write!(text, "from pydantic import {}\n\n", list(&uses.pydantic).join(", "));
    }
    let mut by_module: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in &uses.names {
        if let Some(home) = homes.get(name.as_str())
            && *home != module.name
        {
            by_module.entry(home).or_default().insert(name);
        }
    }
    let has_siblings = !by_module.is_empty();
    if !uses.base.is_empty() {
        text.push_str(&import_line(&format!("from {}._base import ", package.module), &list(&uses.base)));
        text.push_str(if has_siblings { "\n" } else { "" });
    }
    for (home, names) in &by_module {
        text.push_str(&import_line(&format!("from .{home} import "), &list(names)));
    }
    text
}

/// Names in the order of isort: constants, classes, functions; each by letter, in natural order, whatever the case.
pub fn sorted_imports<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_cached_key(|name| {
        let constant = name.len() > 1 && !name.contains(|letter: char| letter.is_ascii_lowercase());
        let class = name.starts_with(|first: char| first.is_ascii_uppercase());
        let kind = match (constant, class) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        (kind, natural(&name.to_lowercase()), (*name).to_owned())
    });
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// A name as letters and numbers, so that `V10` comes after `V9`.
fn natural(name: &str) -> Vec<(u8, u64, char)> {
    let mut parts = Vec::new();
    let mut number: Option<u64> = None;
    for letter in name.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit)));
        } else {
            parts.extend(number.take().map(|number| (0, number, ' ')));
            parts.push((1, 0, letter));
        }
    }
    parts.extend(number.map(|number| (0, number, ' ')));
    parts
}

/// `from X import a, b`, in brackets with one name a line where it is too long.
pub fn import_line(lead: &str, names: &[String]) -> String {
    let flat = format!("{lead}{}", names.join(", "));
    if fits(&flat) { flat + "\n" } else { exploded(0, lead, ['(', ')'], names, "") }
}

struct Writer<'a> {
    model: &'a Model,
    defined: &'a BTreeSet<&'a str>,
    own: &'a [String],
    class: &'a Class,
}

impl Writer<'_> {
    fn class(&self, text: &mut String, uses: &mut Uses) -> Result<(), TypegenError> {
        match &self.class.body {
            Body::Model { fields, open } => self.model_class(text, uses, fields, *open),
            Body::Enum { members } => {
                self.enum_class(text, uses, members);
                Ok(())
            }
            Body::Union { arms, tag, fallback } => {
                self.union_class(text, uses, arms, tag.as_deref(), fallback.as_deref());
                Ok(())
            }
            Body::Fallback { union, tag } => {
                uses.base.insert("UnknownVariant");
                self.head(text, "UnknownVariant");
                let doc = format!("Fits no variant of `{union}`: it is malformed, or of a newer runtime.");
                docstring(text, 4, &doc);
                if let Some((wire, name)) = tag {
                    text.push('\n');
                    uses.base.insert("UnknownTag");
                    text.push_str(&field_line(name, "UnknownTag", &alias_arguments(wire, name), None));
                    if !alias_arguments(wire, name).is_empty() {
                        uses.pydantic.insert("Field");
                    }
                }
                Ok(())
            }
            Body::Alias(shape) => {
                text.push_str("\n\n");
                comment(text, 0, &self.class.doc);
                let (annotation, forward) = self.annotation(shape, uses);
                if forward {
                    let pointer = format!("/definitions/{}", self.class.definition);
                    return Err(unsupported("schema", &pointer, "a name that leads back to itself has no model"));
                }
                uses.typing.insert("TypeAlias");
                text.push_str(&solid(&format!("{}: TypeAlias = {annotation}", self.class.name)));
                if let Some(doc) = &self.class.doc.text {
                    docstring(text, 0, doc);
                }
                Ok(())
            }
        }
    }

    fn head(&self, text: &mut String, base: &str) {
        text.push_str("\n\n");
        comment(text, 0, &self.class.doc);
        text.push_str(&solid(&format!("class {}({base}):", self.class.name)));
    }

    fn class_doc(&self, text: &mut String) -> bool {
        let Some(doc) = &self.class.doc.text else { return false };
        docstring(text, 4, doc);
        true
    }

    fn model_class(
        &self,
        text: &mut String,
        uses: &mut Uses,
        fields: &[Field],
        open: bool,
    ) -> Result<(), TypegenError> {
        let base = match (self.class.direction, open) {
            (Direction::Received, false) => "WireModel",
            (Direction::Received, true) => "OpenModel",
            (Direction::Sent, false) => "ParamsModel",
            (Direction::Sent, true) => "OpenParamsModel",
        };
        uses.base.insert(base);
        self.head(text, base);
        let documented = self.class_doc(text);
        if fields.is_empty() && !documented {
            text.push_str("    pass\n");
        }
        let mut gap = documented;
        for field in fields {
            if gap {
                text.push('\n');
            }
            gap = false;
            comment(text, 4, &field.doc);
            text.push_str(&self.field(field, uses)?);
            if let Some(doc) = &field.doc.text {
                docstring(text, 4, doc);
                gap = true;
            }
        }
        Ok(())
    }

    fn field(&self, field: &Field, uses: &mut Uses) -> Result<String, TypegenError> {
        let missing_is_none = !field.required && field.default.is_none();
        let shape = if missing_is_none { field.shape.clone().optional() } else { field.shape.clone() };
        let (mut annotation, _) = self.annotation(&shape, uses);
        if missing_is_none && matches!(shape, Shape::Anything) {
            annotation = "Any".into();
        }
        let mut arguments = Vec::new();
        let mut plain = None;
        if let (Some(default), false) = (&field.default, field.required) {
            match self.default(field, default, uses)? {
                Default::Plain(text) => plain = Some(text),
                Default::Factory(text) => arguments.push(format!("default_factory={text}")),
            }
        } else if missing_is_none {
            plain = Some("None".to_owned());
        }
        let mut further = alias_arguments(&field.wire, &field.name);
        if self.class.direction == Direction::Sent {
            further.extend(
                field
                    .limits
                    .keywords
                    .iter()
                    .filter(|(keyword, _)| limit_applies(&field.shape, keyword))
                    .map(|(keyword, value)| format!("{keyword}={}", literal(value))),
            );
        }
        if !further.is_empty() || !arguments.is_empty() {
            uses.pydantic.insert("Field");
            if let Some(default) = plain.take() {
                arguments.push(format!("default={default}"));
            }
            arguments.extend(further);
        }
        Ok(field_line(&field.name, &annotation, &arguments, plain.as_deref()))
    }

    fn default(&self, field: &Field, default: &Value, uses: &mut Uses) -> Result<Default, TypegenError> {
        let shape = match &field.shape {
            Shape::Optional(inner) => inner,
            other => other,
        };
        let refuse = |why: String| TypegenError::Default {
            class: self.class.name.clone(),
            field: field.wire.clone(),
            default: default.to_string(),
            why,
        };
        let fits = match (shape, default) {
            (Shape::Text, Value::String(_)) | (Shape::Boolean, Value::Bool(_)) | (Shape::Anything, _) => true,
            (Shape::Integer, Value::Number(number)) => number.as_f64().is_some_and(|number| number.fract() == 0.0),
            (Shape::Number, Value::Number(_)) => true,
            (Shape::Literal(values), Value::String(text)) => values.contains(text),
            (Shape::List(_), Value::Array(values)) if values.is_empty() => {
                return Ok(Default::Factory("list".into()));
            }
            (Shape::Map(_) | Shape::Object, Value::Object(object)) if object.is_empty() => {
                return Ok(Default::Factory("dict".into()));
            }
            (Shape::List(inner), Value::Array(values)) => {
                let items: Vec<String> = values
                    .iter()
                    .map(|value| match &**inner {
                        Shape::Named(name) => self.named_default(name, value, uses),
                        Shape::Text if value.is_string() => Some(literal(value)),
                        Shape::Boolean if value.is_boolean() => Some(literal(value)),
                        Shape::Integer | Shape::Number if value.is_number() => Some(literal(value)),
                        Shape::Anything => Some(literal(value)),
                        _ => None,
                    })
                    .collect::<Option<_>>()
                    .ok_or_else(|| refuse("an element is not of the list's type".into()))?;
                return Ok(Default::Factory(format!("lambda: [{}]", items.join(", "))));
            }
            (Shape::Object, Value::Object(_)) => return Ok(Default::Factory(format!("lambda: {}", literal(default)))),
            (Shape::Named(name), value) => {
                let text =
                    self.named_default(name, value, uses).ok_or_else(|| refuse(format!("it is not a `{name}`")))?;
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

    /// The default of a class: an enum member, or a validated value.
    fn named_default(&self, name: &str, value: &Value, uses: &mut Uses) -> Option<String> {
        let class = self.model.classes.get(name)?;
        uses.names.insert(name.to_owned());
        match (&class.body, value) {
            (Body::Enum { members }, Value::String(text)) => {
                let member = members.iter().find(|member| member.value == *text);
                Some(
                    member.map_or_else(
                        || format!("{name}({})", string(text)),
                        |member| format!("{name}.{}", member.name),
                    ),
                )
            }
            (Body::Enum { .. }, _) => None,
            (Body::Alias(shape), _) => match (shape, value) {
                (Shape::Text, Value::String(_)) | (Shape::Boolean, Value::Bool(_)) => Some(literal(value)),
                (Shape::Integer | Shape::Number, Value::Number(_)) => Some(literal(value)),
                _ => None,
            },
            _ => Some(format!("{name}.model_validate({})", literal(value))),
        }
    }

    fn enum_class(&self, text: &mut String, uses: &mut Uses, members: &[Member]) {
        uses.base.insert("OpenEnum");
        self.head(text, "OpenEnum");
        let documented = self.class_doc(text);
        let mut gap = documented;
        for member in members {
            if gap {
                text.push('\n');
            }
            gap = false;
            comment(text, 4, &member.doc);
            text.push_str(&solid(&format!("    {} = {}", member.name, string(&member.value))));
            if let Some(doc) = &member.doc.text {
                docstring(text, 4, doc);
                gap = true;
            }
        }
    }

    fn union_class(
        &self,
        text: &mut String,
        uses: &mut Uses,
        arms: &[Shape],
        tag: Option<&str>,
        fallback: Option<&str>,
    ) {
        let base = if self.class.direction == Direction::Sent { "ParamsRoot" } else { "WireRoot" };
        uses.base.insert(base);
        self.head(text, base);
        if self.class_doc(text) {
            text.push('\n');
        }
        let mut forward = false;
        let mut rendered: Vec<String> = Vec::new();
        for arm in arms {
            let (annotation, quoted) = self.raw_annotation(arm, uses);
            forward |= quoted;
            if !rendered.contains(&annotation) {
                rendered.push(annotation);
            }
        }
        // The tag is found by its Python name, as the arms declare it.
        let field = tag.map(|tag| names::field(tag).unwrap_or_else(|| tag.to_owned()));
        let inner = match (&field, rendered.len()) {
            (Some(field), 2..) => {
                uses.typing.insert("Annotated");
                uses.pydantic.insert("Field");
                Union::Discriminated(rendered, format!("Field(discriminator={})", string(field)))
            }
            _ => Union::Plain(rendered),
        };
        if let Some(fallback) = fallback {
            uses.typing.insert("Annotated");
            uses.pydantic.insert("Field");
            uses.names.insert(fallback.to_owned());
        }
        if forward {
            uses.quoted.insert(self.class.name.clone());
        }
        text.push_str(&root_line(&inner, fallback, forward));
    }

    /// The annotation of a shape, as a string where it needs a class that stands further down.
    fn annotation(&self, shape: &Shape, uses: &mut Uses) -> (String, bool) {
        let (text, forward) = self.raw_annotation(shape, uses);
        if forward {
            uses.quoted.insert(self.class.name.clone());
            return (format!("\"{}\"", text.replace('"', "'")), true);
        }
        (text, false)
    }

    /// The annotation without quotes, and whether it names a class that stands further down.
    fn raw_annotation(&self, shape: &Shape, uses: &mut Uses) -> (String, bool) {
        let nested = |inner: &Shape, uses: &mut Uses| self.raw_annotation(inner, uses);
        match shape {
            Shape::Text => ("str".into(), false),
            Shape::Integer => ("int".into(), false),
            Shape::Number => ("float".into(), false),
            Shape::Boolean => ("bool".into(), false),
            Shape::Null => ("None".into(), false),
            Shape::Anything => {
                uses.typing.insert("Any");
                ("Any".into(), false)
            }
            Shape::Object => {
                uses.typing.insert("Any");
                ("dict[str, Any]".into(), false)
            }
            Shape::List(inner) => {
                let (text, forward) = nested(inner, uses);
                (format!("list[{text}]"), forward)
            }
            Shape::Map(inner) => {
                let (text, forward) = nested(inner, uses);
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
                let (text, forward) = nested(inner, uses);
                if text == "Any" || text.ends_with("| None") {
                    (text, forward)
                } else {
                    (format!("{text} | None"), forward)
                }
            }
            Shape::Either(arms) => {
                let mut forward = false;
                let mut texts: Vec<String> = Vec::new();
                for arm in arms {
                    let (text, later) = nested(arm, uses);
                    forward |= later;
                    texts.push(text);
                }
                (texts.join(" | "), forward)
            }
        }
    }
}

enum Default {
    Plain(String),
    Factory(String),
}

enum Union {
    Plain(Vec<String>),
    Discriminated(Vec<String>, String),
}

/// The `root` annotation of a union, laid out as the formatter does.
fn root_line(inner: &Union, fallback: Option<&str>, forward: bool) -> String {
    let ordered = "Field(union_mode=\"left_to_right\")";
    let flat_inner = match inner {
        Union::Plain(arms) => arms.join(" | "),
        Union::Discriminated(arms, field) => format!("Annotated[{}, {field}]", arms.join(" | ")),
    };
    let flat = match fallback {
        Some(fallback) => format!("Annotated[{flat_inner} | {fallback}, {ordered}]"),
        None => flat_inner.clone(),
    };
    if forward {
        return solid(&format!("    root: \"{}\"", flat.replace('"', "'")));
    }
    let line = format!("    root: {flat}");
    if fits(&line) {
        return line + "\n";
    }
    let mut text = String::new();
    match (inner, fallback) {
        (Union::Plain(arms), None) => {
            text.push_str("    root: (\n");
            arms_lines(&mut text, 8, arms);
            text.push_str("    )\n");
        }
        (Union::Discriminated(arms, field), None) => {
            text.push_str("    root: Annotated[\n");
            annotated_body(&mut text, 8, arms, field);
            text.push_str("    ]\n");
        }
        (Union::Plain(arms), Some(fallback)) => {
            let mut arms = arms.clone();
            arms.push(fallback.to_owned());
            text.push_str("    root: Annotated[\n");
            annotated_body(&mut text, 8, &arms, ordered);
            text.push_str("    ]\n");
        }
        (Union::Discriminated(arms, field), Some(fallback)) => {
            text.push_str("    root: Annotated[\n");
            let first = format!("        {flat_inner} | {fallback},");
            let both = format!("        {flat_inner} | {fallback}, {ordered}");
            if fits(&both) {
                let _ = writeln!(text, "{both}");
            } else if fits(&first) {
                let _ = writeln!(text, "{first}\n        {ordered},");
            } else {
                let one = format!("        {flat_inner}");
                if fits(&one) {
                    let _ = writeln!(text, "{one}");
                } else {
                    text.push_str("        Annotated[\n");
                    annotated_body(&mut text, 12, arms, field);
                    text.push_str("        ]\n");
                }
                let _ = writeln!(text, "        | {fallback},\n        {ordered},");
            }
            text.push_str("    ]\n");
        }
    }
    text
}

/// `A | B | C,` and the field, below `Annotated[`.
fn annotated_body(text: &mut String, indent: usize, arms: &[String], field: &str) {
    let pad = " ".repeat(indent);
    let joined = arms.join(" | ");
    let both = format!("{pad}{joined}, {field}");
    if fits(&both) {
        let _ = writeln!(text, "{both}");
        return;
    }
    let first = format!("{pad}{joined},");
    if fits(&first) {
        let _ = writeln!(text, "{first}");
    } else {
        arms_lines(text, indent, arms);
        text.pop();
        text.push_str(",\n");
    }
    let _ = writeln!(text, "{pad}{field},");
}

fn arms_lines(text: &mut String, indent: usize, arms: &[String]) {
    let pad = " ".repeat(indent);
    for (place, arm) in arms.iter().enumerate() {
        let lead = if place == 0 { "" } else { "| " };
        let _ = writeln!(text, "{pad}{lead}{arm}");
    }
}

/// A field with its annotation and what stands behind the equals sign.
fn field_line(name: &str, annotation: &str, arguments: &[String], plain: Option<&str>) -> String {
    let lead = format!("{name}: {annotation}");
    if arguments.is_empty() {
        let line = match plain {
            Some(value) => format!("    {lead} = {value}"),
            None => format!("    {lead}"),
        };
        return solid(&line);
    }
    let call = format!("{lead} = Field");
    if call.chars().count() + 5 > WIDTH {
        return solid(&format!("    {call}({})", arguments.join(", ")));
    }
    bracketed(4, &call, ['(', ')'], arguments, "")
}

/// The wire name, where the shared base would not derive it from the field's name.
fn alias_arguments(wire: &str, name: &str) -> Vec<String> {
    if names::camel(name) == wire {
        Vec::new()
    } else if name == wire {
        vec![format!("alias={}", string(wire))]
    } else {
        // Not `alias`, which type checkers take for the name of the constructor's parameter.
        vec![format!("validation_alias={}", string(wire)), format!("serialization_alias={}", string(wire))]
    }
}

fn limit_applies(shape: &Shape, keyword: &str) -> bool {
    match shape {
        Shape::Optional(inner) => limit_applies(inner, keyword),
        Shape::Integer | Shape::Number => matches!(keyword, "ge" | "le"),
        Shape::Text => matches!(keyword, "min_length" | "max_length" | "pattern"),
        Shape::List(_) => matches!(keyword, "min_length" | "max_length"),
        _ => false,
    }
}

/// What the description says about stability, as a comment that tools can look for.
fn comment(text: &mut String, indent: usize, doc: &Doc) {
    let pad = " ".repeat(indent);
    if doc.marks.experimental {
        let _ = writeln!(text, "{pad}# experimental");
    }
    if doc.marks.deprecated {
        let _ = writeln!(text, "{pad}# deprecated");
    }
}

/// The class that a shape is about, below lists and null.
pub fn inner_name(shape: &Shape) -> Option<&str> {
    match shape {
        Shape::Named(name) => Some(name),
        Shape::List(inner) | Shape::Optional(inner) => inner_name(inner),
        _ => None,
    }
}
