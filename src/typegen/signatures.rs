//! What a request is that the SDK spells out as methods, for the sync and the async class of the protocol clients and of
//! the public objects. The rows stand in `exposed` and are held against the schema there; `twins` writes them.

use super::error::TypegenError;
use super::model::{Body, Class, Field, Method, Model};

/// A request as methods of both protocol clients, and of the public classes above them.
pub(super) struct Exposed {
    pub(super) method: &'static str,
    /// The method of the protocol clients, and what its docstring says, or `BY_HAND`.
    pub(super) client: (&'static str, &'static str),
    pub(super) arguments: &'static [Argument],
    /// Further fields, by wire name and in order: the keywords of the public methods. The protocol clients take all that
    /// the schema has, as an object. Nothing of both where this is empty. With keywords, a face needs a `result`.
    /// A word with `+` is no field but a preset, which the SDK's `presets` turns into fields; one with `^` may also be given
    /// by its position.
    pub(super) keywords: &'static str,
    pub(super) faces: &'static [Face],
}

/// A public method, on the sync and on the async class: written by `face(…)`, or out with a `result` where its row has
/// keywords.
pub(super) struct Face {
    pub(super) owner: Owner,
    pub(super) name: &'static str,
    pub(super) gives: Gives,
    /// The first sentence of the docstring.
    pub(super) summary: &'static str,
    /// What is returned, for the docstring of a method with keywords.
    pub(super) result: &'static str,
}

/// The classes that have public methods; the async twin's name begins with `Async`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Owner {
    Codex,
    Thread,
    TurnHandle,
}

#[derive(Clone, Copy)]
pub(super) enum Gives {
    /// The response as it is.
    Response,
    /// The thread that the response names.
    Thread,
    /// The turn that the response names.
    TurnHandle,
    /// The sign-in to an MCP server that the response begins.
    LoginHandle,
    /// Nothing: the response says no more than that it was done.
    Nothing,
    /// What the turn of the face before comes to in the end.
    RunResult,
    /// What is on the pages that the face before gives one by one.
    Pages,
}

#[derive(Clone, Copy)]
pub(super) struct Argument {
    pub(super) name: &'static str,
    pub(super) annotation: &'static str,
    pub(super) wire: &'static str,
    pub(super) default: Option<&'static str>,
}

pub(super) const fn argument(name: &'static str, annotation: &'static str, wire: &'static str) -> Argument {
    Argument { name, annotation, wire, default: None }
}

pub(super) const fn switch(name: &'static str, wire: &'static str) -> Argument {
    Argument { name, annotation: "bool", wire, default: Some("False") }
}

pub(super) const fn face(owner: Owner, name: &'static str, gives: Gives, summary: &'static str) -> Face {
    Face { owner, name, gives, summary, result: "" }
}

pub(super) const THREAD_ID: Argument = argument("thread_id", "str", "threadId");
pub(super) const INPUT_ITEMS: Argument = argument("input_items", "WireInput", INPUT);

/// The key of what the user says: public methods take it in more forms, and it travels beside the other parameters.
pub(super) const INPUT: &str = "input";

/// Stands for the docstring of a client's method that `fixed_client` writes out.
pub(super) const BY_HAND: &str = "";

/// Begins a keyword that is no field of the schema.
pub(super) const PRESET: char = '+';

/// Begins a keyword that may also be given by its position, after the arguments.
const BY_POSITION: char = '^';

/// Begins a keyword that older runtimes do not know: an SDK of theirs does without it.
const NEWER: char = '?';

impl Exposed {
    /// The fields that are keywords.
    pub(super) fn fields(&self, model: &Model) -> impl Iterator<Item = &'static str> {
        self.words(model).filter(|word| !word.starts_with(PRESET))
    }

    /// The words of `keywords` in order, presets included, as far as the schema has them.
    pub(super) fn words(&self, model: &Model) -> impl Iterator<Item = &'static str> {
        self.keywords.split_whitespace().filter_map(|word| match word.strip_prefix(NEWER) {
            Some(newer) => self.field(model, newer).is_ok().then_some(newer),
            None => Some(word.trim_start_matches(BY_POSITION)),
        })
    }

    /// How many of `words` may also be given by their position; they come first.
    pub(super) fn by_position(&self) -> usize {
        self.keywords.split_whitespace().take_while(|word| word.starts_with(BY_POSITION)).count()
    }

    pub(super) fn response<'a>(&self, model: &'a Model) -> Result<&'a str, TypegenError> {
        self.method(model)?.response.as_deref().ok_or_else(|| self.vanished(self.method))
    }

    /// Whether the response has a field, by wire name.
    pub(super) fn answers(&self, model: &Model, wire: &str) -> bool {
        let response = self.response(model).ok().and_then(|name| model.classes.get(name));
        let Some(Class { body: Body::Model { fields, .. }, .. }) = response else { return false };
        fields.iter().any(|field| field.wire == wire)
    }

    /// The class of the parameters, and its fields.
    pub(super) fn params<'a>(&self, model: &'a Model) -> Result<(&'a str, &'a [Field]), TypegenError> {
        let params = self.method(model)?.params.as_deref().unwrap_or(self.method);
        match model.classes.get_key_value(params) {
            Some((name, Class { body: Body::Model { fields, .. }, .. })) => Ok((name, fields)),
            _ => Err(self.vanished(params)),
        }
    }

    pub(super) fn field<'a>(&self, model: &'a Model, wire: &str) -> Result<&'a Field, TypegenError> {
        let (params, fields) = self.params(model)?;
        fields.iter().find(|field| field.wire == wire).ok_or_else(|| self.vanished(&format!("{params}.{wire}")))
    }

    fn method<'a>(&self, model: &'a Model) -> Result<&'a Method, TypegenError> {
        let found = model.client_methods.iter().find(|method| method.name == self.method);
        found.ok_or_else(|| TypegenError::NoRequest { method: self.first_face(), protocol_method: self.method })
    }

    fn vanished(&self, missing: &str) -> TypegenError {
        TypegenError::Vanished { method: self.first_face(), missing: missing.to_owned(), protocol_method: self.method }
    }

    fn first_face(&self) -> &'static str {
        self.faces.first().map_or(self.client.0, |face| face.name)
    }

    /// A docstring with `Args:` has a `Returns:`, so a face of a row with keywords says what it returns.
    pub(super) fn says_its_results(&self) -> Result<(), TypegenError> {
        let silent = self.faces.iter().find(|face| !self.keywords.is_empty() && face.result.is_empty());
        silent.map_or(Ok(()), |face| Err(TypegenError::NoResult { method: face.name, protocol_method: self.method }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;

    const ROW: Exposed = Exposed {
        method: "thread/none",
        client: ("thread_none", "what no runtime has."),
        arguments: &[THREAD_ID],
        keywords: "",
        faces: &[face(Owner::Thread, "none", Gives::Response, "What no runtime has.")],
    };

    #[test]
    fn a_row_that_says_too_little_or_too_much_is_refused_with_a_way_out() {
        let failure = Failure::from(ROW.method(&Model::default()).err().unwrap()).render();
        assert!(failure.contains("`thread/none`, which this runtime does not have"), "{failure}");
        assert!(
            failure.contains("the runtime that the SDK is pinned to") && !failure.contains("keywords"),
            "{failure}"
        );
        assert!(ROW.says_its_results().is_ok());
        let failure = Failure::from(Exposed { keywords: "cwd", ..ROW }.says_its_results().unwrap_err()).render();
        assert!(failure.contains("`thread/none` gives its method `none` keywords"), "{failure}");
        assert!(failure.contains("with a `result`"), "{failure}");
    }
}
