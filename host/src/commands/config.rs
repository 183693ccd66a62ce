//! `config check` and `config show`.

use super::print;
use crate::{
    exit::{Exit, Failure},
    settings::{
        Settings,
        known::{KNOWN, Scope},
    },
};

/// Names everything that is missing or wrong, one finding a line.
pub(super) fn check(settings: &Settings) -> Result<Exit, Failure> {
    let findings = settings.findings();
    for finding in &findings {
        print(&finding.to_string())?;
    }
    for warning in settings.warnings() {
        print(&format!("warning: {warning}"))?;
    }
    if findings.is_empty() {
        print("the settings can be read; the ids in them are checked against the account by the next run")?;
        return Ok(Exit::Done);
    }
    Ok(Exit::Findings)
}

/// Prints what is set, in the form of the TOML file. Secrets are masked.
pub(super) fn show(settings: &Settings) -> Result<Exit, Failure> {
    print("# settings of the process")?;
    for known in KNOWN.iter().filter(|known| known.scope == Scope::Process) {
        show_one(known.name, known.secret, settings.process(known.name), known.doc)?;
    }
    for name in settings.connection_names() {
        print(&format!("\n[connections.{name}]"))?;
        let connection = settings.connection(name)?;
        for known in KNOWN.iter().filter(|known| known.scope == Scope::Connection) {
            show_one(known.name, known.secret, connection.get(known.name), known.doc)?;
        }
    }
    Ok(Exit::Done)
}

fn show_one(name: &str, secret: bool, value: Option<&str>, doc: &str) -> Result<(), Failure> {
    let name = name.to_ascii_lowercase();
    match value {
        None => print(&format!("# {name} is not set: {doc}")),
        Some(value) => {
            print(&format!("{name} = {:?} # {doc}", if secret { mask(&name, value) } else { value }))
        }
    }
}

/// A local file name is no secret; an address with a password is.
fn mask<'a>(name: &str, value: &'a str) -> &'a str {
    if name == "database_url" && value.starts_with("sqlite:") { value } else { "********" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_a_local_file_is_shown() {
        assert_eq!(mask("database_url", "sqlite://data/x.sqlite"), "sqlite://data/x.sqlite");
        for (name, value) in [("database_url", "postgres://u:p@h/db"), ("kaspi_api_token", "sqlite:")] {
            assert_eq!(mask(name, value), "********");
        }
    }
}
