//! The listener: accepts connections, gives each a thread, keeps their number bounded, and stops without losing a
//! request. What happens on a connection is in `connection.rs`.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{
    budget::Budget,
    connection,
    forwarded::Proxies,
    peer::{Connections, Peer, close_longest_waiting},
    reply::Reply,
    request::{Request, RequestId},
    response,
};
use crate::threads::Threads;

/// Everything that is bounded, with what happens at the bound in `config::VARIABLES`.
#[derive(Clone, Debug)]
pub struct Limits {
    pub max_connections: usize,
    pub max_requests: usize,
    pub max_head_bytes: usize,
    pub max_uri_bytes: usize,
    pub max_headers: usize,
    pub max_body_bytes: usize,
    pub max_buffered_bytes: usize,
    pub head_timeout: Duration,
    pub body_timeout: Duration,
    pub write_timeout: Duration,
    pub idle_timeout: Duration,
    pub backlog: i32,
    pub grace: Duration,
    pub drain: Duration,
    /// Whose word about the address of a client counts.
    pub trusted_proxies: Proxies,
}

/// What answers requests. It may block and may panic; both are the business of its own connection only.
pub trait Handler: Send + Sync + 'static {
    /// Sends the reply, or gives it to somebody who does.
    fn handle(&self, request: &Request<'_>, reply: Reply);

    /// Which of the sets of header lines the answer to this request carries.
    fn header_set(&self, _: &Request<'_>) -> usize {
        0
    }

    /// The lines of a set, each with its end.
    fn common_headers(&self, _set: usize) -> &[u8] {
        &[]
    }

    /// Whether a request is answered however many others run: one that asks how the process is.
    fn exempt(&self, _: &Request<'_>) -> bool {
        false
    }
}

/// How busy the server is, as a request sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pub connections: usize,
    pub running: usize,
    pub buffered_bytes: usize,
    pub slow_readers_closed: u64,
    /// It is going to stop: whoever can choose should go elsewhere.
    pub stopping: bool,
}

/// What the kernel holds for a connection, each way; it doubles them for its own account. Left alone it takes up to some
/// megabytes of an answer from a client that does not read, and a container pays for them.
const SEND_BUFFER_BYTES: usize = 128 * 1024;
const RECEIVE_BUFFER_BYTES: usize = 64 * 1024;

/// How long the accept loop waits for a connection to end when there is no room, before it answers 503.
const MAKE_ROOM: Duration = Duration::from_millis(250);

pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// What the listener and all connections know in common.
pub struct Shared {
    pub limits: Limits,
    pub handler: Box<dyn Handler>,
    pub stopping: AtomicBool,
    /// Said before `stopping`, so that nobody is sent here any more when the listener closes.
    draining: AtomicBool,
    /// Connections, as many as `connections` holds.
    open: AtomicUsize,
    /// Requests that have no reply yet.
    pub running: AtomicUsize,
    started: Instant,
    connections: Mutex<Connections>,
    closed: Condvar,
    pub threads: Arc<Threads>,
    pub budget: Arc<Budget>,
    /// The server that this one's requests ask about, if it is another.
    watched: Option<Arc<Shared>>,
}

impl Server {
    /// Binds; from here on clients can connect, and wait in the backlog until `run`.
    pub fn bind(host: &str, port: u16, limits: Limits, handler: Box<dyn Handler>) -> io::Result<Server> {
        let listener = listen(host, port, &limits)?;
        let shared = Shared {
            watched: None,
            budget: Budget::new(limits.max_buffered_bytes),
            limits,
            handler,
            stopping: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            started: Instant::now(),
            connections: Mutex::default(),
            closed: Condvar::new(),
            threads: Arc::default(),
        };
        Ok(Server { listener, shared: Arc::new(shared) })
    }

    /// Another port, whose requests are told how busy this server is.
    pub fn bind_beside(
        &self,
        host: &str,
        port: u16,
        limits: Limits,
        handler: Box<dyn Handler>,
    ) -> io::Result<Server> {
        let beside = Server::bind(host, port, limits, handler)?;
        // Nobody has a copy yet.
        let mut shared = beside.shared;
        if let Some(shared) = Arc::get_mut(&mut shared) {
            shared.watched = Some(self.shared.clone());
        }
        Ok(Server { shared, ..beside })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub fn stopper(&self) -> io::Result<Stopper> {
        Ok(Stopper { listener: Socket::from(self.listener.try_clone()?), shared: self.shared.clone() })
    }

    /// Accepts until it is stopped, then waits for the running requests, at most for the grace period.
    /// Gives whether all of them finished.
    pub fn run(self) -> bool {
        let Server { listener, shared } = self;
        while !shared.stopping.load(Ordering::Acquire) {
            match listener.accept() {
                Ok((stream, from)) => shared.admit(stream, from.ip().to_canonical()),
                Err(e) => shared.accept_failed(&e),
            }
        }
        // Whoever is still in the backlog gets a refusal now and not a silence.
        drop(listener);
        shared.drain()
    }
}

/// Ends `Server::run` from another thread.
pub struct Stopper {
    listener: Socket,
    shared: Arc<Shared>,
}

impl Stopper {
    /// Says that it is going to stop and goes on as before, but for closing connections after their answer; then stops.
    pub fn drain(&self) {
        self.shared.draining.store(true, Ordering::SeqCst);
        thread::sleep(self.shared.limits.drain);
        self.stop();
    }

    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // On Linux this wakes the thread that is blocked in accept.
        if let Err(e) = self.listener.shutdown(Shutdown::Both) {
            log::warn!("cannot close the listener: {e}");
        }
    }
}

impl Shared {
    fn admit(self: &Arc<Self>, stream: TcpStream, address: IpAddr) {
        if !self.has_room() {
            return refuse(&stream, address);
        }
        let id = self.started.elapsed().as_nanos() as u64;
        let peer = Arc::new(Peer::new(stream, address, self.now()));
        self.connections().insert(id, peer.clone());
        self.open.fetch_add(1, Ordering::AcqRel);
        let slot = Slot { shared: self.clone(), id };
        let served = peer.clone();
        let started = self.threads.run(Box::new(move || {
            connection::serve(&slot.shared, &served);
            // The descriptor first: whoever waits for the place may need it.
            drop(served);
            drop(slot);
        }));
        if let Err(e) = started {
            log::warn!("no thread for a connection: {e}");
            refuse(&peer.stream, address);
            close_longest_waiting(&self.connections());
        }
    }

    /// Below the cap, or made so: of those who wait for their client, the one that waits longest goes. So whoever
    /// holds connections and says nothing cannot keep others out.
    fn has_room(&self) -> bool {
        let deadline = Instant::now() + MAKE_ROOM;
        let mut connections = self.connections();
        while connections.len() >= self.limits.max_connections {
            close_longest_waiting(&connections);
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            connections = self.wait_for_close(connections, left);
        }
        true
    }

    /// Out of descriptors or memory: make room and wait for it. Any other error is of one client that is gone.
    fn accept_failed(&self, error: &io::Error) {
        if self.stopping.load(Ordering::Acquire) {
            return;
        }
        // It would block when nobody came for as long as the read time-out, which is there for the accepted sockets.
        let harmless =
            [io::ErrorKind::ConnectionAborted, io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock];
        if !harmless.contains(&error.kind()) {
            log::warn!("cannot accept a connection: {error}");
            let connections = self.connections();
            close_longest_waiting(&connections);
            drop(self.wait_for_close(connections, MAKE_ROOM));
        }
    }

    /// Idle connections end; those with a request finish it, and then end by themselves.
    fn drain(&self) -> bool {
        let deadline = Instant::now() + self.limits.grace;
        let mut connections = self.connections();
        connections.values().for_each(|peer| peer.end_if(&self.stopping));
        while !connections.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                log::warn!("{} connections did not finish in time", connections.len());
                return false;
            }
            connections = self.wait_for_close(connections, left);
        }
        true
    }

    pub fn load(&self) -> Load {
        if let Some(watched) = &self.watched {
            return watched.load();
        }
        Load {
            buffered_bytes: self.budget.held(),
            slow_readers_closed: self.budget.closed(),
            connections: self.open.load(Ordering::Acquire),
            running: self.running.load(Ordering::Acquire),
            stopping: self.is_closing(),
        }
    }

    /// Connections end with their next answer.
    pub fn is_closing(&self) -> bool {
        self.draining.load(Ordering::Acquire) || self.stopping.load(Ordering::Acquire)
    }

    pub fn now(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Takes the lock and not only gives it: a connection that closes before the wait would not end it.
    fn wait_for_close<'a>(
        &self,
        locked: MutexGuard<'a, Connections>,
        at_most: Duration,
    ) -> MutexGuard<'a, Connections> {
        self.closed.wait_timeout(locked, at_most).unwrap_or_else(PoisonError::into_inner).0
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the connections, given back when its thread ends, however it ends.
struct Slot {
    shared: Arc<Shared>,
    id: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.connections().remove(&self.id);
        self.shared.open.fetch_sub(1, Ordering::AcqRel);
        self.shared.closed.notify_all();
    }
}

/// Answers without a thread: one write that fits in the socket's buffer, and no wait for the client.
fn refuse(stream: &TcpStream, client: IpAddr) {
    let id = RequestId::new();
    let answer = response::overloaded(&id);
    let _ = stream.set_nonblocking(true);
    let _ = io::Write::write(&mut &*stream, &answer);
    log::info!("{client} - - 503 0us {}B {id} no room for a connection", answer.len());
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
