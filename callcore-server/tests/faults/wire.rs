//! Bytes that bidders send: answers in one piece, and pieces that are sent again and again.

use std::borrow::Cow;

/// A bid that beats everybody, so that whoever fails would win if it did not.
pub(crate) const HIGH: &str = r#"{"bidAmount":99,"phoneNumber":"+15557654321"}"#;

pub(crate) type Bytes = Cow<'static, [u8]>;

/// Every sound answer in its simplest form.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Bytes {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat().into()
}

/// A success with this body.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Bytes {
    answer("200 OK", "Content-Type: application/json\r\n", body.as_ref())
}

/// The high bid under a head that says whatever it says of it.
pub(crate) fn high_under(head: &str) -> Bytes {
    format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{HIGH}").into_bytes().into()
}

/// The high bid as one chunk that says it has so many bytes, in hexadecimal; it has 2d.
pub(crate) fn high_in_chunk(encoding: &str, size: &str) -> Bytes {
    let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {encoding}\r\n\r\n");
    format!("{head}{size}\r\n{HIGH}").into_bytes().into()
}

/// What is sent in floods.
static LETTERS: [u8; 64 * 1024] = [b'a'; 64 * 1024];

pub(crate) fn letters() -> Bytes {
    LETTERS[..].into()
}

/// A hundred small pieces, so that a flood is fast on a busy machine too.
pub(crate) fn hundred(piece: &str) -> Bytes {
    piece.repeat(100).into_bytes().into()
}

/// 26 kB of gzip (RFC 1952) that inflate to 4 MB of zeros: one byte and 16,000 copies of 258 bytes
/// from a distance of one (RFC 1951 §3.2.6).
pub(crate) fn gzip_bomb() -> Vec<u8> {
    const EIGHT_COPIES: [u8; 13] =
        [0x18, 0x05, 0xa3, 0x60, 0x14, 0x8c, 0x82, 0x51, 0x30, 0x0a, 0x46, 0xc1, 0x28];
    let header: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let checksum_and_length: [u8; 8] = [0x1d, 0x7a, 0x0c, 0x20, 0x01, 0xfd, 0x3e, 0x00];
    [&header[..], &[0x63], &EIGHT_COPIES.repeat(2_000), &[0, 0], &checksum_and_length].concat()
}
