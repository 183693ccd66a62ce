//! The command line: parse, call, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    kaspi_amocrm::cli::main()
}
