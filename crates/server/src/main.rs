//! The program `sekisho`. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sekisho::cli::main()
}
