//! `ambrosia saude`: asks the process that runs on this host whether it is ready, for a health check inside an image that has
//! no shell and no curl. Tested by `tests/binary.rs`.

use std::{
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

/// For the connection, and for each read and write.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of an answer at most.
const ANSWER_MAX: u64 = 64 * 1024;

/// Asks `/readyz` of the process that answers it on `host` and `port`, as they are configured. The error is one line: that
/// there is no answer, or what the process says is wrong.
pub fn ask(host: &str, port: u16) -> Result<(), String> {
    if port == 0 {
        return Err("port 0 is any that was free: nobody knows which the process took".into());
    }
    // What listens on every address is reached on this one.
    let host = match host {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        one => one,
    };
    let answer = get(host, port).map_err(|e| format!("no answer from {host}:{port}: {e}"))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(()) } else { Err(format!("not ready: {}", fault(&answer))) }
}

fn get(host: &str, port: u16) -> std::io::Result<String> {
    let address =
        (host, port).to_socket_addrs()?.next().ok_or_else(|| std::io::Error::other("no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The checks that fail, out of the problem document; or the status line of something else that listens there.
fn fault(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let problem: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let faults: Vec<String> = problem["erros"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| Some(format!("{}: {}", e["campo"].as_str()?, e["mensagem"].as_str()?)))
        .collect();
    if faults.is_empty() { head.lines().next().unwrap_or_default().to_owned() } else { faults.join("; ") }
}
