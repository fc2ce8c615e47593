//! The client of a request: the address of the connection, or what a trusted proxy says of it in
//! `Forwarded` (RFC 7239) or `X-Forwarded-For`. Tested below and by `tests/api/client_address.rs`.
//!
//! Each proxy appends to the right, so the list is read from there: an entry counts if everything to its
//! right is a trusted proxy, and the first that is none is the client. What a client makes up stands to its
//! left and is not read. An entry that is no address (`unknown`, an obfuscated name, garbage) ends the walk
//! at the last address that is known for certain. Where both headers stand and disagree, one of them may
//! have passed through a proxy that does not know it: neither counts.

use std::{
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// The proxies whose headers count; by default none.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Block>);

/// Addresses that have the first `bits` in common. An IPv4 block holds no IPv6 address, and the reverse.
#[derive(Clone, Copy, Debug)]
struct Block {
    network: IpAddr,
    bits: u32,
}

impl Proxies {
    /// The client behind `connection`. The headers are the values of each line, in the order in which they
    /// came.
    pub fn client<'a>(
        &self,
        connection: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
        x_forwarded_for: impl DoubleEndedIterator<Item = &'a [u8]>,
    ) -> IpAddr {
        if !self.contain(connection) {
            return connection;
        }
        let standard = self.walk(connection, forwarded, element);
        let common = self.walk(connection, x_forwarded_for, node);
        match (standard, common) {
            (Some(one), Some(other)) if one != other => connection,
            (standard, common) => standard.or(common).unwrap_or(connection),
        }
    }

    /// Whether a trusted proxy says that the client speaks TLS. One word of many is enough: behind the proxy that ends TLS
    /// others may say what they see themselves. A client that makes it up fools nobody but itself.
    pub fn say_https<'a>(
        &self,
        connection: IpAddr,
        forwarded: impl Iterator<Item = &'a [u8]>,
        x_forwarded_proto: impl Iterator<Item = &'a [u8]>,
    ) -> bool {
        let is = |text: &[u8], word: &str| text.trim_ascii().eq_ignore_ascii_case(word.as_bytes());
        let mut standard = forwarded.flat_map(|line| line.split(|b| b",;".contains(b)));
        let mut common = x_forwarded_proto.flat_map(|line| line.split(|b| *b == b','));
        self.contain(connection)
            && (standard.any(|pair| is(pair, "proto=https") || is(pair, "proto=\"https\""))
                || common.any(|word| is(word, "https")))
    }

    /// `None` where there is no such header.
    fn walk<'a>(
        &self,
        connection: IpAddr,
        lines: impl DoubleEndedIterator<Item = &'a [u8]>,
        parse: fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut known = None;
        for line in lines.rev() {
            known = known.or(Some(connection));
            for entry in line.rsplit(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|e| !e.is_empty()) {
                let Some(address) = std::str::from_utf8(entry).ok().and_then(parse) else { return known };
                known = Some(address);
                if !self.contain(address) {
                    return known;
                }
            }
        }
        known
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.contains(address))
    }
}

impl FromStr for Proxies {
    type Err = ();

    /// Addresses and CIDR blocks, separated by commas.
    fn from_str(list: &str) -> Result<Proxies, ()> {
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(str::parse).collect::<Result<_, _>>().map(Proxies)
    }
}

impl Block {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (a.to_bits() ^ b.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                (a.to_bits() ^ b.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Block {
    type Err = ();

    fn from_str(text: &str) -> Result<Block, ()> {
        let (network, bits) = match text.split_once('/') {
            None => (text, None),
            Some((network, bits)) if bits.bytes().all(|b| b.is_ascii_digit()) => {
                (network, Some(bits.parse::<u32>().map_err(drop)?))
            }
            Some(_) => return Err(()),
        };
        let written: IpAddr = network.parse().map_err(drop)?;
        let (network, width) = (written.to_canonical(), if written.is_ipv4() { 32 } else { 128 });
        let bits = bits.unwrap_or(width);
        match (network.is_ipv4(), width) {
            _ if bits > width => Err(()),
            // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
            (true, 128) => Ok(Block { network, bits: bits.checked_sub(96).ok_or(())? }),
            _ => Ok(Block { network, bits }),
        }
    }
}

/// What a client is counted by: one owner has an IPv4 address, or a /64 of IPv6 addresses.
pub fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

/// The address in an element of `Forwarded`: `for=192.0.2.43;proto=https`, `For="[2001:db8::17]:4711"`. All
/// of it must be well-formed: what is cut out of a quoted text that holds a comma is not.
fn element(text: &str) -> Option<IpAddr> {
    let mut address = None;
    for pair in text.split(';') {
        let (name, value) = pair.trim().split_once('=')?;
        let quoted = value.strip_prefix('"').map(|rest| rest.strip_suffix('"'));
        let value = match quoted {
            Some(inner) => inner?,
            None => value,
        };
        if value.is_empty() || value.contains(['"', '\\', ' ']) || name.contains(['"', ' ']) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") {
            let twice = address.replace(node(value)?).is_some();
            if twice {
                return None;
            }
        }
    }
    address
}

/// An address, alone or with a port: `192.0.2.43`, `192.0.2.43:80`, `2001:db8::17`, `[2001:db8::17]`,
/// `[2001:db8::17]:80`.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    let (address, rest) = match text.strip_prefix('[') {
        Some(inside) => {
            let (address, rest) = inside.split_once(']')?;
            (IpAddr::V6(address.parse().ok()?), rest)
        }
        None => {
            let (address, _) = text.split_once(':')?;
            (IpAddr::V4(address.parse().ok()?), &text[address.len()..])
        }
    };
    let port = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    let fits = rest.is_empty() || rest.strip_prefix(':').is_some_and(port);
    fits.then(|| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(
        trusted: &str,
        connection: &str,
        forwarded: &[&'static str],
        x_forwarded_for: &[&'static str],
    ) -> String {
        let proxies: Proxies = trusted.parse().unwrap();
        let connection = connection.parse::<IpAddr>().unwrap().to_canonical();
        let lines = |lines: &[&'static str]| lines.iter().map(|l| l.as_bytes()).collect::<Vec<_>>();
        let (standard, common) = (lines(forwarded), lines(x_forwarded_for));
        proxies.client(connection, standard.into_iter(), common.into_iter()).to_string()
    }

    #[test]
    fn the_right_most_entry_that_is_no_trusted_proxy_is_the_client() {
        let proxies = "10.0.0.0/8, 192.168.1.1,2001:db8:1::/48";
        for (connection, lines, expected) in [
            ("10.1.2.3", &["203.0.113.9"][..], "203.0.113.9"),
            // Nobody trusted says so.
            ("203.0.113.1", &["198.51.100.7"], "203.0.113.1"),
            ("192.168.1.2", &["198.51.100.7"], "192.168.1.2"),
            // What the client sends along stands to the left.
            ("10.1.2.3", &["1.1.1.1, 203.0.113.9, 10.9.9.9"], "203.0.113.9"),
            ("10.1.2.3", &["1.1.1.1", "203.0.113.9", "10.9.9.9, 192.168.1.1"], "203.0.113.9"),
            ("::ffff:10.1.2.3", &["203.0.113.9"], "203.0.113.9"),
            ("2001:db8:1::7", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.1.2.3", &["2001:db8:2::9"], "2001:db8:2::9"),
            ("10.1.2.3", &["[2001:db8:2::9]:4711"], "2001:db8:2::9"),
            ("10.1.2.3", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9 ,, 10.9.9.9,"], "203.0.113.9"),
            // All the way through trusted proxies: the one that is farthest off.
            ("10.1.2.3", &["10.7.7.7, 10.9.9.9"], "10.7.7.7"),
            // The last that is known for certain.
            ("10.1.2.3", &["203.0.113.9, unknown, 10.9.9.9"], "10.9.9.9"),
            ("10.1.2.3", &["203.0.113.9, lixo"], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.9:99999"], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.9:+80"], "10.1.2.3"),
            ("10.1.2.3", &["fe80::1%eth0"], "10.1.2.3"),
            ("10.1.2.3", &["010.0.0.1"], "10.1.2.3"),
            ("10.1.2.3", &[""], "10.1.2.3"),
            ("10.1.2.3", &[], "10.1.2.3"),
        ] {
            assert_eq!(client(proxies, connection, &[], lines), expected, "{connection} {lines:?}");
        }
        assert_eq!(client("", "10.1.2.3", &["for=1.1.1.1"], &["1.1.1.1"]), "10.1.2.3");
    }

    #[test]
    fn the_standard_header_in_its_shapes() {
        for (line, expected) in [
            ("for=192.0.2.43", "192.0.2.43"),
            ("For=\"192.0.2.43:4711\"; proto=https;by=10.0.0.9", "192.0.2.43"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=1.1.1.1, for=192.0.2.43;host=loja", "192.0.2.43"),
            ("for=1.1.1.1, for=unknown", "10.0.0.1"),
            ("for=1.1.1.1, for=_segredo", "10.0.0.1"),
            ("for=1.1.1.1, proto=https", "10.0.0.1"),
            ("for=1.1.1.1;for=2.2.2.2", "10.0.0.1"),
            // A text that the proxy quotes, and the client wrote.
            ("for=192.0.2.43;host=\"a,for=1.1.1.1\"", "10.0.0.1"),
            ("for=192.0.2.43;host=\"a,for=1.1.1.1;b=c\"", "10.0.0.1"),
            ("for=192.0.2.43;host=\"a,for=1.1.1.1;b=\\\"c\"", "10.0.0.1"),
            ("for=\", for=192.0.2.43", "192.0.2.43"),
        ] {
            assert_eq!(client("10.0.0.1", "10.0.0.1", &[line], &[]), expected, "{line}");
        }
    }

    #[test]
    fn of_two_headers_that_disagree_neither_counts() {
        assert_eq!(client("10.0.0.1", "10.0.0.1", &["for=192.0.2.43"], &["192.0.2.43"]), "192.0.2.43");
        assert_eq!(client("10.0.0.1", "10.0.0.1", &["for=1.1.1.1"], &["192.0.2.43"]), "10.0.0.1");
    }

    #[test]
    fn the_scheme_is_what_a_trusted_proxy_says() {
        let says = |connection: &str, forwarded: &'static str, common: &'static str| {
            let proxies: Proxies = "10.0.0.1".parse().unwrap();
            let line = |text: &'static str| std::iter::once(text.as_bytes());
            proxies.say_https(connection.parse().unwrap(), line(forwarded), line(common))
        };
        for (forwarded, common) in [
            ("for=1.1.1.1;Proto=HTTPS", ""),
            ("for=x;proto=\"https\", for=y;proto=http", ""),
            ("", "https, http"),
        ] {
            assert!(says("10.0.0.1", forwarded, common), "{forwarded} {common}");
            assert!(!says("10.0.0.2", forwarded, common), "nobody trusted says so");
        }
        assert!(
            !says("10.0.0.1", "for=1.1.1.1;proto=http", "http") && !says("10.0.0.1", "host=https", "httpsx")
        );
    }

    #[test]
    fn blocks_are_of_one_family_and_well_formed() {
        for good in ["", " ", "10.0.0.1", "10.0.0.0/8,::1", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104"] {
            assert!(good.parse::<Proxies>().is_ok(), "{good}");
        }
        for bad in
            ["10.0.0", "10.0.0.0/33", "::/129", "proxy", "10.0.0.0/", "10.0.0.0/+8", "::ffff:0:0/90", "*"]
        {
            assert!(bad.parse::<Proxies>().is_err(), "{bad}");
        }
        let holds =
            |block: &str, address: &str| block.parse::<Block>().unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("::ffff:10.0.0.0/104", "10.255.0.1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1") && !holds("::/0", "1.2.3.4"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1") && !holds("2001:db8::/33", "2001:db8:8000::1"));
    }

    #[test]
    fn an_ipv6_client_is_its_64() {
        let of = |a: &str| network(a.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("192.0.2.43"), "192.0.2.43");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_trust_the_untrusted(line in prop::collection::vec(any::<u8>(), 0..80)) {
            let proxies: Proxies = "10.0.0.1".parse().unwrap();
            let lines = || std::iter::once(line.as_slice());
            proxies.client("10.0.0.1".parse().unwrap(), lines(), lines());
            let outside = "192.0.2.1".parse().unwrap();
            prop_assert_eq!(proxies.client(outside, lines(), lines()), outside);
        }
    }
}
