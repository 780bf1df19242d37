//! Which addresses are on the public internet, and what the others are.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What an address or a name is that is not on the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A test bench between routers.
    Benchmarking,
    /// Every host of a network.
    Broadcast,
    /// Examples in texts.
    Documentation,
    /// One cable or radio network.
    LinkLocal,
    /// A name that only a host or a local network knows.
    LocalName,
    /// The host itself.
    Loopback,
    /// The service of a cloud that hands out the credentials of the machine.
    Metadata,
    /// Many hosts.
    Multicast,
    /// A private network.
    Private,
    /// Not given to anyone.
    Reserved,
    /// The network of a carrier behind address translation.
    Shared,
    /// Another address in disguise.
    Tunnel,
    /// No address, which systems take for the host itself.
    Unspecified,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Benchmarking => "a benchmarking address",
            Self::Broadcast => "a broadcast address",
            Self::Documentation => "a documentation address",
            Self::LinkLocal => "a link-local address",
            Self::LocalName => "a local name",
            Self::Loopback => "a loopback address",
            Self::Metadata => "a metadata service",
            Self::Multicast => "a multicast address",
            Self::Private => "a private address",
            Self::Reserved => "a reserved address",
            Self::Shared => "a shared carrier address",
            Self::Tunnel => "a tunnel address",
            Self::Unspecified => "an unspecified address",
        })
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// IANA's special-purpose registry, and the addresses of cloud metadata services. The first match
/// counts.
const REFUSED_V4: [(Ipv4Net, Reason); 24] = [
    // AWS and most others; AWS containers and pods; Alibaba; Azure (a public address); Oracle.
    (v4(169, 254, 169, 254, 32), Reason::Metadata),
    (v4(169, 254, 170, 2, 32), Reason::Metadata),
    (v4(169, 254, 170, 23, 32), Reason::Metadata),
    (v4(100, 100, 100, 200, 32), Reason::Metadata),
    (v4(168, 63, 129, 16, 32), Reason::Metadata),
    (v4(192, 0, 0, 192, 32), Reason::Metadata),
    (v4(0, 0, 0, 0, 8), Reason::Unspecified),
    (v4(10, 0, 0, 0, 8), Reason::Private),
    (v4(100, 64, 0, 0, 10), Reason::Shared),
    (v4(127, 0, 0, 0, 8), Reason::Loopback),
    (v4(169, 254, 0, 0, 16), Reason::LinkLocal),
    (v4(172, 16, 0, 0, 12), Reason::Private),
    (v4(192, 0, 0, 0, 24), Reason::Reserved),
    (v4(192, 0, 2, 0, 24), Reason::Documentation),
    (v4(192, 52, 193, 0, 24), Reason::Tunnel),
    (v4(192, 88, 99, 0, 24), Reason::Tunnel),
    (v4(192, 168, 0, 0, 16), Reason::Private),
    (v4(198, 18, 0, 0, 15), Reason::Benchmarking),
    (v4(198, 51, 100, 0, 24), Reason::Documentation),
    (v4(203, 0, 113, 0, 24), Reason::Documentation),
    (v4(233, 252, 0, 0, 24), Reason::Documentation),
    (v4(224, 0, 0, 0, 4), Reason::Multicast),
    (v4(255, 255, 255, 255, 32), Reason::Broadcast),
    (v4(240, 0, 0, 0, 4), Reason::Reserved),
];

/// Within and without 2000::/3, the only part of IPv6 that is given to the public.
const REFUSED_V6: [(Ipv6Net, Reason); 10] = [
    (v6(0xfc00, 0, 0, 7), Reason::Private),
    (v6(0xfe80, 0, 0, 10), Reason::LinkLocal),
    (v6(0xfec0, 0, 0, 10), Reason::Private),
    (v6(0xff00, 0, 0, 8), Reason::Multicast),
    (v6(0x2001, 0, 0, 32), Reason::Tunnel), // Teredo
    (v6(0x2001, 2, 0, 48), Reason::Benchmarking),
    (v6(0x2001, 0xdb8, 0, 32), Reason::Documentation),
    (v6(0x3fff, 0, 0, 20), Reason::Documentation),
    (v6(0x2001, 0, 0, 23), Reason::Reserved),
    (v6(0x64, 0xff9b, 1, 48), Reason::Tunnel), // NAT64 into a private network
];
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS pods
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
];

/// Why requests to this address are refused; `None` for an address of the public internet.
///
/// ```
/// use callcore_server::egress::{Reason, refusal};
///
/// assert_eq!(refusal([10, 0, 0, 1].into()), Some(Reason::Private));
/// assert_eq!(refusal([8, 8, 8, 8].into()), None);
/// ```
pub fn refusal(address: IpAddr) -> Option<Reason> {
    match address {
        IpAddr::V4(address) => refusal_v4(address),
        IpAddr::V6(address) => refusal_v6(address),
    }
}

fn refusal_v4(address: Ipv4Addr) -> Option<Reason> {
    REFUSED_V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, reason)| *reason)
}

fn refusal_v6(address: Ipv6Addr) -> Option<Reason> {
    if METADATA_V6.contains(&address) {
        return Some(Reason::Metadata);
    }
    if address.is_loopback() {
        return Some(Reason::Loopback);
    }
    if address.is_unspecified() {
        return Some(Reason::Unspecified);
    }
    match address.segments() {
        // NAT64: where a network has IPv6 only, all of IPv4's internet is found behind it.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return refusal_v4(joined(high, low)),
        // IPv4-mapped, -compatible and -translated; no server is reached by such an address only.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            return refusal_v4(joined(high, low)).or(Some(Reason::Tunnel));
        }
        // 6to4, given up in 2015.
        [0x2002, high, low, ..] => return refusal_v4(joined(high, low)).or(Some(Reason::Tunnel)),
        _ => {}
    }
    let listed = REFUSED_V6.iter().find(|(net, _)| net.contains(&address));
    listed
        .map(|(_, reason)| *reason)
        .or_else(|| (!PUBLIC_V6.contains(&address)).then_some(Reason::Reserved))
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}
