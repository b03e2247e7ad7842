//! What a publish tells while it goes on: one line per event, and who listens.

use std::fmt;
use std::time::Duration;

use super::credentials::Mask;
use super::receipt::{FileState, IndexToAsk};
use crate::console::Progress;
use crate::console::text::{human_bytes, plural};

/// Something that happened; displays as one line.
#[derive(Debug)]
pub enum Event {
    /// The index has the bytes of this file.
    Skipped(String),
    /// The index was asked for this file, before the first is sent.
    LookedUp {
        file: String,
        state: FileState,
    },
    /// A file was sent and stored.
    Uploaded {
        file: String,
        bytes: u64,
        elapsed: Duration,
    },
    /// A file is on its way, and was so for a while.
    Sending {
        file: String,
        sent: u64,
        total: u64,
        elapsed: Duration,
    },
    /// A file is stored, though the answer to its upload was lost or came from another publisher's.
    Stored(String),
    /// A try failed and another follows.
    Retrying {
        file: String,
        why: String,
        pause: Duration,
    },
    /// The index is asked until it lists the files of a phase.
    Waiting {
        phase: String,
        missing: usize,
    },
    /// The index lists every file of a phase.
    Visible(String),
    Warning(String),
}

impl Event {
    /// The verb of its line.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Skipped(_) => "Skipped",
            Self::LookedUp { .. } => "Asked",
            Self::Uploaded { .. } => "Uploaded",
            Self::Sending { .. } => "Sending",
            Self::Stored(_) => "Stored",
            Self::Retrying { .. } => "Retrying",
            Self::Waiting { .. } => "Waiting",
            Self::Visible(_) => "Visible",
            Self::Warning(_) => "Warning",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(file) => write!(formatter, "`{file}`: the index has these bytes"),
            Self::Uploaded { file, bytes, elapsed } => {
                write!(formatter, "`{file}` ({}, {}/s)", human_bytes(*bytes), human_bytes(rate(*bytes, *elapsed)))
            }
            Self::LookedUp { file, state } => write!(formatter, "`{file}`: {}", state.word(IndexToAsk::Index)),
            Self::Sending { file, sent, total, elapsed } => {
                let percent = sent * 100 / (*total).max(1);
                let rate = rate(*sent, *elapsed);
                let left = (total - sent) / rate.max(1);
                write!(
                    formatter,
                    "`{file}` {percent} % of {} ({}/s, {left} s left)",
                    human_bytes(*total),
                    human_bytes(rate)
                )
            }
            Self::Stored(file) => write!(formatter, "`{file}`: the index has these bytes, though no answer said so"),
            Self::Retrying { file, why, pause } => {
                write!(formatter, "`{file}` in {:.1} s: {why}", pause.as_secs_f64())
            }
            Self::Waiting { phase, missing } => {
                write!(formatter, "for the index to list {} of the {phase}", plural(*missing, "file"))
            }
            Self::Visible(phase) => write!(formatter, "the index lists every file of the {phase}"),
            Self::Warning(text) => formatter.write_str(text),
        }
    }
}

/// Who is told.
pub struct Listener<'a> {
    pub event: &'a dyn Fn(&Event),
    /// Makes the bar of one file: its name, its size.
    pub progress: &'a dyn Fn(&str, u64) -> Progress,
    /// Masks a secret in the job's log.
    pub mask: Mask<'a>,
}

/// Bytes per second.
pub(super) fn rate(bytes: u64, elapsed: Duration) -> u64 {
    (bytes as f64 / elapsed.as_secs_f64().max(0.001)) as u64
}
