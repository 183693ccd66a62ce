//! What can be wrong with the account in amoCRM.

use super::definition::Class;
use crate::i18n::words::Words;

pub(super) const CLASSES: &[Class] = &[
    Class::error(
        "amo_not_set",
        Words::new("the account is not named", "аккаунт не указан", "аккаунт көрсетілмеген"),
        Words::new(
            "set AMO_SUBDOMAIN: acme for https://acme.amocrm.ru",
            "задайте AMO_SUBDOMAIN: acme для https://acme.amocrm.ru",
            "AMO_SUBDOMAIN мәнін енгізіңіз: https://acme.amocrm.ru үшін acme",
        ),
    ),
    Class::upstream(
        "amo_unreachable",
        Words::new(
            "amoCRM cannot be reached: {why}",
            "amoCRM недоступна: {why}",
            "amoCRM қолжетімсіз: {why}",
        ),
        Words::new(
            "check the internet connection and AMO_SUBDOMAIN; nothing is lost, orders come in later",
            "проверьте интернет и AMO_SUBDOMAIN; ничего не потеряно, заказы придут позже",
            "интернетті және AMO_SUBDOMAIN мәнін тексеріңіз; ештеңе жоғалмайды, тапсырыстар кейін келеді",
        ),
    ),
    Class::error(
        "amo_no_account",
        Words::new(
            "there is no account at this address (answer {status})",
            "по этому адресу нет аккаунта (ответ {status})",
            "бұл мекенжайда аккаунт жоқ (жауап {status})",
        ),
        Words::new(
            "correct AMO_SUBDOMAIN: copy the address from the browser in which amoCRM is open",
            "исправьте AMO_SUBDOMAIN: скопируйте адрес из браузера, где открыта amoCRM",
            "AMO_SUBDOMAIN мәнін түзетіңіз: amoCRM ашық тұрған браузерден мекенжайды көшіріңіз",
        ),
    ),
    Class::warning(
        "amo_renamed",
        Words::new(
            "the account has another address now: {to}",
            "у аккаунта теперь другой адрес: {to}",
            "аккаунттың мекенжайы өзгерген: {to}",
        ),
        Words::new(
            "set AMO_SUBDOMAIN to the new address",
            "укажите новый адрес в AMO_SUBDOMAIN",
            "AMO_SUBDOMAIN ішіне жаңа мекенжайды жазыңыз",
        ),
    ),
    Class::error(
        "amo_token_missing",
        Words::new("there is no token of amoCRM", "нет токена amoCRM", "amoCRM токені жоқ"),
        Words::new(
            "set AMO_LONG_LIVED_TOKEN, or connect the account once more",
            "задайте AMO_LONG_LIVED_TOKEN или подключите аккаунт заново",
            "AMO_LONG_LIVED_TOKEN мәнін енгізіңіз немесе аккаунтты қайта қосыңыз",
        ),
    ),
    Class::error(
        "amo_token_refused",
        Words::new(
            "amoCRM refuses the {kind} (answer {status})",
            "amoCRM не принимает {kind} (ответ {status})",
            "amoCRM {kind} қабылдамайды (жауап {status})",
        ),
        Words::new(
            "create a new token in the keys of your integration in this account, or connect the account once more",
            "создайте новый токен в ключах своей интеграции в этом аккаунте или подключите аккаунт заново",
            "осы аккаунттағы интеграция кілттерінен жаңа токен жасаңыз немесе аккаунтты қайта қосыңыз",
        ),
    ),
    Class::error(
        "amo_token_ended",
        Words::new("the {kind} has run out", "истёк {kind}", "{kind} мерзімі бітті"),
        Words::new(
            "create a new long-lived token, or connect the account once more; nothing is lost",
            "создайте новый долгосрочный токен или подключите аккаунт заново; ничего не потеряно",
            "жаңа ұзақ мерзімді токен жасаңыз немесе аккаунтты қайта қосыңыз; ештеңе жоғалмайды",
        ),
    ),
    Class::warning(
        "amo_token_ends_soon",
        Words::new(
            "the token ends in {days} days",
            "срок токена кончается через {days} дн.",
            "токен мерзімі {days} күннен кейін бітеді",
        ),
        Words::new(
            "create a new long-lived token in time",
            "заранее создайте новый долгосрочный токен",
            "жаңа ұзақ мерзімді токенді алдын ала жасаңыз",
        ),
    ),
    Class::error(
        "amo_pair_dead",
        Words::new(
            "amoCRM has ended the connection; orders of Kaspi are still recorded",
            "amoCRM прекратила подключение; заказы Kaspi по-прежнему записываются",
            "amoCRM қосылымды тоқтатты; Kaspi тапсырыстары бұрынғыдай жазылып жатыр",
        ),
        Words::new("connect the account once more", "подключите аккаунт заново", "аккаунтты қайта қосыңыз"),
    ),
    Class::error(
        "amo_unpaid",
        Words::new("the account is not paid for", "аккаунт не оплачен", "аккаунт төленбеген"),
        Words::new(
            "pay for amoCRM; what came meanwhile is brought in then",
            "оплатите amoCRM; накопившиеся заказы после этого придут",
            "amoCRM төлемін жасаңыз; жиналған тапсырыстар содан кейін келеді",
        ),
    ),
    Class::error(
        "amo_forbidden",
        Words::new(
            "the token has no right for: {what}",
            "у токена нет права на: {what}",
            "токеннің мынаған құқығы жоқ: {what}",
        ),
        Words::new(
            "create the token as an administrator of the account, with access to its data",
            "создайте токен от имени администратора аккаунта, с доступом к его данным",
            "токенді аккаунт әкімшісінің атынан, деректерге қол жеткізумен жасаңыз",
        ),
    ),
    Class::error(
        "amo_blocked",
        Words::new(
            "amoCRM has blocked the account's API or the address of this machine",
            "amoCRM заблокировала API аккаунта или адрес этой машины",
            "amoCRM аккаунт API-ін немесе осы компьютердің мекенжайын бұғаттады",
        ),
        Words::new(
            "wait an hour, switch off other programs that send many requests, then ask amoCRM's support",
            "подождите час, отключите другие программы с частыми запросами, затем обратитесь в поддержку amoCRM",
            "бір сағат күтіңіз, жиі сұрау жіберетін басқа бағдарламаларды өшіріп, кейін amoCRM қолдауына жазыңыз",
        ),
    ),
    Class::upstream(
        "amo_limited",
        Words::new(
            "amoCRM says that there are too many requests (429), and they are not ours: others use up the limit",
            "amoCRM отвечает, что запросов слишком много (429), и это не наши: лимит расходуют другие",
            "amoCRM сұраулар тым көп дейді (429), олар біздікі емес: шекті басқалар жұмсап жатыр",
        ),
        Words::new(
            "find the other integration of the account and slow it down, or lower AMO_RPS",
            "найдите другую интеграцию аккаунта и замедлите её или уменьшите AMO_RPS",
            "аккаунттың басқа интеграциясын тауып, баяулатыңыз немесе AMO_RPS мәнін азайтыңыз",
        ),
    ),
    Class::error(
        "amo_rights",
        Words::new(
            "the user of the token does not see all leads",
            "пользователь токена видит не все сделки",
            "токен иесі барлық мәмілелерді көрмейді",
        ),
        Words::new(
            "give this user the right to see all leads and contacts, or create the token as an administrator",
            "дайте этому пользователю право видеть все сделки и контакты или создайте токен от администратора",
            "бұл пайдаланушыға барлық мәмілелер мен контактілерді көру құқығын беріңіз немесе токенді әкімші атынан жасаңыз",
        ),
    ),
    Class::error(
        "amo_setting",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "choose again on the page of settings, or correct the setting that is named",
            "выберите заново на странице настроек или исправьте названную настройку",
            "баптаулар бетінде қайта таңдаңыз немесе аталған баптауды түзетіңіз",
        ),
    ),
    Class::hint(
        "amo_hint",
        Words::new("{text}", "{text}", "{text}"),
        Words::new(
            "nothing has to be done; it works better with it",
            "делать ничего не обязательно; с этим работает лучше",
            "ештеңе істеу міндетті емес; осымен жақсырақ жұмыс істейді",
        ),
    ),
    Class::warning(
        "amo_required_fields",
        Words::new(
            "the pipeline {pipeline} requires fields that orders do not fill: {fields}",
            "воронка {pipeline} требует полей, которые заказы не заполняют: {fields}",
            "{pipeline} воронкасы тапсырыстар толтырмайтын өрістерді талап етеді: {fields}",
        ),
        Words::new(
            "make these fields optional for the first stages, or choose another pipeline",
            "сделайте эти поля необязательными на первых этапах или выберите другую воронку",
            "бұл өрістерді алғашқы кезеңдерде міндетті емес етіңіз немесе басқа воронканы таңдаңыз",
        ),
    ),
    Class::hint(
        "amo_no_order_code_field",
        Words::new(
            "there is no field for the number of the order",
            "не выбрано поле для номера заказа",
            "тапсырыс нөміріне арналған өріс таңдалмаған",
        ),
        Words::new(
            "choose or make one: with it a lead is recognised even if somebody renames it",
            "выберите или создайте его: с ним сделка узнаётся, даже если её переименовали",
            "оны таңдаңыз немесе жасаңыз: онымен мәміле аты өзгерсе де танылады",
        ),
    ),
    Class::hint(
        "amo_no_catalog",
        Words::new(
            "no list of products is chosen: leads get none",
            "список товаров не выбран: товары к сделкам не прикрепляются",
            "тауарлар тізімі таңдалмаған: мәмілелерге тауар тіркелмейді",
        ),
        Words::new(
            "choose or make a list of products",
            "выберите или создайте список товаров",
            "тауарлар тізімін таңдаңыз немесе жасаңыз",
        ),
    ),
    Class::hint(
        "amo_no_sku",
        Words::new(
            "the list {catalog} has no field for the SKU: products are recognised by name",
            "в списке {catalog} нет поля артикула: товары узнаются по названию",
            "{catalog} тізімінде артикул өрісі жоқ: тауарлар атауы бойынша танылады",
        ),
        Words::new(
            "make the field SKU in this list",
            "создайте в этом списке поле SKU (артикул)",
            "осы тізімде SKU (артикул) өрісін жасаңыз",
        ),
    ),
    Class::hint(
        "amo_no_price",
        Words::new(
            "the list {catalog} has no field for the price",
            "в списке {catalog} нет поля цены",
            "{catalog} тізімінде баға өрісі жоқ",
        ),
        Words::new(
            "make the field PRICE in this list",
            "создайте в этом списке поле PRICE (цена)",
            "осы тізімде PRICE (баға) өрісін жасаңыз",
        ),
    ),
];
