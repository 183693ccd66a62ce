//! Tokens: the long-lived one of the settings, or a pair that is renewed (docs/apis/amocrm.md 1).
//!
//! A refresh token works once, and amoCRM's answer to it can be had once. So a pair is renewed by one run at a time,
//! under a lock that all runs of the store share; the new pair is durable before its access token is used; and a
//! renewal happens at half of the access token's life, so that a pair that got lost leaves hours to mend it.
//! A pair of the settings moves into the store once, and again only when the settings changed.
use crate::contract::types::Account;
use kaspi_amocrm_contract::{Finding, Message, MessageId};

use std::cell::{Cell, RefCell};

use futures_util::lock::Mutex;
use serde_json::{Value, json};

use super::{
    pair::{Dead, Renewal, Stored, ends_ms_of, new_pair, of, pair_key},
    refusals::{SWITCHED_OFF, dead_pair, refused_code, token},
};
use crate::{
    amocrm::{
        error::Stop,
        limits::WRITE_DEADLINE_MS,
        same_account::another_account,
        transport::Transport,
        wire::{positive, text},
    },
    domain::hash::hash,
    ports::{
        HttpError, Method, NetworkTrouble, StoreError,
        document::{self, encode},
        lock::Lock,
    },
    settings::{AmoSettings, OAuthClient, Secret},
};

const TOKEN_PATH: &str = "/oauth2/access_token";
/// How often a refresh token is presented while no answer comes.
const TRIES_MAX: u32 = 2;
/// Longer than two tries with all pauses that amoCRM may ask for in between.
const LOCK_TTL_MS: i64 = 300_000;
/// A run whose neighbour renews waits so long; then the next run sees.
const WAIT_MS_MAX: u64 = 40_000;
const LOOK_AGAIN_MS: u64 = 250;
/// After a renewal that reached nobody, while the access token still works.
const TRY_AGAIN_MS: i64 = 600_000;
/// Half of the life of an access token whose beginning is not known (1.4).
const HALF_LIFE_MS: i64 = 43_200_000;

/// The tokens of one run, and the requests that renew them.
pub(crate) struct OAuth<'a> {
    transport: Transport<'a>,
    /// No token is renewed.
    is_rehearsing: bool,
    pair: RefCell<Option<Stored>>,
    /// Requests of one run that meet a refusal together make one renewal.
    turn: Mutex<()>,
    has_renewed: Cell<bool>,
    problem: RefCell<Option<Stop>>,
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenState {
    /// Of a pair; else it is the long-lived one of the settings.
    pub is_pair: bool,
    /// There is none.
    pub is_missing: bool,
    /// amoCRM refused to renew it.
    pub is_dead: bool,
    /// How long it lives on, where that is known; negative: it has ended.
    pub left_ms: Option<i64>,
}

impl<'a> OAuth<'a> {
    /// Nothing is known of the tokens yet.
    pub(crate) fn new(transport: Transport<'a>) -> Self {
        Self {
            transport,
            is_rehearsing: false,
            pair: RefCell::default(),
            turn: Mutex::default(),
            has_renewed: Cell::default(),
            problem: RefCell::default(),
        }
    }

    /// The same for a dry run: no token is renewed.
    pub(crate) fn rehearsing(self) -> Self {
        Self { is_rehearsing: true, ..self }
    }

    /// How requests are sent, with a token or without.
    pub(crate) fn transport(&self) -> &Transport<'a> {
        &self.transport
    }

    fn settings(&self) -> &'a AmoSettings {
        self.transport.settings
    }

    /// What a person has to do about the tokens while they still work.
    pub(crate) fn token_problem(&self) -> Option<Stop> {
        self.problem.borrow().clone()
    }

    /// When we renewed the stored pair and when its access token ends, as far as that is known; of a long-lived token
    /// it is not.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn token_life(&self) -> Result<(Option<i64>, Option<i64>), StoreError> {
        if self.settings().credentials.long_lived.is_some() {
            return Ok((None, None));
        }
        let stored: Option<Stored> = document::read(self.transport.ports.store, &self.pair_key())?;
        Ok(stored.map_or((None, None), |pair| (pair.made_ms, pair.ends_ms)))
    }

    /// How the token stands, as far as that is known without asking amoCRM.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn token_state(&self) -> Result<TokenState, StoreError> {
        let now_ms = self.transport.ports.clock.now_ms();
        if let Some(token) = &self.settings().credentials.long_lived {
            let left_ms = ends_ms_of(token.expose()).map(|ends_ms| ends_ms - now_ms);
            return Ok(TokenState { is_pair: false, is_missing: false, is_dead: false, left_ms });
        }
        let stored: Option<Stored> = document::read(self.transport.ports.store, &self.pair_key())?;
        let pair = self.new_pair_of_settings(stored.as_ref()).or(stored);
        let of = |pair: &Stored| {
            let client = self.settings().credentials.client.as_ref()?;
            Some(hash(&[&pair.refresh, &client.id, client.secret.expose(), &client.redirect_uri]))
        };
        Ok(TokenState {
            is_pair: true,
            is_missing: pair.is_none(),
            is_dead: pair.as_ref().is_some_and(|pair| {
                pair.dead.as_ref().is_some_and(|dead| of(pair).is_none_or(|of| of == dead.of))
            }),
            left_ms: pair.and_then(|pair| pair.ends_ms).map(|ends_ms| ends_ms - now_ms),
        })
    }

    /// The token for the next request.
    pub(crate) async fn access_token(&self) -> Result<String, Stop> {
        if let Some(token) = &self.settings().credentials.long_lived {
            return Ok(token.expose().to_owned());
        }
        if let Some(pair) = &*self.pair.borrow() {
            return Ok(pair.access.clone());
        }
        let _turn = self.turn.lock().await;
        if self.pair.borrow().is_none() {
            self.load_pair().await?;
        }
        Ok(self.pair.borrow().as_ref().map(|pair| pair.access.clone()).unwrap_or_default())
    }

    /// After a 401: renews what can be renewed. The request may then be sent once more; amoCRM is known to refuse a
    /// good token now and then.
    pub(crate) async fn token_refused(&self, used: &str) -> Result<(), Stop> {
        if self.settings().credentials.long_lived.is_some() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        let is_current = self.pair.borrow().as_ref().is_some_and(|pair| pair.access == used);
        if !is_current || self.has_renewed.get() {
            return Ok(());
        }
        self.renew(used).await
    }

    /// Why no request can be sent any more: the token was refused and cannot be renewed.
    pub(crate) fn dead_token(&self) -> Stop {
        let name = if self.settings().credentials.long_lived.is_some() {
            "AMO_LONG_LIVED_TOKEN"
        } else {
            "AMO_ACCESS_TOKEN"
        };
        token(name, MessageId::AmoTokenRefused)
    }

    /// Takes the pair of the store, or that of the settings where it is new.
    async fn load_pair(&self) -> Result<(), Stop> {
        let mut pair = self.stored_pair()?;
        if let Some(new) = self.new_pair_of_settings(pair.as_ref()) {
            let key = self.lock_key();
            let lock = self.lock(&key).await?;
            // Another run may have taken it over meanwhile.
            let stored = self.stored_pair()?;
            pair = match self.new_pair_of_settings(stored.as_ref()) {
                Some(new) => {
                    self.store_pair(&new)?;
                    Some(new)
                }
                None => stored.or(Some(new)),
            };
            lock.release(self.transport.ports.store)?;
        }
        let Some(pair) = pair else {
            let (problem, hint) = (MessageId::AmoTokenNotSet, MessageId::ConnectAmoAgain);
            return Err(Stop::Config(Finding::new("AMO_LONG_LIVED_TOKEN", problem, hint)));
        };
        let now_ms = self.transport.ports.clock.now_ms();
        let has_ended = pair.access.is_empty() || pair.ends_ms.is_some_and(|ends_ms| ends_ms <= now_ms);
        let is_due = pair.renew_ms.is_some_and(|renew_ms| renew_ms <= now_ms) && !self.is_rehearsing;
        // The others of this run wait for what comes of it.
        if has_ended || is_due {
            match self.renew(&pair.access).await {
                // The access token still works: that is said, and the run goes on.
                Err(stop @ (Stop::Config(_) | Stop::Token(_) | Stop::Unpaid | Stop::Denied(_)))
                    if !has_ended =>
                {
                    drop(self.problem.replace(Some(stop)));
                }
                Err(Stop::Unreachable(_)) if !has_ended => self.try_again_later(&pair.access)?,
                other => return other,
            }
        }
        self.pair.replace(Some(pair));
        Ok(())
    }

    /// The pair of the settings, unless it was taken over before.
    fn new_pair_of_settings(&self, stored: Option<&Stored>) -> Option<Stored> {
        let credentials = &self.settings().credentials;
        let text = |secret: &Option<Secret>| {
            secret.as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default()
        };
        let (access, refresh) = (text(&credentials.access), text(&credentials.refresh));
        if access.is_empty() && refresh.is_empty() {
            return None;
        }
        let fingerprint = hash(&[&access, &refresh]);
        let mut taken = stored.map(|stored| stored.taken.clone()).unwrap_or_default();
        // Connections of one account may name the same pair: it is used up by the first of them.
        if taken.values().any(|known| *known == fingerprint) {
            return None;
        }
        taken.insert(self.transport.connection.to_owned(), fingerprint);
        let ends_ms = credentials.expires_ms.filter(|_| !refresh.is_empty());
        let renew_ms = ends_ms.map(|ends_ms| ends_ms - HALF_LIFE_MS);
        Some(Stored { v: 1, access, refresh, made_ms: None, renew_ms, ends_ms, taken, dead: None })
    }

    /// Renews the pair whose access token is `used`, unless another run has done so.
    async fn renew(&self, used: &str) -> Result<(), Stop> {
        if self.is_rehearsing {
            let problem = MessageId::DryRunRenewsNothing;
            return Err(Stop::Config(Finding::new("AMO_ACCESS_TOKEN", problem, MessageId::RunForReal)));
        }
        let key = self.lock_key();
        let lock = self.lock(&key).await?;
        let result = self.renew_locked(used, lock.until_ms()).await;
        lock.release(self.transport.ports.store)?;
        result
    }

    async fn renew_locked(&self, used: &str, until_ms: i64) -> Result<(), Stop> {
        let pair = match self.stored_pair()? {
            Some(stored) if stored.access == used => stored,
            Some(newer) => {
                self.pair.replace(Some(newer));
                return Ok(());
            }
            None => return Err(self.dead_token()),
        };
        let Some(client) = self.settings().credentials.client.as_ref().filter(|_| !pair.refresh.is_empty())
        else {
            return Err(self.not_renewable(&pair));
        };
        let of = of(client, &pair.refresh);
        if let Some(dead) = pair.dead.as_ref().filter(|dead| dead.of == of) {
            return Err(dead_pair(&dead.reason));
        }
        match self.ask_for_pair(client, ("refresh_token", "refresh_token", &pair.refresh), until_ms).await? {
            Renewal::Done { access, refresh, lives_ms } => {
                let fresh =
                    Stored::fresh(access, refresh, self.transport.ports.clock.now_ms(), lives_ms, pair.taken);
                self.store_pair(&fresh)?;
                self.pair.replace(Some(fresh));
                self.has_renewed.set(true);
                Ok(())
            }
            Renewal::Refused(reason) => {
                let stop = dead_pair(&reason);
                self.store_pair(&Stored { dead: Some(Dead { of, reason }), ..pair })?;
                Err(stop)
            }
        }
    }

    /// Trades an authorization code for a pair and keeps it, once its account is known to be `expected_id`, where that
    /// is given. Answers with the account.
    ///
    /// # Errors
    /// When amoCRM refuses the code, the tokens open another account, or there is no usable answer: nothing is kept.
    pub(crate) async fn connect(&self, code: &str, expected_id: Option<i64>) -> Result<Account, Stop> {
        let credentials = &self.settings().credentials;
        if credentials.long_lived.is_some() {
            let problem = MessageId::LongLivedTokenCounts;
            return Err(Stop::Config(Finding::new(
                "AMO_LONG_LIVED_TOKEN",
                problem,
                MessageId::RemoveItFirst,
            )));
        }
        let Some(client) = &credentials.client else {
            return Err(Stop::Config(Finding::missing("AMO_CLIENT_ID", MessageId::SetIntegration)));
        };
        let key = self.lock_key();
        let lock = self.lock(&key).await?;
        let connected = self.connect_locked(client, code, expected_id, lock.until_ms()).await;
        lock.release(self.transport.ports.store)?;
        connected
    }

    async fn connect_locked(
        &self,
        client: &OAuthClient,
        code: &str,
        expected_id: Option<i64>,
        until_ms: i64,
    ) -> Result<Account, Stop> {
        let (access, refresh, lives_ms) =
            match self.ask_for_pair(client, ("authorization_code", "code", code), until_ms).await? {
                Renewal::Done { access, refresh, lives_ms } => (access, refresh, lives_ms),
                Renewal::Refused(reason) => return Err(refused_code(&reason)),
            };
        let account =
            match self.transport.exchange(Method::Get, "/api/v4/account", Some(&access), None).await? {
                Ok(response) if response.status == 200 => serde_json::from_slice(&response.body).ok(),
                _ => None,
            };
        let Some((account, id)) =
            account.and_then(|account: Value| positive(&account, "id").map(|id| (account, id)))
        else {
            return Err(Stop::unreachable(MessageId::NewAccountUnreadable));
        };
        if let Some(expected) = expected_id.filter(|expected| *expected != id) {
            return Err(Stop::Config(another_account(self.transport.connection, id, expected)));
        }
        let stored = self.stored_pair()?;
        let mut taken = stored.as_ref().map(|stored| stored.taken.clone()).unwrap_or_default();
        // A pair that the settings still name is older than this one.
        if let Some(of_settings) = self.new_pair_of_settings(stored.as_ref()) {
            taken = of_settings.taken;
        }
        self.store_pair(&Stored::fresh(
            access,
            refresh,
            self.transport.ports.clock.now_ms(),
            lives_ms,
            taken,
        ))?;
        Ok(Account { id, name: text(&account, "name"), subdomain: text(&account, "subdomain") })
    }

    /// Gives the pair up because amoCRM said that the integration was switched off. Answers whether there was one.
    ///
    /// # Errors
    /// When the store fails, or another run is busy with the pair for too long.
    pub(crate) async fn disconnect(&self) -> Result<bool, Stop> {
        let Some(client) = self.settings().credentials.client.as_ref() else { return Ok(false) };
        if self.settings().credentials.long_lived.is_some() {
            return Ok(false);
        }
        let key = self.lock_key();
        let lock = self.lock(&key).await?;
        let stored = self.stored_pair()?;
        let is_there = stored.is_some();
        if let Some(pair) = stored {
            let dead = Some(Dead { of: of(client, &pair.refresh), reason: SWITCHED_OFF.to_owned() });
            // Its access token is not tried any more either.
            self.store_pair(&Stored { dead, ends_ms: Some(self.transport.ports.clock.now_ms()), ..pair })?;
        }
        lock.release(self.transport.ports.store)?;
        Ok(is_there)
    }

    /// Presents a refresh token or a code: `(grant type, name, value)`. Sent again only while no answer came: the first
    /// one may not have arrived.
    async fn ask_for_pair(
        &self,
        client: &OAuthClient,
        (grant_type, name, value): (&str, &str, &str),
        until_ms: i64,
    ) -> Result<Renewal, Stop> {
        let body = json!({
            "client_id": client.id,
            "client_secret": client.secret.expose(),
            "grant_type": grant_type,
            name: value,
            "redirect_uri": client.redirect_uri,
        });
        let (mut trouble, mut kind) = (Message::verbatim(""), NetworkTrouble::Other);
        let mut is_lost = false;
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                self.transport.ports.clock.sleep(2_000).await;
            }
            let ends_ms =
                self.transport.ports.clock.now_ms() + i64::try_from(WRITE_DEADLINE_MS).unwrap_or(i64::MAX);
            if ends_ms > until_ms {
                break;
            }
            let answer = match self.transport.exchange(Method::Post, TOKEN_PATH, None, Some(&body)).await {
                Err(Stop::Refused { status, detail, .. }) => {
                    return Ok(Renewal::Refused(format!("{status}: {detail}")));
                }
                answer => answer?,
            };
            match answer {
                Ok(response) => match (response.status, serde_json::from_slice::<Value>(&response.body)) {
                    (200, Ok(document)) if let Some(done) = new_pair(&document) => return Ok(done),
                    (400..=499, document) => {
                        let hint = document.ok().and_then(|d| Some(d.get("hint")?.as_str()?.to_owned()));
                        let hint: String = hint.unwrap_or_default().chars().take(100).collect();
                        let lost =
                            if is_lost { "; an earlier answer with the new tokens was lost" } else { "" };
                        return Ok(Renewal::Refused(format!("{}: {hint}{lost}", response.status)));
                    }
                    (status, _) => {
                        is_lost = true;
                        kind = NetworkTrouble::Other;
                        trouble = Message::new(MessageId::AnswerStatus, [("status", &status)]);
                    }
                },
                Err(error) => {
                    is_lost |= matches!(error, HttpError::Unknown(..));
                    (trouble, kind) = (error.message(), error.trouble());
                }
            }
        }
        self.transport.gave_up(kind);
        Err(Stop::Unreachable(Message::plain(MessageId::TokenNotRenewed).nest("detail", trouble)))
    }

    /// No further try for a while, whichever run comes next.
    fn try_again_later(&self, used: &str) -> Result<(), Stop> {
        if let Some(stored) = self.stored_pair()?.filter(|stored| stored.access == used) {
            let renew_ms = Some(self.transport.ports.clock.now_ms() + TRY_AGAIN_MS);
            self.store_pair(&Stored { renew_ms, ..stored })?;
        }
        Ok(())
    }

    fn not_renewable(&self, pair: &Stored) -> Stop {
        if pair.refresh.is_empty() {
            return self.dead_token();
        }
        let problem = MessageId::PairNotRenewable;
        Stop::Config(Finding::new("AMO_REFRESH_TOKEN", problem, MessageId::ConnectAmoAgain))
    }

    async fn lock(&self, key: &str) -> Result<Lock, Stop> {
        let clock = self.transport.ports.clock;
        let began_ms = clock.monotonic_ms();
        loop {
            let (owner, now_ms) = (Some(self.transport.connection), clock.now_ms());
            if let Some(lock) = Lock::try_take(self.transport.ports.store, key, owner, now_ms, LOCK_TTL_MS)? {
                return Ok(lock);
            }
            if clock.monotonic_ms() - began_ms > WAIT_MS_MAX {
                return Err(Stop::unreachable(MessageId::TokenBusy));
            }
            clock.sleep(LOOK_AGAIN_MS).await;
        }
    }

    fn stored_pair(&self) -> Result<Option<Stored>, Stop> {
        Ok(document::read(self.transport.ports.store, &self.pair_key())?)
    }

    fn store_pair(&self, pair: &Stored) -> Result<(), Stop> {
        Ok(self.transport.ports.store.set_many(&[(self.pair_key(), encode(pair))])?)
    }

    fn pair_key(&self) -> String {
        pair_key(&self.settings().base_url)
    }

    /// Counted with, so it lies outside of what is sealed.
    fn lock_key(&self) -> String {
        format!("lock/{}", self.pair_key())
    }
}
