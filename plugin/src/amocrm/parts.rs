//! Fields and lists that the sync can use, and that are made on a person's request (docs/apis/amocrm.md 3.3, 3.8).

use crate::contract::types::AccountPart;
use serde_json::{Value, json};

use super::{
    client::Amo,
    error::Stop,
    layout::list_if,
    outcome::Write,
    wire::{integer, positive, rows, text},
};

/// The code by which our field of leads is found again, whatever people call it.
const ORDER_CODE: &str = "KASPI_ORDER_CODE";
/// What it is called, and what the list is called, when they are made.
const ORDER_CODE_NAME: &str = "Номер заказа Kaspi";
const CATALOG_NAME: &str = "Товары Kaspi";

/// A part of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The field of leads for the order code.
    OrderCode,
    /// A list of products: that of the settings, else the account's own, else ours.
    Catalog {
        /// Of the settings.
        wanted: Option<i64>,
    },
    /// The article of products of a list.
    Sku {
        /// The list.
        catalog_id: i64,
    },
    /// The price of products of a list.
    Price {
        /// The list.
        catalog_id: i64,
    },
}

impl Part {
    /// Its word in `prepare-account`.
    pub(crate) fn word(self) -> &'static str {
        self.kind().name()
    }

    /// What it is, as hosts name it.
    pub(crate) fn kind(self) -> AccountPart {
        match self {
            Self::OrderCode => AccountPart::OrderCode,
            Self::Catalog { .. } => AccountPart::Catalog,
            Self::Sku { .. } => AccountPart::Sku,
            Self::Price { .. } => AccountPart::Price,
        }
    }

    fn path(self) -> String {
        match self {
            Self::OrderCode => "/api/v4/leads/custom_fields".to_owned(),
            Self::Catalog { .. } => "/api/v4/catalogs".to_owned(),
            Self::Sku { catalog_id } | Self::Price { catalog_id } => {
                format!("/api/v4/catalogs/{catalog_id}/custom_fields")
            }
        }
    }

    /// Where answers have their rows.
    fn rows(self) -> &'static str {
        match self {
            Self::Catalog { .. } => "catalogs",
            _ => "custom_fields",
        }
    }

    /// What is sent to make it. The account's own list of products comes with a switch of the account, not by a
    /// request, so ours is an ordinary one.
    fn body(self) -> Value {
        let field = |name: &str, kind: &str, code: &str| json!([{"name": name, "type": kind, "code": code}]);
        match self {
            Self::OrderCode => field(ORDER_CODE_NAME, "text", ORDER_CODE),
            Self::Catalog { .. } => json!([{
                "name": CATALOG_NAME, "type": "regular", "can_add_elements": true, "can_show_in_cards": true,
                "can_link_multiple": true,
            }]),
            Self::Sku { .. } => field("Артикул", "text", "SKU"),
            Self::Price { .. } => field("Цена", "numeric", "PRICE"),
        }
    }

    /// How well a row stands for it, 0 best; `None`: not at all.
    fn rank(self, row: &Value) -> Option<u8> {
        let is = |name: &str, wanted: &str| text(row, name).trim().eq_ignore_ascii_case(wanted);
        let ranks: &[bool] = match self {
            Self::OrderCode => {
                &[is("code", ORDER_CODE), is("type", "text") && text(row, "name") == ORDER_CODE_NAME]
            }
            Self::Catalog { wanted } => &[
                wanted.is_some() && wanted == integer(row, "id"),
                is("type", "products"),
                is("type", "regular") && text(row, "name") == CATALOG_NAME,
            ],
            // By name alone they would not be used: the sync knows them by their codes.
            Self::Sku { .. } => &[is("code", "SKU")],
            Self::Price { .. } => &[is("code", "PRICE")],
        };
        ranks.iter().position(|fits| *fits).and_then(|rank| u8::try_from(rank).ok())
    }
}

impl Amo<'_> {
    /// Looks for a part: its id and its name.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub(crate) async fn find_part(&self, part: Part) -> Result<Option<(i64, String)>, Stop> {
        let all = list_if(self, true, &part.path(), part.rows()).await?;
        let fitting =
            all.iter().filter_map(|row| Some((part.rank(row)?, positive(row, "id")?, text(row, "name"))));
        Ok(fitting.min().map(|(_, id, name)| (id, name)))
    }

    /// Makes a part, once.
    ///
    /// # Errors
    /// When the account refuses all requests; nothing was made then.
    pub(crate) async fn make_part(&self, part: Part) -> Result<Write, Stop> {
        self.write(&part.path(), &part.body()).await
    }

    /// The part that an answer tells of, from a [`Write::Done`].
    pub(crate) fn made_part(document: &Value, part: Part) -> Option<(i64, String)> {
        let row = rows(Some(document), part.rows()).next()?;
        Some((positive(row, "id")?, text(row, "name")))
    }
}
