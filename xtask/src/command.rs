//! Runs other programs and says which one failed.

use std::{
    io::{ErrorKind, Read as _},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// How often a limited command is looked at.
const POLL: Duration = Duration::from_millis(100);

/// Announces a step.
pub(crate) fn say(what: &str) {
    eprintln!("==> {what}");
}

/// Runs a command on this terminal.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Standard output of a command that succeeds.
///
/// # Errors
/// When it cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(command), output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Whether a command exists and succeeds; its output is not shown.
///
/// # Errors
/// When it exists and cannot be started.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool> {
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) => Ok(status.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot start `{}`", shown(command))),
    }
}

/// How a limited command ended.
pub(crate) enum Ending {
    /// It succeeded.
    Success,
    /// It failed or was stopped; why, in one line.
    Failure(String),
}

/// Runs a command silently and stops it when it takes too long.
///
/// # Errors
/// When it cannot be started or observed.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Result<Ending> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let mut stderr = child.stderr.take().context("standard error was asked for")?;
    // Read beside the wait: a full pipe would stop the command.
    let messages = thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(Ending::Failure(format!("no end within {} s", limit.as_secs())));
        }
        thread::sleep(POLL);
    };
    if status.success() {
        return Ok(Ending::Success);
    }
    let messages = messages.join().unwrap_or_else(|_| Ok(String::new())).unwrap_or_default();
    let why = messages.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Ok(Ending::Failure(why.map_or_else(|| status.to_string(), str::to_owned)))
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program)
        .chain(command.get_args())
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
