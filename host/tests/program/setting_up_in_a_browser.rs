//! From an empty folder to the first lead by what a browser without scripts sends.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use kaspi_amocrm::{
    base::job::Job,
    base::shutdown::Stop,
    config::Settings,
    service::{Host, RunLimits},
    wasm::{Plugin, default_cache_folder},
    web::{self, Site},
};
use kaspi_amocrm_simulator::{World, amo::account, kaspi::SimOrder, serve::wall_clock_ms};
use tokio::net::TcpListener;

use crate::rig::Rig;

const MINUTE_MS: i64 = 60_000;
const START_CODE: &str = "5f2d7c0a91e84b635f2d";

/// A page, as it came.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

/// Somebody with a browser, signed in.
#[derive(Clone)]
pub(crate) struct Browser {
    address: SocketAddr,
    pub(crate) cookies: String,
    form_token: String,
}

impl Browser {
    /// Chooses the first password, which signs in.
    async fn signed_in(address: SocketAddr) -> Self {
        const PASSWORD: &str = "correct horse battery";
        let mut browser = Self { address, cookies: String::new(), form_token: String::new() };
        let welcome = [("code", START_CODE), ("password", PASSWORD), ("again", PASSWORD)];
        let page = browser.post("/welcome", &welcome).await;
        let cookies = page.text.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
        assert!(!cookies.is_empty(), "{}", page.text);
        browser.cookies = cookies.join("; ");
        let page = browser.get("/settings").await;
        let token =
            page.text.split("name=\"form_token\" value=\"").nth(1).unwrap_or_else(|| panic!("{}", page.text));
        browser.form_token = token.split('"').next().unwrap().to_owned();
        browser
    }

    /// The same browser with other cookies.
    pub(crate) fn with_cookies(&self, cookies: String) -> Self {
        Self { cookies, ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send("GET", path, &[]).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", path, fields).await
    }

    async fn send(&self, method: &'static str, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = ("form_token", self.form_token.as_str());
        let fields = fields.iter().copied().chain((method == "POST").then_some(token));
        let pairs: Vec<String> =
            fields.map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let (address, body) = (self.address, pairs.join("&"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nConnection: close\r\n\
             Cookie: {}\r\nContent-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            self.cookies,
            body.len()
        );
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8(answer).unwrap()
        });
        let text = answer.await.unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let head = text.split("\r\n\r\n").next().unwrap();
        let location =
            head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default().to_owned();
        Page { status, location, text }
    }
}

impl Page {
    /// What the lists of the page have chosen, as the browser sends it.
    fn chosen(&self) -> Vec<(String, String)> {
        let lists = self.text.split("<select ").skip(1);
        let one = |list: &str| {
            let name = list.split("name=\"").nth(1)?.split('"').next()?;
            let chosen = list
                .split("</select>")
                .next()?
                .split("<option ")
                .find(|option| option.split('>').next().is_some_and(|tag| tag.contains(" selected")))?;
            Some((name.to_owned(), chosen.split("value=\"").nth(1)?.split('"').next()?.to_owned()))
        };
        lists.filter_map(one).collect()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
        encoded
    })
}

fn fields(chosen: &[(String, String)]) -> Vec<(&str, &str)> {
    chosen.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The site of an empty folder but for the addresses of the simulators.
pub(crate) async fn site(rig: &Rig) -> (Arc<Site>, Browser) {
    let folder = rig.folder.path();
    let addresses = format!(
        "# addresses\nKASPI_API_BASE={}\nAMO_BASE_URL={}\nCRON_SECRET={START_CODE}\n",
        rig.settings["KASPI_API_BASE"], rig.settings["AMO_BASE_URL"]
    );
    std::fs::write(folder.join(".env"), addresses).unwrap();
    let plugin = Plugin::load(None, default_cache_folder().as_deref()).unwrap();
    let host = Host::open(Settings::load(folder), plugin).await.unwrap();
    let site = Site::new(host, folder.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::serve(site.clone(), listener, Stop::never()));
    (site, Browser::signed_in(address).await)
}

async fn rig() -> Rig {
    let mut world = World::default();
    world.kaspi.options.latency_ms = 0;
    world.amo.options.latency_ms = 0;
    world.kaspi.add_order(SimOrder::new("1000000001", wall_clock_ms() - 10 * MINUTE_MS));
    Rig::with_world(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_leads_from_an_empty_folder_to_the_first_lead() {
    let rig = rig().await;
    let (kaspi, amo) =
        (rig.settings["KASPI_API_TOKEN"].clone(), rig.settings["AMO_LONG_LIVED_TOKEN"].clone());
    let (site, browser) = site(&rig).await;
    assert_eq!(browser.get("/setup").await.location, "/setup/kaspi");
    assert_eq!(browser.get("/setup/stages").await.location, "/setup/kaspi", "one after the other");
    let empty = browser.post("/setup/kaspi", &[("token", "")]).await;
    assert!(empty.status == 200 && empty.text.contains("role=\"alert\""), "{}", empty.text);
    let mut pages = vec![browser.post("/setup/kaspi", &[("token", &kaspi)]).await];
    assert!(pages[0].text.contains("/setup/account"), "{}", pages[0].text);
    assert_eq!(browser.post("/setup/account", &[]).await.location, "/setup/access");
    let token = browser.post("/setup/access", &[("way", "token"), ("token", &amo)]).await;
    assert_eq!(token.location, "/setup/pipeline", "{}", token.text);
    for (step, next) in [("pipeline", "choices"), ("choices", "stages"), ("stages", "rehearsal")] {
        let page = browser.get(&format!("/setup/{step}")).await;
        let chosen = page.chosen();
        assert!(page.status == 200 && !chosen.is_empty(), "{step}: {}", page.text);
        let taken = browser.post(&format!("/setup/{step}"), &fields(&chosen)).await;
        assert_eq!(taken.location, format!("/setup/{next}"), "{}", taken.text);
        pages.push(page);
    }
    let trial = browser.post("/setup/rehearsal", &[]).await;
    assert!(trial.text.contains("1000000001") && trial.text.contains("/setup/finish"), "{}", trial.text);
    assert_eq!(rig.writes(), 0, "nothing was changed so far");
    pages.push(trial);
    pages.push(browser.get("/setup/access").await);
    for page in &pages {
        assert!(!page.text.contains(&kaspi) && !page.text.contains(&amo), "a secret came back");
    }
    let finished = browser.post("/setup/finish", &[]).await;
    assert_eq!((finished.status, finished.location.as_str()), (303, "/"), "{}", finished.text);
    let written = std::fs::read_to_string(rig.folder.path().join(".env")).unwrap();
    assert!(written.starts_with("# addresses\nKASPI_API_BASE="), "{written}");
    assert!(written.contains(&format!("AMO_PIPELINE_ID={}", account::PIPELINE_ID)), "{written}");
    assert!(written.contains("STATUS_MAP=\"NEW") || written.contains("STATUS_MAP=NEW"), "{written}");

    let limits = RunLimits::default();
    let outcome = site.host().run("default", Job::New, limits, Duration::ZERO, &Stop::never()).await.unwrap();
    assert_eq!(outcome.report.unwrap().created, 1);
    assert_eq!(site.host().store().acts(5).await.unwrap()[0].act, "setup");
    let stranger = Browser { cookies: String::new(), ..browser };
    assert_eq!(stranger.post("/setup/kaspi", &[("token", "another")]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mapping_is_previewed_before_it_is_saved() {
    let mut rig = rig().await;
    let (site, browser) = site(&rig).await;
    let mut text = std::fs::read_to_string(rig.folder.path().join(".env")).unwrap();
    for (name, value) in std::mem::take(&mut rig.settings) {
        if !text.contains(name) {
            writeln!(text, "{name}={value}").unwrap();
        }
    }
    std::fs::write(rig.folder.path().join(".env"), &text).unwrap();
    site.reload();
    let token = site.host().settings().value("default", kaspi_setting("KASPI_API_TOKEN")).unwrap().0;
    let page = browser.get("/settings").await;
    assert!(page.status == 200 && page.text.contains("AMO_PIPELINE_ID") && !page.text.contains(&token));
    let checked = browser.post("/settings/check", &[]).await;
    assert_eq!(checked.status, 200);
    let form = browser.get("/settings/mapping").await;
    let mut chosen = form.chosen();
    let new = chosen.iter_mut().find(|(name, _)| name == "stage:NEW").unwrap();
    new.1 = account::STATUS_DELIVERY_ID.to_string();
    let mut sent = fields(&chosen);
    sent.push(("act", "preview"));
    let preview = browser.post("/settings/mapping", &sent).await;
    assert!(preview.text.contains("Доставка") && preview.text.contains("value=\"save\""), "{}", preview.text);
    assert_eq!(std::fs::read_to_string(rig.folder.path().join(".env")).unwrap(), text);
    sent.pop();
    sent.push(("act", "save"));
    let saved = browser.post("/settings/mapping", &sent).await;
    assert_eq!(saved.location, "/settings", "{}", saved.text);
    let map = site.host().settings().value("default", kaspi_setting("STATUS_MAP")).unwrap().0;
    assert!(map.contains(&format!("NEW={}", account::STATUS_DELIVERY_ID)), "{map}");
    assert_eq!(rig.writes(), 0, "nothing was changed in the account");
}

fn kaspi_setting(name: &str) -> &'static kaspi_amocrm_contract::Setting {
    kaspi_amocrm_contract::table::find(name).unwrap()
}
