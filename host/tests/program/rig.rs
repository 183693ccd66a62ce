//! A shop, an account, and a folder in which the program is started.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex, MutexGuard},
};

use kaspi_amocrm::wasm::is_embedded;
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::demo_world,
    oracle::{self, Scope},
    serve::{Server, serve, wall_clock_ms},
};
use serde_json::Value;

/// Everything of one test; gone when dropped.
pub(crate) struct Rig {
    world: Arc<Mutex<World>>,
    _server: Server,
    pub(crate) folder: tempfile::TempDir,
    /// The environment of the program.
    pub(crate) settings: BTreeMap<&'static str, String>,
}

impl Rig {
    /// With the world of the demo and all settings that it takes.
    pub(crate) async fn start() -> Self {
        Self::with_world(demo_world(wall_clock_ms())).await
    }

    pub(crate) async fn with_world(world: World) -> Self {
        assert!(is_embedded(), "no component is embedded: `cargo xtask test` builds it and runs all tests");
        let kaspi_token = world.kaspi.options.token.clone();
        let amo_token = world.amo.options.token.clone();
        let world = Arc::new(Mutex::new(world));
        let server = serve(world.clone(), 0).await.unwrap();
        let settings = BTreeMap::from([
            ("KASPI_API_BASE", server.kaspi_base_url()),
            ("KASPI_API_TOKEN", kaspi_token),
            ("AMO_BASE_URL", server.base_url()),
            ("AMO_LONG_LIVED_TOKEN", amo_token),
            ("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string()),
            ("AMO_STATUS_ID", account::STATUS_NEW_ID.to_string()),
            ("AMO_CATALOG_ID", account::CATALOG_ID.to_string()),
            ("AMO_LEAD_ORDER_CODE_FIELD_ID", account::LEAD_ORDER_CODE_FIELD_ID.to_string()),
        ]);
        Self { world, _server: server, folder: tempfile::tempdir().unwrap(), settings }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// For those who change it meanwhile.
    pub(crate) fn shared_world(&self) -> Arc<Mutex<World>> {
        self.world.clone()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.folder.path(), arguments);
        command.envs(&self.settings);
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data/kaspi-amocrm.sqlite")
    }

    /// Requests to amoCRM that could change something.
    pub(crate) fn writes(&self) -> usize {
        self.world().amo.requests().iter().filter(|request| request.method != "GET").count()
    }

    /// One of everything, complete, and within the limit.
    pub(crate) fn assert_right(&self, what: &str) {
        assert_eq!(oracle::check(&self.world(), &Scope::at(wall_clock_ms())), [""; 0], "{what}");
    }

    /// What must stand in no file, log or report.
    pub(crate) fn planted(&self) -> Vec<String> {
        let mut world = self.world();
        let mut planted = vec![
            world.amo.options.client_secret.clone(),
            world.amo.options.token.clone(),
            world.kaspi.options.token.clone(),
        ];
        let pairs = world.amo.oauth_mut().pairs_mut();
        planted.extend(pairs.iter().flat_map(|pair| [pair.access.clone(), pair.refresh.clone()]));
        for order in world.kaspi.orders() {
            // Single letters stand everywhere.
            let names = [&order.buyer.first_name, &order.buyer.last_name].into_iter().flatten();
            planted.extend(names.filter(|name| name.chars().count() > 3).cloned());
            // As Kaspi spells it; the longer spellings contain it. A mask is nobody's number.
            planted.extend(order.buyer.phone.clone().filter(|phone| !phone.contains("000-00")));
        }
        planted.push("Абай".to_owned());
        planted
    }
}

/// How a program ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("{}\n{}", self.stdout, self.stderr))
    }

    /// Both outputs together.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// The program in a folder that alone describes the settings, whatever the machine of the test has set.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaspi-amocrm"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_clear();
    // The compiled component is found there.
    for name in ["HOME", "PATH", "XDG_CACHE_HOME", "LOCALAPPDATA", "SYSTEMROOT"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

/// Waits for its end. The simulators answer on this thread meanwhile.
pub(crate) async fn ended(mut command: Command) -> Ended {
    Ended::of(tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap())
}

/// Nothing of what was planted stands there.
pub(crate) fn assert_clean(what: &str, bytes: &[u8], planted: &[String]) {
    for text in planted {
        let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found, "{text} stands in {what}");
    }
}

/// Every row of every table.
pub(crate) async fn dump(database: &Path) -> Vec<String> {
    let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    let mut rows = Vec::new();
    for select in [
        "SELECT scope || key || hex(value) || version || updated_at_ms FROM kv ORDER BY 1",
        "SELECT connection || fencing_token || holder || expires_at_ms FROM leases ORDER BY 1",
        "SELECT connection || job || noted_at_ms FROM due_jobs ORDER BY 1",
        "SELECT account || slot || free_at_ms || uses FROM permits ORDER BY 1",
        "SELECT id || connection || started_at_ms FROM runs ORDER BY 1",
        "SELECT token_digest || purpose || data || started_at_ms || last_seen_at_ms || expires_at_ms FROM sessions ORDER BY 1",
        "SELECT name || phc || changed_at_ms FROM passwords ORDER BY 1",
        "SELECT network || busy_until_ms FROM login_attempts ORDER BY 1",
        "SELECT id || actor || action || subject || at_ms FROM audit_events ORDER BY 1",
        "SELECT name || applied_at_ms FROM schema_migrations ORDER BY 1",
        "SELECT generation || first_version FROM schema_format ORDER BY 1",
    ] {
        rows.extend(sqlx::query_scalar::<_, String>(select).fetch_all(&database).await.unwrap());
    }
    database.close().await;
    rows
}
