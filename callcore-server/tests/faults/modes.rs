//! The ways in which a bidder fails, each with the verdict that it gets.

use std::time::Duration;

use callcore::auction::Verdict;
use callcore::auction::Verdict::{
    AboveMax, BelowFloor, Expired, HttpError, InvalidDestination, Malformed, NoBid, Refused,
    Timeout, TooLarge, Unreachable, WrongCurrency,
};

use super::listener::Listener;
use super::listener::Step::{self, Drip, Flood, Hang, Pour, Read, Reset, Send, Wait};
use super::wire::{
    Bytes, HIGH, answer, gzip_bomb, high_in_chunk, high_under, hundred, letters, ok,
};

/// What a bidder is like.
enum Does {
    /// Refuses connections.
    Refuses,
    /// Plays this to a connection over http.
    Plays(Vec<Step>),
    /// Plays this to a connection where TLS is expected.
    PlaysTls(Vec<Step>),
    /// Stands at an address that leads nowhere.
    At(&'static str),
}

/// A way to fail.
struct Mode {
    name: &'static str,
    does: Does,
    verdict: Verdict,
}

/// A bidder that fails.
pub(crate) struct Failing {
    pub(crate) name: &'static str,
    pub(crate) url: String,
    pub(crate) verdict: Verdict,
    /// Absent where there is nothing to connect to.
    listener: Option<Listener>,
}

impl Failing {
    /// Whether connections to it come about.
    pub(crate) fn is_connected_to(&self) -> bool {
        self.listener.as_ref().is_some_and(|listener| !listener.is_refusing())
    }

    /// How many connections came about.
    pub(crate) fn accepts(&self) -> usize {
        self.listener.as_ref().map_or(0, Listener::accepts)
    }
}

impl Mode {
    async fn start(self) -> Failing {
        let (scheme, listener) = match self.does {
            Does::Refuses => ("http", Listener::refusing()),
            Does::Plays(script) => ("http", Listener::start(vec![script]).await),
            Does::PlaysTls(script) => ("https", Listener::start(vec![script]).await),
            Does::At(url) => {
                let (name, verdict) = (self.name, self.verdict);
                return Failing { name, url: url.to_owned(), verdict, listener: None };
            }
        };
        let url = format!("{scheme}://127.0.0.1:{}/bid", listener.port);
        Failing { name: self.name, url, verdict: self.verdict, listener: Some(listener) }
    }
}

/// All bidders that fail, with this time to answer.
pub(crate) async fn start_all(timeout_ms: u32) -> Vec<Failing> {
    let mut all = Vec::new();
    for mode in modes(timeout_ms) {
        all.push(mode.start().await);
    }
    all
}

type Row = (&'static str, Does, Verdict);

/// The table, for bidders that have this time to answer.
fn modes(timeout_ms: u32) -> Vec<Mode> {
    let rows = [silent(timeout_ms), torn(), no_http(), huge(), encoded(), statuses(), contents()];
    let mode = |(name, does, verdict)| Mode { name, does, verdict };
    rows.into_iter().flatten().map(mode).collect()
}

fn plays(script: impl Into<Vec<Step>>) -> Does {
    Does::Plays(script.into())
}

/// Reads the request and answers this.
fn says(bytes: impl Into<Bytes>) -> Does {
    plays([Read, Send(bytes.into())])
}

/// Those that answer too late or not at all.
fn silent(timeout_ms: u32) -> Vec<Row> {
    // The deadline began to run before the request was there.
    let a_bit_late = Wait(Duration::from_millis(timeout_ms.into()) + Duration::from_millis(1));
    let far_too_late = Wait(Duration::from_millis(timeout_ms.into()) * 3);
    // Head and body take about 4 s each, a byte in 100 ms.
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 45\r\n\r\n";
    let unended = high_in_chunk("chunked", "2d");
    vec![
        ("hangs", plays([Read, Hang]), Timeout),
        ("hangs without reading", plays([far_too_late.clone()]), Timeout),
        ("hangs after its head", plays([Read, Send(head.into()), Hang]), Timeout),
        ("drips its head", plays([Read, Drip(head)]), Timeout),
        ("drips its body", plays([Read, Send(head.into()), Drip(HIGH.as_bytes())]), Timeout),
        ("a last chunk that never comes", plays([Read, Send(unended), Hang]), Timeout),
        ("a millisecond late", plays([Read, a_bit_late, Send(ok(HIGH))]), Timeout),
        ("three times too late", plays([Read, far_too_late, Send(ok(HIGH))]), Timeout),
        ("interim answers for ever", plays([Read, Pour(hundred(INTERIM))]), Timeout),
        ("a TLS handshake that hangs", Does::PlaysTls(vec![Hang]), Timeout),
        // A record of 16 kB, of which a few bytes come.
        ("a TLS handshake that drips", Does::PlaysTls(vec![Drip(TLS_RECORD)]), Timeout),
    ]
}

static INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
static TLS_RECORD: &[u8] =
    b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Those that are not there, or break off.
fn torn() -> Vec<Row> {
    vec![
        ("refuses the connection", Does::Refuses, Unreachable),
        ("a name that nobody knows", Does::At("http://bidder.example.com/bid"), Unreachable),
        ("a metadata service", Does::At("http://169.254.169.254/bid"), Unreachable),
        ("closes at once", plays([]), Unreachable),
        ("resets at once", plays([Reset]), Unreachable),
        ("closes without an answer", plays([Read]), Unreachable),
        ("resets without an answer", plays([Read, Reset]), Unreachable),
        ("closes in its head", says(&b"HTTP/1.1 200 OK\r\nContent-Le"[..]), Unreachable),
        (
            "closes in its body: a length too long",
            says(high_under("Content-Length: 4000")),
            Unreachable,
        ),
        (
            "resets in its body",
            plays([Read, Send(high_under("Content-Length: 4000")), Reset]),
            Unreachable,
        ),
        ("closes in a chunk", says(high_in_chunk("chunked", "400")), Unreachable),
        ("plain HTTP where TLS is expected", Does::PlaysTls(vec![Send(ok(HIGH))]), Unreachable),
    ]
}

/// Those that speak something else.
fn no_http() -> Vec<Row> {
    let raw = |bytes: &'static [u8]| says(bytes);
    vec![
        ("HTTP/0.9", raw(HIGH.as_bytes()), Malformed),
        ("bytes of no protocol", raw(b"\x00\xff\x13\x37\x00\xff\x13\x37\r\n\r\n"), Malformed),
        (
            "a preface and settings of HTTP/2",
            raw(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x10\0\0"),
            Malformed,
        ),
        ("an alert of TLS", raw(b"\x15\x03\x01\x00\x02\x02\x0a"), Malformed),
        ("a length that is no number", says(high_under("Content-Length: lots")), Malformed),
        ("two lengths", says(high_under("Content-Length: 45\r\nContent-Length: 20")), Malformed),
        ("a chunk without a length", says(high_in_chunk("chunked", "zz")), Malformed),
        ("an encoded transfer", says(high_in_chunk("gzip, chunked", "2d")), Malformed),
    ]
}

/// Those that send more than is read.
fn huge() -> Vec<Row> {
    // Of 64 kB each: 100 MB.
    let hundred_megabytes = Flood(letters(), 1_600);
    let flood = |head: &'static [u8], flood: Step| plays([Read, Send(head.into()), flood]);
    let spaces = [HIGH.as_bytes(), &[b' '; 65_536]].concat();
    vec![
        (
            "100 MB, announced",
            flood(
                b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n",
                hundred_megabytes.clone(),
            ),
            TooLarge,
        ),
        (
            "100 MB, unannounced",
            flood(b"HTTP/1.1 200 OK\r\n\r\n", hundred_megabytes.clone()),
            TooLarge,
        ),
        (
            "chunks for ever",
            flood(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                Flood(hundred(&format!("400\r\n{}\r\n", "a".repeat(0x400))), u64::MAX),
            ),
            TooLarge,
        ),
        (
            "a header of 100 MB",
            flood(b"HTTP/1.1 200 OK\r\nX-Header: ", hundred_megabytes),
            TooLarge,
        ),
        (
            "headers for ever",
            flood(b"HTTP/1.1 200 OK\r\n", Flood(hundred("X-Header: a\r\n"), u64::MAX)),
            TooLarge,
        ),
        ("a bid and 64 kB of spaces", says(ok(spaces)), TooLarge),
        ("100,000 brackets", says(ok("[".repeat(100_000))), TooLarge),
    ]
}

/// Those that compress.
fn encoded() -> Vec<Row> {
    let gzip = "Content-Encoding: gzip\r\n";
    vec![
        ("a gzip bomb", says(answer("200 OK", gzip, &gzip_bomb())), Malformed),
        ("a bid that is said to be gzip", says(answer("200 OK", gzip, HIGH.as_bytes())), Malformed),
        ("unavailable, in gzip", says(answer("503 Busy", gzip, &gzip_bomb())), HttpError),
    ]
}

/// Those whose status is no success, though they bid.
fn statuses() -> Vec<Row> {
    let status = |status, headers| says(answer(status, headers, HIGH.as_bytes()));
    vec![
        ("no content", says(&b"HTTP/1.1 204 No Content\r\n\r\n"[..]), NoBid),
        (
            "switches the protocol",
            status("101 Switching Protocols", "Upgrade: other\r\n"),
            HttpError,
        ),
        ("redirects to itself", status("302 Found", "Location: /bid\r\n"), HttpError),
        (
            "redirects to a metadata service",
            status("307 Temporary Redirect", "Location: http://169.254.169.254/\r\n"),
            HttpError,
        ),
        ("unauthorized", status("401 Unauthorized", "WWW-Authenticate: Basic\r\n"), HttpError),
        ("not found", status("404 Not Found", ""), HttpError),
        ("too many requests", status("429 Too Many Requests", "Retry-After: 1\r\n"), HttpError),
        ("server error", status("500 Internal Server Error", ""), HttpError),
        ("unavailable", status("503 Service Unavailable", "Retry-After: 0\r\n"), HttpError),
        ("a status of its own", status("999 Denied", ""), HttpError),
    ]
}

/// Those that succeed with what is no valid bid.
fn contents() -> Vec<Row> {
    let with = |more| says(ok(format!(r#"{{"phoneNumber":"+15557654321",{more}}}"#)));
    vec![
        ("a page", says(ok("<!DOCTYPE html><html><body>We will be back</body></html>")), Malformed),
        ("an empty body", says(ok("")), Malformed),
        ("cut off", says(ok(&HIGH[..26])), Malformed),
        ("a length too short", says(high_under("Content-Length: 26")), Malformed),
        ("60,000 brackets", says(ok("[".repeat(60_000))), Malformed),
        ("no text", says(ok(b"\xff\xfe\x00{}")), Malformed),
        ("not a number", with(r#""bidAmount":NaN"#), Malformed),
        ("a number beyond all", with(r#""bidAmount":1e400"#), Malformed),
        ("a word", with(r#""bidAmount":"lots""#), Malformed),
        ("a name twice", with(r#""bidAmount":1,"bidAmount":99"#), Malformed),
        ("refuses with a bid", with(r#""status":"rejected","bidAmount":99"#), Refused),
        ("no destination", says(ok(r#"{"bidAmount":99}"#)), InvalidDestination),
        (
            "a bad destination",
            says(ok(r#"{"bidAmount":99,"phoneNumber":"call me"}"#)),
            InvalidDestination,
        ),
        ("a foreign currency", with(r#""bidAmount":99,"currency":"XAU""#), WrongCurrency),
        ("above its maximum", with(r#""bidAmount":1000"#), AboveMax),
        ("below the floor", with(r#""bidAmount":0.01"#), BelowFloor),
        ("expired", with(r#""bidAmount":99,"expireInSeconds":0"#), Expired),
    ]
}
