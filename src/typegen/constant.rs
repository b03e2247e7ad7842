//! Constants of Python modules that are read back without running them: a name, at the start of a line, and a text.

/// The value of the first `NAME = "value"`, with an annotation or without.
pub(crate) fn constant<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    source.lines().find_map(|line| assigned(line, name))
}

/// The text that a line assigns to `name`; none where it assigns something else, or to another name.
pub(crate) fn assigned<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let value = line.strip_prefix(name)?.trim_start();
    // `NAME: Final = "value"` is the same assignment.
    let value = match value.strip_prefix(':') {
        Some(annotated) => annotated.split_once('=')?.1,
        None => value.strip_prefix('=')?,
    };
    let value = value.trim();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use super::super::registry;
    use super::super::schema::Mode;
    use super::*;
    use crate::digest::Sha256Digest;

    #[test]
    fn a_constant_is_read_however_it_is_written() {
        for (source, value) in [
            ("# x\nVERSION = \"0.163.0\"\n", Some("0.163.0")),
            ("VERSION: Final = '0.1.0'  # x\n", Some("0.1.0")),
            ("VERSION_OLD = \"0.1.0\"\nVERSION = \"0.2.0\"\n", Some("0.2.0")),
            ("OTHER = \"0.1.0\"\n", None),
            (" VERSION = \"0.1.0\"\n", None),
            ("VERSION == \"0.1.0\"\n", None),
            ("VERSION = 1\n", None),
            ("VERSION = \"0.1.0\n", None),
            ("VERSION", None),
        ] {
            assert_eq!(constant(source, "VERSION"), value, "{source:?}");
        }
        assert_eq!(
            constant(&registry::package("0.163.0", Sha256Digest([0; 32]), Mode::Stable), "RUNTIME_VERSION"),
            Some("0.163.0")
        );
    }
}
