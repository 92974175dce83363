//! `dev`: a fixture anyone can start many of.

use super::visitor::text;
use super::{Node, Visitor, program};
use crate::browser::claims;
use crate::site::{CHALLENGE, VERIFIER, form};
use axum::http::StatusCode;
use sekisho::config::Environment;
use std::io::BufRead as _;
use std::path::Path;
use std::process::Command;

/// A running `sekisho dev --json` and the line it printed.
struct Dev {
    node: Node,
    line: serde_json::Value,
}

impl Dev {
    async fn start(folder: &Path, arguments: &[&str]) -> Self {
        let cheap = [
            ("SEKISHO_PASSWORDS_MEMORY_KIB", "8"),
            ("SEKISHO_PASSWORDS_PASSES", "1"),
        ];
        let settings: Environment = cheap
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let mut command: Command = program(&settings, folder);
        command.args(["dev", "--json", "--port", "0"]).args(arguments);
        let mut node = Node::spawn(&mut command);
        let mut stdout = node.stdout();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line
        });
        let line = line.await.unwrap();
        let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line} {}", node.log()));
        Self { node, line }
    }

    fn text(&self, pointer: &str) -> String {
        text(
            self.line
                .pointer(pointer)
                .unwrap_or_else(|| panic!("no {pointer} in {}", self.line)),
        )
    }

    fn visitor(&self) -> Visitor {
        let issuer = self.text("/issuer");
        let origin = issuer.trim_end_matches('/');
        let host = origin.split_once("://").unwrap().1;
        match self.line["ca"].as_str() {
            Some(file) => Visitor::trusting(origin, host, &[&std::fs::read_to_string(file).unwrap()]),
            None => Visitor::new(origin, host),
        }
    }

    fn authorize(&self) -> String {
        let fields = [
            ("client_id", self.text("/spa/client_id")),
            ("redirect_uri", self.text("/spa/redirect_uri")),
            ("audience", self.text("/api/audience")),
            ("response_type", "code".to_owned()),
            ("scope", "openid email".to_owned()),
            ("code_challenge", CHALLENGE.to_owned()),
            ("code_challenge_method", "S256".to_owned()),
        ];
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        format!("/authorize?{}", form(&fields))
    }

    /// Signs somebody in and answers their access token for the demo API.
    async fn access(&self, visitor: &mut Visitor, email: &str, password: &str) -> String {
        let page = visitor.open(&self.authorize()).await;
        let answer = visitor.fill_in(&page, email, password).await;
        let code = answer.param("code").unwrap();
        let (client, redirect) = (self.text("/spa/client_id"), self.text("/spa/redirect_uri"));
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client.as_str()),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", VERIFIER),
        ];
        let tokens = visitor.post("/oauth/token", &fields).await.json();
        assert_eq!(claims(&tokens["id_token"])["email"], email);
        text(&tokens["access_token"])
    }

    /// Signs the demo user in and answers what the demo API says to the token.
    async fn main_job(&self) -> StatusCode {
        let (email, password) = (self.text("/user/email"), self.text("/user/password"));
        let mut visitor = self.visitor();
        let access = self.access(&mut visitor, &email, &password).await;
        let api = self.text("/api/url");
        let origin = api.trim_end_matches('/');
        let host = origin.split_once("://").unwrap().1;
        let pem = self.line["ca"]
            .as_str()
            .map(|file| std::fs::read_to_string(file).unwrap());
        let mut api = Visitor::trusting(origin, host, &pem.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(api.get("/me").await.status, StatusCode::UNAUTHORIZED);
        api.headers = vec![("authorization", format!("Bearer {access}"))];
        api.get("/me").await.status
    }
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn two_at_once_do_not_disturb_each_other_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--ephemeral"];
    let (one, two) = tokio::join!(
        Dev::start(folder.path(), &arguments),
        Dev::start(folder.path(), &arguments)
    );
    assert_ne!(one.text("/issuer"), two.text("/issuer"));
    assert_eq!(entries(folder.path()), 2, "a folder each");
    for dev in [&one, &two] {
        assert_eq!(dev.main_job().await, StatusCode::OK);
    }
    // One browser at both: cookies are shared between ports, so their names must differ.
    let (email, password) = (one.text("/user/email"), one.text("/user/password"));
    let mut browser = one.visitor();
    one.access(&mut browser, &email, &password).await;
    let mut other = two.visitor();
    other.jar = browser.jar.clone();
    two.access(&mut other, &email, &password).await;
    browser.jar = other.jar;
    assert!(
        browser.open(&one.authorize()).await.param("code").is_some(),
        "still signed in at the first"
    );
    // What one issued means nothing to the other.
    let access = one.access(&mut one.visitor(), &email, &password).await;
    assert_eq!(
        two.visitor().userinfo(&access).await.status,
        StatusCode::UNAUTHORIZED
    );

    assert!(one.node.stop().await.success());
    assert_eq!(entries(folder.path()), 1);
    assert_eq!(two.main_job().await, StatusCode::OK);
    two.node.signal("INT");
    let mut two = two.node;
    assert!(two.ended().await.success());
    assert_eq!(entries(folder.path()), 0, "removed on exit");
}

#[tokio::test]
async fn the_same_folder_again_keeps_its_users() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--data", "kept"];
    let first = Dev::start(folder.path(), &arguments).await;
    let mut visitor = first.visitor();
    let page = visitor.open(&first.authorize()).await;
    let signup = visitor
        .open(&page.action().replacen("/u/login", "/u/signup", 1))
        .await;
    let (state, csrf) = (signup.hidden("state"), signup.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", "hanako@example.com"),
    ];
    let sent = visitor.post(&signup.action(), &fields).await;
    assert!(sent.body.contains("/dev/mailbox"), "{}", sent.body);
    // The mail is sent by a job, a moment after the page.
    let link = loop {
        let mailbox = visitor.get("/dev/mailbox").await;
        if let Some((_, rest)) = mailbox.body.split_once("/u/password?ticket=") {
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_".contains(letter)));
            break format!("/u/password?ticket={}", &rest[..end.unwrap()]);
        }
    };
    let page = visitor.get(&link).await;
    let ticket = page.hidden("ticket");
    let fields = [("ticket", ticket.as_str()), ("password", "a password of her own")];
    let answer = visitor.post("/u/password", &fields).await;
    let answer = visitor.follow(answer).await;
    assert!(answer.param("code").is_some(), "{}", answer.body);
    assert!(first.node.stop().await.success());

    let again = Dev::start(folder.path(), &arguments).await;
    again
        .access(
            &mut again.visitor(),
            "hanako@example.com",
            "a password of her own",
        )
        .await;
    assert_eq!(again.main_job().await, StatusCode::OK);
    assert_eq!(entries(folder.path()), 1);
}

#[tokio::test]
async fn https_is_served_with_the_printed_authority() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path(), &["--ephemeral", "--https"]).await;
    assert!(dev.text("/issuer").starts_with("https://localhost:"));
    assert!(Path::new(&dev.text("/ca")).is_absolute());
    assert_eq!(
        dev.main_job().await,
        StatusCode::OK,
        "the API fetches keys over TLS too"
    );
    let mut visitor = dev.visitor();
    assert_eq!(visitor.get("/").await.header("strict-transport-security"), "");
}
