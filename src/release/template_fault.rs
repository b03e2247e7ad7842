//! What is wrong with a stage that a release made for itself, told of the template that it was made from: the stage is gone
//! when the error is read.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::error::Failure;
use crate::fs::read_table;
use crate::product::{PYPROJECT, Template};

/// Where a line of a file is named: in a sentence, and by TOML's parser, before the line itself too.
static LINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?P<before>`[^`]*`, |TOML parse error at )line (?P<number>\d+)").ok());

/// The failure, where it is about what the template says, with the template's file and line.
pub(super) fn of_template(failure: Failure, stage: &Path, template: &Template) -> Failure {
    if template.directory.is_none() {
        return failure;
    }
    let start = format!("`{}", stage.join("").display());
    let staged = read_table(&stage.join(PYPROJECT)).unwrap_or_default();
    let own = template.pyproject().unwrap_or_default();
    let mut is_told = false;
    let mut told = Vec::new();
    for message in &failure.chain {
        let path = message.strip_prefix(&start).and_then(|rest| rest.split_once('`'));
        let message = match path {
            // What is not in the stage is only named by its table.
            Some((path, rest)) if path == PYPROJECT || !stage.join(path).exists() => {
                is_told = true;
                format!("`{}/{path}`{rest}", template.origin)
            }
            _ => message.clone(),
        };
        let Some(message) = with_line(&message, &staged, own) else { return failure };
        told.push(message);
    }
    if is_told { Failure { chain: told, ..failure } } else { failure }
}

/// The message with the line of the template that the named line of the stage is; none where no one line is it.
fn with_line(message: &str, staged: &str, own: &str) -> Option<String> {
    let Some(found) = LINE.as_ref().and_then(|regex| regex.captures(message)) else { return Some(message.to_owned()) };
    let (before, number) = (found.name("before")?.as_str(), found.name("number")?.as_str());
    let line = staged.lines().nth(number.parse::<usize>().ok()?.checked_sub(1)?)?;
    let only = |is_it: &dyn Fn(&str) -> bool| {
        let mut same = own.lines().enumerate().filter(|(_, own)| is_it(own));
        same.next().filter(|_| same.next().is_none()).map(|(index, _)| index)
    };
    // A value that staging adds to keeps its key.
    let key = line.split_once('=').map(|(key, _)| key.trim_end());
    let is_of_key = |own: &str| own.split_once('=').is_some_and(|(own, _)| Some(own.trim_end()) == key);
    let index = only(&|own| own == line).or_else(|| only(&is_of_key))?;
    let rest = &message[found.get(0)?.end()..];
    let rest = rest.replacen(&format!("\n{number} | "), &format!("\n{} | ", index + 1), 1);
    Some(format!("{before}line {}{rest}", index + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn faults_of_a_stage_are_those_of_its_template() {
        let directory = tempfile::tempdir().unwrap();
        let (stage, root) = (directory.path().join("stage"), directory.path().join("template"));
        for (place, text) in [(&stage, "a\nb\nkeywords = 5\n"), (&root, "keywords = 5\n")] {
            std::fs::create_dir(place).unwrap();
            std::fs::write(place.join(PYPROJECT), text).unwrap();
        }
        std::fs::write(stage.join("program"), "x").unwrap();
        let template = Template::runtime(Some(&root)).unwrap();
        let told = |chain: &[String]| {
            let failure = Failure { chain: chain.to_vec(), hint: None, exit: Exit::Failed };
            of_template(failure, &stage, &template).chain
        };
        let at = |place: &Path, rest: &str| format!("`{}/{rest}", place.display());
        let frame = |line: usize| format!("TOML parse error at line {line}, column 12\n  |\n{line} | keywords = 5\n");
        assert_eq!(
            told(&[at(&stage, "pyproject.toml` cannot be built from"), frame(3)]),
            [at(&root, "pyproject.toml` cannot be built from"), frame(1)]
        );
        // Staging made the value another.
        std::fs::write(stage.join(PYPROJECT), "a\nb\nkeywords = [5, 6]\n").unwrap();
        assert_eq!(told(&[at(&stage, "pyproject.toml`, line 3: x")]), [at(&root, "pyproject.toml`, line 1: x")]);
        assert_eq!(told(&[at(&stage, "NONE.md`: is missing")]), [at(&root, "NONE.md`: is missing")]);
        for own in [at(&stage, "program` is special"), at(&stage, "pyproject.toml`, line 2: x"), "x".to_owned()] {
            assert_eq!(told(std::slice::from_ref(&own)), [own]);
        }
    }
}
