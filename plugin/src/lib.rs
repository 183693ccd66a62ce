//! The sync of Kaspi orders into amoCRM.
