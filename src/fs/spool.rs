//! Where data of unknown size is kept until it is read: in memory, and above a limit in a temporary file without a name.

use std::fs::File;
use std::io::{self, Write};

use super::map::{MAX_IN_MEMORY, Map, no_copy};

/// Takes data by `Write` and ends as its bytes.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Everything that was written.
    pub(crate) fn finish(self) -> io::Result<Map> {
        match self.file {
            Some(file) => Map::of(&file),
            None => Ok(self.memory.into()),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes).map_err(no_copy);
        }
        if self.memory.len() + bytes.len() <= MAX_IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let mut file = tempfile::tempfile().map_err(no_copy)?;
        file.write_all(&std::mem::take(&mut self.memory)).map_err(no_copy)?;
        self.file.insert(file).write(bytes).map_err(no_copy)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_was_written_comes_back() {
        for sizes in [vec![], vec![5], vec![MAX_IN_MEMORY], vec![MAX_IN_MEMORY, 1, 7], vec![MAX_IN_MEMORY + 1, 3]] {
            let (mut spool, mut expected) = (Spool::default(), Vec::new());
            for (number, size) in sizes.into_iter().enumerate() {
                let part = vec![number as u8 + 1; size];
                spool.write_all(&part).unwrap();
                expected.extend(part);
            }
            assert!(*spool.finish().unwrap() == expected);
        }
    }
}
