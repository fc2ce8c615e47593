//! One record as one line: as text, the format of `env_logger`, or as a JSON object.
//!
//! Invariants: a line ends with its only newline, except that text of several lines goes on indented by four spaces; in JSON
//! nothing that a terminal or a reader could take for something else stands unescaped. A request line is known by its
//! shape (`client method path status 12us 34B id`), which the server writes and `tests/api/log.rs` holds it to: its
//! parts become fields.

use std::{
    cell::Cell,
    fmt,
    io::Write as _,
    net::IpAddr,
    str::FromStr,
    time::{Duration, SystemTime},
};

use log::Level;

use crate::domain::texto;

/// `LOG_FORMAT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `[2026-11-29T09:42:11Z INFO ] message`
    Text,
    /// `{"timestamp":"2026-11-29T09:42:11.123Z","level":"INFO","message":"message"}`
    Json,
}

impl FromStr for Format {
    type Err = ();

    fn from_str(name: &str) -> Result<Format, ()> {
        match name {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            _ => Err(()),
        }
    }
}

impl Format {
    /// Appends the line, with its newline, to `out`.
    pub fn write(self, out: &mut Vec<u8>, level: Level, message: fmt::Arguments<'_>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match self {
            Format::Text => text(out, now, level, message),
            Format::Json => json(out, now, level, message),
        }
    }
}

fn text(out: &mut Vec<u8>, now: Duration, level: Level, message: fmt::Arguments<'_>) {
    out.push(b'[');
    out.extend_from_slice(&second(now));
    let level = match level {
        Level::Error => "Z ERROR] ",
        Level::Warn => "Z WARN ] ",
        Level::Info => "Z INFO ] ",
        Level::Debug => "Z DEBUG] ",
        Level::Trace => "Z TRACE] ",
    };
    out.extend_from_slice(level.as_bytes());
    let start = out.len();
    let _ = out.write_fmt(message);
    if out[start..].contains(&b'\n') {
        let lines: Vec<&[u8]> = out[start..].split(|b| *b == b'\n').collect();
        let indented = lines.join(&b"\n    "[..]);
        out.truncate(start);
        out.extend_from_slice(&indented);
    }
    out.push(b'\n');
}

fn json(out: &mut Vec<u8>, now: Duration, level: Level, message: fmt::Arguments<'_>) {
    let message = message.to_string();
    out.extend_from_slice(b"{\"timestamp\":\"");
    out.extend_from_slice(&second(now));
    let _ = write!(out, ".{:03}Z\",\"level\":\"{level}\",\"message\":", now.subsec_millis());
    if let Some(request) = RequestLine::parse(&message) {
        let RequestLine { client, method, path, status, took_us, bytes, id, note } = request;
        string(out, &format!("{method} {path} {status}{note}"));
        let _ = write!(out, ",\"client\":\"{client}\",\"method\":");
        string(out, method);
        out.extend_from_slice(b",\"path\":");
        string(out, path);
        let _ = write!(out, ",\"status\":{status},\"took_us\":{took_us},\"bytes\":{bytes},\"request_id\":");
        string(out, id);
    } else {
        string(out, &message);
    }
    out.extend_from_slice(b"}\n");
}

thread_local! {
    /// A second since the epoch, and its text. Without it a line costs a calendar.
    static SECOND: Cell<(u64, [u8; 19])> = const { Cell::new((u64::MAX, *b"1970-01-01T00:00:00")) };
}

/// Date and time in UTC without the zone.
fn second(now: Duration) -> [u8; 19] {
    let seconds = now.as_secs();
    let format = || {
        let mut text = *b"1970-01-01T00:00:00";
        if let Ok(time) = jiff::Timestamp::from_second(seconds as i64) {
            let _ = write!(&mut text[..], "{time:.0}");
        }
        text
    };
    let cached = SECOND.try_with(|cache| {
        if cache.get().0 != seconds {
            cache.set((seconds, format()));
        }
        cache.get().1
    });
    cached.unwrap_or_else(|_| format())
}

/// Appends a JSON string.
fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let special = |c: char| match c {
        ' '..='~' => matches!(c, '"' | '\\'),
        _ => c.is_control() || texto::is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}'),
    };
    let mut plain = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| special(*c)) {
        out.extend_from_slice(&text.as_bytes()[plain..at]);
        plain = at + c.len_utf8();
        if c.is_ascii() && !c.is_control() {
            out.extend_from_slice(&[b'\\', c as u8]);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

struct RequestLine<'a> {
    client: IpAddr,
    method: &'a str,
    path: &'a str,
    status: u16,
    took_us: u64,
    bytes: u64,
    id: &'a str,
    /// With the space before it, or empty.
    note: &'a str,
}

impl RequestLine<'_> {
    /// `None` where any part is missing or of another kind.
    fn parse(message: &str) -> Option<RequestLine<'_>> {
        let mut rest = message;
        let mut part = || {
            let (part, after) = rest.split_once(' ')?;
            rest = after;
            Some(part)
        };
        let client = part()?.parse().ok()?;
        let (method, path) = (part()?, part()?);
        let status = part()?.parse().ok()?;
        let took_us = part()?.strip_suffix("us")?.parse().ok()?;
        let bytes = part()?.strip_suffix('B')?.parse().ok()?;
        let (id, note) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        Some(RequestLine { client, method, path, status, took_us, bytes, id, note })
    }
}

#[cfg(test)]
mod tests {
    use log::{Log, Record};
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_millis(1_795_945_331_042);

    fn line(format: fn(&mut Vec<u8>, Duration, Level, fmt::Arguments<'_>), message: &str) -> String {
        let mut out = Vec::new();
        format(&mut out, NOW, Level::Info, format_args!("{message}"));
        String::from_utf8(out).unwrap()
    }

    fn object(message: &str) -> serde_json::Value {
        serde_json::from_str(&line(json, message)).unwrap()
    }

    #[test]
    fn text_is_as_it_was() {
        assert_eq!(line(text, "a \"b\""), "[2026-11-29T09:42:11Z INFO ] a \"b\"\n");
        assert_eq!(line(text, "a\nb\n"), "[2026-11-29T09:42:11Z INFO ] a\n    b\n    \n");
        let later = NOW + Duration::from_secs(1);
        let mut out = Vec::new();
        text(&mut out, later, Level::Error, format_args!("{}", 1));
        assert_eq!(out, b"[2026-11-29T09:42:12Z ERROR] 1\n");
    }

    /// A pipe for `env_logger`.
    #[derive(Clone, Default)]
    struct Pipe(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn text_is_the_format_of_env_logger() {
        let pipe = Pipe::default();
        let theirs = env_logger::Builder::new()
            .filter_level(log::LevelFilter::Trace)
            .format_target(false)
            .format_timestamp(None)
            .target(env_logger::Target::Pipe(Box::new(pipe.clone())))
            .build();
        for level in Level::iter() {
            for message in ["", "a", "a\nb", "\n", "é \u{202e}"] {
                theirs.log(&Record::builder().level(level).args(format_args!("{message}")).build());
                let theirs = String::from_utf8(mem_take(&pipe)).unwrap();
                let mut ours = Vec::new();
                text(&mut ours, NOW, level, format_args!("{message}"));
                let ours = String::from_utf8(ours).unwrap();
                assert_eq!(ours.replacen("2026-11-29T09:42:11Z ", "", 1), theirs);
            }
        }
    }

    fn mem_take(pipe: &Pipe) -> Vec<u8> {
        std::mem::take(&mut *pipe.0.lock().unwrap())
    }

    #[test]
    fn a_request_line_has_fields() {
        assert_eq!(
            line(json, "::1 GET /a\\u{202e}b 404 120us 34B 0f8a (client gone)"),
            "{\"timestamp\":\"2026-11-29T09:42:11.042Z\",\"level\":\"INFO\",\
             \"message\":\"GET /a\\\\u{202e}b 404 (client gone)\",\"client\":\"::1\",\"method\":\"GET\",\
             \"path\":\"/a\\\\u{202e}b\",\"status\":404,\"took_us\":120,\"bytes\":34,\"request_id\":\"0f8a\"}\n"
        );
        let plain = object("127.0.0.1 - - 503 0us 9B id");
        assert_eq!((&plain["status"], &plain["request_id"]), (&503.into(), &"id".into()));
        for other in
            ["", "127.0.0.1 GET / 200 1us 2B", "x GET / 200 1us 2B id", "127.0.0.1 GET / 200 1ms 2B id"]
        {
            assert!(object(other)["status"].is_null(), "{other}");
            assert_eq!(object(other)["message"], other);
        }
    }

    proptest! {
        #[test]
        fn json_is_one_visible_line_that_gives_the_message_back(message in any::<String>()) {
            let line = line(json, &message);
            let inner = line.strip_suffix('\n').unwrap();
            prop_assert!(inner.chars().all(|c| !c.is_control() && !texto::is_invisible(c)));
            let object: serde_json::Value = serde_json::from_str(inner).unwrap();
            prop_assert_eq!(&object["message"], &message);
        }
    }
}
