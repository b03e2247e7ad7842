//! `relkit generate-types`: the SDK's types from the pinned runtime's own schema, whether they are stale, or what changed.

use std::path::PathBuf;

use super::{next, product};
use crate::cli::{GenerateTypes, SchemaSource};
use crate::console::text::{named, plural};
use crate::console::{Console, OutputForm};
use crate::error::{Exit, Failure};
use crate::fs::read_table;
use crate::product::{Product, RuntimeProject, SdkProject};
use crate::typegen::drift::drift;
use crate::typegen::{self, Generated, Mode, Obtained, Options, PackageState, Report, SchemaOrigin};
use crate::wheel::project_file::RuntimePin;

pub(super) fn run(arguments: &GenerateTypes, console: &Console) -> Result<Exit, Failure> {
    let product = product::find(&arguments.product)?;
    let runtime = &product.runtime;
    let source = source(&arguments.source, runtime);
    if let Some(before) = &arguments.against {
        return compare(&SchemaOrigin::of_path(before, runtime), &source, arguments.format, console);
    }
    let sdk = sdk_tree(arguments, &product);
    let project_file = sdk.join("pyproject.toml");
    let text = read_table(&project_file).map_err(|error| match project_file.exists() {
        true => error.into(),
        false => Failure::from(error)
            .with_hint("name the SDK's tree with `--sdk DIR`; `relkit init --sdk` writes a product that has one"),
    })?;
    let project = SdkProject::from_pyproject(&text, &project_file.to_string_lossy())?;
    let pin = RuntimePin::in_project_file(&text, &project.runtime_distribution);
    for fault in &pin.faults {
        console.warning(format_args!("`{}`: {fault}", project_file.display()));
    }
    let pin = pin.version().map(ToString::to_string);
    let directory = sdk.join("src").join(&project.module).join("generated");
    let options = Options { source, version: pin.clone(), module: project.module };
    let generated = typegen::generate(&options)?;
    if let Some(pin) = pin.filter(|pin| *pin != generated.runtime_version) {
        let (version, file) = (&generated.runtime_version, project_file.display());
        console.warning(format_args!("the types are of runtime {version}, and `{file}` pins {pin}"));
    }
    warn(&generated, console);
    let differences = typegen::check(&generated, &directory)?;
    let state = match (arguments.check, differences.is_empty()) {
        (false, _) => PackageState::Written,
        (true, true) => PackageState::Fresh,
        (true, false) => PackageState::Stale,
    };
    if state == PackageState::Written {
        typegen::write(&generated, &directory)?;
    }
    let report = Report { generated: &generated, directory: &directory, differences: &differences, state };
    console.show(&report, arguments.format);
    if arguments.format != OutputForm::Json {
        tell(&report, console);
    }
    let command = match state {
        PackageState::Written => next::of_types(&sdk, &generated.runtime_version, &product),
        PackageState::Fresh => None,
        PackageState::Stale => Some(next::own_command(Some("--check"))),
    };
    next::say(command, arguments.format, console);
    Ok(if state == PackageState::Stale { Exit::NotGood } else { Exit::Good })
}

/// The tree that is named, else that of the product: of one that is named even where another is nearer.
fn sdk_tree(arguments: &GenerateTypes, product: &Product) -> PathBuf {
    let usual = PathBuf::from("sdk-template");
    let own = product.sdk.as_ref().and_then(|sdk| sdk.template.directory.clone());
    let is_meant = arguments.product.product.is_some() || !usual.exists();
    arguments.sdk.clone().or(own.filter(|_| is_meant)).unwrap_or(usual)
}

fn source(arguments: &SchemaSource, runtime: &RuntimeProject) -> SchemaOrigin {
    match (&arguments.codex_bin, &arguments.wheel, &arguments.schema_dir) {
        (Some(path), _, _) => SchemaOrigin::Executable(path.clone()),
        (_, Some(path), _) => SchemaOrigin::of_wheel(path, runtime),
        // invariant: clap demands exactly one of the three.
        (_, _, path) => SchemaOrigin::Directory(path.clone().unwrap_or_else(|| PathBuf::from("."))),
    }
}

fn warn(generated: &Generated, console: &Console) {
    if !generated.disagreements.is_empty() {
        let names = named(&generated.disagreements);
        console.warning(format_args!("the schema's files disagree about {names}; the bundle's definition is used"));
    }
    if generated.mode == Mode::Experimental {
        console.warning("the schema holds experimental methods and fields, which the runtime hides by default");
    }
}

fn tell(report: &Report<'_>, console: &Console) {
    let Generated { runtime_version, unexposed, .. } = report.generated;
    let Some((verb, what)) = report.status() else {
        let stale = report.differences.len();
        let are = if stale == 1 { "is" } else { "are" };
        console.warning(format_args!("{} {are} stale for runtime {runtime_version}", plural(stale, "generated file")));
        return;
    };
    console.status(verb, what);
    for one in unexposed {
        console.detail("Not exposed", format_args!("`{}` of `{}`", one.field, one.method));
    }
    if !unexposed.is_empty() {
        let count = unexposed.len();
        console.status(
            "Note",
            format_args!("{} of the schema not offered as keywords (`--verbose` lists them)", plural(count, "field")),
        );
    }
}

fn compare(
    before: &SchemaOrigin,
    after: &SchemaOrigin,
    format: OutputForm,
    console: &Console,
) -> Result<Exit, Failure> {
    let (old, new) = (typegen::obtain(before)?, typegen::obtain(after)?);
    let name = |source: &SchemaOrigin, obtained: &Obtained| {
        let directory = source.path().file_name().map(|name| name.to_string_lossy().into_owned());
        obtained.version.clone().or(directory).unwrap_or_else(|| source.path().display().to_string())
    };
    let (from, to) = (name(before, &old), name(after, &new));
    let (from_mode, to_mode) = (old.schema.mode(), new.schema.mode());
    if from_mode != to_mode {
        let (from_mode, to_mode) = (from_mode.word(), to_mode.word());
        console.warning(format_args!(
            "the schema of {from} is {from_mode} and that of {to} {to_mode}: part of what changed is only that"
        ));
    }
    console.show(&drift((&from, &old.schema), (&to, &new.schema))?, format);
    Ok(Exit::Good)
}
