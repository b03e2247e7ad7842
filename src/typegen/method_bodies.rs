//! What the public methods do: they build the parameters, call the protocol client and make what they give.

use std::fmt::Write as _;

use super::error::TypegenError;
use super::parameters::Keyword;
use super::python::{bracketed, exploded};
use super::signatures::{Argument, Exposed, Face, Gives, INPUT};
use super::twins::{Twin, Writer};

/// The keyword that gives functions, which the SDK calls itself.
const TOOLS: &str = "tools";

/// The keyword that says where a page begins.
pub(super) const CURSOR: &str = "cursor";

/// What waits for the end of a sign-in to an MCP server.
pub(super) const LOGIN_HANDLE: &str = "McpServerLoginHandle";

impl Writer<'_> {
    /// What a public method does.
    pub(super) fn body(
        &mut self,
        exposed: &Exposed,
        face: &Face,
        twin: Twin,
        keywords: &[Keyword],
    ) -> Result<(), TypegenError> {
        let (owner, client, wait) = (face.owner.owner(twin), face.owner.client(twin), twin.wait());
        if let Gives::RunResult = face.gives {
            let same = keywords.iter().filter(|word| word.name != "timeout").map(Keyword::passed);
            let given: Vec<String> = std::iter::once(INPUT.to_owned()).chain(same).collect();
            self.text.push_str("        # No turn must run that nobody waits for.\n        checked_timeout(timeout)\n");
            self.text.push_str(&exploded(8, &format!("handle = {wait}self.turn"), ['(', ')'], &given, ""));
            let _ = writeln!(self.text, "        return {wait}handle.run(timeout=timeout)");
            return Ok(());
        }
        if let Gives::Pages = face.gives {
            self.pages(exposed, face, twin, keywords);
            return Ok(());
        }
        let same = keywords.iter().filter(|word| word.name != TOOLS).map(Keyword::passed);
        let tools = keywords.iter().any(|word| word.name == TOOLS);
        // A thread that there is keeps what the model is told of its tools; the protocol has no way to change it.
        let starts = exposed.arguments.is_empty();
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
                let of = if starts { "" } else { ", thread_id" };
                let _ = writeln!(self.text, "        functions = {client}._core.handlers.tools({TOOLS}{of})");
            }
            passed.push(format!("params={}", if tools && starts { "functions.beside(params)" } else { "params" }));
        }
        let (name, made) = match face.gives {
            Gives::Thread => ("answer = ", format!("return {}({owner}, answer.thread.id)", twin.class("Thread"))),
            Gives::TurnHandle => (
                "answer = ",
                format!(
                    "box = {client}._core.router.claim(answer.turn.id)\n        \
                     shape = output_schema if isinstance(output_schema, type) else None\n        \
                     return {}({owner}, self.id, answer.turn.id, box, shape)",
                    twin.class("TurnHandle")
                ),
            ),
            Gives::LoginHandle => (
                "answer = ",
                format!(
                    "return {}({owner}, name, answer.authorization_url{})",
                    twin.class(LOGIN_HANDLE),
                    // Runtimes before 0.163.0 know a sign-in by the server's name alone.
                    if exposed.answers(self.model, "loginId") { ", answer.login_id" } else { "" }
                ),
            ),
            Gives::Nothing => ("", String::new()),
            Gives::Response | Gives::RunResult | Gives::Pages => ("return ", String::new()),
        };
        let call = format!("{name}{wait}{client}.{}", exposed.client.0);
        self.text.push_str(&bracketed(8, &call, ['(', ')'], &passed, ""));
        if tools {
            self.text.push_str("        functions.serve(answer.thread.id)\n");
        }
        if keywords.iter().any(|word| word.name == "network_access") {
            let given = ["answer.sandbox", "additional_directories", "network_access"].map(str::to_owned);
            self.text.push_str(&bracketed(8, "warn_of_moot", ['(', ')'], &given, ""));
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
}
