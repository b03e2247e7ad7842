//! A large member whose deflate stream (RFC 1951) comes in segments that need nothing of each other, as relkit and other
//! writers with several threads make it: they are inflated side by side. Nothing states where they begin, so each is tried.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use libdeflater::Decompressor;
use memchr::memmem::Finder;

use super::deflate::CHUNK;
use super::inflate::{CHUNK as READ, Checked};
use super::member::{DEFLATED, Member, MemberError};
use super::pipe;
use super::queue::{Queue, Stop, StopOnPanic};
use crate::fs::FileBytes;
use crate::threads;

/// What an empty stored block ends with: at a byte, with the length 0 and its complement.
const MARK: [u8; 4] = [0, 0, 0xff, 0xff];

/// Of how many compressed bytes a segment is at least: a stream of nothing but marks must not cost more than another.
const MIN_COMPRESSED: usize = 512;

/// How many compressed bytes are searched for the end of a segment.
const MAX_COMPRESSED: usize = CHUNK + (64 << 10);

/// How many threads inflate at most; one thread's hashing keeps up with no more.
const MAX_WORKERS: usize = 4;

/// A member whose stream may be one of segments.
pub(super) struct Segments<'a> {
    file: &'a FileBytes,
    member: &'a Member,
    scanner: Scanner<'a>,
}

/// What became of a segment.
enum Inflated {
    Segment {
        /// Its data, and what of the buffer is to be used again only.
        buffer: Vec<u8>,
        size: usize,
        crc: crc32fast::Hasher,
        compressed: u64,
    },
    /// From here on the stream is to be read as one.
    Rest,
}

impl<'a> Segments<'a> {
    /// `None` where the stream does not begin with anything that could be a segment, or is too short to be worth it.
    pub(super) fn of(file: &'a FileBytes, member: &'a Member) -> Result<Option<Self>, MemberError> {
        let length = member.data.end - member.data.start;
        if member.method != DEFLATED || length < 2 * READ as u64 {
            return Ok(None);
        }
        let mut scanner = Scanner {
            file,
            at: member.data.start,
            end: member.data.end,
            ahead: Vec::new(),
            searched: MIN_COMPRESSED,
            mark: Finder::new(&MARK),
        };
        let found = scanner.find().map_err(read_error(member))?;
        Ok(found.map(|_| Self { file, member, scanner }))
    }

    /// Writes the data of the member to `out`, on the calling thread, and holds it against what the directory states.
    pub(super) fn copy(self, out: &mut (dyn Write + Send)) -> Result<(), MemberError> {
        let Self { file, member, scanner } = self;
        let mut checked = Checked::new(member, out);
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
        let queue = Queue::new(usize::MAX, workers + 2);
        let scanner = Mutex::new(scanner);
        let used = Mutex::new(Vec::new());
        let work = || {
            let _stop = StopOnPanic(&queue);
            let mut worker = Worker::new();
            loop {
                // Numbers are given out in the order of the segments, so both are taken at once.
                let mut scanner = scanner.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(number) = queue.take() else { return };
                let compressed = scanner.next();
                drop(scanner);
                let buffer = used.lock().unwrap_or_else(PoisonError::into_inner).pop();
                queue.put(number, compressed.map(|found| worker.inflate(found, buffer.unwrap_or_default())));
            }
        };
        let read = std::thread::scope(|scope| {
            // Whatever ends this closure early also ends the threads.
            let _stop = Stop(&queue);
            let mut read = member.data.start;
            if threads::start(scope, workers, &work) == 0 {
                return Ok(read);
            }
            for number in 0.. {
                match queue.next(number).unwrap_or(Ok(Inflated::Rest)).map_err(read_error(member))? {
                    Inflated::Segment { buffer, size, crc, compressed } => {
                        checked.write_hashed(&buffer[..size], &crc)?;
                        read += compressed;
                        used.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
                    }
                    Inflated::Rest => break,
                }
            }
            Ok(read)
        })?;
        // The last segment, most often. One that looks back over its beginning is only known by inflating it.
        if let Err(error) = pipe::pass(file, member, read..member.data.end, &mut checked) {
            if !matches!(error, MemberError::Inflate { .. }) || read == member.data.start {
                return Err(error);
            }
            checked.begin_again();
            pipe::pass(file, member, member.data.clone(), &mut checked)?;
        }
        checked.finish()
    }
}

fn read_error(member: &Member) -> impl FnOnce(io::Error) -> MemberError {
    let name = member.name.clone();
    |source| MemberError::Read { member: name, source }
}

/// Cuts compressed data behind every mark.
struct Scanner<'a> {
    file: &'a FileBytes,
    /// What was not read yet.
    at: u64,
    end: u64,
    ahead: Vec<u8>,
    /// How much of what was read ahead has no mark.
    searched: usize,
    mark: Finder<'static>,
}

impl Scanner<'_> {
    /// Where the next segment ends in what was read ahead; `None` where no mark is near.
    fn find(&mut self) -> io::Result<Option<usize>> {
        loop {
            let unsearched = self.ahead.get(self.searched..).unwrap_or_default();
            if let Some(found) = self.mark.find(unsearched) {
                return Ok(Some(self.searched + found + MARK.len()));
            }
            // A mark may lie across what is read next.
            self.searched = self.searched.max(self.ahead.len().saturating_sub(MARK.len() - 1));
            let count = (self.end - self.at).min(READ as u64) as usize;
            if count == 0 || self.ahead.len() > MAX_COMPRESSED {
                return Ok(None);
            }
            let filled = self.ahead.len();
            self.ahead.resize(filled + count, 0);
            self.file.read_at(self.at, &mut self.ahead[filled..])?;
            self.at += count as u64;
        }
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(end) = self.find()? else { return Ok(None) };
        let following = self.ahead.split_off(end);
        self.searched = MIN_COMPRESSED;
        Ok(Some(std::mem::replace(&mut self.ahead, following)))
    }
}

/// How many bytes end the data of a segment that ended where its mark is.
const PROOF: usize = 256;

struct Worker {
    decompressor: Decompressor,
    /// A last block, stored, of bytes that nobody could foresee: no other block gives them out of themselves, so where the
    /// data ends with them, the segment's blocks ended at the mark.
    proof: Vec<u8>,
}

impl Worker {
    fn new() -> Self {
        let random = RandomState::new();
        let mut proof = vec![1, 0, 1, 0xff, 0xfe];
        proof.extend((0..PROOF as u64 / 8).flat_map(|number| random.hash_one(number).to_le_bytes()));
        Self { decompressor: Decompressor::new(), proof }
    }

    fn inflate(&mut self, compressed: Option<Vec<u8>>, mut buffer: Vec<u8>) -> Inflated {
        let Some(mut compressed) = compressed else { return Inflated::Rest };
        let length = compressed.len() as u64;
        compressed.extend_from_slice(&self.proof);
        buffer.resize(CHUNK + PROOF, 0);
        let Ok(count) = self.decompressor.deflate_decompress(&compressed, &mut buffer) else { return Inflated::Rest };
        if !buffer[..count].ends_with(&self.proof[self.proof.len() - PROOF..]) {
            return Inflated::Rest;
        }
        let size = count - PROOF;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&buffer[..size]);
        Inflated::Segment { buffer, size, crc, compressed: length }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::zip::archive::Archive;
    use crate::zip::deflate::{Compression, Deflater, Position};
    use crate::zip::inflate;

    /// Some megabytes that deflate to about half, with a stretch of nothing.
    fn sample() -> Vec<u8> {
        let mut state = 1_u32;
        let mut data: Vec<u8> = (0..5 << 20)
            .map(|number| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if number % 3 == 0 { (state >> 24) as u8 } else { b'a' }
            })
            .collect();
        data[1 << 20..(2 << 20) + 70_000].fill(0);
        data
    }

    fn joined(data: &[u8], piece: usize) -> Vec<u8> {
        let mut deflater = Deflater::new(Compression::Fast);
        let pieces: Vec<_> = data.chunks(piece).collect();
        let last = pieces.len() - 1;
        let position = |number| if number == last { Position::Last } else { Position::Inner };
        pieces.iter().enumerate().flat_map(|(at, piece)| deflater.deflate(piece, position(at)).unwrap()).collect()
    }

    /// As zlib flushes: at a byte, but what follows looks back.
    fn flushed(data: &[u8], piece: usize) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        for piece in data.chunks(piece) {
            encoder.write_all(piece).unwrap();
            encoder.flush().unwrap();
        }
        encoder.finish().unwrap()
    }

    fn member(stream: &[u8], data: &[u8]) -> Member {
        let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
        let archive = Archive::from_bytes(Path::new("a.whl"), writer.finish().unwrap().into_inner());
        let mut member = archive.members()[0].clone();
        (member.method, member.data) = (DEFLATED, 0..stream.len() as u64);
        (member.size, member.crc32) = (data.len() as u64, crc32fast::hash(data));
        member
    }

    /// What comes out, and how much of it came in segments.
    fn inflated(stream: &[u8], member: &Member) -> (Result<Vec<u8>, MemberError>, bool) {
        let file = FileBytes::Memory(stream.to_vec());
        let mut out = Vec::new();
        let Some(segments) = Segments::of(&file, member).unwrap() else {
            return (pipe::copy(&file, member, &mut out).map(|()| out), false);
        };
        (segments.copy(&mut out).map(|()| out), true)
    }

    #[test]
    fn every_stream_gives_what_it_gives_as_one() {
        let data = sample();
        for (stream, expected) in [
            (joined(&data, CHUNK), true),
            (joined(&data, CHUNK / 3), true),
            (joined(&data, 2 * CHUNK), true),
            (flushed(&data, CHUNK), true),
            (flushed(&data, data.len()), false),
        ] {
            let (out, segments) = inflated(&stream, &member(&stream, &data));
            assert!(out.unwrap() == data);
            assert_eq!(segments, expected);
        }
    }

    #[test]
    fn damage_is_seen_wherever_it_is() {
        let data = sample();
        let stream = joined(&data, CHUNK);
        for at in [0, 1_000, stream.len() / 3, stream.len() / 2, stream.len() - 1_000, stream.len() - 1] {
            let mut damaged = stream.clone();
            damaged[at] ^= 0x55;
            assert!(inflated(&damaged, &member(&damaged, &data)).0.is_err(), "{at}");
        }
        let longer = [stream.as_slice(), &[0; 9]].concat();
        assert!(matches!(inflated(&longer, &member(&longer, &data)).0, Err(MemberError::Leftover { count: 9, .. })));
        let mut other = member(&stream, &data);
        other.size -= 1;
        assert!(matches!(inflated(&stream, &other).0, Err(MemberError::Size { more: true, .. })));
        other.size += 2;
        assert!(matches!(inflated(&stream, &other).0, Err(MemberError::Size { more: false, .. })));
        (other.size, other.crc32) = (data.len() as u64, 1);
        assert!(matches!(inflated(&stream, &other).0, Err(MemberError::Crc { .. })));
    }

    #[test]
    fn a_block_that_goes_on_behind_a_mark_is_no_end() {
        // A stored block whose data holds the mark, and one that is the last and ends before it.
        let data = sample();
        let mut inner = data[..60_000].to_vec();
        inner[1_000..1_004].copy_from_slice(&MARK);
        let length = inner.len() as u16;
        let stored = |last: u8| [&[last][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &inner].concat();
        let whole: Vec<u8> = inner.iter().copied().chain(data.iter().copied()).collect();
        let stream = [stored(0), joined(&data, CHUNK)].concat();
        assert!(inflated(&stream, &member(&stream, &whole)).0.unwrap() == whole);
        let stream = [stored(1), joined(&data, CHUNK)].concat();
        assert!(matches!(inflated(&stream, &member(&stream, &inner)).0, Err(MemberError::Leftover { .. })));
    }

    #[test]
    fn a_stream_of_nothing_but_marks_is_read() {
        let mut stream = [0, 0, 0, 0xff, 0xff].repeat(1 << 20);
        stream.extend([1, 0, 0, 0xff, 0xff]);
        assert_eq!(inflated(&stream, &member(&stream, b"")).0.unwrap(), b"");
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(24))]
        #[test]
        fn an_edited_stream_gives_what_it_gives_as_one(
            edits in proptest::collection::vec((0_usize..400_000, 0_u8..=255), 0..3),
            piece in 50_000_usize..300_000,
            looks_back: bool,
        ) {
            let data = &sample()[..700_000];
            let mut stream = if looks_back { flushed(data, piece) } else { joined(data, piece) };
            edits.iter().for_each(|(at, value)| if let Some(byte) = stream.get_mut(*at) { *byte = *value });
            let member = member(&stream, data);
            let mut expected = Vec::new();
            let copied = inflate::copy(&FileBytes::Memory(stream.clone()), &member, &mut expected).map(|()| expected);
            let found = inflated(&stream, &member).0;
            proptest::prop_assert_eq!(format!("{:?}", copied), format!("{:?}", found));
        }
    }

    #[test]
    fn a_reader_that_fails_ends_the_threads() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let data = sample();
        let stream = joined(&data, CHUNK);
        let (file, member) = (FileBytes::Memory(stream.clone()), member(&stream, &data));
        let segments = Segments::of(&file, &member).unwrap().unwrap();
        assert!(matches!(segments.copy(&mut Full), Err(MemberError::Write { .. })));
    }
}
