//! The model between schema and text: classes with their names, fields and directions, decided once.
//!
//! A definition becomes a model, an open enum, a union or an alias; variants and inline objects become classes of their
//! own. What a name would have to be guessed for is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The type of a field, an element or an alias.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// `string`.
    Text,
    /// `integer`, of any width.
    Integer,
    /// `number`.
    Number,
    /// `boolean`.
    Boolean,
    /// `null` alone.
    Null,
    /// A schema that allows everything.
    Anything,
    /// An object without declared fields.
    Object,
    /// A list.
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
    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) | Self::Anything | Self::Null => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// Adds the names that the shape uses.
    pub fn names<'a>(&'a self, into: &mut BTreeSet<&'a str>) {
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

/// What a description says about how finished a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// It may change or vanish without notice.
    pub experimental: bool,
    /// It is on its way out.
    pub deprecated: bool,
}

/// A description and what it says about stability.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doc {
    /// The words, as the schema has them.
    pub text: Option<String>,
    /// What they say about stability.
    pub marks: Marks,
}

/// Limits that the schema sets; checked on what is sent only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits {
    /// Keyword of pydantic's `Field` and the value as Python writes it.
    pub keywords: Vec<(&'static str, Value)>,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name on the wire.
    pub wire: String,
    /// The name in Python.
    pub name: String,
    /// Its type, without the optionality that a missing key adds.
    pub shape: Shape,
    /// Whether the key must be there.
    pub required: bool,
    /// The schema's default, when it is not null.
    pub default: Option<Value>,
    /// Limits of the value.
    pub limits: Limits,
    /// Its description.
    pub doc: Doc,
}

/// A member of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name in Python.
    pub name: String,
    /// The string on the wire.
    pub value: String,
    /// Its description.
    pub doc: Doc,
}

/// What a class is.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An object with fields.
    Model {
        /// In the schema's order.
        fields: Vec<Field>,
        /// Whether the schema itself allows further keys.
        open: bool,
    },
    /// A string with known values.
    Enum {
        /// In the schema's order.
        members: Vec<Member>,
    },
    /// One of several types; the class wraps the value as `root`.
    Union {
        /// In the schema's order.
        arms: Vec<Shape>,
        /// The wire name of the key that tells the arms apart.
        tag: Option<String>,
        /// The class that takes a received value that fits no arm.
        fallback: Option<String>,
    },
    /// The class that takes a received value that fits no arm of a union.
    Fallback {
        /// The union.
        union: String,
        /// Wire and Python name of the tag.
        tag: Option<(String, String)>,
    },
    /// Another name of a type.
    Alias(Shape),
}

/// Which way values of a class travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the server, or both ways: lenient.
    Received,
    /// From the client alone: strict.
    Sent,
}

/// A class of the generated package.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// The class name.
    pub name: String,
    /// The definition that it comes from.
    pub definition: String,
    /// What it is.
    pub body: Body,
    /// Its description.
    pub doc: Doc,
    /// Which way its values travel.
    pub direction: Direction,
}

impl Class {
    /// The names that the class needs to exist before it.
    #[must_use]
    pub fn needs(&self) -> BTreeSet<&str> {
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
pub struct Method {
    /// The name on the wire.
    pub name: String,
    /// The definition of its parameters; none where it has none.
    pub params: Option<String>,
    /// The definition of its result; none for notifications, and where no definition can be told to be it.
    pub response: Option<String>,
}

/// Which key of a notification says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// `turnId`.
    TurnId,
    /// `turn.id`.
    Turn,
    /// `threadId`.
    ThreadId,
    /// None: it concerns the whole server.
    Global,
}

impl Routing {
    /// The word that the registry uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TurnId => "turnId",
            Self::Turn => "turn.id",
            Self::ThreadId => "threadId",
            Self::Global => "global",
        }
    }
}

/// The protocol, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Every class by name.
    pub classes: BTreeMap<String, Class>,
    /// Requests that the client makes, sorted by name.
    pub client_methods: Vec<Method>,
    /// Requests that the server makes, sorted by name.
    pub server_requests: Vec<Method>,
    /// Notifications of the server, sorted by name, each with its routing.
    pub notifications: Vec<(Method, Routing)>,
}

impl Model {
    /// Every class that a set of names needs, with the names themselves.
    #[must_use]
    pub fn closure<'a, 'b>(&'a self, roots: impl IntoIterator<Item = &'b str>) -> BTreeSet<&'a str> {
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
