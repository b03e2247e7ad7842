//! What may be meant by a slip in the command line. `clap` suggests what is like it by a measure that takes `nope` for `inspect`,
//! and nothing behind `help`; here counts what counts for every other name.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Cli;
use crate::error::nearest;

/// What other tools call it, and commands of ours.
const COMMANDS: [(&str, &[&str]); 15] = [
    ("audit", &["check"]),
    ("download", &["fetch"]),
    ("lint", &["check"]),
    ("new", &["init"]),
    ("pack", &["build"]),
    ("package", &["build"]),
    ("run", &["smoke"]),
    ("rules", &["rule"]),
    ("show", &["inspect"]),
    ("stage", &["stage-runtime", "stage-sdk"]),
    ("tags", &["inspect"]),
    ("test", &["smoke"]),
    ("upload", &["publish"]),
    ("validate", &["check"]),
    ("wheel", &["build"]),
];

/// The same of options.
const OPTIONS: [(&str, &str); 9] = [
    ("--json", "--format=json"),
    ("--no-color", "--color=never"),
    ("--no-colour", "--color=never"),
    ("--output-format", "--format"),
    ("--version", "--release-version"),
    ("--tag", "--platform-tag"),
    ("--outdir", "--out-dir"),
    ("--output", "--out"),
    ("--output", "--out-dir"),
];

/// The command that was typed.
pub(super) fn typed_command(known: &clap::Command) -> Option<&clap::Command> {
    std::env::args_os().skip(1).find_map(|word| known.find_subcommand(word))
}

/// Puts what may be meant in the place of what `clap` suggests.
pub(super) fn suggest(words: &mut clap::Error) {
    command(words);
    option(words);
    value(words);
    missing(words);
}

/// An option in place of which another one does, which `clap` names only where every command line must have one of both.
const INSTEAD: (&str, &str) = ("--payload ", "--download");

fn missing(words: &mut clap::Error) {
    if words.kind() != ErrorKind::MissingRequiredArgument {
        return;
    }
    let Some(ContextValue::Strings(missing)) = words.get(ContextKind::InvalidArg) else { return };
    let (option, other) = INSTEAD;
    let with_other = |one: &String| if one.starts_with(option) { format!("{one} (or {other})") } else { one.clone() };
    let missing = missing.iter().map(with_other).collect();
    words.insert(ContextKind::InvalidArg, ContextValue::Strings(missing));
}

fn slip(words: &clap::Error, kind: ContextKind) -> Option<String> {
    match words.get(kind)? {
        ContextValue::String(slip) => Some(slip.clone()),
        _ => None,
    }
}

fn command(words: &mut clap::Error) {
    let Some(slip) = slip(words, ContextKind::InvalidSubcommand) else { return };
    words.remove(ContextKind::SuggestedSubcommand);
    words.remove(ContextKind::Suggested);
    let known = Cli::command();
    let elsewhere = COMMANDS.iter().find(|(other, _)| *other == slip).map(|(_, meant)| meant.to_vec());
    let meant =
        elsewhere.or_else(|| nearest(&slip, known.get_subcommands().map(clap::Command::get_name)).map(|one| vec![one]));
    if let Some(meant) = meant {
        let meant = meant.into_iter().map(str::to_owned).collect();
        words.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(meant));
    }
}

fn option(words: &mut clap::Error) {
    let Some(slip) = slip(words, ContextKind::InvalidArg).filter(|_| words.kind() == ErrorKind::UnknownArgument) else {
        return;
    };
    let mut command = Cli::command();
    command.build();
    let used = typed_command(&command).unwrap_or(&command);
    let shown = used.get_arguments().chain(command.get_arguments()).filter(|argument| !argument.is_hide_set());
    let own: Vec<_> = shown.filter_map(clap::Arg::get_long).collect();
    let has = |option: &str| own.iter().any(|own| option.trim_start_matches('-').split('=').next() == Some(own));
    let elsewhere = OPTIONS.iter().find(|(other, option)| *other == slip && has(option));
    let elsewhere = elsewhere.map(|(_, option)| (*option).to_owned());
    let near = || nearest(slip.trim_start_matches('-'), own.iter().copied()).map(|name| format!("--{name}"));
    words.remove(ContextKind::SuggestedArg);
    words.remove(ContextKind::SuggestedSubcommand);
    if let Some(tip) = misplaced(&slip, &command, used) {
        words.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    } else if let Some(option) = elsewhere.or_else(near) {
        words.remove(ContextKind::Suggested);
        words.insert(ContextKind::SuggestedArg, ContextValue::String(option));
    }
    // Its usage may be that of another suggestion.
    words.insert(ContextKind::Usage, ContextValue::StyledStr(used.clone().render_usage()));
}

/// What is to be said of an option of the command that stands before it, and of a value that is taken for an option.
fn misplaced(slip: &str, relkit: &clap::Command, used: &clap::Command) -> Option<String> {
    let words: Vec<_> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    // Of `-out` it names `-o`.
    let is_slip = |word: &String| {
        word.strip_prefix(slip).is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || !slip.starts_with("--"))
    };
    let at = words.iter().position(is_slip)?;
    let is_of = |command: &clap::Command, word: &str| {
        let name = word.strip_prefix("--")?;
        let is_called = |argument: &&clap::Arg| {
            let others = argument.get_all_aliases().unwrap_or_default();
            argument.get_long() == Some(name) || others.contains(&name)
        };
        command.get_arguments().find(is_called).map(|found| found.get_action().takes_values())
    };
    let command = words.iter().position(|word| relkit.find_subcommand(word).is_some())?;
    if at < command && is_of(used, slip).is_some() {
        return Some(format!("'{slip}' stands behind the command: 'relkit {} {slip}'", used.get_name()));
    }
    let before = words.get(at.checked_sub(1)?)?;
    let takes_it = is_of(used, before).or_else(|| is_of(relkit, before)) == Some(true);
    takes_it.then(|| format!("if it is the value of '{before}', use '{before}={}'", words[at]))
}

fn value(words: &mut clap::Error) {
    let Some(slip) = slip(words, ContextKind::InvalidValue) else { return };
    words.remove(ContextKind::SuggestedValue);
    let Some(ContextValue::Strings(known)) = words.get(ContextKind::ValidValue) else { return };
    if let Some(meant) = nearest(&slip, known.iter().map(String::as_str)).map(str::to_owned) {
        words.insert(ContextKind::SuggestedValue, ContextValue::String(meant));
    }
}
