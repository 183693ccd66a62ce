//! What did not go well in a run.

macro_rules! runs {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            KaspiRowUnreadable "kaspi-row-unreadable" {
                en: "Kaspi's row cannot be read: {reason}",
                ru: "строка Kaspi не читается: {reason}",
            }
            KaspiNumberTwice "kaspi-number-twice" {
                en: "Kaspi shows two orders with this number",
                ru: "Kaspi показывает два заказа с этим номером",
            }
            KaspiPagesIncomplete "kaspi-pages-incomplete" {
                en: "Kaspi's pages do not add up; the same days are read again by the next run",
                ru: "страницы Kaspi не сходятся; следующий запуск прочитает те же дни заново",
            }
            KaspiOrderGone "kaspi-order-gone" {
                en: "Kaspi does not know this order any more",
                ru: "Kaspi больше не знает этого заказа",
            }
            DaysWait "days-wait" {
                en: "{count} more days wait to be read again; the next runs do it",
                ru: "ещё не перечитано дней: {count}; это сделают следующие запуски",
            }
            PriceComputed "price-computed" {
                en: "the total changed at Kaspi, but amoCRM computes the price of this lead itself",
                ru: "сумма в Kaspi изменилась, но бюджет этой сделки amoCRM считает сама",
            }
            LeadDoubled "lead-doubled" {
                en: "lead {lead} is of this order too; the oldest one is followed",
                ru: "сделка {lead} тоже по этому заказу; ведётся самая старая",
            }
            LeadMentionsOrder "lead-mentions-order" {
                en: "lead {lead} mentions this order but is older, closed or in another pipeline",
                ru: "сделка {lead} упоминает этот заказ, но она старше, закрыта или в другой воронке",
            }
        }
    };
}
