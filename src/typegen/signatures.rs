//! The flat keyword methods of the clients: the checked-in list of what they expose, held against the schema, and the
//! mixin module that spells them out. A new field of the schema is reported, a vanished one is an error.

use std::fmt::Write as _;

use super::TypegenError;
use super::emit::Package;
use super::model::{Body, Field, Model, Shape};
use super::python::{docstring, exploded, fits, wrap};

/// A family of methods: one signature, on the sync and the async class.
struct Signature {
    /// The Python name.
    name: &'static str,
    /// The protocol method behind it.
    method: &'static str,
    /// The definition of its parameters.
    params: &'static str,
    /// Which mixin it belongs to.
    owner: Owner,
    /// Arguments by position: Python name, annotation, wire name, what it is.
    positional: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Keyword arguments by wire name, in order.
    keywords: &'static [&'static str],
    /// What is returned, sync and async.
    returns: [&'static str; 2],
    /// The first sentence of its docstring.
    summary: &'static str,
    /// What it returns, for its docstring.
    result: &'static str,
}

#[derive(PartialEq, Clone, Copy)]
enum Owner {
    Codex,
    Thread,
}

const THREAD_ID: (&str, &str, &str, &str) = ("thread_id", "str", "threadId", "The id of the thread.");
const INPUT: (&str, &str, &str, &str) =
    ("input", "Input | str", "input", "What the user says: a text, one input item or a list of them.");

const TURN_KEYWORDS: &[&str] = &[
    "approvalPolicy",
    "approvalsReviewer",
    "cwd",
    "effort",
    "model",
    "outputSchema",
    "personality",
    "sandboxPolicy",
    "serviceTier",
    "summary",
];

const SIGNATURES: &[Signature] = &[
    Signature {
        name: "thread_start",
        method: "thread/start",
        params: "ThreadStartParams",
        owner: Owner::Codex,
        positional: &[],
        keywords: &[
            "approvalPolicy",
            "approvalsReviewer",
            "baseInstructions",
            "config",
            "cwd",
            "developerInstructions",
            "ephemeral",
            "model",
            "modelProvider",
            "personality",
            "sandbox",
            "serviceName",
            "serviceTier",
            "sessionStartSource",
            "threadSource",
        ],
        returns: ["Thread", "AsyncThread"],
        summary: "Start a new thread.",
        result: "The thread, ready for its first turn.",
    },
    Signature {
        name: "thread_list",
        method: "thread/list",
        params: "ThreadListParams",
        owner: Owner::Codex,
        positional: &[],
        keywords: &[
            "archived",
            "cursor",
            "cwd",
            "limit",
            "modelProviders",
            "searchTerm",
            "sortDirection",
            "sortKey",
            "sourceKinds",
            "useStateDbOnly",
        ],
        returns: ["ThreadListResponse", "ThreadListResponse"],
        summary: "List stored threads, one page at a time.",
        result: "One page of threads and the cursor of the next.",
    },
    Signature {
        name: "thread_resume",
        method: "thread/resume",
        params: "ThreadResumeParams",
        owner: Owner::Codex,
        positional: &[THREAD_ID],
        keywords: &[
            "approvalPolicy",
            "approvalsReviewer",
            "baseInstructions",
            "config",
            "cwd",
            "developerInstructions",
            "model",
            "modelProvider",
            "personality",
            "sandbox",
            "serviceTier",
        ],
        returns: ["Thread", "AsyncThread"],
        summary: "Continue a stored thread.",
        result: "The thread, ready for its next turn.",
    },
    Signature {
        name: "thread_fork",
        method: "thread/fork",
        params: "ThreadForkParams",
        owner: Owner::Codex,
        positional: &[THREAD_ID],
        keywords: &[
            "approvalPolicy",
            "approvalsReviewer",
            "baseInstructions",
            "config",
            "cwd",
            "developerInstructions",
            "ephemeral",
            "model",
            "modelProvider",
            "sandbox",
            "serviceTier",
            "threadSource",
        ],
        returns: ["Thread", "AsyncThread"],
        summary: "Start a new thread with the history of another.",
        result: "The new thread.",
    },
    Signature {
        name: "turn",
        method: "turn/start",
        params: "TurnStartParams",
        owner: Owner::Thread,
        positional: &[INPUT],
        keywords: TURN_KEYWORDS,
        returns: ["TurnHandle", "AsyncTurnHandle"],
        summary: "Start a turn and return at once.",
        result: "A handle that streams, steers or interrupts the turn.",
    },
    Signature {
        name: "run",
        method: "turn/start",
        params: "TurnStartParams",
        owner: Owner::Thread,
        positional: &[INPUT],
        keywords: TURN_KEYWORDS,
        returns: ["RunResult", "RunResult"],
        summary: "Run a whole turn and wait for its end.",
        result: "The final response, the items of the turn and the tokens used.",
    },
];

/// Annotations of keyword arguments that differ from the schema's, by wire name.
const ANNOTATIONS: &[(&str, &str)] = &[("config", "JsonObject"), ("outputSchema", "JsonObject")];

/// Descriptions of keyword arguments that the schema does not describe, or describes for another reader, by wire name.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("approvalPolicy", "When the server asks before it runs a command or changes a file."),
    ("baseInstructions", "Instructions that replace the model's own base instructions."),
    ("config", "Configuration values that override those of the user's configuration, by dotted key."),
    ("cwd", "The directory that commands run in, or whose threads are listed; a list may have several."),
    ("developerInstructions", "Instructions of the application, besides those of the user."),
    ("effort", "How much the model reasons; from this turn on."),
    ("ephemeral", "Whether the thread is kept in memory only."),
    ("model", "The id of the model."),
    ("modelProvider", "The id of the model provider, as the configuration names it."),
    ("outputSchema", "JSON Schema that the final response must follow; for this turn only."),
    ("personality", "The style of the model's messages, where the model has several."),
    ("sandbox", "How far commands are kept from the machine."),
    ("sandboxPolicy", "How far commands are kept from the machine, in detail; from this turn on."),
    ("serviceName", "The name of the application, for the server's logs."),
    ("serviceTier", "The service tier of the model's provider."),
    ("sessionStartSource", "What started the session."),
    ("summary", "How the model's reasoning is summarised; from this turn on."),
];

/// A field of the schema that a method does not expose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexposed {
    /// The Python method.
    pub method: &'static str,
    /// The field's name on the wire.
    pub field: String,
}

/// Fields of the schema that the methods do not expose.
///
/// # Errors
/// When a field that a method exposes, or its whole definition, is no longer in the schema.
pub fn unexposed(model: &Model) -> Result<Vec<Unexposed>, TypegenError> {
    let mut found = Vec::new();
    for signature in SIGNATURES {
        let fields = fields_of(model, signature)?;
        for wire in signature.keywords.iter().copied().chain(signature.positional.iter().map(|(_, _, wire, _)| *wire)) {
            find(fields, signature, wire)?;
        }
        for field in fields {
            let known = signature.keywords.contains(&field.wire.as_str())
                || field.wire == "threadId"
                || signature.positional.iter().any(|(_, _, wire, _)| *wire == field.wire);
            if !known {
                found.push(Unexposed { method: signature.name, field: field.wire.clone() });
            }
        }
    }
    Ok(found)
}

fn fields_of<'a>(model: &'a Model, signature: &Signature) -> Result<&'a [Field], TypegenError> {
    match model.classes.get(signature.params).map(|class| &class.body) {
        Some(Body::Model { fields, .. }) => Ok(fields),
        _ => Err(TypegenError::Vanished {
            method: signature.name,
            missing: signature.params.to_owned(),
            protocol_method: signature.method,
        }),
    }
}

fn find<'a>(fields: &'a [Field], signature: &Signature, wire: &str) -> Result<&'a Field, TypegenError> {
    fields.iter().find(|field| field.wire == wire).ok_or_else(|| TypegenError::Vanished {
        method: signature.name,
        missing: format!("{}.{wire}", signature.params),
        protocol_method: signature.method,
    })
}

/// The text of the mixin module.
///
/// # Errors
/// When a field that a method exposes is no longer in the schema.
pub fn module(model: &Model, package: &Package<'_>) -> Result<String, TypegenError> {
    let mut uses: Vec<String> = Vec::new();
    let mut classes = String::new();
    for (owner, name, what) in [
        (Owner::Codex, "CodexMethods", "The keyword methods of `Codex`"),
        (Owner::Codex, "AsyncCodexMethods", "The keyword methods of `AsyncCodex`"),
        (Owner::Thread, "ThreadMethods", "The keyword methods of `Thread`"),
        (Owner::Thread, "AsyncThreadMethods", "The keyword methods of `AsyncThread`"),
    ] {
        let asynchronous = name.starts_with("Async");
        let _ = writeln!(classes, "\n\nclass {name}(ABC):");
        docstring(&mut classes, 4, &format!("{what}; the hooks below do the work."));
        // Subclasses may be slotted.
        classes.push_str("\n    __slots__ = ()\n");
        let own = SIGNATURES.iter().filter(|signature| signature.owner == owner);
        for signature in own.clone() {
            method(&mut classes, model, signature, asynchronous, &mut uses)?;
        }
        for signature in own {
            hook(&mut classes, signature, asynchronous);
        }
    }
    uses.sort();
    uses.dedup();
    let uses: Vec<&str> = uses.iter().map(String::as_str).collect();
    let mut text = format!(
        "\"\"\"The keyword methods of the clients, from the list of what they expose.\n\n{}\"\"\"\n\n",
        package.header
    );
    text.push_str("from __future__ import annotations\n\nimport os\nfrom abc import ABC, abstractmethod\n");
    text.push_str("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n");
    let root = package.module;
    let _ = writeln!(text, "    from {root}._json import JsonObject");
    let _ = writeln!(text, "    from {root}.api import AsyncThread, AsyncTurnHandle, RunResult, Thread, TurnHandle");
    let _ = writeln!(text, "    from {root}.inputs import Input\n");
    let names = super::emit::sorted_imports(uses.iter().copied());
    let line = format!("    from .v2_all import {}", names.join(", "));
    if fits(&line) {
        let _ = writeln!(text, "{line}");
    } else {
        text.push_str(&exploded(4, "from .v2_all import ", ['(', ')'], &names, ""));
    }
    text.push_str(GIVEN);
    text.push_str(&classes);
    Ok(text)
}

/// Drops what was not given and turns path objects into strings.
const GIVEN: &str = r#"

def _given(**fields: object) -> dict[str, object]:
    """The arguments that were given; path objects become strings."""
    given: dict[str, object] = {}
    for name, value in fields.items():
        if isinstance(value, os.PathLike):
            given[name] = os.fspath(value)
        elif isinstance(value, list):
            given[name] = [os.fspath(e) if isinstance(e, os.PathLike) else e for e in value]
        elif value is not None:
            given[name] = value
    return given
"#;

fn method(
    text: &mut String,
    model: &Model,
    signature: &Signature,
    asynchronous: bool,
    uses: &mut Vec<String>,
) -> Result<(), TypegenError> {
    let fields = fields_of(model, signature)?;
    let mut parameters = vec!["self".to_owned()];
    for (name, annotation, _, _) in signature.positional {
        parameters.push(format!("{name}: {annotation}"));
    }
    if !signature.keywords.is_empty() {
        parameters.push("*".to_owned());
    }
    let mut arguments: Vec<(String, Option<String>)> = Vec::new();
    for (name, _, _, what) in signature.positional {
        arguments.push(((*name).to_owned(), Some((*what).to_owned())));
    }
    let mut given = Vec::new();
    for wire in signature.keywords {
        let field = find(fields, signature, wire)?;
        let annotation = annotation(model, field, uses);
        parameters.push(format!("{}: {annotation} | None = None", field.name));
        given.push(format!("{0}={0}", field.name));
        let named = match super::emit::inner_name(&field.shape).and_then(|name| model.classes.get(name)) {
            Some(class) if field.doc.text.is_none() => class.doc.text.clone(),
            _ => field.doc.text.clone(),
        };
        let own = DESCRIPTIONS.iter().find(|(known, _)| known == wire).map(|(_, words)| (*words).to_owned());
        arguments.push((field.name.clone(), own.or(named)));
    }
    let returns = signature.returns[usize::from(asynchronous)];
    if returns.ends_with("Response") {
        uses.push(returns.to_owned());
    }
    let lead = if asynchronous { "async def" } else { "def" };
    text.push('\n');
    text.push_str(&exploded(
        4,
        &format!("{lead} {}", signature.name),
        ['(', ')'],
        &parameters,
        &format!(" -> {returns}:"),
    ));
    write_docstring(text, signature.summary, &arguments, signature.result);
    let awaiting = if asynchronous { "await " } else { "" };
    text.push_str(&exploded(8, "fields = _given", ['(', ')'], &given, ""));
    let mut passed: Vec<String> = signature.positional.iter().map(|(name, _, _, _)| (*name).to_owned()).collect();
    passed.push("fields".into());
    let _ = writeln!(text, "        return {awaiting}self._{}({})", signature.name, passed.join(", "));
    Ok(())
}

/// A docstring with sections; descriptions of arguments hang below their names.
fn write_docstring(text: &mut String, summary: &str, arguments: &[(String, Option<String>)], result: &str) {
    let _ = writeln!(text, "        \"\"\"{summary}\n\n        Args:");
    for (name, doc) in arguments {
        let doc = doc.as_deref().unwrap_or("As the protocol says; the server's default where it is left out.");
        let _ = writeln!(text, "            {name}:");
        for line in wrap(doc, super::python::WIDTH - 16) {
            let line = format!("                {line}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let _ = writeln!(text, "\n        Returns:\n            {result}\n        \"\"\"");
}

fn hook(text: &mut String, signature: &Signature, asynchronous: bool) {
    let lead = if asynchronous { "async def" } else { "def" };
    let mut parameters = vec!["self".to_owned()];
    for (name, annotation, _, _) in signature.positional {
        parameters.push(format!("{name}: {annotation}"));
    }
    parameters.push("fields: dict[str, object]".to_owned());
    let returns = signature.returns[usize::from(asynchronous)];
    let _ = writeln!(text, "\n    @abstractmethod");
    text.push_str(&super::python::bracketed(
        4,
        &format!("{lead} _{}", signature.name),
        ['(', ')'],
        &parameters,
        &format!(" -> {returns}:"),
    ));
    let _ = writeln!(text, "        \"\"\"Send `{}` with these fields.\"\"\"", signature.method);
}

/// The annotation of a keyword argument: wider than the field's, since plain strings and paths are taken too.
fn annotation(model: &Model, field: &Field, uses: &mut Vec<String>) -> String {
    if let Some((_, annotation)) = ANNOTATIONS.iter().find(|(wire, _)| *wire == field.wire) {
        return (*annotation).to_owned();
    }
    let path = field.name == "cwd";
    let shape = match &field.shape {
        Shape::Optional(inner) => inner,
        other => other,
    };
    match shape {
        Shape::Named(name) => {
            uses.push(name.clone());
            let body = model.classes.get(name).map(|class| &class.body);
            match body {
                Some(Body::Enum { .. }) => format!("{name} | str"),
                Some(Body::Union { arms, .. }) => {
                    let mut parts = vec![name.clone()];
                    for arm in arms {
                        match arm {
                            Shape::Text => parts.push("str".into()),
                            Shape::List(_) => parts.push("list[str]".into()),
                            Shape::Named(arm) => match model.classes.get(arm).map(|class| &class.body) {
                                Some(Body::Enum { .. }) => parts.push("str".into()),
                                _ => parts.push("JsonObject".into()),
                            },
                            _ => {}
                        }
                    }
                    if path {
                        parts.push("os.PathLike[str]".into());
                    }
                    let mut seen = Vec::new();
                    parts.retain(|part| {
                        !seen.contains(part) && {
                            seen.push(part.clone());
                            true
                        }
                    });
                    parts.join(" | ")
                }
                _ => {
                    uses.pop();
                    "str".into()
                }
            }
        }
        Shape::Text if path => "str | os.PathLike[str]".into(),
        Shape::Text => "str".into(),
        Shape::Boolean => "bool".into(),
        Shape::Integer => "int".into(),
        Shape::Number => "float".into(),
        Shape::List(inner) => match &**inner {
            Shape::Named(name)
                if matches!(model.classes.get(name).map(|class| &class.body), Some(Body::Enum { .. })) =>
            {
                uses.push(name.clone());
                format!("list[{name}] | list[str]")
            }
            _ => "list[str]".into(),
        },
        _ => "JsonObject".into(),
    }
}
