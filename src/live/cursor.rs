//! The cursor of a listener: the event that it has seen last, by its place and its fingerprint, as `340-9f86d081884c7d65`. By
//! the fingerprint a log that was restored from a backup, and has come as far again by other events, is told from this one.

use std::{fmt, str::FromStr};

use crate::store::log_place::{Fingerprint, LogPlace};

/// Everything up to this event was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The place of the event; 0 before the first.
    pub sequencia: i64,
    /// Which event that was; `None` where a person has typed a number.
    pub event: Option<Fingerprint>,
}

impl From<LogPlace> for Cursor {
    fn from(place: LogPlace) -> Cursor {
        Cursor { sequencia: place.next_sequencia - 1, event: Some(place.last) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.event {
            Some(Fingerprint(event)) => write!(f, "{}-{event:016x}", self.sequencia),
            None => write!(f, "{}", self.sequencia),
        }
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Cursor, ()> {
        let (sequencia, event) = match text.split_once('-') {
            Some((sequencia, event)) => (sequencia, Some(u64::from_str_radix(event, 16).map_err(|_| ())?)),
            None => (text, None),
        };
        let sequencia = sequencia.parse().ok().filter(|sequencia: &i64| *sequencia >= 0).ok_or(())?;
        Ok(Cursor { sequencia, event: event.map(Fingerprint) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let place = LogPlace { next_sequencia: 341, last: Fingerprint(0x9f86) };
        let cursor = Cursor::from(place);
        assert_eq!(cursor.to_string(), "340-0000000000009f86");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("340".parse(), Ok(Cursor { sequencia: 340, event: None }));
        for wrong in ["", "-1", "-", "340-", "340-x", "ontem", "340-0-0", "340-123456789abcdef01", " 340"] {
            assert_eq!(wrong.parse::<Cursor>(), Err(()), "{wrong}");
        }
    }
}
