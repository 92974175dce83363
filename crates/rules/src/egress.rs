//! Whom we may call on somebody else's behalf: which addresses belong to the public internet.
//!
//! An address that a client or a user gave us must not lead into the network we stand in (threat 14).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Decides whether an address is one of the public internet: globally reachable by the special-purpose registries of IANA
/// (RFC 6890 section 2.2), and not a multicast group.
///
/// An IPv4 address in IPv6 clothes is judged as the IPv4 address. Forms that carry one inside for a gateway to unpack (6to4, Teredo,
/// NAT64) are never public: what the gateway makes of them is not ours to see.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        // This network, private use, loopback.
        (0 | 10 | 127, _, _)
            // Shared address space (RFC 6598).
            | (100, 64..=127, _)
            // Link-local, where clouds answer questions about the machine.
            | (169, 254, _)
            | (172, 16..=31, _)
            // Protocol assignments, documentation, the old 6to4 relays.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            // Benchmarking, documentation.
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            // Multicast, reserved, broadcast.
            | (224..=255, _, _)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Protocol assignments, Teredo among them.
        [0x2001, 0x0000..=0x01ff, ..] => false,
        // Documentation.
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => false,
        // 6to4.
        [0x2002, ..] => false,
        // Global unicast (RFC 4291 section 2.4): all that is public lies here.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}
