//! What is wrong with a line, and how wide one is.

/// A line that does not render, counted from 1, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) why: String,
}

impl Fault {
    pub(super) fn new(line: usize, why: String) -> Self {
        Self { line, why }
    }
}

/// How many columns a line takes at least: what is wide counts once, what combines not at all.
pub(super) fn width(line: &str) -> usize {
    line.chars().filter(|character| !unicode_normalization::char::is_combining_mark(*character)).count()
}
