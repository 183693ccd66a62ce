//! What several pages have in common.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{
    page::{Place, page},
    visitor::Visitor,
};
use crate::{i18n::words::Words, service::RunError, store::StoreError};

/// A part that keeps itself up to date where scripts run.
pub(crate) fn live(content: Markup) -> Markup {
    html! { div data-live { (content) } }
}

/// Every form begins with this: without it a form is turned away.
pub(crate) fn form_token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="form_token" value=(visitor.form_token); }
}

/// The number of an order as it can stand in Kaspi.
pub(crate) fn order_code(text: &str) -> Option<&str> {
    let code = text.trim();
    let is_code =
        !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_code.then_some(code)
}

const NO_DATABASE: Words = Words::new(
    "The database does not answer. Wait a minute and load the page again.",
    "База данных не отвечает. Подождите минуту и обновите страницу.",
    "Дерекқор жауап бермейді. Бір минут күтіп, бетті жаңартыңыз.",
);

/// Instead of a page whose store failed; the log has the cause.
pub(crate) fn store_failed(visitor: &Visitor, place: Place, error: &StoreError) -> Response {
    tracing::error!("a page cannot be shown: {error}");
    let body = html! { p class="error" role="alert" { (visitor.say(&NO_DATABASE)) } };
    (StatusCode::SERVICE_UNAVAILABLE, page(visitor, place, body)).into_response()
}

const BUSY: Words = Words::new(
    "Another run is under way. Try again in a minute.",
    "Сейчас идёт другой запуск. Повторите через минуту.",
    "Қазір басқа іске қосу жүріп жатыр. Бір минуттан кейін қайталаңыз.",
);
const WRONG_SETTINGS: Words = Words::new(
    "A setting is missing or wrong. Open the settings and put it right.",
    "Не хватает настройки, или она неверна. Откройте настройки и исправьте её.",
    "Баптау жетіспейді немесе қате. Баптауларды ашып, түзетіңіз.",
);
const NO_ANSWER: Words = Words::new(
    "Kaspi or amoCRM does not answer. Try again later.",
    "Kaspi или amoCRM не отвечает. Повторите позже.",
    "Kaspi немесе amoCRM жауап бермейді. Кейінірек қайталаңыз.",
);
const ENDING: Words = Words::new(
    "The program is restarting. Try again in a minute.",
    "Программа перезапускается. Повторите через минуту.",
    "Бағдарлама қайта іске қосылуда. Бір минуттан кейін қайталаңыз.",
);
const FAULT: Words = Words::new(
    "That did not work. The log says why.",
    "Не получилось. Причина записана в журнале.",
    "Орындалмады. Себебі журналда жазылған.",
);

/// What a failed run means to a merchant; the log has the rest.
pub(crate) fn run_failed(error: &RunError) -> Words {
    match error {
        RunError::Busy => BUSY,
        RunError::Config(_) | RunError::InvalidCall(_) | RunError::Settings(_) => WRONG_SETTINGS,
        RunError::Upstream(_) | RunError::Late(_) => NO_ANSWER,
        RunError::Interrupted => ENDING,
        RunError::Store(_) => NO_DATABASE,
        RunError::Internal(_) | RunError::Fault(_) => FAULT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbers_of_orders() {
        assert_eq!(order_code(" 0100-A "), Some("0100-A"));
        for text in ["", " ", "1 2", "<b>", "№1", &"1".repeat(65)] {
            assert_eq!(order_code(text), None, "{text}");
        }
    }
}
