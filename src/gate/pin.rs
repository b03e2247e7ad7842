//! The pin of the runtime in the SDK's metadata: exactly one requirement, exactly one `==`, nothing that drops a target.

use crate::version::CodexVersion;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::{Requirement, RequirementSource};

/// What is wrong with a pin; none where it is right.
pub fn objection(metadata: &Metadata, runtime: &DistributionName, codex: CodexVersion) -> Option<String> {
    objection_among(metadata.fields().all("Requires-Dist"), runtime, codex)
}

/// What is wrong with the pin in the `pyproject.toml` of a source distribution, which is what a build from it pins.
pub fn objection_in_pyproject(text: &str, runtime: &DistributionName, codex: CodexVersion) -> Option<String> {
    let Ok(table) = text.parse::<toml::Table>() else { return Some("it is not TOML".to_owned()) };
    let project = table.get("project").and_then(toml::Value::as_table);
    let dynamic = project.and_then(|project| project.get("dynamic")?.as_array());
    if dynamic.is_some_and(|dynamic| dynamic.iter().any(|field| field.as_str() == Some("dependencies"))) {
        return Some(
            "it leaves its dependencies to the build, so that a later build may pin another version".to_owned(),
        );
    }
    let dependencies = project.and_then(|project| project.get("dependencies")?.as_array());
    objection_among(dependencies.into_iter().flatten().filter_map(toml::Value::as_str), runtime, codex)
}

fn objection_among<'a>(
    requirements: impl Iterator<Item = &'a str>,
    runtime: &DistributionName,
    codex: CodexVersion,
) -> Option<String> {
    let mut pins = Vec::new();
    for text in requirements {
        match text.parse::<Requirement>() {
            Ok(requirement) if requirement.name.is_same(runtime) => pins.push(requirement),
            Ok(_) => {}
            Err(_) => return Some(format!("its requirement `{text}` cannot be read")),
        }
    }
    match pins.as_slice() {
        [] => Some(format!("it does not require `{}`", runtime.normalized())),
        [pin] => objection_to(pin, codex),
        several => {
            let several: Vec<_> = several.iter().map(|pin| format!("`{pin}`")).collect();
            Some(format!("it requires the runtime {} times: {}", several.len(), several.join(", ")))
        }
    }
}

fn objection_to(pin: &Requirement, codex: CodexVersion) -> Option<String> {
    if let Some(marker) = &pin.marker {
        return Some(format!(
            "its pin `{pin}` holds only where `{marker}`; elsewhere the SDK installs without a runtime"
        ));
    }
    if !pin.extras.is_empty() {
        return Some(format!("its pin `{pin}` asks for extras, which a runtime has none of"));
    }
    let RequirementSource::Index(specifiers) = &pin.source else {
        return Some(format!("its pin `{pin}` is an address; indexes refuse those"));
    };
    let mut iterator = specifiers.iter();
    let (Some(specifier), None) = (iterator.next(), iterator.next()) else {
        return Some(if specifiers.is_empty() {
            format!("its requirement `{pin}` pins no version")
        } else {
            format!("its pin `{pin}` has several clauses; exactly one `==` is asked for")
        });
    };
    match *specifier.operator() {
        pep440_rs::Operator::Equal => {
            let wanted = codex.to_string();
            (specifier.version().to_string() != wanted)
                .then(|| format!("its pin `{pin}` is of another version than {wanted}"))
        }
        pep440_rs::Operator::EqualStar => {
            Some(format!("its pin `{pin}` is a wildcard, which later runtimes match too"))
        }
        pep440_rs::Operator::ExactEqual => Some(format!("its pin `{pin}` compares text with `===`; `==` is asked for")),
        _ => Some(format!("its pin `{pin}` is a range; `=={codex}` is asked for")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(requirements: &[&str]) -> Option<String> {
        let rows: String = requirements.iter().map(|row| format!("Requires-Dist: {row}\n")).collect();
        let text = format!("Metadata-Version: 2.4\nName: sdk\nVersion: 1.2.3\n{rows}");
        let metadata = Metadata::parse(text.as_bytes()).unwrap();
        objection(&metadata, &"acme-bin".parse().unwrap(), "1.2.3".parse().unwrap())
    }

    #[test]
    fn one_exact_pin_in_any_spelling_passes() {
        for pin in ["acme-bin==1.2.3", "Acme_Bin == 1.2.3", "acme.bin (==1.2.3)"] {
            assert_eq!(judged(&["pydantic>=2", pin]), None, "{pin}");
        }
    }

    #[test]
    fn the_pin_of_a_project_file_is_judged_alike() {
        let judged = |text: &str| objection_in_pyproject(text, &"acme-bin".parse().unwrap(), "1.2.3".parse().unwrap());
        assert_eq!(judged("[project]\ndependencies = ['a>=1', 'acme_bin == 1.2.3']\n"), None);
        for (text, words) in [
            ("[project]\ndependencies = ['acme-bin>=1.2.3']\n", "range"),
            ("[project]\ndependencies = ['acme-bin==1.2.3', 'acme-bin']\n", "2 times"),
            ("[project]\ndynamic = ['dependencies']\n", "leaves its dependencies"),
            ("[project]\n", "does not require"),
            ("", "does not require"),
            ("[", "not TOML"),
        ] {
            assert!(judged(text).unwrap().contains(words), "{text}");
        }
    }

    #[test]
    fn everything_else_is_told_apart() {
        for (requirements, words) in [
            (&["pydantic"][..], "does not require"),
            (&["acme-bin==1.2.3", "acme_bin==1.2.3"], "2 times"),
            (&["acme-bin==1.2.3; sys_platform == 'linux'"], "holds only where"),
            (&["acme-bin==1.2.2"], "another version"),
            (&["acme-bin==1.2.*"], "wildcard"),
            (&["acme-bin>=1.2.3"], "range"),
            (&["acme-bin~=1.2.3"], "range"),
            (&["acme-bin===1.2.3"], "==="),
            (&["acme-bin==1.2.3,<2"], "several clauses"),
            (&["acme-bin"], "pins no version"),
            (&["acme-bin @ https://example.com/a.whl"], "address"),
            (&["acme-bin[x]==1.2.3"], "extras"),
            (&["acme-bin=="], "cannot be read"),
        ] {
            let objection = judged(requirements).unwrap();
            assert!(objection.contains(words), "{requirements:?}: {objection}");
        }
    }
}
