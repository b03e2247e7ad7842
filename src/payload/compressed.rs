//! Compressed files: a tar archive, or one executable alone. Streams behind each other are one, as the tools of all three
//! formats read them; anything else behind a stream is refused, as `xz` and `zstd` do, where `gzip` warns and goes on
//! (RFC 1952, RFC 8878, "The .xz File Format").

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use liblzma::stream::{CONCATENATED, Stream};

use super::error::PayloadError;
use super::form::{Compression, Form};
use super::found::{Found, Input, Part};
use super::tarball;
use super::unpack::{Limited, Sink, Watched, limit, peek, reading};
use crate::binary::Magic;
use crate::console::Progress;
use crate::fs::{FsError, Mode};

/// How much memory a decoder of xz may ask for: a dictionary of 128 MiB, which is twice that of `xz -9`, and what it needs
/// besides.
const MAX_XZ_MEMORY: u64 = (128 << 20) + (2 << 20);

/// Unpacks what `file` holds; `name` is that of the executable.
pub(super) fn unpack(
    origin: &Path,
    file: File,
    compression: Compression,
    name: &str,
    scratch: &Path,
    progress: &Progress,
) -> Result<Input, PayloadError> {
    let length = file.metadata().map_err(FsError::read(origin))?.len();
    progress.set_length(length);
    let file = BufReader::with_capacity(1 << 16, Watched::new(file, progress));
    let decoder = decoder(file, compression).map_err(|error| reading(origin, error))?;
    let decoded = Limited::new(decoder, limit(length));
    let (head, mut rest) = peek(decoded, Magic::HEAD).map_err(|error| reading(origin, error))?;
    let magic = Magic::of(&head);
    let (form, files) = if magic.format().is_some() {
        (Form::Compressed, alone(origin, &mut rest, name, scratch)?)
    } else if tarball::is_tar(&head) {
        (Form::Tar, tarball::unpack(origin, rest, scratch)?)
    } else {
        return Err(PayloadError::NotTar { path: origin.to_owned(), what: magic.described() });
    };
    Ok(Input { form, files, wheel: None })
}

fn decoder<'a>(file: BufReader<Watched<File>>, compression: Compression) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Zstandard => Box::new(zstd::stream::read::Decoder::with_buffer(file)?),
        Compression::Xz => {
            let stream = Stream::new_stream_decoder(MAX_XZ_MEMORY, CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(file, stream))
        }
    })
}

/// Takes the one file that a stream is.
fn alone(origin: &Path, stream: &mut impl Read, name: &str, scratch: &Path) -> Result<Vec<Found>, PayloadError> {
    let mut sink = Sink::new(origin, scratch);
    let Some((mut file, target)) = sink.file(name.as_bytes(), 0, Mode::Executable)? else { return Ok(Vec::new()) };
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(reading(origin, error)),
        };
        io::Write::write_all(&mut file, &buffer[..count]).map_err(FsError::write(&target))?;
        size += count as u64;
    }
    Ok(sink.finish()?.into_iter().map(|found| Found { size, part: Part::Payload, ..found }).collect())
}
