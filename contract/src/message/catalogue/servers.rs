//! What servers answer in place of what was asked for, and why there is no answer.

macro_rules! servers {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            KaspiTrouble "kaspi-trouble" {
                en: "Kaspi: {detail}",
                ru: "Kaspi: {detail}",
            }
            KaspiTokenRefused "kaspi-token-refused" {
                en: "Kaspi answered {status}: it refuses the token",
                ru: "Kaspi не принимает токен (ответ {status})",
            }
            TakeKaspiToken "take-kaspi-token" {
                en: "take the token from Kaspi's cabinet, Settings",
                ru: "возьмите токен в кабинете Kaspi, раздел «Настройки»",
            }
            KaspiRequestRefused "kaspi-request-refused" {
                en: "Kaspi refuses the request with {status}: {title}",
                ru: "Kaspi отклоняет запрос с кодом {status}: {title}",
            }
            KaspiGatewayRefused "kaspi-gateway-refused" {
                en: "status 403 from Kaspi's gateway",
                ru: "шлюз Kaspi ответил 403",
            }
            KaspiAddressDenied "kaspi-address-denied" {
                en: "this host does not allow Kaspi's address: {reason}",
                ru: "хост не разрешает обращаться к адресу Kaspi: {reason}",
            }
            AnswerUnreadable "answer-unreadable" {
                en: "an answer that cannot be read ({reason})",
                ru: "ответ не читается ({reason})",
            }
            AnswerStatus "answer-status" {
                en: "status {status}",
                ru: "код ответа {status}",
            }
            AnswerNotJson "answer-not-json" {
                en: "an answer that is not JSON",
                ru: "ответ не в формате JSON",
            }
            RequestNotSent "request-not-sent" {
                en: "not sent: {detail}",
                ru: "запрос не отправлен: {detail}",
            }
            RequestDenied "request-denied" {
                en: "this host does not allow it: {detail}",
                ru: "хост этого не разрешает: {detail}",
            }
            RequestUnanswered "request-unanswered" {
                en: "no answer: {detail}",
                ru: "нет ответа: {detail}",
            }
            HostEnding "host-ending" {
                en: "this host is ending",
                ru: "хост завершает работу",
            }
            AmoTrouble "amo-trouble" {
                en: "amoCRM: {detail}",
                ru: "amoCRM: {detail}",
            }
            AmoReadFailed "amo-read-failed" {
                en: "{detail} for GET {call}",
                ru: "{detail} (GET {call})",
            }
            AmoCallRefused "amo-call-refused" {
                en: "amoCRM refuses {call} with {status}: {detail}",
                ru: "amoCRM отклоняет {call} с кодом {status}: {detail}",
            }
            AmoWantsPause "amo-wants-pause" {
                en: "amoCRM wants a pause: {reason}",
                ru: "amoCRM просит паузу: {reason}",
            }
            PauseAskedEarlier "pause-asked-earlier" {
                en: "asked for by an earlier answer",
                ru: "так сказано в одном из прежних ответов",
            }
            AmoBlockPage "amo-block-page" {
                en: "status 403 with a block page",
                ru: "код ответа 403 и страница блокировки",
            }
            AccountBusy "account-busy" {
                en: "another shop works with this account",
                ru: "с этим аккаунтом работает другой магазин",
            }
            AnswerWithoutAccount "answer-without-account" {
                en: "no account in the answer",
                ru: "в ответе нет аккаунта",
            }
            AccountWithoutId "account-without-id" {
                en: "an account without an id",
                ru: "аккаунт без id",
            }
            LeadListEndless "lead-list-endless" {
                en: "the list of leads has no end",
                ru: "список сделок не заканчивается",
            }
            LeadListEndlessNothingMade "lead-list-endless-nothing-made" {
                en: "the list of leads has no end; nothing is created",
                ru: "список сделок не заканчивается; ничего не создаётся",
            }
        }
    };
}
