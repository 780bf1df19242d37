//! callcore's conformance suite against a SQLite file.

mod harness;

callcore_testkit::store_suite!(harness::Sqlite);
