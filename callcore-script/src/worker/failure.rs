//! Why code failed, in words for its author.

use rquickjs::{Coerced, Ctx, Error, Object, Value};

use super::engine::SOURCE_NAME;
use crate::message::Answer;
use crate::options::shorten;

/// What went wrong, other than that the time was over, which only the clock knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Syntax(String),
    Thrown(String),
    Memory,
}

impl Failure {
    pub(super) fn into_answer(self) -> Answer {
        match self {
            Self::Syntax(message) => Answer::Syntax(shorten(&message)),
            Self::Thrown(message) => Answer::Thrown(shorten(&message)),
            Self::Memory => Answer::Memory,
        }
    }
}

/// What kept the engine from reading the code.
pub(super) fn of_reading(ctx: &Ctx<'_>, error: &Error) -> Failure {
    match of_running(ctx, error) {
        Failure::Thrown(message) => {
            let message = message.strip_prefix("SyntaxError: ").unwrap_or(&message);
            Failure::Syntax(message.to_owned())
        }
        failure => failure,
    }
}

/// What ended the run.
pub(super) fn of_running(ctx: &Ctx<'_>, error: &Error) -> Failure {
    match error {
        Error::Exception => of_thrown(ctx, &ctx.catch()),
        Error::Allocation => Failure::Memory,
        other => Failure::Thrown(other.to_string()),
    }
}

/// Reading a thrown object may run code of its own, within the limits of the run.
fn of_thrown<'js>(ctx: &Ctx<'js>, thrown: &Value<'js>) -> Failure {
    // So the engine says that it had no room left for an error. Code that throws this itself is
    // told the same.
    if thrown.is_null() {
        return Failure::Memory;
    }
    let Some(object) = thrown.as_object() else {
        return Failure::Thrown(
            text(ctx, thrown).unwrap_or_else(|| "it threw a symbol".to_owned()),
        );
    };
    let name = field(ctx, object, "name");
    let message = field(ctx, object, "message");
    match (name.as_deref(), message.as_deref()) {
        (Some(name), Some(message)) if is_of_memory(name, message) => Failure::Memory,
        (None, None) => Failure::Thrown("it threw an object without a message".to_owned()),
        (name, message) => {
            let name = name.unwrap_or("Error");
            let message = message.unwrap_or_default();
            let place = field(ctx, object, "stack").as_deref().and_then(place).unwrap_or_default();
            Failure::Thrown(format!("{}: {}{place}", shorten(name), shorten(message)))
        }
    }
}

/// The words of the engine itself. Code that says the same has itself to blame.
fn is_of_memory(name: &str, message: &str) -> bool {
    match name {
        "InternalError" => {
            message.starts_with("out of memory")
                || message.starts_with("stack overflow")
                || message == "string too long"
        }
        "RangeError" => message == "Maximum call stack size exceeded",
        // Of a regular expression.
        "SyntaxError" => matches!(message, "out of memory" | "stack overflow"),
        _ => false,
    }
}

fn field<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str) -> Option<String> {
    match object.get::<_, Value<'js>>(name) {
        Ok(value) if value.is_string() => text(ctx, &value),
        Ok(_) => None,
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

fn text<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Option<String> {
    if value.is_symbol() {
        return None;
    }
    match value.get::<Coerced<String>>() {
        Ok(text) => Some(text.0),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// The first place in the code that a stack names: `at f (code:3:7)` is ` (line 2, column 7)`.
fn place(stack: &str) -> Option<String> {
    let (_, rest) = stack.split_once(&format!("{SOURCE_NAME}:"))?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit());
    let line = numbers.next()?.parse::<u32>().ok()?.checked_sub(1)?;
    let column = numbers.next()?.parse::<u32>().ok()?;
    Some(format!(" (line {line}, column {column})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_the_lines_of_the_code() {
        let stack = "    at <anonymous> (code:3:7)\n    at code:9:9\n";
        assert_eq!(place(stack).as_deref(), Some(" (line 2, column 7)"));
        assert_eq!(place("    at code:2:1"), Some(" (line 1, column 1)".to_owned()));
        assert_eq!(place("at native"), None);
        assert_eq!(place("code:0:1"), None);
        assert_eq!(place("code:99999999999:1"), None);
    }
}
