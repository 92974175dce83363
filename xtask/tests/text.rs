//! Rules about every file: how long it may be, how it begins, and what must not be in it.

use std::path::Path;

use crate::tree::{files, files_ending, none, root};

/// Where a file is split: nobody reads further.
const LINES: usize = 500;

#[test]
fn no_file_is_longer_than_a_reader_bears() {
    let sources = [".rs", ".mjs", ".js", ".py", ".go", ".sql", ".css", ".html", ".sh"];
    let long: Vec<_> = files("")
        .into_iter()
        .filter(|file| sources.iter().any(|ending| file.path.ends_with(ending)) && !is_vendored(&file.path))
        .filter(|file| file.text.lines().count() > LINES)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    none(&long, "split these");
}

#[test]
fn every_source_file_begins_with_its_charter() {
    let bare: Vec<_> = ["crates", "xtask", "bench", "testing"]
        .iter()
        .flat_map(|folder| files_ending(folder, ".rs"))
        // `tests.rs` is the lower half of the file above it, whose charter it shares.
        .filter(|file| !file.path.ends_with("/tests.rs"))
        .filter(|file| !file.text.lines().take(5).any(|line| line.starts_with("//!")))
        .map(|file| file.path)
        .collect();
    none(&bare, "these files do not say what they own");
}

#[test]
fn no_module_is_a_box_for_anything() {
    let vague = ["utils", "util", "helpers", "helper", "common", "manager", "misc"];
    let found: Vec<_> = files_ending("crates", ".rs")
        .into_iter()
        .filter(|f| f.path.split(['/', '.']).any(|part| vague.contains(&part)))
        .map(|file| file.path)
        .collect();
    none(&found, "a name that says nothing about what may enter");
}

/// Paths of somebody's machine, names of documents a reader does not have, hosts of package registries. Written in
/// halves, so that this file does not offend itself.
const FORBIDDEN: [(&str, &str); 22] = [
    ("/wo", "rk/"),
    ("/tm", "p/wt"),
    ("/tm", "p/sk"),
    ("/ro", "ot/"),
    ("../sha", "red"),
    ("AUTH0-COMP", "AT"),
    ("REVOCA", "TION.md"),
    ("REVOCA", "TION rule"),
    ("THRE", "ATS.md"),
    ("CRA", "TES.md"),
    ("JWT-PE", "RF"),
    ("DESI", "GN.md"),
    ("DESI", "GN section"),
    ("STY", "LE.md"),
    ("registry.npm", "js.org"),
    ("files.python", "hosted.org"),
    ("index.cra", "tes.io"),
    ("Co-auth", "ored-by"),
    ("Co-Auth", "ored-By"),
    ("Clau", "de"),
    ("Anth", "ropic"),
    ("Open", "AI"),
];

#[test]
fn nothing_in_the_tree_belongs_elsewhere() {
    let mut found = Vec::new();
    for file in files("").iter().filter(|file| !is_vendored(&file.path)) {
        for (start, end) in FORBIDDEN {
            let word = format!("{start}{end}");
            for (i, line) in file.text.lines().enumerate() {
                if line.contains(&word) {
                    found.push(format!("{}:{}: {word}", file.path, i + 1));
                }
            }
        }
    }
    none(&found, "words that mean nothing to a reader of this repository");
}

/// Other people's files, kept with name, version and licence.
fn is_vendored(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "vendor" | "vectors"))
}

/// A link between our own documents leads somewhere.
#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files_ending("", ".md") {
        let folder = root()
            .join(&file.path)
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        for target in file
            .text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next())
        {
            let ours = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            if ours && !folder.join(target).exists() {
                broken.push(format!("{}: {target}", file.path));
            }
        }
    }
    none(&broken, "links to nothing");
}
