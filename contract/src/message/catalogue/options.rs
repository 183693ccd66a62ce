//! What callers get wrong: options of a call, requests of the HTTP face.

macro_rules! options {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            OptionRangeReversed "option-range-reversed" {
                en: "options: from_ms is later than to_ms",
                ru: "options: from_ms позже, чем to_ms",
            }
            OptionCodesUnusable "option-codes-unusable" {
                en: "options: codes: {code} is no order number",
                ru: "options: codes: {code} не номер заказа",
            }
            OptionCodeUnusable "option-code-unusable" {
                en: "options: code: no order number",
                ru: "options: code: это не номер заказа",
            }
            OptionAfterUnusable "option-after-unusable" {
                en: "options: after is no `next` of an answer",
                ru: "options: after не взят из `next` прежнего ответа",
            }
            UseGet "use-get" {
                en: "use GET",
                ru: "используйте GET",
            }
            AddressUnknown "address-unknown" {
                en: "there are /cron?task=new|reconcile and /status",
                ru: "есть /cron?task=new|reconcile и /status",
            }
            TaskUnknown "task-unknown" {
                en: "task must be new or reconcile",
                ru: "task должен быть new или reconcile",
            }
            DoorTokenWrong "door-token-wrong" {
                en: "the token is missing or wrong, or CRON_SECRET is not set",
                ru: "токен не передан или неверен, либо не задан CRON_SECRET",
            }
        }
    };
}
