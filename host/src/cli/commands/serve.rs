//! `serve`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use kaspi_amocrm_contract::yes_or_no;
use tokio::net::TcpListener;

use crate::{
    base::failure::{Exit, Failure, Text},
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::say,
    },
    config::{Settings, SettingsError},
    service::{
        Host,
        schedule::{self, Periods},
    },
    web::{self, TrustedProxies, password::OWNER},
};

/// A connection whose settings are wrong stops no other: its runs say what is wrong with it. Where there is none at all,
/// it will be set up in the browser.
fn check(settings: &Settings) -> Result<(), SettingsError> {
    if settings.is_untouched() {
        return settings.check_process();
    }
    let any_works = settings.connection_names().any(|name| settings.connection(name).is_ok());
    if any_works { Ok(()) } else { settings.check() }
}

/// Serves until SIGINT or SIGTERM; runs under way are finished or cut cleanly, their connections given back.
pub(crate) async fn serve(
    settings: Settings,
    plugin: Option<&Path>,
    listen: SocketAddr,
    with_schedule: bool,
) -> Result<Exit, Failure> {
    check(&settings)?;
    if !may_listen(&settings, listen) {
        return Err(open_to_others(listen));
    }
    check_proxies(&settings)?;
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
    let address = listener.local_addr().map_err(Failure::internal)?;
    web::announce(address);
    invite(&host, address).await?;
    let site = web::Site::new(host, PathBuf::new());
    let schedule =
        with_schedule.then(|| tokio::spawn(schedule::run(site.watch(), Periods::default(), stop.clone())));
    web::serve(site, listener, stop).await;
    if let Some(schedule) = schedule {
        schedule.await.map_err(Failure::internal)?;
    }
    Ok(Exit::Done)
}

/// Says where to go on in a browser, to those who have not been there yet. The start code goes to the terminal only, never
/// into the log.
async fn invite(host: &Host, address: SocketAddr) -> Result<(), Failure> {
    let store = host.store().as_ref();
    let base = host.settings().process("BASE_PATH").unwrap_or_default().trim_matches('/');
    let base = if base.is_empty() { String::new() } else { format!("/{base}") };
    if store.password(OWNER).await?.is_some() {
        if host.settings().is_untouched() {
            say(&format!("No shop is set up yet. Open http://{address}{base}/setup"))?;
            say(&format!("Магазин ещё не настроен. Откройте http://{address}{base}/setup"))?;
        }
        return Ok(());
    }
    let page = if host.settings().is_untouched() { "/setup" } else { "/" };
    say(&format!("To set everything up, open http://{address}{base}{page}"))?;
    say(&format!("Чтобы всё настроить, откройте http://{address}{base}{page}"))?;
    if host.settings().process("CRON_SECRET").is_some() {
        say("Start code: the value of CRON_SECRET")?;
        return say("Код запуска: значение CRON_SECRET");
    }
    let code = web::new_start_code(store).await.map_err(Failure::internal)?;
    say(&format!("Start code: {code}"))?;
    say(&format!("Код запуска: {code}"))
}

/// A proxy that cannot be read would be believed nothing, and nobody would notice.
fn check_proxies(settings: &Settings) -> Result<(), Failure> {
    if settings.process("TRUSTED_PROXY").is_none_or(|text| TrustedProxies::parse(text).is_some()) {
        return Ok(());
    }
    Err(Failure {
        exit: Exit::Config,
        error: Text::new("TRUSTED_PROXY: is no list of addresses", "TRUSTED_PROXY: это не список адресов"),
        hint: Text::new(
            "write addresses, networks like 10.0.0.0/8 or loopback, separated by commas",
            "укажите через запятую адреса, сети вида 10.0.0.0/8 или loopback",
        ),
    })
}

/// Tokens come in over these addresses: other machines may only reach them encrypted.
fn may_listen(settings: &Settings, listen: SocketAddr) -> bool {
    let behind_proxy = settings.process("BEHIND_TLS_PROXY").and_then(yes_or_no);
    listen.ip().is_loopback() || behind_proxy == Some(true)
}

fn open_to_others(listen: SocketAddr) -> Failure {
    Failure {
        exit: Exit::Config,
        error: Text::new(
            format!("other machines can reach {listen}, and nothing encrypts what they send"),
            format!("адрес {listen} доступен другим машинам, а передаваемое им не шифруется"),
        ),
        hint: Text::new(
            "listen on 127.0.0.1, which is the default, or put a proxy with TLS in front and set BEHIND_TLS_PROXY=yes",
            "оставьте адрес по умолчанию, 127.0.0.1, или поставьте перед программой прокси с TLS и задайте \
             BEHIND_TLS_PROXY=yes",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_let_in_through_a_proxy_with_tls_only() {
        let none = Settings::from_pairs([("", ""); 0]);
        let behind = Settings::from_pairs([("BEHIND_TLS_PROXY", "yes")]);
        for (listen, alone) in [
            ("127.0.0.1:8080", true),
            ("[::1]:0", true),
            ("0.0.0.0:8080", false),
            ("[::]:80", false),
            ("10.1.2.3:80", false),
        ] {
            let listen: SocketAddr = listen.parse().unwrap();
            assert_eq!(may_listen(&none, listen), alone, "{listen}");
            assert!(may_listen(&behind, listen), "{listen}");
        }
        assert_eq!(open_to_others("0.0.0.0:1".parse().unwrap()).exit.code(), 78);
    }

    #[test]
    fn one_connection_that_works_is_enough() {
        const GOOD: &str = "[connections.good]\nkaspi_api_token = 'a-token'\namo_subdomain = 'acme'\n\
                            amo_long_lived_token = 'another-token'\n";
        const BAD: &str = "[connections.bad]\namo_rps = 0\n";
        let from_toml = |toml: &str| Settings::from_sources([], None, Some(toml));
        assert!(check(&from_toml(&format!("{GOOD}{BAD}"))).is_ok());
        assert!(check(&from_toml(BAD)).is_err());
        assert!(check(&from_toml("")).is_ok(), "it is set up in the browser");
        assert!(check(&from_toml("base_path = '/x'")).is_ok());
        for wrong in ["lease_seconds = 0", "nonsense", "kaspi_api_token = 'a-token'"] {
            assert!(check(&from_toml(wrong)).is_err(), "{wrong}");
        }
        assert!(check(&from_toml(&format!("lease_seconds = 0\n{GOOD}"))).is_err(), "that is everybody's");
    }
}
