//! Markup inside a paragraph: where it begins and ends, what it refers to. docutils' specification, "Inline Markup".

use super::document::{Document, Target, Unnamed};
use super::fault::Fault;
use super::roles;

/// Reads the text of a paragraph, title, term or the like that begins on `line`.
pub(super) fn read(document: &mut Document<'_>, line: usize, text: &str) -> Result<(), Fault> {
    // Most paragraphs have nothing that could be markup.
    if !text.contains(['*', '`', '|', '_']) {
        return Ok(());
    }
    let mut inline = Inline { document, line, text: escaped(text), base: 0, chain: (0, 0), ends: (0, 0) };
    while let Some(found) = inline.next() {
        inline.base = inline.take(found)?;
    }
    Ok(())
}

/// The characters of a text, a zero in place of each backslash: what follows it is no markup.
fn escaped(text: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            out.push('\0');
            out.extend(characters.next());
        } else {
            out.push(character);
        }
    }
    out
}

/// What begins at a place.
enum Start {
    Emphasis(usize),
    Strong(usize),
    Literal(usize),
    Target(usize),
    Substitution(usize),
    /// A name, and how many underscores follow it.
    Reference {
        at: usize,
        end: usize,
        underscores: usize,
    },
    Footnote {
        at: usize,
        end: usize,
    },
    /// The role before it, where its backquote is.
    Interpreted {
        role: Option<String>,
        quote: usize,
    },
}

/// How many characters a mark has at most.
const MAX_MARK: usize = 2;

struct Inline<'a, 'b> {
    document: &'a mut Document<'b>,
    line: usize,
    text: Vec<char>,
    /// Where what is left begins.
    base: usize,
    /// The last chain of words that was looked at: from where, and to where it goes.
    chain: (usize, usize),
    /// How far the ends of lines are counted, and how many there are up to it.
    ends: (usize, usize),
}

impl Inline<'_, '_> {
    fn at(&self, at: usize) -> Option<char> {
        self.text.get(at).copied()
    }

    fn starts(&self, at: usize, with: &str) -> bool {
        with.chars().enumerate().all(|(offset, character)| self.at(at + offset) == Some(character))
    }

    fn may_begin(&self, at: usize) -> bool {
        at == self.base || self.text[at - 1].is_whitespace() || opens(self.text[at - 1]) || divides(self.text[at - 1])
    }

    fn may_end(&self, at: usize) -> bool {
        let is_end = |it: char| {
            it.is_whitespace() || it == '\0' || closes(it) || divides(it) || matches!(it, '.' | ',' | ';' | '!' | '?')
        };
        self.at(at).is_none_or(is_end)
    }

    /// Whether a mark begins something where this follows it. At the end of a text it does if it is all of that text.
    fn is_text(&self, at: usize) -> bool {
        let is_all = || self.text.iter().all(|it| matches!(it, '*' | '`' | '_')) && self.text.len() <= MAX_MARK;
        self.at(at).map_or_else(is_all, |it| !it.is_whitespace())
    }

    /// Where a name that begins at `at` ends: words with single marks between them.
    fn name_end(&mut self, at: usize) -> Option<usize> {
        let is_word = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        if !is_word(self.at(at)) {
            return None;
        }
        if (self.chain.0..self.chain.1).contains(&at) {
            return Some(self.chain.1);
        }
        let mut end = at + 1;
        loop {
            if is_word(self.at(end)) {
                end += 1;
            } else if matches!(self.at(end), Some('-' | '.' | '_' | '+' | ':')) && is_word(self.at(end + 1)) {
                end += 2;
            } else {
                break;
            }
        }
        self.chain = (at, end);
        Some(end)
    }

    fn next(&mut self) -> Option<Start> {
        (self.base..self.text.len()).find_map(|at| if self.may_begin(at) { self.start(at) } else { None })
    }

    fn start(&mut self, at: usize) -> Option<Start> {
        match self.text[at] {
            '*' if self.at(at + 1) == Some('*') => self.is_text(at + 2).then_some(Start::Strong(at)),
            '*' => self.is_text(at + 1).then_some(Start::Emphasis(at)),
            '`' if self.at(at + 1) == Some('`') => self.is_text(at + 2).then_some(Start::Literal(at)),
            '`' => self.is_text(at + 1).then_some(Start::Interpreted { role: None, quote: at }),
            '_' if self.at(at + 1) == Some('`') => self.is_text(at + 2).then_some(Start::Target(at)),
            '|' if self.at(at + 1) != Some('|') => self.is_text(at + 1).then_some(Start::Substitution(at)),
            '[' => self.footnote(at),
            ':' => {
                let end = self.name_end(at + 1)?;
                let is_role = self.starts(end, ":`") && self.at(end + 2) != Some('`') && self.is_text(end + 2);
                is_role
                    .then(|| Start::Interpreted { role: Some(self.text[at + 1..end].iter().collect()), quote: end + 1 })
            }
            _ => {
                let end = self.name_end(at)?;
                let underscores = [2, 1]
                    .into_iter()
                    .find(|count| self.starts(end, &"_".repeat(*count)) && self.may_end(end + count))?;
                Some(Start::Reference { at, end, underscores })
            }
        }
    }

    fn footnote(&mut self, at: usize) -> Option<Start> {
        let end = match self.at(at + 1)? {
            '*' => at + 2,
            '#' => self.name_end(at + 2).unwrap_or(at + 2),
            _ => self.name_end(at + 1)?,
        };
        (self.starts(end, "]_") && self.may_end(end + 2)).then_some(Start::Footnote { at, end })
    }

    /// Whether a mark from `at` to `end` stands in quotation marks alone, and means itself.
    fn is_quoted(&self, at: usize, end: usize) -> bool {
        let pairs = [('"', '"'), ('\'', '\''), ('(', ')'), ('<', '>'), ('[', ']'), ('{', '}')];
        let more = [('“', '”'), ('‘', '’'), ('«', '»'), ('‹', '›'), ('„', '“'), ('„', '”'), ('‚', '‘')];
        let (Some(before), Some(after)) =
            (at.checked_sub(1).filter(|_| at > self.base).map(|at| self.text[at]), self.at(end))
        else {
            return false;
        };
        pairs.iter().chain(&more).any(|pair| *pair == (before, after))
    }

    /// Where `mark` ends what begins at `from`: behind text, before what may follow. A literal knows no escapes.
    fn end(&self, from: usize, mark: &str) -> Option<usize> {
        let (length, is_literal) = (mark.chars().count(), mark == "``");
        (from + 1..self.text.len()).find(|at| {
            let before = self.text[at - 1];
            let is_behind = !before.is_whitespace() && (is_literal || before != '\0');
            is_behind && self.starts(*at, mark) && self.may_end(at + length)
        })
    }

    fn unclosed(&mut self, at: usize, what: &str) -> Fault {
        Fault::new(self.line_of(at), format!("{what} begins and does not end"))
    }

    /// The line of a place; places are asked for from the first to the last.
    fn line_of(&mut self, at: usize) -> usize {
        let (from, count) = self.ends;
        let more = self.text.get(from..at).unwrap_or_default().iter().filter(|it| **it == '\n').count();
        self.ends = (from.max(at), count + more);
        self.line + self.ends.1
    }

    fn string(&self, from: usize, to: usize) -> String {
        self.text[from..to].iter().collect()
    }

    /// Takes what was found; where the rest begins.
    fn take(&mut self, start: Start) -> Result<usize, Fault> {
        let (at, mark, what) = match start {
            Start::Emphasis(at) => (at, "*", "emphasis (`*`)"),
            Start::Strong(at) => (at, "**", "strong emphasis (`**`)"),
            Start::Literal(at) => (at, "``", "a literal (two backquotes)"),
            Start::Target(at) => return self.target(at),
            Start::Substitution(at) => return self.substitution(at),
            Start::Reference { at, end, underscores } => {
                match underscores {
                    1 => self.document.refer(self.line, &self.text[at..end].iter().collect::<String>()),
                    _ => self.document.refer_unnamed(Unnamed::Link),
                }
                return Ok(end + underscores);
            }
            Start::Footnote { at, end } => {
                match self.string(at + 1, end).as_str() {
                    "#" => self.document.refer_unnamed(Unnamed::Number),
                    "*" => self.document.refer_unnamed(Unnamed::Symbol),
                    label => self.document.refer(self.line, label.trim_start_matches('#')),
                }
                return Ok(end + 2);
            }
            Start::Interpreted { role, quote } => return self.interpreted(role, quote),
        };
        let from = at + mark.len();
        if self.is_quoted(at, from) {
            return Ok(from);
        }
        let Some(end) = self.end(from, mark) else { return Err(self.unclosed(at, what)) };
        Ok(end + mark.len())
    }

    fn target(&mut self, at: usize) -> Result<usize, Fault> {
        let from = at + 2;
        if self.is_quoted(at, from) {
            return Ok(from);
        }
        let Some(end) = self.end(from, "`") else {
            return Err(self.unclosed(at, "a target (`_` and a backquote)"));
        };
        let name = self.string(from, end);
        self.document.define(self.line, &name, Target::Here)?;
        Ok(end + 1)
    }

    fn substitution(&mut self, at: usize) -> Result<usize, Fault> {
        let from = at + 1;
        if self.is_quoted(at, from) {
            return Ok(from);
        }
        let found = (from + 1..self.text.len()).find_map(|end| {
            let before = self.text[end - 1];
            let is_behind = self.text[end] == '|' && !before.is_whitespace() && before != '\0';
            let counts = [2, 1, 0].into_iter().filter(|count| self.starts(end + 1, &"_".repeat(*count)));
            let underscores = is_behind.then(|| counts.into_iter().find(|count| self.may_end(end + 1 + count)))?;
            underscores.map(|underscores| (end, underscores))
        });
        let Some((end, underscores)) = found else { return Err(self.unclosed(at, "a substitution (`|`)")) };
        let name = self.string(from, end);
        self.document.refer_substitution(self.line, &name);
        match underscores {
            1 => self.document.refer(self.line, &name),
            2 => self.document.refer_unnamed(Unnamed::Link),
            _ => {}
        }
        Ok(end + 1 + underscores)
    }

    fn interpreted(&mut self, role: Option<String>, quote: usize) -> Result<usize, Fault> {
        let from = quote + 1;
        if role.is_none() && self.is_quoted(quote, from) {
            return Ok(from);
        }
        let mut found = None;
        for end in from + 1..self.text.len() {
            let before = self.text[end - 1];
            // An escaped space may stand before the end.
            let is_open =
                before == '\0' || (before.is_whitespace() && self.text.get(end.wrapping_sub(2)) != Some(&'\0'));
            if self.text[end] != '`' || is_open {
                continue;
            }
            let behind = match self.at(end + 1) {
                Some(':') => {
                    self.name_end(end + 2).filter(|end| self.at(*end) == Some(':')).map_or(end + 1, |end| end + 1)
                }
                _ => end + 1,
            };
            let last = [(behind, 2), (behind, 1), (behind, 0), (end + 1, 0)]
                .into_iter()
                .find(|(behind, count)| self.starts(*behind, &"_".repeat(*count)) && self.may_end(behind + count));
            if let Some((behind, underscores)) = last {
                let suffix = (behind > end + 1).then(|| self.string(end + 2, behind - 1));
                found = Some((end, suffix, underscores, behind + underscores));
                break;
            }
        }
        let Some((end, suffix, underscores, next)) = found else {
            return Err(self.unclosed(quote, "interpreted text or a reference (one backquote)"));
        };
        let line = self.line_of(quote);
        let text = self.string(from, end);
        match (role, suffix, underscores) {
            (Some(_), Some(_), _) => {
                return Err(Fault::new(line, "text has a role before it and one behind it".to_owned()));
            }
            (Some(role), _, 1..) | (_, Some(role), 1..) => {
                return Err(Fault::new(line, format!("text with the role `{role}` cannot be a reference")));
            }
            (Some(role), ..) | (_, Some(role), _) => {
                roles::judge(&role, &text, &self.document.roles).map_err(|why| Fault::new(line, why))?
            }
            (None, None, 0) => {
                if let Some(role) = self.document.refused_default(line) {
                    return Err(Fault::new(line, format!("the role `{role}` is refused, and it is the default here")));
                }
            }
            (None, None, count) => self.phrase(line, &text, count)?,
        }
        Ok(next)
    }

    /// A reference of several words, with its address in it or not.
    fn phrase(&mut self, line: usize, text: &str, underscores: usize) -> Result<(), Fault> {
        let open = text.strip_suffix('>').and_then(|text| text.rfind('<').map(|at| (at, &text[at + 1..])));
        let embedded = open.filter(|(at, address)| {
            let before = text[..*at].chars().next_back();
            before.is_none_or(char::is_whitespace)
                && !address.is_empty()
                && !address.starts_with(char::is_whitespace)
                && !address.ends_with('\0')
        });
        let Some((at, address)) = embedded else {
            match underscores {
                1 => self.document.refer(line, text),
                _ => self.document.refer_unnamed(Unnamed::Link),
            }
            return Ok(());
        };
        let is_name = address.ends_with('_') && !address.ends_with("\0_") && !address.contains("://");
        if is_name {
            self.document.refer(line, address.trim_end_matches('_').trim_matches('`'));
        }
        let name = text[..at].trim();
        let address: String = address.split_whitespace().collect();
        if underscores == 1 {
            let name = if name.is_empty() { address.as_str() } else { name };
            self.document.define(line, name, Target::Weak)?;
        }
        Ok(())
    }
}

fn opens(it: char) -> bool {
    matches!(it, '"' | '\'' | '(' | '<' | '[' | '{') || is_bracket(it)
}

fn closes(it: char) -> bool {
    matches!(it, '"' | '\'' | ')' | '>' | ']' | '}') || is_bracket(it)
}

/// Brackets and quotation marks beyond ASCII, of either side: which one is which depends on the language.
fn is_bracket(it: char) -> bool {
    matches!(it, '«' | '»' | '‘'..='‟' | '‹' | '›' | '⁅' | '⁆' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '（' | '）' | '［' | '］' | '｛' | '｝')
}

fn divides(it: char) -> bool {
    matches!(it, '-' | '/' | ':' | '¡' | '·' | '¿' | '‐'..='‗' | '†'..='‧' | '‰'..='‸' | '※'..='‾' | '⁁'..='⁃' | '⁇'..='⁑' | '⁓' | '⁕'..='⁞' | '、'..='〃')
        || matches!(it, '！' | '＃'..='＇' | '＊' | '，'..='／' | '：' | '；' | '？' | '＠' | '＼' | '\u{ff61}'..='\u{ff65}')
}
