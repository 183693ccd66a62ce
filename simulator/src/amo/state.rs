//! What the CRM holds: entities as plain structs, in the order of their ids.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::{Account, Owner};

/// One value of a custom field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldValue {
    /// As written: text, number or bool.
    pub value: Value,
    /// The choice, where the field has choices.
    pub enum_id: Option<u64>,
    /// Its code.
    pub enum_code: Option<String>,
}

impl FieldValue {
    /// A value without a choice.
    pub fn plain(value: impl Into<Value>) -> Self {
        Self { value: value.into(), enum_id: None, enum_code: None }
    }
}

/// Values by field id.
pub type FieldValues = BTreeMap<u64, Vec<FieldValue>>;

/// One lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whole units of the account's currency.
    pub price: i64,
    /// Where it stands.
    pub pipeline_id: u64,
    /// Its stage.
    pub status_id: u64,
    /// Why it was lost, while the stage is lost.
    pub loss_reason_id: Option<u64>,
    /// Whose it is.
    pub responsible_user_id: u64,
    /// 0 is a robot.
    pub created_by: u64,
    /// Seconds, as the API shows it; may be given by the client.
    pub created_at: i64,
    /// Seconds.
    pub updated_at: i64,
    /// Seconds, while the stage is won or lost.
    pub closed_at: Option<i64>,
    /// In the bin.
    pub is_deleted: bool,
    /// The price follows from the products.
    pub is_price_computed: bool,
    /// Custom fields.
    pub fields: FieldValues,
    /// Ids of tags.
    pub tags: Vec<u64>,
    /// Contacts and which of them is the main one.
    pub contacts: Vec<(u64, bool)>,
    /// When it really came to be, epoch milliseconds.
    pub made_at_ms: i64,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

/// One contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Its id.
    pub id: u64,
    /// The full name.
    pub name: String,
    /// First name, may be empty.
    pub first_name: String,
    /// Last name, may be empty.
    pub last_name: String,
    /// Whose it is.
    pub responsible_user_id: u64,
    /// 0 is a robot.
    pub created_by: u64,
    /// Seconds.
    pub created_at: i64,
    /// Seconds.
    pub updated_at: i64,
    /// In the bin.
    pub is_deleted: bool,
    /// Custom fields.
    pub fields: FieldValues,
    /// Ids of tags.
    pub tags: Vec<u64>,
    /// When it really came to be, epoch milliseconds.
    pub made_at_ms: i64,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

impl Contact {
    /// Its phones as they were typed.
    pub fn phones(&self) -> Vec<&str> {
        let values = self.fields.get(&super::account::PHONE_FIELD_ID);
        values.into_iter().flatten().filter_map(|value| value.value.as_str()).collect()
    }
}

/// One element of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Its id.
    pub id: u64,
    /// Its list.
    pub catalog_id: u64,
    /// Its name.
    pub name: String,
    /// Seconds.
    pub created_at: i64,
    /// Seconds.
    pub updated_at: i64,
    /// In the bin.
    pub is_deleted: bool,
    /// Custom fields.
    pub fields: FieldValues,
    /// When it really came to be, epoch milliseconds.
    pub made_at_ms: i64,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

impl Element {
    /// Its article in the default list of products.
    pub fn sku(&self) -> Option<&str> {
        self.fields.get(&super::account::SKU_FIELD_ID)?.first()?.value.as_str()
    }
}

/// A row of products on a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The lead.
    pub lead_id: u64,
    /// The element.
    pub element_id: u64,
    /// Its list.
    pub catalog_id: u64,
    /// How many.
    pub quantity: f64,
    /// The field whose value is the price of the row.
    pub price_id: Option<u64>,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

impl Link {
    /// Whether both say how many of one product a lead has.
    pub(crate) fn is_of_row(&self, other: &Self) -> bool {
        (self.lead_id, self.element_id, self.catalog_id)
            == (other.lead_id, other.element_id, other.catalog_id)
    }
}

/// One note on a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Its id.
    pub id: u64,
    /// The lead.
    pub lead_id: u64,
    /// `common`, `service_message` ...
    pub kind: String,
    /// The text.
    pub text: String,
    /// The service of service messages.
    pub service: Option<String>,
    /// 0 is a robot.
    pub created_by: u64,
    /// Whose it is.
    pub responsible_user_id: u64,
    /// Seconds.
    pub created_at: i64,
    /// Seconds.
    pub updated_at: i64,
    /// When it really came to be, epoch milliseconds.
    pub made_at_ms: i64,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

/// Everything of one account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) account: Account,
    pub(crate) leads: Vec<Lead>,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) elements: Vec<Element>,
    pub(crate) links: Vec<Link>,
    pub(crate) notes: Vec<Note>,
    /// Names; the id of a tag is its place plus [`FIRST_TAG_ID`].
    pub(crate) tags: Vec<String>,
    next: BTreeMap<&'static str, u64>,
}

/// The id of the first tag.
const FIRST_TAG_ID: u64 = 11;

impl State {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account,
            leads: Vec::new(),
            contacts: Vec::new(),
            elements: Vec::new(),
            links: Vec::new(),
            notes: Vec::new(),
            tags: Vec::new(),
            next: BTreeMap::from([
                ("contacts", 700_001),
                ("leads", 800_001),
                ("elements", 900_001),
                ("notes", 1_000_001),
                ("fields", 1_701),
                ("catalogs", 4_701),
            ]),
        }
    }

    /// A new id. Ids rise with gaps: other people of the platform create things too.
    pub(crate) fn next_id(&mut self, kind: &'static str) -> u64 {
        let next = self.next.get_mut(kind).expect("one of the kinds of `new`");
        let id = *next;
        *next += 2;
        id
    }

    pub(crate) fn lead(&self, id: u64) -> Option<&Lead> {
        self.leads.binary_search_by_key(&id, |lead| lead.id).ok().map(|at| &self.leads[at])
    }

    pub(crate) fn lead_mut(&mut self, id: u64) -> Option<&mut Lead> {
        self.leads.binary_search_by_key(&id, |lead| lead.id).ok().map(|at| &mut self.leads[at])
    }

    pub(crate) fn contact(&self, id: u64) -> Option<&Contact> {
        self.contacts.binary_search_by_key(&id, |contact| contact.id).ok().map(|at| &self.contacts[at])
    }

    pub(crate) fn contact_mut(&mut self, id: u64) -> Option<&mut Contact> {
        self.contacts.binary_search_by_key(&id, |contact| contact.id).ok().map(|at| &mut self.contacts[at])
    }

    pub(crate) fn element(&self, id: u64) -> Option<&Element> {
        self.elements.binary_search_by_key(&id, |element| element.id).ok().map(|at| &self.elements[at])
    }

    /// The id of a tag, made where it is new.
    pub(crate) fn tag(&mut self, name: &str) -> u64 {
        let at = self.tags.iter().position(|tag| tag == name).unwrap_or_else(|| {
            self.tags.push(name.to_owned());
            self.tags.len() - 1
        });
        FIRST_TAG_ID + at as u64
    }

    pub(crate) fn tag_name(&self, id: u64) -> Option<&str> {
        let at = usize::try_from(id.checked_sub(FIRST_TAG_ID)?).ok()?;
        self.tags.get(at).map(String::as_str)
    }

    /// Links an element or, where the row is there, replaces its quantity (docs/apis/amocrm.md 3.7).
    pub(crate) fn link(&mut self, link: Link) {
        match self.links.iter_mut().find(|present| present.is_of_row(&link)) {
            Some(present) => {
                present.quantity = link.quantity;
                present.price_id = link.price_id;
            }
            None => self.links.push(link),
        }
    }

    /// The sum of a lead's rows by the `PRICE` of their elements.
    pub(crate) fn rows_total(&self, lead_id: u64) -> i64 {
        let total: f64 = self
            .links
            .iter()
            .filter(|link| link.lead_id == lead_id)
            .filter_map(|link| {
                let field = self.account.field_by_code(Owner::Catalog(link.catalog_id), "PRICE")?;
                let value = self.element(link.element_id)?.fields.get(&field.id)?.first()?;
                Some(value.value.as_f64()? * link.quantity)
            })
            .sum();
        total.round() as i64
    }
}
