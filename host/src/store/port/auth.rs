//! Who has signed in, with which password, and how often somebody tried.

use super::future::StoreFuture;

/// Something that begins now and ends by itself: a sign-in, a question that waits for its one answer.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Digest of its token, 64 letters of hex. The token itself is never stored.
    pub digest: &'a str,
    /// What it is for; it counts for nothing else.
    pub purpose: &'a str,
    /// What whoever began it wants to know later.
    pub data: &'a str,
    /// How long it lasts at most.
    pub until_in_ms: i64,
}

/// A session that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionData {
    /// What was kept with it.
    pub data: String,
    /// Since when it was not touched.
    pub idle_ms: i64,
    /// Since when there is one.
    pub age_ms: i64,
}

/// Sessions, shared by all hosts of a database.
pub trait Sessions: Send + Sync {
    /// Begins a session, and removes all that are over.
    fn keep_session<'a>(&'a self, session: &'a Session<'a>) -> StoreFuture<'a, ()>;

    /// A session, if it is not over. It is not touched by that: who finds it idle for too long must be able to end it.
    fn session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<SessionData>>;

    /// Begins the idle time of a session anew.
    fn touch_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()>;

    /// Ends a session and answers with its data, if it was not over: of several that try, one gets it.
    fn take_session<'a>(&'a self, digest: &'a str, purpose: &'a str) -> StoreFuture<'a, Option<String>>;

    /// Ends a session, if it is there.
    fn end_session<'a>(&'a self, digest: &'a str) -> StoreFuture<'a, ()>;

    /// Ends all sessions of a purpose.
    fn end_sessions<'a>(&'a self, purpose: &'a str) -> StoreFuture<'a, ()>;
}

/// Passwords, as PHC strings.
pub trait Passwords: Send + Sync {
    /// That of a name.
    fn password<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<String>>;

    /// Gives a name its first password. Answers whether it had none: of several that try, one succeeds.
    fn set_first_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, bool>;

    /// Gives a name a password, whether or not it has one.
    fn set_password<'a>(&'a self, name: &'a str, phc: &'a str) -> StoreFuture<'a, ()>;
}

/// How often may be tried: `burst` times at once, and once more every `every_ms`. So within any time T there are at most
/// `burst + T / every_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Tries at once.
    pub burst: i64,
    /// From one further try to the next.
    pub every_ms: i64,
}

/// Answer to [`Attempts::attempt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Go on.
    Allowed,
    /// Too many; the next one is possible in so many milliseconds.
    AllowedIn(i64),
}

impl Pace {
    /// What an attempt leaves behind at most, in milliseconds from now. Later moments were written under another clock.
    pub(in crate::store) fn most_ms(self) -> i64 {
        self.burst * self.every_ms
    }

    /// What may be left of earlier attempts where one more is allowed.
    pub(in crate::store) fn allowed_ms(self) -> i64 {
        (self.burst - 1) * self.every_ms
    }
}

/// Attempts to guess something, shared by all hosts of a database.
pub trait Attempts: Send + Sync {
    /// Counts one more attempt of a network, if its pace allows one. What is refused does not count.
    fn attempt<'a>(&'a self, network: &'a str, pace: Pace) -> StoreFuture<'a, Attempt>;

    /// Forgets the attempts of a network: it knew the answer.
    fn forget_attempts<'a>(&'a self, network: &'a str) -> StoreFuture<'a, ()>;
}

/// A session that began later than this was begun under another clock; it counts as over.
pub(in crate::store) const SESSION_AHEAD_MAX_MS: i64 = 60_000;
