//! `relkit completions` and `relkit man`: pages made from the definition of the command line.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory as _, ValueHint};
use clap_complete::Shell;

use super::product;
use super::sections::{examples, sections};
use crate::check::coverage::PLATFORMS;
use crate::check::{families, rule_names};
use crate::cli::{Cli, Completions, Man};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::fs::{FsError, write_all_whole};
use crate::product::RuntimeProject;

pub(super) fn completions(arguments: &Completions, console: &Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let product = product::find(&arguments.product)?;
    let mut command = completed(Cli::command(), &product.runtime);
    clap_complete::generate(arguments.shell, &mut command, "relkit", &mut script);
    let script = String::from_utf8_lossy(&script);
    console.result(if arguments.shell == Shell::Bash { files_first(&command, &script) } else { script.into_owned() });
    Ok(Exit::Good)
}

/// The script for bash as people expect it: where a command takes files, a word without `-` is one. clap_complete offers the
/// options for an empty word too.
fn files_first(command: &Command, script: &str) -> String {
    let is_path = |argument: &Arg| {
        matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
    };
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

/// The command line with everything that can be told of its values: rules and families, platforms, the targets and indexes of
/// the product, and what kind of file an argument is.
fn completed(command: Command, runtime: &RuntimeProject) -> Command {
    let mut targets: Vec<String> = runtime.targets.iter().map(|row| row.triple.to_string()).collect();
    targets.dedup();
    let missing: Vec<String> = targets.iter().cloned().chain(["all".to_owned()]).collect();
    let rules: Vec<&str> = rule_names().chain(families()).collect();
    let platforms: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
    let indexes: Vec<String> = runtime.indexes.iter().map(|index| index.name.clone()).collect();
    command.mut_subcommands(|command| {
        let is_rule = command.get_name() == "rule";
        command.mut_args(|argument| match argument.get_id().as_str() {
            "select" | "ignore" => argument.value_parser(PossibleValuesParser::new(rules.clone())),
            "name" if is_rule => argument.value_parser(PossibleValuesParser::new(rules.clone())),
            "target" => argument.value_parser(PossibleValuesParser::new(targets.clone())),
            "allow_missing" => argument.value_parser(PossibleValuesParser::new(missing.clone())),
            "require" => argument.value_parser(PossibleValuesParser::new(platforms.clone())),
            "index" if !indexes.is_empty() => argument.value_parser(PossibleValuesParser::new(indexes.clone())),
            _ => with_hint(argument),
        })
    })
}

/// The kind of file that the name of a value tells.
fn with_hint(argument: Arg) -> Arg {
    let name = argument.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    let hint = match name.as_deref() {
        Some("DIR" | "DIST" | "STAGE" | "OUT") => ValueHint::DirPath,
        Some("FILE" | "WHEEL") => ValueHint::FilePath,
        Some("URL") => ValueHint::Url,
        Some("CMD") => ValueHint::CommandString,
        Some(name) if name.contains("FILE") || name.contains("PAYLOAD") || name.contains("DIST_OR") => {
            ValueHint::AnyPath
        }
        _ => return argument,
    };
    argument.value_hint(hint)
}

/// Prints the main manual page, or writes the page of every command into a directory.
pub(super) fn man(arguments: &Man, console: &Console) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(directory) = &arguments.out_dir else {
        console.result(String::from_utf8_lossy(&page(&command, "relkit")?));
        return Ok(Exit::Good);
    };
    let mut pages = vec![(directory.join("relkit.1"), page(&command, "relkit")?)];
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("relkit-{}", subcommand.get_name());
        pages.push((directory.join(format!("{name}.1")), page(subcommand, &name)?));
    }
    write_all_whole(&pages)?;
    console.status("Wrote", format_args!("the manual pages to {}", directory.display()));
    Ok(Exit::Good)
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>, Failure> {
    // The page of a subcommand is found by its file's name.
    let man = clap_mangen::Man::new(command.clone().display_name(name.to_owned()));
    let mut text = Vec::new();
    let rendered = (|| {
        man.render_title(&mut text)?;
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if command.get_subcommands().next().is_some() {
            man.render_subcommands_section(&mut text)?;
        }
        text.extend(rest(command).bytes());
        // Commands have no version of their own.
        match command.get_version() {
            Some(_) => man.render_version_section(&mut text),
            None => Ok(()),
        }
    })();
    rendered.map_err(FsError::write(name.as_ref()))?;
    Ok(text)
}

/// The sections that clap knows nothing of, as roff.
fn rest(command: &Command) -> String {
    let (examples, notes) = examples(command);
    let mut text = String::new();
    if !notes.is_empty() {
        text += &format!(".SH NOTES\n{}\n", notes.iter().map(|line| roff(line)).collect::<Vec<_>>().join("\n"));
    }
    let lines: Vec<_> = examples.iter().map(|line| roff(line)).collect();
    text += &format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", lines.join("\n"));
    for section in sections(command) {
        text += &format!(".SH {}\n", section.title.to_uppercase());
        for (word, meaning) in &section.rows {
            text += &match word.is_empty() {
                true => format!("{}\n", roff(meaning)),
                false => format!(".TP\n\\fB{}\\fR\n{}\n", roff(word), roff(meaning)),
            };
        }
    }
    text
}

/// A line that roff takes for nothing but text.
fn roff(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}
