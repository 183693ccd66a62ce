//! Tokens of amoCRM: refused, ended, not to be renewed.

macro_rules! tokens {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            AmoTokenRefused "amo-token-refused" {
                en: "amoCRM refuses the token (401)",
                ru: "amoCRM не принимает токен (401)",
            }
            AmoTokenNotSet "amo-token-not-set" {
                en: "no token is set, and none is in the database",
                ru: "токен не задан, и в базе его нет",
            }
            ConnectAmoAgain "connect-amo-again" {
                en: "connect amoCRM again on the page of the settings, or set AMO_LONG_LIVED_TOKEN or a new pair \
                    AMO_ACCESS_TOKEN and AMO_REFRESH_TOKEN from the keys of your integration; orders of Kaspi are recorded \
                    meanwhile",
                ru: "подключите amoCRM заново на странице настроек или задайте AMO_LONG_LIVED_TOKEN либо новую пару \
                    AMO_ACCESS_TOKEN и AMO_REFRESH_TOKEN из ключей своей интеграции; заказы Kaspi тем временем записываются",
            }
            DryRunRenewsNothing "dry-run-renews-nothing" {
                en: "has ended, and a dry run renews nothing, because the new pair would have to be stored",
                ru: "больше не действует, а пробный запуск ничего не продлевает: новую пару пришлось бы сохранить",
            }
            RunForReal "run-for-real" {
                en: "set AMO_LONG_LIVED_TOKEN, or a fresh pair, or run without --dry-run",
                ru: "задайте AMO_LONG_LIVED_TOKEN или свежую пару, либо запустите без --dry-run",
            }
            LongLivedTokenCounts "long-lived-token-counts" {
                en: "is set, and counts more than a connection",
                ru: "задан и важнее подключения",
            }
            RemoveItFirst "remove-it-first" {
                en: "remove it first",
                ru: "сначала уберите его",
            }
            SetIntegration "set-integration" {
                en: "set AMO_CLIENT_ID, AMO_CLIENT_SECRET and AMO_REDIRECT_URI from the keys of your integration",
                ru: "задайте AMO_CLIENT_ID, AMO_CLIENT_SECRET и AMO_REDIRECT_URI из ключей своей интеграции",
            }
            PairNotRenewable "pair-not-renewable" {
                en: "the access token has ended and cannot be renewed, because AMO_CLIENT_ID, AMO_CLIENT_SECRET and \
                    AMO_REDIRECT_URI are not all set",
                ru: "токен доступа больше не действует, и его нельзя продлить: заданы не все из AMO_CLIENT_ID, \
                    AMO_CLIENT_SECRET и AMO_REDIRECT_URI",
            }
            AmoPairRefused "amo-pair-refused" {
                en: "amoCRM refuses to renew the token pair ({reason})",
                ru: "amoCRM отказывается продлить пару токенов ({reason})",
            }
            IntegrationSwitchedOff "integration-switched-off" {
                en: "the integration was switched off in amoCRM",
                ru: "интеграцию отключили в amoCRM",
            }
            ClientUnknown "client-unknown" {
                en: "is not known to amoCRM ({reason})",
                ru: "неизвестен amoCRM ({reason})",
            }
            ClientSecretWrong "client-secret-wrong" {
                en: "is not the secret of this integration ({reason})",
                ru: "не подходит к этой интеграции ({reason})",
            }
            RedirectAddressDiffers "redirect-address-differs" {
                en: "differs from the one in the integration ({reason})",
                ru: "не совпадает с адресом в интеграции ({reason})",
            }
            CodeOfOtherAccount "code-of-other-account" {
                en: "is not the account that gave the code ({reason})",
                ru: "не тот аккаунт, который выдал код ({reason})",
            }
            CodeRefused "code-refused" {
                en: "the code has ended or was used before ({reason})",
                ru: "код истёк или уже использован ({reason})",
            }
            ConnectOnceRight "connect-once-right" {
                en: "put it right and connect again",
                ru: "исправьте и подключите снова",
            }
            TokenNotRenewed "token-not-renewed" {
                en: "the token cannot be renewed: {detail}",
                ru: "не удалось продлить токен: {detail}",
            }
            TokenBusy "token-busy" {
                en: "another run is busy with the token of this account",
                ru: "токеном этого аккаунта занят другой запуск",
            }
            NewAccountUnreadable "new-account-unreadable" {
                en: "the account of the new tokens cannot be read",
                ru: "не удалось прочитать аккаунт новых токенов",
            }
        }
    };
}
