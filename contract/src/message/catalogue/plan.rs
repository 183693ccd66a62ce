//! Why a dry run would do what it says.

macro_rules! plan {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            EarlierRequestInDoubt "earlier-request-in-doubt" {
                en: "amoCRM's answer to an earlier request was lost",
                ru: "ответ amoCRM на прежний запрос потерян",
            }
            LeadHoldsNumberInField "lead-holds-number-in-field" {
                en: "lead {lead} holds this number in its order-code field",
                ru: "у сделки {lead} этот номер в поле номера заказа",
            }
            LeadHoldsNumberInName "lead-holds-number-in-name" {
                en: "lead {lead} holds this number in its name",
                ru: "у сделки {lead} этот номер в названии",
            }
            LeadIncomplete "lead-incomplete" {
                en: "lead {lead} was made for it, and is not complete",
                ru: "для него создана сделка {lead}, и она ещё не заполнена",
            }
            NumberHasNoLead "number-has-no-lead" {
                en: "no lead of the account holds this number",
                ru: "в аккаунте нет сделки с этим номером",
            }
            OrderChanged "order-changed" {
                en: "{place}",
                ru: "{place}",
            }
            OrderTotalChanged "order-total-changed" {
                en: "{place}, total {before} -> {after}",
                ru: "{place}, сумма {before} -> {after}",
            }
            OrderProductsChanged "order-products-changed" {
                en: "{place}, other products",
                ru: "{place}, другие товары",
            }
            OrderTotalAndProductsChanged "order-total-and-products-changed" {
                en: "{place}, total {before} -> {after}, other products",
                ru: "{place}, сумма {before} -> {after}, другие товары",
            }
        }
    };
}
