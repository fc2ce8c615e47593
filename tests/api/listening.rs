//! The harness for live streams: one that listens as a browser does (`EventSource`), and remembers what it has seen last.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

/// A server-sent event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub id: Option<String>,
    pub name: String,
    pub data: Value,
}

/// A stream that is open.
pub struct Listener {
    reader: BufReader<Body>,
    pub status: u16,
    pub head: String,
    /// As a browser would send it when it comes back; empty where everything begins anew.
    pub last_id: String,
    /// What `retry` said last, in milliseconds.
    pub retry: Option<u64>,
}

/// The payload of a chunked body.
struct Body {
    stream: BufReader<TcpStream>,
    left: usize,
    chunked: bool,
    ended: bool,
}

impl Listener {
    /// Sends the request and reads the head of the answer.
    pub fn open(url: &str, path: &str, headers: &[(&str, &str)]) -> Listener {
        Listener::try_open(url, path, headers).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    pub fn try_open(url: &str, path: &str, headers: &[(&str, &str)]) -> std::io::Result<Listener> {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://"))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n");
        headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
        stream.write_all(format!("{request}\r\n").as_bytes())?;
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(ErrorKind::InvalidData)?;
        let chunked = head.contains("chunked");
        let body = Body { stream, left: 0, chunked, ended: false };
        Ok(Listener { reader: BufReader::new(body), status, head, last_id: String::new(), retry: None })
    }

    /// The next event; `None` where the stream ended in good order. An error where the connection broke.
    pub fn try_next(&mut self) -> std::io::Result<Option<Event>> {
        let (mut event, mut any) = (Event::default(), false);
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end_matches('\n');
            let (field, value) = line.split_once(": ").unwrap_or((line, ""));
            match field {
                "" if any => return Ok(Some(event)),
                "" => {}
                "id" => {
                    self.last_id = value.to_owned();
                    event.id = Some(value.to_owned());
                }
                "event" => (event.name, any) = (value.to_owned(), true),
                "data" => (event.data, any) = (serde_json::from_str(value).unwrap(), true),
                "retry" => self.retry = value.parse().ok(),
                _ => panic!("a line that is no field: {line:?}"),
            }
        }
    }

    /// The next event that is no pulse.
    pub fn news(&mut self) -> Event {
        loop {
            let event = self.try_next().unwrap().expect("the stream has ended");
            if event.name != "pulso" {
                return event;
            }
        }
    }

    /// The next event of this name.
    pub fn next_named(&mut self, name: &str) -> Event {
        loop {
            let event = self.try_next().unwrap().expect("the stream has ended");
            if event.name == name {
                return event;
            }
        }
    }

    /// Reads to the end, which must come in good order; gives what came before it.
    pub fn rest(&mut self) -> Vec<Event> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut events = Vec::new();
        while let Some(event) = self.try_next().unwrap() {
            assert!(Instant::now() < deadline, "the stream does not end");
            events.push(event);
        }
        events
    }

    /// The whole body of an answer that is no stream.
    pub fn problem(self) -> Value {
        let length = self.head.to_lowercase().split("content-length: ").nth(1).map(|s| s.to_owned());
        let length: usize = length.unwrap().split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        let mut reader = self.reader;
        reader.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

impl Read for Body {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if !self.chunked {
            return self.stream.read(out);
        }
        if self.left == 0 && !self.ended {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.left = usize::from_str_radix(line.trim_end(), 16).map_err(|_| ErrorKind::InvalidData)?;
            if self.left == 0 {
                self.ended = true;
                self.stream.read_line(&mut line)?;
            }
        }
        if self.ended {
            return Ok(0);
        }
        let room = out.len().min(self.left);
        let read = self.stream.read(&mut out[..room])?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        if self.left == 0 {
            let mut end = [0; 2];
            self.stream.read_exact(&mut end)?;
        }
        Ok(read)
    }
}
