//! A verified release on its way to an index: the plan, what the index has of it, and the uploads that are missing, the
//! runtime first and the SDK only once the index lists every runtime file. Running the same command again is the way to
//! resume. Fetching artefacts is not publishing; see `fetch`.

mod answer;
pub mod attestation;
pub(crate) mod audit;
mod body;
pub mod credentials;
pub mod endpoint;
pub mod error;
pub mod event;
mod file;
mod form;
mod hashes;
pub mod index;
mod page;
pub mod plan;
mod published;
pub mod receipt;
mod report;
mod run;
pub(crate) mod standing;
mod survey;
pub mod upload;
mod visible;
pub mod wait;

use attestation::Attestations;
use credentials::{CredentialError, CredentialSource};
use error::PublishError;
use event::{Event, Listener};
use file::Sender;
use receipt::{PublishOutcome, Receipt};
use run::Run;
use upload::Uploader;

pub(crate) use report::{DryRun, KeptBack};
pub use run::Options;

/// Carries a plan out. The receipt says how far it came; the second value is the first thing that kept it from going on.
pub fn publish(
    options: &Options<'_>,
    source: impl FnOnce() -> Result<CredentialSource, CredentialError>,
    listener: &Listener<'_>,
) -> (Receipt, Result<(), PublishError>) {
    let mut receipt = Receipt::new(options.plan, options.receipt);
    let outcome = match receipt.write() {
        Ok(()) => carry_out(&mut Run { options, listener, receipt: &mut receipt, noted: Vec::new() }, source),
        Err(error) => Err(error.into()),
    };
    let word = outcome.as_ref().map_or_else(PublishError::outcome, |()| PublishOutcome::Published);
    let kept = receipt.finish(word).map_err(PublishError::from);
    // The error that ended the run is worth more than one about its receipt.
    (receipt, outcome.and(kept))
}

fn carry_out(
    run: &mut Run<'_>,
    source: impl FnOnce() -> Result<CredentialSource, CredentialError>,
) -> Result<(), PublishError> {
    let options = run.options;
    let present = match options.index {
        Some(index) => {
            let survey = survey::survey(options.plan, index, options.pace.first_pause)?;
            for note in &survey.notes {
                run.tell(&Event::Warning(note.clone()));
            }
            run.noted.clone_from(&survey.notes);
            run.found(&survey.found)?;
            survey.allowed()?.found
        }
        // However the run ends, it says last that nothing was looked up.
        None => Vec::new(),
    };
    let is_present = |name: &str| present.iter().any(|(file, presence)| file.name == name && presence.is_same());
    // Where nothing is left to send, nothing needs to allow it.
    let mut sender = match options.plan.files().all(|file| is_present(&file.name)) {
        true => None,
        false => Some(Sender { uploader: Uploader::new(options.pace.patience)?, source: source()? }),
    };
    if let Some(Sender { source, .. }) = &sender
        && options.attestations == Attestations::Auto
        && !source.is_trusted()
        && let Some(note) = options.plan.unsent_attestations(&|name| !is_present(name))
    {
        run.tell(&Event::Warning(note));
    }
    for phase in &options.plan.phases {
        for file in &phase.files {
            match &mut sender {
                Some(sender) if !is_present(&file.name) => run.upload(file, sender)?,
                _ => run.tell(&Event::Skipped(file.name.clone())),
            }
        }
        run.wait_until_visible(phase)?;
    }
    Ok(())
}
