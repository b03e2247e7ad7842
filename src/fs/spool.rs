//! Where data of unknown size is kept until it is read: in memory, and above a limit in a temporary file without a name.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};

use super::map::{MAX_IN_MEMORY, Map, no_copy};

/// Takes data by `Write` and ends as its bytes.
#[derive(Debug, Default)]
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    /// Whether the last of it was left out.
    ends_in_gap: bool,
}

impl Spool {
    /// Everything that was written.
    pub(crate) fn finish(self) -> io::Result<Map> {
        let Some(mut file) = self.file else { return Ok(self.memory.into()) };
        if self.ends_in_gap {
            let length = file.stream_position()?;
            file.set_len(length).map_err(no_copy)?;
        }
        Map::of(&file)
    }

    /// Puts that many zeros in the place of what comes next, which cost nothing in a temporary file.
    pub(crate) fn leave_out(&mut self, count: u64) -> io::Result<()> {
        let distance = i64::try_from(count).map_err(io::Error::other)?;
        self.file()?.seek(SeekFrom::Current(distance))?;
        self.ends_in_gap = true;
        Ok(())
    }

    /// The file, in which everything is from now on.
    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = tempfile::tempfile().map_err(no_copy)?;
                file.write_all(&std::mem::take(&mut self.memory)).map_err(no_copy)?;
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.file.is_none() && self.memory.len() + bytes.len() <= MAX_IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.ends_in_gap &= bytes.is_empty();
        self.file()?.write(bytes).map_err(no_copy)
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

    #[test]
    fn what_was_left_out_is_zeros() {
        let gap = 3 * MAX_IN_MEMORY;
        for (before, after) in [(0, 0), (5, 0), (5, 7), (MAX_IN_MEMORY + 1, 1)] {
            let mut spool = Spool::default();
            spool.write_all(&vec![1; before]).unwrap();
            spool.leave_out(gap as u64).unwrap();
            spool.write_all(&vec![2; after]).unwrap();
            let expected = [vec![1; before], vec![0; gap], vec![2; after]].concat();
            assert!(*spool.finish().unwrap() == expected, "{before} {after}");
        }
    }
}
