//! Values of the domain: ids, money, phones, orders and what an order is about. No I/O.

pub(crate) mod base64;
pub mod day;
mod facts;
pub(crate) mod hash;
pub(crate) mod http_date;
mod ids;
mod job;
mod money;
mod order;
pub mod phone;
mod product_key;
pub(crate) mod url;

pub use day::Day;
pub use facts::{Facts, SeenLine};
pub use ids::{ContactId, ElementId, LeadId, OrderCode};
pub use job::Job;
pub use money::Money;
pub use order::{Buyer, Line, Order, Stage};
pub use phone::Phone;
pub(crate) use product_key::element_key;
