//! Exact pins: a requirement (PEP 508) that takes one version, for everybody who installs.

use pep440_rs::{Operator, Version};

use super::requirement::{Marker, Requirement, RequirementSource};
use crate::version::PublicVersion;

/// What keeps a requirement from being an exact pin: one `==` of one version, for everybody who installs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinFault {
    Marker,
    Extras,
    Address,
    Unpinned,
    SeveralClauses,
    Wildcard,
    /// `===`, which compares text.
    Arbitrary,
    Range,
}

impl PinFault {
    /// The fault of `pin`, as a sentence without a full stop.
    pub(crate) fn sentence(self, pin: &Requirement) -> String {
        let what = if self == Self::Unpinned { "requirement" } else { "pin" };
        format!("its {what} `{pin}` {}", self.predicate(pin))
    }

    /// What is said of `pin` behind its name.
    fn predicate(self, pin: &Requirement) -> String {
        let said = match self {
            Self::Marker => {
                let marker = pin.marker.as_ref().map(Marker::as_str).unwrap_or_default();
                return format!("holds only where `{marker}`; elsewhere nothing is installed");
            }
            Self::Extras => "asks for extras, which are no part of a pin",
            Self::Address => "is an address; indexes refuse those",
            Self::Unpinned => "pins no version",
            Self::SeveralClauses => "has several clauses; exactly one `==` is asked for",
            Self::Wildcard => "is a wildcard, which later versions match too",
            Self::Arbitrary => "compares text with `===`; `==` is asked for",
            Self::Range => "is a range; one `==` is asked for",
        };
        said.to_owned()
    }
}

impl Requirement {
    /// The version of its one `==` without a wildcard.
    pub(crate) fn pinned_version(&self) -> Option<&Version> {
        self.clause().ok()
    }

    /// Everything that keeps it from being an exact pin; nothing where it is one.
    pub(crate) fn pin_faults(&self) -> Vec<PinFault> {
        let marker = self.marker.as_ref().map(|_| PinFault::Marker);
        let extras = (!self.extras.is_empty()).then_some(PinFault::Extras);
        [marker, extras, self.clause().err()].into_iter().flatten().collect()
    }

    /// The release that it names: the version of an exact pin, as indexes have them.
    ///
    /// # Errors
    /// A sentence that says why it is the name of no one release.
    pub(crate) fn release(&self) -> Result<PublicVersion, String> {
        if let Some(fault) = self.pin_faults().first() {
            return Err(format!("`{self}` {}", fault.predicate(self)));
        }
        let version = self.clause().map_err(|fault| fault.sentence(self))?;
        version.to_string().parse().map_err(|_| format!("`{self}` names no public version"))
    }

    fn clause(&self) -> Result<&Version, PinFault> {
        let RequirementSource::Index(specifiers) = &self.source else { return Err(PinFault::Address) };
        let mut specifiers = specifiers.iter();
        match (specifiers.next(), specifiers.next()) {
            (None, _) => Err(PinFault::Unpinned),
            (Some(_), Some(_)) => Err(PinFault::SeveralClauses),
            (Some(only), None) => match only.operator() {
                Operator::Equal => Ok(only.version()),
                Operator::EqualStar => Err(PinFault::Wildcard),
                Operator::ExactEqual => Err(PinFault::Arbitrary),
                _ => Err(PinFault::Range),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_pin_is_one_equality_for_everybody() {
        let judged = |text: &str| text.parse::<Requirement>().unwrap().pin_faults();
        for pin in ["acme-bin==1.2.3", "Acme_Bin == 1.2.3", "acme.bin (==1.2.3)"] {
            assert_eq!(judged(pin), [], "{pin}");
            assert_eq!(pin.parse::<Requirement>().unwrap().pinned_version().unwrap().to_string(), "1.2.3");
        }
        for (pin, fault, words) in [
            (
                "acme-bin==1.2.3; sys_platform == 'linux'",
                PinFault::Marker,
                "holds only where `sys_platform == 'linux'`",
            ),
            ("acme-bin[x]==1.2.3", PinFault::Extras, "asks for extras"),
            ("acme-bin @ https://example.com/a.whl", PinFault::Address, "is an address"),
            ("acme-bin", PinFault::Unpinned, "pins no version"),
            ("acme-bin==1.2.3,<2", PinFault::SeveralClauses, "several clauses"),
            ("acme-bin==1.2.*", PinFault::Wildcard, "wildcard"),
            ("acme-bin===1.2.3", PinFault::Arbitrary, "==="),
            ("acme-bin>=1.2.3", PinFault::Range, "range"),
            ("acme-bin~=1.2.3", PinFault::Range, "range"),
        ] {
            assert_eq!(judged(pin), [fault], "{pin}");
            assert!(fault.sentence(&pin.parse().unwrap()).contains(words), "{pin}");
        }
        assert_eq!(judged("acme-bin[x]>1; os_name == 'a'"), [PinFault::Marker, PinFault::Extras, PinFault::Range]);
    }

    #[test]
    fn an_exact_pin_of_a_public_version_names_a_release() {
        let release = |text: &str| text.parse::<Requirement>().unwrap().release();
        assert_eq!(release("Acme_Bin == v1.2.3").unwrap().to_string(), "1.2.3");
        for (text, words) in [
            ("acme===1.0", "`acme===1.0` compares text with `===`"),
            ("acme==1.0; os_name == 'nt'", "holds only where `os_name == 'nt'`"),
            ("acme[x]==1.0", "`acme[x]==1.0` asks for extras"),
            ("acme==1.*", "is a wildcard"),
            ("acme==1.0+local", "names no public version"),
        ] {
            let why = release(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
