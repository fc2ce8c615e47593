//! The two ways to write to a client: at once, with what the socket takes, or waiting for the client,
//! within a bound.

use std::{
    io::{self, IoSlice, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use socket2::SockRef;

/// What is written at a time to a client that is waited for, in bytes: a blocking call comes back when the
/// kernel has all of it, and between two calls the budget learns how much the client takes.
const PIECE: usize = 64 * 1024;

/// Writes head and body, in one call where they are small; waits for the client, `timeout` at most for each
/// part of it that is taken and not much longer in all. `taken` is told how many bytes were taken each time.
pub fn write_all(
    stream: &TcpStream,
    timeout: Duration,
    head: &[u8],
    body: &[u8],
    taken: &dyn Fn(usize),
) -> io::Result<()> {
    // The socket's own time-out bounds each wait, this one a client that takes a byte at a time.
    let deadline = Instant::now() + timeout;
    let first = body.len().min(PIECE);
    write_piece(stream, deadline, &mut [IoSlice::new(head), IoSlice::new(&body[..first])], taken)?;
    for piece in body[first..].chunks(PIECE) {
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        write_piece(stream, deadline, &mut [IoSlice::new(piece)], taken)?;
    }
    Ok(())
}

fn write_piece(
    mut stream: &TcpStream,
    deadline: Instant,
    mut parts: &mut [IoSlice<'_>],
    taken: &dyn Fn(usize),
) -> io::Result<()> {
    IoSlice::advance_slices(&mut parts, 0);
    while !parts.is_empty() {
        match stream.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => {
                taken(n);
                IoSlice::advance_slices(&mut parts, n);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        if !parts.is_empty() && Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(())
}

/// Writes as much as the socket takes without waiting, and returns how many bytes that were.
pub fn write_at_once(stream: &TcpStream, parts: &[IoSlice<'_>]) -> io::Result<usize> {
    match SockRef::from(stream).send_vectored_with_flags(parts, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) {
        Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(0),
        sent => sent,
    }
}
