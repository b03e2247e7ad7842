//! What a page or XML says to people, and whether it asks them for something before anything is done.

use html5gum::{StartTag, Token, Tokenizer};
use reqwest::StatusCode;

use super::text::{Verdict, is_status, one_line, tells_of_deed, tells_of_failure};

/// How many paragraphs of a page are repeated.
const MAX_PARAGRAPHS: usize = 4;

/// What a page for people asks for before it does anything.
const LOGIN: [&str; 7] = ["log in", "login", "log on", "sign in", "single sign-on", "password", "authenticat"];

/// The elements that stand within a sentence.
const WITHIN: [&str; 10] = ["a", "b", "i", "em", "strong", "code", "tt", "span", "u", "small"];

/// The text of a page or of XML, and what it says of what was asked for.
pub(super) fn said(bytes: &[u8], status: StatusCode) -> (String, Verdict) {
    let mut blocks: Vec<(String, String)> = vec![(String::new(), String::new())];
    let (mut is_silent, mut asks, mut runs, mut is_html) = (false, false, false, false);
    for Ok(token) in Tokenizer::new(bytes) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                is_html |= name == "html" || name == "body";
                // What is sent as soon as the page is there asks, too.
                asks |= tag.attributes.contains_key(&b"onload"[..]);
                match name.as_str() {
                    "script" | "style" => {
                        is_silent = !tag.self_closing;
                        runs |= name == "script";
                    }
                    "form" | "input" => asks = true,
                    // It leads people on by itself.
                    "meta" if leads_on(&tag) => asks = true,
                    within if WITHIN.contains(&within) => {}
                    _ => blocks.push((name, String::new())),
                }
            }
            Token::EndTag(tag) => match &*String::from_utf8_lossy(&tag.name) {
                "script" | "style" => is_silent = false,
                within if WITHIN.contains(&within) => {}
                _ => blocks.push((String::new(), String::new())),
            },
            Token::Doctype(_) => is_html = true,
            Token::String(text) if !is_silent => {
                if let Some((_, block)) = blocks.last_mut() {
                    block.push_str(&String::from_utf8_lossy(&text));
                }
            }
            _ => {}
        }
    }
    let blocks: Vec<_> = blocks.into_iter().map(|(name, text)| (name, one_line(&text))).collect();
    let whole = blocks.iter().map(|(_, text)| text.to_ascii_lowercase()).collect::<Vec<_>>().join(" ");
    // A page for people that tells of nothing done is a home page, a listing, or a program that draws one.
    let is_done = tells_of_deed(&whole) || (!runs && whole.trim().is_empty());
    let is_for_people = asks
        || (is_html && !is_done)
        || (runs && whole.contains("javascript"))
        || LOGIN.iter().any(|words| whole.contains(words));
    let verdict = match () {
        () if is_for_people => Verdict::ForPeople,
        () if blocks.iter().any(|(name, text)| is_failure(name, text)) => Verdict::Refused,
        () if is_done => Verdict::Done,
        () => Verdict::Open,
    };
    (of_blocks(&blocks, status), verdict)
}

fn leads_on(tag: &StartTag<()>) -> bool {
    tag.attributes.get(&b"http-equiv"[..]).is_some_and(|value| value.eq_ignore_ascii_case(b"refresh"))
}

/// Whether an element is XML's for an error, or a heading that speaks of failure.
fn is_failure(name: &str, text: &str) -> bool {
    match name.rsplit(':').next().unwrap_or(name) {
        "error" | "errors" | "fault" => true,
        "title" | "h1" | "h2" => tells_of_failure(text) || text.to_ascii_lowercase().contains("maintenance"),
        _ => false,
    }
}

fn of_blocks(blocks: &[(String, String)], status: StatusCode) -> String {
    let telling: Vec<_> = blocks.iter().filter(|(_, text)| !text.is_empty() && !is_status(text, status)).collect();
    // XML has a name for its sentence, and frameworks put theirs in `pre`.
    for name in ["message", "detail", "faultstring", "reason", "description", "pre"] {
        if let Some((_, text)) = telling.iter().find(|(element, _)| element == name) {
            return text.clone();
        }
    }
    let mut said: Vec<&str> = Vec::new();
    for (_, text) in telling {
        if said.len() < MAX_PARAGRAPHS && !said.iter().any(|before| before.contains(text.as_str())) {
            said.push(text);
        }
    }
    if said.is_empty() {
        let first = blocks.iter().find(|(_, text)| !text.is_empty());
        return first.map(|(_, text)| text.clone()).unwrap_or_default();
    }
    one_line(&said.join("; "))
}
