//! Threat 14: which addresses count as the public internet.

use proptest::prelude::*;
use sekisho_rules::egress::is_public;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn public(text: &str) -> bool {
    is_public(text.parse().unwrap())
}

#[test]
fn threat_14_addresses_that_are_not_of_the_public_internet() {
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::10.0.0.1",
        "::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!public(address), "{address}");
    }
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "192.169.0.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ] {
        assert!(public(address), "{address}");
    }
}

proptest! {
    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_judged_as_itself(bits in any::<u32>()) {
        let plain = Ipv4Addr::from_bits(bits);
        prop_assert_eq!(is_public(IpAddr::V4(plain)), is_public(IpAddr::V6(plain.to_ipv6_mapped())));
    }

    #[test]
    fn nothing_outside_global_unicast_is_public_but_mapped_ipv4(bits in any::<u128>()) {
        let address = Ipv6Addr::from_bits(bits);
        if is_public(IpAddr::V6(address)) {
            prop_assert!(bits >> 125 == 0b001 || address.to_ipv4_mapped().is_some());
        }
    }
}
