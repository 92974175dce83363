//! `cargo xtask threats`: writes the names of the tests into the last column of docs/threats.md.
//!
//! A test answers a class by its name: `threat_07_...`, `threat_j06_...`. A row's `not yet: <feature>` stays, after the
//! names if there are any; `not yet: its test` goes away with the first name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What a row says while nothing answers it.
const UNANSWERED: &str = "not yet: its test";

/// Rewrites the document.
pub fn write() -> Result<()> {
    let mut tests = BTreeMap::new();
    for folder in ["bench", "crates", "testing", "xtask"] {
        collect(&crate::root().join(folder), &mut tests)?;
    }
    let path = crate::root().join("docs/threats.md");
    let text = fs::read_to_string(&path).context("docs/threats.md")?;
    let lines: Vec<String> = text.lines().map(|line| row(line, &tests)).collect();
    fs::write(&path, lines.join("\n") + "\n")?;
    Ok(())
}

/// Class number as the tests write it (`07`, `j06`) to test names.
type Tests = BTreeMap<String, BTreeSet<String>>;

fn collect(folder: &Path, tests: &mut Tests) -> Result<()> {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            for name in fs::read_to_string(&path)?.lines().filter_map(test_name) {
                let word = name.split('_').nth(1).unwrap_or("");
                let digits = word.trim_start_matches('j');
                let prefix = &word[..word.len() - digits.len()];
                tests
                    .entry(format!("{prefix}{digits:0>2}"))
                    .or_default()
                    .insert(name);
            }
        }
    }
    Ok(())
}

fn test_name(line: &str) -> Option<String> {
    let line = line.trim_start();
    let name = line
        .strip_prefix("async ")
        .unwrap_or(line)
        .strip_prefix("fn ")?
        .split('(')
        .next()?;
    name.starts_with("threat_").then(|| name.to_owned())
}

fn row(line: &str, tests: &Tests) -> String {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let (Some(number), Some(answer), true) = (cells.first(), cells.last(), cells.len() == 4) else {
        return line.to_owned();
    };
    let digits = number.trim_start_matches('J');
    let Ok(value) = digits.parse::<u32>() else {
        return line.to_owned();
    };
    let prefix = if number.starts_with('J') { "j" } else { "" };
    let mut answers: Vec<String> = tests
        .get(&format!("{prefix}{value:02}"))
        .into_iter()
        .flatten()
        .map(|name| format!("`{name}`"))
        .collect();
    // Names that are written by hand (a test that answers two classes) stay.
    let by_hand: Vec<String> = answer
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| !name.starts_with(&format!("threat_{prefix}{value:02}_")))
        .map(|name| format!("`{name}`"))
        .collect();
    answers.extend(by_hand);
    let waiting = answer.find("not yet: ").map(|at| &answer[at..]);
    let mut cell = answers.join(", ");
    match waiting {
        Some(waiting) if answers.is_empty() => waiting.clone_into(&mut cell),
        Some(waiting) if waiting != UNANSWERED => cell = format!("{cell}; {waiting}"),
        _ if answers.is_empty() => UNANSWERED.clone_into(&mut cell),
        _ => {}
    }
    format!("| {} | {cell} |", cells[..3].join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests() -> Tests {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        BTreeMap::from([
            ("07".to_owned(), names(&["threat_07_a", "threat_07_b"])),
            ("j01".to_owned(), names(&[])),
        ])
    }

    #[test]
    fn names_replace_what_was_unanswered() {
        let line = "| 7 | tricks | CVE-1 | not yet: its test |";
        assert_eq!(
            row(line, &tests()),
            "| 7 | tricks | CVE-1 | `threat_07_a`, `threat_07_b` |"
        );
    }

    #[test]
    fn a_feature_waited_for_and_a_name_by_hand_stay() {
        let line = "| 7 | tricks | CVE-1 | `threat_07_gone`, `other`; not yet: mail |";
        assert_eq!(
            row(line, &tests()),
            "| 7 | tricks | CVE-1 | `threat_07_a`, `threat_07_b`, `other`; not yet: mail |"
        );
        let line = "| J1 | none | - | not yet: mail |";
        assert_eq!(row(line, &tests()), line);
    }

    #[test]
    fn other_lines_stay() {
        for line in [
            "text",
            "| # | what | seen in | answered by |",
            "|---|---|---|---|",
        ] {
            assert_eq!(row(line, &tests()), line);
        }
    }
}
