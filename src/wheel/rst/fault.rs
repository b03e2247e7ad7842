//! What is wrong with a line, and how wide one is.

/// A line that does not render, counted from 1, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) why: String,
}

impl Fault {
    pub(super) fn new(line: usize, why: String) -> Self {
        Self { line, why }
    }
}

/// How many columns a line takes at least: what every version of Unicode calls wide counts twice, what combines not at all.
pub(super) fn width(line: &str) -> usize {
    if line.is_ascii() {
        return line.len();
    }
    line.chars().map(columns).sum()
}

/// How many columns a character takes.
pub(super) fn columns(character: char) -> usize {
    // It says that the one before is shown as a picture, and is none that combines.
    const AS_PICTURE: char = '\u{fe0f}';
    match character {
        AS_PICTURE => 1,
        _ if is_wide(character) => 2,
        _ => usize::from(!unicode_normalization::char::is_combining_mark(character)),
    }
}

/// Scripts of East Asia, their forms of Latin letters, and pictures (UAX 11).
fn is_wide(it: char) -> bool {
    matches!(it,
        '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30ff}' | '\u{3001}'..='\u{3002}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fef}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{2a6d6}'
        | '⌚' | '⌛' | '⏩'..='⏬' | '⏰' | '⏳' | '☔' | '☕' | '⚓' | '⚡' | '⚪' | '⚫' | '⛄' | '⛅' | '⛔'
        | '✅' | '✊' | '✋' | '✨' | '❌' | '❎' | '❓'..='❕' | '❗' | '➕'..='➗' | '⭐' | '⭕'
        | '\u{1f300}'..='\u{1f320}' | '\u{1f337}'..='\u{1f37c}' | '\u{1f380}'..='\u{1f393}'
        | '\u{1f3a0}'..='\u{1f3ca}' | '\u{1f3e0}'..='\u{1f3f0}' | '\u{1f400}'..='\u{1f43e}'
        | '\u{1f442}'..='\u{1f4fc}' | '\u{1f500}'..='\u{1f53d}' | '\u{1f5fb}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6c5}' | '\u{1f910}'..='\u{1f93a}' | '\u{1f980}'..='\u{1f9a2}')
}
