//! What a rule is: its name, the severity of its findings, its page, and the function that looks. Which rules there are
//! is said in `rules`.

use std::fmt;

pub(crate) use super::finding::{Findings, Severity};
use super::subject::audit::Audit;
use super::subject::release::Set;
use super::subject::sdist::SdistSubject;
use super::subject::wheel::WheelSubject;
use crate::wheel::metadata::Metadata;

/// A rule's page.
#[derive(Debug, Clone, Copy)]
pub struct Documentation {
    /// What it looks for.
    pub(crate) what: &'static str,
    /// Why that is bad.
    pub(crate) why: &'static str,
    /// What to do about it; shown with every finding.
    pub(crate) fix: &'static str,
    /// Why a finding weighs what it weighs: first of the rule's own severity, then of findings that differ.
    pub because: &'static [Reason],
    /// The commands of relkit that do what `fix` says, for findings of the rule's own severity.
    pub remedies: &'static [Remedy],
}

/// A command of relkit that mends a wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The wheel gets the tags that its binaries keep.
    Retag,
}

impl Remedy {
    /// The command line for wheels, each as a shell reads it.
    pub(crate) fn command(self, wheels: &[String]) -> String {
        match self {
            Self::Retag => format!("relkit retag {} --honest --out-dir honest", wheels.join(" ")),
        }
    }
}

/// Why a finding is an error, or is none; with a word on the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The public index refuses the upload.
    Index(&'static str),
    /// pip, uv or another installer fails, or installs something else.
    Installer(&'static str),
    /// The loader or the kernel of the tag's machines fails.
    Loader(&'static str),
    /// It breaks a promise of tag, metadata or program.
    Promise(&'static str),
    /// None of these.
    Habit(&'static str),
}

impl Reason {
    /// The one sentence that decides about severity.
    pub fn severity(self) -> Severity {
        if matches!(self, Self::Habit(_)) { Severity::Warning } else { Severity::Error }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Index(_) => "index",
            Self::Installer(_) => "installer",
            Self::Loader(_) => "loader",
            Self::Promise(_) => "promise",
            Self::Habit(_) => "habit",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(why) => write!(out, "is refused by the index ({why})"),
            Self::Installer(why) => write!(out, "fails in the installer ({why})"),
            Self::Loader(why) => write!(out, "fails in the loader ({why})"),
            Self::Promise(why) => write!(out, "breaks a promise ({why})"),
            Self::Habit(why) => write!(out, "breaks nothing ({why})"),
        }
    }
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
    /// A published release.
    Index(fn(&Audit, &mut Findings)),
}

#[derive(Debug)]
pub struct Rule {
    /// Short words joined by hyphens.
    pub name: &'static str,
    /// Of its findings, where it does not say otherwise of one.
    pub severity: Severity,
    pub documentation: Documentation,
    pub(super) check: Check,
}

/// A rule as a static: its name, the severity of its findings, what it looks at by which function, its page, the
/// reasons for the severity, and the command that mends a finding if there is one.
macro_rules! rule {
    ($static:ident = $name:literal, $severity:ident, $subject:ident($($check:expr),+);
        what: $what:literal, why: $why:literal, fix: $fix:literal;
        because: [$($reason:ident($word:literal)),+]
        $(; remedy: $remedy:ident)?) => {
        pub(crate) static $static: $crate::check::rule::Rule = $crate::check::rule::Rule {
            name: $name,
            severity: $crate::check::rule::Severity::$severity,
            documentation: $crate::check::rule::Documentation {
                what: $what,
                why: $why,
                fix: $fix,
                because: &[$($crate::check::rule::Reason::$reason($word)),+],
                remedies: &[$($crate::check::rule::Remedy::$remedy)?],
            },
            check: $crate::check::rule::Check::$subject($($check),+),
        };
    };
}

pub(crate) use rule;

impl Findings {
    pub(super) fn of(rule: &Rule) -> Self {
        Self::new(rule.name, rule.severity, rule.documentation.fix)
    }

    /// METADATA, where it can be parsed; findings about the whole are then about it.
    pub(crate) fn in_metadata<'a>(&mut self, wheel: &'a WheelSubject) -> Option<&'a Metadata> {
        self.inside = wheel.dist_info_member("METADATA");
        wheel.good_metadata()
    }

    /// Says something of entry_points.txt.
    pub(crate) fn in_entry_points(&mut self, wheel: &WheelSubject, message: String) {
        self.member(&wheel.dist_info_member("entry_points.txt").unwrap_or_default(), message);
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

    pub(super) fn check_index(&self, audit: &Audit, found: &mut Findings) {
        if let Check::Index(check) = self.check {
            check(audit, found);
        }
    }
}
