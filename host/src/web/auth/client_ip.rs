//! Which machine a request comes from.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The machine at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// An address and those that begin with the same bits.
#[derive(Debug, Clone, Copy)]
struct Block {
    address: IpAddr,
    bits: u32,
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { address, bits })
    }

    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).leading_zeros() >= self.bits
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                (ours.to_bits() ^ theirs.to_bits()).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

/// The proxies whose word for an address is believed: `TRUSTED_PROXY`.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Block]>);

impl TrustedProxies {
    /// Reads addresses, networks (`10.0.0.0/8`) and `loopback`, separated by commas. `None` where one of them is
    /// nothing of that.
    pub fn parse(text: &str) -> Option<Self> {
        let mut blocks = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if entry.eq_ignore_ascii_case("loopback") {
                blocks.push(Block { address: Ipv4Addr::LOCALHOST.into(), bits: 8 });
                blocks.push(Block { address: Ipv6Addr::LOCALHOST.into(), bits: 128 });
            } else {
                blocks.push(Block::parse(entry)?);
            }
        }
        Some(Self(blocks.into()))
    }

    fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.holds(address))
    }

    /// Who asks: the peer itself, or the last one that trusted proxies took a request from.
    pub(crate) fn client(&self, peer: Peer, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.0.to_canonical();
        let said = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let said: Vec<&str> = said.flat_map(|value| value.split(',')).collect();
        // Each proxy adds the one before it at the end; what a stranger said before that proves nothing.
        for address in said.into_iter().rev() {
            if !self.holds(client) {
                break;
            }
            let Ok(address) = address.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
        }
        client
    }
}

/// The network of an address: what one household or office has, and one attacker can easily use all of.
pub(crate) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{}/24", Ipv4Addr::from_bits(address.to_bits() & !0xff)),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forwarded = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, value.parse().unwrap());
            }
            headers
        };
        for (trusted, peer, said, client) in [
            ("", "127.0.0.1", &["203.0.113.9"][..], "127.0.0.1"),
            ("loopback", "127.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("loopback", "127.0.0.1", &[], "127.0.0.1"),
            ("loopback", "10.0.0.1", &["203.0.113.9"], "10.0.0.1"),
            // The visitor claims to be somebody else; the proxy adds what it saw.
            ("loopback", "127.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("loopback", "127.0.0.1", &["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            ("loopback, 10.0.0.0/8", "127.0.0.1", &["198.51.100.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            ("loopback,10.0.0.0/8", "127.0.0.1", &["nonsense, 10.1.2.3"], "10.1.2.3"),
            ("loopback", "::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", "::ffff:10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
        ] {
            let trusted = TrustedProxies::parse(trusted).unwrap();
            let found = trusted.client(Peer(peer.parse().unwrap()), &forwarded(said));
            assert_eq!(found.to_string(), client, "{trusted:?} {peer} {said:?}");
        }
        for wrong in ["proxy", "10.0.0.0/33", "::/129", "10.0.0.1/", "loopback,x"] {
            assert!(TrustedProxies::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn neighbours_share_a_network() {
        for (address, expected) in [
            ("203.0.113.9", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected);
        }
    }
}
