//! The report of `relkit inspect` as people and programs read it.

use serde_json::Value;

use super::inspection::{Binary, InspectedWheel, InspectionProblem, Report};
use super::rule::Severity;
use crate::binary::NextTag;
use crate::binary::{Format, Kind, Machine, Signature};
use crate::console::Shown;
use crate::console::layout::labelled;
use crate::console::text::{plural, visible};
use crate::target::{OsVersion, PlatformTag};

/// The labels that a wheel and a binary in it share.
const HONEST_TAGS: &str = "honest tags";
const NEXT_TAG: &str = "next tag";

impl Shown for Report {
    fn text(&self) -> String {
        let wheel = |wheel: &InspectedWheel| {
            let tags = [("wheel tags", wheel.tags.join(", ")), (HONEST_TAGS, tags(&wheel.honest_tags))];
            let not_counted = (!wheel.not_counted.is_empty()).then(|| ("not counted", not_counted(&wheel.not_counted)));
            block(
                &wheel.path,
                tags.into_iter()
                    .chain(next(wheel.next_tag.as_ref(), wheel.no_tag_because.as_ref()))
                    .chain(not_counted)
                    .collect(),
            )
        };
        let problem = |problem: &InspectionProblem| {
            let label = if problem.severity == Severity::Error { "problem" } else { "warning" };
            let lines = [(label, Some(&problem.message)), ("help", problem.help.as_ref())];
            block(&problem.path, lines.into_iter().filter_map(|(label, text)| Some((label, text?.clone()))).collect())
        };
        // What is in a wheel stands below it.
        let is_in = |one: &Binary, wheel: &InspectedWheel| {
            let member = one.path.strip_prefix(&wheel.path).and_then(|rest| rest.strip_prefix('/'));
            one.member.is_some() && member == one.member.as_deref()
        };
        let mut blocks = Vec::new();
        for one in &self.wheels {
            blocks.push(wheel(one));
            let inside: Vec<_> = self.binaries.iter().filter(|binary| is_in(binary, one)).collect();
            for binary in &inside {
                // Of the only one all that the wheel is tagged by is said already.
                let is_said =
                    inside.len() == 1 && (&binary.honest_tags, &binary.next_tag) == (&one.honest_tags, &one.next_tag);
                let lines = binary
                    .lines()
                    .into_iter()
                    .filter(|(label, _)| !is_said || ![HONEST_TAGS, NEXT_TAG].contains(label));
                blocks.push(block(&binary.path, lines.collect()));
            }
        }
        let loose = self.binaries.iter().filter(|one| !self.wheels.iter().any(|wheel| is_in(one, wheel)));
        blocks.extend(loose.map(|binary| block(&binary.path, binary.lines())));
        blocks.extend(self.problems.iter().map(problem));
        blocks.join("\n")
    }

    fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Binary {
    fn are_signed_unlike(&self) -> bool {
        self.parts.iter().any(|(_, _, signature)| self.parts[0].2 != *signature)
    }

    /// What is to be said of each part of a fat file.
    fn each(&self, say: impl Fn(&(Machine, Option<OsVersion>, Signature)) -> Option<String>) -> String {
        let said = self.parts.iter().map(|part| {
            let text = say(part).unwrap_or_else(|| "any version".into());
            format!("{text} ({})", part.0)
        });
        said.collect::<Vec<_>>().join(", ")
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let kind = match self.kind {
            Kind::Executable => "executable",
            Kind::Library => "shared library",
        };
        let mut lines = vec![
            ("format", format!("{}, {kind}", self.format)),
            ("architecture", self.architecture.to_string()),
            ("linkage", self.linkage.to_string()),
        ];
        match (self.format, self.libc, &self.libc_floor, &self.minimum_os) {
            (Format::Elf, Some(libc), Some(floor), _) => lines.push(("libc", format!("{libc} {floor} or later"))),
            (Format::Elf, Some(libc), None, _) => lines.push(("libc", libc.to_string())),
            (Format::Elf, None, ..) => lines.push(("libc", "needs none".into())),
            (Format::MachO, .., Some(version)) => {
                let platform = self.platform.as_deref().unwrap_or("macOS");
                let is_alike = self.parts.iter().all(|(_, minimum, _)| *minimum == Some(*version));
                let versions = match is_alike {
                    true => version.to_string(),
                    false => self.each(|(_, minimum, _)| minimum.map(|minimum| minimum.to_string())),
                };
                lines.push(("needs", format!("{platform} {versions} or later")));
            }
            (Format::MachO, .., None) => lines.push(("needs", "does not say which macOS".into())),
            (Format::Pe, .., version) => {
                let version = version.map_or_else(|| "of any version".into(), |version| version.to_string());
                lines.push(("needs", format!("Windows {version} or later")));
            }
        }
        if let Some(level) = self.android_api {
            lines.push(("needs", format!("API level {level} of Android or later")));
        }
        if self.format != Format::Elf {
            let signature = match (self.signed, self.signature_defect) {
                (true, _) => "present".into(),
                (false, _) if self.are_signed_unlike() => self.each(|(_, _, signature)| {
                    Some(match signature {
                        Signature::Present => "present".into(),
                        Signature::Absent => "none".into(),
                        Signature::Broken(defect) => format!("broken: {defect}"),
                    })
                }),
                (false, Some(defect)) => format!("broken: {defect}"),
                (false, None) => "none".into(),
            };
            lines.push(("signature", signature));
        }
        lines.extend(self.interpreter.clone().map(|path| ("interpreter", path)));
        // The dozens of API sets of Windows say nothing to a reader.
        let (sets, libraries): (Vec<_>, Vec<_>) = self.needed.iter().partition(|name| name.starts_with("api-ms-win-"));
        let mut libraries: Vec<String> = libraries.into_iter().cloned().collect();
        if !sets.is_empty() {
            libraries.push(plural(sets.len(), "API set"));
        }
        if !libraries.is_empty() {
            lines.push(("libraries", libraries.join(", ")));
        }
        if !self.run_paths.is_empty() {
            lines.push(("run paths", self.run_paths.join(", ")));
        }
        if self.debug_info {
            lines.push(("debug info", "present".into()));
        }
        if let (Some(count), Some(list)) = (self.dependencies, &self.dependency_list) {
            lines.push(("list inside", format!("{} ({list})", plural(count, "dependency"))));
        }
        lines.extend(self.dependency_list_defect.clone().map(|defect| ("list inside", format!("broken: {defect}"))));
        lines.push((HONEST_TAGS, tags(&self.honest_tags)));
        lines.extend(next(self.next_tag.as_ref(), self.no_tag_because.as_ref()));
        lines
    }
}

fn next(ruled_out: Option<&NextTag>, because: Option<&String>) -> Option<(&'static str, String)> {
    let next = ruled_out.map(NextTag::to_string).or_else(|| Some(format!("none: {}", because?)))?;
    Some((NEXT_TAG, next))
}

/// A few of the binaries that say nothing of the tags, and why.
fn not_counted(members: &[String]) -> String {
    const MAX: usize = 3;
    let others = members.len().saturating_sub(MAX);
    let mut text = members.iter().take(MAX).cloned().collect::<Vec<_>>().join(", ");
    if others > 0 {
        text.push_str(&format!(" and {}", plural(others, "other")));
    }
    text + ": data that nothing loads on machines of these tags"
}

fn tags(tags: &[PlatformTag]) -> String {
    if tags.is_empty() {
        return "none".into();
    }
    tags.iter().map(PlatformTag::to_string).collect::<Vec<_>>().join(", ")
}

fn block(title: &str, lines: Vec<(&str, String)>) -> String {
    let line = |(label, value): (&str, String)| labelled(&format!("  {label}"), 15, &value);
    format!("{}\n", visible(title)) + &lines.into_iter().map(line).collect::<String>()
}
