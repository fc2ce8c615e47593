//! What a connection has read and not used yet: a window over bytes that grows as they come, within the
//! memory budget, and shrinks to its first size when it is empty. Tested by `tests/hostile/memory.rs`.

use std::{
    io::{self, Read},
    net::TcpStream,
    ops::Range,
};

use super::budget::{Budget, Reservation};

/// Room that every connection has, whatever the budget says.
pub const BUFFER_BYTES: usize = 4 * 1024;

/// The bytes that are read and not used.
pub struct Buffer<'a> {
    bytes: Vec<u8>,
    /// The window is `bytes[start..end]`.
    start: usize,
    end: usize,
    /// What there is beyond `BUFFER_BYTES`.
    reserved: Reservation<'a>,
}

impl<'a> Buffer<'a> {
    /// An empty window, of `BUFFER_BYTES`.
    pub fn new(budget: &'a Budget) -> Buffer<'a> {
        Buffer { bytes: vec![0; BUFFER_BYTES], start: 0, end: 0, reserved: Reservation::none(budget) }
    }

    /// What is read and not used.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Bytes of it.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The first `count` bytes of the window have been used.
    pub fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Drops all of it.
    pub fn clear(&mut self) {
        self.start = self.end;
    }

    /// Copies a part of the window to an earlier place in it.
    pub fn copy(&mut self, part: Range<usize>, to: usize) {
        self.bytes.copy_within(self.start + part.start..self.start + part.end, self.start + to);
    }

    /// Takes a part out of the window; what follows it moves up.
    pub fn remove(&mut self, part: Range<usize>) {
        self.copy(part.end..self.len(), part.start);
        self.end -= part.len();
    }

    /// Reads once, keeping at most `at_most` bytes in the window. `OutOfMemory` when the budget has no room
    /// for more.
    pub fn read(&mut self, mut stream: &TcpStream, at_most: usize) -> io::Result<usize> {
        self.make_space(at_most)?;
        loop {
            match stream.read(&mut self.bytes[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn make_space(&mut self, at_most: usize) -> io::Result<()> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == 0 && self.bytes.len() > BUFFER_BYTES {
            // A connection that waits for its next request holds no more than a new one.
            self.bytes = vec![0; BUFFER_BYTES];
            self.reserved.resize(0);
        }
        if self.end == self.bytes.len() {
            let larger = (self.bytes.len() * 2).min(at_most.max(BUFFER_BYTES)).max(self.end + 1);
            if !self.reserved.resize(larger - BUFFER_BYTES) {
                return Err(io::ErrorKind::OutOfMemory.into());
            }
            self.bytes.reserve_exact(larger - self.end);
            self.bytes.resize(larger, 0);
        }
        Ok(())
    }
}
