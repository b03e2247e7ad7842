//! Names in the texts of a template: placeholders that must be filled in, and whole words that a rename replaces.

use super::error::StageError;
use crate::product::Template;
use crate::wheel::name::DistributionName;

/// A template's file with every placeholder filled in; what is not text is left as it is.
pub(super) fn filled(
    template: &Template,
    path: &str,
    bytes: &[u8],
    values: &[(&str, &str)],
) -> Result<Vec<u8>, StageError> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(bytes.to_vec()) };
    filled_text(template, path, text, values).map(String::into_bytes)
}

/// The same of what is known to be text.
pub(super) fn filled_text(
    template: &Template,
    path: &str,
    text: &str,
    values: &[(&str, &str)],
) -> Result<String, StageError> {
    let unknown =
        |placeholder| StageError::Placeholder { origin: template.origin.clone(), path: path.to_owned(), placeholder };
    fill(text, values).map_err(unknown)
}

/// The text with each `@name@` replaced by its value. Fails with the first placeholder that has none.
fn fill(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('@') {
        let (before, marked) = rest.split_at(start);
        filled.push_str(before);
        let inner = &marked[1..];
        let name = inner.find('@').map(|end| &inner[..end]).filter(|name| is_placeholder(name));
        let Some(name) = name else {
            filled.push('@');
            rest = inner;
            continue;
        };
        let Some((_, value)) = values.iter().find(|(known, _)| *known == name) else {
            return Err(format!("@{name}@"));
        };
        filled.push_str(value);
        rest = &inner[name.len() + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Whether a template cannot have the text as it is: staging would fill something in, or refuse it.
pub(crate) fn holds_placeholder(text: &str) -> bool {
    fill(text, &[]).is_err()
}

fn is_placeholder(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
}

/// Old names and the new ones, each in every spelling that texts use.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pairs: Vec<(String, String)>,
}

impl Renames {
    pub(super) fn module(&mut self, old: &str, new: &str) {
        if old != new && !old.is_empty() {
            self.pairs.push((old.to_owned(), new.to_owned()));
        }
    }

    /// Also as file names spell it.
    pub(super) fn distribution(&mut self, old: &DistributionName, new: &DistributionName) {
        self.module(old.as_str(), new.as_str());
        self.module(&old.escaped(), &new.escaped());
    }

    /// The text with every old name replaced where it stands as a whole word. All at once, so that two names may be
    /// exchanged.
    pub(super) fn apply(&self, text: &str) -> String {
        if self.pairs.is_empty() {
            return text.to_owned();
        }
        let mut renamed = String::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let (before, rest) = text.split_at(at);
            let found =
                self.pairs.iter().filter(|(old, _)| is_word(before, rest, old)).max_by_key(|(old, _)| old.len());
            if let Some((old, new)) = found {
                renamed.push_str(new);
                at += old.len();
            } else {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                renamed.push_str(&rest[..next]);
                at += next;
            }
        }
        renamed
    }
}

/// Whether `word` stands at the start of `rest` as a whole. A hyphen continues a name, except one with underscores, which
/// the version of a file name may follow.
fn is_word(before: &str, rest: &str, word: &str) -> bool {
    let Some(after) = rest.strip_prefix(word) else { return false };
    let inside =
        |character: char| character.is_alphanumeric() || character == '_' || character == '-' && !word.contains('_');
    !before.ends_with(inside) && !after.starts_with(inside)
}

/// The path in a stage of a file of the template: what lies below `from` goes below `to`.
pub(super) fn moved(path: &str, from: &str, to: &str) -> String {
    path.strip_prefix(from).map_or_else(|| path.to_owned(), |rest| format!("{to}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders_are_filled() {
        let values = [("module", "codex_cli_bin"), ("version", "1.0.0")];
        assert_eq!(fill("from @module@ import x  # a@b.c", &values).unwrap(), "from codex_cli_bin import x  # a@b.c");
        assert_eq!(fill("@property\ndef x", &values).unwrap(), "@property\ndef x");
        assert_eq!(fill("@@module@@", &values).unwrap(), "@codex_cli_bin@");
        assert_eq!(fill("@modul@", &values), Err("@modul@".into()));
    }

    #[test]
    fn whole_words_are_renamed_at_once() {
        let mut renames = Renames::default();
        renames.module("codex_app", "acme");
        renames.distribution(&"codex-cli".parse().unwrap(), &"codex-app".parse().unwrap());
        renames.module("codex", "codex_app");
        for (text, renamed) in [
            ("import codex_app", "import acme"),
            ("codex_app_server codex_app.x src/codex_app/", "codex_app_server acme.x src/acme/"),
            ("pip install codex-cli==1", "pip install codex-app==1"),
            ("codex-cli-bin my-codex-cli", "codex-cli-bin my-codex-cli"),
            ("dist/codex_cli-1.0-*.whl", "dist/codex_app-1.0-*.whl"),
            ("codex", "codex_app"),
            ("écodex codex.", "écodex codex_app."),
        ] {
            assert_eq!(renames.apply(text), renamed);
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[@a-z_é-]{0,20}") {
            let mut renames = Renames::default();
            renames.module("a", "bb");
            renames.distribution(&"a-b".parse().unwrap(), &"c".parse().unwrap());
            let _ = renames.apply(&text);
            let _ = fill(&text, &[("a", "b")]);
        }

        #[test]
        fn a_text_without_marks_is_kept(text in "[^@]{0,40}") {
            prop_assert_eq!(fill(&text, &[]), Ok(text));
        }
    }
}
