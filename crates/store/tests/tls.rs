//! TLS to PostgreSQL: whoever answers must prove to be the server we were told of. And what the one string of an
//! operator means.

use sekisho_store::door::Place;
use sekisho_store::{Db, Fault, Options, args};
use sekisho_test_postgres::Server;

const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

fn open(url: &str) -> Db {
    Db::open(&Options::parse(url).unwrap()).unwrap()
}

fn start(name: &str, folder: &std::path::Path) -> (Server, String) {
    let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let ca = folder.join(format!("{name}.pem"));
    std::fs::write(&ca, issued.cert.pem()).unwrap();
    let server = Server::start_tls(&issued.cert.pem(), &issued.signing_key.serialize_pem());
    (server, ca.to_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_must_prove_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (server, ca) = start("localhost", folder.path());
    let url = server.url("postgres").replace("127.0.0.1", "localhost");
    for mode in ["require", "verify-ca", "verify-full", "prefer"] {
        let db = open(&format!("{url}?sslmode={mode}&sslrootcert={ca}"));
        assert!(
            db.one(ENCRYPTED, args![])
                .await
                .unwrap()
                .get::<bool>("ssl")
                .unwrap(),
            "{mode}"
        );
        // Nobody we trust has signed for it.
        let unproven = open(&format!("{url}?sslmode={mode}")).ping().await;
        assert!(
            matches!(&unproven, Err(Fault::Unavailable(_))),
            "{mode}: {unproven:?}"
        );
    }
    for plain in [url.clone(), format!("{url}?sslmode=disable")] {
        let db = open(&plain);
        assert!(
            !db.one(ENCRYPTED, args![])
                .await
                .unwrap()
                .get::<bool>("ssl")
                .unwrap()
        );
    }
    // The address is not in the certificate.
    let other_name = format!("{}?sslmode=verify-full&sslrootcert={ca}", server.url("postgres"));
    assert!(matches!(
        open(&other_name).ping().await,
        Err(Fault::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_remote_server_is_reached_by_tls_only() {
    // This server offers no TLS at all.
    let server = Server::start();
    let refused = open(&format!("{}?sslmode=require", server.url("postgres")))
        .ping()
        .await;
    assert!(matches!(refused, Err(Fault::Unavailable(_))));
}

#[tokio::test]
async fn unreadable_options_are_refused_without_quoting_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for text in [
        "postgres://user:very-secret@host/db?sslmode=allow".to_owned(),
        "postgres://user:very-secret@host/db?port=x&nonsense=1".to_owned(),
        "postgres://user:very-secret@host/db?sslrootcert=/nowhere/ca.pem".to_owned(),
        format!(
            "postgres://user:very-secret@host/db?sslrootcert={}",
            empty.display()
        ),
    ] {
        let fault = Db::open(&Options::parse(&text).unwrap()).err().unwrap();
        assert!(matches!(fault, Fault::Unsupported(_)), "{fault}");
        assert!(!fault.to_string().contains("very-secret"), "{fault}");
    }
}

#[test]
fn one_string_names_the_database() {
    for text in [
        "/var/lib/sekisho/data.db",
        "sqlite:/var/lib/sekisho/data.db",
        "sqlite:///var/lib/sekisho/data.db",
    ] {
        let Ok(Options {
            place: Place::Sqlite(path),
            ..
        }) = Options::parse(text)
        else {
            panic!("{text}")
        };
        assert_eq!(path, std::path::Path::new("/var/lib/sekisho/data.db"));
    }
    for text in ["", ":memory:", "postgre://host/db", "mysql://host/db"] {
        assert!(
            matches!(Options::parse(text), Err(Fault::Unsupported(_))),
            "{text}"
        );
    }
}
