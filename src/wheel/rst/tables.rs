//! Where a table ends, whether its frame is one, and what its cells hold; those of grids where none is joined with another.

use super::fault::{Fault, columns as columns_of, width};
use super::lines::{Line, spaces};
use super::markers::is_grid;

fn malformed(line: &Line<'_>, why: &str) -> Fault {
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

/// The part of a line between two columns; one behind the other takes as much as is there.
fn part(text: &str, from: usize, to: usize) -> &str {
    if text.is_ascii() {
        return text.get(from..to.min(text.len())).unwrap_or_default();
    }
    let (mut at, mut begin, mut end) = (0, text.len(), text.len());
    for (index, character) in text.char_indices() {
        if at >= from && index < begin {
            begin = index;
        }
        if at >= to {
            end = index;
            break;
        }
        at += columns_of(character);
    }
    &text[begin.min(end)..end]
}

/// A cell without what all its lines are indented by.
fn cell<'a>(lines: &[Line<'a>], from: usize, to: usize) -> Vec<Line<'a>> {
    let mut cut: Vec<_> =
        lines.iter().map(|line| Line { number: line.number, text: part(line.text, from, to).trim_end() }).collect();
    let indent =
        cut.iter().filter(|line| !line.text.is_empty()).map(|line| spaces(line.text)).min().unwrap_or_default();
    for line in &mut cut {
        line.text = line.text.get(indent..).unwrap_or_default();
    }
    cut
}

/// The cells of a grid; `None` where some are joined.
pub(super) fn grid_cells<'a>(block: &[Line<'a>]) -> Option<Vec<Vec<Line<'a>>>> {
    let top = block.first()?.text;
    let bars: Vec<_> = top.match_indices('+').map(|(at, _)| at).collect();
    let is_frame = |line: &Line<'_>| {
        let is_line = line.text.bytes().all(|byte| matches!(byte, b'+' | b'-' | b'='));
        is_line && bars.iter().all(|bar| part(line.text, *bar, bar + 1) == "+")
    };
    let (mut cells, mut begin) = (Vec::new(), 1);
    for (at, line) in block.iter().enumerate().skip(1) {
        if is_frame(line) {
            let row = &block[begin..at];
            if !row.is_empty() {
                cells.extend(bars.windows(2).map(|pair| cell(row, pair[0] + 1, pair[1])));
            }
            begin = at + 1;
        } else if !bars.iter().all(|bar| part(line.text, *bar, bar + 1) == "|") || line.text.contains("+-") {
            return None;
        }
    }
    Some(cells)
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

/// A line of hyphens: columns above it are joined.
fn is_span(text: &str) -> bool {
    text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

/// A row, and where its columns begin and end.
type Row<'a, 'b> = (&'b [Line<'a>], Vec<(usize, usize)>);

/// The rows of a simple table. A line of hyphens below one says which of its columns are joined; what stands before the first
/// text in the first column is no row.
fn rows<'a, 'b>(block: &'b [Line<'a>]) -> Vec<Row<'a, 'b>> {
    let columns = bounds(block[0].text);
    let (mut found, mut begin, mut has_text) = (Vec::new(), 1, false);
    for (at, line) in block.iter().enumerate().skip(1) {
        if is_border(line.text) || is_span(line.text) {
            if begin < at {
                let own = if is_span(line.text) { bounds(line.text) } else { columns.clone() };
                found.push((&block[begin..at], own));
            }
            (begin, has_text) = (at + 1, false);
        } else if !part(line.text, 0, columns[0].1).trim().is_empty() {
            if has_text {
                found.push((&block[begin..at], columns.clone()));
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
    let mut cells = Vec::new();
    for (row, columns) in rows(block) {
        let last = columns.len() - 1;
        let each = columns.iter().enumerate();
        cells.extend(each.map(|(at, (from, to))| cell(row, *from, if at == last { usize::MAX } else { *to })));
    }
    cells
}

fn is_border(text: &str) -> bool {
    text.starts_with('=') && text.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// Between columns stands nothing, and lines that join columns begin and end where columns do.
fn margins(block: &[Line<'_>]) -> Result<(), Fault> {
    let columns = bounds(block[0].text);
    for line in block.iter().filter(|line| is_span(line.text)) {
        let joined = bounds(line.text);
        let begins = joined.iter().all(|(from, _)| columns.iter().any(|(start, _)| start == from));
        let ends = joined.iter().all(|(_, to)| columns.iter().any(|(_, end)| end == to));
        if !begins || !ends || joined.last().map(|(_, to)| *to) != columns.last().map(|(_, end)| *end) {
            return Err(malformed(line, "a line that joins columns ends where none of them does"));
        }
    }
    for (row, columns) in rows(block) {
        let gaps: Vec<_> = columns.windows(2).map(|pair| (pair[0].1, pair[1].0)).collect();
        let is_wrong = |line: &&Line<'_>| gaps.iter().any(|(from, to)| !part(line.text, *from, *to).trim().is_empty());
        if let Some(line) = row.iter().find(is_wrong) {
            return Err(malformed(line, "text stands between its columns"));
        }
    }
    Ok(())
}
