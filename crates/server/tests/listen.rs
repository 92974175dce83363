//! Listening: limits, time-outs, draining and TLS, seen from the other end of the wire.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use sekisho::config::Tls;
use sekisho::listen::limits::{BodyLimits, read_body};
use sekisho::listen::tls::Certificates;
use sekisho::listen::{Drained, Listener, MAX_HEAD_BYTES, Patience};
use std::fs;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<Drained>,
}

fn patience() -> Patience {
    Patience {
        max_connections: 8,
        header_timeout: Duration::from_secs(30),
        drain: Duration::from_secs(30),
    }
}

async fn run(router: Router, patience: Patience, tls: Option<Certificates>) -> Running {
    let listener = Listener::bind_loopback(0, tls).await.unwrap();
    let address = listener.addresses()[0];
    let (stop, stopping) = watch::channel(false);
    let served = tokio::spawn(listener.serve(router, patience, stopping));
    Running {
        address,
        stop,
        served,
    }
}

async fn say(address: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    stream
}

async fn hear(mut stream: TcpStream) -> String {
    let mut heard = vec![];
    // A cut connection may end in a reset instead of an end; what was heard before counts.
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

fn echo(limits: BodyLimits) -> Router {
    let echo = post(|body: axum::body::Bytes| async move { body });
    Router::new()
        .route("/", echo)
        .layer(from_fn_with_state(limits, read_body))
}

const LIMITS: BodyLimits = BodyLimits {
    max_bytes: 10,
    timeout: Duration::from_secs(30),
};

#[tokio::test]
async fn both_loopback_addresses_share_a_port() {
    let listener = Listener::bind_loopback(0, None).await.unwrap();
    assert!(
        listener
            .addresses()
            .iter()
            .all(|address| address.port() == listener.port() && address.ip().is_loopback())
    );
    let taken = Listener::bind_loopback(listener.port(), None)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        taken.contains("server.listen") && taken.contains(&listener.port().to_string()),
        "{taken}"
    );
}

#[tokio::test]
async fn a_body_at_the_limit_passes_and_a_larger_one_gets_413() {
    let running = run(echo(LIMITS), patience(), None).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let sent = async |rest: &str| say(running.address, &format!("{head}{rest}")).await;
    let fits = hear(sent("content-length: 10\r\n\r\n0123456789").await).await;
    assert!(
        fits.starts_with("HTTP/1.1 200") && fits.ends_with("0123456789"),
        "{fits}"
    );
    let announced = hear(sent("content-length: 11\r\n\r\n").await).await;
    assert!(
        announced.starts_with("HTTP/1.1 413") && announced.contains("invalid_request"),
        "{announced}"
    );
    let chunked =
        hear(sent("transfer-encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n").await).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
}

#[tokio::test]
async fn a_slow_body_gets_408() {
    let limits = BodyLimits {
        timeout: Duration::from_millis(20),
        ..LIMITS
    };
    let running = run(echo(limits), patience(), None).await;
    let heard = hear(
        say(
            running.address,
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n01",
        )
        .await,
    )
    .await;
    assert!(heard.starts_with("HTTP/1.1 408"), "{heard}");
}

#[tokio::test]
async fn a_peer_that_never_finishes_its_head_is_cut() {
    let patience = Patience {
        header_timeout: Duration::from_millis(20),
        ..patience()
    };
    let running = run(echo(LIMITS), patience, None).await;
    for words in ["", "P", "POST / HTTP/1.1\r\nhost: x\r\n"] {
        let heard = hear(say(running.address, words).await).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 408"), "{heard}");
    }
}

#[tokio::test]
async fn an_endless_head_is_refused() {
    let running = run(echo(LIMITS), patience(), None).await;
    let long = format!(
        "GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n",
        "a".repeat(MAX_HEAD_BYTES + 10)
    );
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let _ = stream.write_all(long.as_bytes()).await;
    let heard = hear(stream).await;
    assert!(heard.starts_with("HTTP/1.1 4") || heard.is_empty(), "{heard}");
}

#[tokio::test]
async fn no_more_connections_than_allowed_are_served() {
    let patience = Patience {
        max_connections: 1,
        ..patience()
    };
    let running = run(echo(LIMITS), patience, None).await;
    let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1\r\n\r\n";
    let first = say(running.address, head).await;
    let second = say(running.address, &format!("{head}b")).await;
    let mut first = first;
    first.write_all(b"a").await.unwrap();
    assert!(hear(first).await.ends_with('a'));
    assert!(hear(second).await.ends_with('b'));
}

#[tokio::test]
async fn an_open_request_is_finished_after_a_stop_and_new_ones_are_not_taken() {
    let (entered, mut inside) = watch::channel(false);
    let (release, released) = watch::channel(false);
    let slow = get(move || {
        let (entered, released) = (entered.clone(), released.clone());
        async move {
            entered.send_replace(true);
            let mut released = released;
            released.wait_for(|released| *released).await.unwrap();
            "done"
        }
    });
    let running = run(Router::new().route("/", slow), patience(), None).await;
    let open = say(running.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    inside.wait_for(|inside| *inside).await.unwrap();
    running.stop.send_replace(true);
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    release.send_replace(true);
    assert!(hear(open).await.ends_with("done"));
    assert_eq!(running.served.await.unwrap(), Drained::All);
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_when_the_time_is_over() {
    let patience = Patience {
        drain: Duration::from_millis(20),
        ..patience()
    };
    let (entered, mut inside) = watch::channel(false);
    let never = get(move || {
        entered.send_replace(true);
        std::future::pending::<&str>()
    });
    let running = run(Router::new().route("/", never), patience, None).await;
    let _open = say(running.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    inside.wait_for(|inside| *inside).await.unwrap();
    running.stop.send_replace(true);
    assert_eq!(running.served.await.unwrap(), Drained::Cut(1));
}

fn certificate(files: &Tls, name: &str) -> String {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned(), "localhost".to_owned()]).unwrap();
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    made.cert.pem()
}

async fn trusts(pem: &str, port: u16) -> bool {
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes()).unwrap()])
        .build()
        .unwrap();
    client
        .get(format!("https://localhost:{port}/"))
        .send()
        .await
        .is_ok_and(|answer| answer.status() == 200)
}

#[tokio::test]
async fn a_changed_certificate_is_taken_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = Tls {
        certificate: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    let missing = Certificates::load(&files).err().unwrap().to_string();
    assert!(missing.contains("tls.certificate"), "{missing}");
    let old = certificate(&files, "old.example");
    let certificates = Certificates::load(&files).unwrap();
    let watching = tokio::spawn(
        certificates
            .clone()
            .watch(files.clone(), Duration::from_millis(5)),
    );
    let router = Router::new().route("/", get(|| async { "hello" }));
    let running = run(router, patience(), Some(certificates)).await;
    let port = running.address.port();
    assert!(trusts(&old, port).await);

    fs::write(&files.certificate, "broken").unwrap();
    assert!(trusts(&old, port).await);

    let new = certificate(&files, "a-much-longer-name.example");
    while !trusts(&new, port).await {
        tokio::task::yield_now().await;
    }
    assert!(!trusts(&old, port).await);
    watching.abort();
}
