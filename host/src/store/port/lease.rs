//! Who holds which connection, and which jobs wait for it.

use super::future::StoreFuture;
use crate::base::job::Job;

/// Proof of holding a connection: writes carry it and are refused once another run has taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// The connection.
    pub connection: String,
    /// Which run of it; rises with every run.
    pub epoch: i64,
}

/// Answer to [`Leases::take_lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The connection is ours.
    Taken(Fence),
    /// Another run has it; if the job was to be noted as due, that run will do it.
    Held,
}

/// Who wants a connection, and for what.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest<'a> {
    /// The connection.
    pub connection: &'a str,
    /// The job. Where the connection is taken, it is due no more.
    pub job: Job,
    /// Whether the job is noted as due where the connection is held.
    pub note_due: bool,
    /// For people who look into the table.
    pub holder: &'a str,
    /// How long the lease lasts unless it is renewed.
    pub ttl_ms: i64,
}

/// Who holds which connection, and which jobs wait for it.
pub trait Leases: Send + Sync {
    /// Takes a connection that nobody holds, or notes the job as due where that is wanted.
    fn take_lease<'a>(&'a self, request: LeaseRequest<'a>) -> StoreFuture<'a, LeaseAnswer>;

    /// Makes a lease last `ttl_ms` from now. Answers whether it is still ours.
    fn renew_lease<'a>(&'a self, fence: &'a Fence, ttl_ms: i64) -> StoreFuture<'a, bool>;

    /// Whether no other run has taken the connection.
    fn holds<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, bool>;

    /// Takes the jobs that became due while the connection was held, and gives the connection back if there are none.
    /// Both in one step, so that no job is left behind.
    fn take_due_or_release<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, Vec<Job>>;

    /// Gives the connection back at once; due jobs stay noted.
    fn release_lease<'a>(&'a self, fence: &'a Fence) -> StoreFuture<'a, ()>;
}

/// A lease that ends later than this was written under another clock; it counts as ended.
pub(in crate::store) const LEASE_AHEAD_MAX_MS: i64 = 3_600_000;
