//! An import that is killed half-way goes on where it stopped, on both engines.

use crate::operator::{Deployment, text};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// A deployment, and its database where that is not a file in its folder.
struct Place {
    site: Deployment,
    database: Option<String>,
}

impl Place {
    fn on(database: Option<String>) -> Self {
        let site = Deployment::new();
        Self { site, database }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.site.command(arguments);
        command.envs(self.database.iter().map(|url| ("DATABASE_URL", url)));
        command
    }
}

/// A made-up export of Auth0's, with a row in ten thousand that cannot be taken.
fn made_up(path: &Path, users: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for n in 0..users {
        let at = if n % 10_000 == 9_999 { "@@" } else { "@" };
        writeln!(
            file,
            r#"{{"_id":{{"$oid":"{n:024x}"}},"email":"person{n}{at}mail.example","email_verified":true,"passwordHash":"$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K"}}"#
        )
        .unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn a_killed_import_goes_on_where_it_stopped() {
    let said = killed_and_again(&Place::on(None));
    assert!(said.contains(" 0 known already"), "{said}");
}

#[test]
fn a_killed_import_goes_on_where_it_stopped_on_postgres() {
    // The server may still commit the last batch of the dead: then it is known already when it comes again.
    killed_and_again(&Place::on(Some(sekisho_test_postgres::fresh_database())));
}

/// Kills an import half-way and does it again, twice; answers what the second try said.
fn killed_and_again(site: &Place) -> String {
    const USERS: u64 = 30_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.ndjson");
    made_up(&path, USERS);
    let path = path.to_str().unwrap();
    let arguments = [
        "user",
        "import",
        path,
        "--format",
        "auth0-hashes",
        "--report",
        "refused.txt",
    ];
    let mut first = site
        .command(&arguments)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The first line of progress comes after a third of the file.
    let mut line = String::new();
    BufReader::new(first.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    first.kill().unwrap();
    assert!(line.contains("added"), "{line}");
    assert!(!first.wait().unwrap().success(), "it was killed on its way");

    let again = site.command(&arguments).output().unwrap();
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert!(
        text(&again.stderr).contains("going on there"),
        "{}",
        text(&again.stderr)
    );
    let said = text(&again.stdout);
    let numbers: Vec<u64> = said
        .split([' ', ','])
        .filter_map(|word| word.parse().ok())
        .collect();
    assert_eq!(numbers[0] + numbers[2], USERS - 3, "{said}");
    assert_eq!((numbers[1], numbers[3]), (0, 3), "{said}");
    let third = site.command(&arguments).output().unwrap();
    let expected = format!("0 added, 0 completed, {} known already, 3 refused\n", USERS - 3);
    assert!(
        text(&third.stdout).starts_with(&expected),
        "{}",
        text(&third.stdout)
    );
    let exported = site.command(&["user", "export"]).output().unwrap();
    let lines = exported.stdout.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines as u64, USERS - 3);
    said
}
