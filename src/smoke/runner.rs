//! `--runner`: a program that runs the executable under test, as an emulator does.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use relkit_client::process;

use crate::console::text::shell_word;
use crate::error::Explain;

/// A program that runs the executable, such as `qemu-aarch64-static`, with arguments of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
}

/// A command that names no runner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunnerError {
    /// It is blank, or a quotation in it does not end.
    #[error("`{0}` is no command")]
    Malformed(String),
    /// The program is not on this machine.
    #[error("the runner `{0}` is not on the search path")]
    NotFound(String),
}

impl Explain for RunnerError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Malformed(_) => {
                Some("name a program and its arguments, such as `qemu-aarch64-static -L /opt/sysroot`".into())
            }
            Self::NotFound(_) => Some("install it, or give its path".into()),
        }
    }
}

impl FromStr for Runner {
    type Err = RunnerError;

    /// Splits a command at spaces, except within single or double quotes, and finds its program.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words = split_command(text).ok_or_else(|| RunnerError::Malformed(text.to_owned()))?;
        let mut words = words.into_iter();
        let program = words.next().ok_or_else(|| RunnerError::Malformed(text.to_owned()))?;
        let found = process::find_program(OsStr::new(&program)).ok_or(RunnerError::NotFound(program))?;
        // The runtime is started in a directory of its own.
        let program = std::path::absolute(&found).unwrap_or(found);
        Ok(Self { program, arguments: words.collect() })
    }
}

impl Runner {
    /// Whether a directory among its arguments, as `-L` of QEMU names one, has the file at an absolute path.
    pub(super) fn has(&self, path: &str) -> bool {
        let inside = path.trim_start_matches('/');
        let mut directories =
            self.arguments.iter().map(|word| word.trim_start_matches("-L")).filter(|word| !word.is_empty());
        directories.any(|directory| Path::new(directory).join(inside).exists())
    }

    /// The file name of the program.
    pub(crate) fn name(&self) -> String {
        self.program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// As it is typed behind `--runner`, before a shell reads it.
impl fmt::Display for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::iter::once(shell_word(&self.program)).chain(self.arguments.iter().map(shell_word));
        formatter.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

fn split_command(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_may_carry_arguments() {
        let words = |text| split_command(text);
        assert_eq!(
            words("qemu-aarch64-static -L '/opt/my root'").unwrap(),
            ["qemu-aarch64-static", "-L", "/opt/my root"]
        );
        assert_eq!(words(r#"a"b c"d ''"#).unwrap(), ["ab cd", ""]);
        assert_eq!(words("  ").unwrap(), Vec::<String>::new());
        assert_eq!(words("a 'b"), None);
        assert_eq!("".parse::<Runner>(), Err(RunnerError::Malformed(String::new())));
        let missing = "no-such-runner-anywhere -x";
        assert_eq!(missing.parse::<Runner>(), Err(RunnerError::NotFound("no-such-runner-anywhere".into())));
    }
}
