//! Answers: read as far as they are wanted, and told apart when they fail.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::iter;

use callcore::port::{HttpError, HttpResponse};
use reqwest::Response;
use reqwest::header::{HeaderMap, HeaderName, TRANSFER_ENCODING};

use super::names::NoAddress;

/// How many bytes of headers are taken. hyper reads 100 headers and 400 kB at the most.
const MOST_HEADER_BYTES: usize = 64 * 1024;

/// Reads the answer, `most` bytes of its body at the most. Dropping the response early closes the
/// connection.
pub(super) async fn received(
    mut response: Response,
    most: usize,
) -> Result<HttpResponse, HttpError> {
    check(&response, most)?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if chunk.len() > most - body.len() => return Err(HttpError::TooLarge),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(HttpResponse { status, headers, body }),
            Err(error) => return Err(torn(&error)),
        }
    }
}

fn check(response: &Response, most: usize) -> Result<(), HttpError> {
    let headers = response.headers();
    let bytes: usize =
        headers.iter().map(|(name, value)| name.as_str().len() + value.as_bytes().len()).sum();
    let announced = response.content_length().unwrap_or_default();
    if bytes > MOST_HEADER_BYTES || usize::try_from(announced).map_or(true, |bytes| bytes > most) {
        return Err(HttpError::TooLarge);
    }
    // An encoded body is handed on as it is: it is never inflated, and its status still counts. An
    // encoded transfer leaves no body to hand on.
    if !says_only(headers, &TRANSFER_ENCODING, "chunked") {
        return Err(HttpError::NotHttp("its transfer is encoded, which was not asked for".into()));
    }
    Ok(())
}

fn says_only(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.all(|value| value.as_bytes().eq_ignore_ascii_case(expected.as_bytes()))
}

/// Whether a connection died before an answer. hyper does not tell an answer's torn head from none.
pub(super) fn broke_off(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        hyper.is_some_and(|error| error.is_incomplete_message() || error.is_canceled())
            || matches!(
                io,
                Some(
                    ErrorKind::BrokenPipe
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset
                        | ErrorKind::UnexpectedEof
                )
            )
    })
}

/// What the port calls a request that was sent and got no head of an answer.
pub(super) fn failed(error: reqwest::Error, host: &str) -> HttpError {
    // reqwest's own text names the URL, and a URL may hold secrets.
    let error = error.without_url();
    let no_address = causes(&error).find_map(|cause| cause.downcast_ref::<NoAddress>());
    match no_address {
        Some(NoAddress::Refused(refused)) => {
            tracing::info!(host, %refused, "a request was refused");
            return HttpError::Forbidden;
        }
        Some(no_turn @ (NoAddress::Full(_) | NoAddress::Queued)) => return busy(host, no_turn),
        Some(NoAddress::Unknown(_)) | None => {}
    }
    let too_large = |error: &hyper::Error| error.is_parse_too_large();
    if causes(&error).any(|cause| cause.downcast_ref().is_some_and(too_large)) {
        return HttpError::TooLarge;
    }
    if is_out_of_files(&error) {
        return busy(host, &"the process or the machine has no file left for a connection");
    }
    let text = deepest(&error);
    tracing::debug!(host, error = text, "a request failed");
    if error.is_connect() || error.is_builder() {
        HttpError::Unreachable(text)
    } else {
        torn(&error)
    }
}

/// What the port calls a request that a limit of our own kept from being sent.
pub(super) fn busy(host: &str, why: &dyn Display) -> HttpError {
    tracing::info!(host, %why, "a request was not sent: no place was free for it");
    HttpError::Busy(why.to_string())
}

/// What the port calls an exchange that ended over a connection, before the answer was whole.
fn torn(error: &reqwest::Error) -> HttpError {
    let is_no_http = causes(error).any(|cause| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        // What hyper finds wrong with a chunk, it tells as an error of the socket.
        hyper.is_some_and(hyper::Error::is_parse)
            || matches!(io, Some(ErrorKind::InvalidData | ErrorKind::InvalidInput))
    });
    let text = deepest(error);
    if is_no_http { HttpError::NotHttp(text) } else { HttpError::Broken(text) }
}

/// Whether the system had no file for one more connection: ENFILE and EMFILE, the same numbers on all
/// systems that we run on.
fn is_out_of_files(error: &(dyn Error + 'static)) -> bool {
    let number = |cause: &(dyn Error + 'static)| cause.downcast_ref::<io::Error>()?.raw_os_error();
    causes(error).any(|cause| matches!(number(cause), Some(23 | 24)))
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

/// The last cause, which says the most: "Connection refused" and not "error sending request".
fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("on the way")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn what_the_system_had_no_file_for_is_told_from_what_nobody_answered() {
        let is_ours = |number| is_out_of_files(&Wrapped(io::Error::from_raw_os_error(number)));
        // EMFILE and ENFILE; ECONNREFUSED and ETIMEDOUT.
        assert_eq!([24, 23, 111, 110].map(is_ours), [true, true, false, false]);
    }
}
