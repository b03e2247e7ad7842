//! What keeps a reStructuredText description from rendering, as far as it can be told without a whole reader of the format:
//! unknown directives and roles, and underlines that are too short. Only what begins at the left margin is looked at, where
//! nothing can be a literal block. docutils' reStructuredText specification.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// The directives that every docutils knows. `raw` and `include` are known and refused where a stranger's text is shown.
const DIRECTIVES: &str = "admonition attention caution class code code-block container contents csv-table danger date \
    default-role epigraph error figure footer header highlights hint image important line-block list-table math meta note \
    parsed-literal pull-quote replace restructuredtext-test-directive role rubric section-numbering sectnum sidebar \
    sourcecode table target-notes tip title topic unicode warning compound qa questions faq";
const REFUSED: [&str; 2] = ["raw", "include"];

/// The roles of docutils and their short names.
const ROLES: &str = "abbreviation ab acronym ac anonymous-reference citation-reference code emphasis footnote-reference \
    index i literal math named-reference pep-reference pep raw rfc-reference rfc strong subscript sub \
    substitution-reference superscript sup target title-reference title t uri-reference uri url";

/// A line that does not render, counted from 1, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub line: usize,
    pub why: String,
}

/// What is wrong with a text, in its order.
pub(crate) fn faults(text: &str) -> Vec<Fault> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let own: BTreeSet<String> = lines.iter().filter_map(|line| own_role(line)).collect();
    let mut faults = Vec::new();
    let mut start = 0;
    // The last line before the present block: one that ends in two colons makes the block literal.
    let mut before = "";
    while start < lines.len() {
        let end = (start..lines.len()).find(|at| lines[*at].is_empty()).unwrap_or(lines.len());
        let block = &lines[start..end];
        let is_literal = before.ends_with("::") && !before.starts_with("..");
        if let Some(first) = block.first().filter(|first| !is_literal && !first.starts_with([' ', '\t', '>'])) {
            faults.extend(in_block(block, start, &own));
            before = if first.starts_with("..") { "" } else { before };
        }
        before = block.last().copied().unwrap_or(before);
        start = end + 1;
    }
    faults
}

/// The faults of lines without a blank one between them, whose first stands at the margin.
fn in_block(block: &[&str], start: usize, own: &BTreeSet<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut put = |at: usize, why: String| faults.push(Fault { line: start + at + 1, why });
    // Explicit markup begins a block, or follows other explicit markup.
    for (at, line) in block.iter().enumerate().take_while(|(_, line)| line.starts_with("..")) {
        let Some(name) = directive(line) else { continue };
        let name = name.to_ascii_lowercase();
        if REFUSED.contains(&name.as_str()) {
            put(at, format!("the directive `{name}` is refused"));
        } else if !DIRECTIVES.split(' ').any(|known| known == name) {
            put(at, format!("the directive `{name}` is not known"));
        }
    }
    if block[0].starts_with("..") {
        return faults;
    }
    if let [title, underline, ..] = block
        && is_title(title)
        && is_line(underline)
        && (4..width(title)).contains(&underline.len())
    {
        put(1, format!("the underline of `{title}` is shorter than the title"));
    }
    let text = block.join("\n");
    if let Some((role, at)) = unknown_role(&text, own) {
        put(text[..at].matches('\n').count(), format!("the role `{role}` is not known"));
    }
    faults
}

/// The name in `.. name::`, also behind a substitution's `|word|`.
fn directive(line: &str) -> Option<&str> {
    static DIRECTIVE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^\.\.[ \t]+(?:\|[^|]+\|[ \t]+)?([A-Za-z0-9]+(?:[-_.+:][A-Za-z0-9]+)*)[ \t]?::(?:[ \t]|$)").ok()
    });
    DIRECTIVE.as_ref()?.captures(line)?.get(1).map(|name| name.as_str())
}

/// The role that a line defines: `.. role:: name(base)`.
fn own_role(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("..")?.trim_start().strip_prefix("role::")?.trim();
    Some(rest.split('(').next()?.trim().to_lowercase())
}

/// A line of one punctuation character.
fn is_line(line: &str) -> bool {
    let first = line.as_bytes().first();
    first.is_some_and(|first| first.is_ascii_punctuation() && line.bytes().all(|byte| byte == *first))
}

/// Whether a line can be nothing but text: no item of a list, field, table or quotation.
fn is_title(line: &str) -> bool {
    let first = line.split(' ').next().unwrap_or_default();
    let is_item = matches!(first, "-" | "*" | "+" | "•" | "‣" | "⁃" | ">>>" | "__" | "|" | "#." | "(#)");
    let is_numbered = first.ends_with(['.', ')']) && first.len() < 7;
    let is_marked = line.starts_with([':', '|', '+', '-', '/', '=', '[', '.', '>']);
    !(is_item || is_numbered || is_marked || is_line(line))
}

/// How many columns a line takes at least: what is wide counts once, what combines not at all.
fn width(line: &str) -> usize {
    line.chars().filter(|character| !unicode_normalization::char::is_combining_mark(*character)).count()
}

/// The first role that is not known, and where it stands.
fn unknown_role(text: &str, own: &BTreeSet<String>) -> Option<(String, usize)> {
    static LITERAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)``.*?``").ok());
    static ROLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|[\s(\[{<-]):([A-Za-z][A-Za-z0-9]*(?:[-_.+:][A-Za-z0-9]+)*):`[^`\s]").ok());
    // Literals keep their length, so that places stay what they are.
    let plain = LITERAL.as_ref()?.replace_all(text, |found: &regex::Captures<'_>| {
        found[0]
            .chars()
            .map(|it| if it == '\n' { "\n".to_owned() } else { "x".repeat(it.len_utf8()) })
            .collect::<String>()
    });
    let found = ROLE.as_ref()?.captures_iter(&plain).find_map(|found| {
        let role = found.get(1)?;
        let name = role.as_str().to_lowercase();
        let is_known = ROLES.split(' ').any(|known| known == name) || own.contains(&name);
        (!is_known).then(|| (role.as_str().to_owned(), role.start()))
    })?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        faults(text).into_iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn what_docutils_refuses_is_found() {
        for (text, line) in [
            ("Title\n=====\n\n.. toctree::\n   a\n", 4),
            ("Title long\n====\n\ntext\n", 2),
            ("text\nand :func:`x`\n", 2),
            (".. raw:: html\n\n   <b>x</b>\n", 1),
            (".. |x| versionadded:: 1\n", 1),
            ("- :class:`~a.B`\n", 1),
        ] {
            assert_eq!(lines(text), [line], "{text:?}");
        }
    }

    #[test]
    fn what_docutils_renders_is_passed_over() {
        for text in [
            "Title\n=====\n\n.. image:: x\n   :alt: y\n\n.. code-block:: nolang\n\n   .. toctree::\n",
            "Tit\n==\n\nx\n",
            "===\nTitle\n===\n\ntext\n",
            "Text::\n\n    .. toctree::\n\n    :func:`x`\n",
            "Quoted::\n\n.. toctree::\n",
            "a ``:func:`x` `` b and ``more\n:func:`y` ``\n",
            ".. role:: own(code)\n\n:own:`x` and :pep:`8`, :Sup:`2`\n",
            ".. a comment: toctree::\n\n.. _target: https://example.org/\n.. [1] note\n\n:field: `x`\n",
            "text\n.. toctree::\n",
            "- item\n----\n\n=====  =====\na      b\n=====  =====\n",
            "日本\n====\n",
            "",
            "\n\n\n",
        ] {
            assert_eq!(faults(text), [], "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(\\.\\. |[a-zé:`|=\n -]{1,9}|\\PC{0,4}|::\n\n){0,9}") {
            let _ = faults(&text);
        }
    }
}
