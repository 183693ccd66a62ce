//! Signals: SIGTERM and SIGINT finish the call under way, give the connection back and end the program within the
//! grace; and what it logs at `trace` on the way.

use std::time::{Duration, Instant};

use kaspi_amocrm_simulator::{
    oracle::{self, Scope},
    serve::wall_clock_ms,
};

use crate::{
    process::eventually,
    rig::{Ended, Rig, assert_clean},
};

/// From the signal to the end, with room for a busy machine; the program promises 8 s for requests under way.
const END_MAX: Duration = Duration::from_secs(10);

impl Rig {
    async fn run_new(&self, log: &str) -> Ended {
        self.program(&["run", "new", "--wait", "0"], log).ended().await
    }

    fn lead_posts(&self) -> usize {
        let world = self.world();
        world.amo.requests().iter().filter(|r| r.method == "POST" && r.path == "/api/v4/leads").count()
    }

    /// Waits until the first leads have arrived; their answer takes a while.
    async fn first_leads(&self) {
        eventually(|| self.lead_posts() > 0).await;
    }

    /// A signal while the answer to the first leads is under way; then everything that must hold.
    async fn interrupt(&self, arguments: &[&str], signal: libc::c_int) -> Ended {
        self.world().amo.options.latency_ms = 700;
        let child = self.program(arguments, "info");
        self.first_leads().await;
        let requests = self.world().amo.requests().len();
        child.signal(signal);
        let began = Instant::now();
        let end = child.ended().await;
        assert!(began.elapsed() < END_MAX, "{:?}", began.elapsed());
        assert_eq!(end.code, Some(0), "{}{}", end.stdout, end.stderr);
        assert_eq!(self.world().amo.requests().len(), requests, "nothing new is sent");

        // The connection is free, and the next run goes on.
        self.world().amo.options.latency_ms = 0;
        let next = self.run_new("info").await;
        assert_eq!(next.code, Some(0), "{}{}", next.stdout, next.stderr);
        let report = next.report();
        assert_eq!((&report["in_doubt"], &report["more"]), (&0.into(), &false.into()), "{report}");
        assert_eq!(oracle::check(&self.world(), &Scope::at(wall_clock_ms())), [""; 0]);
        assert_eq!(self.lead_posts(), 1, "the answer that was under way is recorded");
        end
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_the_call_under_way_and_ends_a_run() {
    let rig = Rig::start().await;
    let end = rig.interrupt(&["run", "new"], libc::SIGTERM).await;
    let report = end.report();
    assert_eq!((&report["more"], &report["complete"]), (&true.into(), &false.into()), "{report}");
    assert_eq!(report["problems"], serde_json::json!([]), "{report}");
    assert!(report["created"].as_u64().unwrap() > 0, "what was answered counts: {report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigint_finishes_the_call_under_way_and_ends_a_server() {
    let rig = Rig::start().await;
    rig.interrupt(&["serve", "--listen", "127.0.0.1:0"], libc::SIGINT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_given_up_within_the_grace() {
    let rig = Rig::start().await;
    rig.world().amo.options.latency_ms = 25_000;
    let child = rig.program(&["run", "new"], "info");
    eventually(|| !rig.world().amo.requests().is_empty()).await;
    child.signal(libc::SIGTERM);
    let began = Instant::now();
    let end = child.ended().await;
    assert!(began.elapsed() < END_MAX, "{:?}: {}", began.elapsed(), end.stderr);
    rig.world().amo.options.latency_ms = 0;
    let next = rig.run_new("info").await;
    assert_eq!(next.code, Some(0), "the connection is free: {}{}", next.stdout, next.stderr);
    assert_eq!(oracle::check(&rig.world(), &Scope::at(wall_clock_ms())), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let rig = Rig::start().await;
    rig.world().amo.options.latency_ms = 25_000;
    let mut child = rig.program(&["run", "new"], "info");
    eventually(|| !rig.world().amo.requests().is_empty()).await;
    let began = Instant::now();
    // Signals of one kind that come together are one: sent again until it has heard two.
    while child.is_running() {
        child.signal(libc::SIGTERM);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(child.ended().await.code, Some(128 + libc::SIGTERM));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_its_connection_ends_at_once() {
    let rig = Rig::start().await;
    rig.world().amo.options.latency_ms = 700;
    let first = rig.program(&["run", "new"], "info");
    rig.first_leads().await;
    let second = rig.program(&["run", "new", "--wait", "600"], "info");
    let second = second.says("waiting for another run").await;
    second.signal(libc::SIGTERM);
    let began = Instant::now();
    let end = second.ended().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(end.stdout.is_empty(), "{}", end.stdout);
    first.signal(libc::SIGTERM);
    assert_eq!(first.ended().await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn even_at_trace_no_secret_and_no_person_is_logged() {
    let rig = Rig::start().await;
    let end = rig.run_new("trace,kaspi_amocrm=trace,wasmtime_wasi_http=trace,wasmtime_wasi=trace").await;
    assert_eq!(end.code, Some(0), "{}{}", end.stdout, end.stderr);
    let planted = rig.planted();
    assert!(planted.len() > 40);
    assert_clean("the log", end.stderr.as_bytes(), &planted);
    assert!(end.stderr.contains("DEBUG") && end.stderr.contains("finished a run"), "{}", end.stderr);
}
