//! Frames on the pipes: a length of four bytes, big-endian, then that many bytes of JSON.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::options::{MAX_CALL_BYTES, MAX_CODE_BYTES};

/// No request is longer: a character of the code may take six bytes in JSON, and the call, which
/// is JSON already, at most two for one.
pub(crate) const MAX_REQUEST_BYTES: usize = 6 * MAX_CODE_BYTES + 2 * MAX_CALL_BYTES + 1024;

/// No answer is longer: two hundred characters, and what JSON puts around them.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 * 1024;

/// One whole frame.
pub(crate) fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = u32::try_from(frame.len() - 4).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    serde_json::from_slice(body).map_err(io::Error::from)
}

fn checked_length(bytes: [u8; 4], maximum: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(bytes)).map_err(io::Error::other)?;
    if length > maximum {
        let message = format!("a frame of {length} bytes, at most {maximum} are expected");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(length)
}

pub(crate) fn write(pipe: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    pipe.write_all(&encode(message)?)?;
    pipe.flush()
}

/// `None` where the pipe ends before a frame begins.
pub(crate) fn read<T: DeserializeOwned>(
    pipe: &mut impl Read,
    maximum: usize,
) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if pipe.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    pipe.read_exact(&mut length[1..])?;
    let mut body = vec![0; checked_length(length, maximum)?];
    pipe.read_exact(&mut body)?;
    decode(&body).map(Some)
}

/// As [`read`], in the pool: here a pipe that ends is an error, for an answer is due.
pub(crate) async fn receive<T: DeserializeOwned>(
    pipe: &mut (impl AsyncRead + Unpin),
    maximum: usize,
) -> io::Result<T> {
    let mut length = [0; 4];
    pipe.read_exact(&mut length).await?;
    let mut body = vec![0; checked_length(length, maximum)?];
    pipe.read_exact(&mut body).await?;
    decode(&body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut pipe = Vec::new();
        write(&mut pipe, &"gré").unwrap();
        assert_eq!(pipe, b"\0\0\0\x06\"gr\xc3\xa9\"");
        let mut rest = pipe.as_slice();
        assert_eq!(read::<String>(&mut rest, 6).unwrap(), Some("gré".to_owned()));
        assert_eq!(read::<String>(&mut rest, 6).unwrap(), None);
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_before_its_body() {
        let refused = read::<String>(&mut b"\xff\xff\xff\xff".as_slice(), 6).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_frame_that_breaks_off_is_an_error() {
        assert!(read::<String>(&mut b"\0\0".as_slice(), 6).is_err());
        assert!(read::<String>(&mut b"\0\0\0\x06\"gr".as_slice(), 6).is_err());
    }

    #[test]
    fn the_longest_request_fits() {
        let request = crate::message::Request::Run {
            code: "\u{1}".repeat(MAX_CODE_BYTES),
            call: "\"".repeat(MAX_CALL_BYTES),
        };
        assert!(encode(&request).unwrap().len() <= MAX_REQUEST_BYTES + 4);
    }
}
