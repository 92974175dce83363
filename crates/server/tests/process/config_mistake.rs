//! Mistakes in the settings: the start is refused with one sentence that names what to change.

use super::{Deployment, Node};
use sekisho_store::args;
use std::fs;

/// Settings, and words of the sentence they are refused with.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// Starts it and answers the one sentence it refuses with.
async fn refused(deployment: &Deployment) -> String {
    let mut node = Node::spawn(&mut deployment.command());
    let status = node.ended().await;
    assert_eq!(status.code(), Some(1), "{}", node.log());
    let log = node.log();
    let said: Vec<_> = log.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(said.len(), 1, "one sentence: {log}");
    assert!(
        !log.contains("panicked") && !log.contains("\"level\":\"ERROR\""),
        "{log}"
    );
    said[0].strip_prefix("sekisho: ").unwrap().to_owned()
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (garbage, missing) = (file("garbage.pem", "no PEM"), "/nowhere/cert.pem".to_owned());
    let blocked = format!("sqlite:{}/sub/sekisho.db", file("plain-file", ""));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let cases: [Case; 13] = [
        (
            &[("SEKISHO_ISSUER", "login.example")],
            &["`issuer`", "SEKISHO_ISSUER", "https://login.example.com/"],
        ),
        (
            &[("SEKISHO_ISSUER", "http://login.example/")],
            &["`issuer`", "plain http", "write https"],
        ),
        (&[("SEKISHO_ISSUER", "")], &["`issuer`", "missing"]),
        (
            &[("SEKISHO_KEY_ENCRYPTION_KEY", "")],
            &["`keys.encryption_key`", "openssl rand -base64 32"],
        ),
        (
            &[("SEKISHO_KEY_ENCRYPTION_KEY", "c2hvcnQ=")],
            &["`keys.encryption_key`", "32 bytes"],
        ),
        (
            &[
                ("SEKISHO_TLS_CERTIFICATE", &garbage),
                ("SEKISHO_TLS_KEY", &garbage),
            ],
            &["`tls.certificate`", &garbage],
        ),
        (
            &[
                ("SEKISHO_TLS_CERTIFICATE", &missing),
                ("SEKISHO_TLS_KEY", &missing),
            ],
            &["`tls.certificate`", &missing],
        ),
        (
            &[("SEKISHO_TLS_CERTIFICATE", &garbage)],
            &["`tls.key`", "missing"],
        ),
        (
            &[("SEKISHO_LISTEN", &taken)],
            &["server.listen", "SEKISHO_LISTEN", &taken],
        ),
        (&[("SEKISHO_LISTNE", &taken)], &["SEKISHO_LISTNE"]),
        (
            &[("DATABASE_URL", "mysql://root:hunter2@localhost/x")],
            &["`database.url`", "DATABASE_URL", "postgres://"],
        ),
        (&[("DATABASE_URL", &blocked)], &["`database.url`", "DATABASE_URL"]),
        // Nothing listens on the discard port of this machine.
        (
            &[("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:9/x")],
            &["`database.url`", "DATABASE_URL", "127.0.0.1"],
        ),
    ];
    for (settings, words) in cases {
        let sentence = refused(&Deployment::empty(settings)).await;
        for word in words {
            assert!(sentence.contains(word), "{word} is not in: {sentence}");
        }
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
}

#[tokio::test]
async fn another_key_encryption_key_than_the_data_was_sealed_with_stops_the_start() {
    let mut deployment = Deployment::sqlite().await;
    deployment.set(
        "SEKISHO_KEY_ENCRYPTION_KEY",
        "//////////////////////////////////////////8=",
    );
    let sentence = refused(&deployment).await;
    for word in ["`keys.encryption_key`", "SEKISHO_KEY_ENCRYPTION_KEY", "sealed"] {
        assert!(sentence.contains(word), "{sentence}");
    }
}

#[tokio::test]
async fn data_of_a_newer_version_stops_the_start_and_is_not_touched() {
    for deployment in Deployment::both().await {
        let app = deployment.open().await;
        let record = "INSERT INTO schema_steps (version, name, checksum) VALUES ($1, $2, $3)";
        app.db
            .run(record, args![9999_i64, "V9999__later", "x"])
            .await
            .unwrap();
        let sentence = refused(&deployment).await;
        assert!(
            sentence.contains("9999") && sentence.contains("start a newer version"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_stops_the_start() {
    let deployment = Deployment::empty(&[]);
    let data = deployment.folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(
        data.join("sekisho.db"),
        "this is a letter to my aunt. ".repeat(100),
    )
    .unwrap();
    let sentence = refused(&deployment).await;
    assert!(
        sentence.contains("`database.url`") && sentence.contains("sekisho.db"),
        "{sentence}"
    );
}
