//! `serve`.

use std::{net::SocketAddr, path::Path};

use tokio::net::TcpListener;

use super::{load_plugin, stop_on_signals};
use crate::{
    exit::{Exit, Failure, Text},
    run::Host,
    schedule::{self, Periods},
    settings::Settings,
    web,
};

/// Serves until SIGINT or SIGTERM; runs under way are finished or cut cleanly, their connections given back.
pub(super) async fn serve(
    settings: Settings,
    plugin: Option<&Path>,
    listen: SocketAddr,
    with_schedule: bool,
) -> Result<Exit, Failure> {
    settings.check()?;
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
