//! `password`: for the owner who has forgotten it, or has no browser at hand.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::{
    base::failure::{Exit, Failure, Text},
    cli::support::output::say,
    config::Settings,
    store,
    web::{self, password::is_acceptable},
};

/// Who did it, for the list of what was done.
const WHO: &str = "terminal";

/// Sets the password of the console to the first line of stdin and ends all sessions.
pub(crate) async fn password(settings: &Settings) -> Result<Exit, Failure> {
    settings.check_process()?;
    let url = settings.database_url();
    let store = store::open(&url).await?;
    if store::file_of(&url).is_some() {
        store.migrate().await?;
    } else if !store.pending_migrations().await?.is_empty() {
        return Err(store::StoreError::Older.into());
    }
    if io::stdin().is_terminal() {
        say("New password, 10 characters or more; it is shown as you type:")?;
        say("Новый пароль, не меньше 10 символов; при вводе он виден:")?;
    }
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = read.await.map_err(Failure::internal)?.map_err(Failure::internal)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if !is_acceptable(password) {
        return Err(no_password());
    }
    web::replace_password(store.as_ref(), WHO, password.to_owned()).await.map_err(Failure::internal)?;
    say("The password was changed. Everybody has to sign in again.")?;
    say("Пароль изменён. Всем нужно войти заново.")?;
    Ok(Exit::Done)
}

fn no_password() -> Failure {
    Failure {
        exit: Exit::Usage,
        error: Text::new(
            "the password must have 10 to 200 characters",
            "в пароле должно быть от 10 до 200 символов",
        ),
        hint: Text::new(
            "type it in one line, or pipe it in: kaspi-amocrm password < FILE",
            "введите его одной строкой или передайте из файла: kaspi-amocrm password < ФАЙЛ",
        ),
    }
}
