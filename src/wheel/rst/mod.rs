//! What keeps a reStructuredText description from rendering: docutils' warnings and errors, at the first of which an index stops.
//! A reader of the format that makes no document; what it is not sure of it passes over. docutils' reStructuredText specification.

mod body;
mod csv;
mod document;
mod explicit;
mod fault;
mod grid;
mod inline;
mod lines;
mod markers;
mod options;
mod other;
mod roles;
mod tables;

use body::{Body, Place};
use document::Document;
use fault::Fault;
use lines::Line;

/// The first thing found that is wrong with a text.
pub(crate) fn fault(text: &str) -> Option<Fault> {
    let lines = lines::split(text);
    let lines: Vec<Line<'_>> =
        lines.iter().enumerate().map(|(at, text)| Line { number: at + 1, text: text.as_str() }).collect();
    let mut document = Document::default();
    read(&mut document, &lines).err()
}

fn read<'a>(document: &mut Document<'a>, lines: &[Line<'a>]) -> Result<(), Fault> {
    // Blocks inside others are read last, and a role that they define is used before.
    for (at, line) in lines.iter().enumerate() {
        let Some(argument) = explicit::role_argument(line.text) else { continue };
        // It may stand in the next line.
        let next = lines.get(at + 1).map_or("", |next| next.text);
        roles::define(&mut document.roles, if argument.is_empty() { next } else { argument });
    }
    Body::new(document, lines, Place::Document).read()?;
    while let Some((lines, depth)) = document.nested.pop() {
        Body::new(document, &lines, Place::Inside(depth)).read()?;
    }
    document.resolve(lines.len())
}

#[cfg(test)]
mod tests;
