//! Compresses the chunks of many members on many threads and hands them over in order, within bounded memory. Members of
//! one chunk are read once and go through in batches; a further thread hashes the larger ones meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::digest::Sha256Digest;
use crate::zip::deflate::{CHUNK, Compression, Deflater, JoinError, Position};
use crate::zip::writer::Method;

/// Where the bytes of a member come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Its size in bytes when it was found.
        size: u64,
    },
    /// Memory.
    Bytes(
        /// The bytes.
        Vec<u8>,
    ),
}

impl Source {
    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// A source that could not be read or compressed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot read `{}`", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` changed while it was read", path.display())]
    Changed { path: PathBuf },
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// The compressed form of one chunk.
pub struct Chunk {
    /// What goes into the archive.
    pub bytes: Vec<u8>,
    /// CRC-32 of the data, with its length.
    pub crc: crc32fast::Hasher,
    /// How the bytes are to be read, where they are a whole member: stored where deflate gained nothing.
    pub(crate) whole: Option<Method>,
}

/// How many bytes the whole pipeline may hold. The rest of the process needs little beside it.
const MEMORY: usize = 48 << 20;

/// How many threads compress: as many as asked for, within the memory bound.
fn workers(jobs: NonZeroUsize, compression: Compression, chunks: usize) -> usize {
    jobs.get().min(MEMORY / compression.memory()).min(chunks).max(1)
}

/// How many members a batch has at most, whatever their size.
const MOST_IN_BATCH: usize = 256;

/// Whether a source is one chunk.
fn is_small(source: &Source) -> bool {
    source.size() <= CHUNK as u64
}

/// Cuts large sources into chunks and gathers small ones that follow each other, up to the size of a chunk.
fn tasks(sources: &[&Source]) -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut first = 0;
    while let Some(source) = sources.get(first) {
        if !is_small(source) {
            let offsets = (0..source.size()).step_by(CHUNK);
            tasks.extend(offsets.map(|offset| Task::Part { source: first, offset }));
            first += 1;
            continue;
        }
        let (mut end, mut size) = (first, 0);
        while let Some(source) = sources.get(end).filter(|source| is_small(source)) {
            size += source.size();
            if end > first && (size > CHUNK as u64 || end - first == MOST_IN_BATCH) {
                break;
            }
            end += 1;
        }
        tasks.push(Task::Batch(first..end));
        first = end;
    }
    tasks
}

/// Compresses every source and calls `write` with each chunk, in order, on the calling thread; returns the digest of
/// each source. The first error of `write` or of a source ends the work.
///
/// # Errors
/// That first error.
pub fn run<E: From<SourceError>>(
    sources: &[&Source],
    compression: Compression,
    jobs: NonZeroUsize,
    mut write: impl FnMut(usize, Chunk) -> Result<(), E>,
) -> Result<Vec<Sha256Digest>, E> {
    let tasks = tasks(sources);
    let workers = workers(jobs, compression, tasks.len());
    let queue = Queue {
        state: Mutex::new(State { taken: 0, written: 0, done: BTreeMap::new(), stopped: false }),
        changed: Condvar::new(),
        window: workers + 2,
        length: tasks.len(),
    };
    std::thread::scope(|scope| {
        let large = sources.iter().enumerate().filter(|(_, source)| !is_small(source));
        let hashing = scope.spawn(|| {
            large.map(|(index, source)| Ok((index, hash(source, &queue)?))).collect::<Result<Vec<_>, SourceError>>()
        });
        for _ in 0..workers {
            scope.spawn(|| {
                let _stop = StopOnPanic(&queue);
                let mut worker = Worker { open: None, buffer: Vec::new(), deflater: Deflater::new(compression) };
                while let Some(number) = queue.take() {
                    let done = worker.work(sources, &tasks[number], compression);
                    queue.put(number, done);
                }
            });
        }
        // Whatever ends this closure early also ends the threads.
        let _stop = Stop(&queue);
        let mut crcs: Vec<_> = sources.iter().map(|_| crc32fast::Hasher::new()).collect();
        let mut digests = vec![Sha256Digest([0; 32]); sources.len()];
        for number in 0..tasks.len() {
            for Done { source, chunk, digest } in queue.next(number)? {
                match digest {
                    Some(digest) => digests[source] = digest,
                    None => crcs[source].combine(&chunk.crc),
                }
                write(source, chunk)?;
            }
        }
        for (source, (digest, hashed_crc)) in hashing.join().map_err(|_| SourceError::Join(JoinError))?? {
            // Both threads read the file on their own; a file that changed in between would get a false RECORD row.
            if std::mem::take(&mut crcs[source]).finalize() != hashed_crc {
                return Err(changed(sources[source]).into());
            }
            digests[source] = digest;
        }
        Ok(digests)
    })
}

/// What one thread does at a time.
enum Task {
    /// One chunk of a source that has several.
    Part { source: usize, offset: u64 },
    /// Sources that are one chunk each.
    Batch(Range<usize>),
}

/// A chunk, and the digest of its source where it is the whole of it.
struct Done {
    source: usize,
    chunk: Chunk,
    digest: Option<Sha256Digest>,
}

struct State {
    taken: usize,
    written: usize,
    done: BTreeMap<usize, Result<Vec<Done>, SourceError>>,
    stopped: bool,
}

/// Hands out task numbers in order, never more than a window ahead of the writer, and collects the results.
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    window: usize,
    length: usize,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.taken == self.length {
                return None;
            }
            if state.taken < state.written + self.window {
                state.taken += 1;
                return Some(state.taken - 1);
            }
            state = self.wait(state);
        }
    }

    fn put(&self, number: usize, done: Result<Vec<Done>, SourceError>) {
        self.lock().done.insert(number, done);
        self.changed.notify_all();
    }

    fn next(&self, number: usize) -> Result<Vec<Done>, SourceError> {
        let mut state = self.lock();
        loop {
            if let Some(done) = state.done.remove(&number) {
                state.written = number + 1;
                drop(state);
                self.changed.notify_all();
                return done;
            }
            if state.stopped {
                return Err(SourceError::Join(JoinError));
            }
            state = self.wait(state);
        }
    }

    fn is_stopped(&self) -> bool {
        self.lock().stopped
    }
}

struct Stop<'a>(&'a Queue);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

/// A thread that dies must not leave the others waiting for it.
struct StopOnPanic<'a>(&'a Queue);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(Stop(self.0));
        }
    }
}

struct Worker {
    /// The file of the last task: the next is most often of the same.
    open: Option<(usize, File)>,
    buffer: Vec<u8>,
    deflater: Deflater,
}

impl Worker {
    fn work(&mut self, sources: &[&Source], task: &Task, compression: Compression) -> Result<Vec<Done>, SourceError> {
        match task {
            Task::Part { source, offset } => {
                let chunk = self.part(*source, sources[*source], *offset, compression)?;
                Ok(vec![Done { source: *source, chunk, digest: None }])
            }
            Task::Batch(range) => range
                .clone()
                .map(|source| {
                    let (chunk, digest) = self.whole(sources[source], compression)?;
                    Ok(Done { source, chunk, digest: Some(digest) })
                })
                .collect(),
        }
    }

    /// One chunk of a large source.
    fn part(
        &mut self,
        index: usize,
        source: &Source,
        offset: u64,
        compression: Compression,
    ) -> Result<Chunk, SourceError> {
        let length = (source.size() - offset).min(CHUNK as u64) as usize;
        let last = offset + length as u64 == source.size();
        let data = match source {
            Source::Bytes(bytes) => {
                let start = offset as usize;
                &bytes[start..start + length]
            }
            Source::File { path, .. } => {
                self.buffer.resize(length, 0);
                let file = match &mut self.open {
                    Some((open, file)) if *open == index => file,
                    open => &mut open.insert((index, File::open(path).map_err(read_error(path))?)).1,
                };
                file.seek(SeekFrom::Start(offset)).map_err(read_error(path))?;
                file.read_exact(&mut self.buffer).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => changed(source),
                    _ => read_error(path)(error),
                })?;
                &self.buffer
            }
        };
        let mut crc = crc32fast::Hasher::new();
        crc.update(data);
        let bytes = match compression {
            Compression::Store => data.to_vec(),
            _ => self.deflater.deflate(data, if last { Position::Last } else { Position::Inner })?,
        };
        Ok(Chunk { bytes, crc, whole: None })
    }

    /// A small source, read once for its bytes and its digest.
    fn whole(&mut self, source: &Source, compression: Compression) -> Result<(Chunk, Sha256Digest), SourceError> {
        let data = match source {
            Source::Bytes(bytes) => bytes.as_slice(),
            Source::File { path, size } => {
                self.buffer.clear();
                self.buffer.reserve_exact(*size as usize + 1);
                let file = File::open(path).map_err(read_error(path))?;
                // One byte more than there should be: a file that has grown is noticed.
                file.take(size + 1).read_to_end(&mut self.buffer).map_err(read_error(path))?;
                if self.buffer.len() as u64 != *size {
                    return Err(changed(source));
                }
                &self.buffer
            }
        };
        let mut crc = crc32fast::Hasher::new();
        crc.update(data);
        let digest = Sha256Digest::of(data);
        let deflated = match compression {
            Compression::Store => None,
            _ => Some(self.deflater.deflate(data, Position::Last)?).filter(|deflated| deflated.len() < data.len()),
        };
        let (bytes, method) = match deflated {
            Some(deflated) => (deflated, Method::Deflated),
            None => (data.to_vec(), Method::Stored),
        };
        Ok((Chunk { bytes, crc, whole: Some(method) }, digest))
    }
}

fn hash(source: &Source, queue: &Queue) -> Result<(Sha256Digest, u32), SourceError> {
    match source {
        Source::Bytes(bytes) => Ok((Sha256Digest::of(bytes), crc32fast::hash(bytes))),
        Source::File { path, size } => {
            let mut file = File::open(path).map_err(read_error(path))?;
            let mut buffer = vec![0; 1 << 18];
            let (mut sha256, mut crc, mut total) = (Sha256::new(), crc32fast::Hasher::new(), 0);
            loop {
                let count = match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(read_error(path)(error)),
                };
                sha256.update(&buffer[..count]);
                crc.update(&buffer[..count]);
                total += count as u64;
                // Also bounds the reading of a file that grows without end.
                if total > *size || queue.is_stopped() {
                    return Err(changed(source));
                }
            }
            if total != *size {
                return Err(changed(source));
            }
            Ok((Sha256Digest(sha256.finalize().into()), crc.finalize()))
        }
    }
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> SourceError + '_ {
    move |source| SourceError::Read { path: path.to_owned(), source }
}

fn changed(source: &Source) -> SourceError {
    match source {
        Source::File { path, .. } => SourceError::Changed { path: path.clone() },
        Source::Bytes(_) => SourceError::Join(JoinError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn compressed(sources: &[&Source], compression: Compression, number: usize) -> (Vec<Vec<u8>>, Vec<Sha256Digest>) {
        let mut members = vec![Vec::new(); sources.len()];
        let digests = run(sources, compression, jobs(number), |source, chunk| {
            members[source].extend(chunk.bytes);
            Ok::<_, SourceError>(())
        });
        (members, digests.unwrap())
    }

    #[test]
    fn members_come_in_order_and_alike_for_every_number_of_threads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let data: Vec<u8> = (0..900_000_u32).flat_map(|number| (number % 70_001 * 17).to_le_bytes()).collect();
        std::fs::write(&path, &data).unwrap();
        let file = Source::File { path, size: data.len() as u64 };
        let (text, empty) = (Source::Bytes(b"text".to_vec()), Source::Bytes(Vec::new()));
        let sources = [&text, &file, &empty, &text];
        let one = compressed(&sources, Compression::Fast, 1);
        for number in [2, 3, 64] {
            assert!(compressed(&sources, Compression::Fast, number) == one);
        }
        assert_eq!(one.1[1], Sha256Digest::of(&data));
        let (stored, _) = compressed(&sources, Compression::Store, 2);
        assert!(stored[1] == data);
        assert_eq!((stored[0].as_slice(), stored[2].len()), (b"text".as_slice(), 0));
    }

    #[test]
    fn small_members_go_in_batches_and_are_each_whole() {
        let small = Source::Bytes(b"text ".repeat(100));
        let noise = Source::Bytes((0..=255).collect());
        let half = Source::Bytes(vec![7; CHUNK / 2 + 1]);
        let large = Source::Bytes(vec![7; CHUNK + 1]);
        let mut sources = vec![&small; 3 * MOST_IN_BATCH];
        sources.extend([&half, &half, &large, &large, &noise, &small]);
        let found = tasks(&sources);
        // Three batches of small members, the halves on their own, two chunks for each large member, one batch more.
        assert_eq!(found.len(), 3 + 2 + 4 + 1);
        let mut methods = vec![None; sources.len()];
        let digests = run(&sources, Compression::Fast, jobs(3), |index, chunk| {
            methods[index] = chunk.whole;
            Ok::<_, SourceError>(())
        });
        let (first, rest) = methods.split_at(3 * MOST_IN_BATCH + 2);
        assert!(first.iter().all(|method| *method == Some(Method::Deflated)));
        assert_eq!(rest, [None, None, Some(Method::Stored), Some(Method::Deflated)]);
        let expected = sources.iter().map(|source| match source {
            Source::Bytes(bytes) => Sha256Digest::of(bytes),
            Source::File { .. } => unreachable!(),
        });
        assert!(digests.unwrap().into_iter().eq(expected));
    }

    #[test]
    fn a_file_of_another_size_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, b"four").unwrap();
        for size in [0, 3, 5, 3 << 20] {
            let source = Source::File { path: path.clone(), size };
            let found = run(&[&source], Compression::Fast, jobs(2), |_, _| Ok::<_, SourceError>(()));
            assert!(matches!(found, Err(SourceError::Changed { .. })), "{size}");
        }
        let source = Source::File { path: directory.path().join("b"), size: 1 };
        let found = run(&[&source], Compression::Fast, jobs(2), |_, _| Ok::<_, SourceError>(()));
        assert!(matches!(found, Err(SourceError::Read { .. })));
    }

    #[test]
    fn an_error_of_the_writer_ends_the_threads() {
        let source = Source::Bytes(vec![1; 40 << 20]);
        let mut written = 0;
        let found = run(&[&source], Compression::Store, jobs(3), |_, _| {
            written += 1;
            if written == 2 { Err(SourceError::Join(JoinError)) } else { Ok(()) }
        });
        assert!(matches!(found, Err(SourceError::Join(_))));
        assert_eq!(written, 2);
    }

    #[test]
    fn memory_bounds_the_threads() {
        for compression in [Compression::Store, Compression::Fast, Compression::Default, Compression::Best] {
            let most = workers(jobs(256), compression, 10_000);
            assert!((2..=16).contains(&most) && most * compression.memory() <= MEMORY);
        }
        assert_eq!(workers(jobs(8), Compression::Default, 1), 1);
    }
}
