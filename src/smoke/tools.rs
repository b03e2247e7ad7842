//! The helpers that a package carries, proven: the search tool and the sandbox helper run by themselves, and inside a
//! shell command that the model asks for.
//!
//! A text turn proves nothing about them. What a machine forbids (user namespaces in a container) is a reason to skip,
//! never a failure of the wheel.

use std::fs;
use std::path::Path;
use std::time::Duration;

use relkit_client::process::Ending;
use relkit_client::{Input, Session, Turn, TurnOutcome};
use serde_json::{Value, json};

use super::fault::{Fault, Subject};
use super::home::Home;
use super::model_server::{ModelAnswer, ModelServer};
use super::runner::Runner;
use super::steps::Done;
use super::unpack::PackageDirectory;

/// The exit code that tells the command's own end from every failure around it.
const EXIT_CODE: u8 = 7;

/// A file in the working directory that the search tool must find its word in.
const PROBE: &str = "probe.txt";

/// A file that the sandbox must not let a command write.
const FORBIDDEN: &str = "written";

/// Runs a packaged program with `--version`; it must start and succeed.
pub(super) fn runs_alone(home: &Home, tool: &Path, runner: Option<&Runner>, time: Duration) -> Result<Done, Fault> {
    let name = tool.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let subject = Subject { path: tool, name: &name, runner };
    let finished = home.ask_version(tool, runner, time);
    let finished = finished.map_err(|error| subject.process_fault(&error, "`--version`"))?;
    if !finished.ending.is_success() {
        if let (Some(runner), Ending::Code(_)) = (runner.map(Runner::name), finished.ending) {
            // Mostly a helper that is linked dynamically, and a runner without the libraries of its machine.
            let why = finished.stderr_tail.lines().last().unwrap_or("it says nothing");
            return Ok(Done::skipped(format!("`{runner}` cannot run it here: {why}")));
        }
        return Err(subject.early_end(finished.ending, "`--version`", "", finished.stderr_tail));
    }
    let line = String::from_utf8_lossy(&finished.stdout).lines().next().unwrap_or_default().trim().to_owned();
    Ok(Done::passed(line))
}

/// Has the model ask for a shell command in which the packaged search tool finds a word and a write is refused.
pub(super) fn inside_a_turn(
    session: &mut Session,
    thread_id: &str,
    model: &ModelServer,
    home: &Home,
    package: &PackageDirectory,
    subject: &Subject<'_>,
) -> Result<Done, Fault> {
    if cfg!(windows) {
        return Ok(Done::skipped("commands are sandboxed in another way on Windows"));
    }
    let Some(search_tool) = package.search_tool() else {
        return Ok(Done::skipped("the payload carries no search tool"));
    };
    let tools = model.requests().last().map(|request| request["tools"].to_string()).unwrap_or_default();
    if !tools.contains(r#""exec_command""#) {
        return Ok(Done::skipped("this runtime offers the model no `exec_command`"));
    }
    let word = format!("found-{:016x}", fastrand::u64(..));
    let work = home.work();
    fs::write(work.join(PROBE), format!("first line\n{word}\n")).map_err(|error| format!("`{PROBE}`: {error}"))?;
    // Only what the shell has built in: the search path is empty.
    let command = format!(
        "'{}' --no-config --only-matching 'found-[0-9a-f]+' '{}'; ( : > '{}' ); exit {EXIT_CODE}",
        shell_text(&search_tool),
        shell_text(&work.join(PROBE)),
        shell_text(&work.join(FORBIDDEN)),
    );
    let arguments = json!({ "cmd": command, "login": false, "shell": "/bin/sh" });
    let before = model.requests().len();
    model.play([ModelAnswer::Call { function: "exec_command".into(), arguments }, ModelAnswer::Say("done".into())]);
    let outcome = session
        .start_turn(thread_id, &[Input::text("Run the command.")])
        .and_then(Turn::finish)
        .and_then(TurnOutcome::into_answer);
    outcome.map_err(|error| subject.client_fault(&error, "a turn with a command"))?;
    let output = function_output(&model.requests()[before..])
        .ok_or("the runtime never told the model what came of the command that it asked for")?;
    judge(&output, &word, &work.join(FORBIDDEN), package)
}

fn judge(output: &str, word: &str, forbidden: &Path, package: &PackageDirectory) -> Result<Done, Fault> {
    if forbidden.exists() {
        return Err("the sandbox let a command write outside what it is allowed".into());
    }
    let ran = output.contains(&format!("exited with code {EXIT_CODE}"));
    if ran && output.contains(word) {
        let helper = if package.sandbox_helper().is_some() { ", in the packaged sandbox" } else { "" };
        return Ok(Done::passed(format!("a command found its word with the packaged search tool{helper}")));
    }
    if ran {
        return Err(fault_with(output, "the packaged search tool does not work in a command of the runtime"));
    }
    if output.contains("bubblewrap is unavailable") {
        if package.sandbox_helper().is_some() {
            return Err(fault_with(output, "the runtime cannot use the sandbox helper that its package carries"));
        }
        return Ok(Done::skipped("neither the payload nor this machine has a sandbox helper"));
    }
    Ok(Done::skipped(format!("this machine does not let the sandbox start: {}", first_words(output))))
}

fn fault_with(output: &str, sentence: &str) -> Fault {
    format!("{sentence}: {}", first_words(output)).into()
}

/// What a command wrote, without the runtime's own lines above it.
fn first_words(output: &str) -> String {
    let text = output.split_once("Output:\n").map_or(output, |(_, text)| text);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("no output");
    line.trim().chars().take(200).collect()
}

/// The output of the last function call, as the model is told it.
fn function_output(requests: &[Value]) -> Option<String> {
    let input = requests.last()?.get("input")?.as_array()?;
    let item = input.iter().rev().find(|item| item["type"] == "function_call_output")?;
    Some(match &item["output"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// A path between single quotes of `/bin/sh`, which need not read the `$'…'` that a person's shell does.
fn shell_text(path: &Path) -> String {
    path.to_string_lossy().replace('\'', r"'\''")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Package;

    fn judged(output: &str, forbidden: &str) -> Result<Done, Fault> {
        let package = PackageDirectory { root: "/nowhere".into(), descriptor: Package::default() };
        judge(output, "found-1", Path::new(forbidden), &package)
    }

    fn output(code: u8, text: &str) -> String {
        format!("Wall time: 0.1 seconds\nProcess exited with code {code}\nOutput:\n{text}\n")
    }

    #[test]
    fn only_the_wheel_can_fail() {
        let passed = judged(&output(7, "found-1\n/bin/sh: cannot create"), "/nowhere");
        assert_eq!(passed, Ok(Done::passed("a command found its word with the packaged search tool")));
        let namespaces = "bwrap: No permissions to create a new namespace";
        let skipped = judged(&output(1, namespaces), "/nowhere").unwrap();
        assert_eq!(skipped, Done::skipped(format!("this machine does not let the sandbox start: {namespaces}")));
        let missing = judged(&output(7, "/bin/sh: 1: rg: not found"), "/nowhere").unwrap_err();
        assert!(missing.sentence.ends_with("in a command of the runtime: /bin/sh: 1: rg: not found"));
        assert!(judged(&output(7, "found-1"), ".").is_err());
    }

    #[test]
    fn finds_what_the_model_is_told() {
        let requests = [json!({ "input": [
            { "type": "function_call_output", "output": "one" },
            { "type": "function_call_output", "output": { "content": "two" } },
            { "type": "message" },
        ] })];
        assert_eq!(function_output(&requests).unwrap(), r#"{"content":"two"}"#);
        assert_eq!(function_output(&[]), None);
    }
}
