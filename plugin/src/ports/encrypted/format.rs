//! Which versions may use a store: it names its format in clear, from its first write on.

use kaspi_amocrm_contract::{Finding, Message, MessageId};
use serde::{Deserialize, Serialize};

use crate::{
    ports::document::encode,
    ports::{Store, StoreError},
};

/// Where the format stands.
pub(super) const KEY: &str = "format";
/// The format of this version.
const VERSION: u32 = 1;
/// The first release that wrote it.
const SINCE: &str = "0.2.0";
/// What a store holds that was in use. Leases and locks alone are no use.
const IN_USE: [&str; 3] = ["shop/", "amo/", "oauth/"];
/// That a run failed is recorded also where it could not use the store.
const RUNS: &str = "/runs/";

#[derive(Serialize, Deserialize)]
struct Format {
    v: u32,
    since: String,
}

/// What is written into a store that is new.
pub(super) fn pair() -> (String, Vec<u8>) {
    (KEY.to_owned(), encode(&Format { v: VERSION, since: SINCE.to_owned() }))
}

/// Whether a store is new. `stored` is what it holds under [`KEY`], `has_proof` whether something in it is sealed.
///
/// # Errors
/// When it was written by a version that is newer or was never released, or the store fails.
pub(super) fn is_new(store: &dyn Store, stored: Option<&[u8]>, has_proof: bool) -> Result<bool, StoreError> {
    if let Some(bytes) = stored {
        return known(bytes).map(|()| false);
    }
    if !has_proof && !is_in_use(store)? {
        return Ok(true);
    }
    // Somebody else may just have begun with it.
    match store.get(KEY)? {
        Some(bytes) => known(&bytes).map(|()| false),
        None => {
            let (problem, hint) = (MessageId::StoreUnreleased, MessageId::StartWithEmptyStore);
            Err(Finding::new("DATABASE_URL", problem, hint).into())
        }
    }
}

/// What cannot be read was written by a version that nobody knows yet.
fn known(bytes: &[u8]) -> Result<(), StoreError> {
    let format: Option<Format> = serde_json::from_slice(bytes).ok();
    if format.as_ref().is_some_and(|format| format.v == VERSION) {
        return Ok(());
    }
    let since = format.map_or_else(|| "?".to_owned(), |format| format.since);
    let problem = Message::new(MessageId::StoreNewer, [("since", &since)]);
    Err(Finding::new("DATABASE_URL", problem, MessageId::UseNewerVersion).into())
}

fn is_in_use(store: &dyn Store) -> Result<bool, StoreError> {
    let mut cursor = None;
    loop {
        let page = store.list_keys(cursor.as_deref())?;
        let tells = |key: &String| IN_USE.iter().any(|start| key.starts_with(start)) && !key.contains(RUNS);
        if page.keys.iter().any(tells) {
            return Ok(true);
        }
        if page.cursor.is_none() || page.cursor == cursor {
            return Ok(false);
        }
        cursor = page.cursor;
    }
}
