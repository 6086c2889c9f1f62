//! The address guard: which hosts, ports and addresses may be asked, so that no URL and no redirect reaches into the operator's own
//! network.
//!
//! It is asked three times: about every URL before it is sent (ports, names, literal addresses), about every answer of the resolver,
//! and about the address that a connection really has. Through a proxy the last one is not seen; nor is the second where the proxy
//! resolves names itself (`http`, `socks5h`): then the proxy is trusted with names, and literal addresses, ports and names of this
//! machine are refused as ever. To a `socks5` proxy we give addresses, which have been checked.
//!
//! URLs arrive in WHATWG form, in which `http://2130706433/`, `http://0x7f.1/`,
//! `http://127.0.0.1./` and full-width digits have all become `127.0.0.1` already.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

use crate::model::{Link, PrivateHost};

/// The ports that may be asked without being named in `allow_private`.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// How far a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Anywhere: the operator named this very `host:port`.
    Private,
}

/// IPv4 blocks that are not the public internet: network, prefix length, what it is (RFC 6890 and its registry).
const BLOCKS: [([u8; 4], u32, &str); 15] = [
    ([0, 0, 0, 0], 8, "an address of `this network`"),
    ([10, 0, 0, 0], 8, "a private address"),
    ([100, 64, 0, 0], 10, "an address behind a carrier's NAT"),
    ([127, 0, 0, 0], 8, "a loopback address"),
    ([169, 254, 0, 0], 16, "a link-local address"),
    ([172, 16, 0, 0], 12, "a private address"),
    ([192, 0, 0, 0], 24, "a protocol assignment"),
    ([192, 0, 2, 0], 24, "a documentation address"),
    ([192, 88, 99, 0], 24, "a 6to4 relay"),
    ([192, 168, 0, 0], 16, "a private address"),
    // Proxies in fake-IP mode answer every name from this block; the words tell their users what they see.
    ([198, 18, 0, 0], 15, "a benchmarking address, often a proxy's fake IP"),
    ([198, 51, 100, 0], 24, "a documentation address"),
    ([203, 0, 113, 0], 24, "a documentation address"),
    ([224, 0, 0, 0], 4, "a multicast address"),
    ([240, 0, 0, 0], 4, "a reserved address"),
];

/// What a non-public address is, in words; `None` for a public one.
pub fn non_public(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => non_public_v4(ip),
        IpAddr::V6(ip) => non_public_v6(ip),
    }
}

fn non_public_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let bits = ip.to_bits();
    BLOCKS.iter().find(|(network, length, _)| (bits ^ Ipv4Addr::from(*network).to_bits()) >> (32 - length) == 0).map(|(_, _, what)| *what)
}

/// Only `2000::/3` is handed out (RFC 4291, IANA). Forms that carry an IPv4 address are as public as that address is.
fn non_public_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let embedded = |high: u16, low: u16| non_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("a loopback address"),
        // Compatible, mapped, NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => Some("a local NAT64 address"),
        // Teredo is part of 2001::/23; tunnels to wherever its obfuscated client address leads.
        [0x2001, 0, ..] => Some("a Teredo address"),
        [0x2001, 0..=0x1ff, ..] => Some("a protocol assignment"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("a documentation address"),
        [0x2000..=0x3fff, ..] => None,
        [0xfc00..=0xfdff, ..] => Some("a private address"),
        [0xfe80..=0xfebf, ..] => Some("a link-local address"),
        [0xff00..=0xffff, ..] => Some("a multicast address"),
        _ => Some("a reserved address"),
    }
}

/// How far a request to `link` may reach, or why it may not be sent. A host that is a name is looked at again once it is resolved.
pub fn check(link: &Link, allowed: &[PrivateHost]) -> Result<Reach, String> {
    if !allowed.is_empty() {
        let authority = link.authority();
        if allowed.iter().any(|host| host.as_str() == authority) {
            return Ok(Reach::Private);
        }
    }
    let url = link.to_url();
    let what = match url.host() {
        _ if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) => Some("on a port other than 80, 443, 8080 and 8443"),
        Some(Host::Domain(name)) => private_name(name),
        Some(Host::Ipv4(ip)) => non_public_v4(ip),
        Some(Host::Ipv6(ip)) => non_public_v6(ip),
        None => Some("no host"),
    };
    what.map_or(Ok(Reach::Public), |what| Err(format!("`{}` is {what} (`allow_private` can permit it)", link.authority())))
}

/// How far the connection to a server that is no page's (`what`: a proxy, a mail server) may reach, or why it may not be made. It may
/// listen on any port: the operator named it.
pub fn check_place(what: &str, place: &PrivateHost, allowed: &[PrivateHost]) -> Result<Reach, String> {
    if allowed.contains(place) {
        return Ok(Reach::Private);
    }
    let fault = match Host::parse(place.host()) {
        Ok(Host::Domain(name)) => private_name(&name),
        Ok(Host::Ipv4(ip)) => non_public_v4(ip),
        Ok(Host::Ipv6(ip)) => non_public_v6(ip),
        Err(_) => Some("no host"),
    };
    fault.map_or(Ok(Reach::Public), |fault| Err(format!("the {what} `{}` is {fault} (`allow_private` can permit it)", place.as_str())))
}

/// Whether a name stands for this machine or this network whatever a resolver says (RFC 6761, and the clouds' metadata services).
fn private_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.');
    let last = name.rsplit('.').next().unwrap_or_default();
    match last {
        "" => Some("no host"),
        "localhost" => Some("this machine"),
        "internal" => Some("an internal name"),
        // No registry hands them out (RFC 7085): only a search list of this network can resolve one.
        _ if last == name => Some("a name without a dot"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Reach, check, check_place, non_public};
    use crate::model::{Link, PrivateHost};

    const PUBLIC: &[&str] = &[
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "2620:fe::fe",
        "3ffe:ffff::1",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ];

    const NOT_PUBLIC: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::192.168.1.1",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:2::1",
        "100::1",
        "1fff:ffff::1",
        "2001::1",
        "2001:0:7f00:1::f5ff:fffe",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        "2002:a9fe:a9fe::",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn only_public_addresses_pass() {
        for text in PUBLIC {
            assert_eq!(non_public(text.parse::<IpAddr>().expect(text)), None, "{text}");
        }
        for text in NOT_PUBLIC {
            assert!(non_public(text.parse::<IpAddr>().expect(text)).is_some(), "{text}");
        }
    }

    fn reach(url: &str, allowed: &[&str]) -> Result<Reach, String> {
        let allowed: Vec<_> = allowed.iter().map(|text| PrivateHost::parse(text).expect(text)).collect();
        check(&Link::parse(url).expect(url), &allowed)
    }

    #[test]
    fn a_literal_is_seen_through_every_way_of_writing_it() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "http://①②⑦.⓪.⓪.①/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://0/",
            "http://0.0.0.0:8080/",
        ] {
            assert!(reach(url, &[]).is_err(), "{url}");
        }
    }

    #[test]
    fn names_of_this_machine_are_refused_before_they_are_resolved() {
        for url in [
            "http://localhost/",
            "http://LOCALHOST/",
            "http://localhost./",
            "http://a.b.localhost/",
            "https://metadata.google.internal/",
            "http://db.internal./",
            "http://internal/",
            "http://nas/",
            "http://nas./",
        ] {
            assert!(reach(url, &[]).is_err(), "{url}");
        }
        for url in ["https://example.com/", "http://localhost.example.com/", "http://internal.example/", "http://8.8.8.8/"] {
            assert_eq!(reach(url, &[]), Ok(Reach::Public), "{url}");
        }
    }

    #[test]
    fn only_web_ports_are_asked() {
        for port in [80, 443, 8080, 8443] {
            assert_eq!(reach(&format!("http://example.com:{port}/"), &[]), Ok(Reach::Public));
        }
        for port in [1, 22, 25, 81, 6379, 8081, 65535] {
            assert!(reach(&format!("http://example.com:{port}/"), &[]).is_err(), "{port}");
        }
    }

    #[test]
    fn a_proxy_or_a_mail_server_is_public_or_named() {
        let reach = |place: &str, allowed: &[&str]| {
            let allowed: Vec<_> = allowed.iter().map(|text| PrivateHost::parse(text).expect(text)).collect();
            check_place("proxy", &PrivateHost::parse(place).expect(place), &allowed)
        };
        for place in ["127.0.0.1:3128", "0x7f.1:3128", "[::1]:1080", "localhost:3128", "proxy.internal:1", "10.0.0.1:25"] {
            assert!(reach(place, &[]).is_err(), "{place}");
            assert_eq!(reach(place, &[place]), Ok(Reach::Private), "{place}");
        }
        for place in ["8.8.8.8:3128", "proxy.example:1080"] {
            assert_eq!(reach(place, &["127.0.0.1:3128"]), Ok(Reach::Public), "{place}");
        }
    }

    #[test]
    fn an_allowed_private_host_is_this_host_and_this_port_alone() {
        assert_eq!(reach("http://127.0.0.1:1200/x", &["127.0.0.1:1200"]), Ok(Reach::Private));
        assert_eq!(reach("http://0x7f.1:1200/x", &["127.0.0.1:1200"]), Ok(Reach::Private));
        assert_eq!(reach("http://rsshub.lan:1200/", &["rsshub.lan:1200"]), Ok(Reach::Private));
        assert!(reach("http://127.0.0.1:1201/", &["127.0.0.1:1200"]).is_err());
        assert!(reach("http://127.0.0.2:1200/", &["127.0.0.1:1200"]).is_err());
        assert_eq!(reach("http://localhost/", &["localhost:80"]), Ok(Reach::Private));
        assert!(reach("https://localhost/", &["localhost:80"]).is_err());
    }
}
