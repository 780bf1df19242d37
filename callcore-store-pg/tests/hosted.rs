//! callcore's conformance suite against a database whose owner is no superuser, as hosted ones are.

mod harness;

callcore_testkit::store_suite!(harness::Hosted);
