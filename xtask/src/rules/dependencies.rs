//! Which crate may depend on what: the core knows no runtime, database, HTTP client or web server.

use serde_json::Value;

use super::Finding;

/// What may not be anywhere in the normal dependency tree of `callcore`.
const FOREIGN_TO_CORE: [&str; 4] = ["axum", "reqwest", "sqlx", "tokio"];

/// Packages that only the crates with a reason for them may name; all others are free.
const GUARDED: [&str; 7] = ["axum", "quick-xml", "reqwest", "rquickjs", "rustix", "sqlx", "tokio"];

/// What a crate may name, of the workspace and of the guarded packages. Tests may name more.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("callcore", &[]),
    ("callcore-twiml", &["callcore", "quick-xml"]),
    // The stores write in tasks of their own, which a dropped future cannot cancel.
    ("callcore-store-pg", &["callcore", "sqlx", "tokio"]),
    ("callcore-store-sqlite", &["callcore", "sqlx", "tokio"]),
    ("callcore-script", &["callcore", "rquickjs", "rustix", "tokio"]),
    ("callcore-testkit", &["callcore", "callcore-twiml", "tokio"]),
    (
        "callcore-server",
        &[
            "axum",
            "callcore",
            "callcore-script",
            "callcore-store-pg",
            "callcore-store-sqlite",
            "callcore-twiml",
            "reqwest",
            "tokio",
        ],
    ),
    ("examples", EVERYTHING),
    ("benches", EVERYTHING),
    ("fuzz", EVERYTHING),
    ("xtask", &[]),
];

/// Packages that nobody depends on may use the whole workspace.
const EVERYTHING: &[&str] = &[
    "axum",
    "callcore",
    "callcore-script",
    "callcore-store-pg",
    "callcore-store-sqlite",
    "callcore-testkit",
    "callcore-twiml",
    "quick-xml",
    "reqwest",
    "sqlx",
    "tokio",
];

const RULE: &str = "dependencies";

/// Judges what the manifests declare; `metadata` is the answer of `cargo metadata --no-deps`.
pub(crate) fn declared(metadata: &Value) -> Vec<Finding> {
    let packages: Vec<&Value> = metadata["packages"].as_array().into_iter().flatten().collect();
    let members: Vec<&str> =
        packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let file = format!("{name}/Cargo.toml");
        let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
            let message =
                format!("`{name}` is not in the table of xtask: say what it may depend on");
            findings.push(Finding::error(RULE, file, 0, message));
            continue;
        };
        let refused = normal_dependencies(package).filter(|dependency| {
            let is_judged = members.contains(dependency) || GUARDED.contains(dependency);
            is_judged && !allowed.contains(dependency)
        });
        findings.extend(refused.map(|dependency| {
            let message = format!("`{name}` may not depend on `{dependency}`");
            Finding::error(RULE, &file, 0, message)
        }));
    }
    findings
}

/// Cargo writes no kind for the dependencies that are neither for tests nor for build scripts.
fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies.filter(|one| one["kind"].is_null()).filter_map(|one| one["name"].as_str())
}

/// Judges the whole tree of the core; `tree` is the answer of `cargo tree --prefix depth`, whose
/// lines are `2tokio v1.54.0 …`.
pub(crate) fn core_tree(tree: &str) -> Vec<Finding> {
    let mut path: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for line in tree.lines() {
        let name_start = line.find(|c: char| !c.is_ascii_digit()).unwrap_or(line.len());
        let (depth, rest) = line.split_at(name_start);
        let (Ok(depth), Some(name)) = (depth.parse::<usize>(), rest.split_whitespace().next())
        else {
            continue;
        };
        path.truncate(depth);
        path.push(name);
        if FOREIGN_TO_CORE.contains(&name) {
            let message = format!("the core may not depend on `{name}`: {}", path.join(" → "));
            findings.push(Finding::error(RULE, "callcore/Cargo.toml", 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<_> =
            dependencies.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
        json!({ "name": name, "dependencies": dependencies })
    }

    fn messages(packages: &[Value]) -> Vec<String> {
        let findings = declared(&json!({ "packages": packages }));
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_path_to_a_foreign_package_is_named() {
        let tree = "0callcore v0.1.0 (/x)\n1serde v1.0.0\n1client v2.0.0\n2hyper v1.0.0\n\
                    3tokio v1.54.0 (*)\n1uuid v1.0.0\n";
        let findings = core_tree(tree);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.ends_with("callcore → client → hyper → tokio"));
    }

    #[test]
    fn a_tree_without_foreign_packages_passes() {
        assert!(core_tree("0callcore v0.1.0\n1tokio-free v1.0.0\n2serde v1.0.0\n").is_empty());
    }

    #[test]
    fn a_dependency_outside_of_the_table_is_found() {
        let core = package("callcore", &[("serde", None)]);
        let twiml = package("callcore-twiml", &[("callcore", None), ("tokio", None)]);
        assert_eq!(messages(&[core, twiml]), ["`callcore-twiml` may not depend on `tokio`"]);
    }

    #[test]
    fn the_core_may_not_depend_on_another_member() {
        let core = package("callcore", &[("callcore-twiml", None)]);
        let twiml = package("callcore-twiml", &[]);
        assert_eq!(messages(&[core, twiml]), ["`callcore` may not depend on `callcore-twiml`"]);
    }

    #[test]
    fn tests_may_depend_on_more() {
        let store = package("callcore-store-sqlite", &[("callcore-testkit", Some("dev"))]);
        assert!(messages(&[store, package("callcore-testkit", &[])]).is_empty());
    }

    #[test]
    fn a_crate_that_the_table_does_not_know_is_found() {
        assert!(messages(&[package("callcore-new", &[])])[0].contains("say what it may depend on"));
    }
}
