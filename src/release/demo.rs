//! The line on relkit itself, twice: playing the runtime of the built-in product, and as the program of a product that
//! `init` writes. Offline, and without a warning that its reader could do nothing about.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::line::carry_out;
use super::options::{Options, Payload};
use crate::build::writer;
use crate::console::text::shell_path;
use crate::console::{Console, Shown};
use crate::error::{Exit, Failure, Outcome};
use crate::fs::{self, Existing, FsError, Mode, PendingDirectory, Scratch};
use crate::product::{Accepted, AcceptedOf, Level, Product, ProductChoice};
use crate::report::ReleaseReport;
use crate::scaffold::{self, scaffold};
use crate::smoke::stand_in;
use crate::target::TargetTriple;

/// Where the second product lies below the directory of the demonstration, and its template's directory below that.
pub(crate) const PROGRAM: &str = "program";
const PRODUCT: &str = "product";

/// The second product: relkit's own executable, as anybody's program.
const DISTRIBUTION: &str = "relkit-cli";
const EXECUTABLE: &str = "relkit";

/// Why findings of executables that were just compiled are accepted.
const REASON: &str = "it is relkit's own executable, as this machine compiled it";

#[derive(Debug)]
pub(crate) struct DemoOptions {
    /// Where everything is kept; a temporary directory without one.
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) existing: Existing,
    pub(crate) build: writer::Options,
    /// What the caller writes beside it.
    pub(crate) written: Vec<PathBuf>,
}

/// Releases both products.
///
/// # Errors
/// When something cannot be carried out at all; the output directory is then as it was before.
pub(crate) fn demonstrate(options: &DemoOptions, console: &Console) -> Result<Demonstrated, Failure> {
    let scratch = Scratch::create("relkit-demo-")?;
    let out_dir = options.out_dir.clone().unwrap_or_else(|| scratch.path().join("demo"));
    let server = server(options, out_dir.clone(), &scratch.path().join("payload"))?;
    server.keep_the_work_of_others()?;
    let pending = PendingDirectory::create(&out_dir, options.existing)?;
    let mut server = carry_out(&server, pending.path(), console)?;
    let root = pending.path().join(PROGRAM);
    let mut program = program(options, &root, &scratch.path().join(PRODUCT), console)?;
    // Where both will be when all is done.
    program.out_dir = out_dir.join(PROGRAM);
    program.product.directory = Some(program.out_dir.join(PRODUCT));
    let mut program = carry_out(&program, &root, console)?;
    pending.commit()?;
    if options.out_dir.is_none() {
        // No command can be given what is not kept.
        (server.next, program.next) = (None, None);
    }
    Ok(Demonstrated { server, program, out_dir: options.out_dir.clone() })
}

/// The release of the built-in product, with the stand-in as its payload. What the product promises besides is left out.
fn server(options: &DemoOptions, out_dir: PathBuf, payload: &Path) -> Result<Options, Failure> {
    let mut product = Product::built_in()?;
    let runtime = &mut product.runtime;
    runtime.supports.clear();
    let triples: Vec<_> = runtime.targets.iter().map(|row| row.triple.clone()).collect();
    let target = triples.iter().find(|triple| triple.runs_here()).ok_or_else(|| {
        let why = "the demonstration runs the stand-in, and no target of the template runs on this machine";
        Failure::new(Exit::Failed, why)
    })?;
    runtime.accepted.push(accepted(target));
    let version = product.runtime.release(&template_version(&product)?)?;
    stand_in::write_package(payload, product.runtime.executable(), version.program(), target)?;
    Ok(Options {
        sdk_version: version.distribution().clone(),
        version,
        payloads: vec![Payload { platform_tag: None, path: payload.to_owned(), target: None }],
        written: options.written.iter().cloned().chain([out_dir.join(PROGRAM)]).collect(),
        out_dir,
        existing: options.existing,
        allow_missing: triples.iter().filter(|triple| *triple != target).cloned().collect(),
        only: None,
        published: None,
        against: None,
        build: options.build,
        level: Level::Turn,
        runners: Vec::new(),
        product,
    })
}

/// The release of a product that is written for relkit's own executable. It is written where no repository is, so that its
/// page speaks of itself alone, and kept below `root`.
fn program(options: &DemoOptions, root: &Path, written_at: &Path, console: &Console) -> Result<Options, Failure> {
    let own = std::env::current_exe().map_err(FsError::read(Path::new("relkit's own executable")))?;
    let request = scaffold::Options {
        directory: written_at.to_owned(),
        payloads: vec![own.clone()],
        name: Some(DISTRIBUTION.to_owned()),
        executables: vec![EXECUTABLE.to_owned()],
        module: None,
        license: Some(env!("CARGO_PKG_LICENSE").to_owned()),
        repository: Some(env!("CARGO_PKG_REPOSITORY").to_owned()),
        with_sdk: false,
        existing: Existing::Refuse,
    };
    let written = console.with_bar("Reading", 0, |progress| scaffold(&request, console, progress))?;
    console
        .status("Wrote", format_args!("{DISTRIBUTION}, a product for `{EXECUTABLE}` ({} files)", written.files.len()));
    let kept = root.join(PRODUCT);
    for file in &written.files {
        fs::copy(&written_at.join(file), &kept.join(file), Mode::Data)?;
    }
    let mut product = Product::find(ProductChoice { product: Some(&kept), ..ProductChoice::default() }, root)?;
    let triples: Vec<_> = product.runtime.targets.iter().map(|row| row.triple.clone()).collect();
    product.runtime.accepted.extend(triples.iter().map(accepted));
    let version = product.runtime.release(env!("CARGO_PKG_VERSION"))?;
    Ok(Options {
        sdk_version: version.distribution().clone(),
        version,
        payloads: vec![Payload { platform_tag: None, path: own, target: None }],
        out_dir: root.to_owned(),
        existing: Existing::Refuse,
        written: Vec::new(),
        allow_missing: Vec::new(),
        only: None,
        published: None,
        against: None,
        build: options.build,
        level: product.runtime.smoke.level,
        runners: Vec::new(),
        product,
    })
}

/// A debug build of relkit holds debugging information, and its reader came to see a release.
fn accepted(target: &TargetTriple) -> Accepted {
    Accepted {
        rule: "debug-info".to_owned(),
        of: AcceptedOf::Target(target.clone()),
        reason: REASON.to_owned(),
        at: None,
    }
}

/// The version that the SDK template is at: the one that its types were made from.
fn template_version(product: &Product) -> Result<String, Failure> {
    let text = product.sdk.as_ref().map(|sdk| sdk.template.pyproject()).transpose()?.unwrap_or_default();
    let pyproject: toml::Table = toml::from_str(text)
        .map_err(|error| Failure::new(Exit::Failed, format!("the built-in SDK template cannot be read: {error}")))?;
    let version = pyproject.get("project").and_then(|project| project.get("version")?.as_str());
    Ok(version.unwrap_or_default().to_owned())
}

/// Both releases, with what to do next.
#[derive(Debug)]
pub(crate) struct Demonstrated {
    server: ReleaseReport,
    program: ReleaseReport,
    out_dir: Option<PathBuf>,
}

/// Commands that belong together, and what they are for.
struct Next {
    words: String,
    commands: Vec<String>,
}

impl Demonstrated {
    pub(crate) fn outcome(&self) -> Outcome {
        match self.server.outcome {
            Outcome::Failed => Outcome::Failed,
            _ => self.program.outcome,
        }
    }

    /// The page about the release of the built-in product.
    pub(crate) fn html(&self) -> String {
        self.server.html()
    }

    /// What can be typed after this, in order.
    fn next(&self) -> Vec<Next> {
        let kept = self.out_dir.as_deref().unwrap_or(Path::new("demo"));
        let at = |path: &str| shell_path(&kept.join(path));
        let wheel = |release: &ReleaseReport, directory: &str| {
            let name = release.targets.iter().find_map(|row| row.wheel.as_ref());
            let name = name.map_or_else(|| "WHEEL".to_owned(), ToString::to_string);
            at(&format!("{directory}dist/{name}"))
        };
        let (tag, version) = (&self.server.release_tag, &self.program.version);
        let (dist, receipts) = (at("dist"), at("receipts"));
        let (own, own_dist, own_receipts) = (at("program/product"), at("program/dist"), at("program/receipts"));
        let mut looked_at = match self.out_dir {
            Some(_) => Vec::new(),
            None => vec![format!("relkit demo --out-dir {}", shell_path(kept))],
        };
        looked_at.extend([
            format!("relkit inspect {}", wheel(&self.program, "program/")),
            format!("relkit check {own_dist} --product {own}"),
            format!("relkit smoke {} --product {own}", wheel(&self.program, "program/")),
            format!("relkit verify {own_dist} --product {own} --release-version {version} --receipts {own_receipts}"),
            format!("relkit smoke {} --receipt {}", wheel(&self.server, ""), at("receipts/again.json")),
            format!("relkit verify {dist} --codex-version {tag} --receipts {receipts} --allow-missing all"),
        ]);
        let once_more = "What it makes, kept and looked at step by step";
        let own_program = "The same for a program of yours, from the archives or executables of one of its releases";
        let real = "And for a real package of Codex";
        vec![
            Next { words: once_more.to_owned(), commands: looked_at },
            Next { words: own_program.to_owned(), commands: vec!["relkit init mytool --from PAYLOAD...".to_owned()] },
            Next {
                words: real.to_owned(),
                commands: vec![format!(
                    "relkit release --codex-version {tag} --out-dir release --allow-missing all --payload PAYLOAD..."
                )],
            },
        ]
    }
}

impl Shown for Demonstrated {
    fn text(&self) -> String {
        let mut text = format!(
            "Codex, played by relkit:\n\n{}\nAny program, here relkit itself, as `relkit init` set it up:\n\n{}",
            self.server.text(),
            self.program.text()
        );
        if self.outcome() == Outcome::Failed {
            return text;
        }
        for Next { words, commands } in self.next() {
            text += &format!("\n{words}:\n\n");
            for command in commands {
                text += &format!("  {command}\n");
            }
        }
        text
    }

    /// The release of the built-in product, with that of the other beside it.
    fn json(&self) -> Value {
        let mut value = self.server.json();
        value["outcome"] = json!(self.outcome());
        value["program"] = self.program.json();
        value["next"] = self.next().into_iter().flat_map(|next| next.commands).collect();
        value
    }
}
