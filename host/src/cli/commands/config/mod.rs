//! `config check` and `config show`.

mod account;

use std::path::Path;

use kaspi_amocrm_contract::{Language, Scope, Setting, docs, rules, table};

use crate::{
    base::{
        failure::{Exit, Failure},
        shutdown::Stop,
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{print, report_failure},
    },
    config::{Settings, SettingsError},
    contract::types::Finding,
    service::{Host, RunError},
};

/// Names everything that is missing or wrong, one finding a line; where the settings alone are in order, also by what
/// the accounts have, which are only read.
pub(crate) async fn check(
    settings: Settings,
    plugin: Option<&Path>,
    offline: bool,
    only: Option<&str>,
) -> Result<Exit, Failure> {
    let findings = match only {
        Some(name) => settings.connection(name).err().map_or_else(Vec::new, |error| error.findings),
        None => settings.findings(),
    };
    for finding in &findings {
        print(&finding.to_string())?;
    }
    for warning in settings.warnings() {
        print(&format!("warning: {warning}"))?;
    }
    if !findings.is_empty() {
        return Ok(Exit::Findings);
    }
    if offline {
        print(
            "the settings are in order; whether their ids exist was not asked / настройки в порядке; есть ли такие id, не проверено",
        )?;
        return Ok(Exit::Done);
    }
    let names: Vec<String> = match only {
        Some(name) => vec![name.to_owned()],
        None => settings.connection_names().map(str::to_owned).collect(),
    };
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    // The check leaves nothing behind, not even a database.
    let host = Host::open_unchanged(settings, plugin).await?;
    let mut exit = Exit::Done;
    for name in names {
        exit = worse(exit, check_account(&host, &name, &stop).await?);
    }
    Ok(exit)
}

/// An account that cannot be asked leaves more open than one that has findings.
fn worse(one: Exit, other: Exit) -> Exit {
    if other == Exit::Done || one == Exit::Upstream { one } else { other }
}

async fn check_account(host: &std::sync::Arc<Host>, connection: &str, stop: &Stop) -> Result<Exit, Failure> {
    let description = match Box::pin(host.describe_account(connection, stop)).await {
        Ok(description) => description,
        // The component names the setting itself.
        Err(error @ (RunError::Config(_) | RunError::InvalidCall(_))) => {
            print(&format!("[{connection}] {error}"))?;
            return Ok(Exit::Findings);
        }
        Err(RunError::Settings(SettingsError { findings })) => {
            findings.iter().try_for_each(|finding| print(&finding.to_string()))?;
            return Ok(Exit::Findings);
        }
        Err(error @ RunError::Upstream(_)) => return Ok(report_failure(&error.into())),
        Err(error) => return Err(error.into()),
    };
    let told = |kind: &str, told: &[Finding]| -> Result<(), Failure> {
        let both =
            |one: &Finding| [Language::En, Language::Ru].map(|language| one.text(language)).join(" / ");
        told.iter().try_for_each(|one| print(&format!("{kind}{}: {}", one.setting, both(one))))
    };
    told("", &description.findings)?;
    told("hint: ", &description.hints)?;
    if !description.findings.is_empty() {
        return Ok(Exit::Findings);
    }
    let connection = host.settings().connection(connection)?;
    account::confirmation(&connection, &description).iter().try_for_each(|line| print(line))?;
    Ok(Exit::Done)
}

/// Prints what is set and where, in the form of the TOML file. Secrets are masked.
pub(crate) fn show(settings: &Settings) -> Result<Exit, Failure> {
    print("# settings of the process")?;
    show_scope(settings, "", Scope::Process)?;
    for name in settings.connection_names() {
        print(&format!("\n[connections.{name}]"))?;
        show_scope(settings, name, Scope::Connection)?;
    }
    Ok(Exit::Done)
}

fn show_scope(settings: &Settings, connection: &str, scope: Scope) -> Result<(), Failure> {
    for setting in table::ALL.iter().filter(|setting| setting.scope == scope) {
        let name = setting.name.to_ascii_lowercase();
        let doc = docs::of(setting).en;
        match settings.value(connection, setting) {
            None => print(&format!("# {name} is not set: {doc}"))?,
            Some((value, source)) => {
                let value = toml::Value::String(shown(setting, value));
                print(&format!("{name} = {value} # {source}; {doc}"))?;
            }
        }
    }
    Ok(())
}

/// A local file name is no secret; an address with a password is.
fn shown(setting: &Setting, value: String) -> String {
    let is_file = setting.name == table::DATABASE_URL.name && !rules::is_server_database(&value);
    if setting.secret && !(is_file && value.starts_with("sqlite:")) { "********".to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_a_local_file_is_shown() {
        let shown = |setting, value: &str| shown(setting, value.to_owned());
        assert_eq!(shown(&table::DATABASE_URL, "sqlite://data/x.sqlite"), "sqlite://data/x.sqlite");
        for (setting, value) in [
            (&table::DATABASE_URL, "postgres://u:p@h/db"),
            (&table::DATABASE_URL, "u:p@h"),
            (&table::KASPI_API_TOKEN, "sqlite:"),
            (&table::DB_PASS, "word"),
        ] {
            assert_eq!(shown(setting, value), "********");
        }
    }

    #[test]
    fn an_unreachable_account_outweighs_findings() {
        assert_eq!(worse(Exit::Done, Exit::Findings), Exit::Findings);
        assert_eq!(worse(Exit::Findings, Exit::Done), Exit::Findings);
        assert_eq!(worse(Exit::Findings, Exit::Upstream), Exit::Upstream);
        assert_eq!(worse(Exit::Upstream, Exit::Findings), Exit::Upstream);
    }
}
