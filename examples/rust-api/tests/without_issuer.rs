//! The program as it is started, while its issuer is away.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_serves_what_needs_no_token_and_is_not_ready() {
    // A port that nobody listens on.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rust-api"))
        .env("PORT", "0")
        .env("SEKISHO_ISSUER", format!("http://{nobody}/"))
        .env("SEKISHO_AUDIENCE", "https://notes.example.com/")
        .env("SEKISHO_CLIENT_ID", "verifier")
        .env("SEKISHO_CLIENT_SECRET", "secret")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _running = Running(child);
    let url = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
        .unwrap();
    for (place, status) in [("/", 200), ("/ready", 503), ("/notes", 401)] {
        let answer = reqwest::get(format!("{url}{place}")).await.unwrap();
        assert_eq!(answer.status(), status, "{place}");
    }
}

#[test]
fn it_says_what_is_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_rust-api"))
        .env_clear()
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("SEKISHO_ISSUER is missing"));
}
