//! What a rule is: its name, the severity of its findings, its page, and the function that looks. Which rules there are
//! is said in `rules`.

pub(crate) use super::finding::{Findings, Severity};
use super::subject::release::Set;
use super::subject::sdist::SdistSubject;
use super::subject::wheel::WheelSubject;
use crate::wheel::metadata::Metadata;

/// A rule's page.
#[derive(Debug, Clone, Copy)]
pub struct Documentation {
    /// What it looks for.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// What to do about it; shown with every finding.
    pub fix: &'static str,
}

/// What a rule looks at, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    Wheel(fn(&WheelSubject, &mut Findings)),
    Sdist(fn(&SdistSubject, &mut Findings)),
    Both(fn(&WheelSubject, &mut Findings), fn(&SdistSubject, &mut Findings)),
    /// The METADATA of a wheel or the PKG-INFO of a source distribution, where it can be parsed.
    Metadata(fn(&Metadata, &mut Findings)),
    Set(fn(&Set<'_>, &mut Findings)),
}

#[derive(Debug)]
pub struct Rule {
    /// Short words joined by hyphens.
    pub name: &'static str,
    /// Of its findings, where it does not say otherwise of one.
    pub severity: Severity,
    pub documentation: Documentation,
    check: Check,
}

/// A rule about wheels, as most are.
pub(crate) const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    rule_of(name, severity, documentation, Check::Wheel(check))
}

/// A rule about something else than wheels.
pub(crate) const fn rule_of(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: Check,
) -> Rule {
    Rule { name, severity, documentation, check }
}

impl Findings {
    pub(super) fn of(rule: &Rule) -> Self {
        Self::new(rule.name, rule.severity, rule.documentation.fix)
    }

    /// METADATA, where it can be parsed; findings about the whole are then about it.
    pub(crate) fn in_metadata<'a>(&mut self, wheel: &'a WheelSubject) -> Option<&'a Metadata> {
        self.inside = wheel.dist_info_member("METADATA");
        wheel.good_metadata()
    }

    /// PKG-INFO, likewise.
    pub(crate) fn in_pkg_info<'a>(&mut self, sdist: &'a SdistSubject) -> Option<&'a Metadata> {
        self.inside = Some("PKG-INFO".to_owned());
        sdist.metadata.as_ref()?.as_ref().ok()
    }
}

impl Rule {
    pub(super) fn check_wheel(&self, wheel: &WheelSubject, found: &mut Findings) {
        match self.check {
            Check::Wheel(check) | Check::Both(check, _) => check(wheel, found),
            Check::Metadata(check) => {
                if let Some(metadata) = found.in_metadata(wheel) {
                    check(metadata, found);
                }
            }
            _ => {}
        }
    }

    pub(super) fn check_sdist(&self, sdist: &SdistSubject, found: &mut Findings) {
        match self.check {
            Check::Sdist(check) | Check::Both(_, check) => check(sdist, found),
            Check::Metadata(check) => {
                if let Some(metadata) = found.in_pkg_info(sdist) {
                    check(metadata, found);
                }
            }
            _ => {}
        }
    }

    pub(super) fn check_set(&self, set: &Set<'_>, found: &mut Findings) {
        if let Check::Set(check) = self.check {
            check(set, found);
        }
    }
}
