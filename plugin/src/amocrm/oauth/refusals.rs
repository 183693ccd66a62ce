//! What a person has to do when amoCRM refuses a token or a code.

use kaspi_amocrm_settings::{Finding, Text};

use crate::amocrm::error::Stop;

/// Why a code was refused, by what amoCRM hints at (1.8).
pub(super) fn refused_code(reason: &str) -> Stop {
    let has = |word: &str| reason.contains(word);
    let (name, en, ru) = if has("`client_id`") {
        ("AMO_CLIENT_ID", "is not known to amoCRM", "неизвестен amoCRM")
    } else if has("`client_secret`") {
        ("AMO_CLIENT_SECRET", "is not the secret of this integration", "не подходит к этой интеграции")
    } else if has("Redirect URI") {
        ("AMO_REDIRECT_URI", "differs from the one in the integration", "не совпадает с адресом в интеграции")
    } else if has("Invalid account") {
        ("AMO_SUBDOMAIN", "is not the account that gave the code", "не тот аккаунт, который выдал код")
    } else {
        ("AMO_CLIENT_ID", "the code has ended or was used before", "код истёк или уже использован")
    };
    let problem = Text::new(format!("{en} ({reason})"), format!("{ru} ({reason})"));
    let hint = Text::new("put it right and connect again", "исправьте и подключите снова");
    Stop::Config(Finding::new(name, problem, hint).to_string())
}

pub(super) fn dead_pair(reason: &str) -> Stop {
    let problem = Text::new(
        format!("amoCRM refuses to renew the token pair ({reason})"),
        format!("amoCRM отказывается продлить пару токенов ({reason})"),
    );
    config("AMO_REFRESH_TOKEN", problem)
}

pub(super) fn config(name: &str, problem: Text) -> Stop {
    Stop::Config(Finding::new(name, problem, way_out()).to_string())
}

fn way_out() -> Text {
    Text::new(
        "connect amoCRM again on the page of the settings, or set AMO_LONG_LIVED_TOKEN or a new pair AMO_ACCESS_TOKEN \
         and AMO_REFRESH_TOKEN from the keys of your integration; orders of Kaspi are recorded meanwhile",
        "подключите amoCRM заново на странице настроек или задайте AMO_LONG_LIVED_TOKEN либо новую пару \
         AMO_ACCESS_TOKEN и AMO_REFRESH_TOKEN из ключей своей интеграции; заказы Kaspi тем временем записываются",
    )
}
