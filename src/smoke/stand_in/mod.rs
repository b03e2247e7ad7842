//! relkit playing the runtime: enough of `codex app-server` for a demonstration without the real thing. Threads, text
//! turns through the configured model provider, their notifications in the real order, interruption, the end at EOF.
//!
//! A copy of relkit's executable plays it when it lies in a package directory whose manifest says so; see
//! [`write_package`]. No shell command is ever offered to the model, and nothing is written.

mod model;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::fs::{self, FsError, Mode};
use crate::payload::{DESCRIPTOR, Package};
use crate::target::TargetTriple;
use crate::version::CodexVersion;
use relkit_client::rpc::{self, Message, RequestId, RpcError};

use model::{Event, Exchange};

/// The `variant` of a manifest that asks relkit to play the runtime.
const VARIANT: &str = "relkit-stand-in";

/// JSON-RPC 2.0: invalid request; what the real server says to nearly everything that is wrong.
const INVALID_REQUEST: i64 = -32600;

/// Fills `directory` with a package directory whose executable is a copy of this one, playing `executable` in `version`.
///
/// # Errors
/// When this executable cannot be read or the directory cannot be written.
pub fn write_package(
    directory: &Path,
    executable: &str,
    version: &CodexVersion,
    target: &TargetTriple,
) -> Result<(), FsError> {
    let own = std::env::current_exe().map_err(FsError::read(Path::new("relkit's own executable")))?;
    let entrypoint = format!("bin/{}", target.executable_name(executable));
    fs::copy(&own, &directory.join(&entrypoint), Mode::Executable)?;
    let package = Package {
        version: Some(version.semver()),
        target: Some(target.to_string()),
        variant: Some(VARIANT.into()),
        entrypoint: Some(entrypoint),
        ..Package::default()
    };
    fs::write_whole(&directory.join(DESCRIPTOR), package.to_json().as_bytes())
}

/// The part that this process plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    name: String,
    version: String,
}

impl StandIn {
    /// The part that the place of this executable asks for; `None` for relkit itself.
    #[must_use]
    pub fn detect() -> Option<Self> {
        Self::at(&std::env::current_exe().ok()?)
    }

    fn at(executable: &Path) -> Option<Self> {
        let directory = executable.parent()?.parent()?;
        let package = Package::texts(&std::fs::read(directory.join(DESCRIPTOR)).ok()?);
        let entrypoint = directory.join(package.entrypoint?);
        if package.variant.as_deref() != Some(VARIANT) || entrypoint.file_name() != executable.file_name() {
            return None;
        }
        let name = executable.file_stem()?.to_str()?.to_owned();
        Some(Self { name, version: package.version? })
    }

    /// Plays the part with this process's arguments (without its name) and standard streams; returns the exit code.
    pub fn play(&self, arguments: impl IntoIterator<Item = String>) -> u8 {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let mut stdout = io::stdout();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["--version"] => {
                u8::from(writeln!(stdout, "{}-cli {}", self.name, self.version).and_then(|()| stdout.flush()).is_err())
            }
            // Settings stand before the command or after it.
            all if all.contains(&"app-server") => match configuration(all) {
                Ok(configuration) => {
                    Server::new(self.version.clone(), configuration, stdout).serve(io::stdin().lock());
                    0
                }
                Err(why) => {
                    let _ = writeln!(io::stderr(), "Error: {why}");
                    1
                }
            },
            _ => {
                let usage = format!("usage: {} --version | app-server [-c KEY=VALUE]...", self.name);
                let _ = writeln!(io::stderr(), "{usage}");
                2
            }
        }
    }
}

/// What the `-c` arguments set, as one table.
fn configuration(arguments: &[&str]) -> Result<toml::Table, String> {
    let mut configuration = toml::Table::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let setting = match *argument {
            "-c" | "--config" => arguments.next().ok_or_else(|| format!("`{argument}` lacks its value"))?,
            other if other.starts_with("--config=") => &other["--config=".len()..],
            // Features, listeners and the like change nothing here.
            _ => continue,
        };
        let (key, value) = setting.split_once('=').ok_or_else(|| format!("`{setting}` is not KEY=VALUE"))?;
        let table = format!("{key}={value}").parse::<toml::Table>();
        // A value that is not TOML is taken as a text.
        let table = table.or_else(|_| format!("{key}={value:?}").parse::<toml::Table>());
        merge(&mut configuration, table.map_err(|error| format!("`{setting}`: {}", error.message()))?);
    }
    Ok(configuration)
}

fn merge(into: &mut toml::Table, from: toml::Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(into)), toml::Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Whatever the messages of the server go to, shared with the threads of running turns.
type Output = Arc<Mutex<dyn Write + Send>>;

fn write(output: &Output, message: &Message) {
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // A client that is gone closes the input too, which ends the server.
    let _ = output.write_all(rpc::encode(message).as_bytes()).and_then(|()| output.flush());
}

fn notify(output: &Output, method: &str, params: Value) {
    write(output, &Message::Notification { method: method.to_owned(), params });
}

struct Server {
    version: String,
    model: String,
    provider: String,
    base_url: Option<String>,
    output: Output,
    client: Option<String>,
    threads: BTreeMap<String, Value>,
    /// The running turn of each thread.
    turns: BTreeMap<String, RunningTurn>,
}

struct RunningTurn {
    id: String,
    exchange: Arc<Exchange>,
    player: JoinHandle<()>,
}

impl Server {
    fn new(version: String, configuration: toml::Table, output: impl Write + Send + 'static) -> Self {
        let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).map(str::to_owned);
        let provider = text(configuration.get("model_provider")).unwrap_or_else(|| "openai".into());
        let base_url = configuration.get("model_providers").and_then(|providers| providers.get(&provider));
        let base_url = text(base_url.and_then(|provider| provider.get("base_url")));
        let model = text(configuration.get("model")).unwrap_or_else(|| "stand-in".into());
        let output: Output = Arc::new(Mutex::new(output));
        Self {
            version,
            model,
            provider,
            base_url,
            output,
            client: None,
            threads: BTreeMap::new(),
            turns: BTreeMap::new(),
        }
    }

    /// Answers line by line until the input ends.
    fn serve(mut self, input: impl BufRead) {
        for line in input.split(b'\n') {
            let Ok(line) = line else { break };
            // What cannot be read gets no answer, as with the real server.
            if let Ok(Message::Request { id, method, params }) = rpc::decode(&line) {
                self.request(id, &method, &params);
            }
        }
        for (_, turn) in std::mem::take(&mut self.turns) {
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
            ("thread/read", _) => self.thread(params).map(|thread| json!({ "thread": thread })),
            ("thread/list", _) => {
                let data: Vec<_> = self.threads.values().collect();
                Ok(json!({ "data": data, "nextCursor": null, "backwardsCursor": null }))
            }
            ("model/list", _) => Ok(json!({ "data": [self.model_entry()], "nextCursor": null })),
            _ => Err(format!("Invalid request: unknown variant `{method}`")),
        };
        self.answer(id, answered);
    }

    fn answer(&self, id: RequestId, answered: Result<Value, String>) {
        let outcome = answered.map_err(|message| RpcError { code: INVALID_REQUEST, message, data: None });
        write(&self.output, &Message::Response { id, outcome });
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
        let now = seconds();
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
        self.threads.insert(thread_id, thread.clone());
        self.answer(id, Ok(result));
        notify(&self.output, "thread/started", json!({ "thread": thread }));
    }

    fn thread(&self, params: &Value) -> Result<&Value, String> {
        let thread_id = required(params, "/threadId", "threadId")?;
        self.threads.get(&thread_id).ok_or_else(|| format!("thread not found: {thread_id}"))
    }

    fn start_turn(&mut self, id: RequestId, params: &Value) {
        let checked = self.thread(params).and_then(|thread| {
            let input = params.get("input").and_then(Value::as_array);
            let input = input.cloned().ok_or_else(|| "Invalid request: missing field `input`".to_owned())?;
            Ok((thread["id"].as_str().unwrap_or_default().to_owned(), input))
        });
        let (thread_id, input) = match checked {
            Ok(checked) => checked,
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
            output: Arc::clone(&self.output),
            thread_id: thread_id.clone(),
            turn_id: turn_id.clone(),
            base_url: self.base_url.clone(),
            model: self.model.clone(),
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

    fn model_entry(&self) -> Value {
        json!({
            "id": self.model,
            "model": self.model,
            "displayName": self.model,
            "description": "the model of the configuration",
            "hidden": false,
            "isDefault": true,
            "defaultReasoningEffort": "medium",
            "supportedReasoningEfforts": [{ "reasoningEffort": "medium", "description": "" }],
        })
    }
}

/// One turn, on its own thread.
struct Player {
    output: Output,
    thread_id: String,
    turn_id: String,
    base_url: Option<String>,
    model: String,
    exchange: Arc<Exchange>,
}

impl Player {
    fn play(&self, input: &[Value]) {
        self.status(&json!({ "type": "active", "activeFlags": [] }));
        self.tell("turn/started", json!({ "turn": turn_json(&self.turn_id, "inProgress", &Value::Null) }));
        if !input.is_empty() {
            let item = json!({ "type": "userMessage", "id": fresh_id(), "clientId": null, "content": input });
            self.item("item/started", &item);
            self.item("item/completed", &item);
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
        let state = if status == "failed" { "systemError" } else { "idle" };
        self.status(&json!({ "type": state }));
        self.tell("turn/completed", json!({ "turn": turn_json(&self.turn_id, status, &error) }));
    }

    fn ask(&self, input: &[Value]) -> Result<(), String> {
        let base_url = self.base_url.as_deref().ok_or("no `base_url` is configured for the model provider")?;
        let content: Vec<_> = input
            .iter()
            .filter_map(|item| item["text"].as_str())
            .map(|text| json!({ "type": "input_text", "text": text }))
            .collect();
        let body = json!({
            "model": self.model,
            "input": [{ "type": "message", "role": "user", "content": content }],
            "tools": [],
            "stream": true,
            "store": false,
        });
        let mut started = None;
        let mut usage = None;
        self.exchange.post(base_url, &body, |event| match event {
            Event::Added(id) => {
                self.item("item/started", &agent_message(&id, ""));
                started = Some(id);
            }
            Event::Delta(item_id, delta) => {
                let params = json!({ "turnId": self.turn_id, "itemId": item_id, "delta": delta });
                self.tell("item/agentMessage/delta", params);
            }
            Event::Done(id, text) => {
                let item = agent_message(&id, &text);
                if started.as_ref() != Some(&id) {
                    self.item("item/started", &agent_message(&id, ""));
                }
                self.item("item/completed", &item);
            }
            Event::Completed(tokens) => usage = Some(tokens),
        })?;
        if let Some(usage) = usage {
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
        Ok(())
    }

    fn status(&self, status: &Value) {
        self.tell("thread/status/changed", json!({ "status": status }));
    }

    fn item(&self, method: &str, item: &Value) {
        let moment = if method == "item/started" { "startedAtMs" } else { "completedAtMs" };
        let mut params = json!({ "turnId": self.turn_id, "item": item });
        params[moment] = milliseconds().into();
        self.tell(method, params);
    }

    fn tell(&self, method: &str, mut params: Value) {
        params["threadId"] = self.thread_id.as_str().into();
        notify(&self.output, method, params);
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

fn now() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn seconds() -> u64 {
    now().as_secs()
}

fn milliseconds() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}

/// An id in the form of a UUID, version 7 (RFC 9562): the time, then numbers that no other id of this process has.
fn fresh_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = milliseconds() & 0xffff_ffff_ffff;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    format!(
        "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        time >> 16,
        time & 0xffff,
        count & 0xfff,
        count >> 12 & 0xfff,
        u64::from(process)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(settings: &[&str]) -> Server {
        let arguments: Vec<_> = settings.iter().flat_map(|setting| ["-c", setting]).collect();
        Server::new("0.1.0".into(), configuration(&arguments).unwrap(), io::sink())
    }

    #[test]
    fn reads_its_settings_in_both_spellings() {
        let inline = server(&["model_provider=\"m\"", "model_providers.m={name=\"m\",base_url=\"http://a\"}"]);
        let dotted =
            server(&["model_provider=m", "model_providers.m.base_url=http://a", "model_providers.m.name=\"m\""]);
        assert_eq!(inline.base_url.as_deref(), Some("http://a"));
        assert_eq!(dotted.base_url.as_deref(), Some("http://a"));
        assert!(configuration(&["-c", "novalue"]).is_err());
        assert!(configuration(&["-c"]).is_err());
    }

    #[test]
    fn plays_only_where_the_manifest_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let version = "0.2.0-alpha.1".parse().unwrap();
        let target = "x86_64-unknown-linux-musl".parse().unwrap();
        let executable = directory.path().join("bin/codex");
        assert_eq!(StandIn::at(&executable), None);
        write_package(directory.path(), "codex", &version, &target).unwrap();
        let expected = StandIn { name: "codex".into(), version: "0.2.0-alpha.1".into() };
        assert_eq!(StandIn::at(&executable), Some(expected));
        assert_eq!(StandIn::at(&directory.path().join("bin/relkit")), None);
    }

    #[test]
    fn ids_are_uuids_and_never_repeat() {
        let (one, other) = (fresh_id(), fresh_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
