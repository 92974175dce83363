//! In place of checking at compile time: every statement of the tables (`sql!` blocks) is prepared on both engines, and
//! whatever is not in such a block is found in the source. The conventions are in `docs/sql.md`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::Site;

/// A line of a `sql!` block.
struct Statement {
    table: &'static str,
    name: &'static str,
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
    for Statement { table, name, text } in statements() {
        match (sqlite.describe(text).await, postgres.describe(text).await) {
            (Ok(a), Ok(b)) if (a.arguments, &a.columns) == (b.arguments, &b.columns) => {}
            (Ok(a), Ok(b)) => wrong.push(format!("{table} {name}: SQLite {a:?}, PostgreSQL {b:?}")),
            (a, b) => wrong.push(format!(
                "{table} {name}: SQLite {:?}, PostgreSQL {:?}",
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
                statement.table,
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
    for Statement { table, name, text } in statements() {
        let lower = text.to_lowercase();
        for word in NOT_PORTABLE.iter().filter(|word| lower.contains(**word)) {
            wrong.push(format!("{table} {name}: `{word}` is not in the dialect"));
        }
        if lower.contains("select *") || lower.contains("returning *") {
            wrong.push(format!("{table} {name}: name the columns"));
        }
        if text.contains('?') || text.contains('\'') && text.contains("$'") {
            wrong.push(format!("{table} {name}: parameters are written $1"));
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
                    wrong.push(format!("{place}: `{shape}` (put the statement into `sql!`)"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_table_is_listed() {
    let listed: BTreeSet<_> = statements()
        .into_iter()
        .map(|statement| statement.table)
        .collect();
    let written: BTreeSet<_> = table_files()
        .into_iter()
        .filter(|(_, source)| source.lines().any(|line| line.starts_with("sql! {")))
        .map(|(place, _)| place.trim_end_matches(".rs").to_owned())
        .collect();
    assert_eq!(
        listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
        written
    );
}

fn statements() -> Vec<Statement> {
    let all = sekisho_store::statements::all();
    all.into_iter()
        .map(|(table, name, text)| Statement { table, name, text })
        .collect()
}

/// The source of every table: all files of the crate but the door, the migrator and the macro itself.
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
        } else if name.ends_with(".rs") && !["lib.rs", "migrate.rs", "statements.rs"].contains(&name.as_str())
        {
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}
