//! Bodies without an end (server-sent events): a socket that belongs to whichever thread feeds it.
//!
//! - A frame is encoded once (`Frame`), and its bytes are shared by all streams that send it.
//! - Sending never waits. What a socket does not take at once is queued, one frame of any size and
//!   `QUEUED_BYTES_MAX` behind it at most, and goes first next time; the sender is told for how long a client
//!   that is behind has taken nothing, and decides when that is too long.
//! - Dropping the stream closes the connection, which a client of HTTP/1.1 can tell from the end that
//!   `finish` writes.
//! - Streams do not count among the connections, and have no idle time-out. A server that stops cuts off
//!   those that are left once its requests are answered; the holder learns from `Load::stopping` before.
//!
//! Tested by `tests/hostile/streams.rs`.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    mem::MaybeUninit,
    net::Shutdown,
    os::fd::{AsFd, BorrowedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};
use socket2::SockRef;

use super::{core::Core, peer::Peer, write::write_at_once};

/// Bytes that a stream keeps for its client behind the frame that it takes; with more it is `Lost::Slow`.
const QUEUED_BYTES_MAX: usize = 256 * 1024;
/// What the kernel holds of a stream; it doubles it for its own account. There may be many times more streams than
/// connections, and a container pays for what their clients do not read.
const SEND_BUFFER_BYTES: usize = 16 * 1024;
/// Frames that go in one call.
const FRAMES_AT_ONCE: usize = 16;
/// Reads of what a client says, at a time.
const READS_AT_ONCE: usize = 16;
/// Behind the last frame.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Bytes for many streams, encoded once. Cloning it copies nothing.
#[derive(Clone, Debug)]
pub struct Frame {
    /// A chunk of RFC 9112, section 7.1.
    chunk: Bytes,
    /// Where in `chunk` the payload begins.
    payload: usize,
}

impl Frame {
    /// A frame of this payload, which must not be empty: an empty chunk would be the end.
    pub fn new(payload: &[u8]) -> Frame {
        let size = format!("{:x}\r\n", payload.len());
        let chunk = Bytes::from([size.as_bytes(), payload, b"\r\n"].concat());
        Frame { chunk, payload: size.len() }
    }

    fn payload(&self) -> Bytes {
        self.chunk.slice(self.payload..self.chunk.len() - 2)
    }
}

/// What the socket took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Everything that was sent so far.
    Complete,
    /// The client is behind, and has taken nothing for this long.
    Behind(Duration),
}

/// Why a stream is of no use any more, and is to be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The client is so far behind that nothing more is kept for it.
    Slow,
    /// The client, or the server, closed the connection.
    Gone,
}

/// One client that listens.
pub struct Stream {
    core: Arc<Core>,
    peer: Arc<Peer>,
    number: u64,
    chunked: bool,
    unsent: VecDeque<Bytes>,
    /// While `unsent` is not empty: when the client took something last.
    taken_at: Option<Instant>,
}

impl Stream {
    /// Takes over the socket of a peer whose head is written.
    pub(super) fn new(core: &Arc<Core>, peer: &Arc<Peer>, chunked: bool) -> Stream {
        let number = core.add_stream(peer);
        if let Err(e) = SockRef::from(&peer.stream).set_send_buffer_size(SEND_BUFFER_BYTES) {
            log::warn!("cannot make the buffer of a stream smaller: {e}");
        }
        let (core, peer) = (core.clone(), peer.clone());
        Stream { core, peer, number, chunked, unsent: VecDeque::new(), taken_at: None }
    }

    /// Sends a frame behind those that were sent before, without waiting.
    pub fn send(&mut self, frame: &Frame) -> Result<Delivery, Lost> {
        self.unsent.push_back(if self.chunked { frame.chunk.clone() } else { frame.payload() });
        self.flush()
    }

    /// Tries again to send what is left, without waiting.
    pub fn flush(&mut self) -> Result<Delivery, Lost> {
        while !self.unsent.is_empty() {
            let parts: Vec<IoSlice<'_>> =
                self.unsent.iter().take(FRAMES_AT_ONCE).map(|bytes| IoSlice::new(bytes)).collect();
            match write_at_once(&self.peer.stream, &parts) {
                Ok(0) => return self.is_behind(),
                Ok(sent) => {
                    self.taken_at = Some(Instant::now());
                    self.advance(sent);
                }
                Err(_) => return Err(Lost::Gone),
            }
        }
        self.taken_at = None;
        Ok(Delivery::Complete)
    }

    /// Reads and drops what the client says, none of which is answered. `false` once it has closed.
    pub fn is_open(&self) -> bool {
        let mut scratch = [MaybeUninit::uninit(); 512];
        for _ in 0..READS_AT_ONCE {
            match SockRef::from(&self.peer.stream).recv_with_flags(&mut scratch, libc::MSG_DONTWAIT) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(e) => return matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
            }
        }
        true
    }

    /// Sends the end of the body and lets go; a client that is behind gets what its socket still takes.
    pub fn finish(mut self, last: Option<&Frame>) {
        self.unsent
            .extend(last.map(|frame| if self.chunked { frame.chunk.clone() } else { frame.payload() }));
        self.unsent.extend(self.chunked.then(|| Bytes::from_static(LAST_CHUNK)));
        let _ = self.flush();
    }

    fn is_behind(&mut self) -> Result<Delivery, Lost> {
        let taken_at = *self.taken_at.get_or_insert_with(Instant::now);
        let queued: usize = self.unsent.iter().skip(1).map(Bytes::len).sum();
        if queued > QUEUED_BYTES_MAX { Err(Lost::Slow) } else { Ok(Delivery::Behind(taken_at.elapsed())) }
    }

    fn advance(&mut self, mut sent: usize) {
        while let Some(first) = self.unsent.front_mut() {
            if sent < first.len() {
                return first.advance(sent);
            }
            sent -= first.len();
            self.unsent.pop_front();
        }
    }
}

impl AsFd for Stream {
    /// To be waited for by `poll` or `epoll`; never to be written to.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.peer.stream.as_fd()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Unread bytes at a close would reset the connection, and take what is sent from the client.
        self.is_open();
        let _ = self.peer.stream.shutdown(Shutdown::Both);
        self.core.remove_stream(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_chunk_and_shares_its_payload() {
        let frame = Frame::new(b"id: 7\n\n");
        assert_eq!(&frame.chunk[..], b"7\r\nid: 7\n\n\r\n");
        assert_eq!(frame.payload(), "id: 7\n\n");
        assert_eq!(Frame::new(&[b'x'; 300]).chunk.len(), 300 + "12c\r\n\r\n".len());
    }
}
