//! The pages as browsers see them.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{
    base::shutdown::Stop,
    config::Settings,
    service::Host,
    wasm::{Plugin, default_cache_folder},
    web::{
        app::state::Site,
        auth::{login::new_start_code, password},
        router::router,
    },
};

const PASSWORD: &str = "the right password";

/// The addresses of a host with an empty database.
pub(super) struct Rig {
    pub(super) host: Arc<Host>,
    router: Router,
    _folder: tempfile::TempDir,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: String,
    cookies: Vec<String>,
    pub(super) headers: String,
    pub(super) text: String,
}

impl Rig {
    async fn start(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.sqlite").display());
        let pairs = [("DATABASE_URL", url.as_str())].into_iter().chain(more.iter().copied());
        let plugin = Plugin::load(None, default_cache_folder().as_deref()).unwrap();
        let host = Host::open(Settings::from_pairs(pairs), plugin).await.unwrap();
        let router = router(Site::new(host.clone(), PathBuf::new()), Stop::never());
        Self { host, router, _folder: folder }
    }

    pub(super) async fn with_password(more: &[(&str, &str)]) -> Self {
        let rig = Self::start(more).await;
        let hash = password::hash(PASSWORD.to_owned()).await.unwrap();
        assert!(rig.host.store().set_first_password(password::OWNER, &hash).await.unwrap());
        rig
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "shop.kz");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = TowerToHyperService::new(self.router.clone()).call(request).await.unwrap();
        let all = |name| -> Vec<String> {
            response.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
        };
        let (status, location, cookies) =
            (response.status().as_u16(), all(header::LOCATION).concat(), all(header::SET_COOKIE));
        let headers = format!("{:?}", response.headers());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, location, cookies, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(super) async fn get(&self, path: &str, cookies: &str) -> Answer {
        self.send(Method::GET, path, &[("cookie", cookies)], "").await
    }

    /// As one of our own pages does.
    pub(super) async fn post(&self, path: &str, cookies: &str, body: &str) -> Answer {
        self.send(Method::POST, path, &[("cookie", cookies), ("origin", "https://shop.kz")], body).await
    }

    /// The cookies of somebody who has just signed in.
    pub(super) async fn sign_in(&self) -> String {
        let answer = self.post("/sign-in", "", &format!("password={}", PASSWORD.replace(' ', "+"))).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.brings()
    }
}

impl Answer {
    fn brings(&self) -> String {
        let pairs: Vec<&str> = self.cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect();
        pairs.join("; ")
    }

    /// The hidden field of its first form that has one.
    pub(super) fn form_token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"form_token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn strangers_are_sent_to_the_door_and_come_back_where_they_wanted_to_go() {
    let rig = Rig::with_password(&[]).await;
    let answer = rig.get("/account?changed=yes", "").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/sign-in?next=/account%3Fchanged%3Dyes"));
    let page = rig.get(&answer.location, "").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("name=\"next\" value=\"/account?changed=yes\""), "{}", page.text);
    assert!(
        page.text.contains("autocomplete=\"username\"") && page.text.contains("lang=\"ru\""),
        "{}",
        page.text
    );
    for (next, goes_to) in [
        ("/account", "/account"),
        ("//evil.kz", "/"),
        ("https://evil.kz", "/"),
        ("/%5Cevil.kz", "/"),
        ("/sign-in", "/"),
        ("", "/"),
    ] {
        let answer = rig.post("/sign-in", "", &format!("password=the+right+password&next={next}")).await;
        assert_eq!((answer.status, answer.location.as_str()), (303, goes_to), "{next}");
    }
    let rig = Rig::with_password(&[("BASE_PATH", "kaspi")]).await;
    for path in ["/account", "/kaspi/account"] {
        assert_eq!(rig.get(path, "").await.location, "/kaspi/sign-in?next=/account", "{path}");
    }
}

#[tokio::test]
async fn a_sign_in_gives_a_new_session_and_ends_the_old_one() {
    for (settings, prefix, end) in [
        (&[][..], "", "SameSite=Strict"),
        (&[("BEHIND_TLS_PROXY", "yes")], "__Host-", "SameSite=Strict; Secure"),
    ] {
        let rig = Rig::with_password(settings).await;
        let answer = rig.post("/sign-in", "", "password=the+right+password").await;
        let session = answer.cookies[0].clone();
        assert!(session.starts_with(&format!("{prefix}session=")), "{session}");
        assert!(session.ends_with(&format!("; Path=/; HttpOnly; {end}")), "{session}");
        assert_eq!(
            answer.headers.contains("strict-transport-security"),
            !prefix.is_empty(),
            "{}",
            answer.headers
        );
        let first = answer.brings();
        assert_eq!(rig.get("/account", &first).await.status, 200);

        // A token that somebody else chose is worth nothing.
        let planted = format!("{prefix}session={}", "a".repeat(64));
        assert_eq!(rig.get("/account", &planted).await.status, 303);
        let second = rig.post("/sign-in", &first, "password=the+right+password").await.brings();
        assert_ne!(first, second);
        assert_eq!(rig.get("/account", &first).await.status, 303, "the old one is dead");
        let page = rig.get("/account", &second).await;
        assert_eq!(page.status, 200);
        let body = format!("form_token={}", page.form_token());
        let out = rig.post("/sign-out", &second, &body).await;
        assert_eq!((out.status, out.location.as_str()), (303, "/sign-in"));
        assert!(out.cookies[0].contains("Max-Age=0"), "{:?}", out.cookies);
        assert_eq!(rig.get("/account", &second).await.status, 303, "also on the server");
    }
}

#[tokio::test]
async fn a_wrong_password_and_no_password_look_the_same() {
    let (with, without) = (Rig::with_password(&[]).await, Rig::start(&[]).await);
    let (first, second) =
        (with.post("/sign-in", "", "password=x").await, without.post("/sign-in", "", "password=x").await);
    assert_eq!((first.status, second.status), (403, 403));
    assert_eq!(first.text, second.text);
    assert!(first.cookies.is_empty());
    for _ in 0..4 {
        assert_eq!(with.post("/sign-in", "", "password=x").await.status, 403);
    }
    let answer = with.post("/sign-in", "", "password=the+right+password").await;
    assert_eq!(answer.status, 429, "{}", answer.text);
}

#[tokio::test]
async fn forms_count_only_from_our_own_pages_and_with_the_token_of_the_session() {
    let rig = Rig::with_password(&[]).await;
    let cookies = rig.sign_in().await;
    let token = rig.get("/account", &cookies).await.form_token();
    let other = rig.get("/account", &rig.sign_in().await).await.form_token();
    let good = format!("form_token={token}&old=x&password=another+password&again=another+password");
    for (headers, body) in [
        (&[][..], good.as_str()),
        (&[("origin", "https://evil.kz")], &good),
        (&[("origin", "null")], &good),
        (&[("sec-fetch-site", "cross-site")], &good),
        (&[("sec-fetch-site", "same-site"), ("origin", "https://shop.kz")], &good),
        (&[("origin", "https://shop.kz")], "old=x&password=another+password&again=another+password"),
        (&[("origin", "https://shop.kz")], &good.replace(&token, "")),
        (&[("origin", "https://shop.kz")], &good.replace(&token, &other)),
    ] {
        let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookies.as_str())]).collect();
        let answer = rig.send(Method::POST, "/account/password", &headers, body).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(!answer.text.contains("Неверный пароль"), "{headers:?}");
    }
    let answer = rig.post("/account/password", &cookies, &good).await;
    assert!(answer.text.contains("Неверный пароль"), "it came in, and the old password was wrong");
    let answer =
        rig.post("/account/password", &cookies, &good.replace("old=x", "old=the+right+password")).await;
    assert_eq!(answer.location, "/account?changed=yes");
    assert_eq!(rig.get("/account", &cookies).await.status, 303);
    let page = rig.get("/account?changed=yes", &answer.brings()).await;
    assert!(page.text.contains("смена пароля") && page.text.contains("Пароль изменён"), "{}", page.text);
    for path in ["/sign-out", "/preferences", "/account/password"] {
        assert_eq!(
            rig.get(path, &answer.brings()).await.status,
            405,
            "nothing is changed by looking: {path}"
        );
    }
    let large = format!("password={}", "x".repeat(17_000));
    assert_eq!(rig.post("/sign-in", "", &large).await.status, 413);
}

#[tokio::test]
async fn the_first_password_is_set_once() {
    let rig = Rig::start(&[]).await;
    assert_eq!(rig.get("/account", "").await.location, "/welcome?next=/account");
    assert_eq!(rig.get("/sign-in", "").await.location, "/welcome");
    let code = new_start_code(rig.host.store().as_ref()).await.unwrap();
    let set = async |code: &str, password: &str, again: &str| {
        rig.post("/welcome", "", &format!("code={code}&password={password}&again={again}&next=/account"))
            .await
    };
    assert_eq!(set(&code, "short", "short").await.status, 422);
    assert_eq!(set(&code, "long+enough+1", "long+enough+2").await.status, 422);
    assert_eq!(set("wrong", "long+enough+1", "long+enough+1").await.status, 403);
    let answer = set(&code, "long+enough+1", "long+enough+1").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/account"));
    assert_eq!(rig.get("/account", &answer.brings()).await.status, 200);
    let again = set(&code, "long+enough+2", "long+enough+2").await;
    assert_eq!(
        (again.status, again.location.as_str(), again.cookies.len()),
        (303, "/sign-in?next=/account", 0)
    );
    assert_eq!(rig.get("/welcome", "").await.location, "/sign-in");
    assert_eq!(rig.post("/sign-in", "", "password=long+enough+1").await.status, 303);
}

#[tokio::test]
async fn everybody_chooses_language_and_colours() {
    let rig = Rig::with_password(&[]).await;
    let answer = rig.post("/preferences", "", "language=kk&theme=dark&next=/sign-in%3Fnext%3D/account").await;
    assert_eq!((answer.status, answer.location.as_str()), (303, "/sign-in?next=/account"));
    let page = rig.get("/sign-in", &answer.brings()).await;
    assert!(
        page.text.contains("lang=\"kk\" data-theme=\"dark\"") && page.text.contains("Құпиясөз"),
        "{}",
        page.text
    );
    let answer = rig.post("/preferences", "", "language=de&theme=x&next=//evil.kz").await;
    assert_eq!((answer.location.as_str(), answer.cookies.len()), ("/", 0));
    let strange =
        rig.send(Method::POST, "/preferences", &[("origin", "https://evil.kz")], "language=en").await;
    assert_eq!((strange.status, strange.cookies.len()), (403, 0));
}

#[tokio::test]
async fn a_connection_is_chosen_by_name() {
    let toml = "[connections.one]\namo_rps = 7\n[connections.two]\namo_rps = 7\n";
    let rig = Rig::with_password(&[]).await;
    let host = rig.host.with_settings(Settings::from_sources([], None, Some(toml)));
    let router = router(Site::new(host.clone(), PathBuf::new()), Stop::never());
    let rig = Rig { host, router, ..rig };
    let cookies = rig.sign_in().await;
    for (path, chosen) in
        [("/account", "one"), ("/account?connection=two", "two"), ("/account?connection=%3Cscript%3E", "one")]
    {
        let page = rig.get(path, &cookies).await;
        assert!(
            page.text.contains(&format!("<option value=\"{chosen}\" selected>")),
            "{path}: {}",
            page.text
        );
        assert!(
            page.text.contains(&format!("href=\"/orders?connection={chosen}\"")),
            "{path}: {}",
            page.text
        );
        assert!(!page.text.contains("<script>"), "{path}");
    }
}

/// Everything that is logged, whatever its level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("kaspi_amocrm")
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Lines(self.0.lock().unwrap()));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Lines<'a>(std::sync::MutexGuard<'a, String>);

impl Visit for Lines<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?}\n"));
    }
}

#[tokio::test]
async fn no_secret_of_the_door_is_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let rig = Rig::start(&[]).await;
    let code = new_start_code(rig.host.store().as_ref()).await.unwrap();
    rig.post(
        "/welcome?code=plantedcode",
        "",
        "code=plantedcode&password=planted+password&again=planted+password",
    )
    .await;
    let body = format!("code={code}&password=planted+password&again=planted+password");
    let cookies = rig.post("/welcome", "", &body).await.brings();
    rig.post("/sign-in", "", "password=planted+guess").await;
    let page = rig.get("/account", &cookies).await;
    rig.post("/sign-out", &cookies, &format!("form_token={}", page.form_token())).await;
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("wrong password") && logged.contains("wrong start code"), "{logged}");
    let tokens = cookies.split("; ").map(|pair| pair.split_once('=').unwrap().1.to_owned());
    let token = page.form_token();
    for secret in tokens.chain([code.clone(), code.replace('-', ""), token, "planted".to_owned()]) {
        assert!(!logged.contains(&secret), "{secret} is logged: {logged}");
    }
}
