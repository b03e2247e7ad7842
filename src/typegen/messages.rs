//! The methods of the protocol: their parameters, their results, and whose turn or thread a notification belongs to.

use serde_json::Value;

use super::error::TypegenError;
use super::keywords::{tag_values, union_branches};
use super::model::{Method, Routing};
use super::pointer::SchemaPosition;
use super::schema::Schema;
use super::{names, overrides};

/// Every method of the protocol, by who may call it; each list is sorted by name.
pub(super) struct Messages {
    /// Requests of the client.
    pub(super) client_methods: Vec<Method>,
    /// Requests of the server.
    pub(super) server_requests: Vec<Method>,
    /// Notifications of the server, with what they are routed by.
    pub(super) notifications: Vec<(Method, Routing)>,
}

type ResponseOf = fn(&Schema, &str, Option<&str>) -> Option<String>;

/// Reads the methods out of the unions of whole messages.
pub(super) fn messages(schema: &Schema) -> Result<Messages, TypegenError> {
    let client_methods = methods(schema, "ClientRequest", response_of_client)?;
    let server_requests = methods(schema, "ServerRequest", response_of_server)?;
    let notifications = methods(schema, "ServerNotification", |_, _, _| None)?;
    let notifications = notifications
        .into_iter()
        .map(|method| {
            let routing = method.params.as_deref().map_or(Routing::Global, |params| routing(schema, params));
            (method, routing)
        })
        .collect();
    Ok(Messages { client_methods, server_requests, notifications })
}

/// The methods of an envelope union, sorted by name.
fn methods(schema: &Schema, envelope: &str, response_of: ResponseOf) -> Result<Vec<Method>, TypegenError> {
    let place = SchemaPosition { definition: envelope, pointer: "/oneOf".into() };
    let Some(definition) = schema.definitions.get(envelope) else { return Ok(Vec::new()) };
    let branches = definition
        .as_object()
        .and_then(union_branches)
        .map(|(_, branches)| branches)
        .ok_or_else(|| place.refuse("expected a union of messages"))?;
    let mut found = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let name = tag_values(branch, "method").and_then(|mut names| names.pop());
        let name = name.ok_or_else(|| place.below(index).refuse("expected a message with a `method`"))?;
        let params = branch.get("properties").and_then(|properties| properties.get("params"));
        let params = params.and_then(reference_in).map(ToOwned::to_owned);
        let response = response_of(schema, &name, params.as_deref());
        found.push(Method { name, params, response });
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn reference_in(schema: &Value) -> Option<&str> {
    schema.get("$ref").and_then(Value::as_str).or_else(|| {
        let branches = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|key| schema.get(key)?.as_array())?;
        branches.iter().find_map(reference_in)
    })
}

fn response_of_client(schema: &Schema, method: &str, params: Option<&str>) -> Option<String> {
    let candidates = [
        overrides::response(method).map(ToOwned::to_owned),
        params.and_then(|params| params.strip_suffix("Params")).map(|stem| format!("{stem}Response")),
        names::pascal(method).map(|stem| format!("{stem}Response")),
    ];
    candidates.into_iter().flatten().find(|name| schema.definitions.contains_key(name))
}

fn response_of_server(schema: &Schema, _: &str, params: Option<&str>) -> Option<String> {
    let name = format!("{}Response", params?.strip_suffix("Params")?);
    schema.definitions.contains_key(&name).then_some(name)
}

fn routing(schema: &Schema, params: &str) -> Routing {
    let properties = schema.definitions.get(params).and_then(|params| params.get("properties"));
    let has = |key: &str| properties.and_then(|properties| properties.get(key));
    if has("turnId").is_some() {
        return Routing::TurnId;
    }
    let turn = has("turn").and_then(reference_in).and_then(|turn| schema.definitions.get(turn));
    if turn.and_then(|turn| turn.get("properties")?.get("id")).is_some() {
        return Routing::Turn;
    }
    if has("threadId").is_some() { Routing::ThreadId } else { Routing::Global }
}
