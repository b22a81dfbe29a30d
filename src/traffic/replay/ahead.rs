//! Bytes that a thread of their own makes, a few buffers ahead of their reader.
//!
//! ```text
//!  thread:  source ──► buffer ──► full ──► reader
//!                        ▲                   │
//!                        └────── empty ◄─────┘
//! ```
//!
//! Unpacking a log takes longer than reading it: while one thread unpacks the next buffers, the other reads the last one. The
//! buffers go round, so there are never more of them than at the start, and a thread that has none to fill waits.

use super::source::Bytes;
use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

const BUFFERS: usize = 4;
const BUFFER_BYTES: usize = 128 << 10;

/// The most threads at once; a log that is opened beyond them, as one of many copies, is unpacked by its reader.
const MOST_THREADS: usize = 8;

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// A buffer of fixed size, and how much of it is filled.
struct Part {
    bytes: Box<[u8]>,
    filled: usize,
}

/// What a thread has read ahead of a source: the same bytes and the same error, whatever its pace.
struct Ahead {
    full: Receiver<io::Result<Part>>,
    empty: SyncSender<Part>,
    /// What is read at the moment, and how far.
    part: Option<Part>,
    from: usize,
    is_over: bool,
    thread: Option<JoinHandle<()>>,
}

/// `source`, read ahead by a thread if one can be had.
pub(super) fn ahead(source: impl Read + Send + 'static) -> Bytes {
    match Place::take() {
        Some(place) => ahead_in(place, source),
        None => Box::new(source),
    }
}

fn ahead_in(place: Place, source: impl Read + Send + 'static) -> Bytes {
    let (handing_over, handed_over) = sync_channel(1);
    let (to_reader, full) = sync_channel(BUFFERS);
    let (empty, from_reader) = sync_channel(BUFFERS);
    let work = move || {
        // Held to the end of the thread.
        let _place = place;
        if let Ok(source) = handed_over.recv() {
            fill_all(source, &from_reader, &to_reader);
        }
    };
    // The source goes over once there is a thread: without one it is still here.
    let Ok(thread) = Builder::new().name("unpack".into()).spawn(work) else { return Box::new(source) };
    if let Err(refused) = handing_over.send(source) {
        return Box::new(refused.0);
    }
    for _ in 0..BUFFERS {
        // Where the thread is gone, the reader learns it from the other channel.
        let _ = empty.send(Part { bytes: vec![0; BUFFER_BYTES].into(), filled: 0 });
    }
    Box::new(Ahead { full, empty, part: None, from: 0, is_over: false, thread: Some(thread) })
}

/// Fills empty buffers to the end of `source`, which an empty one stands for, or to its first error; ends early where nobody
/// reads any more.
fn fill_all(mut source: impl Read, empty: &Receiver<Part>, full: &SyncSender<io::Result<Part>>) {
    while let Ok(mut part) = empty.recv() {
        let end = part.fill(&mut source);
        let is_last = end.is_err() || part.filled == 0;
        // What was read before an error goes before it.
        let is_heard = (end.is_err() && part.filled == 0) || full.send(Ok(part)).is_ok();
        if let Err(error) = end
            && is_heard
        {
            // To nobody, if the reader has just gone.
            let _ = full.send(Err(error));
        }
        if is_last || !is_heard {
            return;
        }
    }
}

impl Part {
    /// Reads until it is full or `source` ends.
    fn fill(&mut self, source: &mut impl Read) -> io::Result<()> {
        self.filled = 0;
        while self.filled < self.bytes.len() {
            match source.read(&mut self.bytes[self.filled..]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.is_over {
            return Ok(0);
        }
        if self.part.as_ref().is_none_or(|part| self.from == part.filled) {
            self.turn()?;
        }
        let Some(part) = &self.part else { return Ok(0) };
        let read = (&part.bytes[self.from..part.filled]).read(buffer)?;
        self.from += read;
        Ok(read)
    }
}

impl Ahead {
    /// Gives back the buffer that was read, and takes the next one.
    fn turn(&mut self) -> io::Result<()> {
        if let Some(part) = self.part.take() {
            // A thread that is done takes none.
            let _ = self.empty.try_send(part);
        }
        self.from = 0;
        // Without a word from the thread, it did not come to the end.
        let part = self.full.recv().unwrap_or_else(|_| Err(io::Error::other("unpacking it was broken off")))?;
        self.is_over = part.filled == 0;
        self.part = Some(part);
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // With its channels gone, the thread ends after the buffer at hand; no file stays open behind its reader.
        (self.full, self.empty) = (sync_channel(0).1, sync_channel(0).0);
        if let Some(thread) = self.thread.take() {
            // A thread that was broken off has nothing to say.
            let _ = thread.join();
        }
    }
}

/// The right to one thread.
struct Place;

impl Place {
    fn take() -> Option<Place> {
        let is_free = THREADS.fetch_add(1, Ordering::Relaxed) < MOST_THREADS;
        // Given back at once where there are too many.
        let place = Place;
        is_free.then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// So many bytes of a pattern in pieces of odd sizes, then the end or something worse.
    struct Pieces {
        left: usize,
        end: fn() -> io::Result<usize>,
        made: Arc<AtomicUsize>,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = buffer.len().min(self.left).min(1 + self.left % 7_001);
            if piece == 0 {
                return (self.end)();
            }
            for (at, byte) in buffer[..piece].iter_mut().enumerate() {
                *byte = ((self.left - at) % 251) as u8;
            }
            self.left -= piece;
            self.made.fetch_add(piece, Ordering::SeqCst);
            Ok(piece)
        }
    }

    fn pieces(left: usize, end: fn() -> io::Result<usize>) -> (Pieces, Arc<AtomicUsize>) {
        let made = Arc::new(AtomicUsize::new(0));
        (Pieces { left, end, made: Arc::clone(&made) }, made)
    }

    #[test]
    fn the_bytes_are_those_of_the_source() {
        for bytes in [0, 1, BUFFER_BYTES - 1, BUFFER_BYTES, 3 * BUFFER_BYTES, 1_000_003] {
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            pieces(bytes, || Ok(0)).0.read_to_end(&mut expected).unwrap();
            let mut ahead = ahead(pieces(bytes, || Ok(0)).0);
            ahead.read_to_end(&mut found).unwrap();
            assert_eq!((found.len(), found == expected), (bytes, true));
            assert_eq!(ahead.read(&mut [0; 9]).unwrap(), 0, "after the end");
        }
    }

    #[test]
    fn an_error_comes_behind_all_bytes_before_it() {
        for bytes in [0, 5, BUFFER_BYTES, 2 * BUFFER_BYTES + 77] {
            let mut found = Vec::new();
            let error = ahead(pieces(bytes, || Err(io::Error::other("worn out"))).0).read_to_end(&mut found);
            assert_eq!((found.len(), error.unwrap_err().to_string().as_str()), (bytes, "worn out"));
        }
    }

    #[test]
    fn a_thread_that_breaks_off_is_no_end() {
        let mut found = Vec::new();
        THREADS.fetch_add(1, Ordering::Relaxed);
        let error = ahead_in(Place, pieces(10, || panic!("on purpose, in a test")).0).read_to_end(&mut found);
        assert_eq!(error.unwrap_err().to_string(), "unpacking it was broken off");
    }

    #[test]
    fn a_reader_that_stops_ends_the_thread() {
        let (source, made) = pieces(usize::MAX, || Ok(0));
        let mut ahead = ahead(source);
        ahead.read_exact(&mut [0; 100]).unwrap();
        // Returns once the thread has ended, or never.
        drop(ahead);
        let at_most = (BUFFERS + 1) * BUFFER_BYTES;
        assert!(made.load(Ordering::SeqCst) <= at_most, "no further than its buffers reach");
        assert_eq!(Arc::strong_count(&made), 1, "the source is gone with it");
    }

    #[test]
    fn without_a_thread_the_bytes_are_the_same() {
        let mut many: Vec<_> = (0..3 * MOST_THREADS).map(|_| ahead(pieces(300_000, || Ok(0)).0)).collect();
        for each in &mut many {
            let mut found = Vec::new();
            assert_eq!(each.read_to_end(&mut found).unwrap(), 300_000);
        }
    }
}
