//! GitHub workflow commands (`::error file=…,title=…::message`), each of which a workflow run shows beside its file.

use std::fmt;

use super::text::visible;

/// How much an annotation weighs; GitHub has these words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnnotationLevel {
    Error,
    Warning,
    Notice,
}

/// One workflow command. Displays as its line, without the newline.
#[derive(Debug)]
pub(crate) struct Annotation<'a> {
    pub(crate) level: AnnotationLevel,
    /// As the workflow's own directory has it; what cannot be seen in it is shown.
    pub(crate) file: Option<&'a str>,
    pub(crate) title: &'a str,
    /// Its line breaks are kept, so that whoever puts a name into it makes that visible first.
    pub(crate) message: &'a str,
}

impl fmt::Display for Annotation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            AnnotationLevel::Error => "error",
            AnnotationLevel::Warning => "warning",
            AnnotationLevel::Notice => "notice",
        };
        write!(formatter, "::{level} ")?;
        if let Some(file) = self.file {
            write!(formatter, "file={},", property(&visible(file)))?;
        }
        write!(formatter, "title={}::{}", property(self.title), escaped(self.message))
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// In a property `:` and `,` separate.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_cannot_be_broken_out_of() {
        let line = Annotation { level: AnnotationLevel::Error, file: Some("a:b,c"), title: "t", message: "50%\nnext" };
        assert_eq!(line.to_string(), "::error file=a%3Ab%2Cc,title=t::50%25%0Anext");
        let line = Annotation { level: AnnotationLevel::Notice, file: None, title: "t:", message: "m" };
        assert_eq!(line.to_string(), "::notice title=t%3A::m");
        let line = Annotation { level: AnnotationLevel::Error, file: Some("a\nb\u{1b}.txt"), title: "t", message: "m" };
        assert_eq!(line.to_string(), "::error file=a\\nb\\u{1b}.txt,title=t::m");
    }
}
