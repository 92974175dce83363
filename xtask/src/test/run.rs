//! Runs one outside command, shows its output as it comes, and counts its tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};
use sekisho_test_postgres::Server;

use super::count::{Count, Runner};

/// Things that are started once for all steps that need them, and stopped at the end of the run.
#[derive(Default)]
pub struct Services {
    postgres: Option<Server>,
}

impl Services {
    /// The variable that tells tests where PostgreSQL is; it is started when the first step asks.
    pub fn postgres(&mut self) -> Result<(String, String)> {
        let server = match self.postgres.take() {
            Some(server) => server,
            // It panics, as tests do, with what to install; here that is one failed step among others.
            None => {
                std::panic::catch_unwind(Server::start).map_err(|_| anyhow!("PostgreSQL did not start"))?
            }
        };
        let url = self.postgres.insert(server).url("postgres");
        Ok(("SEKISHO_TEST_POSTGRES".to_owned(), url))
    }
}

/// One outside command.
pub struct Call {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Where it runs, relative to the repository's root.
    pub folder: PathBuf,
    /// Variables added to the environment.
    pub environment: Vec<(String, String)>,
    /// How its output is counted.
    pub runner: Runner,
}

impl Call {
    /// A command at the repository's root whose words are separated by spaces.
    pub fn new(runner: Runner, words: &str) -> Self {
        Self {
            words: words.split(' ').map(String::from).collect(),
            folder: PathBuf::new(),
            environment: Vec::new(),
            runner,
        }
    }

    /// The same command in a folder of the repository.
    pub fn inside(self, folder: &str) -> Self {
        Self {
            folder: folder.into(),
            ..self
        }
    }

    /// The same command with one more variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs the command to its end. An error is a command that could not be started.
    pub fn count(&self) -> Result<Count> {
        println!("$ {}", self.words.join(" "));
        let (program, arguments) = self.words.split_first().context("a command needs a program")?;
        let (reader, writer) = std::io::pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(crate::root().join(&self.folder))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        if self.runner == Runner::Python {
            // unittest reports on standard error.
            command.stderr(writer.try_clone()?);
        }
        let mut child = command
            .stdout(writer)
            .spawn()
            .with_context(|| format!("cannot start `{program}`"))?;
        // The command holds our ends of the pipe: reading would never end while it lives.
        drop(command);
        let mut printed = Count::default();
        for line in BufReader::new(reader).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            printed += self.runner.line(&line);
        }
        Ok(self.runner.settle(printed, child.wait()?.success()))
    }
}
