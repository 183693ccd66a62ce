//! What can be wrong with the shop at Kaspi.

use super::definition::Class;
use crate::i18n::words::Words;

pub(super) const CLASSES: &[Class] = &[
    Class::error(
        "kaspi_token_missing",
        Words::new("there is no token of the shop", "нет токена магазина", "дүкен токені жоқ"),
        Words::new(
            "create it in the Kaspi merchant cabinet (Settings, API token) and set KASPI_API_TOKEN",
            "создайте его в кабинете продавца Kaspi (Настройки, Токен API) и задайте KASPI_API_TOKEN",
            "оны Kaspi сатушы кабинетінде (Баптаулар, API токені) жасап, KASPI_API_TOKEN мәнін енгізіңіз",
        ),
    ),
    Class::error(
        "kaspi_token_refused",
        Words::new(
            "Kaspi refuses the token (answer {status})",
            "Kaspi не принимает токен (ответ {status})",
            "Kaspi токенді қабылдамайды (жауап {status})",
        ),
        Words::new(
            "copy the token from the merchant cabinet again; a new one makes the old one invalid",
            "скопируйте токен из кабинета продавца заново; новый токен отменяет прежний",
            "токенді сатушы кабинетінен қайта көшіріңіз; жаңа токен ескісін жарамсыз етеді",
        ),
    ),
    Class::error(
        "kaspi_blocked",
        Words::new(
            "Kaspi turns this machine away (answer {status}): its address is blocked or not in Kazakhstan",
            "Kaspi не пускает эту машину (ответ {status}): её адрес заблокирован или не казахстанский",
            "Kaspi бұл компьютерді жібермейді (жауап {status}): мекенжайы бұғатталған немесе қазақстандық емес",
        ),
        Words::new(
            "run the program on a machine in Kazakhstan, or set KASPI_PROXY_URL to a proxy there",
            "запускайте программу на машине в Казахстане или укажите казахстанский прокси в KASPI_PROXY_URL",
            "бағдарламаны Қазақстандағы компьютерде іске қосыңыз немесе KASPI_PROXY_URL ішінде қазақстандық проксиді көрсетіңіз",
        ),
    ),
    Class::upstream(
        "kaspi_unreachable",
        Words::new("Kaspi cannot be reached: {why}", "Kaspi недоступен: {why}", "Kaspi қолжетімсіз: {why}"),
        Words::new(
            "check the internet connection, firewall and KASPI_PROXY_URL; orders are not lost and come in later",
            "проверьте интернет, сетевой экран и KASPI_PROXY_URL; заказы не потеряются и придут позже",
            "интернетті, желілік экранды және KASPI_PROXY_URL мәнін тексеріңіз; тапсырыстар жоғалмайды, кейін келеді",
        ),
    ),
    Class::error(
        "kaspi_user_agent",
        Words::new(
            "Kaspi answers with a page instead of orders (answer {status}): something on the way changes our requests",
            "Kaspi отвечает страницей вместо заказов (ответ {status}): что-то по пути меняет наши запросы",
            "Kaspi тапсырыстардың орнына бет қайтарады (жауап {status}): жолда бірдеңе сұрауларымызды өзгертеді",
        ),
        Words::new(
            "let the proxy or firewall pass the header User-Agent unchanged",
            "настройте прокси или сетевой экран так, чтобы заголовок User-Agent проходил без изменений",
            "прокси немесе желілік экран User-Agent тақырыбын өзгертпей өткізетін болсын",
        ),
    ),
    Class::upstream(
        "kaspi_limited",
        Words::new(
            "Kaspi says that there are too many requests (429)",
            "Kaspi отвечает, что запросов слишком много (429)",
            "Kaspi сұраулар тым көп дейді (429)",
        ),
        Words::new(
            "wait a few minutes; if it stays, look for another program that uses the same token",
            "подождите несколько минут; если не проходит, поищите другую программу с тем же токеном",
            "бірнеше минут күтіңіз; өтпесе, осы токенді қолданатын басқа бағдарламаны іздеңіз",
        ),
    ),
    Class::error(
        "kaspi_unreadable",
        Words::new(
            "Kaspi's answer is no list of orders",
            "ответ Kaspi не похож на список заказов",
            "Kaspi жауабы тапсырыстар тізіміне ұқсамайды",
        ),
        Words::new(
            "check KASPI_API_BASE; if it is not set, try again later and update the program",
            "проверьте KASPI_API_BASE; если она не задана, повторите позже и обновите программу",
            "KASPI_API_BASE мәнін тексеріңіз; ол орнатылмаса, кейін қайталап, бағдарламаны жаңартыңыз",
        ),
    ),
    Class::hint(
        "kaspi_no_orders",
        Words::new(
            "the shop had no orders in the last day",
            "за последние сутки заказов не было",
            "соңғы тәулікте тапсырыс болған жоқ",
        ),
        Words::new(
            "nothing to do if that is so; otherwise check that the token is of this shop",
            "если так и есть, делать ничего не нужно; иначе проверьте, что токен от этого магазина",
            "шынымен солай болса, ештеңе істеудің қажеті жоқ; әйтпесе токен осы дүкендікі екенін тексеріңіз",
        ),
    ),
    Class::hint(
        "kaspi_phones_masked",
        Words::new(
            "Kaspi hides the phone of {masked} of {orders} orders",
            "Kaspi скрывает телефон в {masked} из {orders} заказов",
            "Kaspi {orders} тапсырыстың {masked} телефонын жасырады",
        ),
        Words::new(
            "nothing to do: phones are shown while an order is on its way; leads without one get no contact",
            "делать ничего не нужно: телефон виден, пока заказ в работе; без него сделка остаётся без контакта",
            "ештеңе істеудің қажеті жоқ: телефон тапсырыс орындалып жатқанда көрінеді; онсыз мәміле контактісіз қалады",
        ),
    ),
];
