//! The console in a real browser, from an empty folder to the first lead: the program as a user starts it, the
//! simulators, Chromium, and `host/tests/browser/console.mjs`, which clicks.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use kaspi_amocrm_simulator::{
    World,
    demo::demo_world,
    fault::{Fault, Rule},
    kaspi::{SimLine, SimOrder},
    serve::wall_clock_ms,
};
use tokio::net::TcpListener;

use crate::{
    process::{Program, eventually},
    rig::{Rig, assert_clean},
};

/// Of this installation; it is the start code too.
const CRON_SECRET: &str = "a-long-word-for-the-crontab";
/// What the owner chooses.
const PASSWORD: &str = "тоғыз қоңыр аю 27";

/// Where the browser is; `None` where the environment says that there is none.
fn chromium() -> Option<PathBuf> {
    match env::var("KASPI_AMOCRM_TEST_CHROMIUM") {
        Ok(path) if path == "absent" => None,
        Ok(path) => Some(path.into()),
        Err(_) => {
            panic!("run the tests with `cargo xtask test`, or set KASPI_AMOCRM_TEST_CHROMIUM to `absent`")
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_folder_to_the_first_lead_and_on() {
    let Some(chromium) = chromium() else { return };
    let mut world = demo_world(wall_clock_ms());
    world.kaspi.options.latency_ms = 0;
    world.amo.options.latency_ms = 0;
    world.amo.options.latency_per_item_ms = 0;
    let mut rig = Rig::with_world(world).await;
    let kaspi_token = rig.settings["KASPI_API_TOKEN"].clone();
    let simulator = rig.settings["AMO_BASE_URL"].clone();
    // Where the simulators are is all that the program knows; the rest comes from the pages.
    rig.settings.retain(|name, _| ["KASPI_API_BASE", "AMO_BASE_URL"].contains(name));
    rig.settings.insert("AMO_AUTH_BASE", simulator);
    rig.settings.insert("CRON_SECRET", CRON_SECRET.to_owned());
    rig.settings.insert("SETTLE_SECONDS", "1".to_owned());

    let (program, said) = serve(&rig);
    let address = || {
        let said = said.lock().unwrap();
        said.iter().find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_owned()))
    };
    eventually(|| address().is_some()).await;
    let site = address().unwrap();
    let (client_id, client_secret) = {
        let mut world = rig.world();
        world.amo.options.redirect_uri = format!("{site}/oauth/callback");
        (world.amo.options.client_id.clone(), world.amo.options.client_secret.clone())
    };
    let control = control(rig.shared_world()).await;
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/console.mjs"))
        .env("CHROMIUM", chromium)
        .env("SITE", site)
        .env("CONTROL", control)
        .env("START_CODE", CRON_SECRET)
        .env("PASSWORD", PASSWORD)
        .env("KASPI_TOKEN", &kaspi_token)
        .env("CLIENT_ID", client_id)
        .env("CLIENT_SECRET", client_secret);
    let status = tokio::task::spawn_blocking(move || node.status()).await.unwrap();
    let said = || said.lock().unwrap().join("\n");
    assert!(status.expect("Node.js is there").success(), "see above; the program said:\n{}", said());

    program.signal(libc::SIGTERM);
    program.ended().await;
    let planted: Vec<String> =
        rig.planted().into_iter().chain([CRON_SECRET, PASSWORD].map(str::to_owned)).collect();
    assert_clean("the log", said().as_bytes(), &planted);
    for path in [".env", "data/kaspi-amocrm.sqlite"] {
        let bytes = std::fs::read(rig.folder.path().join(path)).unwrap();
        let secrets = [PASSWORD.to_owned()];
        assert_clean(path, &bytes, &secrets);
    }
}

/// Starts `serve` and keeps what it says.
fn serve(rig: &Rig) -> (Program, Arc<Mutex<Vec<String>>>) {
    let mut program = rig.program(&["serve", "--listen", "127.0.0.1:0"], "debug");
    let said = Arc::new(Mutex::new(Vec::new()));
    let (stderr, lines) = (program.stderr(), said.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
    (program, said)
}

/// What the world does meanwhile, at the browser's word.
async fn control(world: Arc<Mutex<World>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/order", post(order))
        .route("/leads", get(leads))
        .route("/refuse-notes", post(refuse_notes))
        .with_state(world);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A buyer orders; answers with the number.
async fn order(State(world): State<Arc<Mutex<World>>>) -> String {
    let mut world = world.lock().unwrap();
    let code = (7_000_000_000 + world.kaspi.orders().len()).to_string();
    let line = SimLine::new("KT-17", "<b>Чайник</b> & \"чашка\"", 2, 12_990);
    world.kaspi.add_order(SimOrder::new(&code, wall_clock_ms() - 1_000).lines(vec![line]));
    code
}

async fn leads(State(world): State<Arc<Mutex<World>>>) -> String {
    world.lock().unwrap().amo.leads().len().to_string()
}

/// amoCRM refuses the notes of the next request.
async fn refuse_notes(State(world): State<Arc<Mutex<World>>>) {
    let rule = Rule::new(Fault::bad_request()).method("POST").path("/api/v4/leads/notes");
    world.lock().unwrap().amo.faults.rule(rule);
}
