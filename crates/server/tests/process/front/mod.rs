//! A real nginx and a real Caddy in front of an application, with the text of the example configurations and a real node behind.
//!
//! This file owns what both proxies must do; the two beside it know how each is started, `upstream` is the application.

mod caddy;
mod nginx;
mod upstream;

use super::{Deployment, Node, Visitor, eventually};
use crate::browser::Answer;
use crate::site::{API, EMAIL, PASSWORD};
use axum::http::{Method, StatusCode};
use sekisho::admin::Actor;
use sekisho::admin::gateway::{NewApp, add};
use sekisho_verify::Scope;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use upstream::Upstream;

/// Where the example configurations find the two.
const EXAMPLE_SEKISHO: &str = "127.0.0.1:4000";
const EXAMPLE_APP: &str = "127.0.0.1:8080";

/// What a proxy is told, and where its files may be.
struct Settings<'a> {
    port: u16,
    sekisho: SocketAddr,
    app: SocketAddr,
    folder: &'a std::path::Path,
}

/// A proxy that runs, an application behind it, a node that knows it.
struct Front {
    deployment: Deployment,
    node: Node,
    proxy: Child,
    port: u16,
    _upstream: Upstream,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Front {
    async fn start(command: impl Fn(&Settings<'_>) -> Command) -> Self {
        let mut deployment = Deployment::sqlite().await;
        deployment.set("SEKISHO_TRUSTED_PROXIES", "127.0.0.1");
        let upstream = Upstream::start().await;
        let node = deployment.start().await;
        let mut tries = 0;
        let (proxy, port) = loop {
            // Free a moment ago; when somebody was faster the proxy ends, and another one is tried.
            let port = TcpListener::bind("127.0.0.1:0")
                .await
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let settings = Settings {
                port,
                sekisho: node.address(),
                app: upstream.address,
                folder: deployment.folder.path(),
            };
            let mut proxy = command(&settings).stdin(Stdio::null()).spawn().unwrap();
            let mut listens = false;
            eventually("the proxy listens or ends", async || {
                listens = TcpStream::connect(("127.0.0.1", port)).await.is_ok();
                listens || proxy.try_wait().unwrap().is_some()
            })
            .await;
            if listens {
                break (proxy, port);
            }
            tries += 1;
            assert!(tries < 5, "the proxy does not start");
        };
        let new = NewApp {
            origin: format!("http://localhost:{port}"),
            name: None,
            audience: Some(API.to_owned()),
            scope: Scope::parse("read:notes").unwrap(),
        };
        let app = deployment.open().await;
        add(&app, Actor::Operator, new).await.unwrap();
        Self {
            deployment,
            node,
            proxy,
            port,
            _upstream: upstream,
        }
    }

    /// A browser at the application.
    fn visitor(&self) -> Visitor {
        let base = format!("http://127.0.0.1:{}", self.port);
        let mut visitor = Visitor::new(&base, &format!("localhost:{}", self.port));
        visitor.headers = page();
        visitor
    }

    /// Opens a page of the application and signs in where it leads; `issuer` is the same browser at the issuer.
    async fn sign_in(&self, at_app: &mut Visitor, issuer: &mut Visitor, path: &str) -> Answer {
        let sent = at_app.get(path).await;
        assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.body);
        let left = at_app.get(sent.location()).await;
        assert_eq!(left.status, StatusCode::SEE_OTHER, "{}", left.body);
        let page = issuer.open(left.location()).await;
        let code = match page.status.is_redirection() {
            true => page,
            false => issuer.fill_in(&page, EMAIL, PASSWORD).await,
        };
        let back = at_app.get(code.location()).await;
        assert_eq!(back.location(), format!("http://localhost:{}{path}", self.port));
        at_app.get(back.location()).await
    }
}

/// What a browser says that opens a page.
fn page() -> Vec<(&'static str, String)> {
    vec![
        ("accept", "text/html".to_owned()),
        ("sec-fetch-mode", "navigate".to_owned()),
        ("sec-fetch-dest", "document".to_owned()),
    ]
}

/// What any proxy with its example configuration must do.
async fn threat_42_keeps_its_promises(front: Front) {
    let (mut browser, mut issuer) = (front.visitor(), front.node.visitor());
    let path = "/notes?a=b&c=%2F%2Fd";
    let shown = front.sign_in(&mut browser, &mut issuer, path).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let seen = shown.json();
    assert_eq!(seen["target"], path, "the address came back as it was");
    let user = seen["x-auth-request-user"].as_str().unwrap().to_owned();
    assert!(user.starts_with("auth0|"));
    assert_eq!(seen["x-auth-request-email"], EMAIL);
    let token = seen["authorization"].as_str().unwrap().to_owned();
    assert!(token.starts_with("Bearer ey"));

    // Whatever the sender writes there, in any spelling, the application does not see it.
    for (name, value) in [
        ("x-auth-request-user", "auth0|admin"),
        ("x-auth-request-email", "admin@example.com"),
        ("X_Auth_Request_User", "auth0|admin"),
        ("X-Auth_Request-Email", "admin@example.com"),
        ("x-original-url", "https://evil.example/"),
        ("x-forwarded-host", "evil.example"),
    ] {
        browser.headers.push((name, value.to_owned()));
    }
    let seen = browser.get("/").await.json();
    assert_eq!(
        (&seen["x-auth-request-user"], &seen["x-auth-request-email"]),
        (&user.into(), &EMAIL.into())
    );
    let names: Vec<_> = seen
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.contains('_'))
        .collect();
    assert!(names.is_empty(), "{names:?}");

    // A program that brings a token passes, and cannot bring an address with it.
    let mut program = front.visitor();
    program.headers = vec![
        ("authorization", token.clone()),
        ("x-auth-request-email", "admin@example.com".to_owned()),
    ];
    let seen = program.get("/api").await.json();
    assert_eq!(seen["authorization"], token);
    assert!(
        seen.get("x-auth-request-email").is_none_or(|email| email == ""),
        "{seen}"
    );

    // One without is told so in JSON.
    let mut nobody = front.visitor();
    for headers in [
        vec![("accept", "application/json".to_owned())],
        vec![
            ("accept", "text/html".to_owned()),
            ("x-requested-with", "fetch".to_owned()),
        ],
        vec![("authorization", "Bearer a.b.c".to_owned())],
    ] {
        nobody.headers = headers;
        let answer = nobody.get("/api").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!(answer.headers.get_all("www-authenticate").iter().count(), 1);
        assert!(!answer.error().is_empty());
    }
    nobody.headers = page();
    let posted = nobody
        .try_send(Method::POST, "/api", Some(&[("a", "b")]))
        .await
        .unwrap();
    assert_eq!(posted.status, StatusCode::UNAUTHORIZED);
    // Nobody outside can ask what the proxy asks.
    for path in ["/_sekisho_ask", "/forward-auth"] {
        let answer = nobody.get(path).await;
        assert!(
            answer.headers.get("authorization").is_none() && answer.status != StatusCode::OK,
            "{path}"
        );
    }

    websockets(&front, &browser).await;

    // The session ends at the issuer: the next request of page, websocket and program does not pass.
    browser.headers = page();
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    issuer.get("/v2/logout").await;
    assert_eq!(browser.get("/").await.status, StatusCode::FOUND);
    assert_eq!(program.get("/api").await.status, StatusCode::UNAUTHORIZED);
    assert!(upgrade(&front, &browser).await.0.starts_with("HTTP/1.1 401"));
    assert!(front.node.log().contains("answered"));
    assert!(front.deployment.folder.path().exists());
}

/// Whoever is signed in talks to the application over a websocket; others get 401, no redirect.
async fn websockets(front: &Front, browser: &Visitor) {
    let (head, stream) = upgrade(front, browser).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut stream = stream;
    stream.write_all(b"ping through the gate").await.unwrap();
    let mut echo = [0; 21];
    stream.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"ping through the gate");

    let (head, _) = upgrade(front, &front.visitor()).await;
    assert!(head.starts_with("HTTP/1.1 401"), "{head}");
    assert!(!head.to_lowercase().contains("location:"), "{head}");
}

/// Asks for a websocket with a browser's cookies; the head of the answer and what is behind it.
async fn upgrade(front: &Front, browser: &Visitor) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(("127.0.0.1", front.port)).await.unwrap();
    let cookies: Vec<_> = browser
        .jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: localhost:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: {}\r\n\r\n",
        front.port,
        cookies.join("; ")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    (upstream::head(&mut stream).await, stream)
}
