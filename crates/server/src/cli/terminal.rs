//! Where a command speaks and listens: standard output and input, colour, the clock, the environment, and the one
//! sentence it fails with. Tests give it others.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal as _, Read, Write};

use sekisho_rules::time::Timestamp;

use crate::admin::Refused;
use crate::config::{ConfigError, Environment};

/// Whether the output is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// ANSI colours.
    Ansi,
    /// None: `NO_COLOR` is set, or the output is not a terminal.
    Plain,
}

/// Who is at the other end of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A person at a keyboard, who can be asked.
    Person,
    /// A file or another program.
    Pipe,
}

/// Where a command speaks and listens.
pub struct Terminal {
    /// Results.
    pub out: Box<dyn Write>,
    /// What is piped in.
    pub input: Box<dyn Read>,
    /// Who is at the other end of `input`.
    pub input_is: Input,
    /// Whether `out` is coloured.
    pub colour: Colour,
    /// The time the command was started.
    pub now: Timestamp,
    /// The environment the command was started in.
    pub environment: Environment,
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// It was refused or it failed; one sentence.
    Refused(String),
    /// The arguments contradict each other; one sentence.
    NotUnderstood(String),
    /// Whoever read the output went away, which needs no words.
    Pipe,
}

impl Failure {
    /// For `map_err`: what was not possible, and the error's own words.
    pub fn because<E: Display>(what: impl Display) -> impl FnOnce(E) -> Self {
        move |error| Self::Refused(format!("{what}: {error}"))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(sentence) | Self::NotUnderstood(sentence) => f.write_str(sentence),
            Self::Pipe => f.write_str("the output was closed"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Pipe,
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused.to_string())
    }
}

/// With its causes, in one sentence.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(format!("{error:#}"))
    }
}

impl Terminal {
    /// The process's own.
    pub fn real() -> Self {
        let environment: Environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let plain = environment.get("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = match !plain && io::stdout().is_terminal() {
            true => Colour::Ansi,
            false => Colour::Plain,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the edge: one clock reading per command"
        )]
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        Self {
            out: Box::new(io::stdout()),
            input: Box::new(io::stdin()),
            input_is: if io::stdin().is_terminal() {
                Input::Person
            } else {
                Input::Pipe
            },
            colour,
            now,
            environment,
        }
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the output is closed.
    pub fn say(&mut self, line: impl Display) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Writes a value as one line of JSON.
    ///
    /// # Errors
    /// When the output is closed.
    pub fn say_json(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        self.say(value)
    }

    /// Reads everything that is piped in, at most a mebibyte, without the line end.
    ///
    /// # Errors
    /// When it is longer or not UTF-8.
    pub fn hear(&mut self) -> Result<String, Failure> {
        const MOST: u64 = 1 << 20;
        let mut text = String::new();
        self.input.by_ref().take(MOST + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MOST {
            return Err(Failure::Refused("the input is longer than a mebibyte".to_owned()));
        }
        Ok(text.trim_end_matches(['\n', '\r']).to_owned())
    }

    /// Reads one line, without its end.
    ///
    /// # Errors
    /// When it is longer than a kibibyte or not UTF-8.
    pub fn hear_line(&mut self) -> Result<String, Failure> {
        // A terminal hands over one line at a time.
        let (mut line, mut piece) = (Vec::new(), [0; 256]);
        while !line.contains(&b'\n') && line.len() <= 1024 {
            match self.input.read(&mut piece)? {
                0 => break,
                length => line.extend_from_slice(&piece[..length]),
            }
        }
        if line.len() > 1024 {
            return Err(Failure::Refused("the line is longer than a kibibyte".to_owned()));
        }
        line.truncate(line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len()));
        let text = String::from_utf8(line).map_err(Failure::because("the line is not UTF-8"))?;
        Ok(text.trim_end_matches('\r').to_owned())
    }

    /// Text in an ANSI colour, if colours are wanted. `code` is a Select Graphic Rendition parameter (ECMA-48).
    pub fn paint(&self, code: &str, text: impl Display) -> String {
        match self.colour {
            Colour::Ansi => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colour::Plain => text.to_string(),
        }
    }

    /// Says on standard error why the command failed.
    pub fn complain(&self, failure: &Failure) {
        if !matches!(failure, Failure::Pipe) {
            let _ = writeln!(io::stderr(), "sekisho: {failure}");
        }
    }
}
