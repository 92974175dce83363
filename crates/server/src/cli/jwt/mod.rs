//! `sekisho jwt`: what a token says, whether its signature holds, and tokens for testing.

mod decode;
mod sign;
mod times;
mod verify;

use std::fs;
use std::path::Path;

use sekisho_jose::Algorithm;
use zeroize::Zeroizing;

use super::terminal::{Failure, Terminal};

/// Take apart, check and make JSON Web Tokens.
#[derive(clap::Subcommand)]
pub(crate) enum JwtCommand {
    /// Show what a token says, without checking it
    Decode(decode::Decode),
    /// Check a token's signature and times
    Verify(verify::Verify),
    /// Make a token, for testing
    Sign(sign::Sign),
}

impl JwtCommand {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        match self {
            Self::Decode(command) => command.run(terminal),
            Self::Verify(command) => command.run(terminal),
            Self::Sign(command) => command.run(terminal),
        }
    }
}

/// The token from the command line, or from what is piped in. A `Bearer ` in front is what people copy.
fn token(argument: Option<String>, terminal: &mut Terminal) -> Result<String, Failure> {
    let text = match argument {
        Some(text) if text != "-" => text,
        _ => terminal.hear()?,
    };
    let text = text.trim();
    let text = text.strip_prefix("Authorization:").unwrap_or(text).trim_start();
    Ok(text.strip_prefix("Bearer ").unwrap_or(text).trim().to_owned())
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    name.parse().map_err(|_| {
        let known: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        format!("write one of {}", known.join(", "))
    })
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = fs::read(path).map_err(Failure::because(
        format_args!("{} cannot be read", path.display()).to_string(),
    ))?;
    Ok(Zeroizing::new(bytes))
}

/// A secret's file without the line end that editors add.
fn secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = read(path)?;
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
