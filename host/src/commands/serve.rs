//! `serve`.

use std::{net::SocketAddr, path::Path};

use tokio::net::TcpListener;

use super::{load_plugin, stop_on_signals};
use crate::{
    exit::{Exit, Failure, Text},
    run::Host,
    schedule::{self, Periods},
    settings::{Settings, SettingsError},
    web,
};

/// A connection whose settings are wrong stops no other: its runs say what is wrong with it.
fn check(settings: &Settings) -> Result<(), SettingsError> {
    let any_works = settings.connection_names().any(|name| settings.connection(name).is_ok());
    if any_works { Ok(()) } else { settings.check() }
}

/// Serves until SIGINT or SIGTERM; runs under way are finished or cut cleanly, their connections given back.
pub(super) async fn serve(
    settings: Settings,
    plugin: Option<&Path>,
    listen: SocketAddr,
    with_schedule: bool,
) -> Result<Exit, Failure> {
    check(&settings)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let listener = TcpListener::bind(listen).await.map_err(|error| Failure {
        exit: Exit::Config,
        error: Text::new(
            format!("cannot listen on {listen}: {error}"),
            format!("не удалось занять адрес {listen}: {error}"),
        ),
        hint: Text::new("choose another address with --listen", "выберите другой адрес: --listen"),
    })?;
    let host = Host::open(settings, plugin).await?;
    web::announce(listener.local_addr().map_err(Failure::internal)?);
    let schedule =
        with_schedule.then(|| tokio::spawn(schedule::run(host.clone(), Periods::default(), stop.clone())));
    web::serve(host, listener, stop).await.map_err(Failure::internal)?;
    if let Some(schedule) = schedule {
        schedule.await.map_err(Failure::internal)?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_that_works_is_enough() {
        const GOOD: &str = "[connections.good]\nkaspi_api_token = 'a-token'\namo_subdomain = 'acme'\n\
                            amo_long_lived_token = 'another-token'\n";
        const BAD: &str = "[connections.bad]\namo_rps = 0\n";
        let from_toml = |toml: &str| Settings::from_sources([], None, Some(toml));
        assert!(check(&from_toml(&format!("{GOOD}{BAD}"))).is_ok());
        assert!(check(&from_toml(BAD)).is_err());
        assert!(check(&from_toml(&format!("lease_seconds = 0\n{GOOD}"))).is_err(), "that is everybody's");
    }
}
