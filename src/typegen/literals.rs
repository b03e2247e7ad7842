//! The words of enums, which public methods take in place of an enum's members: a module for type checkers alone.

use std::collections::BTreeSet;

use super::imports::Preamble;
use super::model::{Body, Model};
use super::parameters::WORDS;
use super::python::collected;

/// Whether a name is that of an enum's words.
pub(super) fn is_words(model: &Model, name: &str) -> bool {
    name.strip_suffix(WORDS).is_some_and(|of| members(model, of).is_some())
}

/// The module that names the words of enums; `words` are the names that annotations use.
pub(super) fn module(model: &Model, words: &BTreeSet<String>, preamble: &Preamble<'_>) -> String {
    let mut text = format!(
        "\"\"\"The words that keyword arguments take in place of an enum's members.\n\n{}\"\"\"\n\n\
         from __future__ import annotations\n\nfrom typing import Literal, TypeAlias\n\n",
        preamble.header
    );
    for alias in words {
        let members = alias.strip_suffix(WORDS).and_then(|name| members(model, name)).unwrap_or_default();
        text.push_str(&collected(0, &format!("{alias}: TypeAlias = Literal"), ['[', ']'], &members));
    }
    text
}

fn members(model: &Model, name: &str) -> Option<Vec<String>> {
    match &model.classes.get(name)?.body {
        Body::Enum { members } => Some(members.iter().map(|member| quoted(&member.value)).collect()),
        _ => None,
    }
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
