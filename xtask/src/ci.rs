//! Everything that must hold before a change goes in.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::{build, command::say, deny, lint, structure, test, workspace::Workspace};

type Step = (&'static str, fn(&Workspace) -> Result<()>);

/// Quick checks first, and each step finds what the ones before it have built: clippy leaves the metadata that the
/// documentation needs, the tests leave the program that the demo runs.
const STEPS: [Step; 9] = [
    ("format", lint::format),
    ("structure", structure::check),
    ("component", |workspace| build::component(workspace).map(drop)),
    ("clippy", lint::clippy),
    ("docs", lint::docs),
    ("trace", |workspace| test::trace(workspace, &["50"])),
    ("test", |workspace| test::all(workspace, true, &[])),
    ("demo", |workspace| test::demo(workspace, false)),
    ("deny", deny::all),
];

/// Runs all steps, stops at the first that fails, and prints how long each took.
///
/// # Errors
/// When a step fails.
pub(crate) fn all(workspace: &Workspace) -> Result<()> {
    let started = Instant::now();
    let mut took = Vec::new();
    let mut result = Ok(());
    for (name, step) in STEPS {
        let began = Instant::now();
        result = step(workspace).with_context(|| format!("step `{name}`"));
        took.push((name, began.elapsed()));
        if result.is_err() {
            break;
        }
    }
    say("time per step");
    for (name, duration) in &took {
        eprintln!("    {name:<10}{:>8}", shown(*duration));
    }
    eprintln!("    {:<10}{:>8}", "all", shown(started.elapsed()));
    result
}

fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{}:{:02} min", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::shown;

    #[test]
    fn durations_are_readable() {
        assert_eq!(shown(Duration::from_millis(1240)), "1.2 s");
        assert_eq!(shown(Duration::from_secs(725)), "12:05 min");
    }
}
