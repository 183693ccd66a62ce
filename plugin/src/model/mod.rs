//! Values of the domain: ids, money, phones, orders. No serialisation, no I/O.

pub mod day;
pub mod ids;
pub mod money;
pub mod order;
pub mod phone;

pub use day::Day;
pub use ids::{ContactId, ElementId, LeadId, OrderCode};
pub use money::Money;
pub use order::{Buyer, Line, Order, Stage};
pub use phone::Phone;
