//! The same component in each of its homes: our program, Spin (emulated), Node. The same scenarios, told only how a job
//! is run there.

mod node;
mod on_spin;

use std::{sync::Arc, time::Duration};

use kaspi_amocrm::wasm::EMBEDDED;
use kaspi_amocrm_simulator::{
    World,
    demo::demo_world,
    fault::{Fault, Rate},
    serve::wall_clock_ms,
};
use serde_json::Value;

use crate::{
    day_to_day::{code, order, rig, scope, shop},
    rig::Rig,
    spin::{App, Backend, Spin},
};
use node::Node;

/// Where it runs.
enum Home {
    Program,
    Spin(App),
    Node(Node),
}

impl Home {
    /// Runs a job until it is done; answers with the last report.
    async fn run(&self, rig: &Rig, job: &str) -> Value {
        let reports = match self {
            Self::Program => {
                let ended = rig.run(&["run", job]).await;
                assert!(matches!(ended.code, Some(0 | 69)), "{job}: {}", ended.text());
                ended.stdout
            }
            Self::Spin(app) => {
                let fired = app.fire(&[("job", job)]).await;
                assert_eq!(fired.result, Ok(()), "{job}: {}", fired.output);
                fired.output
            }
            Self::Node(node) => node.run(rig, job).await,
        };
        for planted in rig.planted() {
            assert!(!reports.contains(&planted), "{planted} stands in a report");
        }
        let last = reports.lines().last().unwrap_or_else(|| panic!("{job} has no report"));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{job}: {error}: {last}"))
    }
}

/// Compiled once: that takes seconds.
async fn spin() -> Arc<Spin> {
    static SPIN: tokio::sync::OnceCell<Arc<Spin>> = tokio::sync::OnceCell::const_new();
    SPIN.get_or_init(async || Arc::new(Spin::start(EMBEDDED).expect("Spin has all that it imports")))
        .await
        .clone()
}

/// The application of the manifest, as far as it is not about time.
async fn app(rig: &Rig, backend: Backend) -> App {
    let variables = rig.settings.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    App::new(spin().await, variables, vec![rig.settings["AMO_BASE_URL"].clone()], backend)
}

/// Every scenario in every home.
macro_rules! in_every_home {
    ($($scenario:ident)*) => {$(
        mod $scenario {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn program() {
                super::$scenario(async |_| Home::Program).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn spin() {
                super::$scenario(async |rig: &Rig| Home::Spin(app(rig, Backend::Sqlite).await)).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn node() {
                if Node::is_wanted() {
                    super::$scenario(async |rig: &Rig| Home::Node(Node::in_folder(rig.folder.path()))).await;
                }
            }
        }
    )*};
}

in_every_home! {
    orders_become_leads_once
    leads_follow_their_orders
    lost_answers_lose_and_double_nothing
}

async fn orders_become_leads_once(home: impl AsyncFn(&Rig) -> Home) {
    let mut rig = Rig::with_world(demo_world(wall_clock_ms())).await;
    rig.settings.insert("SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned());
    let home = home(&rig).await;
    let report = home.run(&rig, "new").await;
    let sum = report["created"].as_u64().unwrap() + report["adopted"].as_u64().unwrap();
    assert_eq!((sum, &report["complete"]), (40, &true.into()), "{report}");
    rig.assert_right("after the first run");
    let requests = rig.world().amo.requests().len();
    assert_eq!(report["requests"]["amocrm"], requests);
    assert!(requests * 10 <= 13 * 40, "{requests} requests for 40 orders");

    let writes = rig.writes();
    for job in ["new", "reconcile"] {
        assert_eq!(home.run(&rig, job).await["complete"], true);
    }
    assert_eq!(rig.writes(), writes, "all is done");
    rig.assert_right("after both jobs again");
}

async fn leads_follow_their_orders(home: impl AsyncFn(&Rig) -> Home) {
    let rig = rig(shop((0..20).map(|number| (number, 5 + 800 * i64::try_from(number).unwrap())))).await;
    let home = home(&rig).await;
    assert_eq!(home.run(&rig, "new").await["created"], 20);
    let now_ms = wall_clock_ms();
    for number in 0..20 {
        rig.kaspi(&code(number), |mut order| match number % 5 {
            0 | 1 => order.later(now_ms, "ARCHIVE", "COMPLETED"),
            2 => order.cancelled(now_ms, "BUYER_CANCELLATION_HIMSELF"),
            3 => order.handed_over(now_ms),
            _ => {
                order.lines.pop();
                order
            }
        });
    }
    let report = home.run(&rig, "reconcile").await;
    assert_eq!((&report["complete"], &report["more"]), (&true.into(), &false.into()), "{report}");
    assert_eq!(rig.violations(&scope()), [""; 0]);
    let writes = rig.writes();
    home.run(&rig, "reconcile").await;
    assert_eq!(rig.writes(), writes, "all is done");
}

async fn lost_answers_lose_and_double_nothing(home: impl AsyncFn(&Rig) -> Home) {
    let rig = rig(World::default()).await;
    let home = home(&rig).await;
    for round in 0..6 {
        {
            let mut world = rig.world();
            let faults = &mut world.amo.faults;
            faults.clear();
            for (per_mille, fault) in [
                (150, Fault::LostAfterCommit),
                (80, Fault::ErrorAfterCommit(504)),
                (80, Fault::gateway(502)),
                (60, Fault::CutAfterCommit(100)),
            ] {
                faults.rate(Rate::new(per_mille, fault).method("POST"));
            }
            for number in 3 * round..3 * round + 3 {
                world.kaspi.add_order(order(number, wall_clock_ms()));
            }
        }
        for job in ["new", "reconcile"] {
            home.run(&rig, job).await;
        }
    }
    rig.world().amo.faults.clear();
    let mut calm = 0;
    loop {
        let report = home.run(&rig, "new").await;
        if report["complete"] == true && report["backlog"] == 0 {
            break;
        }
        calm += 1;
        assert!(calm < 90, "it does not settle: {report}");
        // A doubt lasts for the deadline of its request, and a second.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(rig.world().amo.leads().len(), 18);
    assert_eq!(rig.violations(&scope()), [""; 0]);
}
