//! Single statements mean the same on both engines: values, nulls, upserts, paging, and what is refused.

use crate::Site;
use sekisho_store::{Arg, Db, Fault, args};

const MAKE: &str = "CREATE TABLE things (
    id TEXT PRIMARY KEY, n BIGINT, yes BOOLEAN, data BYTEA, note TEXT, CONSTRAINT small CHECK (n < 1000))";
const PUT: &str = "INSERT INTO things (id, n, yes, data, note) VALUES ($1, $2, $3, $4, $5)";
const GET: &str = "SELECT id, n, yes, data, note FROM things WHERE id = $1";

async fn make(db: &Db) {
    db.run(MAKE, args![]).await.unwrap();
}

async fn put(db: &Db, id: &str, n: i64) {
    assert_eq!(
        db.run(PUT, args![id, n, true, vec![1u8], None::<String>])
            .await
            .unwrap(),
        1
    );
}

on_both! {
    async fn values_come_back_as_they_went(site) {
        make(&site.db).await;
        let bytes: Vec<u8> = (0..=255).collect();
        let text = "関所 ' \" \\ $1 \u{1F6AA}";
        site.db.run(PUT, args![text, i64::MIN, false, &bytes[..], "note"]).await.unwrap();
        let row = site.db.one(GET, args![text]).await.unwrap();
        assert_eq!(row.columns(), ["id", "n", "yes", "data", "note"]);
        assert_eq!(row.get::<String>("id").unwrap(), text);
        assert_eq!(row.get::<i64>(1).unwrap(), i64::MIN);
        assert!(!row.get::<bool>("yes").unwrap());
        assert_eq!(row.get::<Vec<u8>>("data").unwrap(), bytes);
        assert_eq!(row.get::<Option<String>>("note").unwrap().as_deref(), Some("note"));
    }

    async fn nulls_have_a_type(site) {
        make(&site.db).await;
        let nulls = args!["a", None::<i64>, None::<bool>, None::<Vec<u8>>, None::<&str>];
        site.db.run(PUT, nulls).await.unwrap();
        let row = site.db.one(GET, args!["a"]).await.unwrap();
        assert_eq!(row.get::<Option<i64>>("n").unwrap(), None);
        assert_eq!(row.get::<Option<bool>>("yes").unwrap(), None);
        assert_eq!(row.get::<Option<Vec<u8>>>("data").unwrap(), None);
        assert_eq!(row.get::<Option<String>>("note").unwrap(), None);
        // A null where the type says there is none is an inconsistency, and the column is named.
        let fault = row.get::<i64>("n").unwrap_err();
        assert!(matches!(&fault, Fault::Corrupt(what) if what == "column n is not BIGINT"), "{fault}");
    }

    async fn a_column_of_another_type_is_named(site) {
        make(&site.db).await;
        put(&site.db, "a", 7).await;
        let row = site.db.one(GET, args!["a"]).await.unwrap();
        for (fault, expected) in [
            (row.get::<i64>("id").unwrap_err(), "column id is not BIGINT"),
            (row.get::<bool>("n").unwrap_err(), "column n is not BOOLEAN"),
            (row.get::<String>("n").unwrap_err(), "column n is not TEXT"),
            (row.get::<Option<String>>("data").unwrap_err(), "column data is not TEXT"),
            (row.get::<Vec<u8>>("id").unwrap_err(), "column id is not BYTEA"),
        ] {
            assert!(matches!(&fault, Fault::Corrupt(what) if what == expected), "{fault}");
        }
        assert!(matches!(row.get::<i64>("absent"), Err(Fault::Bug(_))));
        assert!(matches!(row.get::<i64>(5), Err(Fault::Bug(_))));
    }

    async fn parameters_are_bound_by_their_number(site) {
        make(&site.db).await;
        put(&site.db, "a", 1).await;
        let sql = "UPDATE things SET note = $3, n = $2 WHERE id = $1 AND $3 = $3";
        assert_eq!(site.db.run(sql, args!["a", 5i64, "x"]).await.unwrap(), 1);
        let row = site.db.one(GET, args!["a"]).await.unwrap();
        assert_eq!((row.get::<i64>("n").unwrap(), row.get::<String>("note").unwrap()), (5, "x".to_owned()));
    }

    async fn upsert_answers_the_row_it_made(site) {
        make(&site.db).await;
        const UPSERT: &str = "INSERT INTO things (id, n) VALUES ($1, $2)
            ON CONFLICT (id) DO UPDATE SET n = things.n + excluded.n RETURNING n";
        for expected in [2i64, 4, 6] {
            let n = site.db.tx(async move |tx| tx.one(UPSERT, args!["a", 2i64]).await?.get::<i64>("n")).await;
            assert_eq!(n.unwrap(), expected);
        }
        const FIRST: &str = "INSERT INTO things (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id";
        for expected in [true, false] {
            let won = site.db.tx(async move |tx| Ok(tx.opt(FIRST, args!["b"]).await?.is_some())).await;
            assert_eq!(won.unwrap(), expected);
        }
    }

    async fn keyset_pages_meet_every_row_once(site) {
        make(&site.db).await;
        site.db.tx(async move |tx| {
            for i in 0..25i64 {
                // Several rows share a time.
                tx.run("INSERT INTO things (id, n) VALUES ($1, $2)", args![format!("id{i:02}"), i / 4]).await?;
            }
            Ok(())
        }).await.unwrap();
        const PAGE: &str = "SELECT id, n FROM things WHERE (n, id) > ($1, $2) ORDER BY n, id LIMIT $3";
        let (mut n, mut id, mut seen) = (-1i64, String::new(), Vec::new());
        loop {
            let page = site.db.scan(PAGE, args![n, &id, 10i64]).await.unwrap();
            let Some(last) = page.last() else { break };
            (n, id) = (last.get("n").unwrap(), last.get("id").unwrap());
            seen.extend(page.iter().map(|row| row.get::<String>("id").unwrap()));
        }
        assert_eq!(seen, (0..25).map(|i| format!("id{i:02}")).collect::<Vec<_>>());
    }

    async fn an_answer_has_the_size_its_call_allows(site) {
        make(&site.db).await;
        site.db.tx(async move |tx| {
            for i in 0..101i64 {
                tx.run("INSERT INTO things (id) VALUES ($1)", args![format!("{i}")]).await?;
            }
            Ok(())
        }).await.unwrap();
        let (one, all) = ("SELECT id FROM things LIMIT $1", "SELECT id FROM things");
        assert!(matches!(site.db.opt(one, args![2i64]).await, Err(Fault::Bug(_))));
        assert!(site.db.opt(one, args![0i64]).await.unwrap().is_none());
        assert!(matches!(site.db.one(one, args![0i64]).await, Err(Fault::Bug(_))));
        assert!(matches!(site.db.all(all, args![]).await, Err(Fault::Bug(_))));
        assert_eq!(site.db.all(one, args![100i64]).await.unwrap().len(), 100);
        assert_eq!(site.db.scan(all, args![]).await.unwrap().len(), 101);
    }

    async fn wrong_arguments_are_a_bug_before_they_reach_a_row(site) {
        make(&site.db).await;
        for args in [args![], args!["a", "b"]] {
            assert!(matches!(site.db.opt(GET, args).await, Err(Fault::Bug(_))));
            assert!(matches!(site.db.run("DELETE FROM things WHERE id = $1", args).await, Err(Fault::Bug(_))));
        }
        assert!(matches!(site.db.opt(GET, args!["a\0b"]).await, Err(Fault::Bug(_))));
        assert!(matches!(site.db.opt("SELECT nothing FROM nowhere", args![]).await, Err(Fault::Bug(_))));
        site.db.ping().await.unwrap();
    }

    async fn a_constraint_is_named_and_no_value_is(site) {
        make(&site.db).await;
        put(&site.db, "very-secret", 1).await;
        let again = args!["very-secret", 1i64, true, vec![1u8], None::<String>];
        let duplicate = site.db.run(PUT, again).await.unwrap_err();
        let check = site.db.run(PUT, args!["b", 424242i64, true, vec![1u8], "very-secret"]).await.unwrap_err();
        for (fault, name) in [(duplicate, "things"), (check, "small")] {
            let Fault::Conflict(what) = &fault else { panic!("{fault}") };
            assert!(what.contains(name), "{what}");
            assert!(!what.contains("secret") && !what.contains("424242"), "{what}");
        }
    }

    async fn foreign_keys_hold(site) {
        make(&site.db).await;
        site.db.run("CREATE TABLE parts (thing TEXT NOT NULL REFERENCES things (id))", args![]).await.unwrap();
        let orphan = site.db.run("INSERT INTO parts (thing) VALUES ($1)", args!["nobody"]).await;
        assert!(matches!(orphan, Err(Fault::Conflict(_))));
    }

    async fn like_ignores_case_through_lower_on_both(site) {
        make(&site.db).await;
        put(&site.db, "Alice", 1).await;
        put(&site.db, "bob", 2).await;
        let sql = "SELECT id FROM things WHERE lower(id) LIKE $1 ORDER BY n LIMIT 10";
        assert_eq!(site.db.all(sql, args!["ali%"]).await.unwrap().len(), 1);
        // SQLite would also find it by `ALI%`: the pattern is given in lower case.
    }

    async fn a_count_is_a_bigint(site) {
        make(&site.db).await;
        put(&site.db, "a", 30).await;
        put(&site.db, "b", 12).await;
        let row = site.db.one("SELECT COUNT(*) AS many, CAST(SUM(n) AS BIGINT) AS total FROM things", args![]).await;
        let row = row.unwrap();
        assert_eq!((row.get::<i64>("many").unwrap(), row.get::<i64>("total").unwrap()), (2, 42));
    }
}

#[tokio::test]
async fn a_read_cannot_write_on_sqlite() {
    let site = Site::sqlite();
    make(&site.db).await;
    let fault = site
        .db
        .opt("INSERT INTO things (id) VALUES ($1) RETURNING id", args!["a"])
        .await
        .err()
        .unwrap();
    assert!(fault.to_string().contains("database"), "{fault}");
    assert_eq!(
        site.db
            .one("SELECT COUNT(*) AS n FROM things", args![])
            .await
            .unwrap()
            .get::<i64>("n")
            .unwrap(),
        0
    );
}

#[test]
fn an_argument_does_not_show_its_value() {
    assert_eq!(
        format!("{:?}", [Arg::from("secret"), Arg::from(4i64)]),
        "[Text(..), Int(..)]"
    );
}
