//! `relkit inspect`: the text of its report.

use std::fmt::Write as _;

use crate::binary::{Format, Kind};
use crate::check::inspection::{Binary, Report, inspect};
use crate::cli::{self, ReportFormat};
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::target::PlatformTag;

pub(super) fn run(arguments: &cli::Inspect, console: &Console) -> Result<Exit, Failure> {
    let report = inspect(&arguments.files)?;
    match arguments.format {
        ReportFormat::Text => console.result(text(&report)),
        ReportFormat::Json => console.json(&report),
    }
    Ok(report.exit())
}

fn text(report: &Report) -> String {
    let mut blocks = Vec::new();
    for wheel in &report.wheels {
        let lines = vec![("wheel tags", wheel.tags.join(", ")), ("honest tags", tags(&wheel.honest_tags))];
        blocks.push(block(&wheel.path, lines));
    }
    blocks.extend(report.binaries.iter().map(|binary| block(&binary.path, lines(binary))));
    for problem in &report.problems {
        let mut lines = vec![("problem", problem.message.clone())];
        lines.extend(problem.help.clone().map(|help| ("help", help)));
        blocks.push(block(&problem.path, lines));
    }
    blocks.join("\n")
}

fn lines(binary: &Binary) -> Vec<(&'static str, String)> {
    let kind = match binary.kind {
        Kind::Executable => "executable",
        Kind::Library => "shared library",
    };
    let mut lines = vec![
        ("format", format!("{}, {kind}", binary.format)),
        ("architecture", binary.architecture.clone()),
        ("linkage", binary.linkage.to_string()),
    ];
    match (binary.format, binary.libc, &binary.libc_floor, &binary.minimum_os) {
        (Format::Elf, Some(libc), Some(floor), _) => lines.push(("libc", format!("{libc} {floor} or later"))),
        (Format::Elf, Some(libc), None, _) => lines.push(("libc", libc.to_string())),
        (Format::Elf, None, ..) => lines.push(("libc", "needs none".into())),
        (Format::MachO, .., Some(version)) => lines.push(("needs", format!("macOS {version} or later"))),
        (Format::MachO, .., None) => lines.push(("needs", "does not say which macOS".into())),
        (Format::Pe, .., version) => {
            lines.push(("needs", format!("Windows {} or later", version.as_deref().unwrap_or("of any version"))));
        }
    }
    if binary.format != Format::Elf {
        let signature = match (binary.signed, binary.signature_defect) {
            (true, _) => "present".into(),
            (false, Some(defect)) => format!("broken: {defect}"),
            (false, None) => "none".into(),
        };
        lines.push(("signature", signature));
    }
    lines.extend(binary.interpreter.clone().map(|path| ("interpreter", path)));
    // The dozens of API sets of Windows say nothing to a reader.
    let (sets, libraries): (Vec<_>, Vec<_>) = binary.needed.iter().partition(|name| name.starts_with("api-ms-win-"));
    let mut libraries: Vec<String> = libraries.into_iter().cloned().collect();
    match sets.len() {
        0 => {}
        1 => libraries.push("1 API set".into()),
        count => libraries.push(format!("{count} API sets")),
    }
    if !libraries.is_empty() {
        lines.push(("libraries", libraries.join(", ")));
    }
    if !binary.run_paths.is_empty() {
        lines.push(("run paths", binary.run_paths.join(", ")));
    }
    if binary.debug_info {
        lines.push(("debug info", "present".into()));
    }
    lines.push(("honest tags", tags(&binary.honest_tags)));
    lines
}

fn tags(tags: &[PlatformTag]) -> String {
    if tags.is_empty() {
        return "none".into();
    }
    tags.iter().map(PlatformTag::to_string).collect::<Vec<_>>().join(", ")
}

fn block(title: &str, lines: Vec<(&'static str, String)>) -> String {
    let mut text = format!("{title}\n");
    for (label, value) in lines {
        let _ = writeln!(text, "  {label:<13}{value}");
    }
    text
}
