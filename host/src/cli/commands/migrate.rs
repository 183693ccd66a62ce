//! `migrate`.

use crate::{
    base::failure::{Exit, Failure},
    cli::support::output::print,
    config::Settings,
    store,
};

/// Brings the database up to date and names what was applied.
pub(crate) async fn migrate(settings: &Settings) -> Result<Exit, Failure> {
    settings.check_process()?;
    let store = store::open(&settings.database_url()).await?;
    let applied = store.migrate().await?;
    for name in &applied {
        print(&format!("applied {name}"))?;
    }
    if applied.is_empty() {
        print("the database is up to date")?;
    }
    Ok(Exit::Done)
}
