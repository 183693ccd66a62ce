//! One key gives way to another while the store is in use: everything opens all the time, and nothing is lost.

use std::{cell::Cell, collections::BTreeMap};

use crate::{
    sealing::{KEY, OTHER_KEY, private_keys, refused, rig},
    support::{MemoryStore, Rig, rig::host},
};
use kaspi_amocrm_plugin::{
    contract::json::key_rotation,
    exports::rotate_key::rotate_key,
    ports::encrypted::{Keyring, SealedStore, SecretKey},
    ports::{KeyPage, Ports, Store, StoreError},
    run::RunError,
};
use serde_json::{Value, json};

const PROOF: &str = "seal";

fn key(text: &str) -> SecretKey {
    SecretKey::parse(text).expect("a key")
}

/// The rig of the sealing tests after a change of its key: the new one seals, and the old one opens.
fn rolled() -> Rig {
    let mut rig = rig();
    rig.set("secret_key", OTHER_KEY).set("secret_key_also", KEY);
    rig
}

/// The name of the key that each sealed value was made with.
fn ids(store: &MemoryStore) -> BTreeMap<String, String> {
    let id = |value: &[u8]| value[1..5].iter().map(|byte| format!("{byte:02x}")).collect();
    let is_sealed = |key: &str| key == PROOF || kaspi_amocrm_plugin::ports::encrypted::is_private(key);
    let values = store.values.borrow();
    values.iter().filter(|(key, _)| is_sealed(key)).map(|(key, value)| (key.clone(), id(value))).collect()
}

fn are_all(rig: &Rig, text: &str) -> bool {
    ids(&rig.store).values().all(|id| *id == key(text).id())
}

/// What a host that seals with the old key writes.
fn write_as_before(store: &dyn Store, row: &str, value: &[u8]) {
    let old = Keyring::new(key(KEY), vec![key(OTHER_KEY)]);
    let store = SealedStore::new(store, Some(old)).expect("the old key opens the store");
    store.set_many(&[(row.to_owned(), value.to_vec())]).expect("a store that works");
}

fn read_with_the_new_key(store: &dyn Store, row: &str) -> Option<Vec<u8>> {
    let keys = Keyring::new(key(OTHER_KEY), vec![key(KEY)]);
    SealedStore::new(store, Some(keys)).expect("it opens").get(row).expect("it opens")
}

/// One slice of a walk.
fn slice(rig: &Rig, store: &dyn Store, max_ms: u64, after: &Value) -> Result<Value, RunError> {
    let after = after.as_str().map(str::to_owned);
    rig.ask(async |ports| {
        let ports = Ports { store, ..ports };
        Ok(key_rotation(&rotate_key(ports, host(None), Some(max_ms), after).await?))
    })
}

/// A whole walk in one slice.
fn walk(rig: &Rig) -> Value {
    slice(rig, &rig.store, 60_000, &Value::Null).expect("an answer")
}

fn walk_until_nothing_is_left(rig: &Rig) -> Result<(), RunError> {
    for _ in 0..2 {
        if counts(&slice(rig, &rig.store, 60_000, &Value::Null)?).1 == 0 {
            return Ok(());
        }
    }
    panic!("two walks are enough");
}

fn counts(answer: &Value) -> (u64, u64) {
    (answer["resealed"].as_u64().expect("a count"), answer["left"].as_u64().expect("a count"))
}

/// Does something in between, each time before a value of this row is swapped.
struct Between<'a> {
    inner: &'a MemoryStore,
    row: String,
    times: Cell<u32>,
    what: &'a dyn Fn(&MemoryStore),
}

impl Store for Between<'_> {
    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.get_many(keys)
    }
    fn set_many(&self, pairs: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.inner.set_many(pairs)
    }
    fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.inner.delete_many(keys)
    }
    fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.inner.increment(key, delta)
    }
    fn swap(&self, key: &str, seen: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        if key == self.row && self.times.get() > 0 {
            self.times.set(self.times.get() - 1);
            (self.what)(self.inner);
        }
        self.inner.swap(key, seen, value)
    }
    fn list_keys(&self, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(cursor)
    }
}

#[test]
fn a_run_reads_what_both_keys_sealed_and_seals_with_the_new_one() {
    let rig = rolled();
    let before = ids(&rig.store);
    assert!(before.values().all(|id| *id == key(KEY).id()) && before.len() >= 8, "{before:?}");
    rig.wait_minutes(24 * 60);
    assert_eq!(rig.run().expect("a report")["created"], 5);
    let after = ids(&rig.store);
    let (pair, _) = after.iter().find(|(row, _)| row.starts_with("oauth/")).expect("a pair");
    assert_eq!(after[pair], key(OTHER_KEY).id(), "the pair was renewed");
    assert_eq!(after[PROOF], key(KEY).id(), "hosts that have only the old key go on");
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn two_walks_seal_everything_anew_and_the_old_key_is_not_needed_any_more() {
    let mut rig = rolled();
    let values = ids(&rig.store).len() as u64;
    let (old, new) = (key(KEY).id(), key(OTHER_KEY).id());
    assert_eq!(
        walk(&rig),
        json!({
            "key": new, "resealed": values - 1, "left": 1, "keys": {&*old: 1, &*new: values - 1}, "next": null
        })
    );
    assert_eq!(ids(&rig.store)[PROOF], old, "the proof comes last");
    let last = json!({"key": new, "resealed": 1, "left": 0, "keys": {&*new: values}, "next": null});
    assert_eq!(walk(&rig), last);
    assert_eq!(counts(&walk(&rig)), (0, 0));
    assert!(are_all(&rig, OTHER_KEY));

    rig.set("secret_key_also", "").set("secret_key", KEY);
    assert!(refused(&rig).contains(&new));
    rig.set("secret_key", OTHER_KEY);
    assert_eq!(rig.run().expect("a report")["created"], 5);
    assert_eq!(rig.violations(), Vec::<String>::new());
}

#[test]
fn slices_come_to_the_same_as_a_whole_walk() {
    let rig = rolled();
    let values = ids(&rig.store).len() as u64;
    for expected in [(values - 1, 1), (1, 0), (0, 0)] {
        let (mut next, mut slices, mut sum) = (Value::Null, 0, (0, 0));
        while slices == 0 || !next.is_null() {
            let answer = slice(&rig, &rig.store, 0, &next).expect("an answer");
            next = answer["next"].clone();
            slices += 1;
            sum = (sum.0 + counts(&answer).0, sum.1 + counts(&answer).1);
        }
        assert!(slices > 3, "each slice is one page: {slices}");
        assert_eq!(sum, expected);
    }
    assert!(are_all(&rig, OTHER_KEY));
}

#[test]
fn a_walk_goes_on_after_a_death_at_any_write() {
    for writes in 0.. {
        let rig = rolled();
        rig.store.dies_at.set(Some(writes));
        let ended = walk_until_nothing_is_left(&rig);
        rig.store.dies_at.set(None);
        let now = ids(&rig.store);
        let mut others = now.iter().filter(|(row, _)| *row != PROOF);
        let are_done = others.all(|(_, id)| *id == key(OTHER_KEY).id());
        assert!(are_done || now[PROOF] == key(KEY).id(), "after {writes} writes: {now:?}");
        walk_until_nothing_is_left(&rig).expect("a store that works");
        assert!(are_all(&rig, OTHER_KEY), "after {writes} writes");
        assert_eq!(rig.run().expect("a report")["created"], 5, "after {writes} writes");
        match ended {
            Err(RunError::Internal(_)) => {}
            Err(error) => panic!("after {writes} writes: {error:?}"),
            Ok(()) => {
                assert!(writes >= 8, "each value is a write of its own");
                return;
            }
        }
    }
}

#[test]
fn what_others_write_meanwhile_is_not_lost() {
    let rig = rolled();
    let row = private_keys(&rig).into_iter().find(|key| key.contains("/payload/")).expect("a payload");
    let between =
        |times, what| Between { inner: &rig.store, row: row.clone(), times: Cell::new(times), what };

    let changed = |store: &MemoryStore| write_as_before(store, &row, b"newer");
    slice(&rig, &between(1, &changed), 60_000, &Value::Null).expect("an answer");
    assert_eq!(ids(&rig.store)[&row], key(OTHER_KEY).id(), "it was read and tried again");
    assert_eq!(read_with_the_new_key(&rig.store, &row).as_deref(), Some(&b"newer"[..]));

    write_as_before(&rig.store, &row, b"newest");
    let gone = |store: &MemoryStore| drop(store.values.borrow_mut().remove(&row));
    let answer = slice(&rig, &between(1, &gone), 60_000, &Value::Null).expect("an answer");
    assert_eq!(counts(&answer), (1, 0), "only the proof: {answer}");
    assert!(!rig.store.values.borrow().contains_key(&row), "what was deleted stays so");
}

#[test]
fn a_value_that_is_never_at_rest_is_left_and_the_proof_with_it() {
    let rig = rolled();
    let row = private_keys(&rig).into_iter().find(|key| key.contains("/payload/")).expect("a payload");
    let number = Cell::new(0_u32);
    let busy = |store: &MemoryStore| {
        number.set(number.get() + 1);
        write_as_before(store, &row, &number.get().to_le_bytes());
    };
    let between = Between { inner: &rig.store, row: row.clone(), times: Cell::new(u32::MAX), what: &busy };
    for walk in 0..3 {
        let answer = slice(&rig, &between, 60_000, &Value::Null).expect("an answer");
        assert_eq!(
            (counts(&answer).1, &answer["keys"][key(KEY).id()]),
            (2, &2.into()),
            "walk {walk}: {answer}"
        );
    }
    let last = number.get().to_le_bytes();
    assert_eq!(read_with_the_new_key(&rig.store, &row).as_deref(), Some(&last[..]));
    assert_eq!(ids(&rig.store)[PROOF], key(KEY).id());
}

#[test]
fn the_proof_waits_while_a_host_still_seals_with_the_old_key() {
    let rig = rolled();
    let row = &private_keys(&rig)[0];
    let value = read_with_the_new_key(&rig.store, row).expect("it is there");
    for _ in 0..2 {
        let answer = walk(&rig);
        assert_eq!(counts(&answer).1, 1, "{answer}");
        write_as_before(&rig.store, row, &value);
    }
    assert_eq!(counts(&walk(&rig)), (1, 1));
    assert_eq!(counts(&walk(&rig)), (1, 0));
}

#[test]
fn a_value_of_an_unknown_key_is_left_and_told() {
    let rig = rolled();
    let third = key("AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let row = private_keys(&rig).remove(0);
    let sealed = third.seal(&row, b"theirs");
    rig.store.values.borrow_mut().insert(row.clone(), sealed.clone());
    walk(&rig);
    let answer = walk(&rig);
    assert_eq!((counts(&answer), &answer["keys"][third.id()]), ((0, 2), &1.into()), "{answer}");
    assert_eq!(rig.store.values.borrow()[&row], sealed);
}

#[test]
fn a_wrong_key_and_a_damaged_value_change_nothing() {
    let mut rig = rolled();
    let before = rig.store.values.borrow().clone();
    let config = |answer: Result<Value, RunError>| match answer {
        Err(error @ RunError::Config(_)) => error.text(),
        other => panic!("{other:?}"),
    };
    rig.set("secret_key_also", OTHER_KEY);
    let twice = config(slice(&rig, &rig.store, 60_000, &Value::Null));
    assert!(twice.contains("SECRET_KEY_ALSO") && !twice.contains(OTHER_KEY), "{twice}");
    rig.set("secret_key_also", "");
    let wrong = config(slice(&rig, &rig.store, 60_000, &Value::Null));
    assert!(wrong.contains(&key(KEY).id()) && wrong.contains(&key(OTHER_KEY).id()), "{wrong}");
    rig.set("secret_key", "");
    assert!(config(slice(&rig, &rig.store, 60_000, &Value::Null)).contains("SECRET_KEY"));
    assert_eq!(*rig.store.values.borrow(), before);

    rig.set("secret_key", OTHER_KEY).set("secret_key_also", KEY);
    let row = private_keys(&rig).remove(0);
    *rig.store.values.borrow_mut().get_mut(&row).expect("it is there").last_mut().expect("a byte") ^= 1;
    let damaged = rig.store.values.borrow()[&row].clone();
    assert!(config(slice(&rig, &rig.store, 60_000, &Value::Null)).contains(&row));
    assert_eq!(rig.store.values.borrow()[&row], damaged);
}

#[test]
fn what_is_not_sealed_at_all_is_neither_counted_nor_touched() {
    let rig = rolled();
    let row = private_keys(&rig).remove(0);
    let planted = br#"{"v":1}"#.to_vec();
    rig.store.values.borrow_mut().insert(row.clone(), planted.clone());
    let values = ids(&rig.store).len() as u64;
    assert_eq!(counts(&walk(&rig)), (values - 2, 1), "all but this one and the proof");
    assert_eq!(counts(&walk(&rig)), (1, 0));
    assert_eq!(rig.store.values.borrow()[&row], planted);
}
