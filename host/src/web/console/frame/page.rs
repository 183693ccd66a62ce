//! The frame of every page.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use kaspi_amocrm_contract::Language;
use maud::{DOCTYPE, Markup, html};

use super::{
    assets,
    visitor::{THEMES, Visitor},
};
use crate::i18n::words::Words;

/// Pages load our own style sheet, script and pictures and send forms to us; nothing else runs in them.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const SKIP: Words = Words::new("To the content", "К содержанию", "Мазмұнына өту");
const PLACES: Words = Words::new("Pages", "Разделы", "Бөлімдер");
const CONNECTION: Words = Words::new("Shop", "Магазин", "Дүкен");
const SHOW: Words = Words::new("Show", "Показать", "Көрсету");
const LANGUAGE: Words = Words::new("Language", "Язык", "Тіл");
const THEME: Words = Words::new("Colours", "Оформление", "Түстер");
const CHANGE: Words = Words::new("Change", "Применить", "Қолдану");
/// The page of the owner, which only the foot of a page leads to.
pub(crate) const ACCOUNT: Words =
    Words::new("Password and access", "Пароль и доступ", "Құпиясөз және қолжетімділік");
const SIGN_OUT: Words = Words::new("Sign out", "Выйти", "Шығу");
const VERSION: Words = Words::new("Version", "Версия", "Нұсқа");

/// The places of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// How everything is.
    Overview,
    /// Orders and their stories.
    Orders,
    /// What needs a person.
    Problems,
    /// Kaspi against amoCRM.
    Statement,
    /// What ran, and what was logged.
    Runs,
    /// Settings and mapping.
    Settings,
}

impl Place {
    const ALL: [Self; 6] =
        [Self::Overview, Self::Orders, Self::Problems, Self::Statement, Self::Runs, Self::Settings];

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Orders => "/orders",
            Self::Problems => "/problems",
            Self::Statement => "/statement",
            Self::Runs => "/runs",
            Self::Settings => "/settings",
        }
    }

    fn title(self) -> Words {
        match self {
            Self::Overview => Words::new("Overview", "Обзор", "Шолу"),
            Self::Orders => Words::new("Orders", "Заказы", "Тапсырыстар"),
            Self::Problems => Words::new("Problems", "Проблемы", "Мәселелер"),
            Self::Statement => Words::new("Statement", "Сверка", "Салыстыру"),
            Self::Runs => Words::new("Runs and log", "Запуски и журнал", "Іске қосулар мен журнал"),
            Self::Settings => Words::new("Settings", "Настройки", "Баптаулар"),
        }
    }
}

/// A page of the console.
pub(crate) fn page(visitor: &Visitor, here: Place, body: Markup) -> Response {
    frame(visitor, StatusCode::OK, visitor.say(&here.title()), Some(here), body)
}

/// A page outside the places: sign-in, first start, setup.
pub(crate) fn plain_page(visitor: &Visitor, status: StatusCode, title: &Words, body: Markup) -> Response {
    frame(visitor, status, visitor.say(title), None, body)
}

fn navigation(visitor: &Visitor, here: Option<Place>) -> Markup {
    html! {
        nav aria-label=(visitor.say(&PLACES)) {
            @for place in Place::ALL {
                a href=(visitor.link(place.path())) aria-current=[(Some(place) == here).then_some("page")] {
                    (visitor.say(&place.title()))
                }
            }
        }
    }
}

/// Chooses the connection; only where there are several.
fn switcher(visitor: &Visitor) -> Markup {
    let path = visitor.here.split('?').next().unwrap_or_default();
    html! {
        @if visitor.connections.len() > 1 {
            form method="get" action=(format!("{}{path}", visitor.base)) {
                label for="connection" { (visitor.say(&CONNECTION)) }
                select #connection name="connection" {
                    @for name in &visitor.connections {
                        option value=(name) selected[*name == visitor.connection] { (name) }
                    }
                }
                button.quiet type="submit" { (visitor.say(&SHOW)) }
            }
        }
    }
}

fn preferences(visitor: &Visitor) -> Markup {
    html! {
        form method="post" action=(format!("{}/preferences", visitor.base)) {
            input type="hidden" name="next" value=(visitor.here);
            label for="language" { (visitor.say(&LANGUAGE)) }
            select #language name="language" {
                @for language in Language::ALL {
                    option value=(language.code()) lang=(language.code()) selected[language == visitor.language] {
                        (language_name(language))
                    }
                }
            }
            label for="theme" { (visitor.say(&THEME)) }
            select #theme name="theme" {
                @for theme in THEMES {
                    option value=(theme) selected[theme == visitor.theme] { (visitor.say(&theme_name(theme))) }
                }
            }
            button.quiet type="submit" { (visitor.say(&CHANGE)) }
        }
    }
}

/// Each in itself: who cannot read the page finds their own.
fn language_name(language: Language) -> &'static str {
    match language {
        Language::Ru => "Русский",
        Language::Kk => "Қазақша",
        Language::En => "English",
    }
}

fn theme_name(theme: &str) -> Words {
    match theme {
        "light" => Words::new("light", "светлое", "ашық"),
        "dark" => Words::new("dark", "тёмное", "қараңғы"),
        _ => Words::new("as the device", "как на устройстве", "құрылғыдағыдай"),
    }
}

fn frame(visitor: &Visitor, status: StatusCode, title: &str, here: Option<Place>, body: Markup) -> Response {
    let text = html! {
        (DOCTYPE)
        html lang=(visitor.language.code()) data-theme=(visitor.theme) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Kaspi → amoCRM" }
                link rel="stylesheet" href=(assets::style(visitor));
                link rel="icon" type="image/svg+xml" href=(assets::icon(visitor));
                script src=(assets::script(visitor)) defer {}
            }
            body {
                a.visually-hidden href="#content" { (visitor.say(&SKIP)) }
                header {
                    a href=(visitor.link("/")) { "Kaspi → amoCRM" }
                    @if visitor.is_signed_in() {
                        (switcher(visitor))
                        (navigation(visitor, here))
                    }
                }
                main #content tabindex="-1" {
                    h1 { (title) }
                    (body)
                }
                div.visually-hidden #live role="status" aria-live="polite" {}
                footer {
                    (preferences(visitor))
                    @if visitor.is_signed_in() {
                        a href=(visitor.link("/account")) { (visitor.say(&ACCOUNT)) }
                        form method="post" action=(format!("{}/sign-out", visitor.base)) {
                            input type="hidden" name="form_token" value=(visitor.form_token);
                            button.quiet type="submit" { (visitor.say(&SIGN_OUT)) }
                        }
                    }
                    p { (visitor.say(&VERSION)) " " (env!("CARGO_PKG_VERSION")) }
                }
            }
        }
    };
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        // Where browsers tell nobody the page before, they tell us not even that a form comes from us.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, text.into_string()).into_response()
}
