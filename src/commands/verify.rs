//! `relkit verify`: the gate, its report and the release manifest.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::{AnnotatedFormat, GateOptions, Verify};
use crate::console::Console;
use crate::console::annotation::{Annotation, Level};
use crate::console::text::{plural, visible};
use crate::error::{Exit, Failure};
use crate::fs::{portable, write_whole};
use crate::gate::{Options, Problem, Release, verify};

/// Runs the command.
pub fn run(arguments: &Verify, console: &Console) -> Result<Exit, Failure> {
    let release = gate(&arguments.gate, console)?;
    if let Some(path) = &arguments.manifest {
        // Serialising plain data cannot fail.
        let mut manifest = serde_json::to_vec_pretty(&release).unwrap_or_default();
        manifest.push(b'\n');
        write_whole(path, &manifest)?;
        console.status("Wrote", format_args!("the release manifest to {}", path.display()));
    }
    match arguments.format {
        AnnotatedFormat::Text => console.result(text(&release)),
        AnnotatedFormat::Json => console.json(&release),
        AnnotatedFormat::Github => console.result(github(&release, &arguments.gate.dist)),
    }
    Ok(release.exit())
}

/// Verifies what the options name.
pub fn gate(options: &GateOptions, console: &Console) -> Result<Release, Failure> {
    let runtime = super::runtime_project(options.template.as_deref())?;
    let sdk = super::sdk_project(options.sdk_template.as_deref())?;
    let allow_missing = super::targets(&options.allow_missing, &runtime)?;
    let request = Options {
        dist: &options.dist,
        codex: options.codex_version.parse()?,
        receipts: options.receipts.as_deref(),
        allow_missing: &allow_missing,
        runtime: &runtime,
        sdk: &sdk,
    };
    let spinner = console.spinner("Verifying");
    let release = verify(&request);
    spinner.finish();
    Ok(release?.0)
}

/// Problems, warnings, and one line that sums up.
pub fn text(release: &Release) -> String {
    let mut text = String::new();
    for (kind, problems) in [("problem", &release.problems), ("warning", &release.warnings)] {
        for Problem { code, message, help, .. } in problems {
            let _ = writeln!(text, "{kind}[{code}]: {}\n  help: {}\n", visible(message), visible(help));
        }
    }
    let outcome = if release.problems.is_empty() { "passed" } else { "failed" };
    let _ = writeln!(
        text,
        "{} {outcome}: {}, {}, {}",
        release.codex_version,
        plural(release.files.len(), "file"),
        plural(release.problems.len(), "problem"),
        plural(release.warnings.len(), "warning")
    );
    text
}

/// Workflow annotations; each names its file as the workflow's own directory has it.
fn github(release: &Release, dist: &Path) -> String {
    let mut text = String::new();
    for (level, problems) in [(Level::Error, &release.problems), (Level::Warning, &release.warnings)] {
        for Problem { code, file, message, help } in problems {
            let path = file.as_ref().map(|file| portable(&dist.join(file)));
            let message = format!("{}\n{}", visible(message), visible(help));
            let _ = writeln!(text, "{}", Annotation { level, file: path.as_deref(), title: code, message: &message });
        }
    }
    if release.problems.is_empty() {
        let message = format!("{} files of {}", release.files.len(), release.codex_version);
        let annotation = Annotation { level: Level::Notice, file: None, title: "release verified", message: &message };
        let _ = writeln!(text, "{annotation}");
    }
    text
}
