//! Compressed files: a tar archive, or one executable alone. Streams behind each other are one, as the tools of all three
//! formats read them; anything else behind a stream is refused, as `xz` and `zstd` do, where `gzip` warns and goes on
//! (RFC 1952, RFC 8878, "The .xz File Format").

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use liblzma::stream::{CONCATENATED, Stream};

use super::error::PayloadError;
use super::form::{Compression, PayloadForm};
use super::found::{Found, WheelPart};
use super::input::Input;
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
    if head.is_empty() {
        return Err(PayloadError::Empty { path: origin.to_owned() });
    }
    let magic = Magic::of(&head);
    let (form, files) = if magic.format().is_some() {
        (PayloadForm::Compressed, alone(origin, &mut rest, name, scratch)?)
    } else if tarball::is_tar(&head) {
        (PayloadForm::Tar, tarball::unpack(origin, rest, limit(length), scratch)?)
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
    let mut sink = Sink::new(origin, scratch, u64::MAX);
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
    Ok(sink.finish()?.into_iter().map(|found| Found { size, part: WheelPart::Payload, ..found }).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::archive::{TarMember, gzip, tar, xz, zstd};
    use crate::samples::binary::static_elf;

    type Compressor = fn(&[u8]) -> Vec<u8>;

    const FORMS: [(Compression, Compressor); 3] =
        [(Compression::Gzip, gzip), (Compression::Xz, xz), (Compression::Zstandard, zstd)];

    fn read(compression: Compression, bytes: &[u8]) -> Result<(PayloadForm, Vec<u8>), PayloadError> {
        let directory = tempfile::tempdir().unwrap();
        let (path, scratch) = (directory.path().join("x"), directory.path().join("scratch"));
        std::fs::write(&path, bytes).unwrap();
        std::fs::create_dir(&scratch).unwrap();
        let file = File::open(&path).unwrap();
        let input = unpack(&path, file, compression, "rg", &scratch, &Progress::hidden())?;
        let read = input.files.first().map(|found| std::fs::read(&found.source).unwrap()).unwrap_or_default();
        assert!(input.files.first().is_none_or(|found| found.size == read.len() as u64));
        Ok((input.form, read))
    }

    #[test]
    fn what_is_not_all_there_is_damaged_wherever_it_is_cut() {
        let program = static_elf().build();
        for (compression, compressed) in FORMS {
            let whole = compressed(&program);
            assert_eq!(read(compression, &whole).unwrap(), (PayloadForm::Compressed, program.clone()));
            for length in (8..whole.len()).step_by(7).chain([whole.len() - 1]) {
                let error = read(compression, &whole[..length]).unwrap_err();
                assert!(matches!(error, PayloadError::Damaged { .. }), "{compression:?} {length}: {error}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

        #[test]
        fn any_bytes_are_answered(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            is_tar: bool,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            let content = if is_tar { tar(&[TarMember::file("rg", bytes)]) } else { [static_elf().build(), bytes].concat() };
            for (compression, compressed) in FORMS {
                let mut whole = compressed(&content);
                prop_assert!(read(compression, &whole).is_ok());
                for (at, byte) in &flips {
                    let at = at.index(whole.len());
                    whole[at] ^= byte;
                }
                let _ = read(compression, &whole);
                let _ = read(compression, &content);
            }
        }
    }
}
