//! The bytes of a log, unpacked on the way: plain, gzip of any number of members, or Zstandard of any number of frames.
//!
//! What a packed file unpacks to is bounded by a budget, and so is the memory of its decoder.

use super::ahead::ahead;
use super::error::TraceError;
use crate::units::grammar::Misread;
use crate::words;
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// A packed log may unpack to so many bytes whatever its size.
const FREE_BYTES: u64 = 64 << 20;
/// Beyond [`FREE_BYTES`], to so many times its own size. Logs are rarely packed to less than a hundredth.
const MOST_TIMES: u64 = 250;
/// The largest window of a Zstandard frame: the decoder holds it in memory.
const WINDOW_BYTES: u64 = 32 << 20;

words! {
    /// How the bytes of a log are packed.
    #[derive(Default)]
    pub enum Packing {
        /// Not at all.
        #[default]
        Plain = "plain",
        /// With gzip, in one member or several.
        Gzip = "gzip",
        /// With Zstandard, in one frame or several.
        Zstandard = "zstd",
    }
}

/// The bytes of a log in order.
pub(super) type Bytes = Box<dyn Read + Send>;

/// How much of a log is looked at before it is read.
const HEAD_BYTES: usize = 256 << 10;

/// A log whose first bytes are known, and that can still be read from the front.
pub(super) struct Opened {
    pub(super) packing: Packing,
    /// The first bytes without a byte order mark and Excel's word on the separator: all there are, or a quarter of a mebibyte.
    pub(super) head: Vec<u8>,
    /// Whether that is all there is.
    pub(super) is_whole: bool,
    source: Source,
}

impl Opened {
    /// Opens `path` and looks at the start of what it unpacks to.
    pub(super) fn new(path: &Path) -> Result<Self, TraceError> {
        let mut source = Source::open(path)?;
        let mut head = Vec::new();
        let read = (&mut source).take(HEAD_BYTES as u64).read_to_end(&mut head);
        read.map_err(|error| TraceError::read(path, 1, &error))?;
        let is_whole = head.len() < HEAD_BYTES;
        let refuse = |misread| Err(TraceError::data(path, Some(1), None, misread));
        if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
            return refuse(Misread::new("the file is UTF-16", "save the file as CSV in UTF-8"));
        }
        if let Some(what) = container_of_files(&head) {
            let help = "unpack or convert it first, to CSV or JSON Lines; gzip and Zstandard are read as they are";
            return Err(TraceError::data(path, None, None, Misread::new(format!("{what} is not read"), help)));
        }
        if head.starts_with(&[0xef, 0xbb, 0xbf]) {
            head.drain(..3);
        }
        // Its line end stays, so that lines are counted as they stand in the file. The header shows the separator as well.
        if let [b's', b'e', b'p', b'=', b',' | b';' | b'\t', b'\r' | b'\n', ..] = head[..] {
            head.drain(..5);
        }
        Ok(Opened { packing: source.packing(), head, is_whole, source })
    }

    /// The whole log from its front, behind what is not part of its records.
    pub(super) fn into_bytes(self) -> Bytes {
        let head = io::Cursor::new(self.head);
        match self.packing {
            _ if self.is_whole => Box::new(head),
            Packing::Plain => Box::new(head.chain(self.source)),
            Packing::Gzip | Packing::Zstandard => Box::new(head.chain(ahead(self.source))),
        }
    }
}

/// What files start with that hold other files, or tables that are no text.
fn container_of_files(head: &[u8]) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 10] = [
        (b"PK\x03\x04", "a Zip archive or spreadsheet"),
        (b"PK\x05\x06", "an empty Zip archive"),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"BZh", "a file packed with bzip2"),
        (b"\xfd7zXZ\0", "a file packed with xz"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
    ];
    let known = KNOWN.iter().find(|(start, _)| head.starts_with(start)).map(|&(_, what)| what);
    known.or_else(|| (head.get(257..262) == Some(b"ustar")).then_some("a tar archive"))
}

/// Why a packed file cannot be unpacked; travels inside an [`io::Error`].
#[derive(Debug)]
pub(super) enum Unpacking {
    /// It unpacks to more than the budget.
    TooLarge,
    /// It is damaged.
    Broken(String),
}

impl fmt::Display for Unpacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unpacking::TooLarge => write!(f, "it unpacks to more than {MOST_TIMES} times its size"),
            Unpacking::Broken(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unpacking {}

/// A log that is read from the front to the end.
struct Source {
    input: Input,
    unpacked: u64,
}

enum Input {
    Plain(BufReader<File>),
    Gzip(Box<MultiGzDecoder<Counted>>),
    Zstandard(Frames),
}

/// A file that knows how much of it was read.
struct Counted {
    file: BufReader<File>,
    read: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl Source {
    /// Opens `path`; its first bytes say how it is packed, rather than its name.
    fn open(path: &Path) -> Result<Source, TraceError> {
        let mut file = BufReader::new(open_regular(path)?);
        let start = file.fill_buf().map_err(|error| TraceError::read(path, 1, &error))?;
        let input = match start {
            [0x1f, 0x8b, ..] => Input::Gzip(Box::new(MultiGzDecoder::new(Counted { file, read: 0 }))),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Input::Zstandard(Frames::Between(Counted { file, read: 0 }))
            }
            _ => Input::Plain(file),
        };
        Ok(Source { input, unpacked: 0 })
    }

    fn packing(&self) -> Packing {
        match self.input {
            Input::Plain(_) => Packing::Plain,
            Input::Gzip(_) => Packing::Gzip,
            Input::Zstandard(_) => Packing::Zstandard,
        }
    }

    /// Bytes of the packed file that were read so far.
    fn packed(&self) -> u64 {
        match &self.input {
            Input::Plain(_) => self.unpacked,
            Input::Gzip(decoder) => decoder.get_ref().read,
            Input::Zstandard(frames) => frames.read_so_far(),
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.input {
            Input::Plain(file) => return file.read(buffer),
            Input::Gzip(decoder) => decoder.read(buffer).map_err(broken_gzip)?,
            Input::Zstandard(frames) => frames.read(buffer)?,
        };
        self.unpacked += read as u64;
        if self.unpacked > FREE_BYTES && self.unpacked / MOST_TIMES > self.packed() {
            return Err(io::Error::other(Unpacking::TooLarge));
        }
        Ok(read)
    }
}

fn broken_gzip(error: io::Error) -> io::Error {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data is cut off".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("the gzip data is damaged: {error}"),
        _ => return error,
    };
    io::Error::other(Unpacking::Broken(why))
}

/// The frames of a Zstandard file, one after the other.
enum Frames {
    Between(Counted),
    Within(Box<StreamingDecoder<Counted, ruzstd::decoding::FrameDecoder>>),
    /// Something went wrong; only seen by a reader that goes on after an error.
    Lost,
}

impl Frames {
    fn read_so_far(&self) -> u64 {
        match self {
            Frames::Between(file) => file.read,
            Frames::Within(decoder) => decoder.get_ref().read,
            Frames::Lost => 0,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Frames::Lost) {
                Frames::Lost => return Err(damaged("it cannot be read on")),
                Frames::Within(mut decoder) => {
                    let read = decoder.read(buffer).map_err(|error| damaged(&cause(&error)))?;
                    *self = if read > 0 { Frames::Within(decoder) } else { Frames::Between(decoder.into_inner()) };
                    if read > 0 {
                        return Ok(read);
                    }
                }
                Frames::Between(mut file) => {
                    if file.file.fill_buf()?.is_empty() {
                        *self = Frames::Between(file);
                        return Ok(0);
                    }
                    *self = match begin_frame(&mut file)? {
                        Frame::Skipped => Frames::Between(file),
                        Frame::Data => {
                            let decoder = StreamingDecoder::new(file).map_err(|error| damaged(&error.to_string()))?;
                            Frames::Within(Box::new(decoder))
                        }
                    };
                }
            }
        }
    }
}

enum Frame {
    Data,
    Skipped,
}

/// Looks at the header of the next frame without reading it, or passes a frame that holds no data.
fn begin_frame(file: &mut Counted) -> io::Result<Frame> {
    let header = file.file.fill_buf()?;
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *header {
        let length = 8 + u64::from(u32::from_le_bytes([a, b, c, d]));
        let passed = io::copy(&mut file.take(length), &mut io::sink())?;
        return if passed == length { Ok(Frame::Skipped) } else { Err(damaged("it is cut off")) };
    }
    match window_bytes(header) {
        Some(window) if window > WINDOW_BYTES => {
            let why = format!("its window of {} MiB is larger than {} MiB", window >> 20, WINDOW_BYTES >> 20);
            Err(io::Error::other(Unpacking::Broken(format!("the zstd data cannot be unpacked: {why}"))))
        }
        _ => Ok(Frame::Data),
    }
}

/// The window that a frame states (RFC 8878, section 3.1.1.1); `None` where the header is none.
fn window_bytes(header: &[u8]) -> Option<u64> {
    let descriptor = *header.get(4)?;
    if descriptor & 0x20 == 0 {
        let window = *header.get(5)?;
        let base = 1u64 << (10 + (window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    // A single segment: its window is its content.
    let at = 5 + [0, 1, 2, 4][usize::from(descriptor & 3)];
    let bytes = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = header.get(at..at + bytes)?;
    Some(size.iter().rev().fold(0, |size, &byte| size << 8 | u64::from(byte)))
}

fn cause(error: &io::Error) -> String {
    error.get_ref().map_or_else(|| error.to_string(), ToString::to_string)
}

fn damaged(why: &str) -> io::Error {
    io::Error::other(Unpacking::Broken(format!("the zstd data is damaged or cut off: {why}")))
}

/// Opens `path` unless it is something that could block, or go on for ever.
fn open_regular(path: &Path) -> Result<File, TraceError> {
    let help = "write the path of a regular file";
    // Before opening, because to open a named pipe waits for its other end.
    let kind = fs::metadata(path).map_err(|error| TraceError::open(path, &error))?.file_type();
    match () {
        _ if kind.is_file() => File::open(path).map_err(|error| TraceError::open(path, &error)),
        _ if kind.is_dir() => Err(TraceError::io(path, "this is a directory", help)),
        _ => Err(TraceError::io(path, "this is a pipe, a device or a socket", help)),
    }
}
