//! What a project file (pyproject.toml, "Declaring project metadata") says that its distribution depends on.

use super::name::DistributionName;
use super::requirement::Requirement;
use crate::console::text::named;

/// The dependencies in the text of a project file, or a sentence that says why a build may have others; none where the text
/// is no TOML.
pub(crate) fn dependencies(text: &str) -> Option<Result<Vec<Requirement>, String>> {
    let table = text.parse::<toml::Table>().ok()?;
    let list = |key: &str| table.get("project")?.get(key)?.as_array();
    if list("dynamic").is_some_and(|dynamic| dynamic.iter().any(|field| field.as_str() == Some("dependencies"))) {
        return Some(Err(
            "it leaves its dependencies to the build, so that a later build may pin another version".to_owned()
        ));
    }
    let texts = list("dependencies").into_iter().flatten().filter_map(toml::Value::as_str);
    let parse = |text: &str| text.parse().map_err(|_| format!("its requirement `{text}` cannot be read"));
    Some(texts.map(parse).collect())
}

/// The one requirement on a runtime among those of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuntimePin {
    /// None where there is none, or several.
    pub(crate) requirement: Option<Requirement>,
    /// What keeps it from being one exact pin, a sentence each.
    pub(crate) faults: Vec<String>,
}

impl RuntimePin {
    /// The pin of `runtime` among the requirements of a distribution.
    pub(crate) fn among(requirements: Vec<Requirement>, runtime: &DistributionName) -> Self {
        let pins: Vec<_> = requirements.into_iter().filter(|requirement| requirement.name.is_same(runtime)).collect();
        match Self::only(&pins) {
            Ok(pin) => {
                let faults = pin.pin_faults().into_iter().map(|fault| fault.sentence(pin)).collect();
                Self { requirement: Some(pin.clone()), faults }
            }
            Err(fault) => Self { requirement: None, faults: vec![fault] },
        }
    }

    /// The pin of `runtime` in the text of a project file.
    pub(crate) fn in_project_file(text: &str, runtime: &DistributionName) -> Self {
        match dependencies(text) {
            None => Self { requirement: None, faults: vec!["it is not TOML".to_owned()] },
            Some(Err(fault)) => Self { requirement: None, faults: vec![fault] },
            Some(Ok(requirements)) => Self::among(requirements, runtime),
        }
    }

    /// The only one of the requirements on the runtime.
    ///
    /// # Errors
    /// A sentence, where there is none or there are several.
    pub(crate) fn only(pins: &[Requirement]) -> Result<&Requirement, String> {
        match pins {
            [] => Err("it does not require the runtime".to_owned()),
            [pin] => Ok(pin),
            several => Err(format!("it requires the runtime {} times: {}", several.len(), named(several))),
        }
    }

    /// The version that is pinned, also where the pin has other faults.
    pub(crate) fn version(&self) -> Option<&pep440_rs::Version> {
        self.requirement.as_ref()?.pinned_version()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_with_all_that_is_wrong_with_it() {
        for (project, version, faults) in [
            ("dependencies = ['pydantic>=2', 'A_Runtime == 1.2.3']", Some("1.2.3"), &[][..]),
            ("dependencies = ['a-runtime==1.2.3; os_name == \"nt\"']", Some("1.2.3"), &["holds only where"]),
            ("dependencies = ['a-runtime==1.2', 'a.runtime==1.3']", None, &["requires the runtime 2 times"]),
            ("dependencies = ['a-runtime>=1.2']", None, &["is a range"]),
            ("dependencies = ['a-runtime==1.2', '???']", None, &["`???` cannot be read"]),
            ("dynamic = ['dependencies']", None, &["leaves its dependencies to the build"]),
            ("", None, &["does not require the runtime"]),
            ("=", None, &["is not TOML"]),
        ] {
            let pin = RuntimePin::in_project_file(&format!("[project]\n{project}\n"), &"a-runtime".parse().unwrap());
            assert_eq!(pin.version().map(ToString::to_string).as_deref(), version, "{project}");
            assert_eq!(pin.faults.len(), faults.len(), "{project}: {pin:?}");
            assert!(pin.faults.iter().zip(faults).all(|(said, words)| said.contains(words)), "{project}: {pin:?}");
        }
    }
}
