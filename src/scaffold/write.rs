//! `init`: the files of a product, put together first, read back as any product is, and then written.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use url::Url;

use super::error::ScaffoldError;
use super::marks::filled;
use super::names;
use super::options::Options;
use super::sdk::{self, SdkNames};
use super::survey::{Survey, survey_all};
use super::tables::{self, Named};
use super::workflow::{Repository, product_option, workflow};
use crate::build::license_expression;
use crate::console::text::{plural, shell_path};
use crate::console::{Console, Progress, Shown};
use crate::fs::{Existing, PendingDirectory, Scratch, portable, write_whole};
use crate::product::{Product, ProductChoice, RuntimeProject};
use crate::target::PlatformTagSet;
use crate::version::PublicVersion;
use crate::wheel::name::DistributionName;

const WORKFLOW: &str = ".github/workflows/release.yml";

/// What a maintainer reads first, of the product or of the repository that it is in.
const README: &str = "README.md";

/// A product that was written.
#[derive(Debug)]
pub(crate) struct Scaffolded {
    pub directory: PathBuf,
    pub product: Product,
    /// The files, by their path in the directory.
    pub files: Vec<String>,
    /// The version of the program, as it says itself here, or as its payloads are named.
    pub version: Option<PublicVersion>,
    /// Files that were there, and are as they were.
    pub kept: Vec<String>,
    /// What is left to the maintainer.
    pub notes: Vec<String>,
    payloads: Vec<PathBuf>,
}

/// Writes a product.
///
/// # Errors
/// Where a payload cannot be read or is none, or a file is there already. Then nothing is written.
pub(crate) fn scaffold(options: &Options, console: &Console, progress: &Progress) -> Result<Scaffolded, ScaffoldError> {
    let findings = match &options.payloads[..] {
        [] => None,
        payloads => Some(survey_all(payloads, &options.executables, console, progress)?),
    };
    if let Some(findings) = &findings {
        for (index, row) in findings.rows.iter().enumerate() {
            if let Some(other) = findings.rows[..index].iter().find(|other| other.platform_tag == row.platform_tag) {
                let (mut one, mut other) = (other.file_name.clone(), row.file_name.clone());
                if one == other {
                    // Only their places tell them apart.
                    let mut alike = options.payloads.iter().filter(|path| path.ends_with(&row.file_name));
                    if let (Some(first), Some(second)) = (alike.next(), alike.next()) {
                        (one, other) = (first.display().to_string(), second.display().to_string());
                    }
                }
                return Err(ScaffoldError::SameTarget { triple: row.triple.clone(), one, other });
            }
        }
    }
    let executables = match &findings {
        Some(findings) => findings.executables.clone(),
        None if options.executables.is_empty() => vec![default_program(options)],
        None => options.executables.clone(),
    };
    let program = executables.first().cloned().unwrap_or_default();
    let named = named(options, &program)?;
    let text = match &findings {
        Some(findings) => tables::runtime(&named, findings),
        None => tables::skeleton(&named, &executables),
    };
    let mut files = template_files(text);
    let licences = findings.iter().flat_map(|findings| &findings.beside.licences);
    files.extend(licences.map(|(path, text)| (format!("runtime-template/{path}"), text.clone())));
    if options.with_sdk {
        let names = SdkNames::of(&named.distribution);
        let written = sdk::files(&names, &named, &program);
        files.extend(written.into_iter().map(|(path, text)| (format!("sdk-template/{path}"), text)));
    }
    let version = findings.as_ref().and_then(Survey::version);
    let root = repository_root(&options.directory);
    let place = place_in(&root, &options.directory);
    let product = read_back(&files)?;
    let at_product = product_option(&place);
    let of_version = version_or_its_place(version.as_ref());
    let values = [
        ("distribution", named.distribution.as_str()),
        ("executable", &program),
        ("product", &at_product),
        ("version", &of_version),
    ];
    let page = filled(include_str!("template/PRODUCT.md"), &values);
    files.push((README.to_owned(), page));
    files.push((WORKFLOW.to_owned(), workflow(&product, Repository { root: &root, product: &place })?));
    // A page of their own is what most repositories have; all else that is there was meant to be another product.
    let page = options.directory.join(README);
    let is_kept =
        |path: &str| path == README && options.existing == Existing::Refuse && std::fs::symlink_metadata(&page).is_ok();
    let (kept, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| is_kept(path));
    write(&options.directory, &files, options.existing)?;
    let archives = findings.as_ref().and_then(tables::archive_note);
    let is_shipped = |path: &&PathBuf| findings.as_ref().is_none_or(|findings| !findings.left_out.contains(path));
    let payloads = options.payloads.iter().filter(is_shipped).cloned().collect();
    let (mut notes, licences) = findings.map(|findings| (findings.notes, findings.licences_said)).unwrap_or_default();
    notes.extend(archives);
    if named.license.is_none() {
        let said = licences
            .iter()
            .map(|(license, file)| format!("; `{file}` says `{license}`, if that is not its packaging's alone"));
        let what = "say the licence of the program in runtime-template/pyproject.toml (`license`)";
        notes.push(what.to_owned() + &said.collect::<String>());
    }
    if !place.is_empty() {
        notes.push(format!("move {WORKFLOW} to the root of the repository, where GitHub looks for it"));
    }
    // Read once more from where it is: an SDK template that was there already is part of the product.
    let choice = ProductChoice { product: Some(&options.directory), ..ProductChoice::default() };
    let product = Product::find(choice, Path::new(".")).map_err(|error| ScaffoldError::Product(Box::new(error)))?;
    Ok(Scaffolded {
        directory: options.directory.clone(),
        product,
        files: files.into_iter().map(|(path, _)| path).collect(),
        kept: kept.into_iter().map(|(path, _)| path).collect(),
        version,
        notes,
        payloads,
    })
}

/// The name of the program of which nothing is known: that of the distribution, or of the directory.
fn default_program(options: &Options) -> String {
    let directory = std::path::absolute(&options.directory).unwrap_or_else(|_| options.directory.clone());
    let directory = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = options.name.clone().or(directory).unwrap_or_default();
    let name = name.strip_suffix("-bin").unwrap_or(&name);
    names::program(name)
}

fn refused(name: &str) -> ScaffoldError {
    ScaffoldError::Name { name: name.to_owned(), what: "the name of a distribution" }
}

fn not_that(
    option: &'static str,
    value: Option<&String>,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ScaffoldError {
    ScaffoldError::Option { option, value: value.cloned().unwrap_or_default(), source: source.into() }
}

fn named(options: &Options, program: &str) -> Result<Named, ScaffoldError> {
    let distribution = options.name.clone().unwrap_or_else(|| names::distribution(program));
    let distribution: DistributionName = distribution.parse().map_err(|_| refused(&distribution))?;
    let module = options.module.clone().unwrap_or_else(|| names::module(&distribution.normalized()));
    let license = options.license.as_deref().map(license_expression).transpose();
    let license = license.map_err(|source| not_that("--license", options.license.as_ref(), source))?;
    if let Some(text) = &options.repository {
        match Url::parse(text) {
            // What a URL is read without (line breaks), or escapes, would stand in the files as it is.
            Ok(_) if text.contains(|c: char| c.is_whitespace() || c.is_control() || "\"\\<>{}".contains(c)) => {
                return Err(not_that("--repository", Some(text), "it holds what no URL does"));
            }
            Ok(url) if matches!(url.scheme(), "https" | "http") => {}
            Ok(_) => return Err(not_that("--repository", Some(text), "it is not the address of a page")),
            Err(source) => return Err(not_that("--repository", Some(text), source)),
        }
    }
    Ok(Named { distribution, module, license, repository: options.repository.clone() })
}

/// The files of the runtime template.
fn template_files(pyproject: String) -> Vec<(String, String)> {
    let files = [
        ("pyproject.toml", pyproject),
        ("README.md", include_str!("template/README.md").to_owned()),
        ("hatch_build.py", include_str!("../../runtime-template/hatch_build.py").to_owned()),
        ("src/module/__init__.py", include_str!("template/__init__.py").to_owned()),
        ("src/module/__main__.py", include_str!("../../runtime-template/src/module/__main__.py").to_owned()),
        ("src/module/py.typed", String::new()),
    ];
    files.map(|(path, text)| (format!("runtime-template/{path}"), text)).into()
}

/// The product as any command would read it; what was put together must be one.
fn read_back(files: &[(String, String)]) -> Result<Product, ScaffoldError> {
    // First by its own name: the scratch directory is gone when an error is read.
    if let Some((path, text)) = files.first() {
        RuntimeProject::from_pyproject(text, path).map_err(|error| ScaffoldError::Product(Box::new(error)))?;
    }
    let scratch = Scratch::create(names::SCRATCH)?;
    put(scratch.path(), files)?;
    let choice = ProductChoice { product: Some(scratch.path()), ..ProductChoice::default() };
    Product::find(choice, scratch.path()).map_err(|error| ScaffoldError::Product(Box::new(error)))
}

/// The root of the repository around a directory, or the directory itself.
pub(crate) fn repository_root(directory: &Path) -> PathBuf {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let root = absolute.ancestors().find(|ancestor| ancestor.join(".git").exists());
    root.map_or(absolute.clone(), Path::to_owned)
}

/// Where a directory is below the root; empty where it is the root.
pub(crate) fn place_in(root: &Path, directory: &Path) -> String {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    absolute.strip_prefix(root).map(portable).unwrap_or_default()
}

fn write(directory: &Path, files: &[(String, String)], existing: Existing) -> Result<(), ScaffoldError> {
    // A directory that is there stays the same one: a shell may stand in it.
    if std::fs::symlink_metadata(directory).is_err() {
        let pending = PendingDirectory::create(directory, Existing::Refuse)?;
        put(pending.path(), files)?;
        return Ok(pending.commit()?);
    }
    let there: Vec<_> =
        files.iter().filter(|(path, _)| std::fs::symlink_metadata(directory.join(path)).is_ok()).collect();
    if !there.is_empty() && existing == Existing::Refuse {
        return Err(ScaffoldError::Exists { files: there.into_iter().map(|(path, _)| path.clone()).collect() });
    }
    put(directory, files)
}

/// Writes each file below a directory, whole or not at all.
fn put(directory: &Path, files: &[(String, String)]) -> Result<(), ScaffoldError> {
    for (path, text) in files {
        write_whole(&directory.join(path), text.as_bytes())?;
    }
    Ok(())
}

/// What commands are written with.
fn version_or_its_place(version: Option<&PublicVersion>) -> String {
    version.map_or_else(|| "VERSION".to_owned(), ToString::to_string)
}

impl Scaffolded {
    /// The commands that go on from here.
    fn next(&self) -> Vec<String> {
        let product = format!("--product {}", shell_path(&self.directory));
        let version = version_or_its_place(self.version.as_ref());
        let mut next = vec![format!("relkit matrix {product}")];
        let payloads: Vec<_> = self.payloads.iter().map(shell_path).collect();
        next.push(match payloads.is_empty() {
            false => format!(
                "relkit release {product} --release-version {version} --out-dir release --payload {}",
                payloads.join(" ")
            ),
            true => {
                format!("relkit release {product} --release-version VERSION --out-dir release --payload PAYLOAD...")
            }
        });
        // GitHub runs what lies in the root alone; what was written there lies in it already.
        let root = repository_root(&self.directory);
        if !place_in(&root, &self.directory).is_empty() {
            let path = root.join(WORKFLOW);
            let here = std::env::current_dir().unwrap_or_default();
            let path = path.strip_prefix(here).unwrap_or(&path);
            next.push(format!("relkit workflow {product} --out {}", shell_path(path)));
        }
        next
    }
}

impl fmt::Display for Scaffolded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, directory) = (&self.product.runtime.distribution, self.directory.display());
        write!(formatter, "{name} in {directory} ({})", plural(self.files.len(), "file"))
    }
}

impl Shown for Scaffolded {
    fn text(&self) -> String {
        let runtime = &self.product.runtime;
        let mut text = String::new();
        for row in &runtime.targets {
            let tags = PlatformTagSet::new(row.tags().cloned()).map(|tags| tags.to_string()).unwrap_or_default();
            text += &format!("{}: {tags}\n", row.triple);
        }
        for path in &self.kept {
            text += &format!("\n{path} was there and stays as it is: `--force` replaces it\n");
        }
        for note in &self.notes {
            text += &format!("\nto do: {note}");
        }
        if !self.notes.is_empty() {
            text.push('\n');
        }
        text += "\nNext:\n\n";
        for command in self.next() {
            text += &format!("  {command}\n");
        }
        text
    }

    fn json(&self) -> Value {
        let runtime = &self.product.runtime;
        json!({
            "schema_version": 1,
            "directory": portable(&self.directory),
            "product": runtime.distribution,
            "module": runtime.module,
            "executables": runtime.executables,
            "version": self.version,
            "targets": runtime.targets.iter().map(|row| json!({
                "target": row.triple,
                "platform_tag": row.platform_tag,
                "also": row.also,
            })).collect::<Vec<_>>(),
            "sdk": self.product.sdk_project().map(|sdk| sdk.distribution.clone()),
            "files": self.files,
            "kept": self.kept,
            "notes": self.notes,
            "next": self.next(),
        })
    }
}
