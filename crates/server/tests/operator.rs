//! The operator's day, with the real program: settings, data commands, serving, a rotated key, a log without secrets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const KEK: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEK: &str = "ICECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) struct Deployment {
    folder: tempfile::TempDir,
    kek: Vec<(&'static str, &'static str)>,
}

impl Deployment {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            kek: vec![("SEKISHO_KEY_ENCRYPTION_KEY", KEK)],
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("SEKISHO_ISSUER", "http://localhost:4000/")
            .env("SEKISHO_PASSWORDS_MEMORY_KIB", "8")
            .env("SEKISHO_PASSWORDS_PASSES", "1")
            .envs(self.kek.iter().copied())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn refused(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stdout)
        );
        text(&output.stderr)
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn stop(&mut self) -> std::process::ExitStatus {
        let pid = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.0.wait().unwrap()
    }
}

#[test]
fn users_are_added_blocked_given_passwords_and_deleted() {
    let site = Deployment::new();
    let mut add = site.command(&["user", "add", "alice@example.com", "--name", "Alice", "--json"]);
    let mut adding = add.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    adding
        .stdin
        .take()
        .unwrap()
        .write_all(b"a perfectly long password\n")
        .unwrap();
    let added = adding.wait_with_output().unwrap();
    let user: Value = serde_json::from_slice(&added.stdout).unwrap();
    assert_eq!(
        (&user["email"], &user["blocked"]),
        (&json!("alice@example.com"), &json!(false))
    );
    assert!(user.get("password").is_none() && user.get("password_hash").is_none());

    let again = site.refused(&["user", "add", "ALICE@example.com", "--generate"], 1);
    assert!(again.contains("already"), "{again}");
    site.json(&["user", "block", "alice@example.com", "--json"]);
    assert_eq!(
        site.json(&["user", "show", "alice@example.com", "--json"])["blocked"],
        true
    );
    site.json(&["user", "unblock", user["id"].as_str().unwrap(), "--json"]);
    let made = site.json(&["user", "password", "alice@example.com", "--generate", "--json"]);
    assert_eq!(made["password"].as_str().unwrap().len(), 24);
    assert_eq!(
        site.json(&["user", "list", "--json"]).as_array().unwrap().len(),
        1
    );
    site.json(&["user", "delete", "alice@example.com", "--json"]);
    assert!(
        site.refused(&["user", "block", "alice@example.com"], 1)
            .contains("there is no user alice@example.com")
    );
    assert!(
        site.refused(&["user", "add", "bob@example.com"], 1)
            .contains("no password")
    );
}

#[test]
fn clients_apis_and_grants_are_managed_and_secrets_are_shown_once() {
    let site = Deployment::new();
    let web = site.json(&[
        "client",
        "add",
        "Site",
        "--kind",
        "regular_web",
        "--callback",
        "https://a.example/cb",
        "--json",
    ]);
    let (id, secret) = (
        web["client_id"].as_str().unwrap(),
        web["client_secret"].as_str().unwrap(),
    );
    let shown = site.run(&["client", "show", id, "--json"]);
    assert!(!text(&shown.stdout).contains(secret) && shown.status.success());
    assert_ne!(
        site.json(&["client", "secret", id, "--json"])["client_secret"],
        secret
    );
    site.json(&["client", "disable", id, "--json"]);
    assert_eq!(site.json(&["client", "show", id, "--json"])["enabled"], false);
    site.json(&["client", "enable", id, "--json"]);

    let api = "https://api.example/";
    site.json(&["api", "add", api, "--scope", "read=Read", "--json"]);
    assert!(
        site.refused(&["grant", "add", id, api, "--scope", "read write"], 1)
            .contains("does not define: write")
    );
    assert!(
        site.run(&["grant", "add", id, api, "--scope", "read"])
            .status
            .success()
    );
    assert_eq!(
        site.json(&["grant", "list", id, "--json"]),
        json!([{"audience": api, "scope": "read"}])
    );
    assert!(site.run(&["grant", "delete", id, api]).status.success());
    assert!(site.run(&["api", "delete", api]).status.success());
    let own = site.json(&["api", "list", "--json"])[0]["identifier"].clone();
    let said = site.refused(&["api", "delete", own.as_str().unwrap()], 1);
    assert!(said.contains("the issuer's own"), "{said}");

    let spa = site.refused(
        &[
            "client",
            "add",
            "S",
            "--kind",
            "spa",
            "--auth",
            "client_secret_post",
        ],
        1,
    );
    assert!(spa.contains("cannot keep a secret"), "{spa}");
    let bad = site.refused(
        &[
            "client",
            "add",
            "S",
            "--kind",
            "spa",
            "--callback",
            "https://a.example/#x",
        ],
        1,
    );
    assert!(bad.contains("https://a.example/#x"), "{bad}");
    site.refused(&["client", "add", "S", "--kind", "toaster"], 2);
    let callback = ["--callback", "https://site.example/cb", "--json"];
    let mut add = vec![
        "client",
        "add",
        "Site",
        "--kind",
        "regular_web",
        "--rotate-refresh-tokens",
    ];
    add.extend(callback);
    let rotating = &site.json(&add)["refresh_tokens"];
    assert_eq!(
        (&rotating["rotating"], &rotating["lifetime"]),
        (&json!(true), &json!(2_592_000))
    );
    add.extend(["--refresh-lifetime", "5"]);
    assert!(site.refused(&add, 1).contains("60 seconds"));
    site.json(&["client", "delete", id, "--json"]);
}

#[test]
fn keys_rotate_are_revoked_and_sealed_again_under_another_key() {
    let mut site = Deployment::new();
    let states = |site: &Deployment| {
        let keys = site.json(&["key", "list", "--json"]);
        let state = |key: &Value| {
            (
                key["kid"].as_str().unwrap().to_owned(),
                key["state"].as_str().unwrap().to_owned(),
            )
        };
        keys.as_array()
            .unwrap()
            .iter()
            .map(state)
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = states(&site);
    let young = site.refused(&["key", "rotate"], 1);
    assert!(young.contains("verifiers may not know it yet"), "{young}");
    let rotated = site.json(&["key", "rotate", "--now", "--json"]);
    let after = states(&site);
    let current = rotated["current"].as_str().unwrap();
    assert_eq!(before[current], "next");
    assert_eq!(after[current], "current");
    assert_eq!(after.values().filter(|state| *state == "previous").count(), 1);
    assert!(site.run(&["key", "revoke", current]).status.success());
    let revoked = states(&site);
    assert_eq!(revoked[current], "revoked");
    assert_eq!(revoked.values().filter(|state| *state == "current").count(), 1);
    assert_eq!(revoked.values().filter(|state| *state == "next").count(), 1);
    assert!(site.refused(&["key", "revoke", "nobody"], 1).contains("nobody"));

    site.kek = vec![("SEKISHO_KEY_ENCRYPTION_KEY", OTHER_KEK)];
    assert!(
        site.refused(&["key", "list"], 1)
            .contains("SEKISHO_KEY_ENCRYPTION_KEY")
    );
    site.kek.push(("SEKISHO_OLDER_KEY_ENCRYPTION_KEYS", KEK));
    let rewrapped = site.run(&["key", "rewrap"]);
    assert!(
        text(&rewrapped.stdout).starts_with("sealed 5 values"),
        "{}",
        text(&rewrapped.stdout)
    );
    site.kek.pop();
    assert!(site.run(&["key", "list"]).status.success());
    assert!(text(&site.run(&["key", "rewrap"]).stdout).starts_with("sealed 0 values"));
}

#[test]
fn a_backup_is_a_database_of_its_own_and_a_restore_is_told() {
    let site = Deployment::new();
    site.json(&["user", "add", "alice@example.com", "--generate", "--json"]);
    assert!(site.run(&["backup", "copy.db"]).status.success());
    assert!(site.refused(&["backup", "copy.db"], 1).contains("copy.db exists"));
    let note = std::fs::read_to_string(site.folder.path().join("copy.db.json")).unwrap();
    assert!(note.contains("key_encryption_key"), "{note}");
    let copied = site
        .command(&["user", "list", "--json"])
        .env("DATABASE_URL", "sqlite:copy.db")
        .output()
        .unwrap();
    assert!(
        text(&copied.stdout).contains("alice@example.com"),
        "{}",
        text(&copied.stderr)
    );
    assert!(site.run(&["restored"]).status.success());
}

#[test]
fn doctor_changes_nothing_and_names_what_is_wrong() {
    let mut site = Deployment::new();
    let findings = site.json(&["doctor", "--json"]);
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["verdict"] == "doubtful"),
        "cheap passwords"
    );
    assert_eq!(std::fs::read_dir(site.folder.path()).unwrap().count(), 0);
    assert!(site.run(&["migrate"]).status.success());
    assert!(site.run(&["key", "list"]).status.success());
    assert!(site.run(&["doctor"]).status.success());
    site.kek = vec![("SEKISHO_KEY_ENCRYPTION_KEY", OTHER_KEK)];
    let sick = site.run(&["doctor"]);
    assert_eq!(sick.status.code(), Some(1));
    assert!(
        text(&sick.stdout).contains("signing keys"),
        "{}",
        text(&sick.stdout)
    );
    site.kek.push(("SEKISHO_WIRE", "okta"));
    assert!(text(&site.run(&["doctor"]).stdout).contains("`wire`"));
}

#[test]
fn a_mistake_in_the_settings_stops_the_start_with_one_sentence() {
    let mut site = Deployment::new();
    site.kek.push(("SEKISHO_LISTEN", "everywhere"));
    let sentence = site.refused(&["serve"], 1);
    assert!(
        sentence.starts_with("sekisho: `server.listen` (SEKISHO_LISTEN)"),
        "{sentence}"
    );
    assert_eq!(sentence.trim_end().lines().count(), 1, "{sentence}");
    site.refused(&["serve", "--nonsense"], 2);
}

fn dev(folder: &Path, arguments: &[&str]) -> (Running, Value, Log) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sekisho"))
        .args(["dev", "--json", "--port", "0"])
        .args(arguments)
        .current_dir(folder)
        .env("SEKISHO_PASSWORDS_MEMORY_KIB", "8")
        .env("SEKISHO_LOG", "trace")
        .env("SEKISHO_LOG_FORMAT", "json")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut error = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut log = String::new();
        error.read_to_string(&mut log).unwrap();
        log
    });
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    (Running(child), ready, log)
}

/// What the program says on standard error, once it has ended.
type Log = std::thread::JoinHandle<String>;

#[tokio::test]
async fn dev_is_a_fixture_that_issues_tokens_its_api_trusts_and_logs_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, ready, log) = dev(folder.path(), &["--ephemeral"]);
    let field = |path: &str| ready.pointer(path).unwrap().as_str().unwrap().to_owned();
    let client = reqwest::Client::new();
    let secret = field("/machine/client_secret");
    let token = client
        .post(format!("{}oauth/token", field("/issuer")))
        .form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &field("/machine/client_id")),
            ("client_secret", &secret),
            ("audience", &field("/api/audience")),
        ])
        .send()
        .await
        .unwrap();
    let token: Value = token.json().await.unwrap();
    let token = token["access_token"].as_str().unwrap();
    let notes = format!("{}notes", field("/api/url"));
    assert_eq!(
        client
            .get(&notes)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(client.get(&notes).send().await.unwrap().status(), 401);
    let expired = client
        .get(format!("{}expired-token", field("/spa/url")))
        .send()
        .await
        .unwrap();
    let expired = expired.text().await.unwrap();
    let refused = client
        .get(&notes)
        .bearer_auth(expired.trim_matches('"'))
        .send()
        .await
        .unwrap();
    assert!(
        refused.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("expired"),
        "{refused:?}"
    );

    // A password, a code and a state that travel where people could put them.
    let hostile = format!("{}u/login?state=SECRETSTATE&code=SECRETCODE", field("/issuer"));
    client
        .post(hostile)
        .form(&[("password", "SECRETPASSWORD")])
        .send()
        .await
        .unwrap();
    let metrics = client
        .get(format!("{}metrics", field("/issuer")))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("sekisho_tokens_issued_total{grant=\"client_credentials\"} 2"),
        "{metrics}"
    );
    assert!(
        metrics.contains("route=\"/oauth/token\",status=\"200\"} 2"),
        "{metrics}"
    );
    assert_eq!(
        client
            .get(format!("{}readyz", field("/issuer")))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let forwarded = client
        .get(format!("{}metrics", field("/issuer")))
        .header("x-forwarded-for", "203.0.113.9");
    assert_eq!(forwarded.send().await.unwrap().status(), 403);

    assert!(running.stop().success());
    let log = log.join().unwrap();
    assert!(
        log.lines()
            .any(|line| line.contains("/oauth/token") && line.contains("\"id\"")),
        "{log}"
    );
    for hidden in [
        secret.as_str(),
        token,
        "SECRETSTATE",
        "SECRETCODE",
        "SECRETPASSWORD",
    ] {
        assert!(!log.contains(hidden), "{hidden} is in the log");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "an ephemeral demo leaves nothing behind"
    );
}

#[tokio::test]
async fn dev_https_is_trusted_through_its_authority_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, ready, _log) = dev(folder.path(), &["--https", "--data", "data"]);
    let issuer = ready["issuer"].as_str().unwrap();
    assert!(issuer.starts_with("https://localhost:"), "{issuer}");
    let authority = std::fs::read(ready["ca"].as_str().unwrap()).unwrap();
    let authority = reqwest::Certificate::from_pem(&authority).unwrap();
    let trusting = reqwest::Client::builder()
        .tls_certs_only([authority])
        .build()
        .unwrap();
    let readyz = format!("{issuer}readyz");
    assert_eq!(trusting.get(&readyz).send().await.unwrap().status(), 200);
    assert!(reqwest::get(&readyz).await.is_err());
    assert!(running.stop().success());
    assert!(folder.path().join("data/dev-ca.pem").exists());
}
