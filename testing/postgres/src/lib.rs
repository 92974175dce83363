//! A real PostgreSQL for tests. [`fresh_database`] gives an empty database of its own to each test: on the server that
//! `SEKISHO_TEST_POSTGRES` names (a URL whose user may create databases), or else on a throw-away cluster that this
//! process starts once. [`Server::start`] starts a cluster for a test that stops and starts it.
//!
//! Nothing is skipped: without PostgreSQL on the machine the test fails and says how to get it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Makes an empty database and answers its URL.
///
/// # Panics
/// When there is no PostgreSQL, with what to install.
pub fn fresh_database() -> String {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match given() {
        Some(url) => Shared { url, _server: None },
        None => {
            let server = Server::start();
            Shared {
                url: server.url("postgres"),
                _server: Some(Mutex::new(server)),
            }
        }
    });
    make_database(&shared.url)
}

struct Shared {
    url: String,
    _server: Option<Mutex<Server>>,
}

fn given() -> Option<String> {
    std::env::var("SEKISHO_TEST_POSTGRES")
        .ok()
        .filter(|url| !url.is_empty())
}

/// A throw-away cluster on a loopback port, without a password. It is gone when this value is dropped, and also when this
/// process ends in any other way.
pub struct Server {
    script: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    /// Starts a cluster and waits until it accepts connections.
    ///
    /// # Panics
    /// When there is no PostgreSQL or it does not start.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, offering TLS with this certificate and private key, both in PEM.
    ///
    /// # Panics
    /// When there is no PostgreSQL or it does not start.
    pub fn start_tls(certificate: &str, key: &str) -> Self {
        Self::start_with(&[
            ("SEKISHO_TEST_CERTIFICATE", certificate),
            ("SEKISHO_TEST_KEY", key),
        ])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        // A free port may be taken by somebody else before PostgreSQL binds it.
        let mut said = String::new();
        for _ in 0..5 {
            match Self::try_start(free_port(), settings) {
                Ok(server) => return server,
                Err(error) => said = error,
            }
        }
        panic!("{said}");
    }

    /// The URL of a database on this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://sekisho@127.0.0.1:{}/{database}", self.port)
    }

    /// Stops it at once, as a crash would; its data stays.
    ///
    /// # Panics
    /// When the server does not obey.
    pub fn stop(&mut self) {
        self.say("stop");
    }

    /// Starts it again on the same port, with its data.
    ///
    /// # Panics
    /// When the server does not obey.
    pub fn start_again(&mut self) {
        self.say("start");
    }

    /// Makes an empty database on this cluster and answers its URL.
    pub fn fresh_database(&self) -> String {
        make_database(&self.url("postgres"))
    }

    fn try_start(port: u16, settings: &[(&str, &str)]) -> Result<Self, String> {
        let mut command = as_unprivileged();
        command
            .args(["-c", include_str!("serve.sh"), "serve.sh"])
            .arg(programs())
            .arg(port.to_string());
        // A group of its own: a signal that ends the tests must not also end what cleans up after them.
        let mut script = command
            .process_group(0)
            .envs(settings.iter().copied())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start a shell for PostgreSQL: {error}"))?;
        let (Some(words), Some(answers)) = (script.stdin.take(), script.stdout.take()) else {
            return Err("the shell for PostgreSQL has no pipes".to_owned());
        };
        let mut server = Self {
            script,
            words: Some(words),
            answers: BufReader::new(answers),
            port,
        };
        match server.hear().as_str() {
            "ready" => Ok(server),
            other => Err(format!("PostgreSQL for tests: {other}")),
        }
    }

    fn say(&mut self, word: &str) {
        if let Some(words) = &mut self.words {
            let sent = words
                .write_all(format!("{word}\n").as_bytes())
                .and_then(|()| words.flush());
            assert!(sent.is_ok(), "the PostgreSQL for tests is gone");
        }
        let heard = self.hear();
        assert_eq!(
            heard,
            format!("{word} done"),
            "the PostgreSQL for tests did not {word}"
        );
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(_) => line.trim().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.words.take());
        let _ = self.script.wait();
    }
}

/// A shell, as a user PostgreSQL is willing to run as: not root.
fn as_unprivileged() -> Command {
    if !is_root() {
        return Command::new("/bin/sh");
    }
    let user = if output("id", &["-u", "postgres"]).is_some() {
        "postgres"
    } else {
        "nobody"
    };
    let mut command = Command::new("runuser");
    command.args(["-u", user, "--", "/bin/sh"]);
    command
}

fn is_root() -> bool {
    output("id", &["-u"]).is_some_and(|id| id == "0")
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    listener
        .and_then(|listener| listener.local_addr())
        .map_or(0, |address| address.port())
}

/// The folder of `initdb` and `psql`: on the path, or where packages put the newest version.
fn programs() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<_> = std::env::split_paths(&path).collect();
        for (parent, inside) in [
            ("/usr/lib/postgresql", "bin"),
            ("/opt/homebrew/opt", "bin"),
            ("/usr", "bin"),
        ] {
            let versions = std::fs::read_dir(parent).into_iter().flatten().flatten();
            let mut versions: Vec<_> = versions.map(|entry| entry.path()).collect();
            versions.sort_by_key(|version| std::cmp::Reverse(number(version)));
            folders.extend(versions.into_iter().map(|version| version.join(inside)));
        }
        let found = folders.into_iter().find(|folder| {
            ["initdb", "pg_ctl", "psql"]
                .iter()
                .all(|program| folder.join(program).is_file())
        });
        found.unwrap_or_else(|| {
            panic!("these tests need PostgreSQL: apt-get install -y postgresql");
        })
    })
}

/// The version in a folder's name, as a number, so that 15 comes after 9.
fn number(folder: &Path) -> u32 {
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let digits: String = name
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

fn make_database(server: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let name = format!(
        "test_{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut said = String::new();
    // Another process may be copying the same template.
    for _ in 0..20 {
        let output = Command::new(programs().join("psql"))
            .args(["-X", "-q", "-w", "-d", server, "-c"])
            .arg(format!("CREATE DATABASE {name}"))
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) if output.status.success() => return with_database(server, &name),
            Ok(output) => said = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => said = error.to_string(),
        }
    }
    panic!("cannot make a database for a test: {said}");
}

/// The same URL with another database in its path.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = match url.split_once('?') {
        Some((base, query)) => (base, format!("?{query}")),
        None => (url, String::new()),
    };
    let host_starts = base.find("://").map_or(0, |at| at + 3);
    let base = base[host_starts..]
        .find('/')
        .map_or(base, |at| &base[..host_starts + at]);
    format!("{base}/{name}{query}")
}
