//! Files: written whole or not at all, walked in order, copied, mapped, and what differs between systems.

mod error;
mod file_bytes;
mod interrupt;
mod json;
mod litter;
mod map;
mod mode;
mod pending;
mod place;
mod platform;
mod refusal;
mod spool;
mod walk;

pub(crate) use error::{FsError, io_hint, nearby, path_hint, temporary_hint};
pub(crate) use file_bytes::{
    FileBytes, MAX_ARCHIVE, MAX_TABLE, digest_of, open_regular, open_within, read, read_table, read_text,
};
pub(crate) use interrupt::{Scratch, Unused, clean_on_interrupt, say_on_interrupt};
pub(crate) use json::{JsonError, from_json, from_object, json_value, write_json};
pub(crate) use litter::{is_scratch, is_temporary};
pub use map::Map;
pub use mode::{KEEPS_MODES, Mode, copy, set_mode};
pub use pending::Existing;
pub(crate) use pending::{
    Made, PendingDirectory, PendingFile, append, missing, write_all_whole, write_through, write_whole,
};
pub(crate) use place::{Place, must_be_writable, place};
pub(crate) use platform::{is_still_at, keep_mode, keep_own_rights, parent_of, refuses_execution, split_at_equals};
pub(crate) use refusal::is_too_long;
pub(crate) use spool::Spool;
pub(crate) use walk::FileKind;
pub use walk::{Walked, portable, walk};
