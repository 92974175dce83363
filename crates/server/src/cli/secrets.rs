//! Passwords on their way in: asked for, piped in, or made; never on the command line, where others can see them.

use std::io::{Write as _, stderr};
use std::process::{Command, Stdio};

use sekisho_rules::secret::Secret;
use zeroize::Zeroizing;

use super::terminal::{Failure, Input, Terminal};
use crate::http::moment::Moment;

/// A password, and whether the operator has to be told.
pub(super) struct Password {
    pub(super) text: Zeroizing<String>,
    origin: Origin,
}

#[derive(PartialEq, Eq)]
enum Origin {
    Given,
    Made,
}

impl Password {
    /// The password to print, when it was made here.
    pub(super) fn made(&self) -> Option<&str> {
        (self.origin == Origin::Made).then_some(self.text.as_str())
    }
}

/// Makes a password, or asks for one, or reads the line that is piped in.
pub(super) fn password(make: bool, terminal: &mut Terminal) -> Result<Password, Failure> {
    if make {
        let secret: Secret = Moment { now: terminal.now }.secret();
        // 24 characters of base64url are 144 bits: more than any attack on a hash reaches, and still to be typed.
        let text = Zeroizing::new(secret.encode().chars().take(24).collect());
        return Ok(Password {
            text,
            origin: Origin::Made,
        });
    }
    let text = match terminal.input_is {
        Input::Pipe => terminal.hear()?,
        Input::Person => ask(terminal)?,
    };
    match text.is_empty() {
        true => Err(Failure::Refused("no password was given".to_owned())),
        false => Ok(Password {
            text: Zeroizing::new(text),
            origin: Origin::Given,
        }),
    }
}

fn ask(terminal: &mut Terminal) -> Result<String, Failure> {
    write!(stderr(), "Password (not shown): ")?;
    let hidden = echo("-echo");
    let line = terminal.hear_line();
    if hidden {
        echo("echo");
        writeln!(stderr())?;
    }
    line
}

/// Turns the terminal's echo off or on. Where that is not possible the password is seen, and only then.
fn echo(word: &str) -> bool {
    Command::new("stty")
        .arg(word)
        .stdin(Stdio::inherit())
        .status()
        .is_ok_and(|status| status.success())
}
