use super::{
    check::{Callback, Pending, Refusal, accepted},
    *,
};
use crate::config::{DEFAULT_CONNECTION, Settings};

const CLIENT_ID: &str = "0f3c4c9a-0000-4000-8000-000000000001";

fn connection(pairs: &[(&str, &str)]) -> Connection {
    let common = [
        ("KASPI_API_TOKEN", "a-token"),
        ("AMO_CLIENT_ID", CLIENT_ID),
        ("AMO_CLIENT_SECRET", "a-secret"),
        ("AMO_REDIRECT_URI", "https://shop.example/oauth_callback.php"),
    ];
    let all = common.iter().chain(pairs).copied();
    Settings::from_pairs(all).connection(DEFAULT_CONNECTION).unwrap()
}

fn pending() -> Pending {
    Pending { connection: DEFAULT_CONNECTION.to_owned(), is_draft: false, browser: digest("b") }
}

fn callback(referer: &str) -> Callback {
    let some = |text: &str| Some(text.to_owned());
    Callback { code: some("c"), state: some("s"), referer: some(referer), ..Callback::default() }
}

/// What somebody may write in place of the account's host: two hundred and more.
fn hostile_hosts() -> Vec<String> {
    let own = "acme.amocrm.ru";
    let mut hosts: Vec<String> = [
        "",
        " ",
        ".",
        "amocrm.ru",
        ".amocrm.ru",
        "www.amocrm.ru",
        "acme.amocrm.com",
        "acme.kommo.com",
        "other.amocrm.ru",
        "acme.amocrm.ru.",
        "acme.amocrm.ru.evil.example",
        "acme.amocrm.ruevil.example",
        "acme-amocrm.ru",
        "acmeamocrm.ru",
        "evil.example",
        "evil.example/acme.amocrm.ru",
        "ACME.amocrm.ru",
        "acme.AMOCRM.RU",
        "Acme.Amocrm.Ru",
        "acme.amocrm.ru:443",
        "acme.amocrm.ru:80",
        "acme.amocrm.ru:8443",
        "acme.amocrm.ru/",
        "acme.amocrm.ru/x",
        "acme.amocrm.ru?x",
        "acme.amocrm.ru#x",
        "//acme.amocrm.ru",
        "https://acme.amocrm.ru",
        "http://acme.amocrm.ru",
        "user@acme.amocrm.ru",
        "acme.amocrm.ru@evil.example",
        "acme.amocrm.ru%00.evil.example",
        "acme.amocrm.ru%2eevil.example",
        "acme%2eamocrm.ru",
        "acme.amocrm%2eru",
        "evil.example\\.amocrm.ru",
        "evil.example\\acme.amocrm.ru",
        "acme.amocrm.ru\\",
        "acme..amocrm.ru",
        "a.acme.amocrm.ru",
        "acme.amocrm.ru\r\nHost: evil.example",
        "acme.amocrm.ru\n",
        "\nacme.amocrm.ru",
        "acme.amocrm.ru\0",
        "acme.amocrm.ru ",
        " acme.amocrm.ru",
        "acme .amocrm.ru",
        "acme.amocrm.ru\t",
        "acme。amocrm。ru",
        "acme．amocrm．ru",
        "acme｡amocrm｡ru",
        "аcme.amocrm.ru",
        "acme.аmocrm.ru",
        "acme.amосrm.ru",
        "acme.amocrm.rи",
        "acme.amocrm.ru\u{200b}",
        "\u{202e}ur.mrcoma.emca",
        "xn--cme-7cd.amocrm.ru",
        "acme.xn--mocrm-3ve.ru",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "localhost",
        "169.254.169.254",
        "0x7f000001",
        "2130706433",
        "acme.amocrm.ru,evil.example",
        "acme.amocrm.ru;evil.example",
        "acme.amocrm.ru|evil.example",
        "acme_.amocrm.ru",
        "*.amocrm.ru",
        "$(id).amocrm.ru",
        "acme.amocrm.org",
        "acme.amocrm.kz",
        "acme.kommo.ru",
        "kommo.com",
        "acme.kommo.com.evil.example",
        "null",
        "undefined",
        "{}",
        "[]",
        "acme",
        "amocrm",
        "ru",
    ]
    .map(str::to_owned)
    .to_vec();
    // Every letter of the right one missing, doubled and replaced.
    for (index, letter) in own.char_indices() {
        let (before, after) = (&own[..index], &own[index + 1..]);
        hosts.push(format!("{before}{after}"));
        hosts.push(format!("{before}{letter}{letter}{after}"));
        hosts.push(format!("{before}x{after}"));
        hosts.push(format!("{before}%{:02x}{after}", u32::from(letter)));
        hosts.push(format!("{before}{}{after}", letter.to_uppercase()).replace('.', "\u{2024}"));
        hosts.push(format!("{before}@{letter}{after}"));
        hosts.push(format!("{before} {letter}{after}"));
        hosts.push(format!("{before}/{letter}{after}"));
        hosts.push(format!("{before}\u{ad}{letter}{after}"));
    }
    hosts.retain(|host| host != own);
    hosts
}

#[test]
fn only_the_account_of_the_settings_is_believed() {
    let settings =
        [connection(&[("AMO_SUBDOMAIN", "acme")]), connection(&[("AMO_BASE_URL", "https://acme.amocrm.ru")])];
    let hosts = hostile_hosts();
    assert!(hosts.len() >= 200, "{}", hosts.len());
    for connection in &settings {
        let right = callback("acme.amocrm.ru");
        assert_eq!(accepted(&right, &pending(), Some(&digest("b")), connection), Ok("c"));
        for host in &hosts {
            let hostile = callback(host);
            let answer = accepted(&hostile, &pending(), Some(&digest("b")), connection);
            assert_eq!(answer, Err(Refusal::OtherAccount), "{host:?}");
        }
        let without = Callback { referer: None, ..right };
        assert_eq!(
            accepted(&without, &pending(), Some(&digest("b")), connection),
            Err(Refusal::OtherAccount)
        );
    }
    // An account elsewhere is one that the settings name in full, and no other.
    let elsewhere = connection(&[("AMO_BASE_URL", "http://127.0.0.1:8080/base")]);
    for (host, is_right) in
        [("127.0.0.1:8080", true), ("127.0.0.1", false), ("127.0.0.1:80", false), ("acme.amocrm.ru", false)]
    {
        let answer = accepted(&callback(host), &pending(), Some(&digest("b")), &elsewhere).is_ok();
        assert_eq!(answer, is_right, "{host}");
    }
}

#[test]
fn a_callback_that_is_not_whole_or_not_ours_is_refused() {
    let connection = connection(&[("AMO_SUBDOMAIN", "acme")]);
    let right = || callback("acme.amocrm.ru");
    let some = |text: &str| Some(text.to_owned());
    let own = digest("b");
    for (query, browser, refusal) in [
        (right(), None, Refusal::OtherBrowser),
        (right(), Some(digest("other")), Refusal::OtherBrowser),
        (right(), Some(String::new()), Refusal::OtherBrowser),
        (Callback { error: some("access_denied"), ..right() }, Some(own.clone()), Refusal::Declined),
        (Callback { client_id: some("other"), ..right() }, Some(own.clone()), Refusal::OtherIntegration),
        (Callback { code: None, ..right() }, Some(own.clone()), Refusal::NoCode),
        (Callback { code: some(""), ..right() }, Some(own.clone()), Refusal::NoCode),
    ] {
        assert_eq!(accepted(&query, &pending(), browser.as_deref(), &connection), Err(refusal), "{query:?}");
    }
    let with_id = Callback { client_id: some(CLIENT_ID), ..right() };
    assert_eq!(accepted(&with_id, &pending(), Some(&own), &connection), Ok("c"));
}

#[test]
fn only_amocrm_can_say_that_it_was_switched_off() {
    let connection = connection(&[("AMO_SUBDOMAIN", "acme")]);
    // HMAC-SHA256 of "CLIENT_ID|30100200" with the key "a-secret".
    let signature = {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"a-secret").unwrap();
        mac.update(format!("{CLIENT_ID}|30100200").as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let query = |account_id: i64, client_uuid: &str, signature: &str| DisconnectQuery {
        account_id,
        client_uuid: client_uuid.to_owned(),
        signature: signature.to_owned(),
    };
    assert!(is_signed(&query(30_100_200, CLIENT_ID, &signature), &connection));
    for wrong in [
        query(30_100_201, CLIENT_ID, &signature),
        query(30_100_200, "other", &signature),
        query(30_100_200, CLIENT_ID, &signature.to_uppercase()),
        query(30_100_200, CLIENT_ID, &signature[..62]),
        query(30_100_200, CLIENT_ID, &format!("{signature}00")),
        query(30_100_200, CLIENT_ID, ""),
        query(30_100_200, CLIENT_ID, &"é".repeat(32)),
    ] {
        assert!(!is_signed(&wrong, &connection), "{} {}", wrong.account_id, wrong.signature);
    }
}

#[test]
fn each_product_has_its_own_door() {
    for (pairs, base) in [
        ([("AMO_SUBDOMAIN", "acme"), ("", "")], "https://www.amocrm.ru"),
        ([("AMO_SUBDOMAIN", "acme.kommo.com"), ("", "")], "https://www.kommo.com"),
        ([("AMO_SUBDOMAIN", "acme"), ("AMO_AUTH_BASE", "http://127.0.0.1:1/")], "http://127.0.0.1:1"),
    ] {
        assert_eq!(auth_base(&connection(&pairs)), base);
    }
}
