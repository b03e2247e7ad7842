//! A stream of tar that ends where a header states more of the next member than any name or attribute takes (pax, GNU long
//! names): the reader of tar would hold all of it in memory. Everything else passes as it is, and is judged by that reader.

use std::io::{self, Read};

use tar::{EntryType, Header};

/// Longer than all paths and attributes of a member.
const MAX_EXTENSION: u64 = 1 << 20;
const BLOCK: usize = 512;

#[derive(Debug)]
pub(super) struct Extensions<R> {
    inner: R,
    /// What there is of the next header.
    block: Vec<u8>,
    /// How many bytes are left before it.
    left: u64,
}

impl<R> Extensions<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, block: Vec::with_capacity(BLOCK), left: 0 }
    }

    fn pass(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.left > 0 {
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= count as u64;
                bytes = &bytes[count..];
                continue;
            }
            let (head, rest) = bytes.split_at(bytes.len().min(BLOCK - self.block.len()));
            self.block.extend(head);
            bytes = rest;
            if self.block.len() == BLOCK {
                self.left = behind(&self.block)?;
                self.block.clear();
            }
        }
        Ok(())
    }
}

/// How many bytes lie between this block and the next header; none where it is no header.
fn behind(block: &[u8]) -> io::Result<u64> {
    let header = Header::from_byte_slice(block);
    let sum: u32 =
        block.iter().enumerate().map(|(at, byte)| u32::from(if (148..156).contains(&at) { b' ' } else { *byte })).sum();
    let (Ok(stated), Ok(size)) = (header.cksum(), header.entry_size()) else { return Ok(0) };
    if sum != stated {
        return Ok(0);
    }
    let is_extension = matches!(
        header.entry_type(),
        EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
    );
    if is_extension && size > MAX_EXTENSION {
        return Err(io::Error::other(format!("a header of {size} bytes describes the next member")));
    }
    Ok(size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX))
}

impl<R: Read> Read for Extensions<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.pass(&buffer[..count])?;
        Ok(count)
    }
}
