//! The layout of an account: pipelines, users, lists and fields, with a default whose ids are constants.

/// The account itself.
pub const ACCOUNT_ID: u64 = 30_100_200;
/// The main pipeline.
pub const PIPELINE_ID: u64 = 3300;
/// Its stage for incoming requests; leads cannot be created there.
pub const STATUS_UNSORTED_ID: u64 = 3301;
/// Its first ordinary stage.
pub const STATUS_NEW_ID: u64 = 3302;
/// Its second ordinary stage.
pub const STATUS_PACKING_ID: u64 = 3303;
/// Its third ordinary stage.
pub const STATUS_DELIVERY_ID: u64 = 3304;
/// Won, in every pipeline.
pub const STATUS_WON_ID: u64 = 142;
/// Lost, in every pipeline.
pub const STATUS_LOST_ID: u64 = 143;
/// A reason of lost leads.
pub const LOSS_REASON_CANCELLED_ID: u64 = 701;
/// Another reason of lost leads.
pub const LOSS_REASON_OTHER_ID: u64 = 702;
/// Another pipeline.
pub const OTHER_PIPELINE_ID: u64 = 3400;
/// The first ordinary stage of the other pipeline.
pub const OTHER_STATUS_ID: u64 = 3402;
/// The user whose token it is, an administrator.
pub const ADMIN_ID: u64 = 501;
/// An active user.
pub const MANAGER_ID: u64 = 502;
/// A user who left.
pub const DISMISSED_ID: u64 = 503;
/// The list of products.
pub const CATALOG_ID: u64 = 4500;
/// A list of something else, without SKU and PRICE.
pub const PLAIN_CATALOG_ID: u64 = 4600;
/// Text field of leads: the order code.
pub const LEAD_ORDER_CODE_FIELD_ID: u64 = 602;
/// Textarea field of leads: the delivery address.
pub const LEAD_ADDRESS_FIELD_ID: u64 = 603;
/// Date-and-time field of leads: the order date.
pub const LEAD_ORDER_DATE_FIELD_ID: u64 = 604;
/// Numeric field of leads.
pub const LEAD_NUMERIC_FIELD_ID: u64 = 605;
/// Select field of leads.
pub const LEAD_SELECT_FIELD_ID: u64 = 606;
/// `PHONE` of contacts.
pub const PHONE_FIELD_ID: u64 = 611;
/// `EMAIL` of contacts.
pub const EMAIL_FIELD_ID: u64 = 612;
/// Text field of contacts: the address.
pub const CONTACT_ADDRESS_FIELD_ID: u64 = 613;
/// `SKU` of products.
pub const SKU_FIELD_ID: u64 = 621;
/// `PRICE` of products.
pub const PRICE_FIELD_ID: u64 = 622;
/// `DESCRIPTION` of products.
pub const DESCRIPTION_FIELD_ID: u64 = 623;

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its id; 142 and 143 occur in every pipeline.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The stage for incoming requests.
    pub is_unsorted: bool,
}

/// One pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where leads without a pipeline go.
    pub is_main: bool,
    /// Put away; its leads stay.
    pub is_archived: bool,
    /// Stages in their order.
    pub stages: Vec<Stage>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// Whether they may be made responsible.
    pub is_active: bool,
    /// Whether they see everything.
    pub is_admin: bool,
}

/// Why a lead was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LossReason {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// One list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// `products` or `regular`.
    pub kind: String,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

/// What a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// Leads.
    Leads,
    /// Contacts.
    Contacts,
    /// Elements of a list.
    Catalog(u64),
}

/// One custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The id.
    pub id: u64,
    /// What it belongs to.
    pub owner: Owner,
    /// The name.
    pub name: String,
    /// `PHONE`, `SKU` ...; `None` for most fields of users.
    pub code: Option<String>,
    /// `text`, `numeric`, `multitext` ... (docs/apis/amocrm.md 3.2).
    pub kind: String,
    /// Choices: id, label, code.
    pub enums: Vec<(u64, String, Option<String>)>,
    /// Pipelines and stages in which people must fill it in; requests need not (docs/apis/amocrm.md 3.3).
    pub required_in: Vec<(u64, u64)>,
    /// Made by a request, not by a person.
    pub made_by_api: bool,
}

/// The layout of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id.
    pub id: u64,
    /// First part of the host.
    pub subdomain: String,
    /// The user whose token it is.
    pub current_user_id: u64,
    /// Pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Reasons of lost leads; an account may have none.
    pub loss_reasons: Vec<LossReason>,
    /// Users.
    pub users: Vec<User>,
    /// Lists.
    pub catalogs: Vec<Catalog>,
    /// Custom fields of everything.
    pub fields: Vec<Field>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: ACCOUNT_ID,
            subdomain: "demo".into(),
            current_user_id: ADMIN_ID,
            pipelines: vec![
                pipeline(
                    PIPELINE_ID,
                    "Kaspi",
                    true,
                    &[
                        (STATUS_UNSORTED_ID, "Неразобранное"),
                        (STATUS_NEW_ID, "Новый заказ"),
                        (STATUS_PACKING_ID, "Упаковка"),
                        (STATUS_DELIVERY_ID, "Доставка 🚚"),
                    ],
                ),
                pipeline(
                    OTHER_PIPELINE_ID,
                    "Опт",
                    false,
                    &[(3401, "Неразобранное"), (OTHER_STATUS_ID, "Переговоры")],
                ),
            ],
            loss_reasons: vec![
                LossReason {
                    id: LOSS_REASON_CANCELLED_ID, name: "Покупатель отменил".into()
                },
                LossReason { id: LOSS_REASON_OTHER_ID, name: "Другое".into() },
            ],
            users: vec![
                user(ADMIN_ID, "Администратор", true, true),
                user(MANAGER_ID, "Менеджер", true, false),
                user(DISMISSED_ID, "Бывший сотрудник", false, false),
            ],
            catalogs: vec![
                Catalog {
                    id: CATALOG_ID,
                    name: "Товары".into(),
                    kind: "products".into(),
                    made_by_api: false,
                },
                Catalog {
                    id: PLAIN_CATALOG_ID,
                    name: "Склады".into(),
                    kind: "regular".into(),
                    made_by_api: false,
                },
            ],
            fields: default_fields(),
        }
    }
}

impl Account {
    /// A pipeline by its id.
    pub fn pipeline(&self, id: u64) -> Option<&Pipeline> {
        self.pipelines.iter().find(|pipeline| pipeline.id == id)
    }

    /// The main pipeline.
    pub fn main_pipeline(&self) -> &Pipeline {
        self.pipelines.iter().find(|p| p.is_main).unwrap_or(&self.pipelines[0])
    }

    /// A reason of lost leads by its id.
    pub fn loss_reason(&self, id: u64) -> Option<&LossReason> {
        self.loss_reasons.iter().find(|reason| reason.id == id)
    }

    /// Whether that user exists and is active.
    pub fn is_active_user(&self, id: u64) -> bool {
        self.users.iter().any(|user| user.id == id && user.is_active)
    }

    /// A field of an owner by its id.
    pub fn field(&self, owner: Owner, id: u64) -> Option<&Field> {
        self.fields.iter().find(|field| field.owner == owner && field.id == id)
    }

    /// A field of an owner by its code.
    pub fn field_by_code(&self, owner: Owner, code: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.owner == owner && field.code.as_deref() == Some(code))
    }

    /// The base of links in answers.
    pub(crate) fn base_url(&self) -> String {
        format!("https://{}.amocrm.ru", self.subdomain)
    }
}

impl Pipeline {
    /// Whether leads can stand in that stage.
    pub fn has_stage(&self, id: u64) -> bool {
        self.stages.iter().any(|stage| stage.id == id && !stage.is_unsorted)
    }

    /// Where leads without a stage go.
    pub fn first_stage(&self) -> u64 {
        self.stages.iter().find(|stage| !stage.is_unsorted).map_or(STATUS_WON_ID, |stage| stage.id)
    }
}

/// A pipeline whose first stage is the one for incoming requests; won and lost are added.
fn pipeline(id: u64, name: &str, is_main: bool, stages: &[(u64, &str)]) -> Pipeline {
    let last = [(STATUS_WON_ID, "Успешно реализовано"), (STATUS_LOST_ID, "Закрыто и не реализовано")];
    let stages = stages
        .iter()
        .chain(&last)
        .enumerate()
        .map(|(at, (id, name))| Stage { id: *id, name: (*name).into(), is_unsorted: at == 0 })
        .collect();
    Pipeline { id, name: name.into(), is_main, is_archived: false, stages }
}

fn user(id: u64, name: &str, is_active: bool, is_admin: bool) -> User {
    User { id, name: name.into(), is_active, is_admin }
}

fn default_fields() -> Vec<Field> {
    let field = |id, owner, name: &str, code: Option<&str>, kind: &str| Field {
        id,
        owner,
        name: name.into(),
        code: code.map(str::to_owned),
        kind: kind.into(),
        enums: Vec::new(),
        required_in: Vec::new(),
        made_by_api: false,
    };
    let mut fields = vec![
        field(LEAD_ORDER_CODE_FIELD_ID, Owner::Leads, "Номер заказа Kaspi", None, "text"),
        field(LEAD_ADDRESS_FIELD_ID, Owner::Leads, "Адрес доставки", None, "textarea"),
        field(LEAD_ORDER_DATE_FIELD_ID, Owner::Leads, "Дата заказа", None, "date_time"),
        field(LEAD_NUMERIC_FIELD_ID, Owner::Leads, "Вес", None, "numeric"),
        field(LEAD_SELECT_FIELD_ID, Owner::Leads, "Склад", None, "select"),
        field(PHONE_FIELD_ID, Owner::Contacts, "Телефон", Some("PHONE"), "multitext"),
        field(EMAIL_FIELD_ID, Owner::Contacts, "Email", Some("EMAIL"), "multitext"),
        field(CONTACT_ADDRESS_FIELD_ID, Owner::Contacts, "Адрес", None, "text"),
        field(SKU_FIELD_ID, Owner::Catalog(CATALOG_ID), "Артикул", Some("SKU"), "text"),
        field(PRICE_FIELD_ID, Owner::Catalog(CATALOG_ID), "Цена", Some("PRICE"), "price"),
        field(DESCRIPTION_FIELD_ID, Owner::Catalog(CATALOG_ID), "Описание", Some("DESCRIPTION"), "textarea"),
    ];
    let codes: [(u64, &[&str]); 2] = [
        (PHONE_FIELD_ID, &["WORK", "WORKDD", "MOB", "FAX", "HOME", "OTHER"]),
        (EMAIL_FIELD_ID, &["WORK", "PRIV", "OTHER"]),
    ];
    for (field_id, codes) in codes {
        let field = fields.iter_mut().find(|field| field.id == field_id).expect("listed above");
        field.enums = (0..)
            .zip(codes)
            .map(|(at, code)| (field_id * 10 + at, (*code).to_owned(), Some((*code).to_owned())))
            .collect();
    }
    let select = fields.iter_mut().find(|field| field.id == LEAD_SELECT_FIELD_ID).expect("listed above");
    select.enums = vec![(6061, "Алматы".into(), None), (6062, "Астана".into(), None)];
    fields
}
