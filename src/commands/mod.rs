//! One short file per command: arguments, options, the step, the console. The only floor that sees the whole line.

mod build;
mod check;
mod completion_values;
mod completions;
mod fetch;
mod generate_types;
mod index;
mod inspect;
mod matrix;
mod next;
mod pages;
mod payloads;
mod product;
mod publish;
mod published;
mod release;
mod retag;
mod scaffold;
mod sections;
mod slips;
mod smoke;
mod stage;
mod verify;
mod written;

use std::error::Error as _;
use std::io::{self, Write as _};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args as _, ColorChoice, CommandFactory as _, FromArgMatches as _};

use crate::cli::{AnnotatedFormatOptions, Cli, Command};
use crate::console::layout::{self, HELP_COLUMNS};
use crate::console::{Color, Console, OutputForm, Volume, text::visible};
use crate::error::{Exit, Failure};
use crate::fs::{clean_on_interrupt, keep_own_rights};
use crate::http;

/// Reads the process's command line.
///
/// # Errors
/// Where it is wrong, or asks for help or the version.
pub fn parse() -> Result<Cli, clap::Error> {
    let mut command = index::without_empty_variables(sections::with_sections(Cli::command())).color(asked_color());
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    index::one_of_both(&matches, &mut command)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Runs what was parsed and returns the process's exit code; every failure has been shown.
#[must_use]
pub fn run(parsed: Result<Cli, clap::Error>) -> Exit {
    let cli = match parsed {
        Ok(cli) => cli,
        Err(words) => return say(&shown(words)),
    };
    let volume = match (cli.verbosity.quiet, cli.verbosity.verbose) {
        (true, _) => Volume::Quiet,
        (_, true) => Volume::Verbose,
        _ => Volume::Normal,
    };
    keep_own_rights();
    relkit_client::process::adopt_orphans();
    relkit_client::process::outlive_file_limit();
    let console = Console::new(volume, cli.verbosity.color);
    let console = match asked_form() {
        Some(OutputForm::Json) => console.for_json(),
        Some(_) => console.for_annotations(),
        None => console,
    };
    let at_the_end = console.clone();
    clean_on_interrupt(move |words| at_the_end.interrupted(words));
    let exit = dispatch(cli.command, &console).unwrap_or_else(|failure| console.end(&failure));
    console.finish(exit)
}

/// The form for programs that the command line asks for, be the rest of it right or wrong.
fn asked_form() -> Option<OutputForm> {
    let annotates = || asks("--format", "github") && slips::typed_command(&Cli::command()).is_some_and(annotates);
    match asks("--format", "json") {
        true => Some(OutputForm::Json),
        false => annotates().then_some(OutputForm::Annotations),
    }
}

/// Whether a command annotates a workflow run, as its declaration says; the matrix in a form of that name is no annotation.
fn annotates(command: &clap::Command) -> bool {
    command.get_groups().any(|group| Some(group.get_id()) == AnnotatedFormatOptions::group_id().as_ref())
}

/// The colour of what is said of a command line that is wrong, and of help.
fn asked_color() -> ColorChoice {
    match (asks("--color", "always"), asks("--color", "never")) {
        (true, false) => ColorChoice::Always,
        (false, true) => ColorChoice::Never,
        _ => ColorChoice::Auto,
    }
}

/// Whether the command line gives an option a value, be the rest of it right or wrong.
fn asks(option: &str, value: &str) -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let joined = format!("{option}={value}");
    arguments.iter().any(|argument| *argument == *joined)
        || arguments.windows(2).any(|pair| pair[0] == option && pair[1] == value)
}

/// Help and the version are asked for; anything else is a slip.
fn say(words: &clap::Error) -> Exit {
    let form = asked_form();
    if let Some(form) = form.filter(|_| words.use_stderr()) {
        let text = words.render().to_string();
        let mut paragraphs = text.split("\n\n").map(|paragraph| paragraph.trim().to_owned());
        let message = paragraphs.next().unwrap_or_default();
        let message = in_one_line(message.strip_prefix("error: ").unwrap_or(&message));
        let hint = paragraphs.find_map(|paragraph| Some(paragraph.strip_prefix("tip: ")?.to_owned()));
        let hint = hint.unwrap_or_else(|| format!("`{}` says what there is to give", own_help()));
        let failure = Failure::new(Exit::Failed, message).with_hint(hint);
        let console = Console::new(Volume::Quiet, Color::Auto);
        let console = if form == OutputForm::Json { console.for_json() } else { console.for_annotations() };
        return console.end(&failure);
    }
    match printed(words) {
        _ if words.use_stderr() => Exit::Failed,
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Console::new(Volume::Quiet, Color::Auto).unwritten(&error)
        }
        _ => Exit::Good,
    }
}

/// What `clap` lists below a sentence, behind it.
fn in_one_line(message: &str) -> String {
    message.lines().map(str::trim).fold(String::new(), |line, next| {
        let mark = if line.is_empty() || line.ends_with(':') || next.starts_with('[') { "" } else { "," };
        format!("{line}{mark} {next}").trim_start().to_owned()
    })
}

/// Prints the words of `clap` where it would, its line of usage within the terminal.
fn printed(words: &clap::Error) -> io::Result<()> {
    let choice = match asked_color() {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        ColorChoice::Auto => anstream::ColorChoice::Auto,
    };
    // A refusal quotes what was typed: where no terminal shows it, no word of that begins a line.
    let columns = match words.use_stderr() {
        true => layout::columns_of_refusals(),
        false => Some(layout::columns().unwrap_or(HELP_COLUMNS)),
    };
    let text = words.render().ansi().to_string();
    let text = match columns {
        Some(columns) => layout::usage_broken(&text, columns.min(HELP_COLUMNS)),
        None => text,
    };
    // The last words of a refusal name the option alone.
    let is_last = |after: &str| words.use_stderr() && anstream::adapter::strip_str(after).to_string().trim() == "'.";
    let text = match text.rsplit_once("--help").filter(|(_, after)| is_last(after)) {
        Some((before, after)) => format!("{before}{}{after}", own_help()),
        None => text,
    };
    if words.use_stderr() {
        anstream::AutoStream::new(io::stderr().lock(), choice).write_all(text.as_bytes())
    } else {
        let mut out = anstream::AutoStream::new(io::stdout().lock(), choice);
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    }
}

/// The help of the command that was typed, or of all of them.
fn own_help() -> String {
    slips::typed_command(&Cli::command())
        .map_or_else(|| "relkit --help".to_owned(), |it| format!("relkit {} --help", it.get_name()))
}

/// Shows what is hidden in the arguments that a slip quotes, which may be names of files, as a pattern of a shell gives them;
/// and hides what may be secret: in URLs, and in the value of an option that takes none.
fn shown(mut words: clap::Error) -> clap::Error {
    if words.kind() == ErrorKind::InvalidUtf8 {
        let odd: Vec<_> = std::env::args_os().filter_map(|word| word.into_string().err()).collect();
        let named = odd.iter().map(|word| format!("`{}`", visible(&http::without_secrets(&word.to_string_lossy()))));
        let named = named.collect::<Vec<_>>().join(", ");
        return clap::Error::raw(words.kind(), format!("what is no path must be UTF-8, and is not: {named}\n"));
    }
    slips::suggest(&mut words);
    let is_unasked = words.kind() == ErrorKind::TooManyValues;
    let text = |kind: ContextKind, text: &str| match kind {
        ContextKind::InvalidValue if is_unasked => "***".to_owned(),
        _ => visible(&http::without_secrets(text)),
    };
    let plain = |kind: ContextKind, value: &ContextValue| match value {
        ContextValue::String(word) => Some(ContextValue::String(text(kind, word))),
        ContextValue::Strings(list) => Some(ContextValue::Strings(list.iter().map(|word| text(kind, word)).collect())),
        _ => None,
    };
    let context = words.context().filter_map(|(kind, value)| Some((kind, plain(kind, value)?, value)));
    let odd: Vec<_> =
        context.filter(|(_, plain, value)| plain != *value).map(|(kind, plain, _)| (kind, plain)).collect();
    if odd.is_empty() {
        return words;
    }
    // Suggestions quote too, and so does a reason.
    words.remove(ContextKind::Suggested);
    for (kind, value) in odd {
        words.insert(kind, value);
    }
    let Some(why) = words.source().map(|why| visible(&why.to_string())) else { return words };
    let [value, argument] =
        [ContextKind::InvalidValue, ContextKind::InvalidArg].map(|kind| words.get(kind).map(ToString::to_string));
    let (value, argument) = (value.unwrap_or_default(), argument.unwrap_or_default());
    clap::Error::raw(words.kind(), format!("invalid value '{value}' for '{argument}': {why}\n"))
}

fn dispatch(command: Command, console: &Console) -> Result<Exit, Failure> {
    match command {
        Command::StageSdk(arguments) => stage::sdk(&arguments, console),
        Command::StageRuntime(arguments) => stage::runtime(&arguments, console),
        Command::Release(arguments) => release::run(&arguments, console),
        Command::Demo(arguments) => release::demo(&arguments, console),
        Command::Check(arguments) => check::run(&arguments, console),
        Command::Rule(arguments) => check::rule(&arguments, console),
        Command::Coverage(arguments) => check::coverage(&arguments, console),
        Command::Verify(arguments) => verify::run(&arguments, console),
        Command::Smoke(arguments) => smoke::run(&arguments, console),
        Command::Init(arguments) => scaffold::init(&arguments, console),
        Command::Workflow(arguments) => scaffold::workflow_of(&arguments, console),
        Command::Matrix(arguments) => matrix::run(&arguments, console),
        Command::Build(arguments) => build::run(&arguments, console),
        Command::Retag(arguments) => retag::run(&arguments, console),
        Command::GenerateTypes(arguments) => generate_types::run(&arguments, console),
        Command::Publish(arguments) => publish::run(&arguments, console),
        Command::Fetch(arguments) => fetch::run(&arguments, console),
        Command::Inspect(arguments) => inspect::run(&arguments, console),
        Command::Completions(arguments) => completions::run(&arguments, console),
        Command::Man(arguments) => pages::man(&arguments, console),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The help of the form is what a reader goes by.
    #[test]
    fn commands_annotate_where_their_help_says_so() {
        let known = Cli::command();
        let says = |command: &clap::Command, words: &str| {
            let format = command.get_arguments().find(|argument| argument.get_id() == "format");
            let forms = format.map(clap::Arg::get_possible_values).unwrap_or_default();
            let form = forms.iter().find(|form| form.get_name() == "github");
            form.and_then(|form| form.get_help()).is_some_and(|help| help.to_string().contains(words))
        };
        for command in known.get_subcommands() {
            assert_eq!(annotates(command), says(command, "annotate"), "{}", command.get_name());
        }
        assert!(known.get_subcommands().any(annotates));
        assert!(known.get_subcommands().any(|command| says(command, "GITHUB_OUTPUT")), "no form of that name but this");
    }
}
