//! Compresses the chunks of many members on many threads and hands them over in order, within bounded memory. A further
//! thread hashes the members meanwhile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::deflate::{CHUNK, Compression, Deflater, JoinError, Position};
use crate::digest::Sha256Digest;

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
    /// Reading failed.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// The file is not what it was when the work began.
    #[error("`{}` changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A chunk could not be compressed.
    #[error(transparent)]
    Join(#[from] JoinError),
}

/// The compressed form of one chunk.
pub struct Chunk {
    /// What goes into the archive.
    pub bytes: Vec<u8>,
    /// CRC-32 of the data, with its length.
    pub crc: crc32fast::Hasher,
}

/// How many bytes the whole pipeline may hold. The rest of the process needs little beside it.
const MEMORY: usize = 48 << 20;

/// How many threads compress: as many as asked for, within the memory bound.
fn workers(jobs: NonZeroUsize, compression: Compression, chunks: usize) -> usize {
    jobs.get().min(MEMORY / compression.memory()).min(chunks).max(1)
}

/// How many chunks a source is cut into; an empty one is one empty chunk.
fn chunk_count(source: &Source) -> u64 {
    source.size().div_ceil(CHUNK as u64).max(1)
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
    let mut tasks = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        tasks.extend((0..chunk_count(source)).map(|chunk| Task { source: index, offset: chunk * CHUNK as u64 }));
    }
    let workers = workers(jobs, compression, tasks.len());
    let queue = Queue {
        state: Mutex::new(State { taken: 0, written: 0, done: BTreeMap::new(), stopped: false }),
        changed: Condvar::new(),
        window: workers + 2,
        length: tasks.len(),
    };
    std::thread::scope(|scope| {
        let hashing = scope.spawn(|| sources.iter().map(|source| hash(source, &queue)).collect::<Result<Vec<_>, _>>());
        for _ in 0..workers {
            scope.spawn(|| {
                let _stop = StopOnPanic(&queue);
                let mut worker = Worker { open: None, buffer: Vec::new(), deflater: Deflater::new(compression) };
                while let Some(number) = queue.take() {
                    let task = tasks[number];
                    let chunk = worker.chunk(sources[task.source], task, compression);
                    queue.put(number, chunk);
                }
            });
        }
        // Whatever ends this closure early also ends the threads.
        let _stop = Stop(&queue);
        let mut crcs: Vec<_> = sources.iter().map(|_| crc32fast::Hasher::new()).collect();
        for (number, task) in tasks.iter().enumerate() {
            let chunk = queue.next(number)?;
            crcs[task.source].combine(&chunk.crc);
            write(task.source, chunk)?;
        }
        let hashed = hashing.join().map_err(|_| SourceError::Join(JoinError))??;
        let mut digests = Vec::with_capacity(sources.len());
        for ((source, crc), (digest, hashed_crc)) in sources.iter().zip(crcs).zip(hashed) {
            // Both threads read the file on their own; a file that changed in between would get a false RECORD row.
            if crc.finalize() != hashed_crc {
                return Err(changed(source).into());
            }
            digests.push(digest);
        }
        Ok(digests)
    })
}

#[derive(Clone, Copy)]
struct Task {
    source: usize,
    offset: u64,
}

struct State {
    taken: usize,
    written: usize,
    done: BTreeMap<usize, Result<Chunk, SourceError>>,
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

    fn put(&self, number: usize, chunk: Result<Chunk, SourceError>) {
        self.lock().done.insert(number, chunk);
        self.changed.notify_all();
    }

    fn next(&self, number: usize) -> Result<Chunk, SourceError> {
        let mut state = self.lock();
        loop {
            if let Some(chunk) = state.done.remove(&number) {
                state.written = number + 1;
                drop(state);
                self.changed.notify_all();
                return chunk;
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
    fn chunk(&mut self, source: &Source, task: Task, compression: Compression) -> Result<Chunk, SourceError> {
        let length = (source.size() - task.offset).min(CHUNK as u64) as usize;
        let last = task.offset + length as u64 == source.size();
        let data = match source {
            Source::Bytes(bytes) => {
                let start = task.offset as usize;
                &bytes[start..start + length]
            }
            Source::File { path, .. } => {
                self.buffer.resize(length, 0);
                let file = match &mut self.open {
                    Some((index, file)) if *index == task.source => file,
                    open => &mut open.insert((task.source, File::open(path).map_err(read_error(path))?)).1,
                };
                file.seek(SeekFrom::Start(task.offset)).map_err(read_error(path))?;
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
        Ok(Chunk { bytes, crc })
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
