//! Whether a callback is the answer to a question of ours.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{config::Connection, i18n::words::Words};

/// What amoCRM, or anybody, brings back (docs/apis/amocrm.md 1.3).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Callback {
    pub(super) code: Option<String>,
    pub(super) state: Option<String>,
    pub(super) referer: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) error: Option<String>,
}

/// A question that waits for its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    /// Which connection is being connected.
    pub(super) connection: String,
    /// Whether it is that of a setup under way.
    pub(super) is_draft: bool,
    /// Digest of the cookie of the browser that was sent away.
    pub(super) browser: String,
}

/// Why nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("nobody asked, or it was answered before, or it took too long")]
    Unasked,
    #[error("another browser asked")]
    OtherBrowser,
    #[error("somebody said no in amoCRM")]
    Declined,
    #[error("it is about another integration")]
    OtherIntegration,
    #[error("it names another account than the settings")]
    OtherAccount,
    #[error("there is no code in it")]
    NoCode,
    #[error("the settings name no integration")]
    NoIntegration,
    #[error("a run has the connection")]
    Busy,
    #[error("the database does not answer")]
    Database,
}

impl Refusal {
    /// For the person in front of it.
    pub(super) fn words(self) -> Words {
        match self {
            Self::Unasked | Self::OtherBrowser | Self::NoCode => Words::new(
                "This link has ended or was opened in another browser. Begin again with \u{201c}Connect amoCRM\u{201d}.",
                "Ссылка устарела или открыта в другом браузере. Начните заново кнопкой «Подключить amoCRM».",
                "Сілтеменің мерзімі өткен немесе ол басқа браузерде ашылған. «amoCRM қосу» түймесімен қайта бастаңыз.",
            ),
            Self::Declined => Words::new(
                "Access was not granted in amoCRM. Begin again and choose \u{201c}Allow\u{201d}.",
                "В amoCRM доступ не был разрешён. Начните заново и нажмите «Разрешить».",
                "amoCRM-де рұқсат берілмеді. Қайта бастап, «Рұқсат ету» түймесін басыңыз.",
            ),
            Self::OtherIntegration => Words::new(
                "The answer is about another integration. Check AMO_CLIENT_ID.",
                "Ответ относится к другой интеграции. Проверьте AMO_CLIENT_ID.",
                "Жауап басқа интеграцияға қатысты. AMO_CLIENT_ID мәнін тексеріңіз.",
            ),
            Self::OtherAccount => Words::new(
                "Access was granted for another amoCRM account than the one in the settings. Choose the right account, or \
                 change the settings.",
                "Доступ выдан для другого аккаунта amoCRM, не того, что в настройках. Выберите нужный аккаунт или \
                 измените настройки.",
                "Рұқсат баптаулардағыдан басқа amoCRM аккаунтына берілді. Керек аккаунтты таңдаңыз немесе баптауларды \
                 өзгертіңіз.",
            ),
            Self::NoIntegration => Words::new(
                "Enter the ID and the secret key of your integration first.",
                "Сначала укажите ID и секретный ключ своей интеграции.",
                "Алдымен интеграцияңыздың ID-і мен құпия кілтін енгізіңіз.",
            ),
            Self::Busy => Words::new(
                "Orders are being transferred at this moment. Try again in a minute.",
                "Сейчас идёт передача заказов. Повторите через минуту.",
                "Қазір тапсырыстар жіберіліп жатыр. Бір минуттан кейін қайталаңыз.",
            ),
            Self::Database => Words::new(
                "Something is wrong on this server; its log says what.",
                "На сервере что-то не так; подробности в его журнале.",
                "Серверде ақау бар; толығырақ оның журналында.",
            ),
        }
    }
}

/// The code, if everything about a callback is right. `browser` is the digest of the cookie that came with it.
pub(super) fn accepted<'q>(
    query: &'q Callback,
    pending: &Pending,
    browser: Option<&str>,
    connection: &Connection,
) -> Result<&'q str, Refusal> {
    let is_same = |browser: &str| bool::from(browser.as_bytes().ct_eq(pending.browser.as_bytes()));
    if !browser.is_some_and(is_same) {
        return Err(Refusal::OtherBrowser);
    }
    if query.error.is_some() {
        return Err(Refusal::Declined);
    }
    let client_id = connection.get("AMO_CLIENT_ID").ok_or(Refusal::NoIntegration)?;
    if query.client_id.as_deref().is_some_and(|other| other != client_id) {
        return Err(Refusal::OtherIntegration);
    }
    if !query.referer.as_deref().is_some_and(|referer| is_account(referer, connection)) {
        return Err(Refusal::OtherAccount);
    }
    query.code.as_deref().filter(|code| !code.is_empty()).ok_or(Refusal::NoCode)
}

/// Whether a callback names the account of the settings, in exactly amoCRM's spelling. Only where the settings name the
/// whole address, its host may be another than amoCRM's.
fn is_account(referer: &str, connection: &Connection) -> bool {
    let Ok(origin) = connection.amo_origin() else { return false };
    let url = connection.amo_base_url().unwrap_or_default();
    let named = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
    let is_named = connection.get("AMO_BASE_URL").is_some() && named == Some(referer);
    is_named || (is_amocrm_host(referer) && referer == origin.host() && origin.port() == 443)
}

/// `^[a-z0-9-]+\.(amocrm\.(ru|com)|kommo\.com)$`
fn is_amocrm_host(host: &str) -> bool {
    ["amocrm.ru", "amocrm.com", "kommo.com"].iter().any(|domain| {
        let name = host.strip_suffix(domain).and_then(|name| name.strip_suffix('.'));
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_plain))
    })
}
