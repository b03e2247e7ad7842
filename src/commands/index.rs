//! The index that an option names, and how it is read.

use std::time::Duration;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use url::Url;

use crate::cli::IndexSource;
use crate::error::Failure;
use crate::http;
use crate::product::RuntimeProject;
use crate::publish::credentials::{Environment, Reading};
use crate::publish::index::Index;
use crate::publish::upload::Patience;

/// The index at a URL, read with what this machine knows to read it with.
pub(super) fn reader(url: &Url, silence: Duration) -> Result<Index, Failure> {
    Ok(Index::new(url, silence)?.read_with(&Reading::new(&Environment::of_process())))
}

impl IndexSource {
    /// The index that is named, if one is.
    pub(super) fn reader(&self, runtime: &RuntimeProject) -> Result<Option<Index>, Failure> {
        let named = self.index.as_deref().map(|name| runtime.named_index(name)).transpose()?;
        let typed = self.index_url.as_deref().map(http::parse_url).transpose()?;
        // Both are there only where the URL is that of the variable.
        let url = named.map_or(typed, |row| row.index_url.clone());
        url.map(|url| reader(&url, Patience::default().sending)).transpose()
    }
}

/// Takes an empty variable for none, as a workflow has it where nothing is set.
pub(super) fn without_empty_variables(command: Command) -> Command {
    command.mut_subcommands(|command| {
        command.mut_args(|argument| {
            let is_empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
            if is_empty { argument.env(Resettable::Reset) } else { argument }
        })
    })
}

/// Refuses the name of an index beside a URL that was typed. That of a variable gives way to the name.
pub(super) fn one_of_both(matches: &ArgMatches, command: &mut Command) -> Result<(), clap::Error> {
    let Some((_, of_command)) = matches.subcommand() else { return Ok(()) };
    let is_typed = |id: &str| {
        let is_known = of_command.try_contains_id(id).is_ok();
        is_known && of_command.value_source(id) == Some(ValueSource::CommandLine)
    };
    let both = [("upload_url", "--upload-url"), ("index_url", "--index-url")].into_iter().find(|(id, _)| is_typed(id));
    match both.filter(|_| is_typed("index")) {
        Some((_, option)) => {
            let words = format!("the argument '{option} <URL>' cannot be used with '--index <NAME>'");
            Err(command.error(ErrorKind::ArgumentConflict, words))
        }
        None => Ok(()),
    }
}
