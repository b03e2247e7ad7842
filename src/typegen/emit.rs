//! Writes the model modules: one class after the other, on the hand-written bases of `_base.py`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::annotation::{Default, Scope, default};
use super::error::TypegenError;
use super::imports::{Homes, Preamble, Uses};
use super::model::{Body, Direction, Doc, EnumMember, Field, Model, Shape};
use super::order::Module;
use super::pointer::unsupported;
use super::python::{WIDTH, bracketed, collected, docstring, exploded, literal, solid, string};
use super::root::{Arm, ORDERED, quoted_root, root};
use super::{names, overrides};

/// The text of one model module; an error where a default does not fit its field.
pub(super) fn module(
    model: &Model,
    module: &Module,
    homes: &Homes<'_>,
    preamble: &Preamble<'_>,
) -> Result<String, TypegenError> {
    let (imports, body) = parts(model, module, homes, preamble)?;
    Ok(format!("\"\"\"{}.\n\n{}\"\"\"\n\n{imports}{body}", module.purpose, preamble.header))
}

/// The imports that a module's classes need, and the classes.
pub(super) fn parts(
    model: &Model,
    module: &Module,
    homes: &Homes<'_>,
    preamble: &Preamble<'_>,
) -> Result<(String, String), TypegenError> {
    let mut text = String::new();
    let mut uses = Uses::default();
    let mut defined: BTreeSet<&str> = BTreeSet::new();
    for name in &module.classes {
        let Some(class) = model.classes.get(name) else { continue };
        let scope = Scope { own: &module.classes, defined: &defined, class };
        Writer { model, scope, text: &mut text, uses: &mut uses }.class()?;
        defined.insert(name);
    }
    let circular: Vec<&String> = module.classes.iter().filter(|name| uses.quoted.contains(*name)).collect();
    if !circular.is_empty() {
        // What stands as a string is looked up once all of the module is there.
        text.push_str("\n\n");
        circular.iter().for_each(|name| text.push_str(&format!("{name}.model_rebuild()\n")));
    }
    Ok((uses.lines(module.name, homes, preamble), text))
}

struct Writer<'a> {
    model: &'a Model,
    scope: Scope<'a>,
    text: &'a mut String,
    uses: &'a mut Uses,
}

/// What stands between a docstring and what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    None,
    Line,
}

impl Spacing {
    fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Line => "\n",
        }
    }
}

impl Writer<'_> {
    fn class(&mut self) -> Result<(), TypegenError> {
        let class = self.scope.class;
        match &class.body {
            Body::Model { fields, open } => {
                let base = match (class.direction, open) {
                    (Direction::Received, false) => "WireModel",
                    (Direction::Received, true) => "OpenModel",
                    (Direction::Sent, false) => "ParamsModel",
                    (Direction::Sent, true) => "OpenParamsModel",
                };
                self.model_class(base, fields)?;
            }
            Body::Enum { members } => self.enum_class(members),
            Body::Union { arms, tag, fallback } => self.union_class(arms, tag.as_deref(), fallback.as_deref()),
            Body::Fallback { union, tag } => self.fallback_class(union, tag.as_ref()),
            Body::Alias(Shape::Text) => self.text_class(),
            Body::Alias(shape) => {
                self.text.push_str("\n\n");
                comment(self.text, 0, &class.doc);
                let (annotation, forward) = self.scope.annotation(shape, self.uses);
                if forward {
                    let pointer = format!("/definitions/{}", class.definition);
                    return Err(unsupported("schema", &pointer, "a name that leads back to itself has no model"));
                }
                self.uses.typing.insert("TypeAlias");
                self.text.push_str(&solid(&format!("{}: TypeAlias = {annotation}", class.name)));
                self.doc(0, &class.doc);
            }
        }
        Ok(())
    }

    /// Begins a class.
    fn head(&mut self, base: &'static str) -> Spacing {
        let class = self.scope.class;
        self.uses.base.insert(base);
        self.text.push_str("\n\n");
        comment(self.text, 0, &class.doc);
        self.text.push_str(&solid(&format!("class {}({base}):", class.name)));
        self.doc(4, &class.doc)
    }

    fn doc(&mut self, indent: usize, doc: &Doc) -> Spacing {
        match doc.text.as_deref() {
            Some(text) => {
                docstring(self.text, indent, text);
                Spacing::Line
            }
            None => Spacing::None,
        }
    }

    fn model_class(&mut self, base: &'static str, fields: &[Field]) -> Result<(), TypegenError> {
        let mut gap = self.head(base);
        if fields.is_empty() && gap == Spacing::None {
            self.text.push_str("    pass\n");
        }
        for field in fields {
            let line = self.field(field)?;
            gap = self.member(gap, &line, &field.doc);
        }
        self.constructor(fields);
        Ok(())
    }

    /// What type checkers take for a model that programs make: plain strings for those that have a name, and in an answer
    /// the words of an enum as well as its members.
    fn constructor(&mut self, fields: &[Field]) {
        let (model, class) = (self.model, &self.scope.class.name);
        let answer = model.server_requests.iter().any(|method| method.response.as_ref() == Some(class));
        let found: Vec<Vec<&Shape>> =
            fields.iter().map(|field| if answer { arms(model, &field.shape) } else { Vec::new() }).collect();
        let enums = found.iter().flatten().any(|arm| words(model, arm).is_some());
        if !enums && !fields.iter().any(|field| plain(model, &field.shape).is_some()) {
            return;
        }
        let parameters: Vec<String> = fields
            .iter()
            .zip(found)
            .map(|(field, arms)| {
                let optional = !field.required && field.default.is_none();
                let shape = if optional { field.shape.clone().optional() } else { field.shape.clone() };
                let mut types = self.taken(&shape);
                for arm in arms {
                    let bare = self.scope.bare(arm, self.uses).0;
                    types.extend(
                        Some(bare).filter(|bare| !types.contains(bare) && !types[0].starts_with(bare.as_str())),
                    );
                    types.extend(words(model, arm).map(|words| literals(&words)));
                }
                let default = if field.required { "" } else { " = ..." };
                let flat = format!("{}: {}{default}", field.name, types.join(" | "));
                if flat.chars().count() + 13 <= WIDTH { flat } else { flat.replace(" | ", "\n            | ") }
            })
            .collect();
        self.uses.typing.insert("TYPE_CHECKING");
        if enums {
            self.uses.typing.insert("Literal");
        }
        let given = ["self".to_owned(), "*".to_owned()].into_iter().chain(parameters).collect::<Vec<_>>();
        let _ = write!(
            self.text,
            "\n    if TYPE_CHECKING:\n\n{}",
            exploded(8, "def __init__", ['(', ')'], &given, " -> None: ...")
        );
    }

    /// The types that a constructor takes for a shape.
    fn taken(&mut self, shape: &Shape) -> Vec<String> {
        let own = self.scope.annotation(shape, self.uses).0;
        match plain(self.model, shape) {
            None => vec![own],
            // A string by name is a string; a list of them is no list of strings.
            Some(wider) if matches!(shape.without_null(), Shape::Named(_)) => {
                vec![self.scope.annotation(&wider, self.uses).0]
            }
            Some(wider) => {
                let nullable = matches!(shape, Shape::Optional(_)).then(|| "None".to_owned());
                let both = [shape.without_null(), wider.without_null()];
                let both = both.map(|shape| self.scope.annotation(shape, self.uses).0);
                both.into_iter().chain(nullable).collect()
            }
        }
    }

    /// Another name of a string: a string that is read like the wrapper that other SDKs have for it, too.
    fn text_class(&mut self) {
        let gap = self.head("WireText");
        self.text.push_str(gap.text());
        self.text.push_str("    __slots__ = ()\n");
    }

    fn enum_class(&mut self, members: &[EnumMember]) {
        // Generators of other SDKs write one value alone as a model around it.
        let union = overrides::is_union_elsewhere(&self.scope.class.name) || members.len() == 1;
        let mut gap = self.head(if union { "UnionEnum" } else { "OpenEnum" });
        for member in members {
            let line = solid(&format!("    {} = {}", member.name, string(&member.value)));
            gap = self.member(gap, &line, &member.doc);
        }
    }

    /// A line of a class with its comment and docstring.
    fn member(&mut self, gap: Spacing, line: &str, doc: &Doc) -> Spacing {
        self.text.push_str(gap.text());
        comment(self.text, 4, doc);
        self.text.push_str(line);
        self.doc(4, doc)
    }

    fn fallback_class(&mut self, union: &str, tag: Option<&(String, String)>) {
        self.head("UnknownVariant");
        let doc = format!("Fits no variant of `{union}`: it is malformed, or of a newer runtime.");
        docstring(self.text, 4, &doc);
        if let Some((wire, name)) = tag {
            let alias = alias_arguments(wire, name);
            self.uses.base.insert("UnknownTag");
            if !alias.is_empty() {
                self.uses.pydantic.insert("Field");
            }
            self.text.push('\n');
            self.text.push_str(&field_line(name, "UnknownTag", &alias, None));
        }
    }

    fn union_class(&mut self, arms: &[Shape], tag: Option<&str>, fallback: Option<&str>) {
        let gap = self.head(match self.scope.class.direction {
            Direction::Sent => "ParamsRoot",
            Direction::Received => "WireRoot",
        });
        self.text.push_str(gap.text());
        let mut forward = false;
        let mut types: Vec<String> = Vec::new();
        for arm in arms {
            let (annotation, quoted) = self.scope.bare(arm, self.uses);
            forward |= quoted;
            if !types.contains(&annotation) {
                types.push(annotation);
            }
        }
        // An enum takes every string; beside it a plain one would win.
        if arms.iter().any(|arm| self.is_enum(arm)) {
            types.retain(|annotation| annotation != "str");
        }
        // The tag is found by its Python name, as the arms declare it.
        let tag = tag.filter(|_| types.len() > 1).map(|tag| {
            let name = names::field(tag).unwrap_or_else(|| tag.to_owned());
            format!("Field(discriminator={})", string(&name))
        });
        if tag.is_some() || fallback.is_some() {
            self.uses.typing.insert("Annotated");
            self.uses.pydantic.insert("Field");
        }
        self.uses.names.extend(fallback.map(ToOwned::to_owned));
        if forward {
            self.uses.quoted.insert(self.scope.class.name.clone());
        }
        let root = if forward { quoted_root } else { root };
        let plain = |types: Vec<String>| types.into_iter().map(Arm::Type).collect::<Vec<_>>();
        let text = match (tag, fallback.map(|name| Arm::Type(name.to_owned()))) {
            (tag, None) => root(&plain(types), tag.as_deref()),
            (Some(field), Some(last)) => root(&[Arm::Tagged { types, field }, last], Some(ORDERED)),
            (None, Some(last)) => {
                let mut arms = plain(types);
                arms.push(last);
                root(&arms, Some(ORDERED))
            }
        };
        self.text.push_str(&text);
    }

    fn is_enum(&self, shape: &Shape) -> bool {
        let Shape::Named(name) = shape else { return false };
        self.model.classes.get(name).is_some_and(|class| matches!(class.body, Body::Enum { .. }))
    }

    fn field(&mut self, field: &Field) -> Result<String, TypegenError> {
        let missing_is_none = !field.required && field.default.is_none();
        let shape = if missing_is_none { field.shape.clone().optional() } else { field.shape.clone() };
        let (annotation, _) = self.scope.annotation(&shape, self.uses);
        let mut arguments = Vec::new();
        let mut plain = missing_is_none.then(|| "None".to_owned());
        if let (Some(value), false) = (&field.default, field.required) {
            match default(self.model, self.scope.class, field, value, self.uses)? {
                Default::Plain(text) => plain = Some(text),
                Default::Factory(text) => arguments.push(format!("default_factory={text}")),
            }
        }
        let mut further = alias_arguments(&field.wire, &field.name);
        if self.scope.class.direction == Direction::Sent {
            let limits = field.limits.iter().filter(|(keyword, _)| limit_applies(&field.shape, keyword));
            further.extend(limits.map(|(keyword, value)| format!("{keyword}={}", literal(value))));
        }
        if !further.is_empty() || !arguments.is_empty() {
            self.uses.pydantic.insert("Field");
            arguments.extend(plain.take().map(|default| format!("default={default}")));
            arguments.extend(further);
        }
        Ok(field_line(&field.name, &annotation, &arguments, plain.as_deref()))
    }
}

/// The types that a field's value is one of.
fn arms<'a>(model: &'a Model, shape: &'a Shape) -> Vec<&'a Shape> {
    let Some(class) = shape.inner_name().and_then(|name| model.classes.get(name)) else { return Vec::new() };
    match (&class.body, shape) {
        (Body::Union { arms, .. }, _) => arms.iter().collect(),
        (Body::Enum { .. }, Shape::Optional(inner)) => vec![inner],
        (Body::Enum { .. }, other) => vec![other],
        _ => Vec::new(),
    }
}

/// The shape with plain strings in the place of those that have a name; none where it has no such string.
fn plain(model: &Model, shape: &Shape) -> Option<Shape> {
    Some(match shape {
        Shape::Named(name) if matches!(model.classes.get(name)?.body, Body::Alias(Shape::Text)) => Shape::Text,
        Shape::List(inner) => Shape::List(Box::new(plain(model, inner)?)),
        Shape::Map(inner) => Shape::Map(Box::new(plain(model, inner)?)),
        Shape::Optional(inner) => Shape::Optional(Box::new(plain(model, inner)?)),
        _ => return None,
    })
}

/// The values of an enum, quoted.
fn words(model: &Model, shape: &Shape) -> Option<Vec<String>> {
    let Shape::Named(name) = shape else { return None };
    let Body::Enum { members } = &model.classes.get(name)?.body else { return None };
    Some(members.iter().map(|member| string(&member.value)).collect())
}

/// The words as a type; one a line where they would not fit behind a bar.
fn literals(words: &[String]) -> String {
    let behind = collected(12, "| Literal", ['[', ']'], words);
    behind.trim().trim_start_matches("| ").to_owned()
}

/// A field with its annotation and what stands behind the equals sign.
fn field_line(name: &str, annotation: &str, arguments: &[String], plain: Option<&str>) -> String {
    let lead = format!("{name}: {annotation}");
    if arguments.is_empty() {
        let value = plain.map(|value| format!(" = {value}")).unwrap_or_default();
        return solid(&format!("    {lead}{value}"));
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
    for (mark, set) in [("experimental", doc.experimental), ("deprecated", doc.deprecated)] {
        if set {
            let _ = writeln!(text, "{}# {mark}", " ".repeat(indent));
        }
    }
}
