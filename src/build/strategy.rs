//! Whether a large member is worth deflating: archives, images and media are compressed already, and to find that out by
//! deflating the whole of them costs the most of all. It follows from the data alone, so that the bytes of a wheel do too.

use std::io::{Read as _, Seek as _, SeekFrom};

use super::source::{MemberSource, SourceError, read_error};
use crate::fs::open_regular;
use crate::zip::deflate::{CHUNK, Compression, Deflater, Position};

/// How many samples are deflated, and of how many bytes.
const SAMPLES: u64 = 16;
const SAMPLE: usize = 32 << 10;

/// By which part of the samples deflate has to make them smaller.
const MIN_GAIN: usize = 64;

/// A source, and what it is compressed with: nothing, or one for all sources.
pub(super) type Planned<'a> = (&'a MemberSource, Compression);

/// What a source is compressed with: `asked`, or nothing where samples of it do not get smaller. A source of one chunk is
/// not asked: it is deflated whole, and stored where that gains nothing.
pub(super) fn choose(source: &MemberSource, asked: Compression) -> Result<Compression, SourceError> {
    if matches!(asked, Compression::Store) || source.size() <= CHUNK as u64 {
        return Ok(asked);
    }
    let mut deflater = Deflater::new(Compression::Fast);
    let offsets = (0..SAMPLES).map(|number| (source.size() - SAMPLE as u64) / (SAMPLES - 1) * number);
    let mut deflated = 0;
    match source {
        MemberSource::Bytes(bytes) => {
            for offset in offsets {
                deflated += deflater.deflate(&bytes[offset as usize..][..SAMPLE], Position::Last)?.len();
            }
        }
        MemberSource::File { path, .. } => {
            let mut file = open_regular(path).map_err(read_error(path))?;
            let mut buffer = vec![0; SAMPLE];
            for offset in offsets {
                file.seek(SeekFrom::Start(offset)).map_err(read_error(path))?;
                // A file that was cut short meanwhile is noticed by who reads all of it.
                if file.read_exact(&mut buffer).is_err() {
                    return Ok(asked);
                }
                deflated += deflater.deflate(&buffer, Position::Last)?.len();
            }
        }
    }
    let sampled = SAMPLES as usize * SAMPLE;
    Ok(if deflated > sampled - sampled / MIN_GAIN { Compression::Store } else { asked })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that nothing makes smaller.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn what_is_compressed_already_is_stored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let noise = noise(3 << 20);
        let half: Vec<u8> = noise.iter().enumerate().map(|(at, byte)| if at % 2 == 0 { *byte } else { 0 }).collect();
        let mut mixed = noise.clone();
        mixed[1 << 20..].fill(0);
        for (data, expected) in [
            (noise.clone(), Compression::Store),
            (half, Compression::Default),
            (mixed, Compression::Default),
            (noise[..CHUNK].to_vec(), Compression::Default),
        ] {
            std::fs::write(&path, &data).unwrap();
            let file = MemberSource::File { path: path.clone(), size: data.len() as u64 };
            assert_eq!(choose(&file, Compression::Default).unwrap(), expected);
            assert_eq!(choose(&MemberSource::Bytes(data), Compression::Default).unwrap(), expected);
            assert_eq!(choose(&file, Compression::Store).unwrap(), Compression::Store);
        }
    }
}
