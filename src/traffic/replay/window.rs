//! A stretch of a file that grows as far as one record needs, and no further.

use super::source::Bytes;
use std::io;

/// What was read of a file and is still to be used.
pub(super) struct Window {
    file: Bytes,
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// The line of the next byte, from 1.
    line: u64,
    most: usize,
}

/// Why a window has no more bytes.
pub(super) enum NoMore {
    /// The file ends.
    End,
    /// The record is longer than the window may be.
    TooLong,
    /// The file cannot be read.
    Io(io::Error),
}

const FIRST_BYTES: usize = 64 << 10;

impl Window {
    /// A window at the front of `file` that grows to `most` bytes.
    pub(super) fn new(file: Bytes, most: usize) -> Self {
        Window { file, buffer: vec![0; FIRST_BYTES.min(most)], from: 0, to: 0, line: 1, most }
    }

    /// What was read and not yet passed.
    #[inline]
    pub(super) fn ahead(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// The line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Passes `bytes` of what is ahead.
    #[inline]
    pub(super) fn pass(&mut self, bytes: usize) {
        let end = (self.from + bytes).min(self.to);
        self.line += self.buffer[self.from..end].iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.from = end;
    }

    /// Reads on, so that more is ahead.
    pub(super) fn more(&mut self) -> Result<(), NoMore> {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
        }
        if self.to == self.buffer.len() {
            if self.to >= self.most {
                return Err(NoMore::TooLong);
            }
            self.buffer.resize((2 * self.to).min(self.most), 0);
        }
        loop {
            match self.file.read(&mut self.buffer[self.to..]) {
                Ok(0) => return Err(NoMore::End),
                Ok(read) => {
                    self.to += read;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NoMore::Io(error)),
            }
        }
    }

    /// The next byte, which stays ahead.
    pub(super) fn peek(&mut self) -> Result<u8, NoMore> {
        while self.from == self.to {
            self.more()?;
        }
        Ok(self.buffer[self.from])
    }
}
