//! Regular expressions that tenants write: linear in time, bounded in size.

use regex::{Regex, RegexBuilder};

use super::reader::Reader;
use crate::vocabulary::limits;

/// Reads a regular expression.
pub(crate) fn read(reader: &Reader<'_>, key: &'static str) -> Option<Regex> {
    let source = reader.text(key).filter(|source| !source.is_empty())?;
    match compile(source) {
        Ok(pattern) => Some(pattern),
        Err(reason) => {
            let message = format!("the regular expression cannot be used ({reason}): correct it");
            reader.report().error("bad_pattern", reader.path(key), message);
            None
        }
    }
}

fn compile(source: &str) -> Result<Regex, String> {
    if source.len() > limits::PATTERN_BYTES {
        return Err(format!("it has more than {} bytes", limits::PATTERN_BYTES));
    }
    let built = RegexBuilder::new(source)
        .size_limit(limits::PATTERN_COMPILED_BYTES)
        .dfa_size_limit(limits::PATTERN_COMPILED_BYTES)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it grows too large; repeat less often".to_owned(),
        // The last line names the mistake; those before it draw where it is.
        error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}
