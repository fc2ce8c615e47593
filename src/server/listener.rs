//! The listener: accepts connections, gives each a thread, keeps their number bounded, and stops without
//! losing a request. What happens on a connection is in `connection.rs`.
//!
//! Tested by `tests/hostile`: `crowd.rs`, `exhaustion.rs`, `shutdown.rs`.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{
    connection, core::Core, handler::Handler, limits::Limits, peer::Peer, refusal::Refusal,
    request_id::RequestId, response::Encoding,
};

/// What the kernel holds for a connection, each way; it doubles them for its own account. Left alone it
/// takes up to some megabytes of an answer from a client that does not read, and a container pays for them.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;

/// A server that is bound to its port.
pub struct Server {
    listener: TcpListener,
    core: Arc<Core>,
}

impl Server {
    /// Binds; from here on clients can connect, and wait in the backlog until `run`.
    pub fn bind(host: &str, port: u16, limits: Limits, handler: Box<dyn Handler>) -> io::Result<Server> {
        Server::over(host, port, Core::new(limits, handler))
    }

    /// Another port, whose requests are told how busy this server is.
    pub fn bind_beside(
        &self,
        host: &str,
        port: u16,
        limits: Limits,
        handler: Box<dyn Handler>,
    ) -> io::Result<Server> {
        let mut core = Core::new(limits, handler);
        core.watched = Some(self.core.clone());
        Server::over(host, port, core)
    }

    fn over(host: &str, port: u16, core: Core) -> io::Result<Server> {
        let listener = listen(host, port, &core.limits)?;
        Ok(Server { listener, core: Arc::new(core) })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What ends `run` from another thread.
    pub fn stopper(&self) -> io::Result<Stopper> {
        Ok(Stopper { listener: Socket::from(self.listener.try_clone()?), core: self.core.clone() })
    }

    /// Accepts until it is stopped, then waits for the running requests, at most for the grace period.
    /// Whether all of them finished.
    pub fn run(self) -> bool {
        let Server { listener, core } = self;
        while !core.stopping.load(Ordering::Acquire) {
            match listener.accept() {
                Ok((stream, from)) => admit(&core, stream, from.ip().to_canonical()),
                Err(e) => accept_failed(&core, &e),
            }
        }
        // What is still in the backlog gets a refusal now and not a silence.
        drop(listener);
        core.drain()
    }
}

/// Ends `Server::run` from another thread.
pub struct Stopper {
    listener: Socket,
    core: Arc<Core>,
}

impl Stopper {
    /// How long there should be between the announcement and the stop.
    pub fn window(&self) -> Duration {
        self.core.limits.drain
    }

    /// Announces the end (`Load::stopping`) and goes on as before, but for closing connections behind their
    /// answer.
    pub fn announce(&self) {
        self.core.draining.store(true, Ordering::SeqCst);
    }

    /// Stops at once: nothing is accepted any more.
    pub fn stop(&self) {
        self.core.stopping.store(true, Ordering::SeqCst);
        // On Linux this wakes the thread that is blocked in accept.
        if let Err(e) = self.listener.shutdown(Shutdown::Both) {
            log::warn!("cannot close the listener: {e}");
        }
    }
}

fn admit(core: &Arc<Core>, stream: TcpStream, address: IpAddr) {
    if !core.has_room() {
        return refuse(core, &stream, address);
    }
    let peer = Arc::new(Peer::new(stream, address));
    let slot = core.connect(&peer);
    let served = peer.clone();
    let started = core.threads.run(Box::new(move || {
        connection::serve(&slot.core, &served);
        // The descriptor first: the next connection may need it.
        drop(served);
        drop(slot);
    }));
    if let Err(e) = started {
        log::warn!("no thread for a connection: {e}");
        refuse(core, &peer.stream, address);
        core.make_room();
    }
}

/// Out of descriptors or memory: makes room and waits for it. Any other error is of one client that is gone.
fn accept_failed(core: &Core, error: &io::Error) {
    if core.stopping.load(Ordering::Acquire) {
        return;
    }
    // It would block when no client came for as long as the read time-out, which is there for the accepted
    // sockets.
    let harmless = [io::ErrorKind::ConnectionAborted, io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock];
    if !harmless.contains(&error.kind()) {
        log::warn!("cannot accept a connection: {error}");
        core.make_room_and_wait();
    }
}

/// Answers without a thread: one write that fits in the socket's buffer, and no wait for the client.
fn refuse(core: &Core, stream: &TcpStream, client: IpAddr) {
    let (id, refusal) = (RequestId::new(), Refusal::NoRoom);
    let encoded = Encoding::last(&id).encode(core.handler.refuse(refusal));
    let answer = [&encoded.head[..], &encoded.body].concat();
    let _ = stream.set_nonblocking(true);
    let _ = io::Write::write(&mut &*stream, &answer);
    log::info!("{client} - - {} 0us {}B {id} {refusal}", refusal.status(), answer.len());
}

fn listen(host: &str, port: u16, limits: &Limits) -> io::Result<TcpListener> {
    let unspecified = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let address = (host, port).to_socket_addrs()?.next().unwrap_or(unspecified);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit these on Linux.
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_write_timeout(Some(limits.write_timeout))?;
    socket.set_read_timeout(Some(limits.idle_timeout))?;
    socket.set_tcp_user_timeout(Some(limits.write_timeout))?;
    socket.bind(&address.into())?;
    socket.listen(limits.backlog)?;
    Ok(socket.into())
}
