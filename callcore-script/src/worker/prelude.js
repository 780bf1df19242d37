// Takes from the language what is not pure, and answers how to freeze a value. Runs before the
// code of a tenant, in the same engine.
(function () {
  "use strict";
  const kept = new Set([
    "Array", "BigInt", "Boolean", "JSON", "Map", "Math", "Number", "Object", "RegExp", "Set",
    "String", "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError",
    "SyntaxError", "TypeError", "URIError", "Infinity", "NaN", "undefined", "isFinite", "isNaN",
    "parseFloat", "parseInt", "decodeURI", "decodeURIComponent", "encodeURI",
    "encodeURIComponent",
  ]);
  const { freeze, getOwnPropertyNames, getPrototypeOf } = Object;

  const scope = globalThis;
  for (const name of getOwnPropertyNames(scope)) {
    if (!kept.has(name)) delete scope[name];
  }
  delete Math.random;
  // These would show the engine's stack, and with it functions that are not the code's.
  delete Error.captureStackTrace;
  delete Error.prepareStackTrace;
  delete Error.stackTraceLimit;
  // Each of these makes a function of a text.
  const kinds = [function () {}, function* () {}, async function () {}, async function* () {}];
  for (const kind of kinds) delete getPrototypeOf(kind).constructor;

  return function (value) {
    const waiting = [value];
    for (let next = 0; next < waiting.length; next += 1) {
      const one = waiting[next];
      if (typeof one !== "object" || one === null) continue;
      for (const name of getOwnPropertyNames(one)) waiting[waiting.length] = one[name];
      freeze(one);
    }
    return value;
  };
})();
