//! Requests to amoCRM: reads that are tried again, writes that are not.

use crate::ports::NetworkTrouble;
use std::{cell::Cell, collections::BTreeSet};

use kaspi_amocrm_contract::{Message, MessageId};
use serde_json::{Value, json};

use super::{
    account_lock::AccountLock,
    dry_run,
    error::Stop,
    limits::PAGE_SIZE,
    oauth::OAuth,
    outcome::{self, Write},
    transport::{Heard, Transport, call_of, detail_of},
    wire::{Contact, Element, Lead, LeadChange, LinkDraft, Note, positive, rows},
};
use crate::{
    domain::{ContactId, LeadId, url},
    ports::{HttpError, HttpResponse, Method, Ports},
    settings::{AmoSettings, Settings},
};
/// How often a read, or a write that surely did not arrive, is tried.
const TRIES_MAX: u32 = 3;
/// What else is wanted of leads that are looked at singly (3.5).
const WITH_PARTS: &str = "catalog_elements,contacts";

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    /// Contacts.
    Contacts,
    /// Elements of a catalog.
    Elements {
        /// The catalog's id.
        catalog_id: i64,
    },
    /// Leads. Never by `/leads/complex`: duplicate control may fold an order into an older lead there (3.6).
    Leads,
    /// Notes of leads.
    Notes,
}

impl Creation {
    fn path(self) -> String {
        match self {
            Self::Contacts => "/api/v4/contacts".to_owned(),
            Self::Elements { catalog_id } => format!("/api/v4/catalogs/{catalog_id}/elements"),
            Self::Leads => "/api/v4/leads".to_owned(),
            Self::Notes => "/api/v4/leads/notes".to_owned(),
        }
    }

    /// Where answers have their rows.
    fn name(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Elements { .. } => "elements",
            Self::Leads => "leads",
            Self::Notes => "notes",
        }
    }
}

/// The client of one run.
pub(crate) struct Amo<'a> {
    oauth: OAuth<'a>,
    /// In a dry run: ids made up so far for what is not sent.
    made_up: Option<Cell<i64>>,
}

impl<'a> Amo<'a> {
    /// A client that has sent nothing yet and will not for `rest_ms`.
    pub(crate) fn new(ports: Ports<'a>, settings: &'a Settings, rest_ms: u64) -> Self {
        Self { oauth: OAuth::new(Transport::new(ports, settings, rest_ms)), made_up: None }
    }

    /// The same client for a dry run: writes are answered here, and no token is renewed.
    #[must_use]
    pub(crate) fn rehearsing(self) -> Self {
        Self { oauth: self.oauth.rehearsing(), made_up: Some(Cell::new(0)) }
    }

    /// Whether this is a dry run.
    fn is_rehearsing(&self) -> bool {
        self.made_up.is_some()
    }

    /// What proves to the account who asks.
    pub(crate) fn oauth(&self) -> &OAuth<'a> {
        &self.oauth
    }

    fn transport(&self) -> &Transport<'a> {
        self.oauth.transport()
    }

    fn settings(&self) -> &'a AmoSettings {
        self.transport().settings
    }

    /// Under which whatever belongs to the account is read, judged and made.
    pub(crate) fn lock(&self) -> &AccountLock<'a> {
        &self.transport().lock
    }

    /// Requests sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.transport().requests()
    }

    /// What the server said besides its answers so far.
    pub(crate) fn heard(&self) -> Heard {
        self.transport().heard()
    }

    /// How many look-ups may run side by side.
    pub(crate) fn parallel(&self) -> usize {
        self.settings().requests_per_second.max(1) as usize
    }

    /// Reads a document; `None` for "nothing there" (204 or 404, docs/apis/amocrm.md 2.3).
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Value>, Stop> {
        let (mut trouble, mut kind) = (Message::verbatim(""), NetworkTrouble::Other);
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                self.transport().ports.clock.sleep(1_000 << attempt).await;
            }
            let response = match self.send(Method::Get, path, None).await? {
                Ok(response) => response,
                Err(error) => {
                    (trouble, kind) = (error.message(), error.trouble());
                    continue;
                }
            };
            kind = NetworkTrouble::Other;
            match response.status {
                204 | 404 => return Ok(None),
                200 => match serde_json::from_slice::<Value>(&response.body) {
                    Ok(document) if document.is_object() => return Ok(Some(document)),
                    _ => trouble = MessageId::AnswerNotJson.into(),
                },
                status @ 400..=499 => {
                    let detail = detail_of(&response.body);
                    return Err(Stop::Refused { call: call_of(path), status, detail });
                }
                status => trouble = Message::new(MessageId::AnswerStatus, [("status", &status)]),
            }
        }
        self.transport().gave_up(kind);
        let failed = Message::new(MessageId::AmoReadFailed, [("call", &call_of(path))]);
        Err(Stop::Unreachable(failed.nest("detail", trouble)))
    }

    /// Sends one write, once. It is sent again only where it surely did not arrive.
    ///
    /// # Errors
    /// When the account refuses all requests; the write was then not carried out.
    pub(crate) async fn write(&self, path: &str, body: &Value) -> Result<Write, Stop> {
        self.send_write(Method::Post, path, body).await
    }

    async fn send_write(&self, method: Method, path: &str, body: &Value) -> Result<Write, Stop> {
        if let Some(made_up) = &self.made_up {
            let first = made_up.get();
            made_up.set(first + 1_000);
            return Ok(Write::Done(dry_run::answer(path, body, first)));
        }
        let mut trouble = String::new();
        for attempt in 0..TRIES_MAX {
            if attempt > 0 {
                self.transport().ports.clock.sleep(1_000 << attempt).await;
            }
            match self.send(method, path, Some(body)).await? {
                // Unlinking has nothing to tell (3.7).
                Ok(response) if response.status == 204 && path.ends_with("/unlink") => {
                    return Ok(Write::Done(Value::Null));
                }
                Ok(response) => return Ok(outcome::classify(response.status, &response.body)),
                Err(HttpError::NotSent(_, reason)) => trouble = reason,
                Err(HttpError::Denied(reason)) => return Err(Stop::Denied(reason)),
                Err(HttpError::Ending) => return Err(Stop::Ending),
                Err(HttpError::Unknown(_, reason)) => return Ok(Write::Unknown(reason)),
            }
        }
        Ok(Write::NotApplied(trouble))
    }

    /// Sends with the token of the moment; what it answers says something about the request itself.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<HttpResponse, HttpError>, Stop> {
        for refused in 0.. {
            let token = self.oauth.access_token().await?;
            match self.transport().exchange(method, path, Some(&token), body).await? {
                // Turned away before it was read: a write may be sent again (1.10).
                Ok(response) if response.status == 401 && refused == 0 => {
                    self.oauth.token_refused(&token).await?
                }
                Ok(response) if response.status == 401 => return Err(self.oauth.dead_token()),
                answer => return Ok(answer),
            }
        }
        unreachable!("the loop ends by returning")
    }

    // Lists.

    /// A page of leads, newest first (docs/apis/amocrm.md 4.2: immediate, unlike `query`). Pages count from 1.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn newest_leads(&self, page: usize) -> Result<Vec<Lead>, Stop> {
        self.leads(&format!("order%5Bid%5D=desc&limit={PAGE_SIZE}&page={page}")).await
    }

    /// A page of leads that changed since a moment, with their products and contacts.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn leads_updated_since(&self, since_s: i64, page: usize) -> Result<Vec<Lead>, Stop> {
        let query = format!(
            "filter%5Bupdated_at%5D%5Bfrom%5D={since_s}&order%5Bid%5D=desc&with={WITH_PARTS}\
             &limit={PAGE_SIZE}&page={page}"
        );
        self.leads(&query).await
    }

    /// One lead by its id, also one in the bin; `None`: it is gone without trace.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn lead(&self, id: LeadId) -> Result<Option<Lead>, Stop> {
        let document = self.get(&format!("/api/v4/leads/{id}?with={WITH_PARTS}")).await?;
        Ok(document.and_then(|row| Lead::read(&row, self.settings().lead_order_code_field_id)))
    }

    /// Leads that the search finds for a text: may miss the newest, may show strangers (4.1).
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn search_leads(&self, text: &str) -> Result<Vec<Lead>, Stop> {
        self.leads(&format!("query={}&limit={PAGE_SIZE}", url::encode(text))).await
    }

    /// Leads by id with their products and contacts, as they are at this moment; deleted ones are missing.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn leads_by_id(&self, ids: &[LeadId]) -> Result<Vec<Lead>, Stop> {
        let mut leads = Vec::new();
        for chunk in ids.chunks(PAGE_SIZE) {
            let filter: Vec<String> = chunk.iter().map(|id| format!("filter%5Bid%5D%5B%5D={id}")).collect();
            let query = format!("{}&with={WITH_PARTS}&limit={PAGE_SIZE}", filter.join("&"));
            leads.extend(self.leads(&query).await?);
        }
        Ok(leads)
    }

    async fn leads(&self, query: &str) -> Result<Vec<Lead>, Stop> {
        let code_field = self.settings().lead_order_code_field_id;
        let document = self.get(&format!("/api/v4/leads?{query}")).await?;
        Ok(rows(document.as_ref(), "leads").filter_map(|row| Lead::read(row, code_field)).collect())
    }

    /// A page of contacts, newest first. Pages count from 1.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn newest_contacts(&self, page: usize) -> Result<Vec<Contact>, Stop> {
        self.contacts(&format!("order%5Bid%5D=desc&limit={PAGE_SIZE}&page={page}")).await
    }

    /// Contacts that the search finds for some digits: may miss the newest, may show strangers (4.1).
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn search_contacts(&self, digits: &str, page: usize) -> Result<Vec<Contact>, Stop> {
        self.contacts(&format!("query={}&limit={PAGE_SIZE}&page={page}", url::encode(digits))).await
    }

    async fn contacts(&self, query: &str) -> Result<Vec<Contact>, Stop> {
        let document = self.get(&format!("/api/v4/contacts?{query}")).await?;
        Ok(rows(document.as_ref(), "contacts").filter_map(Contact::read).collect())
    }

    /// A page of the catalog, in whatever order. Pages count from 1. The second value is the number of rows.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn elements(&self, catalog_id: i64, page: usize) -> Result<(Vec<Element>, usize), Stop> {
        let path = format!("/api/v4/catalogs/{catalog_id}/elements?limit={PAGE_SIZE}&page={page}");
        let document = self.get(&path).await?;
        let count = rows(document.as_ref(), "elements").count();
        Ok((rows(document.as_ref(), "elements").filter_map(Element::read).collect(), count))
    }

    /// Elements that the search finds for a text.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn search_elements(&self, catalog_id: i64, text: &str) -> Result<Vec<Element>, Stop> {
        let path =
            format!("/api/v4/catalogs/{catalog_id}/elements?query={}&limit={PAGE_SIZE}", url::encode(text));
        let document = self.get(&path).await?;
        Ok(rows(document.as_ref(), "elements").filter_map(Element::read).collect())
    }

    /// A page of the notes of one lead. Pages count from 1.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn notes_of(&self, lead: LeadId, page: usize) -> Result<Vec<Note>, Stop> {
        self.notes(&format!("/api/v4/leads/{lead}/notes?limit={PAGE_SIZE}&page={page}")).await
    }

    /// A page of the notes of some leads (3.9).
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn notes_of_all(&self, leads: &[LeadId], page: usize) -> Result<Vec<Note>, Stop> {
        let filter: Vec<String> =
            leads.iter().map(|id| format!("filter%5Bentity_id%5D%5B%5D={id}")).collect();
        self.notes(&format!("/api/v4/leads/notes?{}&limit={PAGE_SIZE}&page={page}", filter.join("&"))).await
    }

    async fn notes(&self, path: &str) -> Result<Vec<Note>, Stop> {
        let document = self.get(path).await?;
        Ok(rows(document.as_ref(), "notes").filter_map(Note::read).collect())
    }

    // Writes, one request each.

    /// Makes entities of one kind, under the lock of the account. The answer is matched with [`ids_of`](Self::ids_of).
    ///
    /// # Errors
    /// When the account refuses all requests, or another shop took it over meanwhile; nothing was made then.
    pub(crate) async fn create(&self, kind: Creation, bodies: Vec<Value>) -> Result<Write, Stop> {
        if !self.is_rehearsing() && !self.lock().renew()? {
            return Err(Stop::Busy);
        }
        self.write(&kind.path(), &Value::Array(bodies)).await
    }

    /// Changes leads. What was changed is told by [`changed_ids`](Self::changed_ids).
    ///
    /// # Errors
    /// When the account refuses all requests.
    pub(crate) async fn change_leads(&self, changes: &[LeadChange]) -> Result<Write, Stop> {
        let body: Vec<Value> = changes.iter().map(LeadChange::body).collect();
        self.send_write(Method::Patch, "/api/v4/leads", &json!(body)).await
    }

    /// Links products to leads, or changes their quantities.
    ///
    /// # Errors
    /// When the account refuses all requests.
    pub(crate) async fn link(&self, drafts: &[LinkDraft]) -> Result<Write, Stop> {
        let body: Vec<Value> = drafts.iter().map(LinkDraft::body).collect();
        self.write("/api/v4/leads/link", &json!(body)).await
    }

    /// Links contacts with leads, as their main ones.
    ///
    /// # Errors
    /// When the account refuses all requests.
    pub(crate) async fn link_contacts(&self, rows: &[(LeadId, ContactId)]) -> Result<Write, Stop> {
        let body = rows.iter().map(|(lead, contact)| {
            json!({
                "entity_id": lead.0, "to_entity_id": contact.0, "to_entity_type": "contacts",
                "metadata": {"is_main": true},
            })
        });
        self.write("/api/v4/leads/link", &Value::Array(body.collect())).await
    }

    /// Takes products off leads.
    ///
    /// # Errors
    /// When the account refuses all requests.
    pub(crate) async fn unlink(&self, drafts: &[LinkDraft]) -> Result<Write, Stop> {
        let body: Vec<Value> = drafts.iter().map(LinkDraft::unlinking_body).collect();
        self.write("/api/v4/leads/unlink", &json!(body)).await
    }

    /// Ids of changed leads, from a [`Write::Done`].
    pub(crate) fn changed_ids(document: &Value) -> BTreeSet<LeadId> {
        rows(Some(document), "leads").filter_map(|row| positive(row, "id").map(LeadId)).collect()
    }

    /// Ids of created entities by `request_id`, from a [`Write::Done`]. Rows without either, or whose `request_id`
    /// stands twice, are left out: nothing is proven for them.
    pub(crate) fn ids_of(document: &Value, kind: Creation) -> Vec<(String, i64)> {
        let mut ids: Vec<(String, i64)> = rows(Some(document), kind.name())
            .filter_map(|row| {
                let request_id = outcome::id_text(row.get("request_id")?)?;
                Some((request_id, positive(row, "id")?))
            })
            .collect();
        ids.sort();
        ids.dedup();
        let doubled: Vec<String> =
            ids.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0.clone()).collect();
        ids.retain(|(request_id, _)| !doubled.contains(request_id));
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_proves_only_what_it_names_once() {
        let document = json!({"_embedded": {"leads": [
            {"id": 1, "request_id": "a"}, {"id": 2, "request_id": 7}, {"id": null, "request_id": "c"},
            {"id": 4}, {"id": 5, "request_id": "d"}, {"id": 6, "request_id": "d"}, {"id": -1, "request_id": "e"},
        ]}});
        assert_eq!(Amo::ids_of(&document, Creation::Leads), [("7".to_owned(), 2), ("a".to_owned(), 1)]);
    }
}
