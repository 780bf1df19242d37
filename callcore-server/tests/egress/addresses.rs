//! Both ends of every range that is not public, and their neighbours that are.

use std::net::IpAddr;

use callcore_server::egress::{Policy, Reason, parse_url, refusal};

/// First, last, what it is, and whether the addresses before and after it are public.
const RANGES: [(&str, &str, Reason, bool, bool); 24] = [
    ("0.0.0.0", "0.255.255.255", Reason::Unspecified, false, true),
    ("10.0.0.0", "10.255.255.255", Reason::Private, true, true),
    ("100.64.0.0", "100.127.255.255", Reason::Shared, true, true),
    ("127.0.0.0", "127.255.255.255", Reason::Loopback, true, true),
    ("168.63.129.16", "168.63.129.16", Reason::Metadata, true, true),
    ("169.254.0.0", "169.254.255.255", Reason::LinkLocal, true, true),
    ("172.16.0.0", "172.31.255.255", Reason::Private, true, true),
    ("192.0.0.0", "192.0.0.255", Reason::Reserved, true, true),
    ("192.0.2.0", "192.0.2.255", Reason::Documentation, true, true),
    ("192.88.99.0", "192.88.99.255", Reason::Tunnel, true, true),
    ("192.168.0.0", "192.168.255.255", Reason::Private, true, true),
    ("198.18.0.0", "198.19.255.255", Reason::Benchmarking, true, true),
    ("198.51.100.0", "198.51.100.255", Reason::Documentation, true, true),
    ("203.0.113.0", "203.0.113.255", Reason::Documentation, true, true),
    ("224.0.0.0", "239.255.255.255", Reason::Multicast, true, false),
    ("240.0.0.0", "255.255.255.254", Reason::Reserved, false, false),
    ("::2", "::ff", Reason::Unspecified, false, false),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Tunnel, true, false),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Documentation, true, true),
    ("2002:0a00::", "2002:0aff:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Private, false, false),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Documentation, true, true),
    ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Reserved, true, false),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reason::Private, false, false),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reason::LinkLocal, false, false),
];

fn neighbour(address: IpAddr, up: bool) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            let next = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            next.map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let next = if up { bits.checked_add(1) } else { bits.checked_sub(1) };
            next.map(|bits| IpAddr::V6(bits.into()))
        }
    }
}

#[test]
fn ranges_end_where_they_end() {
    for (first, last, reason, public_before, public_after) in RANGES {
        let (first, last): (IpAddr, IpAddr) = (first.parse().unwrap(), last.parse().unwrap());
        assert_eq!(refusal(first), Some(reason), "{first}");
        assert_eq!(refusal(last), Some(reason), "{last}");
        for (neighbour, public) in
            [(neighbour(first, false), public_before), (neighbour(last, true), public_after)]
        {
            let Some(neighbour) = neighbour else { continue };
            assert_eq!(
                refusal(neighbour).is_none(),
                public,
                "{neighbour} beside {first} to {last}"
            );
        }
    }
}

#[test]
fn single_addresses_are_known() {
    for (address, expected) in [
        ("255.255.255.255", Some(Reason::Broadcast)),
        ("169.254.169.254", Some(Reason::Metadata)),
        ("::", Some(Reason::Unspecified)),
        ("::1", Some(Reason::Loopback)),
        ("fd00:ec2::254", Some(Reason::Metadata)),
        ("ff02::1", Some(Reason::Multicast)),
        ("::ffff:127.0.0.1", Some(Reason::Loopback)),
        ("::ffff:8.8.8.8", Some(Reason::Tunnel)),
        ("::8.8.8.8", Some(Reason::Tunnel)),
        ("64:ff9b::169.254.169.254", Some(Reason::Metadata)),
        ("64:ff9b::8.8.8.8", None),
        ("64:ff9b:1::8.8.8.8", Some(Reason::Tunnel)),
        ("2002:808:808::1", Some(Reason::Tunnel)),
        ("2002:7f00:1::", Some(Reason::Loopback)),
        ("8.8.8.8", None),
        ("2606:4700:4700::1111", None),
    ] {
        assert_eq!(refusal(address.parse().unwrap()), expected, "{address}");
    }
}

#[test]
fn a_refusal_says_what_where_and_what_is_expected_and_no_secret() {
    let long = format!("https://example.com/{}", "a".repeat(9000));
    for (url, expected) in [
        ("/bid", "it is no absolute URL: relative URL without a base; expected is such as"),
        ("ftp://example.com/s3cret", "the scheme ftp is not allowed; expected is https or http"),
        ("https://u:s3cret@example.com/", "a user name or a password stands before the host"),
        ("https://example.com:8443/s3cret", "the port 8443 is not allowed; expected is 80 or 443"),
        (
            "http://10.1/?key=s3cret",
            "the host 10.0.0.1 is a private address; expected is a host of",
        ),
        ("http://[fe80::1]/s3cret", "the host [fe80::1] is a link-local address; expected is"),
        ("http://db:80/s3cret", "the host db is a local name; expected is a host of the public"),
        ("http://metadata.google.internal/", "metadata.google.internal is a metadata service"),
        (&long, "it has 9020 bytes; expected are 8192 at the most"),
    ] {
        let refused = parse_url(url, &Policy::default()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{url}: {refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
    for url in ["https://rtb.example.com/v1?cid=1", "http://8.8.8.8", "https://[2606:4700::1]:443/"]
    {
        parse_url(url, &Policy::default()).unwrap();
    }
}

#[test]
fn metadata_services_are_refused_in_development_as_well() {
    let development = Policy::new(true);
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://metadata.google.internal/",
        "http://metadata/",
    ] {
        assert!(parse_url(url, &development).is_err(), "{url}");
    }
    for url in
        ["http://localhost:9000/", "http://10.0.0.1:81/", "http://bidder/", "http://[::1]:1/"]
    {
        parse_url(url, &development).unwrap();
    }
}
