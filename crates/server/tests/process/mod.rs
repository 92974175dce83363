//! Operation seen from outside: the built program as a real process, on real SQLite files and a real PostgreSQL.
//!
//! This file owns the fixture: what a deployment is, what is in its database, how a node starts and ends. Each file
//! beside it is one promise to the operator. Tests wait for conditions; what must not take for ever has [`PATIENCE`].

mod backchannel;
mod config_mistake;
mod database_down;
mod dev;
mod disk_full;
mod feed;
mod feed_faults;
mod flood;
mod front;
mod limits;
mod log;
mod nodes;
mod proxy;
mod restart;
mod serve;
mod tls;
mod visitor;

use crate::site::{API, CALLBACK, EMAIL, PASSWORD};
use sekisho::admin::clients::NewClient;
use sekisho::admin::{Actor, apis, clients, grants, users};
use sekisho::app::{App, Clock};
use sekisho::config::{Config, Environment};
use sekisho_rules::api::{ApiScope, Dialect, Offline};
use sekisho_rules::client::{ClientKind, LogoutNotices, Party};
use sekisho_verify::Scope;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use visitor::Visitor;

/// When a condition that must come has not come, the test has failed. Far beyond what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a condition that nothing announces.
const LOOK: Duration = Duration::from_millis(10);
/// What the machine may do at the API.
const SCOPES: &str = "read:notes write:notes";

/// One deployment: its settings, its folder, and what is in its database.
struct Deployment {
    settings: Environment,
    folder: tempfile::TempDir,
    spa: String,
    machine: (String, String),
}

impl Deployment {
    /// On a SQLite file of its own.
    async fn sqlite() -> Self {
        Self::with(&[]).await
    }

    /// In an empty PostgreSQL database of its own.
    async fn postgres() -> Self {
        Self::with(&[("DATABASE_URL", &sekisho_test_postgres::fresh_database())]).await
    }

    /// One on each engine.
    async fn both() -> [Self; 2] {
        [Self::sqlite().await, Self::postgres().await]
    }

    /// With settings of one's own.
    async fn with(settings: &[(&str, &str)]) -> Self {
        let mut deployment = Self::empty(settings);
        deployment.seed().await;
        deployment
    }

    /// Before its first start.
    fn empty(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut deployment = Self {
            settings: Environment::new(),
            folder,
            spa: String::new(),
            machine: (String::new(), String::new()),
        };
        let data = deployment.folder.path().join("data").display().to_string();
        for (name, value) in [
            ("SEKISHO_ISSUER", "https://login.example/"),
            ("SEKISHO_LISTEN", "127.0.0.1:0"),
            ("SEKISHO_DATA_DIR", data.as_str()),
            (
                "SEKISHO_KEY_ENCRYPTION_KEY",
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            ),
            ("SEKISHO_PASSWORDS_MEMORY_KIB", "8"),
            ("SEKISHO_PASSWORDS_PASSES", "1"),
        ]
        .iter()
        .chain(settings)
        {
            deployment.set(name, value);
        }
        deployment
    }

    fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// The same database, opened in this process, as a command beside the running server would.
    async fn open(&self) -> Arc<App> {
        let config = Config::from_environment(&self.settings).unwrap();
        App::open(config, Clock::System).await.unwrap()
    }

    async fn seed(&mut self) {
        let app = self.open().await;
        let scope = |value: &str| ApiScope {
            value: value.to_owned(),
            description: "Notes".to_owned(),
        };
        let api = apis::NewApi {
            identifier: API.to_owned(),
            name: "Notes".to_owned(),
            scopes: SCOPES.split(' ').map(scope).collect(),
            token_lifetime: 300,
            dialect: Dialect::AccessToken,
            offline: Offline::Allowed,
            signing_alg: sekisho_jose::Algorithm::Rs256,
        };
        apis::add(&app, Actor::Operator, api).await.unwrap();
        let user = users::NewUser {
            email: EMAIL.to_owned(),
            name: None,
            password: PASSWORD.to_owned().into(),
            email_verified: true,
        };
        users::add(&app, Actor::Operator, user).await.unwrap();
        let (spa, _) = clients::add(&app, Actor::Operator, client(ClientKind::SinglePage))
            .await
            .unwrap();
        let (machine, secret) = clients::add(&app, Actor::Operator, client(ClientKind::Machine))
            .await
            .unwrap();
        let scopes = Scope::parse(SCOPES).unwrap();
        grants::put(&app, Actor::Operator, &machine, API, scopes)
            .await
            .unwrap();
        self.spa = spa.id.to_string();
        self.machine = (machine.id.to_string(), secret.unwrap().encode());
    }

    /// Starts a node and waits until it is ready.
    async fn start(&self) -> Node {
        self.start_as(&mut self.command()).await
    }

    /// Starts a node by a command of one's own that ends in the program.
    async fn start_as(&self, command: &mut Command) -> Node {
        let mut node = Node::spawn(command);
        let line = node.says("\"message\":\"ready\"").await;
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        let addresses = line["addresses"].as_str().unwrap();
        node.address = Some(addresses.trim_matches(['[', ']']).parse().unwrap());
        node
    }

    /// `sekisho serve` with these settings and nothing of this process's environment.
    fn command(&self) -> Command {
        let mut command = program(&self.settings, self.folder.path());
        command.arg("serve");
        command
    }
}

fn client(kind: ClientKind) -> NewClient {
    let is_app = kind != ClientKind::Machine;
    NewClient {
        grants: Vec::new(),
        name: "App".to_owned(),
        kind,
        auth_method: None,
        callbacks: is_app.then(|| CALLBACK.to_owned()).into_iter().collect(),
        logout_urls: vec![],
        web_origins: is_app
            .then(|| "https://app.example".to_owned())
            .into_iter()
            .collect(),
        jwks: None,
        mfa: None,
        party: Party::First,
        notices: LogoutNotices::default(),
        refresh: None,
    }
}

/// The built program in a folder, with an environment of its own.
fn program(settings: &Environment, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command
        .current_dir(folder)
        .env_clear()
        .env("TMPDIR", folder)
        .envs(settings)
        .stdin(Stdio::null());
    command
}

/// A process that runs, until it is dropped.
struct Node {
    child: Child,
    log: watch::Receiver<Vec<String>>,
    address: Option<SocketAddr>,
}

impl Node {
    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, log) = watch::channel(Vec::new());
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.send_modify(|lines| lines.push(line));
            }
        });
        Self {
            child,
            log,
            address: None,
        }
    }

    /// The first line of the log that holds these words, once it is there.
    async fn says(&mut self, words: &str) -> String {
        let has = |lines: &Vec<String>| lines.iter().any(|line| line.contains(words));
        let found = match tokio::time::timeout(PATIENCE, self.log.wait_for(has)).await {
            Ok(Ok(lines)) => lines.iter().find(|line| line.contains(words)).cloned(),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("never said {words}: {}", self.log()))
    }

    /// Everything it said on standard error.
    fn log(&self) -> String {
        self.log.borrow().join("\n")
    }

    /// Its standard output; once.
    fn stdout(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.child.stdout.take().unwrap())
    }

    fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// A new browser or program that calls this node.
    fn visitor(&self) -> Visitor {
        Visitor::new(&format!("http://{}", self.address()), "login.example")
    }

    /// Sends a signal by its name, such as `TERM`.
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end. The log is whole afterwards.
    async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        // The reader of the log lets go at the end of the pipe.
        let _ = tokio::time::timeout(PATIENCE, self.log.wait_for(|_| false)).await;
        status.unwrap()
    }

    /// Asks it to stop and waits for its end.
    async fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// Ends it as a power cut would.
    async fn kill(mut self) {
        self.child.kill().unwrap();
        self.ended().await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until a condition holds that nothing announces.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, wait).await.is_ok(),
        "it never came that {what}"
    );
}
