//! Authors and maintainers as fields of metadata (PEP 621).

use super::table::{Person, TableError, value};

/// People with a name only go to one field, those with an address to the other (PEP 621).
pub(super) fn people_fields(key: &str, people: &[Person]) -> Result<(Vec<String>, Vec<String>), TableError> {
    let (mut names, mut emails) = (Vec::new(), Vec::new());
    for person in people {
        if [&person.name, &person.email].into_iter().flatten().any(|text| text.chars().any(char::is_control)) {
            return Err(value(key, "a row holds a line break or another control character"));
        }
        if let Some(email) = person.email.as_ref().filter(|email| !email.contains('@') || email.contains(AMISS)) {
            return Err(value(key, format!("`{email}` is not an e-mail address")));
        }
        match (&person.name, &person.email) {
            (Some(name), Some(email)) => emails.push(format!("{} <{email}>", phrase(name))),
            (None, Some(email)) => emails.push(email.clone()),
            (Some(name), None) => names.push(name.clone()),
            (None, None) => return Err(value(key, "a row needs a `name` or an `email`")),
        }
    }
    Ok((names, emails))
}

/// What no address holds, and what would end one in a list of addresses.
const AMISS: [char; 5] = [',', ' ', '<', '>', '"'];

/// A display name as a header holds it: in quotes where it has a character that separates (RFC 5322).
fn phrase(name: &str) -> String {
    if name.contains(['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"']) {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    name.to_owned()
}
