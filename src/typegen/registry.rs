//! Writes the light modules: the registry of methods, the lazy facade over all models, and the package's constants.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::conform::conform;
use super::emit;
use super::error::TypegenError;
use super::imports::{Homes, Preamble, import_lines, sorted_imports};
use super::model::{Method, Model, Shape};
use super::order::{FACADE, Module};
use super::python::{exploded, fits, literal, string};
use super::schema::Mode;
use crate::digest::Sha256Digest;

/// What a request is answered with where nobody handles it: the legal refusals, the first that fits the schema is used.
/// Methods that are not here are answered with an error.
fn refusals() -> [(&'static str, Vec<Value>); 8] {
    let reason = "no handler for this request";
    // Up to 0.144 a denial was a plain word, since 0.154 it carries its reason.
    let denials = vec![json!({"decision": "denied"}), json!({"decision": {"denied": {"rejection": reason}}})];
    [
        ("applyPatchApproval", denials.clone()),
        ("execCommandApproval", denials),
        ("item/commandExecution/requestApproval", vec![json!({"decision": "decline"})]),
        ("item/fileChange/requestApproval", vec![json!({"decision": "decline"})]),
        ("item/permissions/requestApproval", vec![json!({"permissions": {}})]),
        ("item/tool/call", vec![json!({"contentItems": [], "success": false})]),
        ("item/tool/requestUserInput", vec![json!({"answers": {}})]),
        ("mcpServer/elicitation/request", vec![json!({"action": "decline"})]),
    ]
}

/// The text of the registry; an error where a refusal no longer fits the schema.
pub(super) fn registry(model: &Model, homes: &Homes<'_>, header: &str) -> Result<String, TypegenError> {
    let mut text = format!(
        "\"\"\"Methods of the protocol: their types by module and name, loaded by nobody here.\n\n{header}\"\"\"\n\n"
    );
    text.push_str("from __future__ import annotations\n");
    text.push_str("\n#: method -> module, model, and the key that says whose it is\n");
    let entries = model.notifications.iter().filter_map(|(method, routing)| {
        let params = method.params.as_deref()?;
        Some(entry(&method.name, &[quoted_home(homes, params), string(params), string(routing.word())]))
    });
    table(&mut text, "NOTIFICATIONS: dict[str, tuple[str, str, str]]", entries);
    text.push_str("\n#: method -> module, model of the parameters, model of the result, refusal (None: an error)\n");
    let known = refusals();
    let mut entries = Vec::new();
    for method in &model.server_requests {
        let (Some(params), Some(response)) = (&method.params, &method.response) else { continue };
        let candidates = known.iter().find(|(name, _)| *name == method.name).map(|(_, candidates)| candidates);
        let refusal = match candidates {
            Some(candidates) => literal(fitting(model, method, response, candidates)?),
            None => "None".into(),
        };
        entries.push(entry(&method.name, &[quoted_home(homes, params), string(params), string(response), refusal]));
    }
    table(&mut text, "SERVER_REQUESTS: dict[str, tuple[str, str, str, dict[str, object] | None]]", entries.into_iter());
    text.push_str("\n#: method -> module of the result, model of the parameters, model of the result\n");
    let entries = model.client_methods.iter().filter_map(|method| {
        let response = method.response.as_deref()?;
        let params = method.params.as_deref().map_or_else(|| "None".into(), string);
        Some(entry(&method.name, &[quoted_home(homes, response), params, string(response)]))
    });
    table(&mut text, "CLIENT_METHODS: dict[str, tuple[str, str | None, str]]", entries);
    Ok(text)
}

fn quoted_home(homes: &Homes<'_>, class: &str) -> String {
    string(homes.get(class).copied().unwrap_or("account"))
}

fn entry(key: &str, values: &[String]) -> String {
    let lead = format!("{}: ", string(key));
    let flat = format!("    {lead}({}),", values.join(", "));
    if fits(&flat) { flat + "\n" } else { exploded(4, &lead, ['(', ')'], values, ",") }
}

fn table(text: &mut String, lead: &str, entries: impl Iterator<Item = String>) {
    let entries: String = entries.collect();
    if entries.is_empty() {
        let _ = writeln!(text, "{lead} = {{}}");
    } else {
        let _ = write!(text, "{lead} = {{\n{entries}}}\n");
    }
}

/// The first refusal that the model of the answer takes.
fn fitting<'a>(
    model: &Model,
    method: &Method,
    response: &str,
    candidates: &'a [Value],
) -> Result<&'a Value, TypegenError> {
    let shape = Shape::Named(response.to_owned());
    let mut why = String::new();
    for candidate in candidates {
        match conform(model, &shape, candidate) {
            Ok(()) => return Ok(candidate),
            Err(misfit) => why = misfit,
        }
    }
    Err(TypegenError::Refusal { method: method.name.clone(), response: response.to_owned(), why })
}

/// The text of the facade: every class by name, its module loaded when the name is first used.
pub(super) fn facade(
    model: &Model,
    modules: &[Module],
    homes: &Homes<'_>,
    preamble: &Preamble<'_>,
) -> Result<String, TypegenError> {
    let own = modules.iter().find(|module| module.name == FACADE);
    let (imports, classes) = own.map_or(Ok(Default::default()), |own| emit::parts(model, own, homes, preamble))?;
    let purpose = own.map_or_else(String::new, |own| own.purpose.to_owned());
    let mut text = format!("\"\"\"{purpose}.\n\n{}\"\"\"\n\n", preamble.header);
    text.push_str("from __future__ import annotations\n\nimport importlib\nfrom typing import TYPE_CHECKING\n\n");
    if !imports.is_empty() {
        let _ = writeln!(text, "{imports}");
    }
    text.push_str("if TYPE_CHECKING:\n");
    let of_others = |module: &&Module| module.name != FACADE && !module.classes.is_empty();
    let mut sorted: Vec<&Module> = modules.iter().filter(of_others).collect();
    sorted.sort_by_key(|module| module.name);
    for module in &sorted {
        let lead = format!("from .{} import ", module.name);
        text.push_str(&import_lines(4, &lead, module.classes.iter().map(String::as_str)));
    }
    let all = sorted_imports(own.iter().chain(&sorted).flat_map(|module| module.classes.iter().map(String::as_str)));
    let all: Vec<String> = all.iter().map(|name| string(name)).collect();
    text.push('\n');
    text.push_str(&exploded(0, "__all__ = ", ['[', ']'], &all, ""));
    for module in &sorted {
        let mut names = module.classes.clone();
        names.sort();
        let names: Vec<String> = names.iter().map(|name| string(name)).collect();
        text.push('\n');
        text.push_str(&exploded(0, &format!("_{} = ", module.name.to_uppercase()), ['(', ')'], &names, ""));
    }
    text.push_str("\n_HOMES = {\n");
    for module in &sorted {
        let _ = writeln!(text, "    {}: _{},", string(module.name), module.name.to_uppercase());
    }
    text.push_str("}\n");
    text.push_str(LOOKUP);
    text.push_str(&classes);
    Ok(text)
}

const LOOKUP: &str = r#"_HOME = {name: module for module, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # a type checker that saw it would let any name pass

    def __getattr__(name: str) -> object:
        module = _HOME.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{module}", __package__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
"#;

/// The package's own module: what the types were generated from.
pub(super) fn package(version: &str, schema: Sha256Digest, mode: Mode) -> String {
    format!(
        "\"\"\"The protocol's types, generated from the pinned runtime's own schema by `relkit generate-types`.\n\n\
         Nothing here is edited by hand.\n\"\"\"\n\n\
         RUNTIME_VERSION = {}\nSCHEMA_SHA256 = {}\nSCHEMA_MODE = {}\n",
        string(version),
        string(&schema.to_string()),
        string(mode.word())
    )
}
