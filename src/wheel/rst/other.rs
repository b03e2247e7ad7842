//! Directives whose text is not made of body elements, or of one kind of them alone: code, tables, roles. docutils' reference
//! of directives.

use super::document::Document;
use super::fault::Fault;
use super::lines::{Block, Line, spaces};
use super::markers::{Marker, marker};
use super::{inline, options, roles};

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
    match name {
        "role" => return roles::judge_definition(argument, &document.roles).or_else(fault),
        "default-role" => {
            document.default_role(line.number, argument.trim());
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
        "parsed-literal" => {
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
        }
        "list-table" => {
            if let Some(why) = of_lists(text, option("header-rows"), option("stub-columns")) {
                return fault(format!("the directive `{name}` {why}"));
            }
            document.nest(text.to_vec(), depth);
            return Ok(());
        }
        "table" => match text.iter().find(|line| !line.text.is_empty()).map(|line| marker(line.text)) {
            Some(Marker::GridTable | Marker::SimpleTable) => {
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
fn of_lists(text: &[Line<'_>], header_rows: Option<String>, stub_columns: Option<String>) -> Option<String> {
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
        }
    }
    let columns = rows.first().map_or(0, |(_, columns)| *columns);
    if columns == 0 || rows.iter().any(|(_, count)| *count != columns) {
        return Some("has rows of different lengths".to_owned());
    }
    let is_over =
        |value: Option<String>, most| value.and_then(|it| it.parse::<usize>().ok()).is_some_and(|it| it > most);
    if is_over(header_rows, rows.len() - 1) {
        return Some("has no row below its header".to_owned());
    }
    is_over(stub_columns, columns - 1).then(|| "has no column beside its stubs".to_owned())
}
