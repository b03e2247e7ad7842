//! Templates with marks such as `@distribution@`, and what is put in their place.

/// The text with every mark replaced in one pass: what a value holds stays as it is, though it may look like a mark.
pub(super) fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        filled += before;
        let value = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('@')?)));
        rest = match value {
            Some((value, after)) => {
                filled += value;
                after
            }
            None => {
                filled.push('@');
                after
            }
        };
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_looked_at_again() {
        let values = [("one", "@two@"), ("two", "2"), ("", "nothing")];
        assert_eq!(filled("a@one@b@two@@x@y @", &values), "a@two@b2@x@y @");
        assert_eq!(filled("@one@two@", &values), "@two@two@");
    }
}
