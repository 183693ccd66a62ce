//! Chores: what a person types and what continuous integration runs are the same commands.
//!
//! Start reading at [`run`]. Everything that a chore needs from the machine comes through
//! [`workspace::Workspace`]; nothing has to be installed by hand.

mod browser;
mod build;
mod ci;
mod command;
mod deny;
mod lint;
mod node;
mod npm;
mod packages;
mod servers;
mod settings;
mod spin;
mod structure;
mod test;
mod workspace;

use std::{env, io::Write as _, process::ExitCode};

use anyhow::{Result, bail};
use test::Bench;
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  build [--release]    component, then the program with the component embedded
  build --component    only the component, as the program and the tests take it
  test [--all] [ARGS]  component and its hostile double, then all tests; ARGS go to `cargo test`
  trace [N]            plays the first N of 300 seeds (all) and holds what the sync does against testkit/trace.txt;
                       --seed N prints one whole, --accept writes the file anew
  servers [--all]      the database servers that these tests would find or start, with their versions
  bench [limits]       what the limits around the component cost: time, CPU, memory
  bench component      bytes of the component, its first compilation, one instance of it, memory
  bench connections    the lag of 200 connections, without and beside five that get no answer (9 minutes)
  bench homes          time and memory for 1000 orders in the program, on Spin (emulated) and in Node.js
  bench console        how long each page of the console takes with 100,000 orders
  demo [--keep]        the program on simulators of both APIs; --keep leaves it running
  spin-check           the application of spin.toml on the `spin` that is on PATH, against the simulators (3 minutes)
  lint                 formatting, structure, and clippy natively and for WebAssembly, warnings denied
  structure            only that: no circle of imports, the layers of xtask/layers.toml, no file over 500 lines
  deny                 licences, banned crates, sources, and advisories where they can be fetched
  settings             writes docs/configuration.md's tables, spin.toml's variables, .env.example and the messages for Node.js
                       from the code
  docs                 rustdoc, warnings denied
  ci                   lint, trace 50, test --all, demo, deny and docs, with the time of each
  help                 this text

CARGO_TARGET_DIR is honoured. The WebAssembly target and cargo-deny are installed when they are missing.

The store is tested on SQLite always, on PostgreSQL and MariaDB where they can be had. In this order:
  1. KASPI_AMOCRM_TEST_POSTGRES, KASPI_AMOCRM_TEST_MARIADB: the URL of a server on which databases may be made;
     `absent` for none, `start` for the third way even where a server answers
  2. a server of this machine without a password: postgres@127.0.0.1:5432, root@127.0.0.1:3306
  3. the programs that are installed, started for this run in a temporary folder and on a free port
  4. with --all: the packages of Debian or Ubuntu, installed with apt-get, then as before
The console is tested in the Chromium and with the Node.js that are installed, or KASPI_AMOCRM_TEST_CHROMIUM names (a path,
or `absent`); --all installs both. Screenshots stay in the target folder, under browser/screenshots.
The component is run in Node.js 20 or newer too, where that is installed and KASPI_AMOCRM_TEST_NODE does not say `absent`.
With --all it is an error when one of these cannot be had; otherwise the last line says what was left out.
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
        ["test", rest @ ..] => {
            let (all, rest) = servers::split_all(rest);
            test::all(&Workspace::find()?, all, rest)
        }
        ["trace", rest @ ..] => test::trace(&Workspace::find()?, rest),
        ["servers"] => test::servers(false),
        ["servers", "--all"] => test::servers(true),
        ["bench"] | ["bench", "limits"] => test::bench(&Workspace::find()?, Bench::Limits),
        ["bench", "component"] => test::bench(&Workspace::find()?, Bench::Component),
        ["bench", "connections"] => test::bench(&Workspace::find()?, Bench::Connections),
        ["bench", "homes"] => test::bench_homes(&Workspace::find()?),
        ["bench", "console"] => test::bench(&Workspace::find()?, Bench::Console),
        ["demo"] => test::demo(&Workspace::find()?, false),
        ["demo", "--keep"] => test::demo(&Workspace::find()?, true),
        ["spin-check"] => spin::check(&Workspace::find()?),
        ["lint"] => lint::all(&Workspace::find()?),
        ["structure"] => structure::check(&Workspace::find()?),
        ["deny"] => deny::all(&Workspace::find()?),
        ["settings"] => settings::write(&Workspace::find()?),
        ["docs"] => lint::docs(&Workspace::find()?),
        ["ci"] => ci::all(&Workspace::find()?),
        other => bail!("unknown arguments `{}`\n\n{HELP}", other.join(" ")),
    }
}
