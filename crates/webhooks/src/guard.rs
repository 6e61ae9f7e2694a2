//! Where messages may not go: into our own network.
//!
//! Whoever makes an endpoint chooses an address that this machine then calls. It must not become a way to what only
//! this machine can reach. Names are looked up by [`GuardedResolver`], which gives the client nothing but addresses
//! that are public, so that what was checked is what is connected to; addresses written out are checked before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use chargly_api::limits::WEBHOOK_URL_BYTES_MAX;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Reads an address that messages are to be sent to; says in one phrase what is wrong with it. `allow_private` is the
/// operator's word that addresses inside are meant, and plain HTTP is good enough.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, String> {
    if text.len() > WEBHOOK_URL_BYTES_MAX {
        return Err(format!("must be at most {WEBHOOK_URL_BYTES_MAX} bytes"));
    }
    let url = Url::parse(text).map_err(|error| format!("must be an address: {error}"))?;
    match (url.scheme(), allow_private) {
        ("https", _) | ("http", true) => {}
        ("http", false) => return Err("must begin with https://".to_owned()),
        _ => return Err("must be an https address".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not have a user or a password in it".to_owned());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must name a host")?;
    match literal(host) {
        Some(ip) if !allow_private && !is_public(ip) => {
            Err("must not be an address inside a private network".to_owned())
        }
        Some(_) | None => Ok(url),
    }
}

/// The address that is written out in place of a name.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether an address is one of the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = match (a, b, c) {
        // This network, private ones, loopback, link-local, and everything from multicast on.
        (0 | 10 | 127 | 224.., ..) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Carrier-grade NAT; protocol assignments; documentation; 6to4 relays; benchmarks.
        (100, 64..=127, _) | (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (192, 88, 99) => true,
        (198, 18 | 19, _) => true,
        _ => false,
    };
    !is_special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d, e, f) {
        // IPv4 in disguise: mapped, compatible, translated (NAT64), 6to4.
        (0, 0, 0, 0, 0, 0xffff | 0) | (0, 0, 0, 0, 0xffff, 0) => v4(g, h),
        (0x64, 0xff9b, 0, 0, 0, 0) => v4(g, h),
        (0x2002, ..) => v4(b, c),
        // Teredo and other assignments, documentation.
        (0x2001, 0..=0x1ff, ..) | (0x2001, 0xdb8, ..) | (0x3fff, 0..=0xfff, ..) => false,
        // What is routed at all.
        (0x2000..=0x3fff, ..) => true,
        _ => false,
    }
}

/// Looks names up, and gives out public addresses only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) allow_private: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let is_allowed = |address: &SocketAddr| allow_private || is_public(address.ip());
            if !found.is_empty() && !found.iter().any(is_allowed) {
                return Err(ForbiddenAddress.into());
            }
            let allowed = found.into_iter().filter(is_allowed).collect::<Vec<_>>();
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name led into a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address inside a private network")]
pub(crate) struct ForbiddenAddress;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_not_public_in_any_spelling() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "192.88.99.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ] {
            assert!(!is_public(inside.parse().expect(inside)), "{inside}");
        }
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "192.1.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:4860::8888",
        ] {
            assert!(is_public(outside.parse().expect(outside)), "{outside}");
        }
    }

    #[test]
    fn address_of_an_endpoint_is_https_without_credentials_and_not_inside() {
        for good in ["https://example.com/hooks", "https://example.com:8443/h?a=b", "https://8.8.8.8/h"] {
            assert!(check_url(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "x",
            "ftp://example.com",
            "http://example.com/h",
            "https://u@example.com",
            "https://u:p@example.com",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://[::ffff:10.0.0.1]/",
            "https:///",
            "file:///etc/passwd",
            "https://169.254.169.254/latest",
        ] {
            assert!(check_url(bad, false).is_err(), "{bad}");
        }
        for allowed in ["http://127.0.0.1:9000/h", "https://10.0.0.1/", "http://[::1]/"] {
            assert!(check_url(allowed, true).is_ok(), "{allowed}");
        }
        assert!(check_url("ftp://127.0.0.1", true).is_err());
        let long = |bytes: usize| {
            let start = "https://example.com/";
            format!("{start}{}", "a".repeat(bytes - start.len()))
        };
        assert!(check_url(&long(WEBHOOK_URL_BYTES_MAX), false).is_ok());
        assert!(check_url(&long(WEBHOOK_URL_BYTES_MAX + 1), false).is_err());
    }
}
