//! Writes the methods of `signatures`: the requests of the protocol clients, and the public methods
//! above them, each for threads and, differing in little but `await`, for event loops.
//!
//! One module for each class, so that a method can make what it returns without importing in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::error::TypegenError;
use super::exposed::EXPOSED;
use super::heads::{CLIENT_HEAD, CODEX_HEAD, Head, REQUEST, THREAD_HEAD, TURN_HEAD};
use super::imports::{Homes, Preamble, import_lines};
use super::model::{Body, Field, Model};
use super::parameters::{WORDS, annotation, description, keyword, preset};
use super::python::{WIDTH, bracketed, collected, docstring, exploded, wrap};
use super::signatures::{Argument, Exposed, Face, Gives, INPUT, Owner, PRESET};

/// The keyword that gives functions, which the SDK calls itself.
const TOOLS: &str = "tools";

/// The keyword that says where a page begins.
const CURSOR: &str = "cursor";

/// What waits for the end of a sign-in to an MCP server.
const LOGIN_HANDLE: &str = "McpServerLoginHandle";

/// What public annotations call the protocol's thread, since the SDK's own class is another thing.
const STORED_THREAD: &str = "StoredThread";

#[derive(Clone, Copy, PartialEq)]
enum Twin {
    Sync,
    Async,
}

const TWINS: [Twin; 2] = [Twin::Sync, Twin::Async];

impl Twin {
    fn class(self, name: &str) -> String {
        format!("{}{name}", if self == Self::Async { "Async" } else { "" })
    }

    fn definition(self) -> &'static str {
        if self == Self::Async { "async def" } else { "def" }
    }

    fn wait(self) -> &'static str {
        if self == Self::Async { "await " } else { "" }
    }
}

impl Owner {
    fn class(self) -> &'static str {
        match self {
            Self::Codex => "Codex",
            Self::Thread => "Thread",
            Self::TurnHandle => "TurnHandle",
        }
    }

    /// What the objects that a method makes are given as their owner.
    fn owner(self, twin: Twin) -> &'static str {
        match (self, twin) {
            (_, Twin::Sync) => "self._client",
            (Self::Codex, Twin::Async) => "self",
            (_, Twin::Async) => "self._codex",
        }
    }

    fn client(self, twin: Twin) -> &'static str {
        match (self, twin) {
            (Self::Codex, _) | (_, Twin::Sync) => "self._client",
            (_, Twin::Async) => "self._codex._client",
        }
    }

    /// What the class knows by itself.
    fn own(self, wire: &str) -> Option<&'static str> {
        match (self, wire) {
            (Self::Thread, "threadId") | (Self::TurnHandle, "turnId" | "expectedTurnId") => Some("self.id"),
            (Self::TurnHandle, "threadId") => Some("self.thread_id"),
            _ => None,
        }
    }

    /// The type of what the user says, and how it becomes wire input: a turn may also begin with the output of a tool.
    fn input(self) -> (&'static str, &'static str) {
        match self {
            Self::TurnHandle => ("Input | str", "items = user_input(input)"),
            Self::Codex | Self::Thread => ("RunInput", "items, tool_output = turn_input(input)"),
        }
    }

    /// The class behind the methods, up to its methods.
    fn head(self, twin: Twin) -> &'static str {
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
    let mut writer = Writer { model, homes, module: preamble.module, uses: Vec::new(), words: BTreeSet::new(), text: String::new() };
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
    files.insert("literals.py".to_owned(), writer.literals(preamble));
    Ok(files)
}

struct Writer<'a> {
    model: &'a Model,
    homes: &'a Homes<'a>,
    /// The import package of the SDK.
    module: &'a str,
    /// Names of the protocol that annotations use.
    uses: Vec<String>,
    /// The enums whose words annotations use.
    words: BTreeSet<String>,
    /// The classes written so far.
    text: String,
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
        let (words, uses): (Vec<String>, Vec<String>) = uses.into_iter().partition(|name| self.is_words(name));
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

    fn is_words(&self, name: &str) -> bool {
        name.strip_suffix(WORDS).is_some_and(|of| self.members(of).is_some())
    }

    fn members(&self, name: &str) -> Option<Vec<String>> {
        match &self.model.classes.get(name)?.body {
            Body::Enum { members } => Some(members.iter().map(|member| quoted(&member.value)).collect()),
            _ => None,
        }
    }

    /// The module that names the words of enums, for type checkers alone.
    fn literals(&self, preamble: &Preamble<'_>) -> String {
        let mut text = format!(
            "\"\"\"The words that keyword arguments take in place of an enum's members.\n\n{}\"\"\"\n\n\
             from __future__ import annotations\n\nfrom typing import Literal, TypeAlias\n\n",
            preamble.header
        );
        for alias in &self.words {
            let members = alias.strip_suffix(WORDS).and_then(|name| self.members(name)).unwrap_or_default();
            text.push_str(&collected(0, &format!("{alias}: TypeAlias = Literal"), ['[', ']'], &members));
        }
        text
    }

    fn client_class(&mut self, twin: Twin) -> Result<(), TypegenError> {
        let class = twin.class("ClientMethods");
        let _ = writeln!(self.text, "\n\nclass {class}(ABC):");
        docstring(&mut self.text, 4, &format!("The requests of `{}`, one method each.", twin.class("AppServerClient")));
        self.text.push_str(&REQUEST.replace("DEF", twin.definition()));
        for exposed in EXPOSED {
            self.request(exposed, twin)?;
        }
        Ok(())
    }

    /// One request of a protocol client.
    fn request(&mut self, exposed: &Exposed, twin: Twin) -> Result<(), TypegenError> {
        let response = exposed.response(self.model)?;
        let (name, what) = exposed.client;
        let mut parameters = vec!["self".to_owned()];
        parameters.extend(exposed.arguments.iter().map(parameter));
        let mut entries = Vec::new();
        if !exposed.keywords.is_empty() {
            let (params, _) = exposed.params(self.model)?;
            self.uses.push(params.to_owned());
            parameters.push(format!("params: {params} | JsonObject | None = None"));
            entries.push("**params_dict(params)".to_owned());
        }
        self.uses.push(response.to_owned());
        self.signature(twin, name, &parameters, response, Breaks::WhereNeeded);
        docstring(&mut self.text, 8, &format!("`{}`: {what}", exposed.method));
        self.import(response);
        entries.extend(exposed.arguments.iter().map(|argument| match argument.wire {
            INPUT => format!("\"{INPUT}\": wire_input({})", argument.name),
            wire => format!("\"{wire}\": {}", argument.name),
        }));
        let body = if exposed.arguments.is_empty() && !exposed.keywords.is_empty() {
            "params_dict(params)"
        } else {
            self.text.push_str(&collected(8, "body: dict[str, object] = ", ['{', '}'], &entries));
            "body"
        };
        let given = [format!("\"{}\"", exposed.method), body.to_owned(), format!("response_model={response}")];
        let call = format!("return {}self.request", twin.wait());
        self.text.push_str(&bracketed(8, &call, ['(', ')'], &given, ""));
        Ok(())
    }

    fn public_class(&mut self, owner: Owner, twin: Twin) -> Result<(), TypegenError> {
        let class = twin.class(owner.class());
        // `AsyncOwner` is what an async client is to those who use it, and brings the client with it.
        let base = if (owner, twin) == (Owner::Codex, Twin::Async) { "(AsyncOwner)" } else { "" };
        let mixin = class.replace("TurnHandle", "Turn") + "Methods";
        let _ = writeln!(self.text, "\n\nclass {mixin}{base}:");
        docstring(&mut self.text, 4, &format!("The requests of `{class}`, one method each."));
        let head = owner.head(twin);
        let _ = write!(self.text, "{}{head}", if head.is_empty() { "" } else { "\n" });
        for exposed in EXPOSED {
            for face in exposed.faces.iter().filter(|face| face.owner == owner) {
                self.public(exposed, face, twin)?;
            }
        }
        Ok(())
    }

    /// One public method.
    fn public(&mut self, exposed: &Exposed, face: &Face, twin: Twin) -> Result<(), TypegenError> {
        let response = exposed.response(self.model)?;
        let mut keywords: Vec<Keyword> =
            exposed.words(self.model).map(|word| self.keyword(exposed, word)).collect::<Result<_, _>>()?;
        match face.gives {
            Gives::RunResult => keywords.push(self.keyword(exposed, "+timeout")?),
            Gives::Pages => keywords.retain(|word| word.name != CURSOR),
            Gives::Response | Gives::Thread | Gives::TurnHandle | Gives::LoginHandle => {}
        }
        let arguments = exposed.arguments.iter().filter(|argument| face.owner.own(argument.wire).is_none());
        let (switches, positional): (Vec<&Argument>, Vec<&Argument>) =
            arguments.partition(|argument| argument.default.is_some());
        let mut parameters = vec!["self".to_owned()];
        parameters.extend(positional.iter().map(|argument| match argument.wire {
            INPUT => format!("{INPUT}: {}", face.owner.input().0),
            _ => parameter(argument),
        }));
        let (by_position, by_keyword) = keywords.split_at(exposed.by_position());
        parameters.extend(by_position.iter().map(Keyword::parameter));
        if !switches.is_empty() || !by_keyword.is_empty() {
            parameters.push("*".to_owned());
        }
        parameters.extend(switches.into_iter().map(parameter));
        parameters.extend(by_keyword.iter().map(Keyword::parameter));
        let returns = match face.gives {
            Gives::Response => {
                self.uses.push(response.to_owned());
                response.to_owned()
            }
            Gives::Thread => twin.class("Thread"),
            Gives::TurnHandle => twin.class("TurnHandle"),
            Gives::LoginHandle => twin.class(LOGIN_HANDLE),
            Gives::RunResult => "RunResult[object]".to_owned(),
            Gives::Pages => {
                self.uses.push(format!("Thread as {STORED_THREAD}"));
                format!("{}[{STORED_THREAD}]", twin.class("Iterator"))
            }
        };
        if let Gives::RunResult = face.gives {
            self.overloads(twin, face.name, &parameters);
        }
        let breaks = if keywords.is_empty() { Breaks::WhereNeeded } else { Breaks::Everywhere };
        self.signature(twin, face.name, &parameters, &returns, breaks);
        if keywords.is_empty() {
            docstring(&mut self.text, 8, face.summary);
        } else {
            self.sections(face, &positional, &keywords);
        }
        self.body(exposed, face, twin, &keywords)
    }

    fn keyword(&mut self, exposed: &Exposed, word: &str) -> Result<Keyword, TypegenError> {
        if let Some(name) = word.strip_prefix(PRESET) {
            let words = description(word).map(str::to_owned);
            if name == "web_search" {
                self.uses.extend(["WebSearchMode".to_owned(), format!("WebSearchMode{WORDS}")]);
            }
            return Ok(Keyword { name: name.to_owned(), annotation: preset(name).to_owned(), words });
        }
        let field: &Field = exposed.field(self.model, word)?;
        let class = field.shape.inner_name().and_then(|name| self.model.classes.get(name));
        let own = field.doc.text.as_deref().or_else(|| class?.doc.text.as_deref());
        Ok(Keyword {
            name: keyword(field).to_owned(),
            annotation: annotation(self.model, field, &mut self.uses),
            words: description(word).or(own).map(str::to_owned),
        })
    }

    fn body(&mut self, exposed: &Exposed, face: &Face, twin: Twin, keywords: &[Keyword]) -> Result<(), TypegenError> {
        let (owner, client, wait) = (face.owner.owner(twin), face.owner.client(twin), twin.wait());
        if let Gives::RunResult = face.gives {
            let same = keywords.iter().filter(|word| word.name != "timeout").map(Keyword::passed);
            let given: Vec<String> = std::iter::once(INPUT.to_owned()).chain(same).collect();
            self.text.push_str("        # No turn must run that nobody waits for.\n        checked_timeout(timeout)\n");
            self.text.push_str(&exploded(8, &format!("handle = {wait}self.turn"), ['(', ')'], &given, ""));
            let _ = writeln!(
                self.text,
                "        result = {wait}handle.run(timeout=timeout)\n        \
                 return with_parsed(result, output_schema)"
            );
            return Ok(());
        }
        if let Gives::Pages = face.gives {
            self.pages(exposed, face, twin, keywords);
            return Ok(());
        }
        let same = keywords.iter().filter(|word| word.name != TOOLS).map(Keyword::passed);
        let tools = keywords.iter().any(|word| word.name == TOOLS);
        let value = |argument: &Argument| match (face.owner.own(argument.wire), argument.wire) {
            (Some(own), _) => own,
            (None, INPUT) => "items",
            (None, _) => argument.name,
        };
        let with_input = exposed.arguments.iter().any(|argument| argument.wire == INPUT);
        if with_input {
            let _ = writeln!(self.text, "        {}", face.owner.input().1);
        }
        if twin == Twin::Async {
            let _ = writeln!(self.text, "        await {owner}._ensure_initialized()");
        }
        let mut passed: Vec<String> = exposed
            .arguments
            .iter()
            .map(|argument| match argument.default {
                Some(_) => format!("{0}={0}", argument.name),
                None => value(argument).to_owned(),
            })
            .collect();
        if !keywords.is_empty() {
            let (params, _) = exposed.params(self.model)?;
            if let Gives::LoginHandle = face.gives {
                // Only signing in loads the handles.
                let handle = twin.class(LOGIN_HANDLE);
                let _ = writeln!(self.text, "        from {}._login_handles import {handle}\n", self.module);
            }
            self.import(params);
            let fixed = exposed.arguments.iter().map(|argument| match argument.wire {
                INPUT => format!("{INPUT}=[],\n            tool_output=tool_output"),
                _ => format!("{}={}", argument.name, value(argument)),
            });
            let given: Vec<String> = std::iter::once(params.to_owned()).chain(fixed).chain(same).collect();
            if with_input {
                self.text.push_str("        # The input travels beside the parameters: it is in wire form already.\n");
            }
            self.text.push_str(&exploded(8, "params = build_params", ['(', ')'], &given, ""));
            if tools {
                let _ = writeln!(self.text, "        functions = {client}._core.handlers.tools({TOOLS})");
            }
            passed.push(format!("params={}", if tools { "functions.beside(params)" } else { "params" }));
        }
        let (name, made) = match face.gives {
            Gives::Thread => ("answer = ", format!("return {}({owner}, answer.thread.id)", twin.class("Thread"))),
            Gives::TurnHandle => (
                "answer = ",
                format!(
                    "box = {client}._core.router.claim(answer.turn.id)\n        \
                     return {}({owner}, self.id, answer.turn.id, box)",
                    twin.class("TurnHandle")
                ),
            ),
            Gives::LoginHandle => (
                "answer = ",
                format!("return {}({owner}, name, answer.authorization_url, answer.login_id)", twin.class(LOGIN_HANDLE)),
            ),
            Gives::Response | Gives::RunResult | Gives::Pages => ("return ", String::new()),
        };
        let call = format!("{name}{wait}{client}.{}", exposed.client.0);
        self.text.push_str(&bracketed(8, &call, ['(', ')'], &passed, ""));
        if tools {
            self.text.push_str("        functions.serve(answer.thread.id)\n");
        }
        if !made.is_empty() {
            let _ = writeln!(self.text, "        {made}");
        }
        Ok(())
    }

    /// All that the pages hold; where they begin and which is new, the SDK's own class knows.
    fn pages(&mut self, exposed: &Exposed, face: &Face, twin: Twin, keywords: &[Keyword]) {
        let passed = |word: &Keyword| match word.name.as_str() {
            "sort_key" => format!("{0}=pages.{0}", word.name),
            _ => word.passed(),
        };
        let cursor = format!("{CURSOR}=pages.{CURSOR}");
        let given: Vec<String> = keywords.iter().map(passed).chain([cursor]).collect();
        self.text.push_str("        pages = ThreadPages(sort_key, use_state_db_only)\n        while pages.more:\n");
        let page = exposed.faces.iter().find(|other| other.name != face.name).map_or("", |page| page.name);
        let call = format!("page = {}self.{page}", twin.wait());
        self.text.push_str(&exploded(12, &call, ['(', ')'], &given, ""));
        self.text.push_str(match twin {
            Twin::Sync => "            yield from pages.take(page)\n",
            Twin::Async => "            for thread in pages.take(page):\n                yield thread\n",
        });
    }

    /// With a model as the schema of the output the result has a value of that model.
    fn overloads(&mut self, twin: Twin, name: &str, parameters: &[String]) {
        for (schema, result) in [("type[ModelT]", "RunResult[ModelT]"), ("JsonObject | None = None", "RunResult")] {
            let parameters: Vec<String> = parameters
                .iter()
                .map(|parameter| match parameter.split_once(": ") {
                    Some((name @ "output_schema", _)) => format!("{name}: {schema}"),
                    _ => parameter.clone(),
                })
                .collect();
            let lead = format!("{} {name}", twin.definition());
            let text = exploded(4, &lead, ['(', ')'], &parameters, &format!(" -> {result}: ..."));
            let _ = write!(self.text, "\n    @overload\n{text}");
        }
    }

    fn signature(&mut self, twin: Twin, name: &str, parameters: &[String], returns: &str, breaks: Breaks) {
        let lead = format!("{} {name}", twin.definition());
        let layout = if breaks == Breaks::Everywhere { exploded } else { bracketed };
        let text = layout(4, &lead, ['(', ')'], parameters, &format!(" -> {returns}:"));
        let _ = write!(self.text, "\n{text}");
    }

    /// The import of a model inside of a method.
    fn import(&mut self, class: &str) {
        let home = self.homes.get(class).copied().unwrap_or(super::order::FACADE);
        let _ = writeln!(self.text, "        from .{home} import {class}\n");
    }

    /// A docstring with sections; descriptions of arguments hang below their names.
    fn sections(&mut self, face: &Face, positional: &[&Argument], keywords: &[Keyword]) {
        let _ = writeln!(self.text, "        \"\"\"{}\n\n        Args:", face.summary);
        let named = positional.iter().map(|argument| match argument.wire {
            INPUT => (INPUT, description(INPUT)),
            wire => (argument.name, description(wire)),
        });
        let fields = keywords.iter().map(|word| (word.name.as_str(), word.words.as_deref()));
        for (name, words) in named.chain(fields) {
            let words = words.unwrap_or("As the protocol says; the server's default where it is left out.");
            let _ = writeln!(self.text, "            {name}:");
            for line in wrap(words, WIDTH - 16) {
                let _ = writeln!(self.text, "{}", format!("                {line}").trim_end());
            }
        }
        let _ = writeln!(self.text, "\n        Returns:\n            {}\n        \"\"\"", face.result);
    }
}

/// A keyword argument of a public method.
struct Keyword {
    name: String,
    annotation: String,
    words: Option<String>,
}

impl Keyword {
    fn passed(&self) -> String {
        format!("{0}={0}", self.name)
    }

    fn parameter(&self) -> String {
        format!("{}: {} | None = None", self.name, self.annotation)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Breaks {
    Everywhere,
    WhereNeeded,
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

fn parameter(argument: &Argument) -> String {
    let default = argument.default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}", argument.name, argument.annotation)
}
