//! Every error as a failure of the program: its exit code, what happened, and what to do about it.

use kaspi_amocrm_contract::{Finding, Language};

use crate::{
    base::failure::{Exit, Failure, Text},
    config::{SettingsError, secret_key::KeyError},
    service::{OpenError, RunError},
    store::StoreError,
};

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        let hint = Text::new(
            "set it in the environment, in .env or in kaspi-amocrm.toml, then: kaspi-amocrm config check",
            "задайте её в окружении, в .env или в kaspi-amocrm.toml, затем: kaspi-amocrm config check",
        );
        Self { exit: Exit::Config, error: told(&error.findings), hint }
    }
}

/// One finding in its own line, several in a list.
fn told(findings: &[Finding]) -> Text {
    let line = |finding: &Finding, language| format!("{}: {}", finding.name, finding.text(language));
    if let [only] = findings {
        return Text::new(line(only, Language::En), line(only, Language::Ru));
    }
    let list = |language| -> String {
        findings.iter().map(|finding| format!("\n         {}", line(finding, language))).collect()
    };
    let count = findings.len();
    Text::new(
        format!("{count} settings are missing or wrong{}", list(Language::En)),
        format!("настройки не заданы или неверны: {count}{}", list(Language::Ru)),
    )
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (ru, hint) = match &error {
            StoreError::Address => (
                "DATABASE_URL не является адресом базы данных".to_owned(),
                Text::new(
                    "set DATABASE_URL to sqlite://PATH, postgres://USER:PASSWORD@HOST:PORT/NAME or \
                     mariadb://USER:PASSWORD@HOST:PORT/NAME",
                    "задайте DATABASE_URL: sqlite://ПУТЬ, postgres://ИМЯ:ПАРОЛЬ@УЗЕЛ:ПОРТ/БАЗА или \
                     mariadb://ИМЯ:ПАРОЛЬ@УЗЕЛ:ПОРТ/БАЗА",
                ),
            ),
            StoreError::Unreachable { server, source } => {
                let ru = format!("нет связи с базой данных ({server}): {source}");
                let hint = Text::new(
                    "start the server or correct DATABASE_URL; nothing is lost",
                    "запустите сервер или исправьте DATABASE_URL; ничего не потеряно",
                );
                return Self { exit: Exit::Upstream, error: Text::new(error.to_string(), ru), hint };
            }
            StoreError::Refused { server } => (
                format!("сервер базы данных ({server}) не принимает имя, пароль или базу из DATABASE_URL"),
                Text::new(
                    "correct DATABASE_URL; special characters of a password are percent-encoded",
                    "исправьте DATABASE_URL; особые символы пароля записываются в процентной кодировке",
                ),
            ),
            StoreError::TooOld { product, version, oldest } => (
                format!("{product} {version} слишком старая: нужна версия {oldest} или новее"),
                Text::new("update the database server", "обновите сервер базы данных"),
            ),
            StoreError::Cluster(nodes) => (
                format!(
                    "кластер Galera (узлов: {nodes}) не подходит: его узлы не видят блокировок друг друга"
                ),
                Text::new("use a server that is no Galera cluster", "используйте сервер вне кластера Galera"),
            ),
            StoreError::ReadOnly { server } => (
                format!("сервер базы данных ({server}) доступен только для чтения"),
                Text::new(
                    "set DATABASE_URL to the server that takes writes",
                    "укажите в DATABASE_URL сервер, который принимает запись",
                ),
            ),
            StoreError::Encoding(encoding) => (
                format!("база данных хранит текст в кодировке {encoding}, а нужна UTF8"),
                Text::new(
                    "make a database with ENCODING 'UTF8' TEMPLATE template0",
                    "создайте базу с ENCODING 'UTF8' TEMPLATE template0",
                ),
            ),
            StoreError::Newer(name) => (
                format!("база данных новее программы: в ней есть миграция {name}"),
                Text::new("use the newer program with it", "используйте с ней более новую программу"),
            ),
            StoreError::NewerGeneration(generation) => (
                format!("база данных новее программы: её таблицы поколения {generation}"),
                Text::new("use the newer program with it", "используйте с ней более новую программу"),
            ),
            StoreError::Foreign(table) => (
                format!(
                    "база данных создана не версией 0.2.0 или новее: в ней есть таблица {table}, но нет \
                     schema_format, то есть её создала невыпущенная версия или другая программа"
                ),
                Text::new(
                    "nothing in it was changed; move it away, or name an empty database in DATABASE_URL, and start \
                     again: existing leads are recognised by their order codes, so none is doubled",
                    "в ней ничего не изменено; уберите её или укажите в DATABASE_URL пустую базу и запустите снова: \
                     существующие сделки будут узнаны по кодам заказов, дублей не будет",
                ),
            ),
            StoreError::Older => (
                "база данных старее программы".to_owned(),
                Text::new("bring it up to date: kaspi-amocrm migrate", "обновите её: kaspi-amocrm migrate"),
            ),
            StoreError::Fenced
            | StoreError::NotACounter
            | StoreError::Migration { .. }
            | StoreError::Database(_) => return Self::internal(error),
        };
        Self { exit: Exit::Config, error: Text::new(error.to_string(), ru), hint }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let (ru, hint) = match &error {
            KeyError::Store(_) => return Self::internal(error),
            KeyError::Required => (
                "не задан SECRET_KEY, а у этой базы данных нет папки для файла ключа".to_owned(),
                Text::new(
                    "set SECRET_KEY: openssl rand -base64 32",
                    "задайте SECRET_KEY: openssl rand -base64 32",
                ),
            ),
            KeyError::Missing(file) => (
                format!("нет файла ключа {}, а база данных зашифрована этим ключом", file.display()),
                Text::new(
                    "put the file back from a copy, or set its contents as SECRET_KEY; without the key begin with a \
                     new database: existing leads are recognised",
                    "верните файл из копии или задайте его содержимое в SECRET_KEY; если ключ утрачен, начните с \
                     новой базой: существующие сделки будут узнаны",
                ),
            ),
            KeyError::Malformed(file) => (
                format!("в файле ключа {} не 32 байта в base64", file.display()),
                Text::new("put the right file back from a copy", "верните правильный файл из копии"),
            ),
            KeyError::Open(file) => (
                format!("файл ключа {} могут прочитать другие пользователи", file.display()),
                Text::new(
                    format!("make it private: chmod 600 {}", file.display()),
                    format!("закройте доступ: chmod 600 {}", file.display()),
                ),
            ),
            KeyError::Io { file, source } => (
                format!("не удалось использовать файл ключа {}: {source}", file.display()),
                Text::new(
                    "let this program write into the folder, or set SECRET_KEY",
                    "разрешите программе запись в эту папку или задайте SECRET_KEY",
                ),
            ),
        };
        Self { exit: Exit::Config, error: Text::new(error.to_string(), ru), hint }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Key(error) => error.into(),
            OpenError::Scratch(_) => Self::internal(error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let (exit, ru, hint) = match error {
            RunError::Settings(error) => return error.into(),
            RunError::Store(error) => return error.into(),
            RunError::Internal(_) | RunError::Fault(_) => return Self::internal(error),
            RunError::Config(_) | RunError::InvalidCall(_) => {
                let text = error.to_string();
                // The component names the setting and says what to do, in the language of its settings.
                let hint = Text::new(
                    "correct the setting that the message names; nothing was sent",
                    "исправьте настройку, названную в сообщении; ничего не отправлено",
                );
                return Self { exit: Exit::Config, error: Text::new(text.clone(), text), hint };
            }
            RunError::Upstream(_) | RunError::Late(_) => (
                Exit::Upstream,
                format!("Kaspi или amoCRM не отвечает или отказывает: {error}"),
                Text::new(
                    "nothing is lost; the next run goes on from here",
                    "ничего не потеряно; следующий запуск продолжит с этого места",
                ),
            ),
            RunError::Busy => (
                Exit::Busy,
                "это подключение занято другим запуском".to_owned(),
                Text::new(
                    "the job is noted as due and the other run will do it; --wait N waits longer",
                    "задание поставлено в очередь, его выполнит другой запуск; --wait N ждёт дольше",
                ),
            ),
            RunError::Interrupted => (
                Exit::Upstream,
                "запуск прерван".to_owned(),
                Text::new("nothing is lost; run it again", "ничего не потеряно; запустите ещё раз"),
            ),
        };
        Self { exit, error: Text::new(error.to_string(), ru), hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::Settings,
        contract::{
            samples::{message, problem},
            types::ProblemClass,
        },
    };

    #[test]
    fn failures_have_their_code_and_speak_both_languages() {
        let missing = Settings::from_pairs([("", ""); 0]).check().unwrap_err();
        for (failure, code) in [
            (Failure::from(missing), 78),
            (StoreError::Address.into(), 78),
            (StoreError::Cluster(3).into(), 78),
            (StoreError::NewerGeneration(2).into(), 78),
            (StoreError::Foreign("kv".to_owned()).into(), 78),
            (
                StoreError::Unreachable { server: "MariaDB at h:1".to_owned(), source: "refused".into() }
                    .into(),
                69,
            ),
            (StoreError::Fenced.into(), 1),
            (RunError::Config(vec![problem(ProblemClass::Config, "no-such-stage")]).into(), 78),
            (RunError::Config(vec![problem(ProblemClass::Token, "token-refused")]).into(), 78),
            (RunError::InvalidCall(message("no-range")).into(), 78),
            (RunError::Upstream(message("no-answer")).into(), 69),
            (RunError::Late(10).into(), 69),
            (RunError::Busy.into(), 75),
            (RunError::Internal(message("bug")).into(), 1),
            (RunError::Fault("trap".to_owned()).into(), 1),
        ] {
            assert_eq!(failure.exit.code(), code);
            let text = failure.to_string();
            assert!(text.starts_with("error: ") && text.contains("\nhint: "), "{text}");
            assert!(text.chars().any(|c| ('а'..='я').contains(&c)), "{text}");
        }
    }

    #[test]
    fn all_findings_stand_in_one_message() {
        let text = Failure::from(Settings::from_pairs([("AMO_RPS", "0")]).check().unwrap_err()).to_string();
        for name in ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN", "AMO_RPS"] {
            assert_eq!(text.matches(&format!("\n         {name}: ")).count(), 2, "{text}");
        }
    }
}
