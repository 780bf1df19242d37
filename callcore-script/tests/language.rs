//! What code sees, what it is told when it fails, and what it answers.

#![expect(clippy::unwrap_used, reason = "a panic is how these tests fail")]

use std::fmt::Write;

use callcore::port::{Script, ScriptError};
use callcore_script::{MAX_CALL_BYTES, MAX_CODE_BYTES, ScriptPool};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use common::{GUARD, call, command, killed_only, tenant};

mod common;

/// None of the codes here is slow, unless the machine is.
async fn pool(marker: &str) -> ScriptPool {
    ScriptPool::start(command(marker), killed_only(GUARD)).await.unwrap()
}

async fn answers(pool: &ScriptPool, told: &[(&str, bool)]) {
    for (code, answer) in told {
        assert_eq!(pool.run(tenant(1), code, &call()).await, Ok(*answer), "{code}");
    }
}

#[tokio::test]
async fn the_answer_is_what_javascript_takes_for_true() {
    let pool = pool("truth").await;
    let falsy = ["", "return", "return 0", "return -0", "return NaN", "return ''", "return 0n"];
    let truthy = ["return 1", "return '0'", "return 'false'", "return []", "return {}"];
    answers(&pool, &falsy.map(|code| (code, false))).await;
    answers(&pool, &truthy.map(|code| (code, true))).await;
    answers(&pool, &[("return null", false), ("return new Boolean(false)", true)]).await;
}

#[tokio::test]
async fn code_sees_the_call_and_the_pure_parts_of_the_language() {
    let pool = pool("pure").await;
    let told = [
        "return call.caller === '+12125550123' && call.called === '+18005550100'",
        "return call.vars.age > 65 && call.vars.list[1].deep && call.tags.source === 'radio'",
        "return call.now === '2026-11-22T14:05:00Z'",
        "return Object.isFrozen(call) && Object.isFrozen(call.vars.list[1])",
        "return Math.max(...[3, 1, 2].sort()) === 3 && JSON.parse('[1]')[0] === 1",
        "return new Set([1, 1]).size + new Map([[1, 2]]).get(1) === 3",
        "return /(?<area>\\d{3})$/.exec('x212').groups.area === '212' && parseInt('7x') === 7",
        "class Area { #code = 1; get code() { return this.#code } } return new Area().code === 1",
        "const o = {}; o.toString = () => 'mine'; return `${o}` === 'mine'",
        "return 10n ** 20n > 1 && encodeURIComponent('é') === '%C3%A9' && 'é'.length === 1",
    ];
    answers(&pool, &told.map(|code| (code, true))).await;
}

/// The names that code can use, besides its own: every global one, and those of its function.
#[tokio::test]
async fn no_other_name_is_in_scope() {
    let pool = pool("names").await;
    let absent = "AsyncDisposableStack Atomics \
                  ArrayBuffer DataView Date Deno DisposableStack FinalizationRegistry Float64Array \
                  Function InternalError Intl Iterator Promise Proxy Reflect SharedArrayBuffer \
                  Symbol Temporal Uint8Array WeakMap WeakRef WeakSet alert anonymous atob btoa \
                  bjson console escape eval exports fetch gc global globalThis \
                  module navigator os performance postMessage print process queueMicrotask read \
                  require scriptArgs self setTimeout std structuredClone unescape window";
    for name in absent.split_whitespace() {
        let code = format!("return typeof {name} === 'undefined'");
        assert_eq!(pool.run(tenant(1), &code, &call()).await, Ok(true), "{name}");
    }
    let unknown = pool.run(tenant(1), "return zip === '90210'", &call()).await;
    let message = "ReferenceError: zip is not defined (line 1, column 8)";
    assert_eq!(unknown, Err(ScriptError::Thrown(message.to_owned())));
    answers(&pool, &[("return typeof Math.random", true), ("return Math.random", false)]).await;
}

#[tokio::test]
async fn a_run_sees_nothing_of_another() {
    let pool = pool("state").await;
    let leave = "Object.prototype.left = 1; Math.left = 1; Array.prototype.push = null; return 1";
    let look = "return {}.left || Math.left || [].push === null";
    for _ in 0..8 {
        answers(&pool, &[(leave, true), (look, false)]).await;
    }
}

#[tokio::test]
async fn messages_say_what_and_where() {
    let pool = pool("messages").await;
    let syntax = |code: &'static str| {
        let pool = &pool;
        async move {
            let ran = pool.run(tenant(1), code, &call()).await.map(drop);
            assert_eq!(pool.check(code).await, ran, "check and run differ on {code}");
            ran.unwrap_err().to_string()
        }
    };
    assert_eq!(
        syntax("const a = 1;\nreturn a +").await,
        "the code cannot be read: unexpected token in expression: '}' (line 3, column 1)"
    );
    assert_eq!(
        syntax("return call.vars.zip ==== 1").await,
        "the code cannot be read: unexpected token in expression: '=' (line 1, column 25)"
    );
    assert_eq!(
        syntax("}); (function () {").await,
        "the code cannot be read: a `}` closes more than was opened"
    );
    let thrown = pool.run(tenant(1), "\n  null.x", &call()).await.unwrap_err().to_string();
    let told = "the code failed: TypeError: cannot read property 'x' of null (line 2, column 3)";
    assert_eq!(thrown, told);
    assert_eq!(pool.check("return true // fine").await, Ok(()));
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let pool = pool("large").await;
    let code = " ".repeat(MAX_CODE_BYTES + 1);
    let message = "it has 16385 bytes, at most 16384 are read".to_owned();
    assert_eq!(pool.check(&code).await, Err(ScriptError::Syntax(message)));
    assert_eq!(pool.check(&code[1..]).await, Ok(()));
    let largest = Value::String("x".repeat(MAX_CALL_BYTES - 2));
    let code = "return call.length === 512 * 1024 - 2";
    assert_eq!(pool.run(tenant(1), code, &largest).await, Ok(true));
    let larger = Value::String("x".repeat(MAX_CALL_BYTES - 1));
    assert!(matches!(pool.run(tenant(1), code, &larger).await, Err(ScriptError::Unavailable(_))));
}

/// JSON whose numbers JavaScript can hold, with the names that JavaScript treats as its own.
fn any_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("__proto__".to_owned()),
        Just("constructor".to_owned()),
        Just("then".to_owned()),
        any::<String>().prop_map(|name| name.chars().take(6).collect()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-(1_i64 << 53)..=1 << 53).prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(|text| text.chars().take(12).collect::<String>().into()),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// An expression that is true where what is at `path` is this value, frozen.
fn expect(value: &Value, path: &str, expression: &mut String) {
    match value {
        Value::Array(items) => {
            let length = items.len();
            write!(expression, " && Array.isArray({path}) && {path}.length === {length}").unwrap();
            for (index, item) in items.iter().enumerate() {
                expect(item, &format!("{path}[{index}]"), expression);
            }
        }
        Value::Object(fields) => {
            let length = fields.len();
            write!(expression, " && Object.keys({path}).length === {length}").unwrap();
            for (name, field) in fields {
                let name = Value::from(name.as_str());
                write!(expression, " && Object.hasOwn({path}, {name})").unwrap();
                expect(field, &format!("{path}[{name}]"), expression);
            }
        }
        leaf => write!(expression, " && {path} === {leaf}").unwrap(),
    }
    write!(expression, " && Object.isFrozen({path})").unwrap();
}

#[test]
fn any_value_reaches_the_code_unchanged() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pool = runtime.block_on(pool("values"));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let result = runner.run(&(any_value(), any_value()), |(vars, tags)| {
        let call = json!({ "vars": vars, "tags": tags });
        let mut code = "return true".to_owned();
        expect(&call, "call", &mut code);
        prop_assume!(code.len() <= MAX_CODE_BYTES && !code.contains("<!--"));
        prop_assert_eq!(runtime.block_on(pool.run(tenant(1), &code, &call)), Ok(true), "{}", code);
        Ok(())
    });
    result.unwrap();
}
