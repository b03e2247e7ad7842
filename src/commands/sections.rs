//! What every page about a command says besides its options: examples, exit status, environment, files. The manual pages and
//! the long help show the same.

use clap::Command;

use crate::console::layout::laid_out;

/// A section: its title, and rows of a word and what it means; a row without a word is a line as it stands.
pub(super) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<(String, String)>,
}

impl Section {
    fn of(title: &'static str, rows: &[(&str, &str)]) -> Self {
        let owned = |(word, text): &(&str, &str)| ((*word).to_owned(), (*text).to_owned());
        Self { title, rows: rows.iter().map(owned).collect() }
    }

    fn help(&self) -> String {
        let width = self.rows.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
        let row = |(word, text): &(String, String)| match word.is_empty() {
            true => format!("  {text}\n"),
            false => laid_out(&format!("  {word}"), width + 4, text, Some(COLUMNS)),
        };
        format!("{}:\n{}", self.title, self.rows.iter().map(row).collect::<String>())
    }
}

/// A row of the help has no more columns than this, for `clap` breaks longer ones at its margin.
const COLUMNS: usize = 78;

/// The examples, and what else stands below the help of a command.
pub(super) fn examples(command: &Command) -> (Vec<String>, Vec<String>) {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (mut examples, mut notes, mut in_examples) = (Vec::new(), Vec::new(), false);
    for line in after.lines() {
        if line.starts_with("Example") {
            in_examples = true;
        } else if !line.starts_with(' ') && !line.is_empty() {
            in_examples = false;
        }
        match in_examples {
            true if line.starts_with(' ') => examples.push(line.strip_prefix("  ").unwrap_or(line).to_owned()),
            false if !line.is_empty() => notes.push(line.to_owned()),
            _ => {}
        }
    }
    if examples.is_empty() {
        let name = command.get_name();
        examples.push(if name == "relkit" { "relkit demo".to_owned() } else { format!("relkit {name} --help") });
    }
    (examples, notes)
}

/// Exit status, environment and files.
pub(super) fn sections(command: &Command) -> [Section; 3] {
    [exit_status(), environment(command), files(command)]
}

fn exit_status() -> Section {
    let rows = [
        ("0", "done and good"),
        ("1", "the distribution, binary or release is not good"),
        ("2", "the command could not be carried out: usage, unreadable input, no disk, no network"),
        ("130", "it was interrupted"),
    ];
    Section::of("Exit status", &rows)
}

fn environment(command: &Command) -> Section {
    let name = command.get_name();
    let mut section = Section::of(
        "Environment",
        &[
            ("NO_COLOR", "no colour, whatever it is set to, unless `--color always` asks for it"),
            ("CLICOLOR_FORCE", "colour in a pipe or a file too, where it is not empty and NO_COLOR is not set"),
            ("COLUMNS", "the width that lines fit, instead of the terminal's; without it a pipe or a file has none"),
        ],
    );
    if ["relkit", "build", "retag", "release", "demo"].contains(&name) {
        let text = "the time of every file, in seconds since 1970, and the day of the release";
        section.rows.push(("SOURCE_DATE_EPOCH".to_owned(), text.to_owned()));
    }
    for argument in command.get_arguments() {
        let (Some(variable), Some(option)) = (argument.get_env(), argument.get_long()) else { continue };
        section.rows.push((variable.to_string_lossy().into_owned(), format!("stands for --{option}")));
    }
    let mut add = |rows: &[(&str, &str)]| section.rows.extend(Section::of("", rows).rows);
    if has(command, "index_url") {
        add(&[
            ("RELKIT_INDEX_TOKEN", "what an index asks for to be read"),
            ("NETRC", "the file that is read in place of ~/.netrc"),
        ]);
    }
    if name == "publish" {
        add(&[
            ("RELKIT_TOKEN", "the token of the upload, where the job offers no trusted publishing"),
            (
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                "with ACTIONS_ID_TOKEN_REQUEST_TOKEN: who the job is, as GitHub sets them",
            ),
            ("AUDIENCE_ID_TOKEN", "who the job is, on GitLab; the name is that of the index's audience"),
        ]);
    }
    if name == "fetch" || has(command, "index_url") {
        add(&[("HTTPS_PROXY", "the proxy of requests; HTTP_PROXY, ALL_PROXY and NO_PROXY count, too")]);
    }
    if ["smoke", "release", "demo"].contains(&name) {
        add(&[("TMPDIR", "where wheels are unpacked to be run; programs must be allowed to start there")]);
    }
    section
}

fn files(command: &Command) -> Section {
    let mut rows = Vec::new();
    if command.get_name() == "relkit" || has(command, "product") {
        rows.push(("runtime-template/pyproject.toml", "what the product is, below [tool.relkit]"));
        rows.push(("sdk-template/", "the product's SDK, where it has one"));
    }
    if has(command, "index_url") {
        rows.push(("~/.netrc", "user name and password of an index whose URL names none"));
    }
    if rows.is_empty() {
        rows.push(("", "None but those that are named on the command line."));
    }
    Section::of("Files", &rows)
}

fn has(command: &Command, argument: &str) -> bool {
    command.get_arguments().any(|one| one.get_id() == argument)
}

/// The command line with the sections below the long help of every command.
pub(super) fn with_sections(command: Command) -> Command {
    command.mut_subcommands(|command| {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let more: Vec<_> = sections(&command).iter().map(|section| section.help().trim_end().to_owned()).collect();
        command.after_long_help(format!("{after}\n\n{}", more.join("\n\n")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_goes_on_below_its_text() {
        let long = "a text of many words that has no room in one line of a page of help, as it is";
        let rows = [("ONE", "short"), ("A_LONG_NAME", long)];
        assert_eq!(
            Section::of("Title", &rows).help(),
            "Title:\n  ONE          short\n  A_LONG_NAME  a text of many words that has no room in one line of a page of\n               help, as it is\n"
        );
    }
}
