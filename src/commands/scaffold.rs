//! `relkit init` and `relkit workflow`: a product out of its payloads, and its release workflow.

use super::payloads::payloads;
use super::{next, product, stage};
use crate::cli::{Init, Workflow};
use crate::console::text::shell_path;
use crate::console::{Console, OutputForm};
use crate::error::{Exit, Failure};
use crate::fs::FsError;
use crate::scaffold::{Options, Repository, place_in, repository_root, scaffold, workflow, write_workflow};

pub(super) fn init(arguments: &Init, console: &Console) -> Result<Exit, Failure> {
    let options = Options {
        directory: arguments.directory.clone(),
        payloads: payloads(&arguments.from, |path| Some(path.as_path()), console),
        name: arguments.name.clone(),
        executables: arguments.executable.clone(),
        module: arguments.module.clone(),
        license: arguments.license.clone(),
        repository: arguments.repository.clone(),
        with_sdk: arguments.sdk,
        existing: stage::existing(arguments.force),
    };
    let written = console.with_bar("Reading", 0, |progress| scaffold(&options, console, progress))?;
    console.status("Wrote", &written);
    console.show(&written, arguments.output.format);
    Ok(Exit::Good)
}

pub(super) fn workflow_of(arguments: &Workflow, console: &Console) -> Result<Exit, Failure> {
    let product = product::find(&arguments.product)?;
    let here = std::env::current_dir().map_err(FsError::read(std::path::Path::new(".")))?;
    let root = repository_root(&here);
    let place = product.directory.as_ref().map(|directory| place_in(&root, directory)).unwrap_or_default();
    let text = workflow(&product, Repository { root: &root, product: &place })?;
    match &arguments.out {
        Some(path) => {
            write_workflow(path, &text, stage::existing(arguments.force))?;
            console.status(
                "Wrote",
                format_args!("the release workflow of {} to {}", product.runtime.distribution, path.display()),
            );
            // GitHub runs what is in the repository.
            let is_repository = root.join(".git").exists();
            let command = is_repository.then(|| format!("git add {}", shell_path(path)));
            next::say(command, OutputForm::Text, console);
        }
        None => console.result(format_args!("{text}")),
    }
    Ok(Exit::Good)
}
