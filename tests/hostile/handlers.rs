//! What only a handler can do, and none of ours does: panic, and take its time. So this is the layer alone, with a
//! handler made for it.

use std::{
    io::Cursor,
    net::SocketAddr,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ambrosia::{
    config::Config,
    http::{Handler, Limits, Request, Response, Server, Stopper},
};
use tiny_http::StatusCode;

use crate::{
    deadline::eventually,
    wire::{Client, get, post},
};

/// `/panic` panics, `/wait` waits until the door is opened, all else is answered with its body.
#[derive(Default)]
struct Room {
    open: Mutex<bool>,
    opened: Condvar,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
}

impl Room {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn holds(&self, count: usize) {
        eventually("they are inside", || self.inside.load(Ordering::SeqCst) == count);
    }
}

struct Visits(Arc<Room>);

impl Handler for Visits {
    fn handle(&self, request: &Request<'_>) -> Response {
        let room = &self.0;
        let inside = room.inside.fetch_add(1, Ordering::SeqCst) + 1;
        room.most_inside.fetch_max(inside, Ordering::SeqCst);
        match request.raw_path {
            "/panic" => {
                room.inside.fetch_sub(1, Ordering::SeqCst);
                panic!("this panic is part of the test");
            }
            "/wait" => drop(room.opened.wait_while(room.open.lock().unwrap(), |open| !*open).unwrap()),
            _ => {}
        }
        room.inside.fetch_sub(1, Ordering::SeqCst);
        let body = request.body.to_vec();
        let length = body.len();
        Response::new(StatusCode(200), Vec::new(), Cursor::new(body.into()), Some(length), None)
    }
}

struct Layer {
    address: SocketAddr,
    room: Arc<Room>,
    stopper: Stopper,
    running: Option<JoinHandle<bool>>,
}

impl Layer {
    fn start(limit: impl FnOnce(&mut Limits)) -> Layer {
        let mut limits = Config::read(&|_| None).ok().unwrap().limits;
        limit(&mut limits);
        let room = Arc::new(Room::default());
        let server = Server::bind("127.0.0.1", 0, limits, Box::new(Visits(room.clone()))).unwrap();
        let (address, stopper) = (server.address().unwrap(), server.stopper().unwrap());
        Layer { address, room, stopper, running: Some(thread::spawn(|| server.run())) }
    }

    fn stop(&mut self) -> bool {
        self.stopper.stop();
        self.running.take().is_some_and(|running| running.join().unwrap())
    }

    fn is_well(&self) {
        let mut client = Client::connect(self.address);
        client.send(post("/", "well"));
        assert_eq!(client.answer().body, "well");
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        self.room.open();
        if self.running.is_some() {
            let finished = self.stop();
            assert!(finished || thread::panicking());
        }
    }
}

#[test]
fn a_panic_is_a_500_for_its_client_and_nothing_for_the_others() {
    let layer = Layer::start(|_| {});
    let mut bystander = Client::connect(layer.address);
    bystander.send(get("/wait"));
    layer.room.holds(1);
    let mut clients: Vec<Client> = (0..20).map(|_| Client::connect(layer.address)).collect();
    for client in &mut clients {
        // Its own connection lives on too: what was behind the panic is answered.
        client.send([get("/panic"), get("/panic"), post("/", "behind")].concat());
    }
    for client in &mut clients {
        let answer = client.answer();
        assert_eq!((answer.status, answer.closes()), (500, false));
        assert!(!answer.body.contains("part of the test"), "it tells: {}", answer.body);
        assert_eq!(client.answer().status, 500);
        assert_eq!(client.answer().body, "behind");
    }
    layer.is_well();
    layer.room.open();
    assert_eq!(bystander.answer().status, 200);
}

#[test]
fn a_panic_gives_its_place_back() {
    let layer = Layer::start(|limits| limits.max_requests = 1);
    for _ in 0..5 {
        let mut client = Client::connect(layer.address);
        client.send(get("/panic"));
        assert_eq!(client.answer().status, 500);
    }
    layer.is_well();
}

#[test]
fn too_many_requests_are_refused_while_they_are_too_many() {
    let layer = Layer::start(|limits| limits.max_requests = 2);
    let mut inside: Vec<Client> = (0..2).map(|_| Client::connect(layer.address)).collect();
    inside.iter_mut().for_each(|client| client.send(get("/wait")));
    layer.room.holds(2);
    let mut refused = Client::connect(layer.address);
    for _ in 0..3 {
        refused.send(get("/"));
        let answer = refused.answer();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
    layer.room.open();
    inside.iter_mut().for_each(|client| assert_eq!(client.answer().status, 200));
    refused.send(get("/"));
    assert_eq!(refused.answer().status, 200);
}

#[test]
fn too_many_connections_are_refused_while_all_are_at_work() {
    let layer = Layer::start(|limits| limits.max_connections = 2);
    let mut inside: Vec<Client> = (0..2).map(|_| Client::connect(layer.address)).collect();
    inside.iter_mut().for_each(|client| client.send(get("/wait")));
    layer.room.holds(2);
    for _ in 0..2 {
        let mut refused = Client::connect(layer.address);
        let answer = refused.last_answer();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    }
    // These go before their turn comes.
    for _ in 0..2 {
        let mut gone = Client::connect(layer.address);
        gone.send(get("/"));
        gone.reset();
    }
    layer.room.open();
    inside.iter_mut().for_each(|client| assert_eq!(client.answer().status, 200));
    layer.is_well();
}

#[test]
fn the_idlest_connection_makes_room() {
    let layer = Layer::start(|limits| limits.max_connections = 2);
    let mut idlest = Client::connect(layer.address);
    idlest.send(get("/"));
    assert_eq!(idlest.answer().status, 200);
    let mut active = Client::connect(layer.address);
    let begun = Instant::now();
    // Idleness is measured in milliseconds.
    while begun.elapsed() < Duration::from_millis(5) {
        active.send(get("/"));
        assert_eq!(active.answer().status, 200);
    }
    layer.is_well();
    idlest.ends();
    active.send(get("/"));
    assert_eq!(active.answer().status, 200);
}

#[test]
fn the_requests_of_a_connection_are_handled_one_at_a_time() {
    let layer = Layer::start(|_| {});
    let mut client = Client::connect(layer.address);
    client.send([get("/wait"), post("/", "behind").repeat(100)].concat());
    layer.room.holds(1);
    layer.room.open();
    assert_eq!(client.answer().body, "");
    (0..100).for_each(|_| assert_eq!(client.answer().body, "behind"));
    assert_eq!(layer.room.most_inside.load(Ordering::SeqCst), 1);
}

#[test]
fn a_running_handler_is_waited_for_at_the_end() {
    let mut layer = Layer::start(|limits| limits.grace = Duration::from_secs(20));
    let mut inside = Client::connect(layer.address);
    inside.send(get("/wait"));
    layer.room.holds(1);
    let mut idle = Client::connect(layer.address);
    idle.send(get("/"));
    assert_eq!(idle.answer().status, 200);
    layer.stopper.stop();
    idle.ends();
    layer.room.open();
    assert_eq!(inside.last_answer().status, 200);
    assert!(layer.stop(), "all were finished");
}

#[test]
fn a_running_handler_is_not_waited_for_without_end() {
    let mut layer = Layer::start(|limits| limits.grace = Duration::from_millis(100));
    let mut inside = Client::connect(layer.address);
    inside.send(get("/wait"));
    layer.room.holds(1);
    assert!(!layer.stop(), "one was not finished");
    layer.room.open();
    assert_eq!(inside.answer().status, 200);
}
