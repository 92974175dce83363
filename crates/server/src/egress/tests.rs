use super::*;
use crate::config::{Config, Environment};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn reach(issuer: &str, allow: &str) -> Reach {
    let environment: Environment = [("SEKISHO_ISSUER", issuer), ("SEKISHO_EGRESS_ALLOW", allow)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut environment = environment;
    environment.insert(
        "SEKISHO_KEY_ENCRYPTION_KEY".to_owned(),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
    );
    Config::from_environment(&environment).unwrap().egress
}

const PUBLIC: &str = "https://login.example/";

fn scripted(allow: &str, lookups: &[&[&str]]) -> Egress {
    let answers: VecDeque<Vec<IpAddr>> = lookups
        .iter()
        .map(|list| list.iter().map(|address| address.parse().unwrap()).collect())
        .collect();
    Egress::with_lookup(
        reach(PUBLIC, allow),
        Lookup::Scripted(Arc::new(Mutex::new(answers))),
    )
}

/// Answers every connection with the same bytes, after reading a request head; counts the connections.
async fn peer(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    (port, count)
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[tokio::test]
async fn threat_14_an_address_in_numbers_is_judged_however_it_is_written() {
    let egress = Egress::new(reach(PUBLIC, ""));
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "http://192.168.0.1/",
    ] {
        let refused = egress.get(url, "*/*").await.unwrap_err();
        assert!(
            matches!(refused, EgressError::Forbidden(_)) && refused.is_final(),
            "{url}: {refused}"
        );
    }
    let plain = egress.post_form("http://93.184.215.14/", &[]).await.unwrap_err();
    assert!(matches!(plain, EgressError::NeedsTls(_)) && plain.is_final());
    for url in [
        "",
        "/x",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://user@a.example/",
        "gopher://a.example/",
    ] {
        assert_eq!(
            egress.get(url, "*/*").await.unwrap_err(),
            EgressError::Address,
            "{url}"
        );
    }
}

#[tokio::test]
async fn threat_14_a_name_that_leads_inside_is_refused() {
    for inside in [
        "127.0.0.1",
        "10.0.0.5",
        "::1",
        "::ffff:169.254.169.254",
        "fd00::7",
    ] {
        let egress = scripted("", &[&[inside]]);
        let refused = egress.get("https://innocent.example/", "*/*").await.unwrap_err();
        assert_eq!(
            refused,
            EgressError::Forbidden("innocent.example".to_owned()),
            "{inside}"
        );
    }
    let nobody = scripted("", &[&[]])
        .get("https://nobody.example/", "*/*")
        .await
        .unwrap_err();
    assert!(
        matches!(nobody, EgressError::Failed(_)) && !nobody.is_final(),
        "{nobody}"
    );
}

#[tokio::test]
async fn threat_14_the_address_that_was_judged_is_the_one_that_is_called() {
    let (port, count) = peer(ok("here")).await;
    // The first look-up answers what is allowed, the next one would answer something else.
    let egress = scripted("127.0.0.1", &[&["127.0.0.1"], &["10.0.0.1"]]);
    let url = format!("http://rebinding.example:{port}/");
    let answer = egress.get(&url, "*/*").await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"here".as_slice()));
    assert_eq!(
        count.load(Ordering::SeqCst),
        1,
        "one look-up, one connection, to what was judged"
    );
    assert!(matches!(
        egress.get(&url, "*/*").await.unwrap_err(),
        EgressError::Forbidden(_)
    ));
    // Of several addresses only the good ones are called.
    let egress = scripted("127.0.0.1", &[&["10.255.255.1", "::1", "127.0.0.1"]]);
    assert_eq!(egress.post_form(&url, &[("a", "b")]).await, Ok(200));
}

#[tokio::test]
async fn threat_14_redirects_are_not_followed() {
    let (inside, reached) = peer(ok("secret")).await;
    let to =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inside}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = peer(to.into_bytes()).await;
    let egress = Egress::new(reach(PUBLIC, "127.0.0.1"));
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(egress.get(&url, "*/*").await.unwrap().status, 302);
    assert_eq!(egress.post_form(&url, &[]).await, Ok(302));
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_is_read_up_to_a_limit() {
    let egress = Egress::new(reach(PUBLIC, "127.0.0.1"));
    for (length, fits) in [(MAX_ANSWER_BYTES, true), (MAX_ANSWER_BYTES + 1, false)] {
        let (port, _) = peer(ok(&"x".repeat(length))).await;
        let answer = egress.get(&format!("http://127.0.0.1:{port}/"), "*/*").await;
        match fits {
            true => assert_eq!(answer.unwrap().body.len(), length),
            false => assert_eq!(answer.unwrap_err(), EgressError::TooLarge),
        }
    }
}

#[tokio::test]
async fn this_machine_is_called_for_an_issuer_on_this_machine_only() {
    let (port, _) = peer(ok("")).await;
    for (issuer, allow, good) in [
        ("http://localhost:4000/", "", true),
        (PUBLIC, "127.0.0.0/8", true),
        (PUBLIC, "", false),
        (PUBLIC, "10.0.0.0/8", false),
    ] {
        let egress = Egress::new(reach(issuer, allow));
        for host in ["127.0.0.1", "localhost"] {
            let told = egress.post_form(&format!("http://{host}:{port}/"), &[]).await;
            assert_eq!(told.is_ok(), good, "{issuer} {allow} {host}: {told:?}");
        }
    }
}

#[tokio::test]
async fn somebody_who_is_not_there_is_said_in_words_without_what_was_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let egress = Egress::new(reach(PUBLIC, "127.0.0.1"));
    let url = format!("http://127.0.0.1:{port}/?key=hidden");
    let failed = egress
        .post_form(&url, &[("logout_token", "hidden")])
        .await
        .unwrap_err();
    assert!(
        !failed.is_final() && !failed.to_string().contains("hidden"),
        "{failed}"
    );
    assert!(failed.to_string().starts_with("no connection"), "{failed}");
}
