//! The harness for lost networks: a TCP proxy between a restaurant and its MySQL server, which can be cut, or freeze one
//! connection.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    Database, Restaurant,
    database::{self, Schema},
};

/// A TCP proxy before a server.
pub struct Wire {
    pub port: u16,
    is_cut: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
    freeze: Arc<Freeze>,
}

/// Blocks one connection to the server, and lets the others pass.
#[derive(Default)]
struct Freeze {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default, PartialEq)]
enum State {
    #[default]
    Idle,
    /// Blocks the first connection that sends this text.
    Armed(String),
    Frozen,
}

impl Wire {
    pub fn to(upstream: String) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let wire = Wire {
            port: listener.local_addr().unwrap().port(),
            is_cut: Arc::default(),
            connections: Arc::default(),
            freeze: Arc::default(),
        };
        let (is_cut, connections, freeze) =
            (wire.is_cut.clone(), wire.connections.clone(), wire.freeze.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let Ok(server) = TcpStream::connect(&upstream) else { continue };
                // Under the lock, so that no connection is added after a cut.
                let mut connections = connections.lock().unwrap();
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let pairs = [(&client, &server), (&server, &client)];
                for (from, to) in pairs.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                    let freeze = freeze.clone();
                    thread::spawn(move || forward(from, to, &freeze));
                }
                connections.extend([client, server]);
            }
        });
        wire
    }

    /// Closes all connections, and refuses new ones until `restore`.
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.drop_connections();
    }

    /// Closes all connections; new ones are accepted.
    pub fn drop_connections(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Blocks the next connection that sends this text, until `thaw`.
    pub fn freeze_on(&self, text: &str) {
        *self.freeze.state.lock().unwrap() = State::Armed(text.to_owned());
    }

    pub fn is_frozen(&self) -> bool {
        *self.freeze.state.lock().unwrap() == State::Frozen
    }

    pub fn thaw(&self) {
        *self.freeze.state.lock().unwrap() = State::Idle;
        self.freeze.changed.notify_all();
    }

    pub fn restore(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

impl Freeze {
    fn pass(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap();
        if let State::Armed(text) = &*state
            && bytes.windows(text.len()).any(|b| b == text.as_bytes())
        {
            *state = State::Frozen;
            drop(self.changed.wait_while(state, |state| *state == State::Frozen).unwrap());
        }
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, freeze: &Freeze) {
    let mut bytes = [0; 16 * 1024];
    let copy = || -> io::Result<()> {
        loop {
            let n = from.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            freeze.pass(&bytes[..n]);
            to.write_all(&bytes[..n])?;
        }
    };
    let mut copy = copy;
    let _ = copy();
    let _ = to.shutdown(Shutdown::Both);
}

/// A restaurant whose MySQL server is behind a proxy, which may be cut from the start.
pub fn restaurant_over_wire(is_cut: bool, environment: &[(&str, &str)]) -> (Wire, Restaurant) {
    let (user, upstream) = database::server_url().rsplit_once('@').unwrap();
    let wire = Wire::to(upstream.to_owned());
    if is_cut {
        wire.cut();
    }
    let schema = Schema::new(database::server_url());
    let url = format!("{user}@127.0.0.1:{}/{}", wire.port, schema.name);
    let environment: Vec<_> = environment.iter().copied().chain([("DATABASE_URL", &*url)]).collect();
    let restaurant = Restaurant::on_schema(Database::Mysql, Some(schema), &environment);
    (wire, restaurant)
}
