//! What the rows of `files` must leave alone: what the wheel's own commands and the environment have already, and each
//! other's files.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};

use super::error::ProductError;
use super::files::{Destination, FileRule, Naming};
use super::table::Origin;
use crate::member_path::{Node, Paths};
use crate::wheel::environment::{command, is_directory, is_own_command, owner};

/// What a file at `path`, from the root of the environment, would stand in the place of in a wheel with these commands.
pub(super) fn replaced(path: &str, commands: &[&str]) -> Option<String> {
    let is_own = |name: &&&str| command(path).is_some_and(|command| command.eq_ignore_ascii_case(name));
    match commands.iter().find(is_own) {
        Some(name) => Some(format!("the command `{name}` of this wheel")),
        None => owner(path).map(str::to_owned),
    }
}

/// Refuses commands that an installer would write over the environment's own.
pub(super) fn check_commands(key: &str, names: &[String], origin: Origin<'_>) -> Result<(), ProductError> {
    match names.iter().find(|name| is_own_command(name)) {
        Some(name) => {
            let why = "is a command of the environment itself, which installing the wheel would overwrite";
            Err(origin.refused(key, format!("`{name}` {why}: give it another name")))
        }
        None => Ok(()),
    }
}

/// Refuses rows whose files are known to go where something else is, or where a row before them goes.
pub(super) fn check(files: &[FileRule], commands: &[&str], origin: Origin<'_>) -> Result<(), ProductError> {
    let mut taken: HashMap<Discriminant<Destination>, Paths> = HashMap::new();
    let mut rows: HashMap<(Discriminant<Destination>, String), &FileRule> = HashMap::new();
    for (index, rule) in files.iter().enumerate() {
        let refused = |why: String| Err(origin.refused(&format!("files[{index}].to"), why));
        let known = rule.known_path();
        let inside = match &rule.to {
            Destination::Data(Naming::Into(directory)) if known.is_none() => Some(format!("{directory}/*")),
            Destination::Data(_) => known.clone(),
            _ => None,
        };
        if let Destination::Data(Naming::As(path)) = &rule.to
            && is_directory(path)
        {
            let why = "is a directory that environments have, and a file would stand in its place";
            return refused(format!("`{path}` {why}: end it in a slash, `{path}/`, to put the file into it"));
        }
        if let Destination::Package(_) = &rule.to
            && let Some(path) = known.as_deref().filter(|path| path.eq_ignore_ascii_case("__init__.py"))
        {
            return refused(format!(
                "`package/{path}` is the module that the template itself has: give the file another name"
            ));
        }
        if let Some((what, path)) = inside.and_then(|path| Some((replaced(&path, commands)?, path))) {
            return refused(format!("`{path}` is the place of {what}"));
        }
        let Some(path) = known else { continue };
        let kind = discriminant(&rule.to);
        if let Some(other) = rows.get(&(kind, path.clone())) {
            if other.from == rule.from {
                continue;
            }
            return refused(format!("`{}` is where the row of `{}` goes already", rule.to, other.from));
        }
        if let Some(clash) = taken.entry(kind).or_default().take(&path, Node::File).first() {
            return refused(format!("`{path}` cannot stand beside what other rows ship: {clash}"));
        }
        rows.insert((kind, path), rule);
    }
    Ok(())
}
