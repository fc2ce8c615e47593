//! Answers without an end: the connection's thread lets go of the socket, and whichever thread holds the
//! stream feeds it, waits for nobody, and is told of clients that are slow or gone. The server alone, with
//! a hub made for it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ambrosia::{
    config::Config,
    server::{
        Answer, Deferred, Delivery, Frame, Handler, Limits, Load, Lost, Request, Response, Server, Stopper,
        Stream,
    },
};

use crate::{
    deadline::{DEADLINE, eventually},
    wire::{Client, get},
};

/// Holds the streams of `/events`; all else is answered with how busy the server is.
#[derive(Default)]
struct Hub {
    streams: Mutex<Vec<Stream>>,
    load: Mutex<Load>,
}

struct Listening(Arc<Hub>);

impl Handler for Listening {
    fn handle(&self, request: &Request<'_>) -> Answer {
        let hub = self.0.clone();
        let stream =
            Response::stream("text/event-stream", move |stream| hub.streams.lock().unwrap().push(stream));
        match request.raw_path {
            "/events" => stream.into(),
            "/deferred" => Deferred::new(|responder| responder.send(stream)).into(),
            _ => {
                *self.0.load.lock().unwrap() = request.load;
                Response::new(200, "text/plain", "well").into()
            }
        }
    }
}

impl Hub {
    /// What became of this frame at each client.
    fn send(&self, frame: &Frame) -> Vec<Result<Delivery, Lost>> {
        self.streams.lock().unwrap().iter_mut().map(|stream| stream.send(frame)).collect()
    }

    fn holds(&self, count: usize) {
        eventually("they listen", || self.streams.lock().unwrap().len() == count);
    }
}

struct Layer {
    address: SocketAddr,
    hub: Arc<Hub>,
    stopper: Stopper,
    running: Option<JoinHandle<bool>>,
}

impl Layer {
    fn start(limit: impl FnOnce(&mut Limits)) -> Layer {
        let mut limits = Config::read(&|_| None).ok().unwrap().limits;
        limit(&mut limits);
        let hub = Arc::new(Hub::default());
        let server = Server::bind("127.0.0.1", 0, limits, Box::new(Listening(hub.clone()))).unwrap();
        let (address, stopper) = (server.address().unwrap(), server.stopper().unwrap());
        Layer { address, hub, stopper, running: Some(thread::spawn(|| server.run())) }
    }

    /// The head, up to the empty line, of one that begins to listen.
    fn listen(&self, request: &str) -> (TcpStream, String) {
        let mut client = TcpStream::connect(self.address).unwrap();
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        client.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        (client, String::from_utf8(head).unwrap())
    }

    /// What the server says of itself.
    fn load(&self) -> Load {
        let mut client = Client::connect(self.address);
        client.send(get("/"));
        assert_eq!(client.answer().body, "well");
        *self.hub.load.lock().unwrap()
    }

    fn stop(&mut self) -> bool {
        self.stopper.stop();
        self.running.take().unwrap().join().unwrap()
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.stop();
        }
    }
}

const LISTEN: &str = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn frames_arrive_in_their_order_and_the_end_is_told() {
    let layer = Layer::start(|_| {});
    let (mut client, head) = layer.listen(LISTEN);
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("\r\nTransfer-Encoding: chunked\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nConnection: close\r\n") && !head.contains("Content-Length"), "{head}");
    layer.hub.holds(1);
    for n in 0..1000 {
        assert_eq!(layer.hub.send(&Frame::new(format!("{n}\n").as_bytes())), [Ok(Delivery::Complete)]);
    }
    let stream = layer.hub.streams.lock().unwrap().pop().unwrap();
    stream.finish(Some(&Frame::new(b"end\n")));
    let mut body = String::new();
    client.read_to_string(&mut body).unwrap();
    let chunk = |payload: String| format!("{:x}\r\n{payload}\r\n", payload.len());
    let expected: String = (0..1000).map(|n| chunk(format!("{n}\n"))).collect();
    assert_eq!(body, expected + &chunk("end\n".into()) + "0\r\n\r\n");
}

#[test]
fn http_1_0_gets_the_payload_alone() {
    let layer = Layer::start(|_| {});
    let (mut client, head) = layer.listen("GET /events HTTP/1.0\r\n\r\n");
    assert!(!head.contains("chunked"), "{head}");
    layer.hub.holds(1);
    layer.hub.send(&Frame::new(b"one\n"));
    layer.hub.streams.lock().unwrap().pop().unwrap().finish(None);
    let mut body = String::new();
    client.read_to_string(&mut body).unwrap();
    assert_eq!(body, "one\n");
}

#[test]
fn a_head_alone_leaves_the_connection_as_it_is() {
    let layer = Layer::start(|_| {});
    let mut client = TcpStream::connect(layer.address).unwrap();
    client.set_read_timeout(Some(DEADLINE)).unwrap();
    client
        .write_all(
            b"HEAD /events HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
    assert!(answers.ends_with("well"));
    layer.hub.holds(0);
}

#[test]
fn a_deferred_stream_is_refused() {
    let layer = Layer::start(|_| {});
    let mut client = Client::connect(layer.address);
    client.send(get("/deferred"));
    assert_eq!(client.answer().status, 500);
    client.send(get("/"));
    assert_eq!(client.answer().body, "well");
}

#[test]
fn a_stream_takes_no_place_of_a_connection_and_no_thread() {
    const LISTENERS: usize = 20;
    let layer = Layer::start(|limits| {
        limits.max_connections = 2;
        limits.max_requests = 2;
        limits.idle_timeout = Duration::from_millis(100);
    });
    let clients: Vec<_> = (0..LISTENERS).map(|_| layer.listen(LISTEN).0).collect();
    layer.hub.holds(LISTENERS);
    eventually("their threads are free", || layer.load().connections == 1);
    let load = layer.load();
    assert_eq!((load.streams, load.running), (LISTENERS, 0));
    // Longer than an idle connection would live.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(300) {
        layer.load();
    }
    assert!(layer.hub.send(&Frame::new(b"x")).iter().all(|sent| *sent == Ok(Delivery::Complete)));
    // What a client says meanwhile holds nothing.
    for mut client in &clients {
        client.write_all(LISTEN.as_bytes()).unwrap();
    }
    assert!(layer.hub.streams.lock().unwrap().iter().all(Stream::is_open));
    layer.hub.streams.lock().unwrap().clear();
    assert_eq!(layer.load().streams, 0);
    for mut client in clients {
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"1\r\nx\r\n", "the end is not told where there is none");
    }
}

#[test]
fn one_that_reads_slowly_is_behind_and_then_lost_and_keeps_nothing_from_the_others() {
    let layer = Layer::start(|_| {});
    let mut slow = Client::connect_narrow(layer.address);
    slow.send(LISTEN);
    layer.hub.holds(1);
    let (mut quick, _) = layer.listen(LISTEN);
    layer.hub.holds(2);
    let reading = thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        let mut total = 0;
        while let Ok(n @ 1..) = quick.read(&mut buffer) {
            total += n;
        }
        total
    });
    let frame = Frame::new(&[b'x'; 16 * 1024]);
    let (mut sent, mut was_behind) = (0, false);
    let lost = loop {
        let results = layer.hub.send(&frame);
        sent += 1;
        // Whatever the slow one does, the other is served; should its thread be late, it catches up.
        eventually("the quick one has it", || {
            layer.hub.streams.lock().unwrap()[1].flush() == Ok(Delivery::Complete)
        });
        match results[0] {
            Ok(Delivery::Complete) => assert!(!was_behind),
            Ok(Delivery::Behind(_)) => was_behind = true,
            Err(lost) => break lost,
        }
    };
    assert_eq!((lost, was_behind), (Lost::Slow, true));
    layer.hub.streams.lock().unwrap().clear();
    assert_eq!(reading.join().unwrap(), sent * (16 * 1024 + "4000\r\n\r\n".len()));
}

/// A container pays for what the kernel holds for clients that do not read.
#[test]
fn the_kernel_holds_little_of_a_stream() {
    let layer = Layer::start(|_| {});
    let mut client = Client::connect_narrow(layer.address);
    client.send(LISTEN);
    layer.hub.holds(1);
    let frame = Frame::new(&[b'x'; 4096]);
    let mut frames = 0;
    while layer.hub.send(&frame) == [Ok(Delivery::Complete)] {
        frames += 1;
    }
    assert!(frames * 4 <= 64, "{} KiB", frames * 4);
}

#[test]
fn one_that_is_gone_is_noticed() {
    let layer = Layer::start(|_| {});
    let (client, _) = layer.listen(LISTEN);
    layer.hub.holds(1);
    drop(client);
    eventually("its end is seen", || !layer.hub.streams.lock().unwrap()[0].is_open());
    let frame = Frame::new(b"x");
    eventually("sending fails", || layer.hub.send(&frame) == [Err(Lost::Gone)]);
}

#[test]
fn a_server_that_stops_cuts_off_what_is_left_and_waits_for_no_stream() {
    let mut layer = Layer::start(|limits| limits.grace = Duration::from_secs(3600));
    let (mut client, _) = layer.listen(LISTEN);
    layer.hub.holds(1);
    layer.hub.send(&Frame::new(b"last"));
    assert!(layer.stop(), "no request was given up");
    let mut rest = String::new();
    client.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "4\r\nlast\r\n");
    assert_eq!(layer.hub.send(&Frame::new(b"x")), [Err(Lost::Gone)]);
}
