//! Which runner of GitHub takes a job: one that has a label, or all labels of a list.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// What a label may hold besides letters and digits: what no YAML, expression or file name reads as something else.
const SIGNS: &str = "-_.+=@ ";
/// A job asks for no more labels.
const MAX_LABELS: usize = 20;

/// The labels that a runner must have, all of them; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunsOn(Vec<String>);

impl RunsOn {
    /// The one label of a runner.
    pub(crate) fn label(label: &str) -> Self {
        Self(vec![label.to_owned()])
    }

    pub(crate) fn is_list(&self) -> bool {
        self.0.len() > 1
    }

    /// A name for it in which there are letters, digits and hyphens alone, as names of outputs are.
    pub(crate) fn key(&self) -> String {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        self.0.join("-").chars().map(plain).collect()
    }

    /// What keeps it from being written into a workflow.
    pub(super) fn fault(&self) -> Option<String> {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || SIGNS.contains(character);
        let fits = |label: &str| {
            !label.is_empty() && label.trim() == label && label.len() <= 256 && label.chars().all(is_plain)
        };
        match self.0.iter().find(|label| !fits(label)) {
            Some(label) => Some(format!(
                "`{label}` is not the label of a runner: labels have letters, digits and `-_.+=@`; several are a list, \
                 `[\"self-hosted\", \"linux\"]`"
            )),
            None if self.0.is_empty() => Some("it names no label of a runner".to_owned()),
            None if self.0.len() > MAX_LABELS => Some(format!("it names more than {MAX_LABELS} labels of a runner")),
            None => None,
        }
    }
}

impl fmt::Display for RunsOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(", "))
    }
}

/// As a matrix of a workflow has it: one label as a string, several as a list.
impl Serialize for RunsOn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [label] => serializer.serialize_str(label),
            labels => serializer.collect_seq(labels),
        }
    }
}

impl<'de> Deserialize<'de> for RunsOn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Labels;
        impl<'de> Visitor<'de> for Labels {
            type Value = RunsOn;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the label of a runner, or a list of labels")
            }

            fn visit_str<E: de::Error>(self, label: &str) -> Result<RunsOn, E> {
                Ok(RunsOn::label(label))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut labels: A) -> Result<RunsOn, A::Error> {
                let mut all = Vec::new();
                while let Some(label) = labels.next_element()? {
                    all.push(label);
                }
                Ok(RunsOn(all))
            }
        }
        deserializer.deserialize_any(Labels)
    }
}
