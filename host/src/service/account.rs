//! Setting up an account, and finding out why it does not work.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    call::{finished, parsed},
    error::RunError,
    host::Host,
    reading::Item,
};
use crate::{
    base::{job::Job, shutdown::Stop},
    wasm::Question,
};

/// Time for what asks both servers a few questions.
const ASK_MAX: Duration = Duration::from_secs(60);

/// What `examine` answers, see `wit/world.wit`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Examination {
    /// What is wrong.
    pub findings: Vec<Symptom>,
    /// What was seen at Kaspi.
    pub kaspi: Option<SeenKaspi>,
    /// What was seen in amoCRM.
    pub amocrm: Option<SeenAmo>,
}

/// One thing that is wrong, for a text to be made of.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Symptom {
    /// A word of `docs/doctor.md`.
    pub class: String,
    /// The setting that it is about.
    pub name: Option<String>,
    /// Numbers, names and ids for the text.
    pub detail: Map<String, Value>,
}

/// What was seen at Kaspi.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SeenKaspi {
    /// Orders of the last day.
    pub orders: u64,
    /// Orders of them with a phone.
    pub phones: u64,
    /// Orders of them whose phone is hidden.
    pub masked_phones: u64,
    /// How far the server's clock is ahead of ours.
    pub clock_skew_ms: Option<i64>,
}

/// What was seen in amoCRM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SeenAmo {
    /// The account.
    pub account: Item,
    /// `long_lived` or `pair`.
    pub token: String,
    /// How long the token lives on.
    pub token_left_ms: Option<i64>,
    /// How far the server's clock is ahead of ours.
    pub clock_skew_ms: Option<i64>,
}

/// What `prepare-account` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Prepared {
    /// What was made.
    pub made: Vec<Made>,
    /// What was there already.
    pub found: Vec<Made>,
}

/// A field or a list of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Made {
    /// `order_code`, `catalog`, `sku` or `price`.
    pub what: String,
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Who ordered. It never reaches a log.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Buyer {
    /// The name.
    pub name: Option<String>,
    /// The phone, E.164.
    pub phone: Option<String>,
    /// The address of the delivery.
    pub address: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    account: Item,
    disconnected: bool,
    buyer: Option<Buyer>,
}

impl Host {
    /// Tries what the settings name at both sides, or at one (`kaspi`, `amocrm`); changes nothing.
    ///
    /// # Errors
    /// When the component does not answer. What is wrong with the settings is a symptom where the component can tell it.
    pub async fn examine(
        &self,
        connection: &str,
        part: Option<&str>,
        stop: &Stop,
    ) -> Result<Examination, RunError> {
        let options = part.map(|part| ("part".to_owned(), part.into())).into_iter().collect();
        parsed(&self.look(connection, Question::Examine, options, stop).await?, "examination")
    }

    /// Who placed an order; `None` once it is settled. The caller records who has asked.
    ///
    /// # Errors
    /// When settings are wrong, or the component does not answer.
    pub async fn buyer(&self, connection: &str, code: &str, stop: &Stop) -> Result<Option<Buyer>, RunError> {
        let options = Map::from_iter([("code".to_owned(), code.into())]);
        let text = self.look(connection, Question::Buyer, options, stop).await?;
        Ok(parsed::<Answer>(&text, "answer about a buyer")?.buyer)
    }

    /// Makes fields and lists that the account lacks: `order_code`, `catalog`, `sku`, `price`.
    ///
    /// # Errors
    /// When it could not begin, or amoCRM refuses.
    pub async fn prepare_account(
        self: &Arc<Self>,
        connection: &str,
        make: &[&str],
        wait: Duration,
        stop: &Stop,
    ) -> Result<Prepared, RunError> {
        let options = Map::from_iter([("make".to_owned(), json!(make))]);
        parsed(
            &self.change(connection, Question::Prepare, options, wait, stop).await?,
            "list of what was made",
        )
    }

    /// Trades an authorization code for tokens of the account of the settings.
    ///
    /// # Errors
    /// When it could not begin, or amoCRM refuses.
    pub async fn connect_account(
        self: &Arc<Self>,
        connection: &str,
        code: &str,
        wait: Duration,
        stop: &Stop,
    ) -> Result<Item, RunError> {
        let options = Map::from_iter([("code".to_owned(), code.into())]);
        let text = self.change(connection, Question::Connect, options, wait, stop).await?;
        Ok(parsed::<Answer>(&text, "answer about the account")?.account)
    }

    /// Marks the tokens of a connection as dead, if it works with that account.
    ///
    /// # Errors
    /// When it could not begin, or the store fails.
    pub async fn disconnect_account(
        self: &Arc<Self>,
        connection: &str,
        account_id: i64,
        wait: Duration,
        stop: &Stop,
    ) -> Result<bool, RunError> {
        let options = Map::from_iter([("account_id".to_owned(), account_id.into())]);
        let text = self.change(connection, Question::Disconnect, options, wait, stop).await?;
        Ok(parsed::<Answer>(&text, "answer about the account")?.disconnected)
    }

    async fn look(
        &self,
        connection: &str,
        question: Question,
        options: Map<String, Value>,
        stop: &Stop,
    ) -> Result<String, RunError> {
        let target = self.target_so_far(connection)?;
        let guest = self.guest(&target, None, self.quiet_share(&target), stop);
        let call = Box::pin(self.plugin.ask(guest, question, options, ASK_MAX));
        finished(call, stop, Duration::ZERO).await
    }

    async fn change(
        self: &Arc<Self>,
        connection: &str,
        question: Question,
        options: Map<String, Value>,
        wait: Duration,
        stop: &Stop,
    ) -> Result<String, RunError> {
        let run = self.begin_unless(connection, Job::New, wait, stop).await?;
        let answer = run.ask(question, options, ASK_MAX, stop).await;
        run.finish(stop).await;
        answer
    }
}
