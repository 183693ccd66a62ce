//! Chores: what a person types and what continuous integration runs are the same commands.
//!
//! Start reading at [`run`]. Everything that a chore needs from the machine comes through
//! [`workspace::Workspace`]; nothing has to be installed by hand.

mod build;
mod ci;
mod command;
mod deny;
mod lint;
mod settings;
mod test;
mod workspace;

use std::{env, io::Write as _, process::ExitCode};

use anyhow::{Result, bail};
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  build [--release]    component, then the program with the component embedded
  build --component    only the component, as the program and the tests take it
  test [ARGS]          component and its hostile double, then all tests; ARGS go to `cargo test`
  bench                what the limits around the component cost: time, CPU, memory
  demo [--keep]        the program on simulators of both APIs; --keep leaves it running
  lint                 formatting and clippy, natively and for WebAssembly, warnings denied
  deny                 licences, banned crates, sources, and advisories where they can be fetched
  settings             writes docs/configuration.md's tables and .env.example from the code
  docs                 rustdoc, warnings denied
  ci                   lint, test, demo, deny and docs, with the time of each
  help                 this text

CARGO_TARGET_DIR is honoured. The WebAssembly target and cargo-deny are installed when they are missing.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] | ["help" | "--help" | "-h"] => Ok(std::io::stdout().write_all(HELP.as_bytes())?),
        ["build"] => build::program(&Workspace::find()?, build::Profile::Dev).map(drop),
        ["build", "--release"] => build::program(&Workspace::find()?, build::Profile::Release).map(drop),
        // The component has one profile: what tests see is what is shipped.
        ["build", "--component"]
        | ["build", "--component", "--release"]
        | ["build", "--release", "--component"] => build::component(&Workspace::find()?).map(drop),
        ["test", rest @ ..] => test::all(&Workspace::find()?, rest),
        ["bench"] => test::bench(&Workspace::find()?),
        ["demo"] => test::demo(&Workspace::find()?, false),
        ["demo", "--keep"] => test::demo(&Workspace::find()?, true),
        ["lint"] => lint::all(&Workspace::find()?),
        ["deny"] => deny::all(&Workspace::find()?),
        ["settings"] => settings::write(&Workspace::find()?),
        ["docs"] => lint::docs(&Workspace::find()?),
        ["ci"] => ci::all(&Workspace::find()?),
        other => bail!("unknown arguments `{}`\n\n{HELP}", other.join(" ")),
    }
}
