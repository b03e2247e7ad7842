//! Places in a schema as JSON pointers (RFC 6901), for errors and for names of what is nested.

use super::error::TypegenError;

/// A place in the definition of a type.
#[derive(Clone)]
pub(super) struct SchemaPosition<'a> {
    pub(super) definition: &'a str,
    pub(super) pointer: String,
}

impl<'a> SchemaPosition<'a> {
    pub(super) fn below(&self, step: impl std::fmt::Display) -> SchemaPosition<'a> {
        SchemaPosition { definition: self.definition, pointer: format!("{}/{step}", self.pointer) }
    }

    pub(super) fn refuse(&self, why: impl Into<String>) -> TypegenError {
        unsupported("schema", &format!("/definitions/{}{}", self.definition, self.pointer), why)
    }
}

/// A member name as a pointer writes it.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

pub(super) fn unsupported(file: &str, pointer: &str, why: impl Into<String>) -> TypegenError {
    TypegenError::Unsupported { file: file.to_owned(), pointer: format!("#{pointer}"), why: why.into() }
}
