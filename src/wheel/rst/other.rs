//! Directives whose text is not made of body elements, or of one kind of them alone: code, tables, roles. docutils' reference
//! of directives.

use super::document::Document;
use super::fault::Fault;
use super::lines::{Block, Line, spaces};
use super::markers::{Marker, marker};
use super::{csv, inline, options, roles, tables};

/// Reads such a directive: of its block `arguments` lines belong to the argument, and those up to `head` to the options.
pub(super) fn read<'a>(
    document: &mut Document<'a>,
    line: Line<'a>,
    name: &str,
    argument: &str,
    block: &Block<'a>,
    (arguments, head): (usize, usize),
    depth: usize,
) -> Result<(), Fault> {
    let fault = |why: String| Err(Fault::new(line.number, why));
    let text = &block.lines[head..];
    let is_empty = |text: &[Line<'_>]| text.iter().all(|line| line.text.is_empty());
    let option = |wanted| options::value(&block.lines[arguments..head], wanted);
    if matches!(name, "csv-table" | "list-table" | "table") {
        let title: Vec<_> = block.lines[..arguments].iter().map(|line| line.text).collect();
        inline::read(document, line.number, &title.join("\n"))?;
    }
    match name {
        "role" => {
            let argument = block.lines[..arguments].first().map_or(argument, |line| line.text);
            roles::judge_definition(argument, &document.roles).or_else(fault)?;
            roles::judge_options(argument, &options::options(&block.lines[arguments..head])).or_else(fault)?;
            let is_right = arguments <= 1 && is_empty(text);
            return if is_right { Ok(()) } else { fault(format!("the directive `{name}` takes no text")) };
        }
        "title" => {
            let is_right = arguments > 0 && is_empty(text);
            return if is_right {
                Ok(())
            } else {
                fault(format!("the directive `{name}` takes an argument and no text"))
            };
        }
        "meta" => {
            let is_field = |line: &Line<'_>| matches!(marker(line.text), Marker::Field(_));
            let mut lines = block.lines.iter().filter(|line| !line.text.is_empty() && !line.text.starts_with(' '));
            return match argument.is_empty() && !is_empty(&block.lines) && lines.all(is_field) {
                true => Ok(()),
                false => fault(format!("the directive `{name}` holds something else than fields")),
            };
        }
        "math" | "line-block" if is_empty(&block.lines[..arguments]) && is_empty(text) => {
            return fault(format!("the directive `{name}` has no text"));
        }
        "default-role" => {
            document.default_role(line.number, argument.trim());
            if arguments > 1 || head > arguments || !is_empty(text) {
                return fault(format!("the directive `{name}` takes no text"));
            }
            return roles::judge_default(argument.trim(), &document.roles).or_else(fault);
        }
        "code" | "code-block" | "sourcecode" => {
            let words = block.lines[..arguments].iter().flat_map(|line| line.text.split_whitespace()).count();
            if words > 1 {
                let why = "takes one argument, and no blank line stands before its text";
                return fault(format!("the directive `{name}` {why}"));
            }
            // What is shown as it is needs something to show.
            return if is_empty(text) { fault(format!("the directive `{name}` shows nothing")) } else { Ok(()) };
        }
        "math" => return Ok(()),
        "parsed-literal" | "line-block" => {
            let text = if head > arguments { text } else { &block.lines[..] };
            let Some(first) = text.iter().find(|line| !line.text.is_empty()) else {
                return fault(format!("the directive `{name}` shows nothing"));
            };
            let joined: Vec<_> = text.iter().skip_while(|line| line.text.is_empty()).map(|line| line.text).collect();
            return inline::read(document, first.number, &joined.join("\n"));
        }
        "csv-table" => {
            if let Some(option) = ["file", "url"].into_iter().find(|wanted| option(wanted).is_some()) {
                return fault(format!("the option `{option}` of the directive `{name}` is refused"));
            }
            if is_empty(text) {
                return fault(format!("the directive `{name}` has no text"));
            }
            let dialect = match csv::Dialect::of(option) {
                Ok(dialect) => dialect,
                Err(why) => return fault(format!("the directive `{name}` {why}")),
            };
            // Blank lines about the rows are none of them.
            let last = text.iter().rposition(|line| !line.text.is_empty()).map_or(0, |at| at + 1);
            let first = text.iter().position(|line| !line.text.is_empty()).unwrap_or_default();
            let rows = csv::rows(&text[first..last], dialect)?;
            let header = option("header").unwrap_or_default();
            let head: Vec<_> = header.split('\n').map(|text| Line { number: line.number, text }).collect();
            let head = if header.is_empty() { Vec::new() } else { csv::rows(&head, dialect)? };
            let widest = rows.iter().chain(&head).map(Vec::len).max().unwrap_or_default();
            let shortest = rows.iter().map(Vec::len).min().unwrap_or_default();
            if let Some(why) = of_size((rows.len(), widest, shortest), option) {
                return fault(format!("the directive `{name}` {why}"));
            }
            for cell in head.iter().flatten() {
                for line in &cell.lines {
                    inline::read(document, line.number, line.text)?;
                }
            }
            for cell in rows.into_iter().flatten() {
                document.is_partial |=
                    cell.is_changed && cell.lines.iter().any(|line| line.text.contains(['_', '|', '`']));
                if !cell.is_changed {
                    document.nest(cell.lines, depth);
                }
            }
            return Ok(());
        }
        "list-table" => {
            if let Some(why) = of_lists(text, option) {
                return fault(format!("the directive `{name}` {why}"));
            }
            document.nest(text.to_vec(), depth);
            return Ok(());
        }
        "table" => match text.iter().find(|line| !line.text.is_empty()).map(|line| marker(line.text)) {
            Some(Marker::GridTable | Marker::SimpleTable) => {
                let start = text.iter().position(|line| !line.text.is_empty()).unwrap_or_default();
                let is_grid = matches!(marker(text[start].text), Marker::GridTable);
                let end = if is_grid { tables::grid(text, start)? } else { tables::simple(text, start)? };
                if !is_empty(&text[end..]) {
                    return fault(format!("the directive `{name}` holds more than a table"));
                }
                let stated = option("widths").and_then(|widths| options::columns(&widths));
                if stated.is_some_and(|count| tables::columns(text[start].text) != count) {
                    return fault(format!("the directive `{name}` has widths for another number of columns"));
                }
                document.nest(text.to_vec(), depth);
                return Ok(());
            }
            _ => return fault(format!("the directive `{name}` holds no table")),
        },
        _ => {}
    }
    document.is_partial = true;
    Ok(())
}

/// What is wrong with a table that is written as a list of lists.
fn of_lists(text: &[Line<'_>], option: impl Fn(&'static str) -> Option<String>) -> Option<String> {
    let item = |line: &str| match marker(line) {
        Marker::Bullet(_, text) => Some(text),
        _ => None,
    };
    let first = text.iter().find(|line| !line.text.is_empty());
    if first.is_none_or(|line| item(line.text).is_none()) {
        return Some("has no list".to_owned());
    }
    // Of each row: where its columns begin, and how many there are.
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for line in text.iter().filter(|line| !line.text.is_empty()) {
        if let Some(begins) = item(line.text) {
            let column = line.text.get(begins..).filter(|inner| item(inner).is_some());
            rows.push((begins, usize::from(column.is_some())));
        } else if let Some((begins, columns)) = rows.last_mut()
            && spaces(line.text) == *begins
            && item(&line.text[*begins..]).is_some()
        {
            *columns += 1;
        } else if spaces(line.text) == 0 {
            return Some("holds more than a list".to_owned());
        }
    }
    let columns = rows.first().map_or(0, |(_, columns)| *columns);
    if columns == 0 || rows.iter().any(|(_, count)| *count != columns) {
        return Some("has rows of different lengths".to_owned());
    }
    of_size((rows.len(), columns, columns), option)
}

/// Which of the options of a table is not right for one of so many rows and columns, and that has a row of fewer.
fn of_size(
    (rows, columns, fewest): (usize, usize, usize),
    option: impl Fn(&'static str) -> Option<String>,
) -> Option<String> {
    let is_over =
        |wanted, most| option(wanted).and_then(|it| it.parse::<usize>().ok()).is_some_and(|stated| stated >= most);
    if is_over("header-rows", rows) {
        return Some("has no row below its header".to_owned());
    }
    if is_over("stub-columns", fewest) {
        return Some("has no column beside its stubs".to_owned());
    }
    let stated = option("widths").and_then(|widths| options::columns(&widths));
    stated.filter(|stated| *stated != columns).map(|stated| format!("has {stated} widths and {columns} columns"))
}

/// Whether the first of what follows an image is a paragraph, or a comment of nothing in its place. Targets stand before it.
pub(super) fn is_caption(body: &[Line<'_>]) -> bool {
    let mut lines = body.iter().skip_while(|line| line.text.is_empty());
    let Some(first) = lines.next() else { return true };
    match marker(first.text) {
        Marker::Explicit(_) => first.text == ".." || first.text.starts_with(".. _"),
        Marker::Anonymous(_) => true,
        Marker::Number(numbering, _) => !numbering.may_be_followed(lines.next().map(|line| line.text)),
        Marker::Text | Marker::Rule => {
            !first.text.starts_with(' ') && !lines.next().is_some_and(|next| next.text.starts_with(' '))
        }
        _ => false,
    }
}

/// What is wrong with what takes the place of a substitution: it is one paragraph.
pub(super) fn replacement(first: &str, more: &[Line<'_>]) -> Option<String> {
    let mut lines = std::iter::once(first).chain(more.iter().map(|line| line.text)).skip_while(|text| text.is_empty());
    let Some(begin) = lines.next() else { return Some("is of nothing".to_owned()) };
    let is_other = !matches!(marker(begin), Marker::Text | Marker::Rule | Marker::Number(..));
    let second = more.first().map(|line| line.text).filter(|_| !first.is_empty());
    let is_number =
        matches!(marker(begin), Marker::Number(numbering, _) if !first.is_empty() && numbering.may_be_followed(second));
    let mut last = begin;
    let mut rest = lines.skip_while(|text| {
        last = if text.is_empty() { last } else { text };
        !text.is_empty()
    });
    let is_followed = rest.any(|text| !text.is_empty());
    if last.ends_with("::") && !last.ends_with("\\::") {
        return Some("announces a literal block".to_owned());
    }
    (is_other || is_number || is_followed).then(|| "is of more than a paragraph".to_owned())
}

/// What is wrong with a field that tells of the document, where it stands before all else.
pub(super) fn front_matter(name: &str, body: &[Line<'_>]) -> Option<String> {
    const OF_TEXT: [&str; 9] =
        ["author", "organization", "contact", "address", "version", "revision", "status", "date", "copyright"];
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let is_of_text = OF_TEXT.contains(&name.as_str());
    if !is_of_text && !matches!(name.as_str(), "authors" | "dedication" | "abstract") {
        return None;
    }
    if body.iter().all(|line| line.text.is_empty()) {
        return Some("is empty".to_owned());
    }
    replacement("", body).filter(|_| is_of_text)
}

/// What is wrong with characters that are given by their numbers.
pub(super) fn characters(first: &str, more: &[Line<'_>]) -> Option<String> {
    let head = more.iter().take_while(|line| !line.text.is_empty());
    let (fields, codes): (Vec<&Line<'_>>, Vec<_>) =
        head.partition(|line| matches!(marker(line.text), Marker::Field(_)));
    let known = [":trim:", ":ltrim:", ":rtrim:"];
    if let Some(field) = fields.iter().find(|line| !known.contains(&line.text)) {
        return Some(format!("has no option `{}`", field.text));
    }
    let text = std::iter::once(first).chain(codes.iter().map(|line| line.text)).collect::<Vec<_>>().join(" ");
    if text.trim().is_empty() {
        return Some("is of nothing".to_owned());
    }
    // What follows two dots is a comment.
    let text = text.split(" .. ").next().unwrap_or_default();
    let number = |word: &str| {
        let digits = ["0x", "U+", "u+"].into_iter().find_map(|prefix| word.strip_prefix(prefix))?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16))
    };
    let mut wrong = text.split_whitespace().filter(|word| {
        number(word).is_some_and(|code| !word[2..].is_empty() && code.map_or(true, |code| code > u32::from(char::MAX)))
    });
    wrong.next().map(|word| format!("is of `{word}`, which is no character"))
}
