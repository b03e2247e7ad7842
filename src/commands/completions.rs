//! `relkit completions`: scripts for shells, made from the definition of the command line and from the product, and mended where
//! their generator leaves something out.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory as _, ValueHint};
use clap_complete::Shell;

use super::completion_values::{in_elvish, in_powershell, is_path, words};
use super::product;
use crate::check::coverage::PLATFORMS;
use crate::check::{families, rule_names};
use crate::cli::{Cli, Completions};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::product::RuntimeProject;

pub(super) fn run(arguments: &Completions, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let product = product::find(&arguments.product)?;
    let mut command = completed(Cli::command(), &product.runtime);
    clap_complete::generate(arguments.shell, &mut command, "relkit", &mut script);
    let script = String::from_utf8_lossy(&script);
    console.result(match arguments.shell {
        Shell::Bash => in_bash(&command, files_first(&command, &script)),
        Shell::Zsh => in_zsh(&command, script.into_owned()),
        Shell::Fish => in_fish(&command, script.into_owned()),
        Shell::Elvish => in_elvish(&command, &script),
        Shell::PowerShell => in_powershell(&command, &script),
        _ => script.into_owned(),
    });
    Ok(Exit::Good)
}

/// The script for bash as people expect it: where a command takes files, a word without `-` is one. clap_complete offers the
/// options for an empty word too.
fn files_first(command: &Command, script: &str) -> String {
    let mut script = script.to_owned();
    for subcommand in command.get_subcommands().filter(|command| command.get_positionals().any(is_path)) {
        let head = format!("        relkit__subcmd__{})\n", subcommand.get_name().replace('-', "__subcmd__"));
        let Some(begin) = script.find(&head) else { continue };
        let (before, after) = script.split_at(begin);
        let after = after.replacen(" || ${COMP_CWORD} -eq 2 ", " ", 1);
        let last = "            COMPREPLY=( $(compgen -W \"${opts}\" -- \"${cur}\") )\n";
        script = before.to_owned() + &after.replacen(&format!("esac\n{last}"), "esac\n", 1);
    }
    script
}

/// The command line with everything that can be told of its values: rules and families, platforms, the targets, tags and indexes of
/// the product, and what kind of file an argument is.
fn completed(command: Command, runtime: &RuntimeProject) -> Command {
    let mut targets: Vec<String> = runtime.targets.iter().map(|row| row.triple.to_string()).collect();
    targets.dedup();
    let missing: Vec<String> = targets.iter().cloned().chain(["all".to_owned()]).collect();
    let rules: Vec<&str> = rule_names().chain(families()).collect();
    let platforms: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
    let indexes: Vec<String> = runtime.indexes.iter().map(|index| index.name.clone()).collect();
    let mut tags: Vec<String> = runtime.targets.iter().flat_map(|row| row.tags()).map(ToString::to_string).collect();
    tags.dedup();
    command.mut_subcommands(|command| {
        let is_rule = command.get_name() == "rule";
        command.mut_args(|argument| match argument.get_id().as_str() {
            "select" | "ignore" => argument.value_parser(PossibleValuesParser::new(rules.clone())),
            "name" if is_rule => argument.value_parser(PossibleValuesParser::new(rules.clone())),
            "target" => argument.value_parser(PossibleValuesParser::new(targets.clone())),
            "allow_missing" => argument.value_parser(PossibleValuesParser::new(missing.clone())),
            "require" => argument.value_parser(PossibleValuesParser::new(platforms.clone())),
            "platform_tag" => argument.value_parser(PossibleValuesParser::new(tags.clone())),
            "index" if !indexes.is_empty() => argument.value_parser(PossibleValuesParser::new(indexes.clone())),
            _ => with_hint(argument),
        })
    })
}

/// The kind of file that the name of a value tells; what has another name is no file.
fn with_hint(argument: Arg) -> Arg {
    let name = argument.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    // A positional that has no name of its own is called by its field.
    let name = name.unwrap_or_else(|| argument.get_id().as_str().to_uppercase());
    let hint = match name.as_str() {
        "DIR" | "DIST" | "STAGE" | "OUT" => ValueHint::DirPath,
        "FILE" | "WHEEL" => ValueHint::FilePath,
        "URL" => ValueHint::Url,
        "CMD" => ValueHint::CommandString,
        name if ["FILE", "PAYLOAD", "DIST_OR", "DIR_OR", "WHEEL_OR"].iter().any(|part| name.contains(part)) => {
            ValueHint::AnyPath
        }
        // Where the words are known, bash would set no space behind one of them.
        _ if !words(&argument).is_empty() => return argument,
        _ => ValueHint::Other,
    };
    argument.value_hint(hint)
}

/// The options whose value is a list with commas, each with what may stand in it.
fn lists(command: &Command) -> Vec<(&Arg, Vec<String>)> {
    let arguments = command.get_subcommands().flat_map(Command::get_arguments);
    let lists = arguments.filter(|argument| argument.get_value_delimiter().is_some());
    lists.map(|argument| (argument, words(argument))).filter(|(_, words)| !words.is_empty()).collect()
}

/// The words of a list go on behind its last comma.
fn in_bash(command: &Command, mut script: String) -> String {
    for (_, words) in lists(command) {
        let words = format!("-W \"{}\"", words.join(" "));
        let list = format!("compgen -P \"${{cur%\"${{cur##*,}}\"}}\" {words} -- \"${{cur##*,}}\"");
        script = script.replace(&format!("compgen {words} -- \"${{cur}}\""), &list);
    }
    script
}

fn in_zsh(command: &Command, mut script: String) -> String {
    for (argument, words) in lists(command) {
        let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
        let words = words.join(" ");
        script = script.replace(&format!(":{name}:({words})'"), &format!(":{name}:_sequence compadd - {words}'"));
    }
    script
}

/// What stands before the last comma stays; an option and its value may be one word.
const FISH_LIST: &str = r"
function __fish_relkit_list
    set -l begun (string replace -r '^--[a-z-]+=' '' -- (commandline -ct) | string replace -r '[^,]*$' '')
    for word in $argv
        echo $begun$word
    end
end
";

/// What the generator for fish leaves out: lists, words that are no options, and what stands before a command. It takes `help`
/// for a command behind itself too.
fn in_fish(command: &Command, mut script: String) -> String {
    for (_, words) in lists(command) {
        let each: Vec<_> = words.iter().map(|word| format!("{word}\\t''")).collect();
        let list = format!("-a \"(__fish_relkit_list {})\"", words.join(" "));
        script = script.replace(&format!("-a \"{}\"", each.join("\n")), &list);
    }
    script = script
        .replace("2>/dev/null\n    or return\n", "2>/dev/null\n    or return 0\n")
        .replace(" man help\" -", " man\" -");
    script += FISH_LIST;
    for subcommand in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let begun = format!("complete -c relkit -n \"__fish_relkit_using_subcommand {}\" -f", subcommand.get_name());
        let mut positionals = subcommand.get_positionals();
        match positionals.next().map(words) {
            None => script += &format!("{begun}\n"),
            Some(words) if !words.is_empty() => script += &format!("{begun} -a \"{}\"\n", words.join(" ")),
            Some(_) => {}
        }
    }
    script
}
