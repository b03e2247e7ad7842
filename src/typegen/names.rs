//! Wire names to Python names, decided once: fields in snake_case, classes in PascalCase (PEP 8), and the names that
//! Python, `str`, `Enum` or pydantic's `BaseModel` already use.

use crate::wheel::import_name::KEYWORDS;

/// Public attributes of pydantic's `BaseModel` (a field of that name would shadow them) and the builtins that
/// generated annotations use (a field of that name would hide them from the annotations below it).
const RESERVED_FIELDS: &str = "\
    bool construct copy dict float from_orm int json list model_computed_fields model_config model_construct \
    model_copy model_dump model_dump_json model_extra model_fields model_fields_set model_json_schema \
    model_parametrized_name model_post_init model_rebuild model_validate model_validate_json \
    model_validate_strings object parse_file parse_obj parse_raw schema schema_json str update_forward_refs \
    validate";

/// Attributes of `str` and `Enum`, which a member of that name would replace.
const RESERVED_MEMBERS: &str = "\
    capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha \
    isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust \
    lower lstrip maketrans mro name partition removeprefix removesuffix replace rfind rindex rjust rpartition \
    rsplit rstrip split splitlines startswith strip swapcase title translate upper value zfill";

/// The words of a wire name: split at every character that is not a letter or digit, before a capital that follows a
/// small letter or digit, and before the last capital of a run that a small letter follows (`MCPServer` is two words).
pub(super) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (place, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = place.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(place + 1);
        let starts = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(letter);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The name of a field: snake_case; a trailing underscore where Python or pydantic uses the name already.
/// `None` where nothing of the wire name can stand in an identifier.
pub(super) fn field(wire: &str) -> Option<String> {
    identifier(wire, RESERVED_FIELDS)
}

/// The name of an enum member: snake_case; a trailing underscore where `str` or `Enum` uses the name already.
pub(super) fn member(value: &str) -> Option<String> {
    if value.is_empty() {
        return Some("empty".into());
    }
    identifier(value, RESERVED_MEMBERS)
}

fn identifier(wire: &str, reserved: &str) -> Option<String> {
    let mut name = words(wire).join("_").to_lowercase();
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') || name.is_empty() {
        return None;
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, "value_");
    }
    if KEYWORDS.contains(&name.as_str()) || lists(reserved, &name) {
        name.push('_');
    }
    Some(name)
}

fn lists(words: &str, name: &str) -> bool {
    words.split(' ').any(|word| word == name)
}

/// A wire name as part of a class name: PascalCase. `None` where nothing of it can stand in an identifier.
pub(super) fn pascal(wire: &str) -> Option<String> {
    let mut name = String::new();
    for word in words(wire) {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            name.extend(first.to_uppercase());
            name.push_str(letters.as_str());
        }
    }
    (!name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric())).then_some(name)
}

/// The alias that the models' shared base derives from a field's name; a wire name that differs is written out.
pub(super) fn camel(field: &str) -> String {
    let mut name = String::new();
    for (place, word) in field.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if place > 0 => {
                name.extend(first.to_uppercase());
                name.push_str(letters.as_str());
            }
            _ => name.push_str(word),
        }
    }
    name
}

/// Whether a text can be a class name as it is.
pub(super) fn is_class_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
        && !KEYWORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_snake_case() {
        for (wire, expected) in [
            ("threadId", "thread_id"),
            ("_meta", "meta"),
            ("_default", "default"),
            ("async", "async_"),
            ("PreToolUse", "pre_tool_use"),
            ("sha256", "sha256"),
            ("base64Data", "base64_data"),
            ("mcp_elicitations", "mcp_elicitations"),
            ("HTTPServer", "http_server"),
            ("modelConfig", "model_config_"),
            ("schema", "schema_"),
            ("2fa", "value_2fa"),
        ] {
            assert_eq!(field(wire).as_deref(), Some(expected), "{wire}");
        }
        assert_eq!(field("é"), None);
        assert_eq!(field("--"), None);
    }

    #[test]
    fn members_keep_clear_of_str() {
        for (value, expected) in [
            ("inProgress", "in_progress"),
            ("read-only", "read_only"),
            ("openai/form", "openai_form"),
            ("title", "title_"),
            ("None", "none"),
            ("", "empty"),
            ("1.0", "value_1_0"),
        ] {
            assert_eq!(member(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn classes_are_pascal_case() {
        assert_eq!(pascal("commandExecution").as_deref(), Some("CommandExecution"));
        assert_eq!(pascal("thread/name_set").as_deref(), Some("ThreadNameSet"));
        assert_eq!(pascal("/"), None);
        assert!(is_class_name("ThreadItem"));
        assert!(!is_class_name("Thread/started"));
    }

    proptest! {
        #[test]
        fn a_field_name_is_an_identifier_or_refused(wire in ".{0,20}") {
            if let Some(name) = field(&wire) {
                prop_assert!(name.starts_with(|first: char| first.is_ascii_lowercase()));
                prop_assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'));
                prop_assert!(!KEYWORDS.contains(&name.as_str()));
            }
        }

        #[test]
        fn plain_camel_case_needs_no_alias(wire in "[a-z][a-z0-9]{1,6}([A-Z][a-z]{1,6}){0,3}") {
            let name = field(&wire).unwrap();
            prop_assert_eq!(camel(name.trim_end_matches('_')), wire);
        }
    }
}
