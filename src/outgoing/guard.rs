//! Guard against server-side request forgery: a name is resolved once, the addresses that may not be called are taken
//! out, and the connection is made to what is left. A name that resolves to another address a moment later (DNS
//! rebinding) gains nothing, since nobody asks again.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ureq::{
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::NextTimeout,
    },
};

/// A resolver that answers with allowed addresses only.
#[derive(Debug)]
pub struct Guard<R> {
    /// Asked once for each connection.
    pub resolver: R,
    /// Whether an address may be called.
    pub allows: fn(IpAddr) -> bool,
}

/// The name has no address that may be called.
#[derive(Debug)]
pub struct Forbidden;

impl<R: Resolver> Resolver for Guard<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut allowed = self.empty();
        for address in self.resolver.resolve(uri, config, timeout)?.iter() {
            if (self.allows)(address.ip()) {
                allowed.push(*address);
            }
        }
        if allowed.is_empty() { Err(ureq::Error::Other(Box::new(Forbidden))) } else { Ok(allowed) }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not public")
    }
}

impl std::error::Error for Forbidden {}

/// The addresses that have the first bits of `base`, so many.
struct Block<A> {
    base: A,
    bits: u32,
}

/// Blocks of IPv4 that are not of the public Internet: IANA's special-purpose registry, multicast, and what is reserved.
const V4: [Block<Ipv4Addr>; 15] = [
    Block { base: Ipv4Addr::new(0, 0, 0, 0), bits: 8 },
    Block { base: Ipv4Addr::new(10, 0, 0, 0), bits: 8 },
    // Behind the NAT of a carrier.
    Block { base: Ipv4Addr::new(100, 64, 0, 0), bits: 10 },
    Block { base: Ipv4Addr::new(127, 0, 0, 0), bits: 8 },
    // Link-local, with the metadata of clouds.
    Block { base: Ipv4Addr::new(169, 254, 0, 0), bits: 16 },
    Block { base: Ipv4Addr::new(172, 16, 0, 0), bits: 12 },
    Block { base: Ipv4Addr::new(192, 0, 0, 0), bits: 24 },
    Block { base: Ipv4Addr::new(192, 0, 2, 0), bits: 24 },
    Block { base: Ipv4Addr::new(192, 88, 99, 0), bits: 24 },
    Block { base: Ipv4Addr::new(192, 168, 0, 0), bits: 16 },
    Block { base: Ipv4Addr::new(198, 18, 0, 0), bits: 15 },
    Block { base: Ipv4Addr::new(198, 51, 100, 0), bits: 24 },
    Block { base: Ipv4Addr::new(203, 0, 113, 0), bits: 24 },
    Block { base: Ipv4Addr::new(224, 0, 0, 0), bits: 4 },
    Block { base: Ipv4Addr::new(240, 0, 0, 0), bits: 4 },
];

/// Blocks of global unicast IPv6 (2000::/3) that are not of the public Internet, or lead to an IPv4 address that would
/// have to be checked too: special purposes with Teredo, documentation, 6to4, documentation.
const V6: [Block<Ipv6Addr>; 4] = [
    Block { base: Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), bits: 23 },
    Block { base: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), bits: 32 },
    Block { base: Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), bits: 16 },
    Block { base: Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), bits: 20 },
];

/// NAT64: how a network without IPv4 reaches an IPv4 address, which is its last 32 bits.
const NAT64: Block<Ipv6Addr> = Block { base: Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), bits: 96 };
const GLOBAL_UNICAST: Block<Ipv6Addr> = Block { base: Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), bits: 3 };

/// Whether it is an address of the public Internet. Of IPv6 only what is known to be: so IPv4 in other clothes (mapped,
/// compatible), loopback, link-local, unique local and multicast are not.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !V4.iter().any(|block| block.holds(v4)),
        IpAddr::V6(v6) if NAT64.holds(v6) => is_public(Ipv4Addr::from_bits(v6.to_bits() as u32).into()),
        IpAddr::V6(v6) => GLOBAL_UNICAST.holds(v6) && !V6.iter().any(|block| block.holds(v6)),
    }
}

impl Block<Ipv4Addr> {
    fn holds(&self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.base.to_bits()) >> (32 - self.bits) == 0
    }
}

impl Block<Ipv6Addr> {
    fn holds(&self, address: Ipv6Addr) -> bool {
        (address.to_bits() ^ self.base.to_bits()) >> (128 - self.bits) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        let forbidden = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 \
            169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 \
            198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::7f00:1 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 \
            64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::1 100::1 \
            2001::1 2001:0:1::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 3fff:fff::1 \
            4000::1 5f00::1 fc00::1 fd00::1 fd12:3456::1 fe80::1 febf::1 fec0::1 ff00::1 ff02::1 ff0e::1";
        for text in forbidden.split_whitespace() {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 \
            169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 \
            203.0.114.0 223.255.255.255 64:ff9b::8.8.8.8 2001:200::1 2001:4860:4860::8888 2003::1 2606:4700::1111 2800:3f0::1 3ffe::1";
        for text in public.split_whitespace() {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
