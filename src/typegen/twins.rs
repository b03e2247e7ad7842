//! The modules of methods, one for each class, so that a method can make what it returns without importing in a circle:
//! which classes they hold, each for threads and, differing in little but `await`, for event loops, and what they import.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::error::TypegenError;
use super::heads::{CLIENT_HEAD, CODEX_HEAD, Head, THREAD_HEAD, TURN_HEAD};
use super::imports::{Homes, Preamble, import_lines};
use super::literals;
use super::model::Model;
use super::python::{bracketed, exploded};
use super::signatures::{Argument, Owner};

/// The two faces of a class.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Twin {
    Sync,
    Async,
}

const TWINS: [Twin; 2] = [Twin::Sync, Twin::Async];

impl Twin {
    /// Begins the names of its classes.
    pub(super) fn prefix(self) -> &'static str {
        if self == Self::Async { "Async" } else { "" }
    }

    pub(super) fn class(self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    pub(super) fn definition(self) -> &'static str {
        if self == Self::Async { "async def" } else { "def" }
    }

    pub(super) fn wait(self) -> &'static str {
        if self == Self::Async { "await " } else { "" }
    }
}

impl Owner {
    /// The sync class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Codex => "Codex",
            Self::Thread => "Thread",
            Self::TurnHandle => "TurnHandle",
        }
    }

    /// What the objects that a method makes are given as their owner.
    pub(super) fn owner(self, twin: Twin) -> &'static str {
        match (self, twin) {
            (_, Twin::Sync) => "self._client",
            (Self::Codex, Twin::Async) => "self",
            (_, Twin::Async) => "self._codex",
        }
    }

    /// The protocol client.
    pub(super) fn client(self, twin: Twin) -> &'static str {
        match (self, twin) {
            (Self::Codex, _) | (_, Twin::Sync) => "self._client",
            (_, Twin::Async) => "self._codex._client",
        }
    }

    /// What the class knows by itself.
    pub(super) fn own(self, wire: &str) -> Option<&'static str> {
        match (self, wire) {
            (Self::Thread, "threadId") | (Self::TurnHandle, "turnId" | "expectedTurnId") => Some("self.id"),
            (Self::TurnHandle, "threadId") => Some("self.thread_id"),
            _ => None,
        }
    }

    /// The type of what the user says, and how it becomes wire input: a turn may also begin with the output of a tool.
    pub(super) fn input(self) -> (&'static str, &'static str) {
        match self {
            Self::TurnHandle => ("Input | str", "items = user_input(input)"),
            Self::Codex | Self::Thread => ("RunInput", "items, tool_output = turn_input(input)"),
        }
    }

    /// The class behind the methods, up to its methods.
    pub(super) fn head(self, twin: Twin) -> &'static str {
        match (self, twin) {
            (Self::Codex, Twin::Sync) => "    _client: AppServerClient\n",
            (Self::Codex, Twin::Async) => "",
            (Self::Thread, Twin::Sync) => "    _client: AppServerClient\n    id: str\n",
            (Self::Thread, Twin::Async) => "    _codex: AsyncOwner\n    id: str\n",
            (Self::TurnHandle, Twin::Sync) => "    _client: AppServerClient\n    thread_id: str\n    id: str\n",
            (Self::TurnHandle, Twin::Async) => "    _codex: AsyncOwner\n    thread_id: str\n    id: str\n",
        }
    }
}

/// The text of every module of methods, by its file name.
pub(super) fn modules(
    model: &Model,
    homes: &Homes<'_>,
    preamble: &Preamble<'_>,
) -> Result<BTreeMap<String, String>, TypegenError> {
    let module = preamble.module;
    let mut writer = Writer { model, homes, module, uses: Vec::new(), words: BTreeSet::new(), text: String::new() };
    let mut files = BTreeMap::new();
    for twin in TWINS {
        writer.client_class(twin)?;
    }
    files.insert("client_methods.py".to_owned(), writer.finish(preamble, &CLIENT_HEAD));
    for (owner, file, head) in [
        (Owner::TurnHandle, "turn_methods.py", &TURN_HEAD),
        (Owner::Thread, "thread_methods.py", &THREAD_HEAD),
        (Owner::Codex, "codex_methods.py", &CODEX_HEAD),
    ] {
        for twin in TWINS {
            writer.public_class(owner, twin)?;
        }
        files.insert(file.to_owned(), writer.finish(preamble, head));
    }
    files.insert("literals.py".to_owned(), literals::module(model, &writer.words, preamble));
    Ok(files)
}

/// What the methods of a module are written into, class by class.
pub(super) struct Writer<'a> {
    pub(super) model: &'a Model,
    homes: &'a Homes<'a>,
    /// The import package of the SDK.
    pub(super) module: &'a str,
    /// Names of the protocol that annotations use.
    pub(super) uses: Vec<String>,
    /// The enums whose words annotations use.
    words: BTreeSet<String>,
    /// The classes written so far.
    pub(super) text: String,
}

impl Writer<'_> {
    /// The module that holds what was written, and an empty one to go on with.
    fn finish(&mut self, preamble: &Preamble<'_>, head: &Head) -> String {
        let mut uses = std::mem::take(&mut self.uses);
        uses.sort();
        uses.dedup();
        let mut text = format!("\"\"\"{}\n\n", head.purpose);
        let _ = write!(text, "{}\"\"\"\n\nfrom __future__ import annotations\n\n", preamble.header);
        let named = |part: &str| part.replace("ROOT", preamble.module);
        let _ = write!(text, "{}\nif TYPE_CHECKING:\n{}\n", named(head.imports), named(head.typing));
        let (words, uses): (Vec<String>, Vec<String>) =
            uses.into_iter().partition(|name| literals::is_words(self.model, name));
        if !words.is_empty() {
            text.push_str(&import_lines(4, "from .literals import ", words.iter().map(String::as_str)));
        }
        self.words.extend(words);
        let (renamed, uses): (Vec<String>, Vec<String>) = uses.into_iter().partition(|name| name.contains(" as "));
        text.push_str(&import_lines(4, "from .v2_all import ", uses.iter().map(String::as_str)));
        for name in renamed {
            let _ = writeln!(text, "    from .v2_all import {name}");
        }
        text + head.rest + &std::mem::take(&mut self.text)
    }

    /// The head of a method.
    pub(super) fn signature(&mut self, twin: Twin, name: &str, parameters: &[String], returns: &str, breaks: Breaks) {
        let lead = format!("{} {name}", twin.definition());
        let layout = if breaks == Breaks::Everywhere { exploded } else { bracketed };
        let text = layout(4, &lead, ['(', ')'], parameters, &format!(" -> {returns}:"));
        let _ = write!(self.text, "\n{text}");
    }

    /// The import of a model inside of a method.
    pub(super) fn import(&mut self, class: &str) {
        let home = self.homes.get(class).copied().unwrap_or(super::order::FACADE);
        let _ = writeln!(self.text, "        from .{home} import {class}\n");
    }
}

/// Where the parameters of a method are broken into lines.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Breaks {
    Everywhere,
    WhereNeeded,
}

/// An argument as a parameter.
pub(super) fn parameter(argument: &Argument) -> String {
    let default = argument.default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", argument.name, argument.annotation)
}
