//! Sessions, passwords, attempts and acts.

use super::*;

on_every_database! { sessions a_session_is_taken_once passwords one_first_password attempts acts }

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const HOUR_MS: i64 = 3_600_000;

fn session(digest: &'static str) -> Session<'static> {
    Session { digest, purpose: "console", data: "хозяин", until_in_ms: 12 * HOUR_MS }
}

async fn sessions(rig: &Rig) {
    let store = &*rig.store().await;
    rig.at(DAY_MS);
    store.keep_session(&session(A)).await.unwrap();
    let get = async |digest| store.session(digest, "console").await.unwrap();
    let seen = |idle_ms, age_ms| Some(SessionData { data: "хозяин".to_owned(), idle_ms, age_ms });
    assert_eq!(get(A).await, seen(0, 0));
    assert_eq!(get(B).await, None);
    assert_eq!(store.session(A, "oauth").await.unwrap(), None, "it is for nothing else");
    rig.at(DAY_MS + HOUR_MS);
    assert_eq!(get(A).await, seen(HOUR_MS, HOUR_MS));
    assert_eq!(get(A).await, seen(HOUR_MS, HOUR_MS), "a look is no touch");
    store.touch_session(A).await.unwrap();
    store.touch_session(B).await.unwrap();
    assert_eq!(get(A).await, seen(0, HOUR_MS));
    rig.at(DAY_MS + 12 * HOUR_MS - 1);
    assert_eq!(get(A).await, seen(11 * HOUR_MS - 1, 12 * HOUR_MS - 1));
    rig.at(DAY_MS + 12 * HOUR_MS);
    assert_eq!(get(A).await, None, "touched or not");
    assert_eq!(store.take_session(A, "console").await.unwrap(), None);

    // What is over makes room: the same digest could not be kept twice.
    store.keep_session(&session(B)).await.unwrap();
    store.keep_session(&session(A)).await.unwrap();
    store.end_session(B).await.unwrap();
    assert_eq!((get(A).await, get(B).await), (seen(0, 0), None));
    store.keep_session(&Session { purpose: "oauth", ..session(B) }).await.unwrap();
    store.end_sessions("console").await.unwrap();
    assert_eq!(get(A).await, None);
    assert!(store.session(B, "oauth").await.unwrap().is_some());

    // The clock was set back: a little is nothing, a day would make the session a day longer.
    rig.at(DAY_MS + 12 * HOUR_MS - 60_000);
    assert_eq!(store.session(B, "oauth").await.unwrap(), seen(0, 0));
    rig.at(DAY_MS + 12 * HOUR_MS - 60_001);
    assert_eq!(store.session(B, "oauth").await.unwrap(), None);
}

async fn a_session_is_taken_once(rig: &Rig) {
    let store = rig.store().await;
    store.keep_session(&session(A)).await.unwrap();
    assert_eq!(store.take_session(A, "oauth").await.unwrap(), None);
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = store.clone();
        takers.spawn(async move { store.take_session(A, "console").await.unwrap() });
    }
    let taken: Vec<String> = takers.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, ["хозяин"]);
}

async fn passwords(rig: &Rig) {
    let store = &*rig.store().await;
    assert_eq!(store.password("owner").await.unwrap(), None);
    assert!(store.set_first_password("owner", "$argon2id$1").await.unwrap());
    assert!(!store.set_first_password("owner", "$argon2id$2").await.unwrap());
    assert_eq!(store.password("owner").await.unwrap().as_deref(), Some("$argon2id$1"));
    store.set_password("owner", "$argon2id$3").await.unwrap();
    store.set_password("other", "$argon2id$4").await.unwrap();
    assert_eq!(store.password("owner").await.unwrap().as_deref(), Some("$argon2id$3"));
    assert_eq!(store.password("other").await.unwrap().as_deref(), Some("$argon2id$4"));
}

async fn one_first_password(rig: &Rig) {
    let store = rig.store().await;
    let mut setters = tokio::task::JoinSet::new();
    for n in 0..6 {
        let store = store.clone();
        setters.spawn(async move { store.set_first_password("owner", &format!("{n}")).await.unwrap() });
    }
    assert_eq!(setters.join_all().await.into_iter().filter(|first| *first).count(), 1);
}

async fn attempts(rig: &Rig) {
    const PACE: Pace = Pace { burst: 3, every_ms: 10_000 };
    let store = &*rig.store().await;
    let attempt = async |network| store.attempt(network, PACE).await.unwrap();
    for _ in 0..3 {
        assert_eq!(attempt("10.0.0.0/24").await, Attempt::Allowed);
    }
    for _ in 0..3 {
        assert_eq!(
            attempt("10.0.0.0/24").await,
            Attempt::AllowedIn(10_000),
            "what is refused does not count"
        );
    }
    assert_eq!(attempt("10.0.1.0/24").await, Attempt::Allowed, "each network for itself");
    rig.at(10_999);
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::AllowedIn(1));
    rig.at(11_000);
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::Allowed);
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::AllowedIn(10_000));
    store.forget_attempts("10.0.0.0/24").await.unwrap();
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::Allowed);

    // Rested for long: not more at once than before.
    rig.at(DAY_MS);
    for _ in 0..3 {
        assert_eq!(attempt("10.0.0.0/24").await, Attempt::Allowed);
    }
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::AllowedIn(10_000));
    // The clock was set back by a day: nobody waits a day.
    rig.at(1_000);
    assert_eq!(attempt("10.0.0.0/24").await, Attempt::Allowed);
}

async fn acts(rig: &Rig) {
    let store = &*rig.store().await;
    assert!(store.acts(9).await.unwrap().is_empty());
    for (at_ms, subject) in [(DAY_MS, "1"), (DAY_MS + 1, "заказ"), (DAY_MS + 1, "3")] {
        rig.at(at_ms);
        store.note_act("owner", "buyer", subject).await.unwrap();
    }
    let act = |subject: &str, at_ms| Act {
        who: "owner".to_owned(),
        act: "buyer".to_owned(),
        subject: subject.to_owned(),
        at_ms,
    };
    assert_eq!(store.acts(2).await.unwrap(), [act("3", DAY_MS + 1), act("заказ", DAY_MS + 1)]);
    rig.at(401 * DAY_MS + 1);
    store.note_act("owner", "sign-in", "").await.unwrap();
    let subjects: Vec<String> = store.acts(9).await.unwrap().into_iter().map(|act| act.subject).collect();
    assert_eq!(subjects, ["", "3", "заказ"]);
}
