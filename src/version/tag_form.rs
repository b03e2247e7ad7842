//! One form of a product's release tags: a text that holds `{version}` once.

use std::fmt;
use std::str::FromStr;

use crate::error::Explain;

const VERSION: &str = "{version}";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagForm {
    before: String,
    after: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no form of a release tag: it must hold `{{version}}` once, and nothing that a tag may not hold")]
pub struct TagFormError(String);

impl Explain for TagFormError {}

impl TagForm {
    /// What products have whose table says nothing: `v{version}`, then `{version}`.
    pub(crate) fn usual() -> Vec<Self> {
        ["v", ""].map(|before| Self { before: before.to_owned(), after: String::new() }).into()
    }

    /// The tag of a version, in the spelling that is given.
    pub(super) fn write(&self, version: &str) -> String {
        format!("{}{version}{}", self.before, self.after)
    }

    /// The version in a tag of this form.
    pub(super) fn read<'a>(&self, tag: &'a str) -> Option<&'a str> {
        tag.strip_prefix(&self.before)?.strip_suffix(&self.after)
    }
}

impl fmt::Display for TagForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.write(VERSION))
    }
}

impl FromStr for TagForm {
    type Err = TagFormError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What git refuses in the name of a tag, and what would end an argument of a shell.
        let unfit = |character: char| {
            character.is_control() || character.is_whitespace() || "~^:?*[]\\{}'\"`$;|&<>()".contains(character)
        };
        let (before, after) = text.split_once(VERSION).ok_or_else(|| TagFormError(text.to_owned()))?;
        if before.starts_with('-') || [before, after].iter().any(|part| part.contains(unfit) || part.contains("..")) {
            return Err(TagFormError(text.to_owned()));
        }
        Ok(Self { before: before.to_owned(), after: after.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_holds_the_version_once() {
        for text in [
            "{version}",
            "v{version}",
            "rust-v{version}",
            "jq-{version}",
            "cli/v{version}",
            "oxlint_v{version}",
            "{version}-final",
        ] {
            let form: TagForm = text.parse().unwrap();
            assert_eq!(form.to_string(), text);
            assert_eq!(form.read(&form.write("1.2")), Some("1.2"));
        }
        for text in
            ["", "v", "v{version}{version}", "v {version}", "v{tag}", "{version", "a..{version}", "$(x){version}"]
        {
            assert!(text.parse::<TagForm>().is_err(), "{text}");
        }
    }
}
