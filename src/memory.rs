//! The end of memory: one sentence and the exit code of a command that could not be carried out, where the standard library
//! would end the process by a signal.

// An allocator is not written without unsafe code.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write as _;

use crate::error::Exit;

/// What is said, since nothing more can be made.
const WORDS: &[u8] = b"error: this machine has no memory left for it\n\n\
    hint: free memory, or raise the limit of memory (`ulimit -v`, the container's) and run the command again\n";

/// The system's allocator, which ends the run where the system has no more. What was begun is left as a killed run leaves it.
#[derive(Debug)]
pub struct Allocator;

fn checked(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        end();
    }
    memory
}

#[cold]
fn end() -> ! {
    // Neither takes memory: standard error has no buffer.
    let _ = std::io::stderr().write_all(WORDS);
    std::process::exit(Exit::Failed as i32)
}

// SAFETY: every call goes on to the system's allocator as it came, and what that returns is returned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract, here and below.
        checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}
