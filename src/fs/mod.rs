//! Files: written whole or not at all, walked in order, copied, mapped, and what differs between systems.

mod error;
mod file_bytes;
mod interrupt;
mod map;
mod mode;
mod pending;
mod platform;
mod spool;
mod walk;

pub use error::FsError;
pub(crate) use file_bytes::FileBytes;
pub use interrupt::{Scratch, clean_on_interrupt};
pub use map::Map;
pub use mode::{KEEPS_MODES, Mode, copy, set_mode};
pub(crate) use pending::write_json;
pub use pending::{Existing, PendingDirectory, PendingFile, is_temporary, write_whole};
pub use spool::Spool;
pub use walk::{Kind, Walked, portable, walk};
