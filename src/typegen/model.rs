//! The model between schema and text: classes with their names, fields and directions, decided once.
//!
//! A definition becomes a model, an open enum, a union or an alias; variants and inline objects become classes of their
//! own. What a name would have to be guessed for is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The type of a field, an element or an alias.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Text,
    /// `integer`, of any width.
    Integer,
    Number,
    Boolean,
    /// `null` alone.
    Null,
    /// A schema that allows everything.
    Anything,
    /// An object without declared fields.
    Object,
    List(Box<Shape>),
    /// An object whose values share a type.
    Map(Box<Shape>),
    /// A class or alias by name.
    Named(String),
    /// One of these strings; the tag of a variant.
    Literal(Vec<String>),
    /// The type or null.
    Optional(Box<Shape>),
    /// Any of these, without a class of its own.
    Either(Vec<Shape>),
}

impl Shape {
    /// The type or null, once.
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Optional(_) | Self::Anything | Self::Null => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// The type that it is where it is not null.
    pub(super) fn without_null(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner,
            other => other,
        }
    }

    /// The class that the shape is about, below lists and null.
    pub(super) fn inner_name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::List(inner) | Self::Optional(inner) => inner.inner_name(),
            _ => None,
        }
    }

    /// Adds the names that the shape uses.
    pub(super) fn names<'a>(&'a self, into: &mut BTreeSet<&'a str>) {
        match self {
            Self::Named(name) => {
                into.insert(name);
            }
            Self::List(inner) | Self::Map(inner) | Self::Optional(inner) => inner.names(into),
            Self::Either(arms) => arms.iter().for_each(|arm| arm.names(into)),
            _ => {}
        }
    }
}

/// A description, and what it says about how finished a thing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Doc {
    pub(super) text: Option<String>,
    pub(super) experimental: bool,
    pub(super) deprecated: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) wire: String,
    pub(super) name: String,
    /// Without the optionality that a missing key adds.
    pub(super) shape: Shape,
    /// Whether the key must be there.
    pub(super) required: bool,
    /// The schema's default, when it is not null.
    pub(super) default: Option<Value>,
    /// Keywords of pydantic's `Field` with their values; checked on what is sent only.
    pub(super) limits: Vec<(&'static str, Value)>,
    pub(super) doc: Doc,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EnumMember {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) doc: Doc,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    /// An object with fields.
    Model {
        fields: Vec<Field>,
        /// Whether the schema itself allows further keys.
        open: bool,
    },
    /// A string with known values.
    Enum {
        members: Vec<EnumMember>,
    },
    /// One of several types; the class wraps the value as `root`.
    Union {
        arms: Vec<Shape>,
        /// The wire name of the key that tells the arms apart.
        tag: Option<String>,
        /// The class that takes a received value that fits no arm.
        fallback: Option<String>,
    },
    /// The class that takes a received value that fits no arm of a union.
    Fallback {
        union: String,
        /// Wire and Python name of the tag.
        tag: Option<(String, String)>,
    },
    Alias(Shape),
}

/// Which way values of a class travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the server, or both ways: lenient.
    Received,
    /// From the client alone: strict.
    Sent,
}

/// A class of the generated package.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub(super) name: String,
    /// The definition that it comes from.
    pub(super) definition: String,
    pub(super) body: Body,
    pub(super) doc: Doc,
    pub(super) direction: Direction,
}

impl Class {
    /// The names that the class needs to exist before it.
    pub(super) fn needs(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        match &self.body {
            Body::Model { fields, .. } => fields.iter().for_each(|field| field.shape.names(&mut names)),
            Body::Union { arms, fallback, .. } => {
                arms.iter().for_each(|arm| arm.names(&mut names));
                names.extend(fallback.as_deref());
            }
            Body::Alias(shape) => shape.names(&mut names),
            Body::Enum { .. } | Body::Fallback { .. } => {}
        }
        names
    }
}

/// A method of the protocol and the types of its parameters and result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) params: Option<String>,
    /// The definition of its result; none for notifications, and where no definition can be told to be it.
    pub(super) response: Option<String>,
}

/// Which key of a notification says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Routing {
    TurnId,
    Turn,
    ThreadId,
    /// None: it concerns the whole server.
    Global,
}

impl Routing {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::TurnId => "turnId",
            Self::Turn => "turn.id",
            Self::ThreadId => "threadId",
            Self::Global => "global",
        }
    }
}

/// The protocol, ready to be written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Model {
    pub(super) classes: BTreeMap<String, Class>,
    /// Requests that the client makes, sorted by name.
    pub(super) client_methods: Vec<Method>,
    /// Requests that the server makes, sorted by name.
    pub(super) server_requests: Vec<Method>,
    /// Notifications of the server, sorted by name, each with its routing.
    pub(super) notifications: Vec<(Method, Routing)>,
}

impl Model {
    /// Every class that a set of names needs, with the names themselves.
    pub(super) fn closure<'a, 'b>(&'a self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let known = |name: &str| self.classes.get_key_value(name);
        let mut open: Vec<(&'a String, &'a Class)> = roots.into_iter().filter_map(known).collect();
        while let Some((name, class)) = open.pop() {
            if seen.insert(name.as_str()) {
                open.extend(class.needs().into_iter().filter_map(known));
            }
        }
        seen
    }
}
