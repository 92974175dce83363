//! Runs one outside command, shows its output as it comes, and counts its tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::count::{Count, Runner};

/// Things that are started once for all steps and stopped at the end of the run.
#[derive(Default)]
pub struct Services {}

impl Services {
    /// The environment variables that tell tests where the services are.
    pub fn environment(&mut self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
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
