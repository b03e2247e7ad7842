//! Where a table ends, and whether its frame is one. What is in its cells is not read.

use super::fault::{Fault, width};
use super::lines::Line;
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
    match block.iter().find(|line| width(line.text) != width(top.text) || !line.text.ends_with(['+', '|'])) {
        Some(line) => Err(malformed(line, "the line does not end where the first does")),
        None => Ok(end),
    }
}

/// Where the simple table that begins at `start` ends.
pub(super) fn simple(lines: &[Line<'_>], start: usize) -> Result<usize, Fault> {
    let is_border = |text: &str| text.starts_with('=') && text.bytes().all(|byte| matches!(byte, b'=' | b' '));
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

/// Between columns stands nothing.
fn margins(block: &[Line<'_>]) -> Result<(), Fault> {
    let top = block[0].text.as_bytes();
    let last_column = block[0].text.rfind(' ').unwrap_or(0);
    let inner = block.iter().filter(|line| line.text.is_ascii() && !line.text.starts_with('='));
    // A line of hyphens below another says that columns are joined: what stands in the gap then is right.
    let spans =
        block.iter().any(|line| line.text.starts_with('-') && line.text.bytes().all(|it| matches!(it, b'-' | b' ')));
    for line in inner.filter(|_| !spans) {
        let text = line.text.as_bytes();
        let is_wrong = |at: &usize| top[*at] == b' ' && text.get(*at).is_some_and(|byte| *byte != b' ');
        if (0..last_column).find(is_wrong).is_some() {
            return Err(malformed(line, "text stands between its columns"));
        }
    }
    Ok(())
}
