//! `reseal`: the whole database is sealed with the key of today.

use std::path::Path;

use crate::{
    base::failure::{Exit, Failure},
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{held, print, say},
    },
    config::{DEFAULT_CONNECTION, Settings},
    contract::types::KeyRotation,
    service::Host,
};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Connection of kaspi-amocrm.toml that is held meanwhile; the database is one for all, so any will do
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
}

/// Seals with `SECRET_KEY` what other keys have sealed, and says what is left.
pub(crate) async fn reseal(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    let first = || settings.connection_names().next().unwrap_or(DEFAULT_CONNECTION).to_owned();
    let connection = wanted.connection.unwrap_or_else(first);
    settings.connection(&connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    let host = Host::open(settings, plugin).await?;
    let resealed =
        Box::pin(host.reseal(&connection, crate::cli::support::begin::WAIT, &stop)).await.map_err(held)?;
    lines(&resealed).iter().try_for_each(|line| print(line))?;
    if resealed.left == 0 {
        return Ok(Exit::Done);
    }
    say("hint: run it again when every host has this SECRET_KEY, and all others in SECRET_KEY_ALSO")?;
    say("      повторите, когда у каждого хоста будет этот SECRET_KEY, а остальные ключи в SECRET_KEY_ALSO")?;
    Ok(Exit::Findings)
}

/// What was done, and what is left to do.
fn lines(resealed: &KeyRotation) -> Vec<String> {
    let KeyRotation { key, resealed: count, keys, .. } = resealed;
    let done = format!("sealed anew with the key {key} / зашифровано заново ключом {key}: {count}");
    let others: Vec<String> =
        keys.iter().filter(|(id, _)| id != key).map(|(id, count)| format!("{id} ({count})")).collect();
    let left = if others.is_empty() {
        "nothing is left under another key / под другими ключами ничего не осталось".to_owned()
    } else {
        format!("left under other keys / осталось под другими ключами: {}", others.join(", "))
    };
    vec![done, left]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_by_key() {
        let told = |key: &str, resealed, left, keys: &[(&str, u64)]| {
            let keys = keys.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
            lines(&KeyRotation { key: key.to_owned(), resealed, left, keys, next: None })
        };
        assert_eq!(
            told("0a0b0c0d", 7, 0, &[("0a0b0c0d", 9)]),
            [
                "sealed anew with the key 0a0b0c0d / зашифровано заново ключом 0a0b0c0d: 7",
                "nothing is left under another key / под другими ключами ничего не осталось",
            ]
        );
        let left = told("b", 0, 3, &[("a", 1), ("b", 9), ("c", 2)]);
        assert_eq!(left[1], "left under other keys / осталось под другими ключами: a (1), c (2)");
    }
}
