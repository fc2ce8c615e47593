//! Reads one HTTP request and writes its response directly on the socket, which the injected faults need.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

pub struct Call {
    pub method: String,
    pub path: String,
    pub query: HashMap<String, String>,
    pub token: String,
    pub key: Option<String>,
    pub body: String,
}

/// Reads one request; `None` when the connection has none.
pub fn read(stream: &TcpStream) -> io::Result<Option<Call>> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.by_ref().take(16_384).read_line(&mut first)?;
    let mut words = first.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (mut length, mut token, mut key) = (0, String::new(), None);
    loop {
        let mut line = String::new();
        reader.by_ref().take(16_384).read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => token = value.trim().to_owned(),
            "x-idempotency-key" => key = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Call {
        method: method.to_owned(),
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        token,
        key,
        body: String::from_utf8_lossy(&body).into_owned(),
    }))
}

pub fn write(mut stream: &TcpStream, status: u16, kind: &str, body: &str) -> io::Result<()> {
    let more = match status {
        303 => "Location: /\r\n",
        429 => "Retry-After: 1\r\n",
        _ => "",
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
