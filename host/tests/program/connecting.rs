//! amoCRM connected, and everything that only looks like it, with the real component and over HTTP.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use kaspi_amocrm::{
    base::job::Job,
    base::shutdown::Stop,
    config::DEFAULT_CONNECTION,
    contract::types::Report,
    service::{RunLimits, Slices as _},
    web::Site,
};
use kaspi_amocrm_simulator::{World, amo::account, kaspi::SimOrder, serve::wall_clock_ms};

use crate::{
    rig::{Rig, assert_clean},
    setting_up_in_a_browser::{Browser, Page, site},
};

const TOKEN_PATH: &str = "/oauth2/access_token";
/// HMAC-SHA256 of `CLIENT_ID|30100200` with the secret of the simulator's integration would stand here.
const WRONG_SIGNATURE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A shop whose integration nobody has connected yet, and its owner at a browser.
async fn shop() -> (Rig, Arc<Site>, Browser) {
    let mut world = World::default();
    world.kaspi.options.latency_ms = 0;
    world.amo.options.latency_ms = 0;
    world.kaspi.add_order(SimOrder::new("1000000001", wall_clock_ms() - 600_000));
    let rig = Rig::with_world(world).await;
    let (site, browser) = site(&rig).await;
    let path = rig.folder.path().join(".env");
    let mut text = std::fs::read_to_string(&path).unwrap();
    let options = rig.world().amo.options.clone();
    for (name, value) in [
        ("KASPI_API_TOKEN", rig.settings["KASPI_API_TOKEN"].as_str()),
        ("AMO_AUTH_BASE", rig.settings["AMO_BASE_URL"].as_str()),
        ("AMO_CLIENT_ID", &options.client_id),
        ("AMO_CLIENT_SECRET", &options.client_secret),
        ("AMO_REDIRECT_URI", &options.redirect_uri),
    ] {
        writeln!(text, "{name}={value}").unwrap();
    }
    std::fs::write(path, text).unwrap();
    site.reload();
    (rig, site, browser)
}

/// Somebody who was sent to amoCRM, and the `state` that they took along.
async fn sent_away(browser: &Browser) -> (Browser, String) {
    let page = browser.get("/oauth/start").await;
    assert_eq!(page.status, 303, "{}", page.text);
    let cookie = page.text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let state = page.location.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let cookies = format!("{}; {}", browser.cookies, cookie.split(';').next().unwrap());
    (browser.with_cookies(cookies), state)
}

impl Rig {
    fn exchanges(&self) -> usize {
        self.world().amo.requests().iter().filter(|request| request.path == TOKEN_PATH).count()
    }

    /// As amoCRM names the account.
    fn referer(&self) -> String {
        self.settings["AMO_BASE_URL"].split("://").nth(1).unwrap().to_owned()
    }
}

async fn run(site: &Site) -> Report {
    let (limits, wait) = (RunLimits::default(), Duration::from_secs(5));
    let (host, stop) = (site.host(), Stop::never());
    let run = host.run(DEFAULT_CONNECTION, Job::New, limits, wait, &stop);
    Box::pin(run).await.unwrap().report.unwrap()
}

fn assert_refused(page: &Page, what: &str) {
    assert!(page.status == 400 && page.text.contains("role=\"alert\""), "{what}: {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_callbacks_reach_no_token_endpoint() {
    let (rig, _site, owner) = shop().await;
    let referer = rig.referer();
    let code = rig.world().amo.oauth_mut().issue_code(wall_clock_ms());
    let right = |state: &str| format!("code={code}&state={state}&referer={referer}");
    for widget in ["", "&from_widget=1"] {
        for query in [
            String::new(),
            format!("code={code}&referer={referer}"),
            format!("code={code}&state=&referer={referer}"),
            right(&"0".repeat(64)),
            format!("code={code}&state=a&state=b&referer={referer}"),
        ] {
            assert_refused(&owner.get(&format!("/oauth/callback?{query}{widget}")).await, "no question");
        }
        for host in
            ["acme.amocrm.ru", "evil.example", "evil.example%2F", "127.0.0.1", "acme.amocrm.ru.evil.example"]
        {
            let (browser, state) = sent_away(&owner).await;
            let query = format!("code={code}&state={state}&referer={host}{widget}");
            assert_refused(&browser.get(&format!("/oauth/callback?{query}")).await, host);
            let again = browser.get(&format!("/oauth/callback?{}", right(&state))).await;
            assert_refused(&again, "a state counts once");
        }
    }
    let (browser, state) = sent_away(&owner).await;
    let other = browser.with_cookies(owner.cookies.clone());
    assert_refused(&other.get(&format!("/oauth/callback?{}", right(&state))).await, "another browser");
    let (browser, state) = sent_away(&owner).await;
    let query = format!("{}&client_id=another", right(&state));
    assert_refused(&browser.get(&format!("/oauth/callback?{query}")).await, "another integration");
    assert_eq!(rig.exchanges(), 0);
    let stranger = owner.with_cookies(String::new());
    assert!(stranger.get("/oauth/start").await.location.contains("/sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_account_gets_its_leads_and_a_disconnected_one_waits() {
    let (rig, site, owner) = shop().await;
    let before = run(&site).await;
    assert_eq!((before.created, before.backlog), (0, 1), "recorded meanwhile: {}", before.to_line());
    // The path of AMO_REDIRECT_URI, and the address of the older tool.
    let paths = ["/cb", "/public/oauth_callback.php"];
    assert!(rig.world().amo.options.redirect_uri.ends_with(paths[0]));
    for path in paths {
        let (browser, state) = sent_away(&owner).await;
        let code = rig.world().amo.oauth_mut().issue_code(wall_clock_ms());
        let query = format!("code={code}&state={state}&referer={}", rig.referer());
        let page = browser.get(&format!("{path}?{query}")).await;
        assert!(page.status == 200 && page.text.contains("refresh: 1; url=/settings"), "{}", page.text);
    }
    assert_eq!(run(&site).await.created, 1);
    assert_eq!(site.host().store().acts(1).await.unwrap()[0].act, "connect");

    let database = std::fs::read(rig.database()).unwrap();
    let pairs: Vec<String> = {
        let mut world = rig.world();
        let pairs = world.amo.oauth_mut().pairs_mut();
        pairs.iter().flat_map(|pair| [pair.access.clone(), pair.refresh.clone()]).collect()
    };
    assert!(pairs.len() >= 4);
    assert_clean("the database", &database, &pairs);

    let client_id = rig.world().amo.options.client_id.clone();
    let query = format!("account_id={}&client_uuid={client_id}", account::ACCOUNT_ID);
    for signature in ["", WRONG_SIGNATURE] {
        let page = owner.get(&format!("/oauth/disconnect?{query}&signature={signature}")).await;
        assert_eq!(page.status, 401, "{}", page.text);
    }
    rig.world().kaspi.add_order(SimOrder::new("1000000002", wall_clock_ms() - 1_000));
    assert_eq!(run(&site).await.created, 1, "a forged word switches nothing off");
}
