//! Logins by host as `.netrc` has them: the words of the classic format, quoted ones too, comments, and macros, which are
//! skipped.

use secrecy::SecretString;

/// One `machine`, or the `default`, which has no name.
#[derive(Debug)]
pub(super) struct Login {
    machine: Option<String>,
    pub(super) user: String,
    pub(super) password: SecretString,
}

/// The login for a host: the first row that names it, else the default.
pub(super) fn login_for<'a>(logins: &'a [Login], host: &str) -> Option<&'a Login> {
    let of_host = |login: &&Login| login.machine.as_deref().is_some_and(|machine| machine.eq_ignore_ascii_case(host));
    logins.iter().find(of_host).or_else(|| logins.iter().find(|login| login.machine.is_none()))
}

/// Reads the rows that have a password; whatever else is in the text is passed over.
pub(super) fn parse(text: &str) -> Vec<Login> {
    let mut logins = Vec::new();
    let mut row: Option<(Option<String>, String, Option<String>)> = None;
    let mut keep = |row: Option<(Option<String>, String, Option<String>)>| {
        if let Some((machine, user, Some(password))) = row {
            logins.push(Login { machine, user, password: password.into() });
        }
    };
    let mut lines = text.lines();
    let mut words = Vec::new().into_iter();
    let mut is_macro = false;
    loop {
        let Some(word) = words.next() else {
            let Some(line) = lines.next() else { break };
            // A macro ends with an empty line.
            is_macro &= !line.trim().is_empty();
            if !is_macro {
                words = words_of(line).into_iter();
            }
            continue;
        };
        // A value may stand on the next line.
        let mut value = || loop {
            if let Some(word) = words.next() {
                return word;
            }
            match lines.next() {
                Some(line) => words = words_of(line).into_iter(),
                None => return String::new(),
            }
        };
        match word.as_str() {
            "machine" => {
                let machine = value();
                keep(row.replace((Some(machine), String::new(), None)));
            }
            "default" => keep(row.replace((None, String::new(), None))),
            "macdef" => {
                is_macro = true;
                words = Vec::new().into_iter();
            }
            "login" | "user" => {
                let user = value();
                if let Some(row) = &mut row {
                    row.1 = user;
                }
            }
            "password" | "passwd" => {
                let password = value();
                if let Some(row) = &mut row {
                    row.2 = Some(password);
                }
            }
            "account" => _ = value(),
            _ => {}
        }
    }
    keep(row);
    logins
}

/// The words of a line; a `#` at the start of one begins a comment, unless it is the value of what stands before it.
fn words_of(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut characters = line.chars().peekable();
    while let Some(&first) = characters.peek() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        let is_value = words.last().is_some_and(|word| ["machine", "login", "password"].contains(&word.as_str()));
        if first == '#' && !is_value {
            break;
        }
        let quote = characters.next_if_eq(&'"');
        let mut word = String::new();
        while let Some(character) = characters.next() {
            match character {
                '\\' if quote.is_some() => word.extend(characters.next()),
                '"' if quote.is_some() => break,
                character if quote.is_none() && character.is_whitespace() => break,
                character => word.push(character),
            }
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_login_of_a_host_is_found() {
        let logins = parse(
            "# machine a.example login no password no\nmachine a.example\n  login one\n  password \"two \\\" words\"\n\
             macdef init\nmachine b.example login no password no\n\nmachine B.example login x account y password #z # end\n\
             machine c.example login nothing\ndefault login d password e",
        );
        for (host, user, password) in [
            ("a.example", "one", "two \" words"),
            ("b.example", "x", "#z"),
            ("c.example", "d", "e"),
            ("elsewhere.example", "d", "e"),
        ] {
            let login = login_for(&logins, host).unwrap();
            assert_eq!((login.user.as_str(), login.password.expose_secret()), (user, password), "{host}");
        }
        assert!(login_for(&parse("machine a login b password c"), "other").is_none());
        assert!(!format!("{logins:?}").contains("words"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "((machine|default|login|password|macdef|\"|#|\\\\|\n| |[a-z]){0,20})") {
            let _ = parse(&text);
        }
    }
}
