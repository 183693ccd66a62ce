//! What a statement finds between orders and leads.

macro_rules! statement {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            NothingMended "nothing-mended" {
                en: "other shops of this amoCRM account are at work, so nothing was mended; try again in a minute",
                ru: "с этим аккаунтом amoCRM работают другие магазины, поэтому ничего не исправлено; повторите через минуту",
            }
            PeopleChangedIt "people-changed-it" {
                en: "people changed it, and that is kept",
                ru: "изменено людьми и сохраняется",
            }
            LeadDiffers "lead-differs" {
                en: "the lead says something else",
                ru: "в сделке другое",
            }
            OneLeadFollowed "one-lead-followed" {
                en: "lead {lead} is followed; look at the others and delete or merge them in amoCRM",
                ru: "ведётся сделка {lead}; проверьте остальные и удалите или объедините их в amoCRM",
            }
            OrderNotRead "order-not-read" {
                en: "it has not been read yet; the next runs bring it in",
                ru: "ещё не прочитан; его загрузят следующие запуски",
            }
            LeadGone "lead-gone" {
                en: "lead {lead} is gone from amoCRM",
                ru: "сделка {lead} исчезла из amoCRM",
            }
            OrderParked "order-parked" {
                en: "{reason}",
                ru: "отложен: {reason}",
            }
            OrderWaitsForLead "order-waits-for-lead" {
                en: "it waits for its lead; why: kaspi-amocrm orders",
                ru: "ждёт сделки; почему: kaspi-amocrm orders",
            }
        }
    };
}
