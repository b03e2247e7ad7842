//! Links and images of reStructuredText (the Docutils "reStructuredText Markup Specification"), as far as telling them from
//! literal text needs: no tree is built, and what is no link in doubt is none.

use std::sync::LazyLock;

use regex::Regex;

use super::target::LinkDestination;

/// Directives whose content is shown or skipped as it is.
const LITERAL: [&str; 8] =
    ["code", "code-block", "sourcecode", "parsed-literal", "raw", "math", "highlight", "doctest"];

/// `` `text <target>`_ ``, the reference that holds its target.
static EMBEDDED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"`[^`<>]*<([^`<>]+)>`__?").ok());

/// A literal, or a role with its text: nothing in it is a link.
static INLINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"``[^`]+(?:`[^`]+)*``|:[A-Za-z0-9:+._-]+:`[^`]*`").ok());

pub(super) fn targets(text: &str) -> Vec<LinkDestination> {
    let mut targets = Vec::new();
    // The paragraph so far: a reference may go on in the next line.
    let mut paragraph = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let (indent, content) = (indent(line), line.trim());
        if content.is_empty() {
            references(&std::mem::take(&mut paragraph), &mut targets);
            continue;
        }
        if content.starts_with(">>> ") {
            while lines.next_if(|next| !next.trim().is_empty()).is_some() {}
            continue;
        }
        let mut skips = false;
        if let Some(rest) = content.strip_prefix(".. ") {
            skips |= explicit(rest.trim(), &mut targets);
        } else if let Some(rest) = content.strip_prefix("__ ") {
            targets.extend(target(rest));
        } else if let Some(rest) = content.strip_prefix(":target:") {
            targets.extend(target(rest));
        } else {
            paragraph.push_str(content);
            paragraph.push(' ');
            skips |= content.ends_with("::");
        }
        if skips {
            references(&std::mem::take(&mut paragraph), &mut targets);
            while lines.next_if(|next| next.trim().is_empty() || self::indent(next) > indent).is_some() {}
        }
    }
    references(&paragraph, &mut targets);
    targets
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// An explicit markup block; returns whether its content is no text.
fn explicit(rest: &str, targets: &mut Vec<LinkDestination>) -> bool {
    if let Some(named) = rest.strip_prefix('_') {
        // A name in back quotes may hold colons.
        let end = match named.strip_prefix('`') {
            Some(quoted) => quoted.find("`:").map(|at| at + 2),
            None => named.match_indices(": ").map(|(at, _)| at).find(|at| !named[..*at].ends_with('\\')),
        };
        targets.extend(end.and_then(|end| target(&named[end + 1..])));
        return false;
    }
    if rest.starts_with('[') {
        return false;
    }
    let directive = match rest.strip_prefix('|') {
        Some(substitution) => substitution.split_once('|').map_or("", |(_, directive)| directive.trim()),
        None => rest,
    };
    let Some((name, argument)) = directive.split_once("::") else { return !rest.starts_with('|') };
    if name.contains(char::is_whitespace) {
        return true;
    }
    if matches!(name, "image" | "figure") {
        targets.extend(Some(argument.trim()).filter(|url| !url.is_empty()).map(LinkDestination::image));
    }
    LITERAL.contains(&name)
}

/// What an explicit target leads to: nothing where it is a place in the text, or another name.
fn target(text: &str) -> Option<LinkDestination> {
    let text = text.trim().trim_matches('`');
    let is_name = text.ends_with('_') && !text.ends_with("\\_");
    let is_email = text.contains('@') && !text.contains(['/', ' ']);
    (!text.is_empty() && !is_name && !is_email).then(|| LinkDestination::link(text))
}

/// The references of a paragraph that hold their targets.
fn references(paragraph: &str, targets: &mut Vec<LinkDestination>) {
    let (Some(inline), Some(embedded)) = (&*INLINE, &*EMBEDDED) else { return };
    let plain = inline.replace_all(paragraph, " ");
    targets.extend(embedded.captures_iter(&plain).filter_map(|found| target(found.get(1)?.as_str())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_images_of_restructured_text() {
        for (text, urls) in [
            (".. image:: a.png\n   :target: docs/x.html\n", vec!["a.png", "docs/x.html"]),
            (".. figure:: img/a.png\n\n   Caption with `x <y.rst>`_.\n", vec!["img/a.png", "y.rst"]),
            (".. |badge| image:: b.svg\n", vec!["b.svg"]),
            ("See `the manual <docs/y.rst>`_ and `more\n<z.rst>`__.\n", vec!["docs/y.rst", "z.rst"]),
            (
                ".. _manual: docs/y.rst\n.. _`a: b`: c.rst\n.. __: d.rst\n\n__ e.rst\n",
                vec!["docs/y.rst", "c.rst", "d.rst", "e.rst"],
            ),
            (
                ".. _place:\n\n.. _x: y_\n.. _mail: a@x.example\n.. _web: https://x.example/\n`x <y_>`_ `a <#b>`_\n",
                vec![],
            ),
            ("Like this::\n\n   .. image:: a.png\n\n   `x <y>`_\n\nand `z <w>`_\n", vec!["w"]),
            (".. code-block:: rst\n\n   .. image:: a.png\n", vec![]),
            (".. code-block:: html\n   :linenos:\n\n   `x <y>`_\n\nText.\n", vec![]),
            ("``.. `x <y>`_`` and :doc:`x <y>` and `x <https://x.example/>`_\n", vec![]),
            (".. a comment\n   `x <y>`_\n", vec![]),
            (">>> `x <y>`_\n", vec![]),
            (".. note:: `x <y>`_\n\n   `z <w>`_\n", vec!["w"]),
        ] {
            let found = targets(text).into_iter().filter(LinkDestination::is_relative).map(|target| target.url);
            assert_eq!(found.collect::<Vec<_>>(), urls, "{text}");
        }
    }
}
