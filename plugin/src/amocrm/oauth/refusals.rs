//! What a person has to do when amoCRM refuses a token or a code.

use kaspi_amocrm_contract::{Finding, Message, MessageId};

use crate::amocrm::error::Stop;

/// Why a pair was given up that amoCRM did not refuse.
pub(super) const SWITCHED_OFF: &str = "the integration was switched off in amoCRM";

/// Why a code was refused, by what amoCRM hints at (1.8).
pub(super) fn refused_code(reason: &str) -> Stop {
    let has = |word: &str| reason.contains(word);
    let (name, problem) = if has("`client_id`") {
        ("AMO_CLIENT_ID", MessageId::ClientUnknown)
    } else if has("`client_secret`") {
        ("AMO_CLIENT_SECRET", MessageId::ClientSecretWrong)
    } else if has("Redirect URI") {
        ("AMO_REDIRECT_URI", MessageId::RedirectAddressDiffers)
    } else if has("Invalid account") {
        ("AMO_SUBDOMAIN", MessageId::CodeOfOtherAccount)
    } else {
        ("AMO_CLIENT_ID", MessageId::CodeRefused)
    };
    let problem = Message::new(problem, [("reason", &reason)]);
    Stop::Config(Finding::new(name, problem, MessageId::ConnectOnceRight))
}

pub(super) fn dead_pair(reason: &str) -> Stop {
    let refused = Message::plain(MessageId::AmoPairRefused);
    let problem = match reason {
        SWITCHED_OFF => refused.nest("reason", MessageId::IntegrationSwitchedOff.into()),
        reason => refused.with("reason", reason),
    };
    token("AMO_REFRESH_TOKEN", problem)
}

pub(super) fn token(name: &str, problem: impl Into<Message>) -> Stop {
    Stop::Token(Finding::new(name, problem, MessageId::ConnectAmoAgain))
}
