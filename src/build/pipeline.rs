//! Compresses the chunks of many members on many threads and hands them over in order, within bounded memory. Members of
//! one chunk are read once and go through in batches; a further thread hashes the larger ones meanwhile.

use std::num::NonZeroUsize;

use super::source::{MemberSource, SourceError, changed};
use super::strategy::Planned;
use super::worker::{Chunk, Done, Task, Worker, hash};
use crate::digest::Sha256Digest;
use crate::threads;
use crate::zip::deflate::{CHUNK, Compression, JoinError};
use crate::zip::queue::{Queue, Stop, StopOnPanic};

/// How many bytes the whole pipeline may hold. The rest of the process needs little beside it.
const MAX_MEMORY: usize = 48 << 20;

/// How many threads compress: as many as asked for, within the memory bound.
fn workers(jobs: NonZeroUsize, compression: Compression, chunks: usize) -> usize {
    jobs.get().min(MAX_MEMORY / compression.memory()).min(chunks).max(1)
}

/// How many members a batch has at most, whatever their size.
const MAX_BATCH: usize = 256;

/// Whether a source is one chunk.
fn is_small(source: &MemberSource) -> bool {
    source.size() <= CHUNK as u64
}

/// Cuts large sources into chunks and gathers small ones that follow each other, up to the size of a chunk.
fn tasks(sources: &[Planned<'_>]) -> Vec<Task> {
    let mut tasks = Vec::new();
    let mut first = 0;
    while let Some((source, _)) = sources.get(first) {
        if !is_small(source) {
            let offsets = (0..source.size()).step_by(CHUNK);
            tasks.extend(offsets.map(|offset| Task::Part { source: first, offset }));
            first += 1;
            continue;
        }
        let (mut end, mut size) = (first, 0);
        while let Some((source, _)) = sources.get(end).filter(|(source, _)| is_small(source)) {
            size += source.size();
            if end > first && (size > CHUNK as u64 || end - first == MAX_BATCH) {
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
pub(super) fn run<E: From<SourceError>>(
    sources: &[Planned<'_>],
    jobs: NonZeroUsize,
    mut write: impl FnMut(usize, Chunk) -> Result<(), E>,
) -> Result<Vec<Sha256Digest>, E> {
    let tasks = tasks(sources);
    let deflating = sources.iter().map(|(_, compression)| *compression).find(|it| *it != Compression::Store);
    let compression = deflating.unwrap_or(Compression::Store);
    let workers = workers(jobs, compression, tasks.len());
    let queue = Queue::new(tasks.len(), workers + 2);
    let work = || {
        let _stop = StopOnPanic(&queue);
        let mut worker = Worker::new(compression);
        while let Some(number) = queue.take() {
            queue.put(number, worker.work(sources, &tasks[number]));
        }
    };
    let compress = || {
        std::thread::scope(|scope| {
            let started = threads::start(scope, workers, &work);
            let mut alone = (started == 0).then(|| Worker::new(compression));
            // Whatever ends this closure early also ends the threads.
            let stop = Stop(&queue);
            let mut crcs: Vec<_> = sources.iter().map(|_| crc32fast::Hasher::new()).collect();
            let mut digests = vec![Sha256Digest([0; 32]); sources.len()];
            for (number, task) in tasks.iter().enumerate() {
                let done = match &mut alone {
                    Some(worker) => worker.work(sources, task),
                    None => queue.next(number).unwrap_or(Err(SourceError::Join(JoinError))),
                };
                for Done { source, chunk, digest } in done? {
                    match digest {
                        Some(digest) => digests[source] = digest,
                        None => crcs[source].combine(&chunk.crc),
                    }
                    write(source, chunk)?;
                }
            }
            // Nothing is left to be taken, but what hashes goes on.
            std::mem::forget(stop);
            Ok::<_, E>((crcs, digests))
        })
    };
    let hash_large = || {
        let large = sources.iter().enumerate().filter(|(_, (source, _))| !is_small(source));
        large
            .map(|(index, (source, _))| Ok((index, hash(source, || queue.is_stopped())?)))
            .collect::<Result<Vec<_>, SourceError>>()
    };
    let (compressed, hashed) = threads::both(compress, hash_large);
    let (mut crcs, mut digests) = compressed?;
    for (source, (digest, hashed_crc)) in hashed? {
        // Both threads read the file on their own; a file that changed in between would get a false RECORD row.
        if std::mem::take(&mut crcs[source]).finalize() != hashed_crc {
            return Err(changed(sources[source].0).into());
        }
        digests[source] = digest;
    }
    Ok(digests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zip::writer::CompressionMethod;

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    fn planned<'a>(sources: &[&'a MemberSource], compression: Compression) -> Vec<Planned<'a>> {
        sources.iter().map(|source| (*source, compression)).collect()
    }

    fn compressed(
        sources: &[&MemberSource],
        compression: Compression,
        number: usize,
    ) -> (Vec<Vec<u8>>, Vec<Sha256Digest>) {
        let mut members = vec![Vec::new(); sources.len()];
        let digests = run(&planned(sources, compression), jobs(number), |source, chunk| {
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
        let file = MemberSource::File { path, size: data.len() as u64 };
        let (text, empty) = (MemberSource::Bytes(b"text".to_vec()), MemberSource::Bytes(Vec::new()));
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
        let small = MemberSource::Bytes(b"text ".repeat(100));
        let noise = MemberSource::Bytes((0..=255).collect());
        let half = MemberSource::Bytes(vec![7; CHUNK / 2 + 1]);
        let large = MemberSource::Bytes(vec![7; CHUNK + 1]);
        let mut sources = vec![&small; 3 * MAX_BATCH];
        sources.extend([&half, &half, &large, &large, &noise, &small]);
        let found = tasks(&planned(&sources, Compression::Fast));
        // Three batches of small members, the halves on their own, two chunks for each large member, one batch more.
        assert_eq!(found.len(), 3 + 2 + 4 + 1);
        let mut methods = vec![None; sources.len()];
        let digests = run(&planned(&sources, Compression::Fast), jobs(3), |index, chunk| {
            methods[index] = chunk.whole;
            Ok::<_, SourceError>(())
        });
        let (first, rest) = methods.split_at(3 * MAX_BATCH + 2);
        assert!(first.iter().all(|method| *method == Some(CompressionMethod::Deflated)));
        assert_eq!(rest, [None, None, Some(CompressionMethod::Stored), Some(CompressionMethod::Deflated)]);
        let expected = sources.iter().map(|source| match source {
            MemberSource::Bytes(bytes) => Sha256Digest::of(bytes),
            MemberSource::File { .. } => unreachable!(),
        });
        assert!(digests.unwrap().into_iter().eq(expected));
    }

    #[test]
    fn a_file_of_another_size_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, b"four").unwrap();
        for size in [0, 3, 5, 3 << 20] {
            let source = MemberSource::File { path: path.clone(), size };
            let found = run(&[(&source, Compression::Fast)], jobs(2), |_, _| Ok::<_, SourceError>(()));
            assert!(matches!(found, Err(SourceError::Changed { .. })), "{size}");
        }
        let source = MemberSource::File { path: directory.path().join("b"), size: 1 };
        let found = run(&[(&source, Compression::Fast)], jobs(2), |_, _| Ok::<_, SourceError>(()));
        assert!(matches!(found, Err(SourceError::Read { .. })));
    }

    #[test]
    fn an_error_of_the_writer_ends_the_threads() {
        let source = MemberSource::Bytes(vec![1; 40 << 20]);
        let mut written = 0;
        let found = run(&[(&source, Compression::Store)], jobs(3), |_, _| {
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
            assert!((2..=16).contains(&most) && most * compression.memory() <= MAX_MEMORY);
        }
        assert_eq!(workers(jobs(8), Compression::Default, 1), 1);
    }
}
