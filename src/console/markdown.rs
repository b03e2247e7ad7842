//! Markdown (GitHub Flavored) for job summaries: text from anywhere that stays text.

/// Keeps a text from being read as markup or as the end of a table cell; what stands in backticks stays as it is.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let paired = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    for character in text.chars() {
        match character {
            '`' if paired => {
                in_code = !in_code;
                escaped.push('`');
            }
            '`' => escaped.push_str("\\`"),
            // A table cell ends there even within code.
            '|' => escaped.push_str("\\|"),
            '\n' | '\r' => escaped.push(' '),
            other if in_code => escaped.push(other),
            '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '#' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A name set as code. It may come from anywhere, and an unpaired backtick would end the code.
#[must_use]
pub fn code(name: &str) -> String {
    if name.contains(['`', '\n', '\r']) { escaped(name) } else { format!("`{}`", name.replace('|', "\\|")) }
}
