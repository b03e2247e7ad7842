//! Explicit markup: footnotes, citations, targets, substitutions, directives and comments. docutils' specification, "Explicit
//! Markup Blocks", and its reference of directives.

use super::document::{Document, Target, Unnamed};
use super::fault::Fault;
use super::lines::{Block, Indent, Line, Until, indented};
use super::markers::is_simple_name;
use super::{inline, options, other};

/// What a directive holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Body elements, at least one.
    Body,
    /// Body elements or nothing, behind an argument or not.
    Maybe,
    /// Text of another kind, which is not read.
    Other,
    None,
    Refused,
}

/// Every directive of docutils, whether it needs an argument, and what it holds.
const DIRECTIVES: [(&str, bool, Content); 12] = [
    ("attention caution danger error hint important note tip warning", false, Content::Body),
    ("admonition topic", true, Content::Body),
    ("epigraph highlights pull-quote compound", false, Content::Body),
    ("container sidebar figure header footer class", false, Content::Maybe),
    ("image", true, Content::None),
    ("rubric", true, Content::None),
    ("contents sectnum section-numbering target-notes", false, Content::None),
    ("code code-block sourcecode parsed-literal", false, Content::Other),
    ("math csv-table list-table table line-block", false, Content::Other),
    ("default-role role title meta restructuredtext-test-directive", false, Content::Other),
    ("replace unicode date", false, Content::Other),
    ("raw include", false, Content::Refused),
];

/// Directives that leave no element where they stand.
const UNSEEN: [&str; 10] = [
    "meta",
    "title",
    "role",
    "default-role",
    "class",
    "header",
    "footer",
    "target-notes",
    "sectnum",
    "section-numbering",
];

/// Whether a line gives a class to what follows it, or lies below the directive.
pub(super) fn is_class(line: &str) -> bool {
    let rest = line.strip_prefix("..").map(str::trim_start);
    rest.and_then(directive_name).is_some_and(|(name, _)| name.eq_ignore_ascii_case("class"))
}

/// Reads the construct whose text begins at `text` in the line at `start`.
pub(super) fn read<'a>(
    document: &mut Document<'a>,
    lines: &[Line<'a>],
    start: usize,
    text: usize,
    depth: usize,
) -> Result<Block<'a>, Fault> {
    let line = lines[start];
    let rest = &line.text[text..];
    if let Some((label, end)) = label(rest) {
        let block = indented(lines, start, Indent::First(text + end), Until::Unindent);
        match label {
            "#" => document.define_unnamed(Unnamed::Number),
            "*" => document.define_unnamed(Unnamed::Symbol),
            label => document.define(line.number, label.trim_start_matches('#'), Target::Here)?,
        }
        if block.lines.iter().all(|line| line.text.is_empty()) {
            return Err(Fault::new(line.number, format!("the note `{label}` has no text")));
        }
        document.is_shown = true;
        document.element(line.number);
        document.nest(block.lines.clone(), depth);
        return Ok(block);
    }
    if rest.starts_with('_') && rest.len() > 1 && !rest.starts_with("_ ") {
        return target(document, lines, start, text);
    }
    if let Some(block) = substitution(document, lines, start, text)? {
        return Ok(block);
    }
    if let Some((name, end)) = directive_name(rest) {
        let block = indented(lines, start, Indent::First(text + end), Until::Unindent);
        directive(document, line, name, rest.get(end..).unwrap_or(""), &block, depth)?;
        return Ok(block);
    }
    if rest.is_empty() && lines.get(start + 1).is_none_or(|next| next.text.is_empty()) {
        return Ok(Block { lines: Vec::new(), next: start + 1, ends_well: true });
    }
    Ok(indented(lines, start, Indent::First(text), Until::Unindent))
}

/// `[1]`, `[#]`, `[#name]`, `[*]` or `[name]`, and where what follows it begins.
fn label(rest: &str) -> Option<(&str, usize)> {
    let end = rest.strip_prefix('[')?.find(']')? + 1;
    let label = &rest[1..end];
    let name = label.strip_prefix('#').unwrap_or(label);
    let is_label = label == "*" || label == "#" || is_simple_name(name);
    let behind = super::lines::spaces(&rest[end + 1..]);
    (is_label && (behind > 0 || rest.len() == end + 1)).then_some((label, end + 1 + behind))
}

/// `name::`, and where what follows it begins.
fn directive_name(rest: &str) -> Option<(&str, usize)> {
    let is_end = |at: &usize| rest[at + 2..].is_empty() || rest[at + 2..].starts_with(' ');
    let end = rest.match_indices("::").map(|(at, _)| at).find(is_end)?;
    // A blank may stand before the colons.
    let name = rest[..end].strip_suffix(' ').unwrap_or(&rest[..end]);
    is_simple_name(name).then(|| (name, end + 2 + super::lines::spaces(&rest[end + 2..])))
}

/// Whether what begins with this line leaves nothing where it stands: a comment, a target, a substitution.
pub(super) fn is_invisible(line: &str) -> bool {
    let Some(rest) = line.strip_prefix(".. ").map(str::trim_start) else { return line == ".." };
    if label(rest).is_some() {
        return false;
    }
    match directive_name(rest).filter(|_| !rest.starts_with('|')) {
        Some((name, _)) => matches!(name.to_lowercase().as_str(), "role" | "default-role" | "meta" | "title"),
        None => true,
    }
}

/// What follows `.. role::` in a line.
pub(super) fn role_argument(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("..")?.trim_start();
    let (_, end) = directive_name(rest).filter(|(name, _)| name.eq_ignore_ascii_case("role"))?;
    rest.get(end..)
}

fn target<'a>(document: &mut Document<'a>, lines: &[Line<'a>], start: usize, text: usize) -> Result<Block<'a>, Fault> {
    let line = lines[start];
    let block = indented(lines, start, Indent::First(text), Until::Blank);
    let joined: Vec<_> = block.lines.iter().map(|line| line.text.trim()).collect();
    let malformed = || Fault::new(line.number, "the target of a link is malformed".to_owned());
    let whole = joined.join("\n");
    let rest = &whole[1..];
    if let Some(address) = rest.strip_prefix("_:") {
        document.define_unnamed(Unnamed::Link);
        refer_indirectly(document, line.number, address);
        return Ok(block);
    }
    let (name, rest) = match rest.strip_prefix('`') {
        Some(quoted) => quoted.split_once("`:").ok_or_else(malformed)?,
        None => {
            let bytes = rest.as_bytes();
            let is_end = |at: &usize| {
                let is_last = bytes.get(at + 1).is_none_or(|next| matches!(next, b' ' | b'\n'));
                bytes[*at] == b':' && *at > 0 && is_last && bytes[at - 1] != b'\\'
            };
            let end = (0..bytes.len()).find(is_end).ok_or_else(malformed)?;
            (&rest[..end], &rest[end + 1..])
        }
    };
    if !(rest.is_empty() || rest.starts_with([' ', '\n'])) || name.starts_with([' ', '_']) {
        return Err(malformed());
    }
    let address: String = rest.split_whitespace().collect();
    if let Some(other) = refer_indirectly(document, line.number, rest) {
        document.is_another(line.number, &name.replace('\\', ""), other);
    }
    let target = if address.is_empty() { Target::Here } else { Target::Address(address.replace('\\', "")) };
    document.define(line.number, &name.replace('\\', ""), target)?;
    Ok(block)
}

/// An address may be the name of another target.
fn refer_indirectly<'t>(document: &mut Document<'_>, line: usize, address: &'t str) -> Option<&'t str> {
    let name = address.trim().strip_suffix('_').filter(|name| !name.ends_with('\\'))?;
    let phrase = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
    let other = phrase.or_else(|| is_simple_name(name).then_some(name))?;
    document.refer(line, other);
    Some(other)
}

/// The target of a link that has no name: `__ address`.
pub(super) fn anonymous<'a>(document: &mut Document<'a>, lines: &[Line<'a>], start: usize, text: usize) -> Block<'a> {
    let block = indented(lines, start, Indent::First(text), Until::Blank);
    document.define_unnamed(Unnamed::Link);
    let address: Vec<_> = block.lines.iter().map(|line| line.text).collect();
    refer_indirectly(document, lines[start].number, &address.join(" "));
    block
}

fn substitution<'a>(
    document: &mut Document<'a>,
    lines: &[Line<'a>],
    start: usize,
    text: usize,
) -> Result<Option<Block<'a>>, Fault> {
    let line = lines[start];
    let Some(rest) = line.text[text..].strip_prefix('|').filter(|rest| !rest.starts_with(' ')) else { return Ok(None) };
    // A name of several lines is left alone.
    let is_end = |at: &usize| {
        let is_last = rest[at + 1..].is_empty() || rest[at + 1..].starts_with(' ');
        *at > 0 && is_last && !rest[..*at].ends_with([' ', '\\'])
    };
    let end = rest.match_indices('|').map(|(at, _)| at).find(is_end);
    let Some((name, behind)) = end.map(|end| (&rest[..end], &rest[end + 1..])) else {
        document.is_partial = true;
        let block = indented(lines, start, Indent::First(text), Until::Unindent);
        if !ends_anywhere(&block) {
            return Err(Fault::new(line.number, "the name of a substitution does not end".to_owned()));
        }
        return Ok(Some(block));
    };
    let begins = line.text.len() - behind.trim_start().len();
    let block = indented(lines, start, Indent::First(begins), Until::Unindent);
    document.substitute(line.number, name)?;
    let Some(first) = block.lines.first().copied() else {
        return Err(Fault::new(line.number, format!("the substitution `{name}` is of nothing")));
    };
    match directive_name(first.text) {
        Some((kind, end)) => {
            let inner: String = first.text.get(end..).unwrap_or("").to_owned();
            match kind.to_lowercase().as_str() {
                "replace" => {
                    if let Some(why) = other::replacement(&inner, &block.lines[1..]) {
                        return Err(Fault::new(first.number, format!("the substitution `{name}` {why}")));
                    }
                    let more: Vec<_> = block.lines[1..].iter().map(|line| line.text.trim()).collect();
                    let used = document.uses_from(|document| {
                        inline::read(document, first.number, &format!("{inner}\n{}", more.join("\n")))
                    })?;
                    document.replaced(line.number, name, used);
                }
                "unicode" => {
                    if let Some(why) = other::characters(&inner, &block.lines[1..]) {
                        return Err(Fault::new(first.number, format!("the substitution `{name}` {why}")));
                    }
                }
                "date" => {}
                "image" => {
                    let line = Line { number: first.number, text: first.text.get(end..).unwrap_or("") };
                    let more = block.lines[1..].iter().copied();
                    let lines = std::iter::once(line).filter(|line| !line.text.is_empty()).chain(more).collect();
                    let inner = Block { lines, next: block.next, ends_well: true };
                    directive(document, first, "image", line.text, &inner, 0)?;
                }
                kind if is_known(kind) => {
                    let why = format!("the substitution `{name}` is of `{kind}`, which is no part of a line");
                    return Err(Fault::new(first.number, why));
                }
                kind => return Err(Fault::new(first.number, format!("the directive `{kind}` is not known"))),
            }
        }
        None => return Err(Fault::new(line.number, format!("the substitution `{name}` has no directive"))),
    }
    Ok(Some(block))
}

/// Whether the name of a substitution ends in these lines: at a bar behind text and before a blank.
fn ends_anywhere(block: &Block<'_>) -> bool {
    let joined = block.lines.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ");
    let mut bars = joined.match_indices('|').skip(1).filter(|(at, _)| *at > 1);
    bars.any(|(at, _)| {
        let is_behind = !joined[..at].ends_with([' ', '\\']);
        is_behind && (joined[at + 1..].is_empty() || joined[at + 1..].starts_with(' '))
    })
}

fn row(name: &str) -> Option<&'static (&'static str, bool, Content)> {
    DIRECTIVES.iter().find(|(names, ..)| names.split(' ').any(|known| known == name))
}

fn is_known(name: &str) -> bool {
    row(name).is_some_and(|(.., content)| *content != Content::Refused)
}

fn directive<'a>(
    document: &mut Document<'a>,
    line: Line<'a>,
    name: &str,
    argument: &str,
    block: &Block<'a>,
    depth: usize,
) -> Result<(), Fault> {
    let name = name.to_lowercase();
    let fault = |why: String| Err(Fault::new(line.number, why));
    let Some((_, needs_argument, content)) = row(&name) else {
        return fault(format!("the directive `{name}` is not known"));
    };
    if matches!(name.as_str(), "replace" | "unicode" | "date") {
        return fault(format!("the directive `{name}` stands outside of a substitution"));
    }
    if !UNSEEN.contains(&name.as_str()) {
        document.element(line.number);
        // Of a table of contents nothing may be left.
        document.is_shown |= name != "contents";
    }
    // The argument and the options go up to the first blank line.
    let is_apart = argument.is_empty() && block.lines.first().is_some_and(|first| first.number > line.number + 1);
    let head = if is_apart { 0 } else { block.lines.iter().take_while(|line| !line.text.is_empty()).count() };
    let is_option = |line: &Line<'_>| matches!(super::markers::marker(line.text), super::markers::Marker::Field(_));
    let arguments = block.lines[..head].iter().take_while(|line| !is_option(line)).count();
    if *needs_argument && arguments == 0 {
        return fault(format!("the directive `{name}` has no argument"));
    }
    // An image in a line of text is a substitution's.
    let is_in_line = !line.text.trim_start().starts_with("..");
    let option_fault = if is_in_line { options::fault_in_line } else { options::fault };
    if let Some(why) = option_fault(&name, &block.lines[arguments..head]) {
        return fault(why);
    }
    // A sidebar alone may hold the others.
    let is_outer = matches!(name.as_str(), "topic" | "contents") && !document.has_sidebar || name == "sidebar";
    if is_outer && depth > 0 {
        return fault(format!("the directive `{name}` stands inside another block"));
    }
    if let "class" | "container" = name.as_str() {
        let words = block.lines[..arguments].iter().flat_map(|line| line.text.split_whitespace()).collect::<Vec<_>>();
        if let Some(word) = words.iter().find(|word| !options::is_class(word)) {
            return fault(format!("`{word}` is no name of a class"));
        }
        if name == "class" && words.is_empty() {
            return fault(format!("the directive `{name}` has no argument"));
        }
    }
    if matches!(name.as_str(), "admonition" | "topic" | "sidebar") {
        let title: Vec<_> = block.lines[..arguments].iter().map(|line| line.text).collect();
        inline::read(document, line.number, &title.join("\n"))?;
    }
    if name == "class" && block.lines[head..].iter().all(|line| line.text.is_empty()) {
        document.class(line.number);
    }
    if arguments > 0 && matches!(name.as_str(), "sectnum" | "section-numbering" | "target-notes") {
        return fault(format!("the directive `{name}` takes no argument"));
    }
    if name == "figure" && arguments == 0 {
        return fault(format!("the directive `{name}` has no argument"));
    }
    let body = match content {
        Content::Refused => return fault(format!("the directive `{name}` is refused")),
        Content::None => {
            let options = &block.lines[arguments..head];
            let more = block.lines[head..].iter().any(|line| !line.text.is_empty());
            if more {
                return fault(format!("the directive `{name}` takes no text"));
            }
            if name == "rubric" {
                let words: Vec<_> = block.lines[..arguments].iter().map(|line| line.text).collect();
                inline::read(document, line.number, &words.join("\n"))?;
            }
            if let Some(link) = options.iter().find_map(|line| line.text.strip_prefix(":target:")) {
                refer_indirectly(document, line.number, link);
            }
            return Ok(());
        }
        Content::Other => return other::read(document, line, &name, argument, block, (arguments, head), depth),
        // An admonition's options come before its text; what is behind the colons is text too.
        Content::Body if !needs_argument => match block.lines.iter().take(head).position(is_option) {
            Some(0) => block.lines[head..].to_vec(),
            _ => block.lines.clone(),
        },
        Content::Body => block.lines[head..].to_vec(),
        Content::Maybe => {
            if name == "figure" {
                let options = &block.lines[arguments..head];
                let links: Vec<_> = options.iter().filter_map(|line| line.text.strip_prefix(":target:")).collect();
                for link in links {
                    refer_indirectly(document, line.number, link);
                }
            }
            if matches!(name.as_str(), "header" | "footer") {
                block.lines.clone()
            } else {
                block.lines[head..].to_vec()
            }
        }
    };
    let is_empty = body.iter().all(|line| line.text.is_empty());
    if name == "figure" && !is_empty && !other::is_caption(&body) {
        return fault("the caption of a figure is no paragraph".to_owned());
    }
    document.has_sidebar |= name == "sidebar";
    let needs_text =
        *content == Content::Body || matches!(name.as_str(), "sidebar" | "header" | "footer" | "container");
    if needs_text && is_empty {
        return fault(format!("the directive `{name}` has no text"));
    }
    document.nest(body, depth);
    Ok(())
}
