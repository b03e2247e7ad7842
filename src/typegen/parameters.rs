//! What the keywords of the public methods are annotated with and described as, where that is not what the schema says.

use super::model::{Body, Field, Model, Shape};

/// Annotations of keyword arguments that differ from the schema's, by wire name.
const ANNOTATIONS: &[(&str, &str)] = &[("config", OBJECT), ("outputSchema", "JsonMapping | type[BaseModel]")];

/// An object as it is taken: whatever it may be changed to is nobody's concern here, so narrower values fit as well.
const OBJECT: &str = "JsonMapping";

/// A path as it is taken.
const PATH: &str = "StrPath";

/// A list of strings as it is taken. A `Sequence[str]` would let a single string pass.
const TEXTS: &str = "SequenceNotStr[str]";

/// A list of paths as it is taken.
const PATHS: &str = "SequenceNotStr[StrPath]";

/// Descriptions of arguments that the schema does not describe, or describes for another reader, by wire name.
const DESCRIPTIONS: &[(&str, &str)] = &[
    ("approvalPolicy", "When the server asks before it runs a command or changes a file."),
    ("baseInstructions", "Instructions that replace the model's own base instructions."),
    ("config", "Configuration values that override those of the user's configuration, by dotted key."),
    ("cwd", "The directory that commands run in."),
    ("thread/list cwd", "The directory whose threads are listed, or several."),
    ("developerInstructions", "Instructions of the application, besides those of the user."),
    ("effort", "How much the model reasons; from this turn on."),
    ("ephemeral", "Whether the thread is kept in memory only."),
    ("input", "What the user says: a text, one input item or a list of them."),
    ("model", "The id of the model."),
    ("modelProvider", "The id of the model provider, as the configuration names it."),
    ("outputSchema", "JSON Schema that the final response must follow, or a pydantic model; for this turn only."),
    ("personality", "The style of the model's messages, where the model has several."),
    ("sandbox", "How far commands are kept from the machine."),
    ("sandboxPolicy", "How far commands are kept from the machine, in detail; from this turn on."),
    ("serviceName", "The name of the application, for the server's logs."),
    ("serviceTier", "The service tier of the model's provider."),
    ("sessionStartSource", "What started the session."),
    ("summary", "How the model's reasoning is summarised; from this turn on."),
    ("threadId", "The id of the thread."),
    ("objective", "What is to be reached, in words."),
    ("status", "Where work on the goal stands, such as `active` or `paused`."),
    ("tokenBudget", "How many tokens may be spent on the goal."),
    ("cursor", "Where the page begins: `next_cursor` of the page before."),
    ("detail", "How much is told of each server; everything where it is left out."),
    ("limit", "How many entries a page has at most."),
    ("serverName", "The one server to tell of."),
    ("scopes", "The OAuth scopes to ask for."),
    ("timeoutSecs", "How many seconds the sign-in may take."),
    ("name", "The name of the server in the configuration."),
    ("server", "The name of the server in the configuration."),
    ("tool", "The name of the tool."),
    ("uri", "The address of the resource."),
    ("arguments", "The arguments of the tool, an object."),
    ("sectionId", "The section whose threads are listed."),
    (
        "turnTrigger",
        "What caused the turn, such as the name of an application; for this turn only. Needs runtime 0.151.0.",
    ),
    (
        "serviceTierForTurn",
        "The service tier of this turn alone; `service_tier` changes the thread's. Needs runtime 0.151.0.",
    ),
    ("excludeTurns", "Whether the answer carries the turns so far; the model sees them anyhow. Needs runtime 0.151.0."),
    ("+approval_mode", "Who decides about approvals; instead of `approval_policy` and `approvals_reviewer`."),
    ("+sandbox", "How far commands are kept from the machine, from this turn on; instead of `sandbox_policy`."),
    (
        "+tools",
        "Python functions that the model may call; name, description and arguments are theirs. They are told to the \
         model when the thread is started: a thread that there is keeps their descriptions, and is given the functions \
         themselves again in a new process.",
    ),
    (
        "+additional_directories",
        "Directories besides `cwd` that commands in the sandbox `workspace-write` may write to.",
    ),
    ("+network_access", "Whether commands in the sandbox `workspace-write` may use the network."),
    ("+web_search", "Whether and how the model may search the web."),
    ("+timeout", "How many seconds the turn may take; then it is interrupted and TurnTimeoutError raised."),
];

/// Fields that go by another name in Python, because theirs says it badly; the SDK's `presets` leads them back.
const RENAMED: &[(&str, &str)] =
    &[("excludeTurns", "include_turns"), ("serviceTierForTurn", "turn_service_tier"), ("turnTrigger", "source")];

/// Presets with the types that they take.
const PRESETS: &[(&str, &str)] = &[
    ("approval_mode", "ApprovalMode"),
    ("sandbox", "Sandbox"),
    ("timeout", "float"),
    ("tools", "Sequence[Callable[..., object]]"),
    ("additional_directories", PATHS),
    ("network_access", "bool"),
    ("web_search", "WebSearchMode | WebSearchModeName"),
];

/// The name of a field as a keyword argument.
pub(super) fn keyword(field: &Field) -> &str {
    RENAMED.iter().find(|(wire, _)| *wire == field.wire).map_or(&field.name, |(_, name)| name)
}

/// The annotation of a keyword that is no field.
pub(super) fn preset(name: &str) -> &'static str {
    PRESETS.iter().find(|(known, _)| *known == name).map_or("object", |(_, annotation)| annotation)
}

/// The description of a field in the requests of a method, where it says another thing there than elsewhere, or in any.
pub(super) fn description(method: &str, wire: &str) -> Option<&'static str> {
    let there = format!("{method} {wire}");
    let words = |key: &str| DESCRIPTIONS.iter().find(|(known, _)| *known == key).map(|(_, words)| *words);
    words(&there).or_else(|| words(wire))
}

/// What ends the name of the alias that holds an enum's words.
pub(super) const WORDS: &str = "Name";

/// Enums whose values are anybody's to choose.
const FREE: &[&str] = &["ThreadSource"];

/// The type of the plain strings that are taken for an enum: those that it knows.
fn words(name: &str, uses: &mut Vec<String>) -> String {
    if FREE.contains(&name) {
        return "str".to_owned();
    }
    let alias = format!("{name}{WORDS}");
    uses.push(alias.clone());
    alias
}

/// The annotation of a keyword argument: wider than the field's, since plain strings and paths are taken too.
pub(super) fn annotation(model: &Model, field: &Field, uses: &mut Vec<String>) -> String {
    if let Some((_, annotation)) = ANNOTATIONS.iter().find(|(wire, _)| *wire == field.wire) {
        return (*annotation).to_owned();
    }
    if field.wire == "sandbox" {
        uses.extend(["SandboxMode".to_owned(), "SandboxModeName".to_owned()]);
        return "SandboxMode | SandboxModeName | Sandbox".to_owned();
    }
    let body = |name: &str| model.classes.get(name).map(|class| &class.body);
    let path = field.name == "cwd";
    let shape = match &field.shape {
        Shape::Optional(inner) => inner,
        other => other,
    };
    match shape {
        Shape::Named(name) => match body(name) {
            Some(Body::Enum { .. }) => {
                uses.push(name.clone());
                format!("{name} | {}", words(name, uses))
            }
            Some(Body::Union { arms, .. }) => {
                uses.push(name.clone());
                let mut parts = vec![name.clone()];
                parts.extend(arms.iter().filter_map(|arm| match arm {
                    Shape::Text => Some(if path { PATH } else { "str" }.to_owned()),
                    Shape::List(_) if path => Some(format!("Sequence[{PATH}]")),
                    Shape::List(_) => Some(TEXTS.to_owned()),
                    Shape::Named(arm) if matches!(body(arm), Some(Body::Enum { .. })) => Some(words(arm, uses)),
                    Shape::Named(_) => Some(OBJECT.to_owned()),
                    _ => None,
                }));
                let mut once: Vec<String> = Vec::new();
                for part in parts {
                    if !once.contains(&part) {
                        once.push(part);
                    }
                }
                once.join(" | ")
            }
            _ => "str".into(),
        },
        Shape::Text if path => PATH.into(),
        Shape::Text => "str".into(),
        Shape::Boolean => "bool".into(),
        Shape::Integer => "int".into(),
        Shape::Number => "float".into(),
        Shape::List(inner) => match &**inner {
            Shape::Named(name) if matches!(body(name), Some(Body::Enum { .. })) => {
                uses.push(name.clone());
                format!("Sequence[{name} | {}]", words(name, uses))
            }
            _ => TEXTS.into(),
        },
        _ => OBJECT.into(),
    }
}

/// A keyword argument of a public method.
pub(super) struct Keyword {
    pub(super) name: String,
    pub(super) annotation: String,
    pub(super) words: Option<String>,
}

impl Keyword {
    /// As an argument of a call that has a parameter of its name.
    pub(super) fn passed(&self) -> String {
        format!("{0}={0}", self.name)
    }

    /// As a parameter.
    pub(super) fn parameter(&self) -> String {
        format!("{}: {} | None = None", self.name, self.annotation)
    }
}
