//! Every way to write an address of this machine or of a private network.

use std::time::Duration;

use callcore::port::{HttpError, HttpRequest};

use super::listener::Listener;
use super::{client, fresh, get, guarded, has_ipv6};

/// Spellings that reach this machine where that is allowed. PORT stands for the listener's.
const HERE: [&str; 49] = [
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7F000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0x7f.0x0.0x0.0x1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.1:PORT/",
    "http://017700000001:PORT/",
    "http://00000177.0.0.1:PORT/",
    "http://127.0.0.001:PORT/",
    "http://127.0x0.0.1:PORT/",
    "http://0177.0x0.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.1.:PORT/",
    "http://2130706433.:PORT/",
    "http://127.0.0.2:PORT/",
    "http://127.127.127.127:PORT/",
    "http://１２７．０．０．１:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127｡0｡0｡1:PORT/",
    "http://０ｘ７ｆ.1:PORT/",
    "http://127.0.0.1\u{ad}:PORT/",
    "http://127.0\u{200b}.0.1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2E0%2E0%2E1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "http://127.0.0.1:PORT\\@example.com/",
    "http://127.0.0.1:PORT#@example.com/",
    "http://127.0.0.1:PORT?@example.com/",
    " http://127.0.0.1:PORT/",
    "HtTp://127.0.0.1:PORT/",
    "ht\ntp://127.\t0.0.1:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://ｌｏｃａｌｈｏｓｔ:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
];

/// Spellings that must not be tried, whether or not anything is there.
const ELSEWHERE: [&str; 60] = [
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[0:0:0:0:0:FFFF:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b::a00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2002:a9fe:a9fe::1]:PORT/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/",
    "http://[2001:db8::1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fd00:ec2::254]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[ff02::1]:PORT/",
    "http://[100::1]:PORT/",
    "http://localhost.:PORT/",
    "http://any.localhost:PORT/",
    "http://localhost.localdomain:PORT/",
    "http://ip6-localhost:PORT/",
    "http://printer.local:PORT/",
    "http://router.lan:PORT/",
    "http://router.home.arpa:PORT/",
    "http://api.default.svc:PORT/",
    "http://postgres:PORT/",
    "http://metadata:PORT/",
    "http://metadata.google.internal:PORT/",
    "http://METADATA.google.internal.:PORT/",
    "http://instance-data.ec2.internal:PORT/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xA9FEA9FE/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://169.254.170.2/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://10.0.0.1:PORT/",
    "http://167772161:PORT/",
    "http://012.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://172.31.255.254:PORT/",
    "http://192.168.0.1:PORT/",
    "http://192.168.257:PORT/",
    "http://100.64.0.1:PORT/",
    "http://198.18.0.1:PORT/",
    "http://198.19.255.254:PORT/",
    "http://192.0.0.1:PORT/",
    "http://203.0.113.7:PORT/",
    "http://224.0.0.1:PORT/",
    "http://240.0.0.1:PORT/",
    "http://255.255.255.255:PORT/",
    "http://0.1.2.3:PORT/",
    "http://user@127.0.0.1:PORT/",
    "http://example.com:80@127.0.0.1:PORT/",
    "http://:@127.0.0.1:PORT/",
];

fn to(spelling: &str, port: u16) -> HttpRequest {
    get(spelling.replace("PORT", &port.to_string()))
}

#[tokio::test]
async fn no_spelling_of_a_private_address_reaches_anything() {
    let listener = Listener::friendly().await;
    let client = client(guarded(listener.port));
    for spelling in HERE.into_iter().chain(ELSEWHERE) {
        let outcome = client.send(to(spelling, listener.port)).await;
        assert_eq!(outcome, Err(HttpError::Forbidden), "{spelling}");
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(listener.accepts(), 0);
}

#[tokio::test]
async fn where_private_targets_are_allowed_all_spellings_of_this_machine_reach_it() {
    let listener = Listener::friendly().await;
    // Without IPv6 nothing of this machine has these addresses; that they are refused where private
    // targets are, the test above says on any machine.
    let is_of_here = |spelling: &&str| has_ipv6() || !spelling.contains('[');
    let here: Vec<&str> = HERE.into_iter().filter(is_of_here).collect();
    assert!(here.len() >= 46, "all but the three of IPv6 are tried everywhere");
    for (index, spelling) in here.into_iter().enumerate() {
        // A client each, so that none uses the connection of another spelling.
        let outcome = fresh().send(to(spelling, listener.port)).await;
        assert_eq!(outcome.unwrap().status, 200, "{spelling}");
        assert_eq!(listener.accepts(), index + 1, "{spelling}");
    }
}

#[tokio::test]
async fn other_ports_and_schemes_and_credentials_are_refused() {
    let listener = Listener::friendly().await;
    let client = client(guarded(listener.port));
    for url in [
        "http://8.8.8.8:22/",
        "https://8.8.8.8:8443/",
        "http://example.com:6379/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,hello",
        "https://user@example.com/",
        "https://user:password@example.com/",
    ] {
        assert_eq!(client.send(get(url)).await, Err(HttpError::Forbidden), "{url}");
    }
    for url in ["", "//example.com/", "example.com", "http://", "http://[::1", "http://1.2.3.4.5/"]
    {
        let outcome = client.send(get(url)).await;
        assert!(matches!(outcome, Err(HttpError::Unreachable(_))), "{url}: {outcome:?}");
    }
}
