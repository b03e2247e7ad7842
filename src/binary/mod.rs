//! What a compiled binary is: ELF, Mach-O and PE headers read into `Facts`, and the platform tags that those facts
//! keep the promise of (PEP 600, 656, 730, 738, the macOS and Windows tags of `packaging.tags`).
//!
//! ```text
//! magic ─▶ elf | macho | pe, dependencies ─▶ facts ─▶ policy ─▶ promise (objections) ─▶ tags, inventory
//!                                           └▶ layout ─▶ search, loading (what of the wheel is found) ─▶ promise
//!                                           └▶ bystander (what nothing loads) ─▶ inventory
//! ```
//!
//! Everything here works on bytes in memory, most often a memory map. Every offset and count of the input is taken as
//! hostile: nothing panics, and time and memory are bounded by the size of the input.

mod arm_code;
mod bundled;
mod bystander;
mod bytes;
mod dependencies;
mod elf;
mod elf_abi;
mod elf_image;
mod elf_sound;
mod elf_symbols;
mod error;
mod export_trie;
mod facts;
mod head;
mod inventory;
pub(crate) mod layout;
mod libc;
mod loading;
mod machine;
mod macho;
mod macho_signature;
mod magic;
mod no_tag;
mod objection;
mod overlay;
mod pe;
mod policy;
mod promise;
mod python;
mod read;
mod search;
mod sparse;
mod stable_abi;
mod tags;
mod wasm;

pub(crate) use bundled::Reach;
pub(crate) use bystander::{Entry, ends_as_library, is_among_tests, is_library_name};
#[cfg(test)]
pub(crate) use dependencies::Root;
pub(crate) use dependencies::{Dependency, DependencyList, DependencySource, ListOrigin, Scope};
pub(crate) use error::BinaryError;
pub(crate) use facts::{DebugSection, Details, ElfFacts, Facts, Signature, Slice, UndefinedSymbol};
pub use facts::{Kind, Libc, Linkage};
pub(crate) use head::machine as machine_of_head;
pub use inventory::Inventory;
pub(crate) use libc::missing_loader;
pub(crate) use machine::{Machine, Machines};
pub use magic::Format;
pub(crate) use magic::Magic;
pub use no_tag::WhyNoTag;
pub(crate) use no_tag::reasons;
pub(crate) use objection::{Absence, Objection, Weight};
pub(crate) use policy::on_some_linux;
pub(crate) use python::{PythonLibrary, starts_module};
pub(crate) use read::read_file;
pub use read::{Spool, read};
pub(crate) use stable_abi::{NEWEST_STABLE_ABI, Standing, is_there, may_be_of_python};
pub(crate) use tags::{NextTag, honest_instead, same_family};
pub(crate) use wasm::is_module as is_wasm_module;

#[cfg(test)]
mod tests;
