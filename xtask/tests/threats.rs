//! docs/threats.md names, for each class of vulnerability, the tests that answer it. They must exist.

use std::collections::BTreeSet;

use crate::tree::{files, none, root};

/// A class is answered by tests, waits for its feature, or is answered by how the code is made.
const WAITING: &str = "not yet: ";

/// The numbers every table of classes has.
fn numbers() -> Vec<String> {
    (1..=43)
        .map(|n| n.to_string())
        .chain((1..=13).map(|n| format!("J{n}")))
        .collect()
}

#[test]
fn every_threat_class_has_an_answer_that_exists() {
    let text = std::fs::read_to_string(root().join("docs/threats.md")).expect("docs/threats.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let known = test_names();
    let mut offences = Vec::new();
    for number in numbers() {
        let Some(row) = rows.iter().find(|row| row[0] == number) else {
            offences.push(format!("class {number} has no row"));
            continue;
        };
        let answer = row.last().copied().unwrap_or("");
        let named: Vec<&str> = answer.split('`').skip(1).step_by(2).collect();
        if named.is_empty()
            && answer
                .strip_prefix(WAITING)
                .is_none_or(|feature| feature.len() < 4)
        {
            offences.push(format!(
                "class {number} names neither a test nor the feature it waits for"
            ));
        }
        let missing = named.iter().filter(|name| !known.contains(**name));
        offences.extend(missing.map(|name| format!("class {number}: no test is called {name}")));
    }
    none(&offences, "docs/threats.md and the tests disagree");
}

/// The names of all test functions in Rust and Python, and the titles of all tests in JavaScript.
fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in files("") {
        for line in file.text.lines() {
            let line = line.trim_start();
            if file.path.ends_with(".rs") || file.path.ends_with(".py") {
                let rest = ["fn ", "async fn ", "def "]
                    .iter()
                    .find_map(|start| line.strip_prefix(start));
                names.extend(
                    rest.and_then(|rest| rest.split(['(', '<']).next())
                        .map(String::from),
                );
            } else if file.path.ends_with(".mjs") {
                let rest = line
                    .strip_prefix("test(")
                    .or_else(|| line.strip_prefix("await t.test("));
                names.extend(
                    rest.and_then(|rest| rest.split(['\'', '"', '`']).nth(1))
                        .map(String::from),
                );
            }
        }
    }
    names
}
