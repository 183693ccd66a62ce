//! Where an order stands: what keeps it from going on, and what was done for it.

macro_rules! orders {
    ([$next:ident $($rest:ident)*] $($rows:tt)*) => {
        $next! { [$($rest)*] $($rows)*
            OrderTooOld "order-too-old" {
                en: "older than the first look-back",
                ru: "старше первого просмотра",
            }
            OrderArchived "order-archived" {
                en: "archived before the first run",
                ru: "был завершён до первого запуска",
            }
            LeadDeleted "lead-deleted" {
                en: "its lead was deleted in amoCRM",
                ru: "сделку удалили в amoCRM",
            }
            OrderGetsNoLead "order-gets-no-lead" {
                en: "{reason}",
                ru: "заказ не получает сделки: {reason}",
            }
            ContactRefused "contact-refused" {
                en: "amoCRM refuses it: {reason}",
                ru: "amoCRM не принимает контакт: {reason}",
            }
            ElementRefused "element-refused" {
                en: "amoCRM refuses it: {reason}",
                ru: "amoCRM не принимает товар: {reason}",
            }
            LeadRefused "lead-refused" {
                en: "amoCRM refuses it: {reason}",
                ru: "amoCRM не принимает сделку: {reason}",
            }
            NoteRefused "note-refused" {
                en: "amoCRM refuses it: {reason}",
                ru: "amoCRM не принимает примечание: {reason}",
            }
            ProductLinkRefused "product-link-refused" {
                en: "amoCRM refuses the products: {reason}",
                ru: "amoCRM не даёт привязать товары: {reason}",
            }
            ContactLinkRefused "contact-link-refused" {
                en: "amoCRM refuses the contact: {reason}",
                ru: "amoCRM не даёт привязать контакт: {reason}",
            }
            ChangeRefused "change-refused" {
                en: "amoCRM refuses the change: {reason}",
                ru: "amoCRM не даёт изменить сделку: {reason}",
            }
            OthersOfRequestRefused "others-of-request-refused" {
                en: "others of the same request were refused",
                ru: "отклонены другие записи того же запроса",
            }
            OtherContactsRefused "other-contacts-refused" {
                en: "contacts of another order were refused",
                ru: "отклонены контакты другого заказа",
            }
            OtherProductsRefused "other-products-refused" {
                en: "products of another order were refused",
                ru: "отклонены товары другого заказа",
            }
            AmoNotReached "amo-not-reached" {
                en: "amoCRM was not reached: {reason}",
                ru: "не удалось связаться с amoCRM: {reason}",
            }
            ContactNotLinked "contact-not-linked" {
                en: "the contact could not be linked: {reason}",
                ru: "не удалось привязать контакт: {reason}",
            }
            ProductsNotLinked "products-not-linked" {
                en: "the products could not be linked: {reason}",
                ru: "не удалось привязать товары: {reason}",
            }
            OrderOfOtherShop "order-of-other-shop" {
                en: "connection {shop} has the lead of this order in the same amoCRM account, and an order has one lead: if both \
                    connections read the same Kaspi shop, remove one; if {shop} was renamed, give it its old name back; then: \
                    kaspi-amocrm retry",
                ru: "сделку по этому заказу ведёт другое подключение того же аккаунта amoCRM ({shop}), а у заказа одна сделка: если \
                    оба подключения читают один магазин Kaspi, удалите одно; если подключение переименовали, верните ему прежнее \
                    имя; затем kaspi-amocrm retry",
            }
            LeadGoneForGood "lead-gone-for-good" {
                en: "lead {lead} is gone from amoCRM and is not made again by itself; if it should be: kaspi-amocrm statement \
                    --day DAY --repair --missing",
                ru: "сделка {lead} исчезла из amoCRM и сама не создаётся заново; если нужно: kaspi-amocrm statement --day ДЕНЬ \
                    --repair --missing",
            }
            LinesNotTold "lines-not-told" {
                en: "Kaspi has not told the lines of this order yet",
                ru: "Kaspi ещё не сообщил состав этого заказа",
            }
            AnswerInDoubt "answer-in-doubt" {
                en: "amoCRM's answer was lost; nothing is sent again before it is known what became of it",
                ru: "ответ amoCRM потерян; ничего не отправляется повторно, пока не ясно, выполнен ли запрос",
            }
            RunsDied "runs-died" {
                en: "{count} runs died while working on this order",
                ru: "запуски прерывались на этом заказе ({count}); он отложен, вернуть: kaspi-amocrm retry",
            }
            AmoPauses "amo-pauses" {
                en: "amoCRM wants a pause",
                ru: "amoCRM просит паузу",
            }
            OrderWaits "order-waits" {
                en: "the next run goes on with it; if it does not, look at the problems of the last run",
                ru: "следующий запуск продолжит; если нет, смотрите проблемы последнего запуска",
            }
            RecordUnreadable "record-unreadable" {
                en: "the record of this order cannot be read; restore a backup",
                ru: "запись об этом заказе не читается; восстановите резервную копию",
            }
            BackfillOrder "backfill-order" {
                en: "it is older than the first look-back; to bring it in: kaspi-amocrm backfill --from {day} --to {day}",
                ru: "старше первого просмотра; чтобы загрузить: kaspi-amocrm backfill --from {day} --to {day}",
            }
            OrderShownNotRead "order-shown-not-read" {
                en: "Kaspi shows it, and it has not been read yet; the next runs bring it in",
                ru: "Kaspi его показывает, но он ещё не прочитан; его загрузят следующие запуски",
            }
            OrderNotAtKaspi "order-not-at-kaspi" {
                en: "Kaspi does not know this number: check it; an order may show up only once the bank has approved it",
                ru: "Kaspi не знает такого номера: проверьте его; заказ может появиться только после одобрения банка",
            }
            KaspiCannotBeAsked "kaspi-cannot-be-asked" {
                en: "there is no record of it, and Kaspi cannot be asked: {detail}",
                ru: "записи о нём нет, а Kaspi не отвечает: {detail}",
            }
            OrderPlaced "order-placed" {
                en: "placed at Kaspi",
                ru: "оформлен в Kaspi",
            }
            OrderRead "order-read" {
                en: "read from Kaspi",
                ru: "прочитан из Kaspi",
            }
            LeadMade "lead-made" {
                en: "lead {lead} was made",
                ru: "создана сделка {lead}",
            }
            LeadTakenOver "lead-taken-over" {
                en: "lead {lead} was found and taken over",
                ru: "найдена и принята сделка {lead}",
            }
            ProductsLinked "products-linked" {
                en: "products were linked",
                ru: "привязаны товары",
            }
            NoteWritten "note-written" {
                en: "note {revision} was written",
                ru: "записано примечание {revision}",
            }
            ChangeSeen "change-seen" {
                en: "last change seen at Kaspi",
                ru: "последнее изменение в Kaspi",
            }
            LeadFollowed "lead-followed" {
                en: "the lead followed",
                ru: "сделка обновлена",
            }
        }
    };
}
