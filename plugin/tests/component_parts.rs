//! The parts of the component that know no generated bindings, tested natively.

use kaspi_amocrm_plugin::ports;

#[path = "../src/component/failure.rs"]
mod failure;
#[path = "../src/component/reactor.rs"]
mod reactor;
#[path = "../src/component/target.rs"]
mod target;

mod failures {
    use std::collections::BTreeSet;

    use crate::{
        failure::classify,
        ports::{HttpError, NetworkTrouble},
    };

    /// The codes of the WIT, which is what hosts answer with.
    fn codes() -> BTreeSet<&'static str> {
        let wit = include_str!("../../wit/deps/wasi-http-0.2.6.wit");
        let (_, rest) = wit.split_once("variant error-code {").expect("the variant");
        let (cases, _) = rest.split_once("\n  }").expect("its end");
        cases
            .split([',', '\n'])
            .map(|case| case.split('(').next().unwrap_or_default().trim())
            .filter(|case| !case.is_empty())
            .collect()
    }

    fn of_class(class: fn(&HttpError) -> bool) -> Vec<&'static str> {
        codes().into_iter().filter(|code| class(&classify(code))).collect()
    }

    #[test]
    fn every_code_is_known() {
        assert_eq!(codes().len(), 39);
    }

    #[test]
    fn only_failures_on_the_way_count_as_not_sent() {
        assert_eq!(
            of_class(|error| matches!(error, HttpError::NotSent(..))),
            [
                "DNS-error",
                "DNS-timeout",
                "HTTP-request-URI-invalid",
                "HTTP-request-URI-too-long",
                "HTTP-request-method-invalid",
                "TLS-certificate-error",
                "connection-limit-reached",
                "connection-refused",
                "destination-IP-unroutable",
                "destination-not-found",
                "destination-unavailable",
            ]
        );
    }

    #[test]
    fn refusals_of_the_host_are_told_apart() {
        assert_eq!(
            of_class(|error| matches!(error, HttpError::Denied(_))),
            ["HTTP-request-denied", "destination-IP-prohibited"]
        );
    }

    #[test]
    fn what_nobody_has_heard_of_is_doubt() {
        let unknown = HttpError::Unknown(NetworkTrouble::Other, "new-in-0.3".to_owned());
        assert_eq!(classify("new-in-0.3"), unknown);
    }

    #[test]
    fn what_kept_a_request_from_its_answer_is_told_apart() {
        let of_trouble = |wanted: NetworkTrouble| -> Vec<&str> {
            codes().into_iter().filter(|code| classify(code).trouble() == wanted).collect()
        };
        assert_eq!(of_trouble(NetworkTrouble::Dns), ["DNS-error", "DNS-timeout", "destination-not-found"]);
        assert_eq!(of_trouble(NetworkTrouble::Refused), ["connection-refused"]);
        assert_eq!(
            of_trouble(NetworkTrouble::Tls),
            ["TLS-alert-received", "TLS-certificate-error", "TLS-protocol-error"]
        );
        assert_eq!(
            of_trouble(NetworkTrouble::Timeout),
            [
                "HTTP-response-timeout",
                "connection-read-timeout",
                "connection-timeout",
                "connection-write-timeout",
            ]
        );
    }
}

mod targets {
    use crate::{ports::HttpError, target::Target};

    #[track_caller]
    fn check(url: &str, secure: bool, authority: &str, path_with_query: &str) {
        let expected = Target { secure, authority, path_with_query: path_with_query.to_owned() };
        assert_eq!(Target::parse(url), Ok(expected), "{url}");
    }

    #[test]
    fn takes_urls_apart() {
        check("https://a.amocrm.ru/api/v4/leads?page=1", true, "a.amocrm.ru", "/api/v4/leads?page=1");
        check("http://127.0.0.1:8080/x//y/", false, "127.0.0.1:8080", "/x//y/");
        check("http://[::1]:80", false, "[::1]:80", "/");
        check("https://kaspi.kz?a=b://c", true, "kaspi.kz", "/?a=b://c");
        check("https://kaspi.kz/a?q=%D1%8B#part", true, "kaspi.kz", "/a?q=%D1%8B");
        check("https://kaspi.kz/a@b", true, "kaspi.kz", "/a@b");
    }

    #[test]
    fn refuses_everything_else_before_it_is_sent_and_without_repeating_it() {
        for url in [
            "",
            "kaspi.kz/secret",
            "/secret",
            "ftp://secret/",
            "HTTPS://secret/",
            "https://",
            "https:///secret",
            "https://?secret",
            "https://user:secret@host/",
            "https://host/secret value",
            "https://host/secret\r\nx: y",
            "https://host/секрет",
        ] {
            let Err(HttpError::NotSent(_, why)) = Target::parse(url) else { panic!("{url:?} was taken") };
            assert!(!why.contains("secret") && !why.contains("секрет"), "{why}");
        }
    }
}

mod reactors {
    use std::{
        cell::{Cell, RefCell},
        future::{Future, poll_fn},
        pin::pin,
        rc::Rc,
        task::Poll,
    };

    use futures_util::{
        StreamExt,
        future::{Either, join_all, select},
        stream::{self, FuturesUnordered},
    };

    use crate::reactor::{Pollable, Reactor};

    /// A host in virtual time: a poll jumps to the earliest time that somebody waits for.
    #[derive(Default)]
    struct Host {
        now: Cell<u64>,
        polls: Cell<u32>,
        alive: Cell<u32>,
        log: RefCell<Vec<String>>,
    }

    struct Timer {
        host: Rc<Host>,
        at: u64,
    }

    impl Timer {
        fn new(host: &Rc<Host>, after: u64) -> Self {
            host.alive.set(host.alive.get() + 1);
            Self { host: Rc::clone(host), at: host.now.get() + after }
        }
    }

    impl Drop for Timer {
        fn drop(&mut self) {
            self.host.alive.set(self.host.alive.get() - 1);
        }
    }

    impl Pollable for Timer {
        fn poll_any(timers: &[&Self]) -> Vec<u32> {
            let host = &timers[0].host;
            host.polls.set(host.polls.get() + 1);
            let now = timers.iter().map(|timer| timer.at).min().expect("a timer").max(host.now.get());
            host.now.set(now);
            let ready = timers.iter().enumerate().filter(|(_, timer)| timer.at <= now);
            // Hosts promise no order, so the least convenient one.
            ready.map(|(index, _)| u32::try_from(index).expect("few pollables")).rev().collect()
        }
    }

    fn setup() -> (Rc<Host>, Reactor<Timer>) {
        (Rc::default(), Reactor::default())
    }

    #[test]
    fn a_future_that_waits_for_nothing_needs_no_poll() {
        let (host, reactor) = setup();
        assert_eq!(reactor.block_on(async { 7 }), 7);
        assert_eq!(host.polls.get(), 0);
    }

    #[test]
    fn waits_overlap() {
        let (host, reactor) = setup();
        let waits = (0..100).map(|_| reactor.ready(Timer::new(&host, 50)));
        reactor.block_on(join_all(waits));
        assert_eq!((host.now.get(), host.polls.get(), host.alive.get()), (50, 1, 0));
    }

    #[test]
    fn at_most_eight_at_once() {
        let (host, reactor) = setup();
        let (flying, peak) = (Cell::new(0), Cell::new(0));
        let done: Vec<u32> = reactor.block_on(
            stream::iter(0..100)
                .map(|number| {
                    let (host, reactor, flying, peak) = (&host, &reactor, &flying, &peak);
                    async move {
                        flying.set(flying.get() + 1);
                        peak.set(peak.get().max(flying.get()));
                        reactor.ready(Timer::new(host, 50)).await;
                        flying.set(flying.get() - 1);
                        number
                    }
                })
                .buffer_unordered(8)
                .collect(),
        );
        assert_eq!(done.len(), 100);
        // 13 rounds of 50.
        assert_eq!((peak.get(), host.now.get()), (8, 650));
    }

    #[test]
    fn answers_come_in_the_order_of_time() {
        let (host, reactor) = setup();
        let waits: FuturesUnordered<_> = [30_u64, 10, 20]
            .into_iter()
            .map(|after| {
                let (host, reactor) = (&host, &reactor);
                async move {
                    reactor.ready(Timer::new(host, after)).await;
                    host.log.borrow_mut().push(format!("{after} at {}", host.now.get()));
                }
            })
            .collect();
        reactor.block_on(waits.collect::<Vec<()>>());
        assert_eq!(*host.log.borrow(), ["10 at 10", "20 at 20", "30 at 30"]);
    }

    #[test]
    fn only_the_part_that_is_ready_is_polled_again() {
        let (host, reactor) = setup();
        let polls = [Cell::new(0), Cell::new(0)];
        let part = |index: usize, after: u64| {
            let mut wait = Box::pin(reactor.ready(Timer::new(&host, after)));
            let polls = &polls[index];
            poll_fn(move |context| {
                polls.set(polls.get() + 1);
                wait.as_mut().poll(context)
            })
        };
        let parts: FuturesUnordered<_> = [part(0, 10), part(1, 20)].into_iter().collect();
        reactor.block_on(parts.collect::<Vec<()>>());
        assert_eq!(polls.map(|polls| polls.get()), [2, 2]);
    }

    #[test]
    fn the_loser_of_a_race_gives_its_pollable_back() {
        let (host, reactor) = setup();
        reactor.block_on(async {
            let slow = pin!(reactor.ready(Timer::new(&host, 1000)));
            let quick = pin!(reactor.ready(Timer::new(&host, 10)));
            assert!(matches!(select(slow, quick).await, Either::Right(_)));
        });
        assert_eq!((host.now.get(), host.alive.get()), (10, 0));
        reactor.block_on(reactor.ready(Timer::new(&host, 5)));
        assert_eq!(host.now.get(), 15);
    }

    #[test]
    fn a_part_that_nobody_polls_does_not_turn_the_wait_into_a_busy_loop() {
        let (host, reactor) = setup();
        reactor.block_on(async {
            let idle = reactor.ready(Timer::new(&host, 1));
            for _ in 0..10 {
                reactor.ready(Timer::new(&host, 100)).await;
            }
            idle.await;
        });
        // Ten waits, and one more poll for what fired beside the first of them.
        assert_eq!((host.now.get(), host.polls.get()), (1000, 11));
    }

    #[test]
    fn a_part_may_ask_to_be_polled_again_at_once() {
        let (host, reactor) = setup();
        let mut rounds = 0;
        reactor.block_on(poll_fn(|context| {
            rounds += 1;
            if rounds == 5 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!((rounds, host.polls.get()), (5, 0));
    }

    #[test]
    #[should_panic(expected = "waits for something that no host call announces")]
    fn a_wait_for_nothing_is_a_bug_and_not_a_hang() {
        let (_, reactor) = setup();
        reactor.block_on(std::future::pending::<()>());
    }
}
