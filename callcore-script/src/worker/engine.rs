//! Runs one code in a fresh engine.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Coerced, Context, Ctx, Error, Function, Module, Runtime, Value};

use super::failure::{self, Failure};
use crate::message::{Answer, Limits, Request};

/// How deep calls may nest, in bytes of the stack. The main thread has at least eight times this.
const MAX_STACK_BYTES: usize = 512 * 1024;

/// What the engine has of the language. There is no clock, and nothing that tells when garbage is
/// collected. Promises are there because async functions would crash the engine without them.
type Language = (
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

const PRELUDE: &str = include_str!("prelude.js");

/// The code goes on lines of its own, so that a comment at its end ends with it.
const FUNCTION: (&str, &str) = ("(function (call) {\n", "\n})");

/// A function and two other things that hold the body of one. A text that closes the body early
/// may go on as one of them, but not as all three: after a method of a class no comma may follow,
/// and after one of an object nothing but a comma or the end of the object, which does not end a
/// function.
const HOLDERS: [(&str, &str); 3] =
    [FUNCTION, ("({ m(call) {\n", "\n} })"), ("(class { m(call) {\n", "\n} })")];

/// What the engine tells of where it is in the code: in a text that we made, whose first line is
/// not the code's.
pub(super) const SOURCE_NAME: &str = "code";

/// Answers one request. The engine is gone when this returns, unless the code has hit a limit.
pub(super) fn answer(limits: &Limits, request: &Request) -> Answer {
    let Some(deadline) = Instant::now().checked_add(Duration::from_millis(limits.run_ms)) else {
        return Answer::Timeout;
    };
    let is_late = Rc::new(Cell::new(false));
    let Ok((runtime, context)) = engine(limits, deadline, &is_late) else {
        return Answer::Memory;
    };
    let answer = context.with(|ctx| match request {
        Request::Check { code } => compile(&ctx, code).map(|_| Answer::Readable),
        Request::Run { code, call } => run(&ctx, code, call).map(Answer::Returned),
    });
    let answer = match answer {
        _ if is_late.get() => Answer::Timeout,
        Ok(answer) => answer,
        Err(failure) => failure.into_answer(),
    };
    if answer.ends_worker() {
        // The process ends after this answer; freeing the values one by one would only delay it.
        mem::forget((context, runtime));
    }
    answer
}

fn engine(
    limits: &Limits,
    deadline: Instant,
    is_late: &Rc<Cell<bool>>,
) -> Result<(Runtime, Context), Error> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(limits.memory_bytes);
    runtime.set_max_stack_size(MAX_STACK_BYTES);
    let is_late = Rc::clone(is_late);
    runtime.set_interrupt_handler(Some(Box::new(move || {
        is_late.set(Instant::now() >= deadline);
        is_late.get()
    })));
    let context = Context::custom::<Language>(&runtime)?;
    Ok((runtime, context))
}

/// Reads the code without running any of it, and answers the function that it is the body of.
fn compile<'js>(ctx: &Ctx<'js>, code: &str) -> Result<Function<'js>, Failure> {
    if code.contains('\0') {
        return Err(Failure::Syntax("it holds a NUL character".to_owned()));
    }
    // The only text that begins a comment in a script and not in a module.
    if code.contains("<!--") {
        return Err(Failure::Syntax("it holds `<!--`; write a comment as `//`".to_owned()));
    }
    for (index, holder) in HOLDERS.iter().enumerate() {
        // A module that is declared is compiled and not evaluated.
        let Err(error) = Module::declare(ctx.clone(), SOURCE_NAME, wrap(*holder, code)) else {
            continue;
        };
        return Err(match failure::of_reading(ctx, &error) {
            Failure::Syntax(_) if index > 0 => {
                Failure::Syntax("a `}` closes more than was opened".to_owned())
            }
            failure => failure,
        });
    }
    let mut options = EvalOptions::default();
    options.strict = true;
    options.filename = Some(SOURCE_NAME.to_owned());
    ctx.eval_with_options(wrap(FUNCTION, code), options)
        .map_err(|error| failure::of_reading(ctx, &error))
}

fn run(ctx: &Ctx<'_>, code: &str, call: &str) -> Result<bool, Failure> {
    let function = compile(ctx, code)?;
    let answer = prepare(ctx, call).and_then(|call| {
        let returned: Value<'_> = function.call((call,))?;
        if is_promise(&returned)? {
            return Ok(None);
        }
        Ok(Some(returned.get::<Coerced<bool>>()?.0))
    });
    match answer {
        Ok(Some(truthy)) => Ok(truthy),
        Ok(None) => {
            Err(Failure::Thrown("it returned a promise, and nothing waits for one".to_owned()))
        }
        Err(error) => Err(failure::of_running(ctx, &error)),
    }
}

/// Takes what is not pure from the language and makes the one value of the code.
fn prepare<'js>(ctx: &Ctx<'js>, call: &str) -> Result<Value<'js>, Error> {
    let freeze: Function<'js> = ctx.eval(PRELUDE)?;
    freeze.call((ctx.json_parse(call)?,))
}

fn is_promise(value: &Value<'_>) -> Result<bool, Error> {
    if value.is_promise() {
        return Ok(true);
    }
    match value.as_object() {
        Some(object) => Ok(object.get::<_, Value<'_>>("then")?.is_function()),
        None => Ok(false),
    }
}

fn wrap((before, after): (&str, &str), code: &str) -> String {
    [before, code, after].concat()
}
