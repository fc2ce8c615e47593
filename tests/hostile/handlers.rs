//! What only a handler can do, and none of ours does at a test's bidding: panic, take its time, have its answer sent by
//! another thread. So this is the server alone, with a handler made for it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ambrosia::{
    config::Config,
    server::{Answer, Deferred, Handler, Limits, Request, Responder, Response, Server, Stopper},
};

use crate::{
    deadline::eventually,
    wire::{Client, get, post},
};

/// `/panic` panics, `/wait` waits until the door is opened, `/large` is answered with `LARGE` bytes, `/late` is both, and
/// all else is answered with its body. Behind `/here` the answer is deferred and completed at once, behind `/elsewhere` it is
/// completed by another thread than that of the connection.
#[derive(Default)]
struct Room {
    open: Mutex<bool>,
    opened: Condvar,
    inside: AtomicUsize,
    most_inside: AtomicUsize,
    /// Requests that came with a body.
    behind: AtomicUsize,
    /// No answer can be encoded, not even the one that says so.
    broken: AtomicBool,
}

impl Room {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// What is answered to this path, after as long as it takes.
    fn answer(&self, path: &str, mut body: Vec<u8>) -> Response {
        match path {
            "/panic" => {
                self.leave();
                panic!("this panic is part of the test");
            }
            "/wait" | "/late" => {
                drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
            }
            _ => {}
        }
        if matches!(path, "/large" | "/late") {
            body = vec![b'x'; LARGE];
        }
        Response::new(200, "", body)
    }

    /// Answers a request of `path`, and leaves the room; for `/large` not before the answer was sent.
    fn complete(&self, path: &str, body: Vec<u8>, send: impl FnOnce(Response)) {
        let response = self.answer(path, body);
        if path == "/large" {
            send(response);
            self.leave();
        } else {
            self.leave();
            send(response);
        }
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn holds(&self, count: usize) {
        eventually("they are inside", || self.inside.load(Ordering::SeqCst) == count);
    }
}

const LARGE: usize = 64 * 1024 * 1024;
const PLACES: [&str; 3] = ["", "/here", "/elsewhere"];

struct Visits(Arc<Room>);

impl Handler for Visits {
    fn common_headers(&self, _: usize) -> &[u8] {
        assert!(!self.0.broken.load(Ordering::SeqCst), "this panic is part of the test");
        &[]
    }

    fn handle(&self, request: &Request<'_>) -> Answer {
        let (room, mut body) = (self.0.clone(), request.body.to_vec());
        if request.raw_path == "/connections" {
            body = request.load.connections.to_string().into();
        }
        room.behind.fetch_add(usize::from(!request.body.is_empty()), Ordering::SeqCst);
        let inside = room.inside.fetch_add(1, Ordering::SeqCst) + 1;
        room.most_inside.fetch_max(inside, Ordering::SeqCst);
        if let Some(path) = request.raw_path.strip_prefix("/elsewhere").map(str::to_owned) {
            let work = move |responder: Responder| room.complete(&path, body, |r| responder.send(r));
            return Deferred::new(|responder| drop(thread::spawn(move || work(responder)))).into();
        }
        if let Some(path) = request.raw_path.strip_prefix("/here").map(str::to_owned) {
            return Deferred::new(move |responder| room.complete(&path, body, |r| responder.send(r))).into();
        }
        let response = room.answer(request.raw_path, body);
        room.leave();
        response.into()
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
        limits.max_buffered_bytes = 16 * LARGE;
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

    /// With the one that asks.
    fn connections(&self) -> usize {
        let mut client = Client::connect(self.address);
        client.send(get("/connections"));
        client.answer().body.parse().unwrap()
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
    for place in PLACES {
        let layer = Layer::start(|_| {});
        let mut bystander = Client::connect(layer.address);
        bystander.send(get("/wait"));
        layer.room.holds(1);
        let mut clients: Vec<Client> = (0..20).map(|_| Client::connect(layer.address)).collect();
        let panic = get(&format!("{place}/panic"));
        for client in &mut clients {
            // Its own connection lives on too: what was behind the panic is answered.
            client.send([&panic[..], &panic, &post(&format!("{place}/"), "behind")].concat());
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
}

#[test]
fn a_panic_gives_its_place_back() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_requests = 1);
        for _ in 0..5 {
            let mut client = Client::connect(layer.address);
            client.send(get(&format!("{place}/panic")));
            assert_eq!(client.answer().status, 500);
        }
        layer.is_well();
    }
}

#[test]
fn an_answer_that_cannot_be_encoded_ends_its_connection_and_nothing_else() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_requests = 1);
        layer.room.broken.store(true, Ordering::SeqCst);
        for path in ["/", "/panic"] {
            let mut client = Client::connect(layer.address);
            client.send(get(&format!("{place}{path}")));
            client.ends();
        }
        layer.room.broken.store(false, Ordering::SeqCst);
        layer.is_well();
    }
}

#[test]
fn too_many_requests_are_refused_while_they_are_too_many() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_requests = 2);
        let mut inside: Vec<Client> = (0..2).map(|_| Client::connect(layer.address)).collect();
        inside.iter_mut().for_each(|client| client.send(get(&format!("{place}/wait"))));
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
}

#[test]
fn too_many_connections_are_refused_while_all_are_at_work() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_connections = 2);
        let mut inside: Vec<Client> = (0..2).map(|_| Client::connect(layer.address)).collect();
        inside.iter_mut().for_each(|client| client.send(get(&format!("{place}/wait"))));
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
}

#[test]
fn the_idlest_connection_makes_room() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_connections = 2);
        let path = format!("{place}/");
        let mut idlest = Client::connect(layer.address);
        idlest.send(get(&path));
        assert_eq!(idlest.answer().status, 200);
        let mut active = Client::connect(layer.address);
        let begun = Instant::now();
        // Idleness is measured in milliseconds.
        while begun.elapsed() < Duration::from_millis(5) {
            active.send(get(&path));
            assert_eq!(active.answer().status, 200);
        }
        layer.is_well();
        idlest.ends();
        active.send(get(&path));
        assert_eq!(active.answer().status, 200);
    }
}

#[test]
fn the_requests_of_a_connection_are_handled_one_at_a_time() {
    for place in PLACES {
        let layer = Layer::start(|_| {});
        let mut client = Client::connect(layer.address);
        client.send(get(&format!("{place}/wait")));
        layer.room.holds(1);
        let behind: Vec<_> = (0..100).map(|n| post(&format!("{place}/"), &n.to_string())).collect();
        client.send(behind.concat());
        layer.room.open();
        assert_eq!(client.answer().body, "");
        (0..100).for_each(|n| assert_eq!(client.answer().body, n.to_string()));
        assert_eq!(layer.room.most_inside.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn a_running_handler_is_waited_for_at_the_end() {
    for place in PLACES {
        let mut layer = Layer::start(|limits| {
            limits.grace = Duration::from_secs(20);
            limits.idle_timeout = Duration::from_secs(3600);
        });
        let mut inside = Client::connect(layer.address);
        inside.send(get(&format!("{place}/wait")));
        layer.room.holds(1);
        // Many, so that the one inside is hardly the last to be looked at.
        let mut idle: Vec<Client> = (0..50).map(|_| Client::connect(layer.address)).collect();
        for client in &mut idle {
            client.send(get("/"));
            assert_eq!(client.answer().status, 200);
        }
        layer.stopper.stop();
        idle.iter_mut().for_each(Client::ends);
        layer.room.open();
        let answer = inside.last_answer();
        assert_eq!((answer.status, answer.closes()), (200, true));
        assert!(layer.stop(), "all were finished");
    }
}

#[test]
fn a_running_handler_is_not_waited_for_without_end() {
    for place in PLACES {
        let mut layer = Layer::start(|limits| limits.grace = Duration::from_millis(100));
        let mut inside = Client::connect(layer.address);
        inside.send(get(&format!("{place}/wait")));
        layer.room.holds(1);
        assert!(!layer.stop(), "one was not finished");
        layer.room.open();
        assert_eq!(inside.answer().status, 200);
    }
}

#[test]
fn who_has_said_all_still_gets_his_answer() {
    for place in PLACES {
        let layer = Layer::start(|_| {});
        let mut client = Client::connect(layer.address);
        client.send(get(&format!("{place}/wait")));
        client.half_close();
        layer.room.holds(1);
        layer.room.open();
        assert_eq!(client.answer().status, 200);
        client.ends();
    }
}

#[test]
fn who_is_gone_leaves_his_place_when_his_answer_is_there() {
    for place in PLACES {
        let layer = Layer::start(|limits| limits.max_connections = 1);
        let mut gone = Client::connect(layer.address);
        gone.send(get(&format!("{place}/wait")));
        layer.room.holds(1);
        gone.reset();
        layer.room.open();
        layer.is_well();
    }
}

#[test]
fn who_waits_for_an_answer_is_not_idle() {
    for place in PLACES {
        let idle = Duration::from_millis(500);
        let layer = Layer::start(|limits| limits.idle_timeout = idle);
        let mut client = Client::connect(layer.address);
        client.send(get(&format!("{place}/wait")));
        layer.room.holds(1);
        let begun = Instant::now();
        while begun.elapsed() < idle * 3 {
            layer.is_well();
        }
        layer.room.open();
        assert_eq!(client.answer().status, 200);
        client.send(get("/"));
        assert_eq!(client.answer().status, 200);
        client.ends();
    }
}

#[test]
fn an_answer_from_elsewhere_waits_for_nobody_and_arrives_whole() {
    let layer = Layer::start(|limits| limits.write_timeout = Duration::from_secs(3600));
    let mut slow = Client::connect_narrow(layer.address);
    slow.send([get("/elsewhere/large"), post("/", "behind")].concat());
    // Whoever sent it is done with it, and nothing of it has been read.
    eventually("it is sent", || {
        layer.room.most_inside.load(Ordering::SeqCst) == 1 && layer.room.inside.load(Ordering::SeqCst) == 0
    });
    layer.is_well();
    let answer = slow.answer();
    assert!(answer.body.len() == LARGE && answer.body.bytes().all(|b| b == b'x'));
    assert_eq!(slow.answer().body, "behind");
}

#[test]
fn who_never_reads_an_answer_from_elsewhere_is_left() {
    let layer = Layer::start(|limits| limits.write_timeout = Duration::from_millis(100));
    let mut client = Client::connect_narrow(layer.address);
    client.send(get("/elsewhere/large"));
    eventually("its connection ends", || layer.connections() == 1);
}

#[test]
fn behind_an_answer_that_did_not_arrive_nothing_is_done() {
    for place in PLACES {
        let layer = Layer::start(|_| {});
        let mut gone = Client::connect_narrow(layer.address);
        gone.send([get(&format!("{place}/large")), post("/", "behind")].concat());
        eventually("it is begun", || layer.room.most_inside.load(Ordering::SeqCst) == 1);
        gone.reset();
        eventually("its connection ends", || layer.connections() == 1);
        assert_eq!(layer.room.behind.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn an_answer_that_is_read_slowly_is_whole_though_the_server_stops() {
    for place in PLACES {
        let mut layer = Layer::start(|limits| {
            limits.grace = Duration::from_secs(3600);
            limits.write_timeout = Duration::from_secs(3600);
        });
        let mut slow = Client::connect_narrow(layer.address);
        slow.send(get(&format!("{place}/late")));
        layer.room.holds(1);
        layer.stopper.stop();
        layer.room.open();
        let answer = slow.last_answer();
        assert!(answer.body.len() == LARGE && answer.closes(), "{place}");
        assert!(layer.stop(), "all were finished");
    }
}

#[test]
fn idleness_begins_with_the_answer_wherever_it_came_from() {
    for place in PLACES {
        let idle = Duration::from_secs(1);
        let layer = Layer::start(|limits| limits.idle_timeout = idle);
        let mut early = Client::connect(layer.address);
        let mut late = Client::connect(layer.address);
        early.send(get(&format!("{place}/wait")));
        let mut ask_for = |time| {
            let begun = Instant::now();
            while begun.elapsed() < time {
                late.send(get("/"));
                assert_eq!(late.answer().status, 200);
            }
        };
        ask_for(idle / 4);
        layer.room.open();
        assert_eq!(early.answer().status, 200);
        ask_for(idle / 2);
        late.ends();
        early.stream.set_nonblocking(true).unwrap();
        assert_eq!(early.stream.peek(&mut [0]).unwrap(), 0, "{place}: it outlived one that was idle later");
    }
}
