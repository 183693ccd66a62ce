//! `doctor`: everything that can be wrong, with cause and remedy.

use std::path::Path;

use clap::ValueEnum;
use kaspi_amocrm_contract::Language;

use crate::{
    base::failure::{Exit, Failure},
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::print,
    },
    config::Settings,
    diagnostics::{
        doctor,
        finding::{Diagnosis, Finding},
    },
    i18n::words::Words,
};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// Only this connection; all of them where none is named
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// Speak one language only
    #[arg(long, value_name = "LANGUAGE")]
    lang: Option<Spoken>,
}

/// A language, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spoken {
    /// Russian
    Ru,
    /// Kazakh
    Kk,
    /// English
    En,
}

impl From<Spoken> for Language {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::Ru => Self::Ru,
            Spoken::Kk => Self::Kk,
            Spoken::En => Self::En,
        }
    }
}

/// Looks and tells; changes nothing.
pub(crate) async fn doctor(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    if let Some(name) = &wanted.connection
        && !settings.connection_names().any(|known| known == name)
    {
        // It names those that there are.
        settings.connection(name)?;
    }
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let diagnosis = Box::pin(doctor::everything(settings, plugin, wanted.connection.as_deref(), &stop)).await;
    if wanted.json {
        print(&serde_json::to_string(&diagnosis).map_err(Failure::internal)?)?;
    } else {
        let languages = wanted.lang.map_or(vec![Language::En, Language::Ru], |spoken| vec![spoken.into()]);
        lines(&diagnosis, &languages).iter().try_for_each(|line| print(line))?;
    }
    Ok(diagnosis.exit())
}

/// By connection, the machine first; what is well takes one line.
fn lines(diagnosis: &Diagnosis, languages: &[Language]) -> Vec<String> {
    const ALL_GOOD: Words = Words::new("all is well", "всё в порядке", "бәрі дұрыс");
    let joined =
        |words: &Words| languages.iter().map(|language| words.get(*language)).collect::<Vec<_>>().join(" / ");
    let mut connections: Vec<Option<&str>> = vec![None];
    for name in diagnosis
        .checked
        .iter()
        .map(|checked| &checked.connection)
        .chain(diagnosis.findings.iter().map(|finding| &finding.connection))
    {
        if !connections.contains(&name.as_deref()) {
            connections.push(name.as_deref());
        }
    }
    let mut lines = Vec::new();
    for connection in connections {
        if let Some(name) = connection {
            lines.push(format!("[{name}]"));
        }
        let good = diagnosis.good().filter(|checked| checked.connection.as_deref() == connection);
        lines.extend(good.map(|checked| format!("  ✓ {}", joined(&checked.check.good()))));
        let findings =
            diagnosis.findings.iter().filter(|finding| finding.connection.as_deref() == connection);
        lines.extend(findings.flat_map(|finding| told(finding, languages)));
    }
    if diagnosis.findings.is_empty() {
        lines.push(joined(&ALL_GOOD));
    }
    lines
}

/// A finding: what it is about, then cause and remedy in each language.
fn told(finding: &Finding, languages: &[Language]) -> Vec<String> {
    let severity: Vec<&str> =
        languages.iter().map(|language| finding.severity().words().get(*language)).collect();
    let name = finding.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let mut lines = vec![format!("  ✗ {}{name} ({})", severity.join(" / "), finding.class())];
    for language in languages {
        lines.push(format!("      {}", finding.cause(*language)));
        lines.push(format!("      → {}", finding.remedy(*language)));
    }
    lines
}
