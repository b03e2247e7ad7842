//! Where a table ends, whether its frame is one, and what its cells hold; those of grids where none is joined with another.

use std::borrow::Cow;

use super::fault::{Fault, columns as columns_of, width};
use super::lines::{Line, spaces};
use super::markers::is_grid;

pub(super) fn malformed(line: &Line<'_>, why: &str) -> Fault {
    Fault::new(line.number, format!("the table is malformed: {why}"))
}

/// Where the grid table that begins at `start` ends.
pub(super) fn grid(lines: &[Line<'_>], start: usize) -> Result<usize, Fault> {
    let end = start + lines[start..].iter().take_while(|line| !line.text.is_empty()).count();
    if let Some(line) = lines[start..end].iter().find(|line| line.text.starts_with(' ')) {
        return Err(Fault::new(line.number, "the line is indented and no blank line stands before it".to_owned()));
    }
    let block = &lines[start..end];
    if let Some(line) = block.iter().find(|line| !line.text.starts_with(['+', '|'])) {
        return Err(Fault::new(line.number, "no blank line follows the table".to_owned()));
    }
    let (Some(top), Some(bottom)) = (block.first(), block.last()) else { return Ok(end) };
    if !is_grid(bottom.text) {
        return Err(malformed(bottom, "it has no bottom"));
    }
    let mut headers = block.iter().filter(|line| line.text.starts_with("+=") && is_header(line.text));
    if let Some(second) = headers.nth(1) {
        return Err(malformed(second, "it has two headers"));
    }
    match block.iter().find(|line| width(line.text) != width(top.text) || !line.text.ends_with(['+', '|'])) {
        Some(line) => Err(malformed(line, "the line does not end where the first does")),
        None => Ok(end),
    }
}

/// Where the simple table that begins at `start` ends.
pub(super) fn simple(lines: &[Line<'_>], start: usize) -> Result<usize, Fault> {
    let top = lines[start].text;
    let mut found = 0;
    for at in start + 1..lines.len() {
        let line = &lines[at];
        if !is_border(line.text) {
            continue;
        }
        if line.text.len() != top.len() {
            return Err(malformed(line, "the border is not as long as the first"));
        }
        found += 1;
        let is_last = lines.get(at + 1).is_none_or(|next| next.text.is_empty());
        if found == 2 || is_last {
            return match is_last {
                true => margins(&lines[start..=at]).map(|()| at + 1),
                false => Err(Fault::new(lines[at + 1].number, "no blank line follows the table".to_owned())),
            };
        }
    }
    Err(malformed(&lines[start], "it has no bottom, or no blank line behind it"))
}

/// A line of the frame below the header.
fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'+' | b'='))
}

/// How many columns a table has whose first line this is.
pub(super) fn columns(top: &str) -> usize {
    if top.starts_with('+') { top.matches('+').count() - 1 } else { top.split_whitespace().count() }
}

/// The parts of a line between columns, from the first to the last, in one walk. One behind the line's end takes as much as
/// is there; those behind it are left out.
fn parts<'a>(text: &'a str, places: &[(usize, usize)]) -> Vec<&'a str> {
    if text.is_ascii() {
        let within = places.iter().take_while(|(from, _)| *from < text.len());
        return within.map(|(from, to)| text.get(*from..(*to).min(text.len())).unwrap_or_default()).collect();
    }
    let (mut column, mut characters) = (0, text.char_indices().peekable());
    let mut walk = |to: usize| {
        while column < to
            && let Some((_, character)) = characters.next()
        {
            column += columns_of(character);
        }
        characters.peek().map_or(text.len(), |(index, _)| *index)
    };
    let mut found = Vec::new();
    for (from, to) in places {
        let begin = walk(*from);
        if begin == text.len() {
            break;
        }
        let end = walk(*to);
        found.push(text.get(begin..end).unwrap_or_default());
    }
    found
}

/// The cell of these lines between two columns.
pub(super) fn cell<'a>(row: &[Line<'a>], place: (usize, usize)) -> Vec<Line<'a>> {
    cells(row, &[place]).pop().unwrap_or_default()
}

/// The cells of a row, each without what all its lines are indented by; those that hold nothing may be left out.
fn cells<'a>(row: &[Line<'a>], places: &[(usize, usize)]) -> Vec<Vec<Line<'a>>> {
    let mut cells: Vec<Vec<Line<'a>>> = Vec::new();
    for line in row {
        for (at, part) in parts(line.text, places).into_iter().enumerate() {
            if cells.len() == at {
                cells.push(Vec::new());
            }
            // Lines that end before a cell are blank in it. One blank line stands for all of them: as many as there are for
            // each cell of a wide line would be too many.
            let number = line.number;
            let is_apart = cells[at].last().is_some_and(|last| last.number + 1 < number);
            cells[at].extend(is_apart.then_some(Line { number: number - 1, text: "" }));
            cells[at].push(Line { number, text: part.trim_end() });
        }
    }
    for cell in &mut cells {
        let indents = cell.iter().filter(|line| !line.text.is_empty()).map(|line| spaces(line.text));
        let indent = indents.min().unwrap_or_default();
        cell.iter_mut().for_each(|line| line.text = line.text.get(indent..).unwrap_or_default());
    }
    cells
}

/// The cells of a grid none of which is joined with another.
pub(super) fn separate_cells<'a>(block: &[Line<'a>]) -> Option<Vec<Vec<Line<'a>>>> {
    let top = block.first()?.text;
    let bars: Vec<_> = top.match_indices('+').map(|(at, _)| (at, at + 1)).collect();
    let between: Vec<_> = bars.windows(2).map(|pair| (pair[0].1, pair[1].0)).collect();
    let are_all = |line: &Line<'_>, mark: &str| {
        let found = parts(line.text, &bars);
        found.len() == bars.len() && found.iter().all(|part| *part == mark)
    };
    let is_frame =
        |line: &Line<'_>| line.text.bytes().all(|byte| matches!(byte, b'+' | b'-' | b'=')) && are_all(line, "+");
    let (mut found, mut begin) = (Vec::new(), 1);
    for (at, line) in block.iter().enumerate().skip(1) {
        if is_frame(line) {
            found.extend(cells(&block[begin..at], &between));
            begin = at + 1;
        } else if !are_all(line, "|") || line.text.contains("+-") {
            return None;
        }
    }
    Some(found)
}

/// Where the columns of a simple table begin and end.
fn bounds(top: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in top.bytes().enumerate().filter(|(_, byte)| *byte != b' ') {
        match found.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}

/// The same, where the text of the last column may be longer than it.
fn open(mut columns: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    columns.last_mut().into_iter().for_each(|(_, end)| *end = usize::MAX);
    columns
}

/// A line of hyphens: columns above it are joined.
fn is_span(text: &str) -> bool {
    text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

/// A row, and where its columns begin and end.
type Row<'a, 'b> = (&'b [Line<'a>], Cow<'b, [(usize, usize)]>);

/// The rows of a simple table. A line of hyphens below one says which of its columns are joined; what stands before the first
/// text in the first column is no row.
fn rows<'a, 'b>(block: &'b [Line<'a>], columns: &'b [(usize, usize)]) -> Vec<Row<'a, 'b>> {
    let (mut found, mut begin, mut has_text) = (Vec::new(), 1, false);
    for (at, line) in block.iter().enumerate().skip(1) {
        if is_border(line.text) || is_span(line.text) {
            if begin < at {
                let own = if is_span(line.text) { bounds(line.text).into() } else { columns.into() };
                found.push((&block[begin..at], own));
            }
            (begin, has_text) = (at + 1, false);
        } else if parts(line.text, &[(0, columns[0].1)]).iter().any(|part| !part.trim().is_empty()) {
            if has_text {
                found.push((&block[begin..at], columns.into()));
            }
            (begin, has_text) = (at, true);
        } else if !has_text {
            begin = at + 1;
        }
    }
    found
}

/// The cells of a simple table.
pub(super) fn simple_cells<'a>(block: &[Line<'a>]) -> Vec<Vec<Line<'a>>> {
    let columns = open(bounds(block[0].text));
    let mut found = Vec::new();
    for (row, columns) in rows(block, &columns) {
        match columns {
            Cow::Borrowed(columns) => found.extend(cells(row, columns)),
            Cow::Owned(columns) => found.extend(cells(row, &open(columns))),
        }
    }
    found
}

fn is_border(text: &str) -> bool {
    text.starts_with('=') && text.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// Between columns stands nothing, and lines that join columns begin and end where columns do.
fn margins(block: &[Line<'_>]) -> Result<(), Fault> {
    let columns = bounds(block[0].text);
    for line in block.iter().filter(|line| is_span(line.text)) {
        let joined = bounds(line.text);
        let begins = joined.iter().all(|(from, _)| columns.binary_search_by_key(from, |(start, _)| *start).is_ok());
        let ends = joined.iter().all(|(_, to)| columns.binary_search_by_key(to, |(_, end)| *end).is_ok());
        if !begins || !ends || joined.last().map(|(_, to)| *to) != columns.last().map(|(_, end)| *end) {
            return Err(malformed(line, "a line that joins columns ends where none of them does"));
        }
    }
    let between =
        |columns: &[(usize, usize)]| columns.windows(2).map(|pair| (pair[0].1, pair[1].0)).collect::<Vec<_>>();
    let of_all = between(&columns);
    for (row, columns) in rows(block, &columns) {
        let own = match columns {
            Cow::Borrowed(_) => Cow::Borrowed(&of_all),
            Cow::Owned(columns) => Cow::Owned(between(&columns)),
        };
        let is_wrong = |line: &&Line<'_>| parts(line.text, &own).iter().any(|part| !part.trim().is_empty());
        if let Some(line) = row.iter().find(is_wrong) {
            return Err(malformed(line, "text stands between its columns"));
        }
    }
    Ok(())
}
