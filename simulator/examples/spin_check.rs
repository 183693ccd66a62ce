//! Runs the application of `spin.toml` on the real Spin against the simulators: both jobs by its cron trigger, firings
//! that overlap, a kill in the middle, the HTTP face. `cargo xtask spin-check` calls it.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[cfg(unix)]
use std::os::unix::process::CommandExt as _;

use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::{demo_world, next_demo_order},
    oracle::{self, Scope, Stages},
    serve::{Server, serve, wall_clock_ms},
};

type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What the manifest says, and what it has to say for a check of minutes: `new` every two seconds, so that runs overlap.
const IN_A_HURRY: [(&str, &str); 2] =
    [("\"0 * * * * *\"", "\"*/2 * * * * *\""), ("\"30 */10 * * * *\"", "\"1/6 * * * * *\"")];
const STAGES: [(&str, u64); 3] = [
    ("KASPI_DELIVERY", account::STATUS_DELIVERY_ID),
    ("ARCHIVE/COMPLETED", account::STATUS_WON_ID),
    ("ARCHIVE/CANCELLED", account::STATUS_LOST_ID),
];
const SECRET: &str = "a-secret-for-the-check-of-spin";
/// Longer than a lease that a killed run leaves behind, and than a doubt.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Checked {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [spin, manifest, component, folder] = arguments.as_slice() else {
        return Err("usage: spin_check SPIN MANIFEST COMPONENT FOLDER".into());
    };
    let world = Arc::new(Mutex::new(demo_world(wall_clock_ms())));
    // Answers take their time, so that a run lasts longer than the pause to the next one.
    lock(&world).amo.options.latency_ms = 300;
    let server = serve(world.clone(), 0).await?;
    let check = Check { world, server, spin, folder, manifest: hurried(manifest, component, folder)? };
    let result = tokio::task::block_in_place(|| check.run());
    if result.is_err() {
        let log = fs::read_to_string(check.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        say(&format!("the last lines of Spin:\n{}", lines[lines.len().saturating_sub(30)..].join("\n")));
    }
    result
}

/// The manifest with the component of this build and other times.
fn hurried(manifest: &Path, component: &Path, folder: &Path) -> Checked<PathBuf> {
    let mut text = fs::read_to_string(manifest)?;
    let source = format!("{:?}", component.canonicalize()?);
    for (old, new) in IN_A_HURRY
        .into_iter()
        .chain([("\"target/wasm32-wasip2/release/kaspi_amocrm_plugin.wasm\"", source.as_str())])
    {
        if !text.contains(old) {
            return Err(format!("{} does not say {old}", manifest.display()).into());
        }
        text = text.replace(old, new);
    }
    let path = folder.join("spin.toml");
    fs::write(&path, text)?;
    Ok(path)
}

struct Check<'a> {
    world: Arc<Mutex<World>>,
    server: Server,
    spin: &'a Path,
    folder: &'a Path,
    manifest: PathBuf,
}

/// A Spin that runs; it and its triggers end with it, at once.
struct Running {
    child: Child,
    port: u16,
}

impl Check<'_> {
    fn run(&self) -> Checked {
        let spin = self.start()?;
        self.until("forty orders have their leads", || self.leads() == 40)?;
        say(&format!("memory of its processes: {}", spin.memory()?));

        self.a_day_goes_by();
        self.until("the leads have followed their orders", || self.violations().is_empty())?;

        self.doors(&spin)?;

        for seq in 0..30 {
            lock(&self.world).kaspi.add_order(next_demo_order(seq, wall_clock_ms()));
        }
        self.until("a run is in the middle of thirty more", || {
            self.leads() > 40 || self.has_written_leads()
        })?;
        drop(spin);
        say("killed it and all its triggers");
        let spin = self.start()?;
        self.until("the seventy orders have their leads", || {
            self.leads() == 70 && self.violations().is_empty()
        })?;
        drop(spin);

        let log = fs::read_to_string(self.log())?;
        let busy = log.lines().filter(|line| line.contains("another run holds this connection")).count();
        let world = lock(&self.world);
        let too_many = world.amo.requests().iter().filter(|request| request.status == 429).count();
        say(&format!(
            "{} requests to amoCRM, {too_many} of them refused as too many",
            world.amo.requests().len()
        ));
        say(&format!("{busy} firings found another one at work and left it"));
        for planted in [SECRET, &world.amo.options.token, &world.kaspi.options.token, "Абай"] {
            if log.contains(planted) {
                return Err("a secret or somebody's address stands in Spin's output".into());
            }
        }
        if too_many > 0 || busy == 0 {
            return Err("the limit was not kept, or nothing overlapped".into());
        }
        say("all is well: one lead per order, at most seven requests a second");
        Ok(())
    }

    fn start(&self) -> Checked<Running> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = File::options().create(true).append(true).open(self.log())?;
        let world = lock(&self.world);
        let variables = [
            ("KASPI_ORIGIN", self.server.base_url()),
            ("KASPI_API_TOKEN", world.kaspi.options.token.clone()),
            ("AMO_BASE_URL", self.server.base_url()),
            ("AMO_LONG_LIVED_TOKEN", world.amo.options.token.clone()),
            ("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string()),
            ("AMO_STATUS_ID", account::STATUS_NEW_ID.to_string()),
            ("AMO_CATALOG_ID", account::CATALOG_ID.to_string()),
            ("AMO_LEAD_ORDER_CODE_FIELD_ID", account::LEAD_ORDER_CODE_FIELD_ID.to_string()),
            ("AMO_LOSS_REASON_ID", account::LOSS_REASON_CANCELLED_ID.to_string()),
            ("STATUS_MAP", STAGES.map(|(key, id)| format!("{key}={id}")).join(",")),
            ("SETTLE_SECONDS", "1".to_owned()),
            ("SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned()),
            ("CRON_SECRET", SECRET.to_owned()),
        ];
        let mut command = Command::new(self.spin);
        command
            .args(["up", "--from"])
            .arg(&self.manifest)
            .arg("--state-dir")
            .arg(self.folder.join("state"))
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .envs(variables.map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        // Its triggers are processes of their own.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn()?;
        say(&format!("spin up, on port {port}"));
        Ok(Running { child, port })
    }

    fn log(&self) -> PathBuf {
        self.folder.join("spin.log")
    }

    fn leads(&self) -> usize {
        lock(&self.world).amo.leads().len()
    }

    /// Leads are on their way since the last orders came.
    fn has_written_leads(&self) -> bool {
        let world = lock(&self.world);
        let since = wall_clock_ms() - 1_500;
        let mut requests = world.amo.requests().iter().rev().take_while(|request| request.at_ms > since);
        requests.any(|request| request.method == "POST" && request.path.ends_with("/contacts"))
    }

    fn violations(&self) -> Vec<String> {
        let by_key = STAGES.map(|(key, stage)| (key.to_owned(), stage)).into();
        let stages = Some(Stages { by_key, default: Some(account::STATUS_NEW_ID) });
        oracle::check(&lock(&self.world), &Scope { stages, ..Scope::at(wall_clock_ms()) })
    }

    /// Some orders are completed, some cancelled.
    fn a_day_goes_by(&self) {
        let mut world = lock(&self.world);
        let now_ms = wall_clock_ms();
        let codes: Vec<String> = world.kaspi.orders().iter().map(|order| order.code.clone()).collect();
        for (place, code) in codes.iter().enumerate() {
            let Some(order) = world.kaspi.order_mut(code).filter(|order| order.timeline.is_empty()) else {
                continue;
            };
            *order = match place % 5 {
                0 => order.clone().later(now_ms, "ARCHIVE", "COMPLETED"),
                1 => order.clone().cancelled(now_ms, "BUYER_CANCELLATION_HIMSELF"),
                _ => continue,
            };
        }
    }

    fn doors(&self, spin: &Running) -> Checked {
        for (path, token, wanted) in [
            ("/status", "wrong", 401),
            ("/cron?task=new", "wrong", 401),
            ("/status", SECRET, 200),
            ("/nothing", SECRET, 404),
        ] {
            let (status, answer) = spin.get(path, token)?;
            if status != wanted {
                return Err(format!("{path} answers {status}: {answer:.600}").into());
            }
        }
        let (status, answer) = spin.get("/cron?task=new", SECRET)?;
        if ![200, 202].contains(&status) {
            return Err(format!("/cron answers {status}: {answer:.600}").into());
        }
        say(&format!("/status answers 200 and 401, /cron {status}"));
        Ok(())
    }

    fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Checked {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > PATIENCE {
                return Err(format!("not within {PATIENCE:?}: {what}: {:?}", self.violations()).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        say(&format!("{what} ({:.1} s)", began.elapsed().as_secs_f64()));
        Ok(())
    }
}

impl Running {
    fn get(&self, path: &str, token: &str) -> Checked<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.get(9..12).and_then(|digits| digits.parse().ok()).ok_or("no answer of HTTP")?;
        Ok((status, answer))
    }

    /// Resident memory of each process, in MiB.
    fn memory(&self) -> Checked<String> {
        let listed = Command::new("ps").args(["-eo", "pgid=,rss=,comm="]).output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let rows = listed.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let group: u32 = words.next()?.parse().ok()?;
            let kib: u32 = words.next()?.parse().ok()?;
            (group == self.child.id()).then(|| format!("{} {} MiB", words.next().unwrap_or("?"), kib / 1_024))
        });
        Ok(rows.collect::<Vec<_>>().join(", "))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        // Whatever fails here, the group is gone already.
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "    {what}");
}
