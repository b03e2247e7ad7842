//! The command that comes after another one, as it is typed: the line goes on where the last step left its files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::product;
use crate::binary::Kind;
use crate::check;
use crate::check::coverage::Coverage;
use crate::check::inspection::{Binary, Report};
use crate::cli::ProductOptions;
use crate::console::text::{shell_path, shell_word};
use crate::console::{Console, OutputForm};
use crate::fs::{parent_of, portable};
use crate::gate::UploadCommand;
use crate::http;
use crate::product::{Product, RuntimeProject};
use crate::publish::receipt::Receipt;
use crate::smoke;
use crate::version::ReleaseVersion;
use crate::wheel::filename::{DistributionFileName, WheelFileName};

/// So many files are named one by one; of more, the directory.
const MAX_NAMED: usize = 3;

/// Says the command to people. A program that reads JSON knows what it does next.
pub(super) fn say(command: Option<String>, form: OutputForm, console: &Console) {
    if let (Some(command), OutputForm::Text) = (command, form) {
        console.next(command);
    }
}

/// A stage is built.
pub(super) fn of_stage(out: &Path) -> String {
    format!("relkit build {}", shell_path(out))
}

/// Distributions are checked.
pub(super) fn of_distributions(paths: &[&Path]) -> Option<String> {
    let directory = paths.first()?.parent();
    let words = match (paths.len() <= MAX_NAMED, directory) {
        (false, Some(directory)) => shell_path(directory),
        _ => paths.iter().map(shell_path).collect::<Vec<_>>().join(" "),
    };
    Some(format!("relkit check {words}"))
}

/// Where nothing is wrong with a wheel of the product that this machine can run, it is run.
pub(super) fn of_clean(report: &check::Report, product: &Product) -> Option<String> {
    if !is_clean(report) {
        return None;
    }
    let path = report.files.iter().map(|file| &file.path).find(|path| runs_here(path, &product.runtime))?;
    let name = path.file_stem()?.to_string_lossy();
    let receipt = Path::new("receipts").join(format!("{name}.json"));
    let product = product.option();
    Some(format!("relkit smoke {}{product} --receipt {}", shell_path(path), shell_path(&receipt)))
}

/// Who can install wheels that nothing is wrong with, where that is a question: they are here, and not for any platform.
pub(super) fn of_clean_wheels(report: &check::Report, paths: &[PathBuf]) -> Option<String> {
    let is_for_some = |file: &check::FileReport| {
        let name = file.path.file_name().and_then(|name| name.to_str()?.parse::<WheelFileName>().ok());
        name.is_some_and(|wheel| wheel.tags.platform.iter().any(|tag| *tag != "any"))
    };
    let is_source = |path: &&PathBuf| path.is_dir() || path.extension().is_some_and(|end| end == "whl");
    let sources: Vec<_> = paths.iter().filter(is_source).map(shell_path).collect();
    let is_asked = is_clean(report) && report.files.iter().any(is_for_some) && sources.len() <= MAX_NAMED;
    is_asked.then(|| format!("relkit coverage {}", sources.join(" ")))
}

/// Whether files that are here were checked, and nothing was found in them that is not accepted.
fn is_clean(report: &check::Report) -> bool {
    let is_clean = |file: &check::FileReport| file.findings.iter().all(|finding| finding.accepted.is_some());
    !report.is_published && report.files.iter().all(is_clean)
}

/// Whether a file is a wheel of the product for a target that this machine can run.
fn runs_here(path: &Path, runtime: &RuntimeProject) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()?.parse::<WheelFileName>().ok());
    let wheel = name.filter(|wheel| wheel.distribution.is_same(&runtime.distribution));
    wheel.is_some_and(|wheel| {
        let rows = runtime.targets.iter().filter(|row| row.triple.runs_here());
        rows.flat_map(|row| row.tags()).any(|tag| wheel.tags.platform.iter().any(|own| *own == tag.to_string()))
    })
}

/// Wheels that can be read are held against the rules; a program that has an honest tag becomes a product, where none is there.
pub(super) fn of_inspection(report: &Report, files: &[PathBuf]) -> Option<String> {
    if !report.problems.is_empty() {
        return None;
    }
    let is_wheel = |path: &Path| report.wheels.iter().any(|wheel| wheel.path == portable(path));
    let (wheels, others): (Vec<&Path>, Vec<&Path>) =
        files.iter().map(PathBuf::as_path).partition(|path| is_wheel(path));
    if !wheels.is_empty() {
        return of_distributions(&wheels);
    }
    let is_program = |one: &Binary| one.kind == Kind::Executable && !one.honest_tags.is_empty();
    let product = product::find(&ProductOptions { product: None }).ok()?;
    let name = others.first()?.file_stem()?;
    let is_new = product.directory.is_none() && *name != *product.runtime.executable();
    let from = others.iter().map(shell_path).collect::<Vec<_>>().join(" ");
    // The program itself may lie where its product would.
    let directory =
        if Path::new(name).exists() { format!("{}-product", name.to_str()?) } else { name.to_str()?.to_owned() };
    (is_new && report.binaries.iter().all(is_program))
        .then(|| format!("relkit init {} --from {from}", shell_path(&directory)))
}

/// Where a platform gets none of these wheels, what each of them can honestly be tagged.
pub(super) fn of_coverage(coverage: &Coverage, sources: &[OsString]) -> Option<String> {
    let of = |source: &OsString| {
        let path = Path::new(source);
        match path.is_dir() {
            // The shell is to fill in the pattern.
            true => Some(format!("{}/*.whl", shell_path(path))),
            false => path.is_file().then(|| shell_path(path)),
        }
    };
    let paths: Vec<_> = sources.iter().filter_map(of).collect();
    let is_asked = !coverage.missing.is_empty() && coverage.problems.is_empty() && !paths.is_empty();
    is_asked.then(|| format!("relkit inspect {}", paths.join(" ")))
}

/// A wheel that runs goes through the gate, with the receipt of that; one of the product that cannot be unpacked is judged, and
/// one of another product is tested as one of that.
pub(super) fn of_smoke(
    report: &smoke::Report,
    subject: &Path,
    receipt: Option<&Path>,
    product: &Product,
) -> Option<String> {
    let wheel: WheelFileName = report.wheel.as_ref()?.name.parse().ok()?;
    if let Some(failed) = report.failed_step() {
        let is_own = wheel.distribution.is_same(&product.runtime.distribution);
        return match is_own {
            true if failed.name == "unpack" => of_distributions(&[subject]),
            true => None,
            false => Some(format!("relkit smoke {} --product DIR", shell_path(subject))),
        };
    }
    let release = product.runtime.release(report.version.as_deref()?).ok()?;
    let release = match wheel.version.strip_prefix(&format!("{}.post", release.distribution())) {
        Some(revision) => release.revised(revision.parse().ok()?).ok()?,
        None => release,
    };
    if wheel.version != release.distribution().to_string() {
        return None;
    }
    let command = UploadCommand {
        dist: parent_of(subject),
        release_version: &release.program().to_string(),
        revision: release.revision().map(|revision| revision.to_string()),
        product: product.directory.as_deref(),
        template: None,
        sdk_template: None,
        receipts: receipt.map(parent_of),
        allow_missing: Vec::new(),
        only: None,
        manifest: None,
        index_url: None,
        runtime: &product.runtime,
    };
    Some(command.verify())
}

/// The artefact of a target is staged.
pub(super) fn of_artefact(triple: &str, path: &Path, release: &ReleaseVersion, product: &Product) -> String {
    let (path, out) = (shell_path(path), PathBuf::from("stage").join(triple));
    let (out, product) = (shell_path(&out), product.option());
    format!("relkit stage-runtime {out} {path}{product} --release-version {}", release.program())
}

/// What comes from an address is a distribution, or nothing is known of it.
pub(super) fn of_download(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_wheel = matches!(name.parse(), Ok(DistributionFileName::Wheel(_)));
    is_wheel.then(|| of_distributions(&[path])).flatten()
}

/// What was published is taken back from the index, where that is known, and held against every rule.
pub(super) fn of_publish(receipt: &Receipt, path: Option<&Path>) -> Option<String> {
    let index = receipt.index_url.as_deref()?;
    let release = |name: &str| {
        let name: DistributionFileName = name.parse().ok()?;
        Some(format!("{}=={}", name.distribution().normalized(), name.version()))
    };
    let mut releases: Vec<_> = receipt.files.iter().filter_map(|file| release(&file.name)).collect();
    releases.dedup();
    let releases = releases.iter().map(shell_word).collect::<Vec<_>>().join(" ");
    let path = path.map(|path| format!(" --publish-receipt {}", shell_path(path))).unwrap_or_default();
    Some(format!("relkit check {releases} --index-url {}{path}", shell_word(index)))
}

/// What generated the types of an SDK has it staged.
pub(super) fn of_types(sdk: &Path, runtime_version: &str, product: &Product) -> Option<String> {
    let release = product.runtime.release(runtime_version).ok()?;
    Some(format!("relkit stage-sdk stage/sdk --template {} --release-version {}", shell_path(sdk), release.program()))
}

/// The command line as it was typed, but for one option, and for what can be secret in a URL.
pub(super) fn own_command(without: Option<&str>) -> String {
    let shown = |word: OsString| {
        let text = word.to_string_lossy();
        let plain = http::without_secrets(&text);
        if plain == text { shell_word(&word) } else { shell_word(&plain) }
    };
    let words = std::env::args_os().skip(1).filter(|word| without.is_none_or(|option| *word != *option)).map(shown);
    std::iter::once("relkit".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}
