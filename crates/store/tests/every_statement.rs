//! In place of checking at compile time: every statement of the tables is found in the source and prepared on both
//! engines. The conventions it relies on are in `docs/sql.md`, and it fails when a table file leaves them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Site;

/// A constant of a `mod sql`.
struct Statement {
    place: String,
    name: String,
    text: &'static str,
}

impl Statement {
    /// `SCAN_..` is for `db.scan`, `SWEEP_..` for background work; both may read a table from end to end.
    fn may_scan(&self) -> bool {
        self.name.starts_with("SCAN_") || self.name.starts_with("SWEEP_")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_is_the_same_on_both_engines() {
    let sites = (Site::sqlite(), Site::postgres());
    let (sqlite, postgres) = (&sites.0.db, &sites.1.db);
    sqlite.migrate().await.unwrap();
    postgres.migrate().await.unwrap();
    let mut wrong = Vec::new();
    for Statement { place, name, text } in statements() {
        match (sqlite.describe(text).await, postgres.describe(text).await) {
            (Ok(a), Ok(b)) if (a.arguments, &a.columns) == (b.arguments, &b.columns) => {}
            (Ok(a), Ok(b)) => wrong.push(format!("{place} {name}: SQLite {a:?}, PostgreSQL {b:?}")),
            (a, b) => wrong.push(format!(
                "{place} {name}: SQLite {:?}, PostgreSQL {:?}",
                a.err(),
                b.err()
            )),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_searches_an_index() {
    let site = Site::sqlite();
    let sqlite = &site.db;
    sqlite.migrate().await.unwrap();
    let mut wrong = Vec::new();
    for statement in statements().iter().filter(|statement| !statement.may_scan()) {
        let scans = sqlite
            .describe(statement.text)
            .await
            .map(|shape| shape.scans)
            .unwrap_or_default();
        if !scans.is_empty() {
            wrong.push(format!(
                "{} {}: {}",
                statement.place,
                statement.name,
                scans.join(", ")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "these read whole tables (name them SCAN_ or SWEEP_, or add an index):\n{}",
        wrong.join("\n")
    );
}

#[test]
fn statements_keep_to_the_dialect() {
    const NOT_PORTABLE: [&str; 14] = [
        "now()",
        "current_timestamp",
        " ilike ",
        "for update",
        "skip locked",
        "::",
        "any(",
        "->",
        "rowid",
        "nextval",
        "json",
        "glob ",
        "insert or ",
        "autoincrement",
    ];
    let mut wrong = Vec::new();
    for Statement { place, name, text } in statements() {
        let lower = text.to_lowercase();
        for word in NOT_PORTABLE.iter().filter(|word| lower.contains(**word)) {
            wrong.push(format!("{place} {name}: `{word}` is not in the dialect"));
        }
        if lower.contains("select *") || lower.contains("returning *") {
            wrong.push(format!("{place} {name}: name the columns"));
        }
        if text.contains('?') || text.contains('\'') && text.contains("$'") {
            wrong.push(format!("{place} {name}: parameters are written $1"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_statement_hides_in_a_call() {
    let mut wrong = Vec::new();
    for (place, source) in table_files() {
        // A text literal right after the call's parenthesis, on the same line or the next.
        let flat: String = source.split_whitespace().collect::<Vec<_>>().join(" ");
        for call in ["opt", "one", "all", "run", "scan"] {
            for shape in [
                format!(".{call}(\""),
                format!(".{call}( \""),
                format!(".{call}(&format!"),
            ] {
                if flat.contains(&shape) {
                    wrong.push(format!("{place}: `{shape}` (put the statement into `mod sql`)"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_finder_reads_what_rust_reads() {
    let source = r##"
        pub(crate) mod sql {
            /// A comment with const NOT: &str = "no";
            pub(crate) const PLAIN: &str = "SELECT 1";
            pub(super) const LINES: &str = "SELECT \"a\" \
                FROM t";
            const RAW: &str = r#"SELECT "b""#;
        }
    "##;
    let found = constants(source);
    let expected = [
        ("PLAIN", "SELECT 1"),
        ("LINES", "SELECT \"a\" FROM t"),
        ("RAW", "SELECT \"b\""),
    ];
    assert_eq!(
        found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect::<Vec<_>>(),
        expected
    );
}

fn statements() -> Vec<Statement> {
    let mut found = Vec::new();
    for (place, source) in table_files() {
        let constants = constants(&source);
        let written = source.matches(": &str =").count() - commented(&source);
        assert_eq!(
            constants.len(),
            written,
            "{place}: a `const NAME: &str` that is not a plain literal"
        );
        for (name, text) in constants {
            found.push(Statement {
                place: place.clone(),
                name,
                text: text.leak(),
            });
        }
    }
    let names: BTreeSet<_> = found.iter().map(|s| (&s.place, &s.name)).collect();
    assert_eq!(
        names.len(),
        found.len(),
        "two statements of one file have the same name"
    );
    found
}

fn commented(source: &str) -> usize {
    source
        .lines()
        .filter(|line| line.trim_start().starts_with("//") && line.contains(": &str ="))
        .count()
}

/// The source of every table: all files of the crate but the door, with what is inside their `mod sql { .. }`.
fn table_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "door" {
            collect(&path, files);
        } else if name.ends_with(".rs") && !["lib.rs", "migrate.rs"].contains(&name.as_str()) {
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// `const NAME: &str = "..";` with the literal's value, in order of appearance.
fn constants(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(": &str =") {
        let line = rest[..at].rsplit('\n').next().unwrap_or_default();
        let after = rest[at + ": &str =".len()..].trim_start();
        rest = &rest[at + 1..];
        let Some(name) = line
            .trim_start()
            .split("const ")
            .nth(1)
            .filter(|_| !line.trim_start().starts_with("//"))
        else {
            continue;
        };
        if let Some(text) = literal(after) {
            found.push((name.trim().to_owned(), text));
        }
    }
    found
}

/// The value of the text literal `source` begins with.
fn literal(source: &str) -> Option<String> {
    if let Some(raw) = source.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        let (open, close) = (
            format!("{}\"", "#".repeat(marks)),
            format!("\"{}", "#".repeat(marks)),
        );
        return Some(raw.strip_prefix(&open)?.split_once(&close)?.0.to_owned());
    }
    let mut text = String::new();
    let mut characters = source.strip_prefix('"')?.chars().peekable();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => match characters.next()? {
                '\n' => while characters.next_if(|c| c.is_whitespace()).is_some() {},
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}
