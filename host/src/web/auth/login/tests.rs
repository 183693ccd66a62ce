//! The door by the clock of the store.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use super::*;
use crate::store::{StoreClock, StoreOptions, open_with};

const MINUTE_MS: i64 = 60_000;
const RIGHT: &str = "the right password";

/// A door before a store with its own clock.
struct Rig {
    door: Door,
    store: Arc<dyn Store>,
    time: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(AtomicI64::new(86_400_000));
        let clock = time.clone();
        let clock = StoreClock::given(move || clock.load(Ordering::Relaxed));
        let url = format!("sqlite://{}", folder.path().join("door.sqlite").display());
        let store = open_with(&url, StoreOptions { clock, ..StoreOptions::default() }).await.unwrap();
        store.migrate().await.unwrap();
        let door = Door::new(&Settings::from_pairs([("TRUSTED_PROXY", "loopback")]));
        Self { door, store, time, _folder: folder }
    }

    fn later(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::Relaxed);
    }

    async fn set_password(&self) {
        assert!(
            self.store
                .set_first_password(OWNER, &password::hash(RIGHT.to_owned()).await.unwrap())
                .await
                .unwrap()
        );
    }

    async fn sign_in(&self, knock: &Knock, password: &str) -> Answer {
        let (store, headers) = (self.store.as_ref(), HeaderMap::new());
        self.door.sign_in(store, knock, &headers, password.to_owned()).await.unwrap()
    }

    async fn is_in(&self, headers: &HeaderMap) -> bool {
        self.door.session(self.store.as_ref(), headers).await.unwrap().is_some()
    }

    fn from(&self, address: &str) -> Knock {
        Knock { network: network(address.parse().unwrap()), browser: None }
    }
}

/// What a browser brings that was given these cookies.
fn brings(answer: &Answer) -> HeaderMap {
    let Answer::Open(cookies) = answer else { panic!("{answer:?}") };
    let pair = |cookie: &HeaderValue| cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
    let pairs: Vec<String> = cookies.iter().map(pair).collect();
    HeaderMap::from_iter([(header::COOKIE, pairs.join("; ").parse().unwrap())])
}

#[tokio::test]
async fn a_thousand_wrong_tries_are_ten_and_the_owner_comes_in() {
    let rig = Rig::make().await;
    rig.set_password().await;
    let home = rig.sign_in(&rig.from("198.51.100.1"), RIGHT).await;
    let (mut checked, mut later) = (0, 0);
    for n in 0..1_000 {
        let neighbour = rig.from(&format!("203.0.113.{}", n % 256));
        match rig.sign_in(&neighbour, "a guess").await {
            Answer::Wrong => checked += 1,
            Answer::Later(ms) => {
                assert!((1..=180_000).contains(&ms));
                later += 1;
            }
            answer => panic!("{answer:?}"),
        }
        rig.later(899);
    }
    assert!(checked <= 10, "{checked} in a quarter of an hour");
    assert_eq!(checked + later, 1_000);
    let refused = rig.sign_in(&rig.from("203.0.113.77"), RIGHT).await;
    assert!(matches!(refused, Answer::Later(_)), "from there not even with the right one: {refused:?}");
    assert!(rig.is_in(&brings(&home)).await, "who is in stays in");
    assert!(matches!(rig.sign_in(&rig.from("198.51.100.1"), RIGHT).await, Answer::Open(_)));
    // A browser that was here before is known in the attacker's network, too.
    let browser = rig.door.cookies.token(&brings(&home), BROWSER_COOKIE);
    let known = Knock { browser, ..rig.from("203.0.113.77") };
    assert!(matches!(rig.sign_in(&known, RIGHT).await, Answer::Open(_)));
}

#[tokio::test]
async fn an_attack_from_everywhere_is_slowed_down_and_keeps_no_known_browser_out() {
    let rig = Rig::make().await;
    rig.set_password().await;
    let home = rig.sign_in(&rig.from("198.51.100.1"), RIGHT).await;
    for n in 0..2 * PACE_OF_ALL.burst {
        let stranger = rig.from(&format!("10.0.{n}.1"));
        match rig.store.attempt(&stranger.network, PACE).await.unwrap() {
            Attempt::Allowed => rig.store.attempt(EVERYBODY, PACE_OF_ALL).await.unwrap(),
            wait @ Attempt::AllowedIn(_) => panic!("{wait:?}"),
        };
    }
    assert!(matches!(rig.sign_in(&rig.from("192.0.2.1"), RIGHT).await, Answer::Later(_)));
    let browser = rig.door.cookies.token(&brings(&home), BROWSER_COOKIE);
    let known = Knock { browser, ..rig.from("192.0.2.1") };
    assert!(matches!(rig.sign_in(&known, RIGHT).await, Answer::Open(_)));
}

#[tokio::test]
async fn a_session_ends_idle_or_old_and_by_a_new_password() {
    let rig = Rig::make().await;
    rig.set_password().await;
    let knock = rig.from("198.51.100.1");
    let idle = brings(&rig.sign_in(&knock, RIGHT).await);
    rig.later(30 * MINUTE_MS - 1);
    assert!(rig.is_in(&idle).await);
    rig.later(30 * MINUTE_MS - 1);
    assert!(rig.is_in(&idle).await, "its idle time began anew");
    rig.later(30 * MINUTE_MS);
    assert!(!rig.is_in(&idle).await);
    rig.later(-30 * MINUTE_MS);
    assert!(!rig.is_in(&idle).await, "ended is ended");

    let busy = brings(&rig.sign_in(&knock, RIGHT).await);
    for _ in 0..12 * 3 - 1 {
        rig.later(20 * MINUTE_MS);
        assert!(rig.is_in(&busy).await);
    }
    rig.later(20 * MINUTE_MS);
    assert!(!rig.is_in(&busy).await, "twelve hours at most");

    let one = brings(&rig.sign_in(&knock, RIGHT).await);
    let other = brings(&rig.sign_in(&rig.from("192.0.2.1"), RIGHT).await);
    let change = async |old: &str| {
        let store = rig.store.as_ref();
        rig.door.change_password(store, &knock, old.to_owned(), "another password".to_owned()).await.unwrap()
    };
    assert!(matches!(change("a guess").await, Answer::Wrong));
    assert!(rig.is_in(&other).await);
    let changed = brings(&change(RIGHT).await);
    assert!(!rig.is_in(&one).await && !rig.is_in(&other).await && rig.is_in(&changed).await);
    assert!(matches!(rig.sign_in(&knock, RIGHT).await, Answer::Wrong));
    rig.door.sign_out(rig.store.as_ref(), &changed).await.unwrap();
    assert!(!rig.is_in(&changed).await);
}

#[tokio::test]
async fn the_start_code_works_once() {
    let rig = Rig::make().await;
    let knock = rig.from("198.51.100.1");
    let first = new_start_code(rig.store.as_ref()).await.unwrap();
    let second = new_start_code(rig.store.as_ref()).await.unwrap();
    assert_eq!((first.len(), first == second), (23, false), "{first}");
    let welcome = async |door: &Door, code: &str| {
        door.welcome(rig.store.as_ref(), &knock, code, RIGHT.to_owned()).await.unwrap()
    };
    assert!(matches!(welcome(&rig.door, "AAAAA-AAAAA-AAAAA-AAAAA").await, Answer::Wrong));
    let typed = format!(" {} ", second.to_lowercase().replace('-', " "));
    assert!(rig.is_in(&brings(&welcome(&rig.door, &typed).await)).await);
    assert!(matches!(welcome(&rig.door, &first).await, Answer::Wrong), "all codes are dead");

    let rig = Rig::make().await;
    let door = Door::new(&Settings::from_pairs([("CRON_SECRET", "the cron secret")]));
    let printed = new_start_code(rig.store.as_ref()).await.unwrap();
    let welcome =
        async |code: &str| door.welcome(rig.store.as_ref(), &knock, code, RIGHT.to_owned()).await.unwrap();
    assert!(matches!(welcome(&printed).await, Answer::Wrong), "the secret is the code");
    assert!(matches!(welcome("the cron secret").await, Answer::Open(_)));
    assert!(matches!(welcome("the cron secret").await, Answer::Taken));
}

#[test]
fn forms_of_other_sites_are_known() {
    let own = |is_secure: &str, headers: &[(&str, &str)]| {
        let door = Door::new(&Settings::from_pairs([("BEHIND_TLS_PROXY", is_secure)]));
        let header = |(name, value): &(&str, &str)| {
            (header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap())
        };
        door.is_own_page(&headers.iter().map(header).collect())
    };
    let host = ("host", "shop.kz:8080");
    for (headers, plain, behind_tls) in [
        (&[host][..], false, false),
        (&[host, ("origin", "http://shop.kz:8080")], true, false),
        (&[host, ("origin", "https://shop.kz:8080")], true, true),
        (&[host, ("origin", "https://SHOP.kz:8080")], true, true),
        (&[host, ("origin", "https://shop.kz")], false, false),
        (&[host, ("origin", "https://evil.kz")], false, false),
        (&[host, ("origin", "https://shop.kz:8080.evil.kz")], false, false),
        (&[host, ("origin", "null")], false, false),
        (&[host, ("origin", "")], false, false),
        (&[("origin", "https://shop.kz:8080")], false, false),
        (&[host, ("sec-fetch-site", "same-origin")], true, true),
        // Without a referrer browsers hide the origin, and say this all the same.
        (&[host, ("sec-fetch-site", "same-origin"), ("origin", "null")], true, true),
        (&[host, ("sec-fetch-site", "same-site"), ("origin", "https://shop.kz:8080")], false, false),
        (&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://shop.kz:8080")], false, false),
        (&[host, ("sec-fetch-site", "none"), ("origin", "https://shop.kz:8080")], false, false),
    ] {
        assert_eq!((own("no", headers), own("yes", headers)), (plain, behind_tls), "{headers:?}");
    }
}
