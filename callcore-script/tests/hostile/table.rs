//! Code that means harm, and how each ends.

/// How code ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// It does no harm and answers this.
    Answers(bool),
    /// It took too much memory or too deep a stack.
    Memory,
    /// It took too much time or too much memory: which comes first is up to the machine.
    Stopped,
    /// It cannot be read; the message holds this.
    Syntax(&'static str),
    /// It threw; the message holds this.
    Thrown(&'static str),
    /// It took too much time.
    Timeout,
}

use End::{Answers, Memory, Stopped, Syntax, Thrown, Timeout};

/// A name, the code, and how it ends.
pub(crate) const HOSTILE: &[(&str, &str, End)] = &[
    // Loops.
    ("endless loop", "while (true) {}", Timeout),
    ("endless loop without a body", "for (;;);", Timeout),
    ("endless loop through a label", "again: for (;;) { for (;;) continue again }", Timeout),
    ("endless loop that catches", "for (;;) { try { for (;;); } catch { } finally { } }", Timeout),
    ("endless loop in finally", "try { for (;;); } finally { return true }", Timeout),
    ("endless generator", "function* all() { for (;;) yield 1 } for (const _ of all()); ", Timeout),
    ("endless spread", "function* all() { for (;;) yield 'x' } return [...all()]", Stopped),
    ("sort that never ends", "return [3, 2, 1].sort(() => { for (;;); })", Timeout),
    ("replace that never ends", "return 'xyz'.replace(/./g, () => { for (;;); })", Timeout),
    ("conversion that never ends", "return `${{ toString() { for (;;); } }}`", Timeout),
    ("arithmetic that never ends", "return 1 + { valueOf() { for (;;); } }", Timeout),
    ("JSON that never ends", "return JSON.stringify({ toJSON() { for (;;); } })", Timeout),
    ("truth that never ends", "return { valueOf() { for (;;); } }", Answers(true)),
    ("promise that never ends", "return { get then() { for (;;); } }", Timeout),
    ("message that never ends", "throw { get message() { for (;;); } }", Timeout),
    ("name that never ends", "throw { get name() { for (;;); }, message: 'x' }", Timeout),
    (
        "error that never ends",
        "const e = Error(); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e",
        Timeout,
    ),
    // Regular expressions.
    ("catastrophic expression", "return /(a+)+$/.test('a'.repeat(40) + 'b')", Timeout),
    ("catastrophic alternatives", "return /^(a|a)*$/.test('a'.repeat(40) + 'b')", Timeout),
    ("expression with a huge input", "return /(x+x+)+y/.test('x'.repeat(1e6))", Stopped),
    ("expression that is deep", "return RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))", Memory),
    ("expression that is huge", "return RegExp('(?:a{9999}){9999}'.repeat(1e3))", Answers(true)),
    // Memory.
    ("huge array", "const a = []; for (;;) a.push('x'.repeat(1e4) + a.length)", Stopped),
    ("filled array", "return Array(1e9).fill(0)", Stopped),
    ("joined array", "return Array(2 ** 31).join('x')", Stopped),
    ("sparse array", "return Array(2 ** 32 - 1).indexOf(1)", Stopped),
    ("concatenated arrays", "let a = [1]; for (;;) a = a.concat(a)", Stopped),
    ("map of millions", "const m = new Map(); for (let i = 0; ; i++) m.set(i, i)", Stopped),
    ("string of a gigabyte", "return 'x'.repeat(2 ** 30 - 25)", Memory),
    ("string longer than can be", "return 'x'.repeat(2 ** 31)", Thrown("RangeError")),
    ("padded string", "return 'x'.padStart(2 ** 29)", Memory),
    ("doubled string", "let s = 'x'; for (;;) s = s + s + s.length", Stopped),
    ("template bomb", "let s = 'x'; for (;;) s = `${s}${s}${s.slice(1)}`", Stopped),
    ("replaced string", "return 'x'.repeat(1e6).replaceAll('x', 'y'.repeat(1e6))", Stopped),
    ("huge power", "return 2n ** (2n ** 40n)", Thrown("RangeError")),
    ("huge product", "let n = 3n; for (;;) n *= n", Thrown("too large")),
    (
        "memory that is caught",
        "const a = []; for (;;) try { a.push(Array(1e5).fill(1)) } catch {}",
        Stopped,
    ),
    ("nested text for JSON", "return JSON.parse('['.repeat(1e6))", Memory),
    ("cycle for JSON", "const a = []; a.push(a); return JSON.stringify(a)", Thrown("TypeError")),
    (
        "bomb for JSON",
        "let a = 1; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a)",
        Stopped,
    ),
    // The stack.
    ("recursion", "const f = () => f() + 1; return f()", Memory),
    ("mutual recursion", "const f = () => g() + 1, g = () => f() + 1; return f()", Memory),
    ("recursion in a getter", "const o = { get x() { return this.x } }; return o.x", Memory),
    (
        "recursion in a conversion",
        "const o = { toString() { return '' + o } }; return '' + o",
        Memory,
    ),
    ("recursion that is caught", "const f = () => { try { f() } catch { f() } }; f()", Timeout),
    // Messages.
    ("huge text thrown", "throw 'x'.repeat(1e6)", Thrown("xxx")),
    ("huge message thrown", "throw new Error('x'.repeat(1e6))", Thrown("Error: xxx")),
    (
        "huge name thrown",
        "const e = new Error('m'); e.name = 'x'.repeat(1e6); throw e",
        Thrown("xxx"),
    ),
    ("getter thrown", "throw { get message() { throw this } }", Thrown("without a message")),
    ("nothing thrown", "throw undefined", Thrown("undefined")),
    // The engine throws the same where it has no room for an error.
    ("null thrown", "throw null", Memory),
    ("pieces of text", "return 'x'.repeat(4e6).split('')", Stopped),
    // Ways out.
    (
        "constructor of functions",
        "return (() => 1).constructor('return this')()",
        Thrown("not a f"),
    ),
    (
        "constructor by the prototype",
        "return Object.getPrototypeOf(function* () {}).constructor('return 1')().next()",
        Thrown("not a f"),
    ),
    (
        "constructor of constructors",
        "return call.constructor.constructor('return this')()",
        Thrown("not a f"),
    ),
    ("eval", "return eval('1')", Thrown("eval is not defined")),
    ("eval by comma", "return (0, eval)('1')", Thrown("eval is not defined")),
    ("this", "return this", Answers(false)),
    ("this of a callback", "return [1].map(function () { return this })[0]", Answers(false)),
    ("global object", "return globalThis", Thrown("globalThis is not defined")),
    ("callee", "return arguments.callee", Thrown("TypeError")),
    ("caller", "return (function f() { return f.caller })()", Thrown("TypeError")),
    (
        "stack of the engine",
        "Error.prepareStackTrace = (_, s) => s; return typeof new Error().stack === 'string'",
        Answers(true),
    ),
    ("with", "with (call) { return vars }", Syntax("with")),
    ("import", "return import('fs')", Thrown("promise")),
    ("import as a statement", "import fs from 'fs'", Syntax("")),
    ("module", "return import.meta", Syntax("")),
    ("output of the worker", "std.out.puts('x')", Thrown("std is not defined")),
    ("output by print", "print('x')", Thrown("print is not defined")),
    ("input of the worker", "return os.read(0)", Thrown("os is not defined")),
    (
        "shared memory",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
        Thrown("not defined"),
    ),
    ("weak references", "return new WeakRef({})", Thrown("not defined")),
    ("finalizers", "return new FinalizationRegistry(() => { for (;;); })", Thrown("not defined")),
    ("proxy", "return new Proxy({}, { get() { for (;;); } })", Thrown("Proxy is not defined")),
    // Promises.
    ("async function", "return (async () => { for (;;) await 1 })()", Thrown("promise")),
    ("thenable", "return { then() { for (;;); } }", Thrown("promise")),
    (
        "promise storm",
        "const f = async () => { await 1; f(); f() }; for (let i = 0; i < 99; i++) f(); return 1",
        Answers(true),
    ),
    ("promise by name", "return Promise.resolve(1)", Thrown("Promise is not defined")),
    ("top-level await", "return await 1", Syntax("")),
    // Prototypes and what is frozen.
    (
        "prototype pollution",
        "Object.prototype.zip = '1'; return call.vars.zip === '90210'",
        Answers(true),
    ),
    ("pollution by __proto__", "call.__proto__.polluted = 1; return true", Answers(true)),
    ("write to the call", "call.vars.zip = '1'; return true", Thrown("TypeError")),
    ("write deep in the call", "call.vars.list[1].deep = 0; return true", Thrown("TypeError")),
    ("new field of the call", "call.x = 1; return true", Thrown("TypeError")),
    ("deleted field of the call", "delete call.vars; return true", Thrown("TypeError")),
    (
        "new prototype of the call",
        "Object.setPrototypeOf(call, null); return true",
        Thrown("TypeError"),
    ),
    ("undeclared name", "leak = 1; return true", Thrown("leak is not defined")),
    // Texts.
    ("second function", "}); for (;;); (function () {", Syntax("closes more")),
    ("second expression", "}, (() => { for (;;); })(), function () {", Syntax("closes more")),
    ("second method", "}, x() {", Syntax("")),
    ("second member", "} x() {", Syntax("")),
    ("comment to the end", "return true //", Answers(true)),
    ("comment without an end", "return true /*", Syntax("")),
    ("comment of old", "return true <!-- ", Syntax("<!--")),
    ("template without an end", "return `", Syntax("")),
    ("NUL", "return true \0", Syntax("NUL")),
    ("escaped keyword", "\\u0072eturn true", Syntax("")),
    ("invisible characters", "return\u{2028}true", Answers(false)),
    ("surrogate", "return '\\ud800'", Answers(true)),
];

/// Codes that are too long to be written down.
pub(crate) fn long() -> Vec<(&'static str, String, End)> {
    let nest = |open: &str, close: &str, depth| {
        format!("return {}1{}", open.repeat(depth), close.repeat(depth))
    };
    vec![
        ("too long", format!("//{}", "x".repeat(16 * 1024 - 1)), Syntax("16385 bytes")),
        (
            "as long as may be",
            format!("return true//{}", "x".repeat(16 * 1024 - 13)),
            Answers(true),
        ),
        ("deep brackets", nest("(", ")", 8_000), Memory),
        ("deep arrays", nest("[", "]", 8_000), Memory),
        ("deep functions", nest("(()=>", ")()", 2_000), Memory),
        ("deep signs", nest("- ", "", 8_000), Memory),
        ("deep templates", nest("`${", "}`", 3_000), Memory),
        ("deep blocks", format!("{}{}", "{".repeat(8_000), "}".repeat(8_000)), Memory),
    ]
}
