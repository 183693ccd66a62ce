//! The list of orders: rows that the component keeps in the clear for hosts, newest order first. They hold nothing
//! personal.

use kaspi_amocrm_contract::rows::{OrderRow, created_ms, prefix};

use crate::{
    contract::types::{OrderStep, ProblemClass},
    store::{Store, StoreError, Values},
};

/// Where the component keeps them.
const SCOPE: &str = "default";
/// Keys that are asked for at once.
const KEYS_AT_ONCE: u32 = 500;
/// Rows that a search or a filter looks at before it says where to go on: a page is never slow.
pub(crate) const LOOKED_AT_MAX: usize = 5_000;

/// One order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// What the component keeps of it.
    pub(crate) order: OrderRow,
    /// Where it stands in the list.
    pub(crate) place: String,
}

/// Which orders are wanted, by the state of the work on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// All.
    Any,
    /// Nothing is left to do.
    Done,
    /// Something is left to do.
    Open,
    /// Something keeps them from going on.
    Stuck,
    /// They get no lead.
    NoLead,
}

impl Work {
    /// All of them, in the order in which they are offered.
    pub(crate) const ALL: [Self; 5] = [Self::Any, Self::Open, Self::Stuck, Self::Done, Self::NoLead];

    /// Its name in addresses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "all",
            Self::Open => "open",
            Self::Stuck => "stuck",
            Self::Done => "done",
            Self::NoLead => "no-lead",
        }
    }

    /// That of a name; all where there is no such name.
    pub(crate) fn of(name: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|work| Some(work.name()) == name).unwrap_or(Self::Any)
    }

    fn takes(self, row: &Row) -> bool {
        match self {
            Self::Any => true,
            Self::Done => row.is(OrderStep::Done),
            Self::NoLead => row.is(OrderStep::NoLead),
            Self::Open => !row.is_over(),
            Self::Stuck => row.is_stuck(),
        }
    }
}

impl Row {
    /// Whether this comes next.
    pub(crate) fn is(&self, step: OrderStep) -> bool {
        self.order.step == step.name()
    }

    fn is_over(&self) -> bool {
        self.is(OrderStep::Done) || self.is(OrderStep::NoLead)
    }

    /// Whether something keeps it from going on that is more than its turn.
    pub(crate) fn is_stuck(&self) -> bool {
        let its_turn = [ProblemClass::Waiting.name(), ProblemClass::Paused.name(), ""];
        !self.is_over() && self.order.class.as_deref().is_some_and(|class| !its_turn.contains(&class))
    }
}

/// Some orders of the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    /// They.
    pub(crate) rows: Vec<Row>,
    /// After which place the list goes on; `None` at its end.
    pub(crate) next: Option<String>,
}

/// The first orders after a place that are wanted, at most `limit`.
///
/// # Errors
/// When the store fails.
pub(crate) async fn rows(
    store: &dyn Store,
    connection: &str,
    after: Option<&str>,
    work: Work,
    limit: usize,
) -> Result<Rows, StoreError> {
    let prefix = prefix(connection);
    let mut place = after.unwrap_or_default().to_owned();
    let (mut found, mut looked_at) = (Vec::new(), 0);
    // One more than wanted tells whether there are more.
    let at_once =
        if work == Work::Any { u32::try_from(limit + 1).unwrap_or(KEYS_AT_ONCE) } else { KEYS_AT_ONCE };
    loop {
        let keys = store.list_keys(SCOPE, &format!("{prefix}{place}"), at_once).await?;
        let asked = keys.len();
        let keys: Vec<String> = keys.into_iter().take_while(|key| key.starts_with(&prefix)).collect();
        let is_end = keys.len() < asked || asked < at_once as usize;
        let mut page = read(store, &prefix, &keys).await?;
        page.retain(|row| work.takes(row));
        for row in page {
            if found.len() == limit {
                let next = found.last().map(|row: &Row| row.place.clone());
                return Ok(Rows { rows: found, next });
            }
            found.push(row);
        }
        let Some(last) = keys.last().filter(|_| !is_end) else { return Ok(Rows { rows: found, next: None }) };
        last[prefix.len()..].clone_into(&mut place);
        looked_at += keys.len();
        if looked_at >= LOOKED_AT_MAX {
            return Ok(Rows { rows: found, next: Some(place) });
        }
    }
}

/// When the orders since a moment were made.
///
/// # Errors
/// When the store fails.
pub(crate) async fn made_since(
    store: &dyn Store,
    connection: &str,
    since_ms: i64,
) -> Result<Vec<i64>, StoreError> {
    let prefix = prefix(connection);
    let mut place = prefix.clone();
    let mut made = Vec::new();
    while made.len() < LOOKED_AT_MAX {
        let keys = store.list_keys(SCOPE, &place, KEYS_AT_ONCE).await?;
        for key in &keys {
            match key.strip_prefix(&prefix).and_then(created_ms) {
                Some(created_ms) if created_ms >= since_ms => made.push(created_ms),
                _ => return Ok(made),
            }
        }
        let Some(last) = keys.into_iter().next_back() else { break };
        place = last;
    }
    Ok(made)
}

async fn read(store: &dyn Store, prefix: &str, keys: &[String]) -> Result<Vec<Row>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let values = Values::get_many(store, SCOPE, keys).await?;
    let mut rows: Vec<Row> = values
        .into_iter()
        .map(|(key, value)| {
            let place = key.get(prefix.len()..).unwrap_or_default().to_owned();
            Row { order: OrderRow::decode(&place, &value), place }
        })
        .collect();
    rows.sort_unstable_by(|one, other| one.place.cmp(&other.place));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kaspi_amocrm_contract::rows::place;

    use super::*;
    use crate::{
        base::job::Job,
        store::{self, Change, LeaseAnswer, LeaseRequest},
    };

    async fn filled(folder: &tempfile::TempDir) -> Arc<dyn Store> {
        let url = format!("sqlite://{}", folder.path().join("rows.sqlite").display());
        let store = store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let request =
            LeaseRequest { connection: "b", job: Job::New, note_due: false, holder: "test", ttl_ms: 60_000 };
        let LeaseAnswer::Taken(fence) = store.take_lease(request).await.unwrap() else { panic!("held") };
        let set = |key: String, value: &str| Change::Set(key, value.as_bytes().to_vec());
        let mut changes = vec![
            // Neighbours of the list on both sides.
            set("shop/a/seen/9999999999000/1".to_owned(), "{}"),
            set("shop/b/sealed".to_owned(), "{}"),
            set("shop/b/sf".to_owned(), "{}"),
            set("shop/c/seen/9999999999000/1".to_owned(), "{}"),
        ];
        for n in 1..=120_i64 {
            let step = if n % 3 == 0 { "note" } else { "done" };
            let class = if n % 6 == 0 { "\"note_refused\"" } else { "null" };
            let value = format!(
                r#"{{"v":1,"code":"{n}","created_ms":{n},"step":"{step}","class":{class},"newer":1}}"#
            );
            // The twentieth was written by another version.
            let value = if n == 20 { "[]".to_owned() } else { value };
            changes.push(set(format!("{}{}", prefix("b"), place(&n.to_string(), n)), &value));
        }
        Values::write(store.as_ref(), &fence, SCOPE, &changes).await.unwrap();
        store
    }

    #[tokio::test]
    async fn the_list_is_paged_newest_first_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder).await;
        let (mut after, mut codes, mut pages) = (None, Vec::new(), 0);
        loop {
            let page = rows(store.as_ref(), "b", after.as_deref(), Work::Any, 50).await.unwrap();
            codes.extend(page.rows.into_iter().map(|row| row.order.code));
            pages += 1;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (1..=120).rev().map(|n: i32| n.to_string()).collect();
        assert_eq!((pages, codes), (3, expected));
        let exact = rows(store.as_ref(), "b", None, Work::Any, 120).await.unwrap();
        assert_eq!((exact.rows.len(), exact.next), (120, None), "no page follows that is empty");
        assert!(rows(store.as_ref(), "none", None, Work::Any, 50).await.unwrap().rows.is_empty());
    }

    #[tokio::test]
    async fn a_filter_goes_on_where_its_page_ended() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder).await;
        let first = rows(store.as_ref(), "b", None, Work::Open, 30).await.unwrap();
        let rest = rows(store.as_ref(), "b", first.next.as_deref(), Work::Open, 30).await.unwrap();
        let codes: Vec<String> = first.rows.into_iter().chain(rest.rows).map(|row| row.order.code).collect();
        let open = (1..=120).rev().filter(|n| n % 3 == 0 || *n == 20).map(|n: i32| n.to_string());
        assert_eq!((codes, rest.next), (open.collect::<Vec<_>>(), None));
        let stuck = rows(store.as_ref(), "b", None, Work::Stuck, 50).await.unwrap();
        assert_eq!(stuck.rows.len(), 20);
        assert!(stuck.rows.iter().all(Row::is_stuck));
    }

    #[tokio::test]
    async fn orders_of_the_last_hours_are_counted_by_their_keys() {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(&folder).await;
        let made = made_since(store.as_ref(), "b", 100).await.unwrap();
        assert_eq!((made.len(), made[0], made[20]), (21, 120, 100));
        assert_eq!(made_since(store.as_ref(), "b", 0).await.unwrap().len(), 120);
        assert!(made_since(store.as_ref(), "none", 0).await.unwrap().is_empty());
    }

    #[test]
    fn works_have_names_in_addresses() {
        for work in Work::ALL {
            assert_eq!(Work::of(Some(work.name())), work);
        }
        assert_eq!((Work::of(Some("<b>")), Work::of(None)), (Work::Any, Work::Any));
    }
}
