//! What users write after `import`: the values of `Import-Name` and `Import-Namespace` (PEP 794, core metadata 2.5), and
//! the words of Python that dotted names are made of.

use std::fmt;
use std::str::FromStr;

/// Words that cannot be an identifier (Python 3.13, "Keywords"; soft keywords are allowed as names).
pub(crate) const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Whether the word has the letters of an identifier; keywords have them too.
pub(crate) fn is_identifier(word: &str) -> bool {
    let letters = word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    letters && word.starts_with(|first: char| !first.is_numeric())
}

/// A dotted name, and whether it is no part of what the project promises. Displays as a field states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportName {
    pub(crate) name: String,
    pub(crate) is_private: bool,
}

/// A text that is no name to import.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImportNameError {
    #[error("`{0}` is no identifier")]
    Word(String),
    #[error("`{0}` is a keyword of Python")]
    Keyword(String),
    #[error("`{0}` follows the `;`, where only `private` may stand")]
    Option(String),
}

impl FromStr for ImportName {
    type Err = ImportNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, is_private) = match text.split_once(';') {
            None => (text, false),
            Some((name, option)) if option.trim() == "private" => (name, true),
            Some((_, option)) => return Err(ImportNameError::Option(option.trim().to_owned())),
        };
        let name = name.trim();
        for word in name.split('.') {
            if !is_identifier(word) {
                return Err(ImportNameError::Word(word.to_owned()));
            }
            if KEYWORDS.contains(&word) {
                return Err(ImportNameError::Keyword(word.to_owned()));
            }
        }
        Ok(Self { name: name.to_owned(), is_private })
    }
}

impl fmt::Display for ImportName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.name, if self.is_private { "; private" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_import() {
        for (text, expected) in [
            ("a", Some("a")),
            ("a.b_c", Some("a.b_c")),
            ("ü", Some("ü")),
            ("match", Some("match")),
            ("_a;private", Some("_a; private")),
            ("_a ; private", Some("_a; private")),
            ("a; public", None),
            ("a-b", None),
            ("1a", None),
            ("a.", None),
            ("", None),
            ("a.class", None),
        ] {
            let parsed: Result<ImportName, _> = text.parse();
            assert_eq!(parsed.map(|name| name.to_string()).ok().as_deref(), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn display_and_parse_are_inverse(text in "[a-c_.1ü]{0,6}( ?; ?private)?") {
            if let Ok(name) = text.parse::<ImportName>() {
                proptest::prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
