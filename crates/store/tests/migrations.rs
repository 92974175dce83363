//! The schema is made once, by one node at a time, whole or not at all, and never by a program older than it.

use crate::Site;
use sekisho_store::migrate::{MIGRATIONS, Migration};
use sekisho_store::{Fault, args};

const ONE: Migration = Migration {
    version: 1,
    name: "one",
    sql: "CREATE TABLE a (id TEXT PRIMARY KEY);",
};
const TWO: Migration = Migration {
    version: 2,
    name: "two",
    sql: "ALTER TABLE a ADD COLUMN n BIGINT; CREATE TABLE b (id TEXT PRIMARY KEY); INSERT INTO b (id) VALUES ('x');",
};
const BROKEN: Migration = Migration {
    version: 2,
    name: "two",
    sql: "CREATE TABLE b (id TEXT); CREATE NONSENSE;",
};
const CHANGED: Migration = Migration {
    version: 1,
    name: "one",
    sql: "CREATE TABLE a (id TEXT NOT NULL);",
};

on_both! {
    async fn steps_run_once_and_in_order(site) {
        assert_eq!(site.db.migrate_with(&[ONE]).await.unwrap(), 1);
        assert_eq!(site.db.migrate_with(&[ONE, TWO]).await.unwrap(), 1);
        assert_eq!(site.db.migrate_with(&[ONE, TWO]).await.unwrap(), 0);
        assert_eq!(site.db.all("SELECT id FROM b LIMIT 2", args![]).await.unwrap().len(), 1);
    }

    async fn nodes_that_start_at_once_take_each_step_once(site) {
        let nodes: Vec<_> = (0..4).map(|_| site.node()).collect();
        let tasks: Vec<_> =
            nodes.into_iter().map(|db| tokio::spawn(async move { db.migrate_with(&[ONE, TWO]).await })).collect();
        let mut taken = Vec::new();
        for task in tasks {
            taken.push(task.await.unwrap().unwrap());
        }
        taken.sort_unstable();
        assert_eq!(taken, [0, 0, 0, 2]);
    }

    async fn a_newer_schema_is_refused(site) {
        site.db.migrate_with(&[ONE, TWO]).await.unwrap();
        let refused = site.db.migrate_with(&[ONE]).await;
        assert!(matches!(refused, Err(Fault::SchemaTooNew { found: 2, known: 1 })));
    }

    async fn a_failed_step_leaves_nothing_behind(site) {
        assert!(matches!(site.db.migrate_with(&[ONE, BROKEN]).await, Err(Fault::Bug(_))));
        assert_eq!(site.db.migrate_with(&[ONE, TWO]).await.unwrap(), 2);
    }

    async fn a_changed_step_is_an_inconsistency(site) {
        site.db.migrate_with(&[ONE]).await.unwrap();
        let refused = site.db.migrate_with(&[CHANGED]).await;
        assert!(matches!(&refused, Err(Fault::Corrupt(what)) if what.contains("one")), "{refused:?}");
    }

    async fn the_schema_of_this_program_can_be_made(site) {
        assert_eq!(site.db.migrate().await.unwrap(), MIGRATIONS.len());
        assert_eq!(site.db.migrate().await.unwrap(), 0);
    }
}

#[test]
fn every_file_is_listed_in_order() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, MIGRATIONS.iter().map(|step| step.name).collect::<Vec<_>>());
    for step in MIGRATIONS {
        assert!(
            step.name.starts_with(&format!("V{:04}__", step.version)),
            "{}",
            step.name
        );
    }
}
