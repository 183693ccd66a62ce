//! The host against a component that misbehaves in every way there is (`hostile/`).
//!
//! Each attack ends in an error that the component is told, or in one that names the limit it was stopped at. Right
//! after it the same compiled component does a normal job, and no log line holds what the component knows.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    path::Path,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};

use kaspi_amocrm::{
    base::clock::Moment,
    base::job::Job,
    base::shutdown::{Stop, stop},
    contract::types::{Error, Report},
    egress::{
        AllowList, Client, Hold, Origin, Term,
        rate_limit::{Limiter, Urgency},
    },
    service::{RunError, Slices as _},
    store::{self, LeaseAnswer, LeaseRequest, Store},
    wasm::{Answer, CallError, Guest, Limit, Outbound, Plugin, Sandbox, Slice},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What the component must not bring into a log or an error: a phone, as a secret of the settings.
const SECRET: &str = "+7 701 555 00 11";

type Ended = Answer<Report>;

/// Compiled once for all tests.
static PLUGIN: LazyLock<Plugin> = LazyLock::new(|| {
    let path = std::env::var_os("KASPI_AMOCRM_HOSTILE").expect(
        "KASPI_AMOCRM_HOSTILE names no component; `cargo xtask test` builds it and runs all tests, by hand: \
         cargo rustc --package=kaspi-amocrm-hostile --lib --release --target wasm32-wasip2 --crate-type=cdylib",
    );
    Plugin::load(Some(Path::new(&path)), None).unwrap()
});

/// Everything that was logged by this process.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_env_filter("kaspi_amocrm=trace,warn")
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .init();
    log
});

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A server with an address for each bad habit, and a connection that is held.
struct Rig {
    address: SocketAddr,
    store: Arc<dyn Store>,
    hold: Hold,
    stop: Stop,
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn start() -> Self {
        LazyLock::force(&LOG);
        let folder = tempfile::tempdir().unwrap();
        let store = store::open(&format!("sqlite://{}/h.sqlite", folder.path().display())).await.unwrap();
        store.migrate().await.unwrap();
        let request = LeaseRequest {
            connection: "default",
            job: Job::New,
            note_due: true,
            holder: "test",
            ttl_ms: 600_000,
        };
        let LeaseAnswer::Taken(fence) = store.take_lease(request).await.unwrap() else {
            panic!("nobody else holds it")
        };
        let hold = Hold { fence, term: Term::new(Duration::from_secs(600), Moment::now()) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream));
            }
        });
        Self { address, store, hold, stop: Stop::never(), _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    fn guest(&self, attack: &str, settings: &[(&str, &str)]) -> Guest {
        let origin = Origin::parse(&self.url("")).unwrap();
        let outbound = Outbound {
            client: Arc::new(Client::default()),
            allow: AllowList::new([origin.clone()]),
            // All of the server is Kaspi: no tickets, so that nothing but the limits slows an attack down.
            kaspi: origin.clone(),
            kaspi_path: String::new(),
            kaspi_proxy: None,
            account: origin.clone(),
            share: Arc::new(Limiter::new(self.store.clone(), origin.account(), 7))
                .share("default", Urgency::Live),
            hold: Some(self.hold.clone()),
            store: self.store.clone(),
            stop: self.stop.clone(),
        };
        let own = [("attack", attack), ("secret", SECRET)];
        let settings: BTreeMap<String, String> = own
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Guest::new(outbound, Arc::new(settings))
    }

    /// One attack under some limits and within some time, then a normal job of the same compiled component.
    async fn attack_within(
        &self,
        sandbox: Sandbox,
        max: Duration,
        attack: &str,
        settings: &[(&str, &str)],
    ) -> Ended {
        let plugin = PLUGIN.clone().with_sandbox(sandbox);
        let ended = plugin.run(self.guest(attack, settings), Slice::first(Job::New), max).await;
        if let Ok(Err(error)) = &ended {
            assert!(!format!("{error:?}").contains(SECRET));
        }
        if let Err(error) = &ended {
            assert!(!error.to_string().contains(SECRET), "{error}");
        }
        let normal =
            PLUGIN.run(self.guest("none", &[("url", &self.url("ok"))]), Slice::first(Job::New), max).await;
        assert_eq!(said(normal), "stored 200 2", "the next job after {attack}");
        let log = String::from_utf8_lossy(&LOG.0.lock().unwrap()).into_owned();
        assert!(!log.contains(SECRET), "{log}");
        ended
    }

    /// With the limits that a host has.
    async fn attack(&self, attack: &str, settings: &[(&str, &str)]) -> Ended {
        self.attack_within(Sandbox::default(), Duration::from_secs(30), attack, settings).await
    }

    /// An attack that gets an answer.
    async fn said(&self, attack: &str, settings: &[(&str, &str)]) -> String {
        said(self.attack(attack, settings).await)
    }

    /// An attack on one address of the server.
    async fn got(&self, path: &str) -> String {
        self.said("get", &[("url", &self.url(path))]).await
    }
}

fn said(ended: Ended) -> String {
    let report = ended.unwrap().unwrap();
    let [(name, said)] = &report.problems[0].message.arguments[..] else { panic!("{report:?}") };
    assert_eq!(name, "said");
    said.clone()
}

#[track_caller]
fn stopped_at(ended: Ended) -> Limit {
    match ended {
        Err(CallError::Limit(limit)) => limit,
        other => panic!("{other:?}"),
    }
}

/// The server: what it does depends on the path.
async fn answer(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    const ENDLESS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut send = async |text: &str| stream.write_all(text.as_bytes()).await.is_ok();
    // Whatever is sent, the other side may have left; then there is nothing more to do.
    let _ = match path {
        "/ok" => send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await,
        "/redirect" => {
            let location = "http://169.254.169.254/latest/meta-data";
            send(&format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")).await
        }
        "/large-header" => {
            let value = "x".repeat(70 << 10);
            send(&format!("HTTP/1.1 200 OK\r\nx-large: {value}\r\ncontent-length: 0\r\n\r\n")).await
        }
        "/endless-header" => {
            send("HTTP/1.1 200 OK\r\n").await;
            let line = format!("x-more: {}\r\n", "x".repeat(1 << 10));
            while send(&line).await {}
            true
        }
        "/huge-length" => {
            send("HTTP/1.1 200 OK\r\ncontent-length: 9223372036854775807\r\n\r\n").await;
            let piece = "x".repeat(1 << 16);
            while send(&piece).await {}
            true
        }
        "/endless" => {
            send(ENDLESS).await;
            let piece = format!("10000\r\n{}\r\n", "x".repeat(1 << 16));
            while send(&piece).await {}
            true
        }
        "/drip" => {
            send(ENDLESS).await;
            while send("1\r\nx\r\n").await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            true
        }
        "/large" => {
            let body = "x".repeat(8 << 20);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            send(&head).await && send(&body).await
        }
        "/not-http" => send("ready when you are\r\n\r\n").await,
        // Held until the other side goes.
        _ => stream.read_u8().await.is_ok(),
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_stopped_in_time() {
    let rig = Rig::start().await;
    let sandbox = Sandbox { grace: Duration::from_millis(100), ..Sandbox::default() };
    for attack in ["loop", "host-calls", "sleep"] {
        let began = Instant::now();
        let max = Duration::from_millis(50);
        let plugin = PLUGIN.clone().with_sandbox(sandbox.clone());
        let ended = plugin.run(rig.guest(attack, &[]), Slice::first(Job::New), max).await;
        assert!(matches!(ended, Err(CallError::Deadline(_))), "{attack}: {ended:?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{attack} took {:?}", began.elapsed());
        assert_eq!(rig.said("none", &[("url", &rig.url("ok"))]).await, "stored 200 2");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_much_is_stopped_at_the_limit() {
    let rig = Rig::start().await;
    for (attack, limit) in [
        ("memory", Limit::Memory),
        ("recursion", Limit::Stack),
        ("leak-fields", Limit::Resources),
        ("leak-pollables", Limit::Resources),
        ("leak-buckets", Limit::Resources),
        ("leak-handles", Limit::Resources),
        ("leak-requests", Limit::Resources),
        ("long-strings", Limit::CallBytes),
        ("report-text", Limit::Report),
        ("report-list", Limit::Report),
        ("report-huge", Limit::CallBytes),
    ] {
        assert_eq!(stopped_at(rig.attack(attack, &[]).await), limit, "{attack}");
    }
    let small = Sandbox { table_elements: 10, ..Sandbox::default() };
    let ended = rig.attack_within(small, Duration::from_secs(30), "none", &[]).await;
    assert_eq!(stopped_at(ended), Limit::Table);
    let ended = rig.attack("random", &[]).await;
    assert!(matches!(&ended, Err(CallError::Trap(text)) if text.contains("exceeds limit")), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_says_at_its_end_is_no_secret_and_no_flood() {
    let rig = Rig::start().await;
    for attack in ["panic", "false-panic", "exit"] {
        let ended = rig.attack(attack, &[]).await;
        assert!(matches!(ended, Err(CallError::Trap(_))), "{attack}: {ended:?}");
    }
    let ended = rig.attack("panic", &[]).await;
    assert!(matches!(&ended, Err(CallError::Trap(text)) if text.contains("local.rs:")), "{ended:?}");
    assert!(rig.said("stderr", &[]).await.starts_with("closed after "), "only the beginning is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_answers_is_shown_within_bounds() {
    let rig = Rig::start().await;
    let Ok(Err(error)) = rig.attack("error-text", &[]).await else { panic!("an error of its own") };
    let Error::Upstream(message) = &error else { panic!("{error:?}") };
    let [(name, value)] = &message.arguments[..] else { panic!("{error:?}") };
    assert_eq!([&message.id, name, value].map(|text| text.chars().count()), [1_000; 3]);
    assert_eq!(RunError::from(error).to_string().chars().count(), 1_000);
    let Ok(Err(error)) = rig.attack("error-list", &[]).await else { panic!("an error of its own") };
    let Error::Config(problems) = &error else { panic!("{error:?}") };
    assert_eq!((problems.len(), problems[0].message.arguments.len()), (100, 100));
    assert_eq!(RunError::from(error).to_string().chars().count(), 1_000);
    for attack in ["report-numbers", "report-numbers-below"] {
        let report = rig.attack(attack, &[]).await.unwrap().unwrap();
        let mut whole = report.clone();
        whole.merge(report.clone());
        assert_eq!(
            (whole.took_ms, whole.requests.amocrm),
            (report.took_ms, report.requests.amocrm),
            "no sum is more"
        );
        let line: serde_json::Value = serde_json::from_str(&whole.to_line()).unwrap();
        assert_eq!(line["seen"], report.seen);
    }
    let report = rig.attack("report-unknown", &[]).await.unwrap().unwrap();
    let line: serde_json::Value = serde_json::from_str(&report.to_line()).unwrap();
    assert!(line["problems"][0]["message"].as_str().unwrap().starts_with("no-such-\u{0}message"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_takes_no_more_than_it_should() {
    let rig = Rig::start().await;
    let long = rig.said("long-key", &[]).await;
    assert_eq!(long, ["a key is too long"; 10].join("|"));
    assert_eq!(rig.said("large-value", &[]).await, ["a value is too large"; 3].join("|"));
    assert_eq!(rig.said("many-keys", &[]).await, ["too many keys in one call"; 3].join("|"));
    assert_eq!(rig.said("bucket", &[]).await, "no such store");
    assert_eq!(rig.said("long-setting", &[]).await, "Ok(None)");
    assert_eq!(rig.said("large-answer", &[]).await, "true the values are too large for one answer");
    assert_eq!(
        rig.said("large-handles", &[]).await,
        "too many bytes in open compare-and-swap handles after 10"
    );
    let small = Sandbox { written_bytes: 8 << 20, ..Sandbox::default() };
    let ended = rig.attack_within(small, Duration::from_secs(30), "fill-disk", &[]).await;
    assert_eq!(said(ended), "too many bytes written in one call after 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn forbidden_addresses_are_refused_however_they_are_written() {
    let rig = Rig::start().await;
    let port = rig.address.port();
    let urls = [
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://[::1]/".to_owned(),
        "http://10.0.0.1/".to_owned(),
        "http://kaspi.kz.evil.example/".to_owned(),
        "http://127.0.0.1:1/".to_owned(),
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://127.0.0.1.:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://user@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}@evil.example/"),
        format!("ftp://127.0.0.1:{port}/"),
        "http://".to_owned(),
    ];
    let said = rig.said("get", &[("url", &urls.join(" "))]).await;
    for (url, said) in urls.iter().zip(said.split('|')) {
        let is_refused = ["HttpRequestDenied", "HttpRequestUriInvalid", "HttpProtocolError", "InternalError"]
            .iter()
            .any(|code| said.contains(code));
        assert!(is_refused, "{url}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_cannot_lead_it_astray_or_drown_it() {
    let rig = Rig::start().await;
    assert_eq!(rig.got("redirect").await, "302 0", "the redirect itself, not what it leads to");
    assert!(rig.got("large-header").await.contains("HttpResponseHeaderSectionSize"));
    assert!(rig.got("endless-header").await.contains("HttpProtocolError"));
    for path in ["huge-length", "endless"] {
        assert!(rig.got(path).await.contains("HttpResponseBodySize"), "{path}");
    }
    assert!(rig.got("not-http").await.contains("HttpProtocolError"));
    let drip = [("url", &*rig.url("drip")), ("timeout_ns", "100000000")];
    assert!(rig.said("timeout", &drip).await.contains("HttpResponseTimeout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_asks_for_is_bounded() {
    let rig = Rig::start().await;
    let ok = rig.url("ok");
    let timeouts = rig.said("timeouts", &[("url", &ok)]).await;
    let timeouts: Vec<&str> = timeouts.split('|').collect();
    for short in &timeouts[..2] {
        assert!(["Timeout", "200 2"].iter().any(|end| short.contains(end)), "{short}");
    }
    assert_eq!(timeouts[2], "200 2", "no end of time is taken for an end");
    assert_eq!(stopped_at(rig.attack("giant-headers", &[]).await), Limit::Headers);
    let body = rig.said("large-request", &[("url", &ok)]).await;
    assert!(body.contains("HttpRequestBodySize"), "{body}");

    let kept = rig.said("keep-answers", &[("url", &rig.url("large"))]).await;
    assert!(kept.ends_with("after 8") && kept.contains("HttpResponseBodySize"), "{kept}");
    let few = Sandbox { requests: 20, ..Sandbox::default() };
    let ended = rig.attack_within(few, Duration::from_secs(30), "many-requests", &[("url", &ok)]).await;
    assert_eq!(said(ended), "enough after 20");
    let at_once = Sandbox::default().requests_at_once.to_string();
    let settings = [("url", &*rig.url("held")), ("url2", &ok), ("at_once", &at_once)];
    assert_eq!(rig.said("flood", &settings).await, "1936 of 2000 refused, then 200 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ends_sends_nothing_new_and_says_so() {
    let (stopper, stop) = stop();
    let rig = Rig { stop, ..Rig::start().await };
    stopper.stop();
    let guest = rig.guest("get", &[("url", &rig.url("ok"))]);
    let ended = PLUGIN.run(guest, Slice::first(Job::New), Duration::from_secs(30)).await;
    assert_eq!(said(ended), "ErrorCode::InternalError(Some('kaspi-amocrm: ending'))");
}
