//! A client that says exactly the bytes it is told to, and holds every answer against what all answers must have.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, SockRef, Socket, Type};

use crate::{deadline::DEADLINE, process::Process};

pub struct Client {
    pub stream: TcpStream,
    /// What came and was not yet taken as an answer is `received[taken..]`.
    received: Vec<u8>,
    taken: usize,
    pub was_reset: bool,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

pub fn post(path: &str, body: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).unwrap())
    }

    /// Takes small packets and few of them, so that who sends to it soon has to wait.
    pub fn connect_narrow(address: SocketAddr) -> Client {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.set_tcp_mss(536).unwrap();
        socket.connect(&address.into()).unwrap();
        Client::over(socket.into())
    }

    fn over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Client { stream, received: Vec::new(), taken: 0, was_reset: false }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The server may refuse and close before it has all: that is for the answer to tell.
    pub fn offer(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// So that the server reads each byte on its own.
    pub fn offer_each_byte(&mut self, bytes: &[u8], server: &Process) {
        for byte in bytes {
            self.offer([*byte]);
            server.rests();
        }
    }

    pub fn half_close(&mut self) {
        // It fails if the server was quicker to close.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends with a reset instead of the usual goodbye.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    pub fn answer(&mut self) -> Answer {
        self.next(false).expect("the connection was closed and an answer was due")
    }

    pub fn answer_to_head(&mut self) -> Answer {
        self.next(true).expect("the connection was closed and an answer was due")
    }

    /// The connection ends here, with no byte more and no reset.
    pub fn ends(&mut self) {
        let more = self.next(false);
        assert!(more.is_none(), "an answer too many: {more:?}");
        assert!(!self.was_reset, "the connection was reset");
    }

    /// The only answer that is still to come, which must announce the end of the connection.
    pub fn last_answer(&mut self) -> Answer {
        let answer = self.answer();
        assert!(answer.closes(), "the close was not announced: {answer:?}");
        self.ends();
        answer
    }

    /// The next answer; `None` when the server closed instead.
    pub fn next(&mut self, to_head: bool) -> Option<Answer> {
        loop {
            if let Some((answer, length)) = parse(&self.received[self.taken..], to_head) {
                self.taken += length;
                return Some(answer);
            }
            if !self.fill() {
                let left = String::from_utf8_lossy(&self.received[self.taken..]);
                assert!(left.is_empty(), "the connection ended inside an answer: {left:?}");
                return None;
            }
        }
    }

    /// Whether the connection ends inside an answer.
    pub fn breaks_off(&mut self) -> bool {
        while self.fill() {
            if parse(&self.received, false).is_some() {
                return false;
            }
        }
        true
    }

    fn fill(&mut self) -> bool {
        self.received.drain(..self.taken);
        self.taken = 0;
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(n) => {
                self.received.extend_from_slice(&buffer[..n]);
                n > 0
            }
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => {
                self.was_reset = true;
                false
            }
            Err(e) => panic!("nothing within {DEADLINE:?}: {e}"),
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.as_str())
    }

    pub fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }

    fn count(&self, name: &str) -> usize {
        self.headers.iter().filter(|h| h.0.eq_ignore_ascii_case(name)).count()
    }

    fn has_what_all_have(&self) {
        let has_length = !matches!(self.status, 204 | 304);
        assert_eq!(self.count("content-length"), usize::from(has_length), "{self:?}");
        assert_eq!(self.count("transfer-encoding"), 0, "{self:?}");
        assert_eq!(self.count("date"), 1, "{self:?}");
        assert!(self.header("date").is_some_and(|d| httpdate::parse_http_date(d).is_ok()), "{self:?}");
        assert_eq!(self.count("x-request-id"), 1, "{self:?}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self:?}");
        assert!(self.count("connection") <= 1, "{self:?}");
        if self.status == 503 {
            assert_eq!(self.count("retry-after"), 1, "{self:?}");
        }
    }
}

/// The answer at the start of `bytes` and its length, once it is all there.
fn parse(bytes: &[u8], to_head: bool) -> Option<(Answer, usize)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return None,
        Err(e) => panic!("this is no answer: {e}: {:?}", String::from_utf8_lossy(bytes)),
    };
    assert_eq!(response.version, Some(1));
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let headers = response.headers.iter().map(|h| (h.name.to_owned(), text(h.value))).collect();
    let mut answer = Answer { status: response.code.unwrap(), headers, body: String::new() };
    if answer.status == 100 {
        assert!(answer.headers.is_empty(), "{answer:?}");
        return Some((answer, head));
    }
    answer.has_what_all_have();
    let length = answer.header("content-length").map_or(0, |l| l.parse().unwrap());
    let length: usize = if to_head { 0 } else { length };
    answer.body = text(bytes.get(head..head + length)?);
    Some((answer, head + length))
}
