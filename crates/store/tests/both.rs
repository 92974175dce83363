#![expect(missing_docs, reason = "tests")]
use sekisho_store::{Db, Fault, Options, Tx, args};

async fn insert(tx: &mut Tx, id: &str) -> Result<bool, Fault> {
    Ok(tx
        .opt(
            "INSERT INTO t (id, ok) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id",
            args![id, true],
        )
        .await?
        .is_some())
}

#[tokio::test]
async fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&Options::sqlite(dir.path().join("a.db"))).unwrap();
    db.migrate().await.unwrap();
    db.run(
        "CREATE TABLE t (id TEXT PRIMARY KEY, ok BOOLEAN NOT NULL)",
        args![],
    )
    .await
    .unwrap();
    let name = "a".to_owned();
    let other = db.clone();
    let won = tokio::spawn(async move { other.tx(async move |tx: &mut Tx| insert(tx, &name).await).await })
        .await
        .unwrap()
        .unwrap();
    assert!(won);
    let row = db
        .opt("SELECT id, ok FROM t WHERE id = $1", args!["a"])
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.get::<String>("id").unwrap(), "a");
    assert!(row.get::<bool>(1).unwrap());
    assert!(
        row.get::<i64>("id")
            .unwrap_err()
            .to_string()
            .contains("column id")
    );
}
