//! The pages of docs/commands, one for each command, from the definition that `--help` and the manual pages are made of.

use std::fmt::Write as _;
use std::fs;

use clap::{Arg, Command, CommandFactory as _};

use crate::support::{relkit, repository, succeed};

/// Text of help as Markdown: what stands in angles is no tag of HTML.
fn prose(text: &str) -> String {
    text.replace('<', "&lt;")
        .replace('*', "\\*")
        .split("\n\n")
        .map(|part| part.replace('\n', " "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage:").lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn argument(page: &mut String, argument: &Arg) {
    let mut names: Vec<_> = argument.get_long().into_iter().map(|name| format!("--{name}")).collect();
    names.extend(argument.get_visible_aliases().unwrap_or_default().into_iter().map(|name| format!("--{name}")));
    names.extend(argument.get_short().map(|name| format!("-{name}")));
    let takes = argument.get_action().takes_values();
    let values: Vec<_> =
        argument.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>")).collect();
    let title = match (names.is_empty(), takes) {
        (true, _) => format!("`{}`", values.join(" ")),
        (false, true) => format!("`{} {}`", names.join("`, `"), values.join(" ")),
        (false, false) => format!("`{}`", names.join("`, `")),
    };
    let help = argument.get_long_help().or_else(|| argument.get_help()).map(ToString::to_string).unwrap_or_default();
    writeln!(page, "\n### {title}\n\n{}", prose(help.trim_end())).unwrap();
    let possible: Vec<_> =
        argument.get_possible_values().into_iter().filter(|value| takes && !value.is_hide_set()).collect();
    if !possible.is_empty() {
        writeln!(page).unwrap();
    }
    for value in possible {
        let help = value.get_help().map(|help| format!(": {}", prose(&help.to_string()))).unwrap_or_default();
        writeln!(page, "- `{}`{help}", value.get_name()).unwrap();
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        writeln!(page, "\nWithout it: `{}`.", defaults.join(" ")).unwrap();
    }
    if let Some(name) = argument.get_env() {
        writeln!(page, "\nFrom the environment: `{}`.", name.to_string_lossy()).unwrap();
    }
}

fn page(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about()).unwrap().to_string();
    let mut page =
        format!("# relkit {}\n\n{}\n\n```text\n{}\n```\n", command.get_name(), prose(about.trim_end()), usage(command));
    let shown = |argument: &&Arg| !argument.is_hide_set() && argument.get_id() != "help" && !argument.is_global_set();
    let (places, options): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(shown).partition(|one| one.is_positional());
    for (title, arguments) in [("Arguments", places), ("Options", options)] {
        if !arguments.is_empty() {
            writeln!(page, "\n## {title}").unwrap();
        }
        arguments.into_iter().for_each(|one| argument(&mut page, one));
    }
    if let Some(after) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        writeln!(page, "\n## Examples and more\n\n```text\n{}\n```", after.to_string().trim_end()).unwrap();
    }
    // What is added to the help of each.
    let help = succeed(relkit().args([command.get_name(), "--help"]));
    let (_, sections) = help.split_once("\nExit status:\n").unwrap();
    writeln!(page, "\n## Exit status, environment and files\n\n```text\nExit status:\n{}\n```", sections.trim_end())
        .unwrap();
    page
}

#[test]
fn the_pages_of_the_commands_are_written_from_the_command_line() {
    let directory = repository().join("docs/commands");
    let mut commands = relkit::cli::Cli::command();
    commands.build();
    let mut expected: Vec<(String, String)> = commands
        .get_subcommands()
        .filter(|command| command.get_name() != "help" && !command.is_hide_set())
        .map(|command| (format!("{}.md", command.get_name()), page(command)))
        .collect();
    let mut index =
        "# Commands\n\nEach page says what `relkit COMMAND --help` says. Everywhere: exit code 0 done and good, 1 the \
                     distribution, binary or release is not good, 2 the command could not be carried out.\n\n"
            .to_owned();
    for command in commands.get_subcommands().filter(|command| command.get_name() != "help" && !command.is_hide_set()) {
        let name = command.get_name();
        writeln!(index, "- [{name}]({name}.md): {}", prose(&command.get_about().unwrap().to_string())).unwrap();
    }
    index += "\n## Options of every command\n";
    for one in commands.get_arguments().filter(|one| one.is_global_set()) {
        argument(&mut index, one);
    }
    expected.push(("index.md".to_owned(), index));
    expected.sort();
    if std::env::var_os("RELKIT_UPDATE_DOCS").is_some() {
        fs::create_dir_all(&directory).unwrap();
        expected.iter().for_each(|(name, text)| fs::write(directory.join(name), text).unwrap());
    }
    let mut found: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, expected.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    for (name, text) in expected {
        let written = fs::read_to_string(directory.join(&name)).unwrap().replace("\r\n", "\n");
        assert!(written == text, "docs/commands/{name} is stale: run this test with RELKIT_UPDATE_DOCS=1");
    }
}
