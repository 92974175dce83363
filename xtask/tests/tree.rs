//! Reads the files of the repository: what a fresh clone holds, not what a build or a test leaves behind.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that tools make.
const NOT_OURS: [&str; 8] = [
    ".git",
    ".venv",
    "__pycache__",
    "data",
    "node_modules",
    "sekisho-data",
    "sekisho-dev-data",
    "target",
];

/// One text file.
pub struct File {
    /// Relative to the repository's root, with `/`.
    pub path: String,
    pub text: String,
}

impl File {
    /// Its lines without comments: good enough to look for names in code.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate();
        lines
            .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or("")))
            .filter(|(_, line)| !line.is_empty())
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
        .to_path_buf()
}

/// Every text file under a folder of the repository (`""` for all), in order of path; files that are not UTF-8 are
/// pictures and fonts.
pub fn files(folder: &str) -> Vec<File> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let kind = entry.file_type().expect("a file type");
            if kind.is_dir() {
                if !NOT_OURS.iter().any(|skip| name == *skip) {
                    folders.push(path);
                }
            } else if kind.is_file()
                && name != ".git"
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path
                    .strip_prefix(&root)
                    .expect("under the root")
                    .to_string_lossy()
                    .replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every file under a folder whose name ends so (`.rs`).
pub fn files_ending(folder: &str, ending: &str) -> Vec<File> {
    files(folder)
        .into_iter()
        .filter(|file| file.path.ends_with(ending))
        .collect()
}

/// The names in one table of a Cargo.toml: `dependencies` gives the crates it may name.
pub fn table(path: &str, table: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|_| panic!("{path} is missing"));
    let mut inside = false;
    let mut names = Vec::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_end() == format!("{table}]");
        } else if inside && !line.starts_with('#') {
            let end = line.find(['.', ' ', '=']).unwrap_or(0);
            names.extend((end > 0).then(|| line[..end].to_owned()));
        }
    }
    names
}

/// Fails with every offence on its own line.
#[track_caller]
pub fn none(offences: &[String], rule: &str) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

/// Does the line name this identifier as a whole word?
pub fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        !line[..at].chars().next_back().is_some_and(is_word)
            && !line[at + word.len()..].chars().next().is_some_and(is_word)
    })
}
