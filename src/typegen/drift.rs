//! What changed between two runtimes for a user of the SDK: methods, notifications, types, fields, variants and values.
//!
//! A change is breaking where code that worked may stop working: something is gone, must now be given, may now be
//! missing, or is of another type. Enums and unions of received data are open, so what is added to them breaks nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Serialize, Serializer};

use super::build::build;
use super::error::TypegenError;
use super::model::{Body, Class, Field, Method, Model, Shape};
use super::names;
use super::schema::Schema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ChangeKind {
    MethodAdded,
    MethodRemoved,
    NotificationAdded,
    NotificationRemoved,
    ServerRequestAdded,
    ServerRequestRemoved,
    TypeAdded,
    TypeRemoved,
    TypeChanged,
    FieldAdded,
    FieldRemoved,
    FieldRequired,
    FieldOptional,
    FieldChanged,
    ValueAdded,
    ValueRemoved,
    VariantAdded,
    VariantRemoved,
}

impl ChangeKind {
    /// `ServerRequestAdded` is `server request added`.
    pub(super) fn words(self) -> String {
        names::words(&format!("{self:?}")).join(" ").to_lowercase()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct SchemaChange {
    pub(crate) kind: ChangeKind,
    /// By the names of the wire: a method, a type, `Type.field`, or an enum and its value.
    pub(crate) subject: String,
    pub(crate) detail: Option<Detail>,
    /// Whether code that worked may stop working.
    pub(crate) breaking: bool,
}

/// What is said of a change beside its subject. Serialised as it displays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// Of a new field: whether it must be given, and its type.
    Field { need: &'static str, shape: String },
    /// The types before and after.
    Shapes { before: String, after: String },
    /// What kinds of types a name stood and stands for.
    Bodies { before: &'static str, after: &'static str },
}

impl Detail {
    /// The sentence, with types written as `of_type` writes them.
    pub(super) fn with(&self, of_type: impl Fn(&str) -> String) -> String {
        match self {
            Self::Field { need, shape } => format!("{need} {}", of_type(shape)),
            Self::Shapes { before, after } => format!("{} is now {}", of_type(before), of_type(after)),
            Self::Bodies { before, after } => format!("{before} is now {after}"),
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.with(str::to_owned))
    }
}

impl Serialize for Detail {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl SchemaChange {
    /// A change that no program notices.
    fn harmless(kind: ChangeKind, subject: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), detail: None, breaking: false }
    }

    /// A change that some program must follow.
    fn breaking(kind: ChangeKind, subject: impl Into<String>) -> Self {
        Self { breaking: true, ..Self::harmless(kind, subject) }
    }
}

/// Everything that changed, sorted by kind and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drift {
    /// The runtime before, as a person names it.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) changes: Vec<SchemaChange>,
}

pub(crate) fn drift(from: (&str, &Schema), to: (&str, &Schema)) -> Result<Drift, TypegenError> {
    let (old, new) = (build(from.1)?, build(to.1)?);
    let aliases = old.classes.values().chain(new.classes.values()).filter_map(|class| match &class.body {
        Body::Alias(shape) => Some((class.name.clone(), shape.clone())),
        _ => None,
    });
    let aliases = aliases.collect();
    let mut comparison = Comparison { changes: BTreeSet::new(), aliases };
    comparison.methods(&old.client_methods, &new.client_methods, [ChangeKind::MethodAdded, ChangeKind::MethodRemoved]);
    let kinds = [ChangeKind::ServerRequestAdded, ChangeKind::ServerRequestRemoved];
    comparison.methods(&old.server_requests, &new.server_requests, kinds);
    let notifications = |model: &Model| -> Vec<Method> { model.notifications.iter().map(|(m, _)| m.clone()).collect() };
    let kinds = [ChangeKind::NotificationAdded, ChangeKind::NotificationRemoved];
    comparison.methods(&notifications(&old), &notifications(&new), kinds);
    comparison.types(&old, &new);
    Ok(Drift { from: from.0.to_owned(), to: to.0.to_owned(), changes: comparison.changes.into_iter().collect() })
}

/// Which ways the values of a class travel.
#[derive(Debug, Clone, Copy)]
struct Ways {
    is_sent: bool,
    is_received: bool,
}

struct Comparison {
    changes: BTreeSet<SchemaChange>,
    /// What names of types stand for, in either schema.
    aliases: BTreeMap<String, Shape>,
}

impl Comparison {
    /// A shape with names of plain types replaced by what they stand for.
    fn resolved(&self, shape: &Shape) -> Shape {
        match shape {
            Shape::Named(name) => match self.aliases.get(name) {
                // An alias of itself would not end; the schema's own check lets it pass.
                Some(inner) if matches!(inner, Shape::Text | Shape::Integer | Shape::Number | Shape::Boolean) => {
                    inner.clone()
                }
                _ => shape.clone(),
            },
            Shape::Optional(inner) => self.resolved(inner).optional(),
            Shape::List(inner) => Shape::List(Box::new(self.resolved(inner))),
            Shape::Map(inner) => Shape::Map(Box::new(self.resolved(inner))),
            Shape::Either(arms) => Shape::Either(arms.iter().map(|arm| self.resolved(arm)).collect()),
            other => other.clone(),
        }
    }

    fn add(&mut self, change: SchemaChange) {
        self.changes.insert(change);
    }

    fn methods(&mut self, old: &[Method], new: &[Method], [added, removed]: [ChangeKind; 2]) {
        let names = |methods: &[Method]| -> BTreeSet<String> { methods.iter().map(|m| m.name.clone()).collect() };
        let (old, new) = (names(old), names(new));
        for name in new.difference(&old) {
            self.add(SchemaChange::harmless(added, name));
        }
        for name in old.difference(&new) {
            self.add(SchemaChange::breaking(removed, name));
        }
    }

    fn types(&mut self, old: &Model, new: &Model) {
        let sent = |model: &Model| -> BTreeSet<String> {
            let params = model.client_methods.iter().filter_map(|method| method.params.as_deref());
            let answers = model.server_requests.iter().filter_map(|method| method.response.as_deref());
            model.closure(params.chain(answers)).into_iter().map(ToOwned::to_owned).collect()
        };
        let sent = sent(new);
        for (name, class) in &new.classes {
            if matches!(class.body, Body::Fallback { .. }) {
                continue;
            }
            match old.classes.get(name) {
                None => self.add(SchemaChange::harmless(ChangeKind::TypeAdded, name)),
                Some(before) => {
                    let is_received = class.direction == super::model::Direction::Received;
                    self.class(before, class, Ways { is_sent: sent.contains(name), is_received });
                }
            }
        }
        for (name, class) in &old.classes {
            if !new.classes.contains_key(name) && !matches!(class.body, Body::Fallback { .. }) {
                self.add(SchemaChange::breaking(ChangeKind::TypeRemoved, name));
            }
        }
    }

    fn class(&mut self, old: &Class, new: &Class, ways: Ways) {
        match (&old.body, &new.body) {
            (Body::Model { fields: before, .. }, Body::Model { fields: after, .. }) => {
                self.fields(&new.name, before, after, ways);
            }
            (Body::Enum { members: before }, Body::Enum { members: after }) => {
                let values = |members: &[super::model::EnumMember]| -> BTreeSet<String> {
                    members.iter().map(|member| member.value.clone()).collect()
                };
                self.difference(
                    &new.name,
                    &values(before),
                    &values(after),
                    [ChangeKind::ValueAdded, ChangeKind::ValueRemoved],
                );
            }
            (Body::Union { arms: before, .. }, Body::Union { arms: after, .. }) => {
                let names = |arms: &[Shape]| -> BTreeSet<String> { arms.iter().map(words).collect() };
                let kinds = [ChangeKind::VariantAdded, ChangeKind::VariantRemoved];
                self.difference(&new.name, &names(before), &names(after), kinds);
            }
            (Body::Alias(before), Body::Alias(after)) => {
                if before != after {
                    let detail = Detail::Shapes { before: words(before), after: words(after) };
                    self.add(SchemaChange {
                        detail: Some(detail),
                        ..SchemaChange::breaking(ChangeKind::TypeChanged, &new.name)
                    });
                }
            }
            (before, after) => {
                if std::mem::discriminant(before) != std::mem::discriminant(after) {
                    let detail = Detail::Bodies { before: kind_of(before), after: kind_of(after) };
                    self.add(SchemaChange {
                        detail: Some(detail),
                        ..SchemaChange::breaking(ChangeKind::TypeChanged, &new.name)
                    });
                }
            }
        }
    }

    fn difference(
        &mut self,
        name: &str,
        before: &BTreeSet<String>,
        after: &BTreeSet<String>,
        [added, removed]: [ChangeKind; 2],
    ) {
        for value in after.difference(before) {
            self.add(SchemaChange::harmless(added, format!("{name} `{value}`")));
        }
        for value in before.difference(after) {
            self.add(SchemaChange::breaking(removed, format!("{name} `{value}`")));
        }
    }

    fn fields(&mut self, class: &str, old: &[Field], new: &[Field], ways: Ways) {
        let before: BTreeMap<&str, &Field> = old.iter().map(|field| (field.wire.as_str(), field)).collect();
        let after: BTreeMap<&str, &Field> = new.iter().map(|field| (field.wire.as_str(), field)).collect();
        for (wire, field) in &after {
            let subject = format!("{class}.{wire}");
            let Some(known) = before.get(wire) else {
                let need = if field.required { "required" } else { "optional" };
                let detail = Some(Detail::Field { need, shape: words(&field.shape) });
                let breaking = field.required && ways.is_sent;
                self.add(SchemaChange { kind: ChangeKind::FieldAdded, subject, detail, breaking });
                continue;
            };
            if field.required && !known.required {
                let change = SchemaChange::harmless(ChangeKind::FieldRequired, &subject);
                self.add(SchemaChange { breaking: ways.is_sent, ..change });
            }
            if known.required && !field.required {
                let change = SchemaChange::harmless(ChangeKind::FieldOptional, &subject);
                self.add(SchemaChange { breaking: ways.is_received, ..change });
            }
            // A new name for the same type changes nothing for Python.
            if field.shape != known.shape && self.resolved(&field.shape) != self.resolved(&known.shape) {
                let detail = Some(Detail::Shapes { before: words(&known.shape), after: words(&field.shape) });
                // What may now be null besides is no harm to those who send it.
                let widened = known.shape.clone().optional() == field.shape;
                let breaking = ways.is_received || !widened;
                self.add(SchemaChange { kind: ChangeKind::FieldChanged, subject, detail, breaking });
            }
        }
        for wire in before.keys().filter(|wire| !after.contains_key(*wire)) {
            self.add(SchemaChange::breaking(ChangeKind::FieldRemoved, format!("{class}.{wire}")));
        }
    }
}

fn kind_of(body: &Body) -> &'static str {
    match body {
        Body::Model { .. } => "an object",
        Body::Enum { .. } => "an enum",
        Body::Union { .. } => "a union",
        Body::Fallback { .. } => "a fallback",
        Body::Alias(_) => "another name of a type",
    }
}

/// A shape as Python writes it.
fn words(shape: &Shape) -> String {
    match shape {
        Shape::Text => "str".into(),
        Shape::Integer => "int".into(),
        Shape::Number => "float".into(),
        Shape::Boolean => "bool".into(),
        Shape::Null => "None".into(),
        Shape::Anything => "Any".into(),
        Shape::Object => "dict[str, Any]".into(),
        Shape::List(inner) => format!("list[{}]", words(inner)),
        Shape::Map(inner) => format!("dict[str, {}]", words(inner)),
        Shape::Named(name) => name.clone(),
        Shape::Literal(values) => values.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(" | "),
        Shape::Optional(inner) => format!("{} | None", words(inner)),
        Shape::Either(arms) => arms.iter().map(words).collect::<Vec<_>>().join(" | "),
    }
}
