//! What the component and its hosts agree on besides `wit/`: every setting, every text, and what a host may read of the
//! component's store by itself.
//!
//! [`table`] names every setting with its shape, bounds and default. [`Setting::check`] says what is wrong with a
//! value, [`rules`] what is wrong with several of them together: both answer with a [`Finding`]. Whatever people are
//! told is a [`Message`] of the one catalogue in [`mod@message`], also what the component tells its host.
//! [`rows`] has the keys and the encoding of the rows that the component keeps of orders.
//! [`mod@reference`] renders what people read: the tables of `docs/configuration.md` and `.env.example`.
//!
//! Nothing here reads settings. The component carries only the parts that it calls, and the texts of [`docs`] are not
//! among them.

pub mod calendar;
mod check;
mod country;
pub mod docs;
mod finding;
mod language;
mod lead_name;
pub mod message;
pub mod reference;
pub mod rows;
pub mod rules;
mod status_map;
pub mod table;
mod url;

pub use check::{key_list, yes_or_no};
pub use country::is_country;
pub use finding::{Finding, SettingsError, shown};
pub use language::{Language, Text};
pub use message::{Message, MessageId};
pub use status_map::{KNOWN_PAIRS, StatusMap};
pub use table::{Kind, Scope, Setting};
