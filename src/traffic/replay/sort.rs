//! Requests in the order of time, whatever their order in the file: sorted in memory, and beyond a million of them by merging
//! runs from a temporary file.

use super::error::TraceError;
use super::plain::Reading;
use super::stamp::Stamp;
use crate::units::Tokens;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most requests that are sorted in memory.
const RUN_ROWS: usize = 1_000_000;
/// The bytes of one request in the temporary file.
const ROW_BYTES: usize = 36;
/// What the buffers of all runs share while they are merged.
const MERGE_BYTES: usize = 8 << 20;

/// A request in 40 bytes.
#[derive(Clone, Copy)]
struct Packed {
    stamp: i64,
    key: u64, // 0 where there is none
    input: u32,
    cached: u32,
    output: u32,
    client: u32,
    /// Which of the four are there: bits 0 to 3; whether it failed: bit 4.
    has: u32,
}

impl Packed {
    fn new(reading: Reading) -> Self {
        let count = |tokens: Option<Tokens>| tokens.map_or(0, Tokens::get);
        let bit = |tokens: Option<Tokens>, at: u32| u32::from(tokens.is_some()) << at;
        Packed {
            stamp: reading.stamp.nanos(),
            key: reading.key.map_or(0, NonZeroU64::get),
            input: count(reading.input),
            cached: count(reading.cached),
            output: count(reading.output),
            client: reading.client.unwrap_or_default(),
            has: bit(reading.input, 0)
                | bit(reading.cached, 1)
                | bit(reading.output, 2)
                | u32::from(reading.client.is_some()) << 3
                | u32::from(reading.failed) << 4,
        }
    }

    fn reading(self) -> Reading {
        let tokens = |count: u32, at: u32| (self.has >> at & 1 == 1).then(|| Tokens::new(count));
        Reading {
            stamp: Stamp::at(self.stamp),
            input: tokens(self.input, 0),
            cached: tokens(self.cached, 1),
            output: tokens(self.output, 2),
            key: NonZeroU64::new(self.key),
            client: (self.has >> 3 & 1 == 1).then_some(self.client),
            failed: self.has >> 4 & 1 == 1,
        }
    }

    fn bytes(self) -> [u8; ROW_BYTES] {
        let mut bytes = [0; ROW_BYTES];
        bytes[..8].copy_from_slice(&self.stamp.to_le_bytes());
        for (at, word) in [self.input, self.cached, self.output, self.client, self.has].into_iter().enumerate() {
            bytes[8 + 4 * at..12 + 4 * at].copy_from_slice(&word.to_le_bytes());
        }
        bytes[28..].copy_from_slice(&self.key.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; ROW_BYTES]) -> Self {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        Packed {
            stamp: long(0) as i64,
            key: long(28),
            input: word(8),
            cached: word(12),
            output: word(16),
            client: word(20),
            has: word(24),
        }
    }
}

/// Requests that are being collected.
pub(super) struct Sorter {
    rows: Vec<Packed>,
    most: usize,
    spilled: Option<Spill>,
}

/// Requests in the order of time; those of one instant as they came.
pub(super) enum Sorted {
    /// All in memory.
    Memory(Memory),
    /// In runs, of which the heap holds the next stamp and the number.
    Merge(Spill, BinaryHeap<Reverse<(i64, usize)>>),
}

/// Sorted requests in memory.
pub(super) struct Memory(std::vec::IntoIter<Packed>);

/// Sorted runs in one temporary file.
pub(super) struct Spill {
    file: Temporary,
    runs: Vec<Run>,
}

/// A sorted run: what of it is still in the file, and what is in memory.
struct Run {
    from: u64,
    to: u64,
    buffer: Vec<u8>,
    at: usize,
}

impl Sorter {
    /// Sorts up to a million requests in memory.
    pub(super) fn new() -> Self {
        Sorter::with_run(RUN_ROWS)
    }

    fn with_run(most: usize) -> Self {
        Sorter { rows: Vec::new(), most, spilled: None }
    }

    /// Adds a request.
    pub(super) fn push(&mut self, reading: Reading) -> Result<(), TraceError> {
        if self.rows.len() == self.most {
            self.spill()?;
        }
        self.rows.push(Packed::new(reading));
        Ok(())
    }

    /// Writes what is in memory as a run.
    fn spill(&mut self) -> Result<(), TraceError> {
        self.rows.sort_by_key(|row| row.stamp);
        if self.spilled.is_none() {
            self.spilled = Some(Spill { file: Temporary::new()?, runs: Vec::new() });
        }
        if let Some(spill) = &mut self.spilled {
            spill.write(&self.rows)?;
        }
        self.rows.clear();
        Ok(())
    }

    /// Puts all in order.
    pub(super) fn sort(mut self) -> Result<Sorted, TraceError> {
        if self.spilled.is_some() {
            self.spill()?;
        }
        match self.spilled {
            Some(spill) => {
                drop(std::mem::take(&mut self.rows));
                spill.merge()
            }
            None => {
                self.rows.sort_by_key(|row| row.stamp);
                Ok(Sorted::Memory(Memory(self.rows.into_iter())))
            }
        }
    }
}

impl Sorted {
    /// The next request.
    pub(super) fn next(&mut self) -> Result<Option<Reading>, TraceError> {
        match self {
            Sorted::Memory(Memory(rows)) => Ok(rows.next().map(Packed::reading)),
            Sorted::Merge(spill, heap) => {
                let Some(Reverse((_, run))) = heap.pop() else { return Ok(None) };
                let row = spill.next(run)?;
                if let Some(stamp) = spill.peek(run)? {
                    heap.push(Reverse((stamp, run)));
                }
                Ok(row.map(Packed::reading))
            }
        }
    }
}

impl Spill {
    fn write(&mut self, rows: &[Packed]) -> Result<(), TraceError> {
        let from = self.runs.last().map_or(0, |run| run.to);
        for rows in rows.chunks(4_096) {
            let bytes: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
            self.file.file.write_all(&bytes).map_err(|error| self.file.failed("written", &error))?;
        }
        let to = from + (rows.len() * ROW_BYTES) as u64;
        self.runs.push(Run { from, to, buffer: Vec::new(), at: 0 });
        Ok(())
    }

    fn merge(mut self) -> Result<Sorted, TraceError> {
        let mut heap = BinaryHeap::with_capacity(self.runs.len());
        for run in 0..self.runs.len() {
            if let Some(stamp) = self.peek(run)? {
                heap.push(Reverse((stamp, run)));
            }
        }
        Ok(Sorted::Merge(self, heap))
    }

    /// The stamp of the next request of a run; `None` at its end.
    fn peek(&mut self, run: usize) -> Result<Option<i64>, TraceError> {
        Ok(self.row(run)?.map(|row| row.stamp))
    }

    /// The next request of a run, which is taken out of it.
    fn next(&mut self, run: usize) -> Result<Option<Packed>, TraceError> {
        let row = self.row(run)?;
        self.runs[run].at += ROW_BYTES;
        Ok(row)
    }

    fn row(&mut self, run: usize) -> Result<Option<Packed>, TraceError> {
        let most = (MERGE_BYTES / self.runs.len() / ROW_BYTES).clamp(32, 8_192) * ROW_BYTES;
        let Run { from, to, buffer, at } = &mut self.runs[run];
        if *at >= buffer.len() && from < to {
            buffer.resize(most.min((*to - *from) as usize), 0);
            let file = &mut self.file.file;
            let read = file.seek(SeekFrom::Start(*from)).and_then(|_| file.read_exact(buffer));
            *from += buffer.len() as u64;
            *at = 0;
            read.map_err(|error| self.file.failed("read", &error))?;
        }
        let Run { buffer, at, .. } = &self.runs[run];
        Ok(buffer.get(*at..).and_then(<[u8]>::first_chunk).map(Packed::from_bytes))
    }
}

/// A file in the system's folder for temporary files, gone when it is dropped, also after an error.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn new() -> Result<Self, TraceError> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        let folder = std::env::temp_dir();
        loop {
            let number = FILES.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("ratecast-{}-{number}.sort", std::process::id()));
            match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => {
                    // Where the system allows it the name goes at once, so that not even a killed program leaves a file.
                    #[cfg(unix)]
                    let _ = std::fs::remove_file(&path);
                    return Ok(Temporary { path, file });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let message = format!("a temporary file cannot be made to sort it: {error}");
                    let help = "sort the log by time, or point `TMPDIR` to a folder that can be written";
                    return Err(TraceError::io(&path, message, help));
                }
            }
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> TraceError {
        let message = format!("the temporary file to sort the log cannot be {what}: {error}");
        TraceError::io(&self.path, message, "make room there, or point `TMPDIR` to a folder that has some")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing is left to be done where this fails.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_merge_into_the_stable_order_of_time() {
        let mut state = 1u64;
        let mut sorter = Sorter::with_run(1_000);
        let mut expected = Vec::new();
        for number in 0..25_500u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Few stamps, so that many are equal.
            let stamp = (state >> 54) as i64 - 300;
            let some = |at: u64| (state >> at & 1 == 1).then(|| Tokens::new(number));
            let reading = Reading {
                stamp: Stamp::at(stamp),
                input: some(20),
                cached: some(21),
                output: some(22),
                client: Some(number),
                key: NonZeroU64::new(state >> 24 & 1),
                failed: state >> 23 & 1 == 1,
            };
            expected.push((stamp, number, reading.input, reading.cached, (reading.key, reading.failed)));
            sorter.push(Reading { output: Some(Tokens::new(number)), ..reading }).unwrap();
        }
        expected.sort();
        let mut sorted = sorter.sort().unwrap();
        assert!(matches!(sorted, Sorted::Merge(..)));
        for (stamp, number, input, cached, failed) in expected {
            let row = sorted.next().unwrap().unwrap();
            let found = (row.stamp.nanos(), row.output, row.input, row.cached, (row.key, row.failed));
            assert_eq!(found, (stamp, Some(Tokens::new(number)), input, cached, failed));
        }
        assert!(sorted.next().unwrap().is_none());
    }

    #[test]
    fn few_requests_stay_in_memory() {
        let mut sorter = Sorter::new();
        for stamp in [3, 1, 2] {
            let none = None;
            let reading = Reading {
                stamp: Stamp::at(stamp),
                input: none,
                cached: none,
                output: none,
                client: None,
                key: None,
                failed: false,
            };
            sorter.push(reading).unwrap();
        }
        let mut sorted = sorter.sort().unwrap();
        let mut stamps = Vec::new();
        while let Some(row) = sorted.next().unwrap() {
            stamps.push(row.stamp.nanos());
        }
        assert_eq!(stamps, [1, 2, 3]);
        assert!(matches!(sorted, Sorted::Memory(_)));
    }
}
