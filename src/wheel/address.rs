//! The lists of addresses in `Author-email` and `Maintainer-email` (RFC 5322, "Address Specification"): where one ends and
//! the next begins, and what is wrong with each.

use std::borrow::Cow;

use crate::member_path::is_unseen;

/// Top-level domains that no mail goes to (RFC 6761, RFC 6762, RFC 7686).
const SPECIAL_DOMAINS: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// What readers of mail pass over between words (RFC 5322, "Folding White Space and Comments"); other white space is a character.
const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// The longest label of a domain, the longest domain and the longest address in bytes (RFC 1035, RFC 5321).
const MAX_LABEL: usize = 63;
const MAX_DOMAIN: usize = 253;
const MAX_ADDRESS: usize = 254;

/// One entry of a list of addresses, with or without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mailbox<'a> {
    /// As it stands in the list.
    pub(crate) text: &'a str,
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AddressFault {
    /// Continues a sentence that begins with the address.
    pub(crate) why: &'static str,
    /// Whether readers find an address nevertheless; they take what they cannot tell apart for no address at all.
    pub(crate) is_read: bool,
}

impl AddressFault {
    const fn read(why: &'static str) -> Self {
        Self { why, is_read: true }
    }

    const fn unread(why: &'static str) -> Self {
        Self { why, is_read: false }
    }
}

/// The entries of a list. A comma in quotes, in a comment or between angle brackets ends none.
pub(crate) fn mailboxes(list: &str) -> Vec<Mailbox<'_>> {
    let (mut found, mut start) = (Vec::new(), 0);
    for (place, letter, is_plain) in letters(list) {
        if letter == ',' && is_plain {
            found.push(&list[start..place]);
            start = place + 1;
        }
    }
    found.push(&list[start..]);
    found
        .into_iter()
        .map(|text| text.trim_matches(BLANK))
        .filter(|text| !text.is_empty())
        .map(|text| Mailbox { text })
        .collect()
}

impl Mailbox<'_> {
    /// What keeps the entry from being an address that mail can be sent to.
    pub(crate) fn fault(&self) -> Option<AddressFault> {
        let text = without_comments(self.text);
        // Readers take the word before such a quote for the whole address.
        if text.matches('"').count() == 1 && text.split('"').next().is_some_and(is_word) {
            return Some(AddressFault::read("has a quote that is not closed"));
        }
        let open = letters(&text).find(|(_, letter, _)| *letter == '<').map(|(place, ..)| place);
        let address = match open {
            None => text.trim_matches(BLANK),
            Some(open) => {
                let (address, rest) = text[open + 1..].split_once('>').unwrap_or((&text[open + 1..], ""));
                if !rest.trim_matches(BLANK).is_empty() || text[..open].contains(['@', '[', ']', ':', ';']) {
                    return Some(AddressFault::unread("has more than a name and one address"));
                }
                address.trim_matches(BLANK)
            }
        };
        address_fault(address)
    }
}

fn is_word(text: &str) -> bool {
    let text = text.trim_matches(BLANK);
    !text.is_empty() && text.chars().all(char::is_alphanumeric)
}

fn address_fault(address: &str) -> Option<AddressFault> {
    if address.is_empty() {
        return Some(AddressFault::unread("has no address"));
    }
    if address.strip_prefix('"').is_some_and(|rest| rest.split_once("\"@").is_some_and(|(name, _)| !name.contains('"')))
    {
        return Some(AddressFault::read("is in quotes before the `@`"));
    }
    if address.contains(|letter: char| "()<>[]:;,\"".contains(letter)) {
        return Some(AddressFault::unread("has a character that addresses do not have"));
    }
    let Some((local, domain)) = address.split_once('@') else {
        return Some(AddressFault::read("has no `@`"));
    };
    if domain.contains('@') {
        return Some(AddressFault::unread("has more than one `@`"));
    }
    let is_of_local =
        |letter: char| !letter.is_ascii() || letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(letter);
    let is_of_domain = |letter: char| !letter.is_ascii() || letter.is_ascii_alphanumeric() || "-.".contains(letter);
    let has_gap = |part: &str| part.split('.').any(str::is_empty);
    let last = domain.rsplit('.').next().unwrap_or(domain).to_ascii_lowercase();
    Some(match () {
        () if domain.is_empty() => AddressFault::unread("has nothing after the `@`"),
        () if local.is_empty() => AddressFault::read("has nothing before the `@`"),
        // Readers join what white space parts here.
        () if domain.contains(BLANK) => AddressFault::unread("has white space in its domain"),
        () if address.contains(|letter: char| letter.is_control() || letter.is_whitespace() || is_unseen(letter)) => {
            AddressFault::read("has a character that cannot be seen")
        }
        () if !local.chars().all(is_of_local) => {
            AddressFault::read("has a character before the `@` that addresses do not have")
        }
        () if !domain.chars().all(is_of_domain) => {
            AddressFault::read("has a character after the `@` that domains do not have")
        }
        () if has_gap(local) || has_gap(domain) => AddressFault::read("has a dot with nothing before or after it"),
        () if !domain.contains('.') => AddressFault::read("has a domain without a dot"),
        () if domain.split('.').any(|label| label.starts_with('-') || label.ends_with('-')) => {
            AddressFault::read("has a hyphen at an end of its domain")
        }
        () if domain.split('.').any(|label| label.len() > MAX_LABEL) => {
            AddressFault::read("has a part of its domain that is longer than 63 characters")
        }
        () if domain.len() > MAX_DOMAIN || address.len() > MAX_ADDRESS => AddressFault::read("is too long"),
        () if last.bytes().all(|byte| byte.is_ascii_digit()) => AddressFault::read("has a number for a domain"),
        () if SPECIAL_DOMAINS.contains(&last.as_str()) => AddressFault::read("has a domain that no mail goes to"),
        () => return None,
    })
}

/// Every character, its place, and whether it stands outside of quotes, comments and angle brackets. What stands in quotes
/// or comments is passed over.
fn letters(text: &str) -> impl Iterator<Item = (usize, char, bool)> {
    let (mut is_quoted, mut is_escaped, mut depth, mut is_angled) = (false, false, 0_usize, false);
    text.char_indices().filter_map(move |(place, letter)| {
        if std::mem::take(&mut is_escaped) {
            return None;
        }
        match letter {
            '\\' if is_quoted || depth > 0 => is_escaped = true,
            '"' if depth == 0 => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' if !is_angled => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            '<' | '>' => {
                is_angled = letter == '<';
                return Some((place, letter, false));
            }
            _ => return Some((place, letter, !is_angled)),
        }
        None
    })
}

fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains('(') {
        return Cow::Borrowed(text);
    }
    let (mut kept, mut depth, mut is_quoted, mut is_escaped) = (String::new(), 0_usize, false, false);
    for letter in text.chars() {
        let is_literal = is_escaped;
        is_escaped = letter == '\\' && !is_literal;
        match letter {
            _ if is_literal => {}
            '"' if depth == 0 => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            kept.push(letter);
        }
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_comments_end_no_entry() {
        for (list, expected) in [
            ("a@b.org", &["a@b.org"][..]),
            (r#""Doe, Jane" <a@b.org>, Max <c@d.org>"#, &[r#""Doe, Jane" <a@b.org>"#, "Max <c@d.org>"]),
            (r#""Doe \", Jane" <a@b.org>"#, &[r#""Doe \", Jane" <a@b.org>"#]),
            ("Jane (a, b) <a@b.org>,\n  c@d.org,", &["Jane (a, b) <a@b.org>", "c@d.org"]),
            ("Doe, Jane <a@b.org>", &["Doe", "Jane <a@b.org>"]),
            ("", &[]),
        ] {
            assert_eq!(mailboxes(list).iter().map(|mailbox| mailbox.text).collect::<Vec<_>>(), expected, "{list}");
        }
    }

    /// The second column is what an index does with the value, as Python's `email.utils` and its validator of addresses see
    /// it: refuse it, or take it although no mail arrives.
    #[test]
    fn faults_are_those_that_readers_find() {
        let refused = Some(true);
        let taken = Some(false);
        let long_label = format!("a@{}.org", "b".repeat(64));
        let long_domain = format!("a@{}org", "bbbbbbbbb.".repeat(26));
        for (text, expected) in [
            ("a@b.org", None),
            ("A B <a@b.org>", None),
            (r#""B, A" <a@b.org>"#, None),
            ("A (B) <a@b.org>", None),
            ("a@b.org (A <B>)", None),
            ("A <a@b.org", None),
            (r#"A "<Q>" B <a+tag@sub.b-c.org>"#, None),
            ("=?utf-8?q?x?= <a@b.org>", None),
            ("Ünï <ü@bü.de>", None),
            ("A\n  <a@b.org>", None),
            ("a@b.example", None),
            ("Foo", refused),
            ("Foo Bar", refused),
            ("A a@b.org", refused),
            ("A <a@b>", refused),
            ("a@localhost", refused),
            ("a@b.local", refused),
            ("A <a.b.org>", refused),
            ("a..b@c.org", refused),
            ("a@-b.org", refused),
            ("a@b_c.org", refused),
            ("a@b.org.", refused),
            ("a@b.1", refused),
            ("@b.org", refused),
            ("a@", taken),
            ("@", taken),
            (r#"A "B <a@b.org>"#, refused),
            (r#"<a@b.org>""#, taken),
            ("a@b.org\u{a0}", refused),
            ("a\u{200b}@b.org", refused),
            ("a@b\u{b}.org", refused),
            (r#""a b"@c.org"#, refused),
            (r#"A <"a"@c.org>"#, refused),
            (r"a\b@c.org", refused),
            (&long_label, refused),
            (&long_domain, refused),
            ("Foo <>", taken),
            ("a@@b.org", taken),
            ("A <a [at] b.org>", taken),
            ("A <mailto:a@b.org>", taken),
            ("a@b.org <a@b.org>", taken),
            ("A <a@b.org> <c@d.org>", taken),
        ] {
            let mailbox = Mailbox { text };
            assert_eq!(mailbox.fault().map(|fault| fault.is_read), expected, "{text}: {:?}", mailbox.fault());
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[a-c@.,<>()\"\\\\ :;\\[\\]ü-]{0,24}") {
            for mailbox in mailboxes(&text) {
                let _ = mailbox.fault();
            }
        }
    }
}
