//! What of a product a user names: its targets and indexes. Whatever is not there is refused with what is.

use std::collections::BTreeSet;

use super::runtime::{Index, RuntimeProject};
use super::target::Target;
use crate::error::{Explain, meant, nearest};
use crate::target::{PlatformTagSet, TargetTriple};
use crate::wheel::name::DistributionName;

/// A name that stands for nothing of the product.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamedError {
    #[error("`{name}` is not a target of `{distribution}`{}", meant(nearest(name, known.iter().map(String::as_str))))]
    Target { name: String, distribution: DistributionName, known: Vec<String> },
    #[error("`{name}` is no index of `{distribution}`{}", meant(nearest(name, known.iter().map(String::as_str))))]
    Index { name: String, distribution: DistributionName, known: Vec<String> },
    #[error("`{0}` is a product without an SDK")]
    Sdk(DistributionName),
}

impl Explain for NamedError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Target { known, .. } => format!("its targets are {}", known.join(", ")),
            Self::Index { known, .. } if known.is_empty() => {
                "its table has no [[tool.relkit.index]] row; give its URL instead".to_owned()
            }
            Self::Index { known, .. } => format!("its indexes are `{}`", known.join("`, `")),
            Self::Sdk(_) => "`relkit init --sdk` writes one; `--template` names one that lies elsewhere".to_owned(),
        })
    }
}

impl NamedError {
    /// The same where `all` may be said too.
    fn with_all(self) -> Self {
        match self {
            Self::Target { name, distribution, mut known } => {
                known.push("all".to_owned());
                Self::Target { name, distribution, known }
            }
            other => other,
        }
    }
}

impl RuntimeProject {
    /// The target that is named.
    ///
    /// # Errors
    /// Where the product has no such target.
    pub(crate) fn named_target(&self, name: &str) -> Result<TargetTriple, NamedError> {
        let triples = || self.targets.iter().map(|row| &row.triple);
        let known = name.parse::<TargetTriple>().ok().filter(|triple| triples().any(|known| known == triple));
        known.ok_or_else(|| {
            // A target may have several rows.
            let known: BTreeSet<_> = triples().map(ToString::to_string).collect();
            let known = known.into_iter().collect();
            NamedError::Target { name: name.to_owned(), distribution: self.distribution.clone(), known }
        })
    }

    /// The targets that are named; `all` is every one.
    ///
    /// # Errors
    /// As of [`named_target`](Self::named_target).
    pub(crate) fn named_targets(&self, names: &[String]) -> Result<Vec<TargetTriple>, NamedError> {
        if names.iter().any(|name| name == "all") {
            return Ok(self.targets.iter().map(|row| row.triple.clone()).collect());
        }
        names.iter().map(|name| self.named_target(name).map_err(NamedError::with_all)).collect()
    }

    /// The row of a target: the only one, or that of the platform tag that is asked for; none where several are meant.
    ///
    /// # Errors
    /// As of [`named_target`](Self::named_target).
    pub(crate) fn named_row(&self, name: &str, tags: Option<&PlatformTagSet>) -> Result<Option<&Target>, NamedError> {
        let triple = self.named_target(name)?;
        let rows: Vec<_> = self.targets.iter().filter(|row| row.triple == triple).collect();
        Ok(match (&rows[..], tags) {
            ([row], _) => Some(row),
            (_, Some(tags)) => rows.into_iter().find(|row| tags.tags().iter().any(|tag| row.has(tag))),
            (_, None) => None,
        })
    }

    /// The index of that name.
    ///
    /// # Errors
    /// Where the product's table has no such row.
    pub(crate) fn named_index(&self, name: &str) -> Result<&Index, NamedError> {
        self.indexes.iter().find(|row| row.name == name).ok_or_else(|| NamedError::Index {
            name: name.to_owned(),
            distribution: self.distribution.clone(),
            known: self.indexes.iter().map(|row| row.name.clone()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(more: &str) -> RuntimeProject {
        let row = |tag: &str| {
            format!(
                "[[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\nplatform-tag = \"{tag}\"\nrunner = \"r\"\n"
            )
        };
        let (musl, glibc) = (row("musllinux_1_1_x86_64"), row("manylinux_2_17_x86_64"));
        let text =
            format!("[tool.relkit]\ndistribution = \"d\"\nmodule = \"m\"\nexecutable = \"x\"\n{more}{musl}{glibc}");
        RuntimeProject::from_pyproject(&text, "pyproject.toml").unwrap()
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let product = product("");
        let error = product.named_target("x86_64-unknown-linux-must").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`x86_64-unknown-linux-must` is not a target of `d`; did you mean `x86_64-unknown-linux-musl`?"
        );
        assert_eq!(error.hint().unwrap(), "its targets are x86_64-unknown-linux-musl");
        assert!(product.named_index("i").unwrap_err().hint().unwrap().contains("has no [[tool.relkit.index]] row"));
        let of_all = product.named_targets(&["nowhere".to_owned(), "all".to_owned()]).unwrap();
        assert_eq!(of_all.len(), 2);
    }

    #[test]
    fn of_several_rows_the_tag_chooses() {
        let product = product("");
        let row = |tags: Option<&str>| {
            let tags: Option<PlatformTagSet> = tags.map(|tags| tags.parse().unwrap());
            let row = product.named_row("x86_64-unknown-linux-musl", tags.as_ref()).unwrap();
            row.map(|row| row.platform_tag.to_string())
        };
        assert_eq!(row(None), None);
        assert_eq!(row(Some("manylinux_2_17_x86_64")).as_deref(), Some("manylinux_2_17_x86_64"));
        assert_eq!(row(Some("win_amd64")), None);
    }
}
