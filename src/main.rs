//! The command line: see [`ratecast::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ratecast::cli::main()
}
