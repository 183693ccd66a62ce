//! What only Spin does: firings that overlap, a store with habits of its own, an HTTP trigger.

use std::time::Duration;

use kaspi_amocrm_simulator::{World, demo::demo_world, serve::wall_clock_ms};
use serde_json::Value;

use super::{App, Backend, app, code, order, rig, scope, shop};
use crate::rig::Rig;

const SECRET: &str = "a-secret-of-32-letters-and-digits";
/// Longer than a lease.
const MINUTE: Duration = Duration::from_secs(61);

async fn fire(app: &App, job: &str) {
    let fired = app.fire(&[("job", job)]).await;
    assert_eq!(fired.result, Ok(()), "{job}: {}", fired.output);
}

/// The real limit of seven requests a second, which the oracle and the simulator both watch.
#[tokio::test(flavor = "multi_thread")]
async fn firings_that_overlap_make_each_lead_once_at_seven_requests_a_second() {
    let rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    let app = app(&rig, Backend::Sqlite).await;
    for round in 0..3 {
        let now_ms = wall_clock_ms();
        (0..10).for_each(|number| rig.world().kaspi.add_order(order(100 * round + number, now_ms)));
        let jobs = ["new", "reconcile", "new", "new", "reconcile", "new"];
        let mut firings = tokio::task::JoinSet::new();
        for job in jobs {
            let app = app.clone();
            firings.spawn(async move { fire(&app, job).await });
        }
        firings.join_all().await;
        rig.assert_right(&format!("round {round}"));
    }
    assert_eq!(rig.world().amo.leads().len(), 40 + 30);
    assert!(rig.world().amo.requests().iter().all(|request| request.status != 429));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_cut_is_continued_by_a_later_one() {
    let rig = rig(shop((0..12).map(|number| (number, 30)))).await;
    rig.world().amo.options.latency_ms = 200;
    let app = app(&rig, Backend::Sqlite).await;
    for end in ["/contacts", "/leads", "/notes"] {
        let posts = || {
            rig.world().amo.requests().iter().filter(|r| r.method == "POST" && r.path.ends_with(end)).count()
        };
        let before = posts();
        let firing = tokio::spawn({
            let app = app.clone();
            async move { app.fire(&[("job", "new")]).await }
        });
        // The answer to it is still under way.
        while posts() == before && !firing.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        firing.abort();
        // Nobody gave the lease back, so the next firing waits a while and leaves it.
        if firing.await.is_err_and(|error| error.is_cancelled()) {
            assert!(app.stored().keys().any(|key| key == "lease/default"));
        }
        app.let_pass(MINUTE);
    }
    for _ in 0..30 {
        fire(&app, "new").await;
        app.let_pass(MINUTE);
    }
    assert_eq!(rig.world().amo.leads().len(), 12);
    assert_eq!(rig.violations(&scope()), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_redis_is_refused_and_nothing_is_sent() {
    let mut rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    rig.settings.insert("CRON_SECRET", SECRET.to_owned());
    let app = app(&rig, Backend::Redis).await;
    for _ in 0..2 {
        let error = app.fire(&[("job", "new")]).await.result.unwrap_err();
        assert!(
            error.contains("Redis") && error.contains("type = \"spin\"") && error.contains("не подходит"),
            "{error}"
        );
    }
    let bearer = format!("Bearer {SECRET}");
    for path in ["/cron?task=new", "/status"] {
        let (status, _, body) = app.get(path, &[("authorization", &bearer)]).await;
        assert!(status >= 500 && body.contains("Redis"), "{path}: {status} {body}");
    }
    assert!(rig.world().amo.requests().is_empty() && rig.world().kaspi.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_reaches_the_store_sealed() {
    let mut rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    // The pair of tokens is the one secret that has to be stored.
    let (pair, options) = {
        let mut world = rig.world();
        (world.amo.issue_pair(wall_clock_ms()), world.amo.options.clone())
    };
    rig.settings.remove("AMO_LONG_LIVED_TOKEN");
    rig.settings.extend([
        ("SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned()),
        ("AMO_ACCESS_TOKEN", pair.access),
        ("AMO_REFRESH_TOKEN", pair.refresh),
        // Ended: it has to be renewed, and the new pair has to be kept.
        ("AMO_EXPIRES_AT", "1790000000".to_owned()),
        ("AMO_CLIENT_ID", options.client_id),
        ("AMO_CLIENT_SECRET", options.client_secret),
        ("AMO_REDIRECT_URI", options.redirect_uri),
    ]);
    let app = app(&rig, Backend::Sqlite).await;
    // Some orders stay unfinished, so that what is needed of their buyers is there.
    rig.world().amo.faults.rule(
        kaspi_amocrm_simulator::fault::Rule::new(kaspi_amocrm_simulator::fault::Fault::gateway(502))
            .method("POST")
            .path("/api/v4/leads")
            .always(),
    );
    fire(&app, "new").await;
    assert_eq!(rig.world().amo.oauth().presented().len(), 1, "renewed");
    let planted = rig.planted();
    let stored = app.stored();
    assert!(
        stored.keys().any(|key| key.contains("/payload/"))
            && stored.keys().any(|key| key.starts_with("oauth/"))
    );
    for (key, value) in &stored {
        crate::rig::assert_clean(key, value, &planted);
    }
    fire(&app, "new").await;
    assert_eq!(rig.world().amo.oauth().presented().len(), 1, "the stored pair is used");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_trigger_serves_cron_and_status() {
    let mut rig = rig(World::default()).await;
    rig.settings.insert("CRON_SECRET", SECRET.to_owned());
    let app = app(&rig, Backend::Sqlite).await;
    rig.world().kaspi.add_order(order(1, wall_clock_ms()));
    let bearer = format!("Bearer {SECRET}");
    let token = [("authorization", bearer.as_str())];

    for path in ["/cron?task=new", "/status"] {
        let (status, headers, _) = app.get(path, &[]).await;
        assert_eq!((status, headers["cache-control"].to_str().unwrap()), (401, "no-store"));
    }
    let (status, _, body) = app.get("/status", &token).await;
    assert_eq!((status, body.contains("never_ran")), (503, true), "{body}");
    let ((first, _, one), (second, _, two)) =
        tokio::join!(app.get("/cron?task=new", &token), app.get("/cron?task=new", &token));
    let mut statuses = [first, second];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 202], "{one}\n{two}");
    let report: Value = [one, two]
        .iter()
        .map(|body| serde_json::from_str(body).unwrap())
        .find(|body: &Value| body["job"] == "new")
        .unwrap();
    assert_eq!(report["created"], 1);
    assert_eq!(rig.world().amo.leads().len(), 1);

    let (status, headers, body) = app.get("/status", &token).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["works"], &body["new"][0]["leads"]), (200, &true.into(), &1.into()), "{body}");
    assert_eq!(headers["content-type"], "application/json");
    let (status, headers, page) = app.get("/status", &[token[0], ("accept", "text/html")]).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert!(page.contains("Работает") && !page.contains(SECRET), "{page}");
    // An order of its own code in the list of those that wait is told, its buyer is not.
    assert!(!page.contains(&code(1)), "it is done");
    assert!(app.memory_bytes_max() < 16 << 20, "{} bytes of memory", app.memory_bytes_max());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_only_where_the_manifest_allows_it() {
    let mut rig = rig(shop([(1, 30)])).await;
    let app = app(&rig, Backend::Sqlite).await;
    let elsewhere = rig.settings["KASPI_API_BASE"].replace("127.0.0.1", "localhost");
    rig.settings.insert("KASPI_API_BASE", elsewhere);
    let denied = super::app(&rig, Backend::Sqlite).await;
    let fired = denied.fire(&[("job", "new")]).await;
    let report: Value = serde_json::from_str(fired.output.trim()).unwrap();
    assert_eq!(report["problems"][0]["class"], "upstream_kaspi", "{report}");
    assert!(fired.output.contains("allow"), "{report}");
    fire(&app, "new").await;
    assert_eq!(rig.world().amo.leads().len(), 1);
}
