//! What the handbook promises to have: every setting in both languages, every kind of audit event, and for each Japanese page its
//! English one, each leading to the other.

use crate::tree::{files_ending, none, root};
use std::collections::BTreeSet;

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).expect(name)
}

/// What stands between `before` and the next quotation mark, anywhere in the sources below a folder.
fn quoted(folder: &str, before: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files_ending(folder, ".rs") {
        for rest in file.text.split(before).skip(1) {
            found.extend(rest.split('"').next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_setting_is_in_the_handbook_of_both_languages() {
    let settings = quoted("crates/server/src/config", "config(env = \"");
    assert!(settings.len() > 40, "the settings are not found any more");
    let mut missing = Vec::new();
    for name in ["operate.md", "operate.ja.md"] {
        let text = document(name);
        let absent = settings.iter().filter(|one| !text.contains(&format!("`{one}`")));
        missing.extend(absent.map(|one| format!("docs/{name}: {one}")));
    }
    none(&missing, "settings nobody can read about");
}

#[test]
fn every_kind_of_audit_event_is_explained_in_both_languages() {
    let kinds = quoted("crates/server/src", "Record::new(\"");
    assert!(kinds.len() > 20, "the kinds are not found any more");
    let mut missing = Vec::new();
    for name in ["audit-log.md", "audit-log.ja.md"] {
        let text = document(name);
        let absent = kinds.iter().filter(|kind| !text.contains(&format!("`{kind}`")));
        missing.extend(absent.map(|kind| format!("docs/{name}: {kind}")));
    }
    none(&missing, "events nobody can read about");
}

#[test]
fn a_page_and_its_translation_lead_to_each_other() {
    let mut lonely = Vec::new();
    for file in files_ending("docs", ".ja.md") {
        let japanese = file.path.rsplit('/').next().unwrap_or_default().to_owned();
        let english = japanese.replace(".ja.md", ".md");
        let leads = |from: &str, to: &str| {
            let text = std::fs::read_to_string(root().join("docs").join(from)).unwrap_or_default();
            text.contains(&format!("]({to})"))
        };
        for (from, to) in [(&english, &japanese), (&japanese, &english)] {
            if !leads(from, to) {
                lonely.push(format!("docs/{from} does not lead to {to}"));
            }
        }
    }
    none(&lonely, "pages without their other language");
}
