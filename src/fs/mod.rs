//! Files: written whole or not at all, walked in order, copied, mapped, and what differs between systems.

mod error;
mod file_bytes;
mod interrupt;
mod json;
mod map;
mod mode;
mod pending;
mod platform;
mod spool;
mod turn;
mod walk;

pub use error::FsError;
pub(crate) use error::io_hint;
pub(crate) use file_bytes::{FileBytes, open_regular, read, read_text};
pub(crate) use interrupt::{LastWords, say_on_interrupt};
pub use interrupt::{Scratch, clean_on_interrupt};
pub use json::JsonError;
pub(crate) use json::{from_json, from_object, write_json};
pub use map::Map;
pub use mode::{KEEPS_MODES, Mode, copy, set_mode};
pub(crate) use pending::must_be_replaceable;
pub use pending::{Existing, PendingDirectory, PendingFile, is_temporary, write_whole};
pub use spool::Spool;
pub(crate) use turn::Turn;
pub use walk::{Kind, Walked, portable, walk};
