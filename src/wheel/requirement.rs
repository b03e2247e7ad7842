//! Dependency specifiers (PEP 508, "Dependency specifiers"), untrusted: name, extras, versions or address, and a
//! marker whose syntax is checked and whose text is kept.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{VersionSpecifiers, VersionSpecifiersParseError};

use super::name::{DistributionName, NameError};

/// A dependency specifier. Displays in one spelling; parsing what is displayed gives the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub(crate) name: DistributionName,
    pub(crate) extras: Vec<DistributionName>,
    pub(crate) source: RequirementSource,
    pub(crate) marker: Option<Marker>,
}

/// Which releases a dependency specifier means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RequirementSource {
    /// Those that an index has and the specifiers take; no specifiers take every release.
    Index(VersionSpecifiers),
    /// What lies at an address.
    Url(String),
}

/// An environment marker: well-formed, its text kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker(String);

/// A text that is no dependency specifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a dependency specifier: {why}")]
pub struct RequirementError {
    text: String,
    why: String,
}

impl Marker {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// This marker, and that `extra` is asked for.
    pub(crate) fn and_extra(marker: Option<&Self>, extra: &DistributionName) -> Self {
        let extra = format!("extra == '{}'", extra.normalized());
        match marker {
            // Parentheses that a quoted `or` did not need do no harm.
            Some(Self(text)) if text.contains("or") => Self(format!("({text}) and {extra}")),
            Some(Self(text)) => Self(format!("{text} and {extra}")),
            None => Self(extra),
        }
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(formatter)?;
        if !self.extras.is_empty() {
            let extras: Vec<_> = self.extras.iter().map(DistributionName::as_str).collect();
            write!(formatter, "[{}]", extras.join(","))?;
        }
        match &self.source {
            RequirementSource::Index(specifiers) => {
                for (index, specifier) in specifiers.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(formatter, "{comma}{specifier}")?;
                }
            }
            RequirementSource::Url(url) => write!(formatter, " @ {url}")?,
        }
        match (&self.marker, &self.source) {
            (Some(marker), RequirementSource::Url(_)) => write!(formatter, " ; {marker}"),
            (Some(marker), RequirementSource::Index(_)) => write!(formatter, "; {marker}"),
            (None, _) => Ok(()),
        }
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|why| RequirementError { text: text.to_owned(), why })
    }
}

/// A set of version specifiers; a comma behind the last is passed over, as every installer does.
pub(super) fn version_specifiers(text: &str) -> Result<VersionSpecifiers, VersionSpecifiersParseError> {
    let trimmed = text.trim_end_matches(BLANK);
    trimmed.strip_suffix(',').filter(|rest| !rest.trim_matches(BLANK).is_empty()).unwrap_or(text).parse()
}

fn parse(text: &str) -> Result<Requirement, String> {
    let text = text.trim_matches(BLANK);
    if text.chars().any(|character| character.is_control() && character != '\t') {
        return Err("it has a control character".into());
    }
    let end = text.find(|character: char| !(character.is_ascii_alphanumeric() || "-_.".contains(character)));
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let name = name.parse().map_err(|error: NameError| error.to_string())?;
    let mut rest = rest.trim_start_matches(BLANK);
    let mut extras = Vec::new();
    if let Some(inside) = rest.strip_prefix('[') {
        let (inside, after) = inside.split_once(']').ok_or("`[` is not closed")?;
        rest = after.trim_start_matches(BLANK);
        if !inside.trim_matches(BLANK).is_empty() {
            for extra in inside.split(',') {
                let extra = extra.trim_matches(BLANK);
                extras.push(extra.parse().map_err(|_| format!("`{extra}` is not an extra"))?);
            }
        }
    }
    let (source, marker) = match rest.strip_prefix('@') {
        Some(after) => {
            let after = after.trim_start_matches(BLANK);
            // An address may hold a semicolon; only one after a blank begins the marker.
            let end = after.find(BLANK).unwrap_or(after.len());
            let (url, after) = after.split_at(end);
            let after = after.trim_start_matches(BLANK);
            if url.is_empty() {
                return Err("there is no address after `@`".into());
            }
            let marker = match (after, after.strip_prefix(';')) {
                ("", _) => None,
                (_, Some(marker)) => Some(marker),
                _ => return Err(format!("`{after}` follows the address")),
            };
            (RequirementSource::Url(url.to_owned()), marker)
        }
        None => {
            let (specifiers, marker) = match rest.split_once(';') {
                Some((specifiers, marker)) => (specifiers, Some(marker)),
                None => (rest, None),
            };
            let specifiers = specifiers.trim_matches(BLANK);
            // The parser of versions passes over every white space of Unicode; `pip` and the index know two kinds.
            if let Some(space) = specifiers.chars().find(|letter| letter.is_whitespace() && !BLANK.contains(letter)) {
                return Err(format!("it has a white space that is no blank (U+{:04X})", u32::from(space)));
            }
            let bare = specifiers.strip_prefix('(').and_then(|inside| inside.strip_suffix(')')).unwrap_or(specifiers);
            let bare = bare.trim_matches(BLANK);
            let parsed =
                version_specifiers(bare).map_err(|_| format!("`{specifiers}` is not a set of version specifiers"))?;
            (RequirementSource::Index(parsed), marker)
        }
    };
    let marker = match marker {
        Some(marker) => {
            let marker = marker.trim_matches(BLANK);
            MarkerReader { rest: marker }.whole().map_err(|why| format!("its marker is malformed: {why}"))?;
            Some(Marker(marker.to_owned()))
        }
        None => None,
    };
    Ok(Requirement { name, extras, source, marker })
}

const BLANK: [char; 2] = [' ', '\t'];

/// `extras` and `dependency_groups` are of lock files alone: `pip` stops at a distribution that asks for them.
const VARIABLES: [&str; 18] = [
    "python_version",
    "python_full_version",
    "os_name",
    "sys_platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "platform_machine",
    "platform_python_implementation",
    "implementation_name",
    "implementation_version",
    "extra",
    // The spellings of PEP 345 and of setuptools, which readers still take.
    "os.name",
    "sys.platform",
    "platform.version",
    "platform.machine",
    "platform.python_implementation",
    "python_implementation",
];

/// `===` is none of them to uv.
const OPERATORS: [&str; 7] = ["<=", ">=", "==", "!=", "~=", "<", ">"];

/// How deep parentheses may nest.
const DEPTH: usize = 32;

/// Checks the grammar of PEP 508 markers: `or` of `and` of comparisons and parenthesised markers.
struct MarkerReader<'a> {
    rest: &'a str,
}

impl<'a> MarkerReader<'a> {
    fn whole(mut self) -> Result<(), String> {
        self.disjunction(0)?;
        if self.rest.is_empty() { Ok(()) } else { Err(format!("`{}` is left over", self.rest)) }
    }

    fn disjunction(&mut self, depth: usize) -> Result<(), String> {
        loop {
            self.conjunction(depth)?;
            if !self.keyword("or") {
                return Ok(());
            }
        }
    }

    fn conjunction(&mut self, depth: usize) -> Result<(), String> {
        loop {
            if !self.token("(") {
                self.comparison()?;
            } else if depth == DEPTH {
                return Err("its parentheses are nested too deep".into());
            } else {
                self.disjunction(depth + 1)?;
                if !self.token(")") {
                    return Err("`(` is not closed".into());
                }
            }
            if !self.keyword("and") {
                return Ok(());
            }
        }
    }

    fn comparison(&mut self) -> Result<(), String> {
        let variable = self.operand()?.is_none();
        let negated = self.keyword("not");
        let membership = self.keyword("in");
        if negated && !membership {
            return Err("`in` must follow `not`".into());
        }
        let operator = OPERATORS.iter().find(|operator| !membership && self.token(operator));
        if !membership && operator.is_none() {
            return Err(format!("a comparison is expected at `{}`", self.rest));
        }
        match (self.operand()?, operator) {
            (Some(_), _) if !variable => Err("it compares two texts".into()),
            // `pip` stops where it cannot compare as versions.
            (Some(text), Some(&"~=")) if VersionSpecifiers::from_str(&format!("~={text}")).is_err() => {
                Err(format!("`~=` compares with two numbers at least, not with `{text}`"))
            }
            _ => Ok(()),
        }
    }

    /// Reads a quoted text, or a variable, of which there is none.
    fn operand(&mut self) -> Result<Option<&'a str>, String> {
        if let Some(quote @ ('\'' | '"')) = self.rest.chars().next() {
            let (text, after) = self.rest[1..].split_once(quote).ok_or("a quote is not closed")?;
            // To uv a backslash takes the quote behind it, to `pip` it is a character like others.
            if text.ends_with('\\') {
                return Err("a backslash stands before a quote".into());
            }
            self.rest = after.trim_start_matches(BLANK);
            return Ok(Some(text));
        }
        match VARIABLES.iter().any(|variable| self.keyword(variable)) {
            true => Ok(None),
            false => Err(format!("a variable or quoted text is expected at `{}`", self.rest)),
        }
    }

    fn token(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(after) => {
                self.rest = after.trim_start_matches(BLANK);
                true
            }
            None => false,
        }
    }

    /// A token that ends where a word ends.
    fn keyword(&mut self, word: &str) -> bool {
        let ends =
            |after: &str| !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_' || next == '.');
        self.rest.strip_prefix(word).is_some_and(ends) && self.token(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_form() {
        for (text, shown) in [
            ("demo", "demo"),
            ("demo == 1.0", "demo==1.0"),
            ("demo(>=1,<2)", "demo>=1,<2"),
            ("demo [a, b] ~=1.0;os_name=='nt'", "demo[a,b]~=1.0; os_name=='nt'"),
            ("demo[]", "demo"),
            ("demo @ https://x.example/a;b.whl ; extra == 'x'", "demo @ https://x.example/a;b.whl ; extra == 'x'"),
            ("A.b_c===1.0", "A.b_c===1.0"),
            ("demo; python_implementation == 'x'", "demo; python_implementation == 'x'"),
            ("demo; python_version ~= '3.8'", "demo; python_version ~= '3.8'"),
            ("demo; '3' ~= python_version", "demo; '3' ~= python_version"),
            (
                "demo; (os_name == \"a\" or 'b' in sys_platform) and python_version not in '3'",
                "demo; (os_name == \"a\" or 'b' in sys_platform) and python_version not in '3'",
            ),
        ] {
            let found = text.parse::<Requirement>().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(found.to_string(), shown);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-demo",
            "A_~",
            "demo==",
            "demo 1.0",
            "demo[a",
            "demo[a,]",
            "demo[a b]",
            "demo @",
            "demo @ x y",
            "demo;",
            "demo; os_name",
            "demo; os_name = 'x'",
            "demo; 'a' == 'b'",
            "demo; x == 'b'",
            "demo; os_name == 'b",
            "demo; (os_name == 'b'",
            "demo; os_name == 'b')",
            "demo; os_name not 'b'",
            "demo; os_name == 'b' and",
            "demo; os_name == 'b' orextra == 'c'",
            "demo; 'a' in extras",
            "demo; dependency_groups == 'a'",
            "demo; python_version === '3.8'",
            "demo; python_version ~= '3'",
            "demo; sys_platform ~= 'x'",
            "demo==1.0 2.0",
            "demo>=1,,<2",
            "démo",
            "demo\n==1",
            "demo\u{a0}==1",
            "demo (>=1,\u{3000}<2)",
            r#"demo; python_version < "3\" "#,
            r#"demo; python_version < "3\"" "#,
        ] {
            assert!(text.parse::<Requirement>().is_err(), "{text:?}");
        }
        let deep = format!("demo; {}os_name == 'a'{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(deep.parse::<Requirement>().is_err());
    }

    #[test]
    fn an_extra_joins_the_marker() {
        let extra = "Fast_IO".parse().unwrap();
        let marker = |text: &str| text.parse::<Requirement>().unwrap().marker;
        assert_eq!(Marker::and_extra(None, &extra).as_str(), "extra == 'fast-io'");
        let either = marker("demo; os_name == 'a' or os_name == 'b'");
        assert_eq!(
            Marker::and_extra(either.as_ref(), &extra).as_str(),
            "(os_name == 'a' or os_name == 'b') and extra == 'fast-io'"
        );
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_round_trips(
            text in "[A-Za-z0-9._-]{0,6}(\\[[a-z, ]{0,4}\\])?[ (]?([<>=~!@]{0,3} ?[0-9a-z.*+!]{0,6},?){0,2}[)]?( ?; ?(os_name|extra|'a'|and|or|not|in|==|[( )]){0,9})?|\\PC{0,24}"
        ) {
            if let Ok(found) = text.parse::<Requirement>() {
                proptest::prop_assert_eq!(found.to_string().parse(), Ok(found));
            }
        }
    }
}
