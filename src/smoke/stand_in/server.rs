//! The server that the stand-in plays: threads and turns, answered and told in the order of the real one. A turn is over
//! before the next line is read; nothing here takes long.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relkit_client::rpc::{self, Message, RequestId, RpcError};
use serde_json::{Value, json};

use super::model::{self, ModelEvent};

/// JSON-RPC 2.0: invalid request; what the real server says to nearly everything that is wrong.
const INVALID_REQUEST: i64 = -32600;

pub(super) struct Server<W> {
    version: String,
    model: String,
    provider: String,
    pub(super) base_url: Option<String>,
    output: W,
    client: Option<String>,
    threads: BTreeSet<String>,
}

impl<W: Write> Server<W> {
    pub(super) fn new(version: String, configuration: &toml::Table, output: W) -> Self {
        let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        let provider = text(configuration.get("model_provider")).unwrap_or_else(|| "openai".into());
        let settings = configuration.get("model_providers").and_then(|providers| providers.get(&provider));
        let base_url = text(settings.and_then(|settings| settings.get("base_url")));
        let model = text(configuration.get("model")).unwrap_or_else(|| "stand-in".into());
        Self { version, model, provider, base_url, output, client: None, threads: BTreeSet::new() }
    }

    /// Answers line by line until the input ends.
    pub(super) fn serve(mut self, input: impl BufRead) {
        for line in input.split(b'\n') {
            let Ok(line) = line else { break };
            // What cannot be read gets no answer, as with the real server.
            if let Ok(Message::Request { id, method, params }) = rpc::decode(&line) {
                self.request(id, &method, &params);
            }
        }
    }

    fn write(&mut self, message: &Message) {
        // A client that is gone closes the input too, which ends the server.
        let _ = self.output.write_all(rpc::encode(message).as_bytes()).and_then(|()| self.output.flush());
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.write(&Message::Notification { method: method.to_owned(), params });
    }

    fn request(&mut self, id: RequestId, method: &str, params: &Value) {
        let answered = match (method, &self.client) {
            ("initialize", Some(_)) => Err("Already initialized".to_owned()),
            ("initialize", None) => self.initialize(params),
            (_, None) => Err("Not initialized".to_owned()),
            // These two tell more after their answer.
            ("thread/start", _) => return self.start_thread(id, params),
            ("turn/start", _) => return self.start_turn(id, params),
            // A turn that could be interrupted is over when this is read.
            ("turn/interrupt", _) => Err("no active turn to interrupt".to_owned()),
            _ => Err(format!("Invalid request: unknown variant `{method}`")),
        };
        self.answer(id, answered);
    }

    fn answer(&mut self, id: RequestId, answered: Result<Value, String>) {
        let outcome = answered.map_err(|message| RpcError { code: INVALID_REQUEST, message, data: None });
        self.write(&Message::Response { id, outcome });
    }

    fn initialize(&mut self, params: &Value) -> Result<Value, String> {
        let client = required(params, "/clientInfo/name", "clientInfo")?;
        let client_version = required(params, "/clientInfo/version", "version")?;
        let home = std::env::var("CODEX_HOME").unwrap_or_default();
        let (os, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
        let version = &self.version;
        let user_agent = format!("{client}/{version} ({os}; {architecture}) stand-in ({client}; {client_version})");
        self.client = Some(client);
        let family = std::env::consts::FAMILY;
        Ok(json!({ "userAgent": user_agent, "codexHome": home, "platformFamily": family, "platformOs": os }))
    }

    fn start_thread(&mut self, id: RequestId, params: &Value) {
        let own = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let cwd = params.get("cwd").and_then(Value::as_str).map_or(own, PathBuf::from);
        let thread_id = fresh_id();
        let now = now().as_secs();
        let thread = json!({
            "id": thread_id,
            "sessionId": thread_id,
            "preview": "",
            "ephemeral": true,
            "modelProvider": self.provider,
            "model": self.model,
            "createdAt": now,
            "updatedAt": now,
            "status": { "type": "idle" },
            "path": null,
            "cwd": cwd,
            "cliVersion": self.version,
            "originator": self.client,
            "source": "vscode",
            "name": null,
            "projectId": null,
            "turns": [],
        });
        let result = json!({
            "thread": thread,
            "model": self.model,
            "modelProvider": self.provider,
            "cwd": cwd,
            "approvalPolicy": "never",
            "approvalsReviewer": "user",
            "sandbox": { "type": "readOnly", "networkAccess": false },
            "instructionSources": [],
            "reasoningEffort": null,
        });
        self.threads.insert(thread_id);
        self.answer(id, Ok(result));
        self.notify("thread/started", json!({ "thread": thread }));
    }

    /// The thread and the input of a turn.
    fn turn_of(&self, params: &Value) -> Result<(String, Vec<Value>), String> {
        let thread_id = required(params, "/threadId", "threadId")?;
        if !self.threads.contains(&thread_id) {
            return Err(format!("thread not found: {thread_id}"));
        }
        let input = params.get("input").and_then(Value::as_array).cloned();
        Ok((thread_id, input.ok_or("Invalid request: missing field `input`")?))
    }

    fn start_turn(&mut self, id: RequestId, params: &Value) {
        let (thread_id, input) = match self.turn_of(params) {
            Ok(turn) => turn,
            Err(why) => return self.answer(id, Err(why)),
        };
        let turn_id = fresh_id();
        self.answer(id, Ok(json!({ "turn": turn_json(&turn_id, "inProgress", &Value::Null) })));
        Turn { server: self, thread_id, id: turn_id }.play(&input);
    }
}

struct Turn<'a, W> {
    server: &'a mut Server<W>,
    thread_id: String,
    id: String,
}

impl<W: Write> Turn<'_, W> {
    fn play(&mut self, input: &[Value]) {
        self.tell("thread/status/changed", json!({ "status": { "type": "active", "activeFlags": [] } }));
        self.tell("turn/started", json!({ "turn": turn_json(&self.id, "inProgress", &Value::Null) }));
        if !input.is_empty() {
            let item = json!({ "type": "userMessage", "id": fresh_id(), "clientId": null, "content": input });
            self.item_started(&item);
            self.item_completed(&item);
        }
        let (status, state, error) = match self.ask(input) {
            Ok(()) => ("completed", "idle", Value::Null),
            Err(message) => {
                let error = json!({ "message": message, "codexErrorInfo": "other", "additionalDetails": null });
                self.tell("error", json!({ "error": error, "willRetry": false, "turnId": self.id }));
                ("failed", "systemError", error)
            }
        };
        self.tell("thread/status/changed", json!({ "status": { "type": state } }));
        self.tell("turn/completed", json!({ "turn": turn_json(&self.id, status, &error) }));
    }

    fn ask(&mut self, input: &[Value]) -> Result<(), String> {
        let base_url = self.server.base_url.clone().ok_or("no `base_url` is configured for the model provider")?;
        let texts = input.iter().filter_map(|item| item["text"].as_str());
        let content: Vec<_> = texts.map(|text| json!({ "type": "input_text", "text": text })).collect();
        let body = json!({
            "model": self.server.model,
            "input": [{ "type": "message", "role": "user", "content": content }],
            "tools": [],
            "stream": true,
            "store": false,
        });
        let mut started = None;
        model::post(&base_url, &body, |event| match event {
            ModelEvent::Added(id) => {
                self.item_started(&agent_message(&id, ""));
                started = Some(id);
            }
            ModelEvent::Delta(item_id, delta) => {
                let params = json!({ "turnId": self.id, "itemId": item_id, "delta": delta });
                self.tell("item/agentMessage/delta", params);
            }
            ModelEvent::Done(id, text) => {
                if started.as_ref() != Some(&id) {
                    self.item_started(&agent_message(&id, ""));
                }
                self.item_completed(&agent_message(&id, &text));
            }
            ModelEvent::Completed(usage) => self.usage(&usage),
        })
    }

    fn usage(&mut self, usage: &Value) {
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        let breakdown = json!({
            "totalTokens": count("total_tokens"),
            "inputTokens": count("input_tokens"),
            "cachedInputTokens": 0,
            "outputTokens": count("output_tokens"),
            "reasoningOutputTokens": 0,
        });
        let usage = json!({ "total": breakdown, "last": breakdown, "modelContextWindow": null });
        self.tell("thread/tokenUsage/updated", json!({ "turnId": self.id, "tokenUsage": usage }));
    }

    fn item_started(&mut self, item: &Value) {
        self.tell("item/started", json!({ "turnId": self.id, "item": item, "startedAtMs": milliseconds() }));
    }

    fn item_completed(&mut self, item: &Value) {
        self.tell("item/completed", json!({ "turnId": self.id, "item": item, "completedAtMs": milliseconds() }));
    }

    fn tell(&mut self, method: &str, mut params: Value) {
        params["threadId"] = self.thread_id.as_str().into();
        self.server.notify(method, params);
    }
}

fn agent_message(id: &str, text: &str) -> Value {
    json!({ "type": "agentMessage", "id": id, "text": text, "phase": null, "memoryCitation": null })
}

fn turn_json(id: &str, status: &str, error: &Value) -> Value {
    json!({
        "id": id,
        "items": [],
        "itemsView": "notLoaded",
        "status": status,
        "error": error,
        "startedAt": null,
        "completedAt": null,
        "durationMs": null,
    })
}

fn required(params: &Value, pointer: &str, name: &str) -> Result<String, String> {
    let text = params.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("Invalid request: missing field `{name}`"))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}

/// An id in the form of a UUID, version 7 (RFC 9562): the time, then chance.
fn fresh_id() -> String {
    let (time, chance) = (milliseconds(), fastrand::u64(..));
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        time >> 16 & 0xffff_ffff,
        time & 0xffff,
        chance >> 52,
        fastrand::u16(..) >> 4,
        chance & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_and_never_repeat() {
        let (one, other) = (fresh_id(), fresh_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
