//! Bodies in chunks (RFC 9112, section 7.1), read strictly. Tested below and by `tests/hostile/bodies.rs`.

use super::{head::head_length, refusal::Refusal};

/// Bytes of a hexadecimal size, its extensions and the line end.
const LINE_BYTES: usize = 256;
/// Bytes of all trailers.
const TRAILERS_BYTES: usize = 1024;

/// What stands next in a chunked body; `skip` bytes of framing come before it.
pub enum Chunk {
    /// So many bytes of content, and a line end.
    Data { skip: usize, length: usize },
    /// Nothing more.
    End { skip: usize },
}

/// What stands at the start of `rest`: a chunk, or the end with its trailers, which are dropped; `None` if
/// more is needed.
pub fn next_chunk(rest: &[u8]) -> Result<Option<Chunk>, Refusal> {
    const MALFORMED: Refusal = Refusal::ChunksMalformed;
    let Some(line_end) = rest.iter().position(|b| *b == b'\n') else {
        return if rest.len() > LINE_BYTES { Err(MALFORMED) } else { Ok(None) };
    };
    let line = rest[..line_end].strip_suffix(b"\r").filter(|l| l.len() <= LINE_BYTES).ok_or(MALFORMED)?;
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let extension = &line[digits..];
    let plain = extension.iter().all(|b| *b == b'\t' || !b.is_ascii_control());
    if digits == 0 || digits > 15 || !plain || !(extension.is_empty() || extension.starts_with(b";")) {
        return Err(MALFORMED);
    }
    let size = std::str::from_utf8(&line[..digits]).ok().and_then(|d| usize::from_str_radix(d, 16).ok());
    let skip = line_end + 1;
    match size.ok_or(MALFORMED)? {
        0 => trailers_end(&rest[skip..]).map(|end| end.map(|n| Chunk::End { skip: skip + n })),
        length => Ok(Some(Chunk::Data { skip, length })),
    }
}

fn trailers_end(rest: &[u8]) -> Result<Option<usize>, Refusal> {
    if rest.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    // Behind the trailers may be the next requests.
    let within = &rest[..rest.len().min(TRAILERS_BYTES)];
    let Some(end) = head_length(within, &mut 0)? else {
        let all_seen = rest.len() < TRAILERS_BYTES;
        let too_large = Refusal::TrailersTooLarge;
        return if all_seen { Ok(None) } else { Err(too_large) };
    };
    // A line of them has four bytes at least.
    match httparse::parse_headers(&within[..end], &mut [httparse::EMPTY_HEADER; TRAILERS_BYTES / 4]) {
        Ok(httparse::Status::Complete((length, _))) if length == end => Ok(Some(end)),
        _ => Err(Refusal::ChunksMalformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Option<Option<(usize, usize)>> {
        match next_chunk(bytes) {
            Ok(Some(Chunk::Data { skip, length })) => Some(Some((skip, length))),
            Ok(Some(Chunk::End { skip })) => Some(Some((skip, 0))),
            Ok(None) => Some(None),
            Err(_) => None,
        }
    }

    #[test]
    fn sizes_are_plain_hexadecimal() {
        assert_eq!(read(b"a\r\n"), Some(Some((3, 10))));
        assert_eq!(read(b"1A;x=y\r\n"), Some(Some((8, 26))));
        assert_eq!(read(b"0\r\n\r\n"), Some(Some((5, 0))));
        assert_eq!(read(b"0\r\nX: y\r\n\r\n"), Some(Some((11, 0))));
        for more in ["", "a", "a\r", "0\r\n", "0\r\nX: y\r\n"] {
            assert_eq!(read(more.as_bytes()), Some(None), "{more:?}");
        }
        for bad in [
            "\r\n",
            "-1\r\n",
            "+1\r\n",
            "0x5\r\n",
            "g\r\n",
            "1 \r\n",
            "1\n",
            "ffffffffffffffff\r\n",
            "0\r\n X\r\n\r\n",
        ] {
            assert_eq!(read(bad.as_bytes()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = next_chunk(&bytes);
        }
    }
}
