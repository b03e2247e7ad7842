//! The server that the stand-in plays: threads and turns, answered and told in the order of the real one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use relkit_client::rpc::{self, Message, RequestId, RpcError};
use serde_json::{Value, json};

use super::model::{Event, Exchange};

/// JSON-RPC 2.0: invalid request; what the real server says to nearly everything that is wrong.
const INVALID_REQUEST: i64 = -32600;

/// Whatever the messages of the server go to, shared with the threads of running turns.
#[derive(Clone)]
struct Output(Arc<Mutex<dyn Write + Send>>);

impl Output {
    fn write(&self, message: &Message) {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A client that is gone closes the input too, which ends the server.
        let _ = output.write_all(rpc::encode(message).as_bytes()).and_then(|()| output.flush());
    }

    fn notify(&self, method: &str, params: Value) {
        self.write(&Message::Notification { method: method.to_owned(), params });
    }
}

/// The model that a configuration names, and where it is.
#[derive(Clone)]
struct Provider {
    name: String,
    model: String,
    base_url: Option<String>,
}

pub(super) struct Server {
    version: String,
    provider: Provider,
    output: Output,
    client: Option<String>,
    threads: BTreeSet<String>,
    /// The running turn of each thread.
    turns: BTreeMap<String, RunningTurn>,
}

struct RunningTurn {
    id: String,
    exchange: Arc<Exchange>,
    player: JoinHandle<()>,
}

impl Server {
    pub(super) fn new(version: String, configuration: &toml::Table, output: impl Write + Send + 'static) -> Self {
        let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        let name = text(configuration.get("model_provider")).unwrap_or_else(|| "openai".into());
        let settings = configuration.get("model_providers").and_then(|providers| providers.get(&name));
        let base_url = text(settings.and_then(|settings| settings.get("base_url")));
        let model = text(configuration.get("model")).unwrap_or_else(|| "stand-in".into());
        Self {
            version,
            provider: Provider { name, model, base_url },
            output: Output(Arc::new(Mutex::new(output))),
            client: None,
            threads: BTreeSet::new(),
            turns: BTreeMap::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn base_url(&self) -> Option<&str> {
        self.provider.base_url.as_deref()
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
        for turn in self.turns.into_values() {
            turn.exchange.cancel();
            let _ = turn.player.join();
        }
    }

    fn request(&mut self, id: RequestId, method: &str, params: &Value) {
        let answered = match (method, &self.client) {
            ("initialize", Some(_)) => Err("Already initialized".to_owned()),
            ("initialize", None) => self.initialize(params),
            (_, None) => Err("Not initialized".to_owned()),
            // These two tell more after their answer.
            ("thread/start", _) => return self.start_thread(id, params),
            ("turn/start", _) => return self.start_turn(id, params),
            ("turn/interrupt", _) => self.interrupt(params),
            _ => Err(format!("Invalid request: unknown variant `{method}`")),
        };
        self.answer(id, answered);
    }

    fn answer(&self, id: RequestId, answered: Result<Value, String>) {
        let outcome = answered.map_err(|message| RpcError { code: INVALID_REQUEST, message, data: None });
        self.output.write(&Message::Response { id, outcome });
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
            "modelProvider": self.provider.name,
            "model": self.provider.model,
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
            "model": self.provider.model,
            "modelProvider": self.provider.name,
            "cwd": cwd,
            "approvalPolicy": "never",
            "approvalsReviewer": "user",
            "sandbox": { "type": "readOnly", "networkAccess": false },
            "instructionSources": [],
            "reasoningEffort": null,
        });
        self.threads.insert(thread_id);
        self.answer(id, Ok(result));
        self.output.notify("thread/started", json!({ "thread": thread }));
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
        if let Some(running) = self.turns.get(&thread_id).filter(|running| !running.player.is_finished()) {
            // The real server steers the running turn.
            return self.answer(id, Ok(json!({ "turn": turn_json(&running.id, "inProgress", &Value::Null) })));
        }
        let turn_id = fresh_id();
        self.answer(id, Ok(json!({ "turn": turn_json(&turn_id, "inProgress", &Value::Null) })));
        let exchange = Arc::new(Exchange::default());
        let player = Player {
            output: self.output.clone(),
            thread_id: thread_id.clone(),
            turn_id: turn_id.clone(),
            provider: self.provider.clone(),
            exchange: Arc::clone(&exchange),
        };
        let player = thread::spawn(move || player.play(&input));
        self.turns.insert(thread_id, RunningTurn { id: turn_id, exchange, player });
    }

    fn interrupt(&mut self, params: &Value) -> Result<Value, String> {
        let thread_id = required(params, "/threadId", "threadId")?;
        let turn_id = required(params, "/turnId", "turnId")?;
        match self.turns.get(&thread_id).filter(|turn| !turn.player.is_finished()) {
            None => Err("no active turn to interrupt".into()),
            Some(turn) if turn.id != turn_id => Err(format!("expected active turn id {turn_id} but found {}", turn.id)),
            Some(turn) => {
                turn.exchange.cancel();
                Ok(json!({}))
            }
        }
    }
}

/// One turn, on its own thread.
struct Player {
    output: Output,
    thread_id: String,
    turn_id: String,
    provider: Provider,
    exchange: Arc<Exchange>,
}

impl Player {
    fn play(&self, input: &[Value]) {
        self.status(&json!({ "type": "active", "activeFlags": [] }));
        self.tell("turn/started", json!({ "turn": turn_json(&self.turn_id, "inProgress", &Value::Null) }));
        if !input.is_empty() {
            let item = json!({ "type": "userMessage", "id": fresh_id(), "clientId": null, "content": input });
            self.item_started(&item);
            self.item_completed(&item);
        }
        let result = self.ask(input);
        let (status, error) = match result {
            _ if self.exchange.is_cancelled() => ("interrupted", Value::Null),
            Ok(()) => ("completed", Value::Null),
            Err(message) => {
                let error = json!({ "message": message, "codexErrorInfo": "other", "additionalDetails": null });
                self.tell("error", json!({ "error": error, "willRetry": false, "turnId": self.turn_id }));
                ("failed", error)
            }
        };
        self.status(&json!({ "type": if status == "failed" { "systemError" } else { "idle" } }));
        self.tell("turn/completed", json!({ "turn": turn_json(&self.turn_id, status, &error) }));
    }

    fn ask(&self, input: &[Value]) -> Result<(), String> {
        let base_url = self.provider.base_url.as_deref().ok_or("no `base_url` is configured for the model provider")?;
        let texts = input.iter().filter_map(|item| item["text"].as_str());
        let content: Vec<_> = texts.map(|text| json!({ "type": "input_text", "text": text })).collect();
        let body = json!({
            "model": self.provider.model,
            "input": [{ "type": "message", "role": "user", "content": content }],
            "tools": [],
            "stream": true,
            "store": false,
        });
        let mut started = None;
        self.exchange.post(base_url, &body, |event| match event {
            Event::Added(id) => {
                self.item_started(&agent_message(&id, ""));
                started = Some(id);
            }
            Event::Delta(item_id, delta) => {
                let params = json!({ "turnId": self.turn_id, "itemId": item_id, "delta": delta });
                self.tell("item/agentMessage/delta", params);
            }
            Event::Done(id, text) => {
                if started.as_ref() != Some(&id) {
                    self.item_started(&agent_message(&id, ""));
                }
                self.item_completed(&agent_message(&id, &text));
            }
            Event::Completed(usage) => self.usage(&usage),
        })
    }

    fn usage(&self, usage: &Value) {
        let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        let breakdown = json!({
            "totalTokens": count("total_tokens"),
            "inputTokens": count("input_tokens"),
            "cachedInputTokens": 0,
            "outputTokens": count("output_tokens"),
            "reasoningOutputTokens": 0,
        });
        let usage = json!({ "total": breakdown, "last": breakdown, "modelContextWindow": null });
        self.tell("thread/tokenUsage/updated", json!({ "turnId": self.turn_id, "tokenUsage": usage }));
    }

    fn status(&self, status: &Value) {
        self.tell("thread/status/changed", json!({ "status": status }));
    }

    fn item_started(&self, item: &Value) {
        let now = milliseconds();
        self.tell("item/started", json!({ "turnId": self.turn_id, "item": item, "startedAtMs": now }));
    }

    fn item_completed(&self, item: &Value) {
        let now = milliseconds();
        self.tell("item/completed", json!({ "turnId": self.turn_id, "item": item, "completedAtMs": now }));
    }

    fn tell(&self, method: &str, mut params: Value) {
        params["threadId"] = self.thread_id.as_str().into();
        self.output.notify(method, params);
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
