//! The blocks of a document, one after the other, as docutils goes through them. Blocks inside others are left for later: what
//! they hold says nothing of where they end.

use super::document::{Document, Target};
use super::fault::{Fault, width};
use super::lines::{Block, Indent, Line, Until, indented, skip_blank, spaces};
use super::markers::{Marker, Numbering, is_rule, marker, numbering};
use super::{explicit, grid, inline, other, tables};

/// How many characters a line of punctuation has at least to be taken for what it looks like.
const MIN_RULE: usize = 4;

/// Whether sections begin here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Document,
    Inside(usize),
}

/// What came last in a section.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Element,
    Transition(usize),
}

pub(super) struct Body<'a, 'b> {
    document: &'b mut Document<'a>,
    lines: &'b [Line<'a>],
    place: Place,
    /// The styles of titles, by their level, and the level of the present section.
    styles: Vec<(u8, bool)>,
    level: usize,
    last: Last,
    /// Something came that belongs to no front matter.
    has_begun: bool,
}

fn ends(lines: &[Line<'_>], block: &Block<'_>, what: &str) -> Result<(), Fault> {
    match lines.get(block.next) {
        Some(next) if !block.ends_well => Err(Fault::new(next.number, format!("{what} ends without a blank line"))),
        _ => Ok(()),
    }
}

impl<'a, 'b> Body<'a, 'b> {
    pub(super) fn new(document: &'b mut Document<'a>, lines: &'b [Line<'a>], place: Place) -> Self {
        Self { document, lines, place, styles: Vec::new(), level: 0, last: Last::Nothing, has_begun: false }
    }

    fn depth(&self) -> usize {
        match self.place {
            Place::Document => 0,
            Place::Inside(depth) => depth,
        }
    }

    fn nest(&mut self, lines: Vec<Line<'a>>) {
        let depth = self.depth();
        self.document.nest(lines, depth);
    }

    fn text_at(&self, at: usize) -> Option<&'a str> {
        self.lines.get(at).map(|line| line.text)
    }

    fn fault<T>(&self, at: usize, why: &str) -> Result<T, Fault> {
        Err(Fault::new(self.lines[at].number, why.to_owned()))
    }

    pub(super) fn read(mut self) -> Result<(), Fault> {
        let mut at = 0;
        while at < self.lines.len() {
            at = skip_blank(self.lines, at);
            if at < self.lines.len() {
                at = self.block(at)?;
            }
        }
        match (self.last, self.place) {
            (Last::Transition(at), Place::Document) => self.fault(at, "a transition stands at the end"),
            _ => Ok(()),
        }
    }

    /// Reads the block that begins at `at`; where the next one begins.
    fn block(&mut self, at: usize) -> Result<usize, Fault> {
        let line = self.lines[at].text;
        let found = marker(line);
        // What shows nothing leaves a transition where it is.
        let is_class = || {
            let next = skip_blank(self.lines, at + 1);
            explicit::is_class(line) && !self.text_at(next).is_some_and(|next| next.starts_with(' '))
        };
        let is_front = self.place == Place::Document && !self.has_begun;
        if !matches!(found, Marker::Rule | Marker::Text) && !explicit::is_invisible(line) && !is_class() {
            self.last = Last::Element;
            self.has_begun = true;
        }
        if !matches!(found, Marker::Explicit(_) | Marker::Anonymous(_)) {
            self.document.is_shown = true;
            self.document.element(self.lines[at].number);
        }
        if line.starts_with(' ') {
            self.last = Last::Element;
            self.has_begun = true;
            return self.quote(at);
        }
        let next = self.read_as(found, at, is_front);
        self.has_begun |= self.last != Last::Nothing && matches!(found, Marker::Rule | Marker::Text);
        next
    }

    fn read_as(&mut self, found: Marker, at: usize, is_front: bool) -> Result<usize, Fault> {
        match found {
            Marker::Bullet(bullet, _) => self.list(at, "a bullet list", |line| match marker(line) {
                Marker::Bullet(other, text) if other == bullet => Some(text),
                _ => None,
            }),
            Marker::Number(numbering, _) if numbering.may_be_followed(self.text_at(at + 1)) => self.numbers(at),
            Marker::Field(_) => self.fields(at, is_front),
            Marker::Option(_) => self.options(at),
            Marker::Doctest => Ok(at + self.lines[at..].iter().take_while(|line| !line.text.is_empty()).count()),
            Marker::LineBlock(_) => self.line_block(at),
            Marker::GridTable => {
                let end = tables::grid(self.lines, at)?;
                let block = &self.lines[at..end];
                let cells = match tables::separate_cells(block) {
                    Some(cells) => Some(cells),
                    None => grid::joined_cells(block)?,
                };
                self.table(at, end, cells)
            }
            Marker::SimpleTable => {
                let end = tables::simple(self.lines, at)?;
                self.table(at, end, Some(tables::simple_cells(&self.lines[at..end])))
            }
            Marker::Explicit(_) | Marker::Anonymous(_) => self.explicit(at),
            Marker::Rule => self.rule(at),
            Marker::Number(..) | Marker::Text => self.text(at),
        }
    }

    fn table(&mut self, at: usize, end: usize, cells: Option<Vec<Vec<Line<'a>>>>) -> Result<usize, Fault> {
        match cells {
            Some(cells) => cells.into_iter().for_each(|cell| self.nest(cell)),
            // Cells that are not read may define and use names.
            None => {
                let mut lines = self.lines[at..end].iter();
                self.document.is_partial |= lines.any(|line| line.text.contains(['_', '|', '`']));
            }
        }
        Ok(end)
    }

    fn quote(&mut self, at: usize) -> Result<usize, Fault> {
        let block = indented(self.lines, at, Indent::Common, Until::Unindent);
        ends(self.lines, &block, "a block quote")?;
        // Who is quoted stands in a paragraph of its own, with a dash before the name.
        self.nest(block.lines);
        Ok(block.next)
    }

    /// One item whose text begins behind its marker; its block goes as far as its text is indented.
    fn item(&mut self, at: usize, text: usize) -> Block<'a> {
        let by = if self.lines[at].text.len() > text { Indent::Known(text) } else { Indent::First(text) };
        let block = indented(self.lines, at, by, Until::Unindent);
        self.nest(block.lines.clone());
        block
    }

    fn list(&mut self, at: usize, what: &str, is_item: impl Fn(&str) -> Option<usize>) -> Result<usize, Fault> {
        let mut at = at;
        loop {
            let Some(text) = self.text_at(at).and_then(&is_item) else { return Ok(at) };
            let block = self.item(at, text);
            let next = skip_blank(self.lines, block.next);
            if self.text_at(next).and_then(&is_item).is_none() {
                return ends(self.lines, &block, what).map(|()| block.next);
            }
            at = next;
        }
    }

    fn numbers(&mut self, at: usize) -> Result<usize, Fault> {
        let mut at = at;
        let Some((mut last, mut text)) = numbering(self.lines[at].text, None) else { return self.text(at) };
        let mut is_automatic = last.is_automatic;
        loop {
            let block = self.item(at, text);
            let next = skip_blank(self.lines, block.next);
            let continues = if is_automatic { Numbering::continues_by_itself } else { Numbering::continues };
            let following = self
                .text_at(next)
                .and_then(|line| numbering(line, Some(last)))
                .filter(|(one, _)| continues(*one, last) && one.may_be_followed(self.text_at(next + 1)));
            let Some((mut one, begins)) = following else {
                return ends(self.lines, &block, "an enumerated list").map(|()| block.next);
            };
            is_automatic |= one.is_automatic;
            if one.is_automatic {
                one = last.next();
            }
            (at, last, text) = (next, one, begins);
        }
    }

    fn fields(&mut self, at: usize, is_front: bool) -> Result<usize, Fault> {
        let mut at = at;
        loop {
            let Marker::Field(text) = marker(self.lines[at].text) else { return Ok(at) };
            let line = self.lines[at];
            let name = line.text[..text].trim_end().trim_matches(':');
            inline::read(self.document, line.number, name)?;
            let block = indented(self.lines, at, Indent::First(text), Until::Unindent);
            if let Some(why) = other::front_matter(name, &block.lines).filter(|_| is_front) {
                return self.fault(at, &format!("the field `{name}` of the front matter {why}"));
            }
            self.nest(block.lines.clone());
            let next = skip_blank(self.lines, block.next);
            if !self.text_at(next).is_some_and(|line| matches!(marker(line), Marker::Field(_))) {
                return ends(self.lines, &block, "a field list").map(|()| block.next);
            }
            at = next;
        }
    }

    fn options(&mut self, at: usize) -> Result<usize, Fault> {
        let mut at = at;
        let mut previous: Option<Block<'a>> = None;
        while let Some(Marker::Option(text)) = self.text_at(at).map(marker) {
            let block = indented(self.lines, at, Indent::First(text), Until::Unindent);
            if block.lines.is_empty() {
                // Without a description it is text.
                return match previous {
                    Some(previous) => ends(self.lines, &previous, "an option list").map(|()| previous.next),
                    None => self.text(at),
                };
            }
            self.nest(block.lines.clone());
            at = skip_blank(self.lines, block.next);
            previous = Some(block);
        }
        match previous {
            Some(previous) => ends(self.lines, &previous, "an option list").map(|()| previous.next),
            None => Ok(at),
        }
    }

    fn line_block(&mut self, at: usize) -> Result<usize, Fault> {
        let mut at = at;
        loop {
            let Some(Marker::LineBlock(text)) = self.text_at(at).map(marker) else { return Ok(at) };
            let block = indented(self.lines, at, Indent::First(text), Until::Blank);
            self.paragraph(&block.lines)?;
            if self.text_at(block.next).is_none_or(str::is_empty) {
                return Ok(block.next);
            }
            if !matches!(self.text_at(block.next).map(marker), Some(Marker::LineBlock(_))) {
                return self.fault(block.next, "a line block ends without a blank line");
            }
            at = block.next;
        }
    }

    fn explicit(&mut self, at: usize) -> Result<usize, Fault> {
        let mut at = at;
        loop {
            let depth = self.depth();
            let block = match marker(self.lines[at].text) {
                Marker::Explicit(text) => explicit::read(self.document, self.lines, at, text, depth)?,
                Marker::Anonymous(text) => explicit::anonymous(self.document, self.lines, at, text),
                _ => return Ok(at),
            };
            let next = skip_blank(self.lines, block.next);
            match self.text_at(next).map(marker) {
                Some(Marker::Explicit(_) | Marker::Anonymous(_)) => at = next,
                _ => return ends(self.lines, &block, "explicit markup").map(|()| block.next),
            }
        }
    }

    /// A line of punctuation: the upper line of a title, or a transition.
    fn rule(&mut self, at: usize) -> Result<usize, Fault> {
        let rule = self.lines[at].text;
        let is_short = rule.len() < MIN_RULE;
        if self.place != Place::Document {
            return if is_short {
                self.text(at)
            } else {
                self.fault(at, "a title or transition stands inside another block")
            };
        }
        let Some(title) = self.text_at(at + 1).filter(|next| !next.is_empty()) else {
            return if is_short { self.text(at) } else { self.transition(at) };
        };
        let underline = self.text_at(at + 2).unwrap_or_default();
        let why = if is_rule(title) {
            "a line of punctuation follows another"
        } else if !is_rule(underline) {
            "a title has a line above it and none below"
        } else if underline != rule {
            "the lines above and below a title differ"
        } else if width(title.trim_end()) > rule.len() {
            "the lines above and below a title are shorter than it"
        } else {
            self.title(at + 1, title.trim(), (rule.as_bytes()[0], true))?;
            return Ok(at + 3);
        };
        if is_short { self.text(at) } else { self.fault(at, why) }
    }

    fn transition(&mut self, at: usize) -> Result<usize, Fault> {
        match self.last {
            Last::Nothing => self.fault(at, "a transition stands at the beginning"),
            Last::Transition(_) => self.fault(at, "a transition follows another"),
            Last::Element => {
                self.last = Last::Transition(at);
                Ok(at + 1)
            }
        }
    }

    fn title(&mut self, at: usize, title: &str, style: (u8, bool)) -> Result<(), Fault> {
        match self.styles.iter().position(|known| *known == style) {
            Some(level) if level <= self.level => self.level = level + 1,
            None if self.styles.len() == self.level => {
                self.styles.push(style);
                self.level += 1;
            }
            _ => return self.fault(at, "the title is of a level that none above it leads to"),
        }
        self.last = Last::Nothing;
        self.has_begun = true;
        let number = self.lines[at].number;
        inline::read(self.document, number, title)?;
        self.document.define(number, title, Target::Title)
    }

    /// Text: a title with a line below it, a definition, or a paragraph.
    fn text(&mut self, at: usize) -> Result<usize, Fault> {
        let line = self.lines[at].text;
        let Some(next) = self.text_at(at + 1).filter(|next| !next.is_empty()) else {
            self.last = Last::Element;
            return self.paragraph_to(at, at + 1);
        };
        if next.starts_with(' ') {
            self.last = Last::Element;
            return self.definitions(at);
        }
        let is_too_short = width(line) > next.len();
        if is_rule(next) && !(is_too_short && next.len() < MIN_RULE) {
            if is_too_short {
                return self.fault(at + 1, "the line below a title is shorter than it");
            }
            if self.place != Place::Document {
                return self.fault(at + 1, "a title stands inside another block");
            }
            self.title(at, line, (next.as_bytes()[0], false))?;
            return Ok(at + 2);
        }
        self.last = Last::Element;
        let end = at + self.lines[at..].iter().take_while(|line| !line.text.is_empty()).count();
        if let Some(wrong) = (at..end).find(|at| self.lines[*at].text.starts_with(' ')) {
            return self.fault(wrong, "the line is indented and no blank line stands before it");
        }
        self.paragraph_to(at, end)
    }

    fn definitions(&mut self, at: usize) -> Result<usize, Fault> {
        let mut at = at;
        loop {
            let term = self.lines[at];
            // What a term is of stands behind colons with blanks around them.
            inline::read(self.document, term.number, term.text)?;
            let block = indented(self.lines, at + 1, Indent::Common, Until::Unindent);
            self.nest(block.lines.clone());
            let next = skip_blank(self.lines, block.next);
            let is_term =
                self.text_at(next).is_some_and(|line| matches!(marker(line), Marker::Text) && spaces(line) == 0);
            if !(is_term && self.text_at(next + 1).is_some_and(|line| line.starts_with(' '))) {
                return ends(self.lines, &block, "a definition list").map(|()| block.next);
            }
            at = next;
        }
    }

    /// Reads the text of a paragraph; whether a literal block follows.
    fn paragraph(&mut self, lines: &[Line<'a>]) -> Result<bool, Fault> {
        let Some(first) = lines.first() else { return Ok(false) };
        let text = lines.iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
        let before = text.strip_suffix("::");
        let escapes = before.map_or(0, |before| before.len() - before.trim_end_matches('\\').len());
        let is_literal = before.is_some() && escapes % 2 == 0;
        inline::read(self.document, first.number, &text)?;
        Ok(is_literal)
    }

    fn paragraph_to(&mut self, at: usize, end: usize) -> Result<usize, Fault> {
        let lines = self.lines;
        if !self.paragraph(&lines[at..end])? {
            return Ok(end);
        }
        let block = indented(lines, end, Indent::Common, Until::Unindent);
        if block.lines.iter().any(|line| !line.text.is_empty()) {
            return ends(lines, &block, "a literal block").map(|()| block.next);
        }
        // A literal block at the margin has the same punctuation before every line.
        let start = skip_blank(lines, end);
        let quote = self.text_at(start).and_then(|line| line.chars().next()).filter(char::is_ascii_punctuation);
        let Some(quote) = quote else {
            return self.fault(end - 1, "two colons announce a literal block, and none follows");
        };
        let count = lines[start..].iter().take_while(|line| !line.text.is_empty()).count();
        match (start..start + count).find(|at| !lines[*at].text.starts_with(quote)) {
            Some(wrong) => self.fault(wrong, "the lines of a literal block begin with different characters"),
            None => Ok(start + count),
        }
    }
}
