//! callcore's conformance suite against a Postgres database of a superuser.

mod harness;

callcore_testkit::store_suite!(harness::Postgres);
