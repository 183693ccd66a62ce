//! Many connections on one host, some of which never get an answer: what that does to the others.
//!
//! `cargo run --example connections -- 200 5 3`: 200 connections with accounts of their own, 5 of them hung, for three
//! minutes after the first one. Every shop gets an order a minute; its lag is the time until its lead arrives. The
//! simulators run in the same process, so their work is part of CPU and memory.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use kaspi_amocrm::{
    base::clock::millis,
    base::shutdown::stop,
    config::Settings,
    service::{
        Host,
        schedule::{self, Periods},
    },
    wasm::Plugin,
    web::Site,
};
use kaspi_amocrm_simulator::{
    World,
    amo::account,
    demo::next_demo_order,
    serve::{Server, serve, wall_clock_ms},
};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep_until},
};

#[path = "usage/mod.rs"]
mod usage;

const MINUTE: Duration = Duration::from_secs(60);

/// A shop with its account, and when its orders came.
struct Shop {
    world: Arc<Mutex<World>>,
    server: Server,
    ordered_ms: Vec<i64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let number = |at, otherwise| std::env::args().nth(at).map_or(Ok(otherwise), |text| text.parse());
    let (count, hung, minutes): (usize, usize, u32) =
        (number(1, 200)?, number(2, 5)?, number(3, 3)?.try_into()?);
    anyhow::ensure!(hung < count, "some connections have to get answers");
    // Accepted by the kernel, and never read.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let silent = format!("http://{}", silent.local_addr()?);

    let mut shops = Vec::new();
    for place in 0..count - hung {
        let mut world = World::default();
        world.amo.account_mut().id += place as u64;
        let world = Arc::new(Mutex::new(world));
        let server = serve(world.clone(), 0).await?;
        shops.push(Shop { world, server, ordered_ms: Vec::new() });
    }
    let folder = tempfile::tempdir()?;
    let database =
        ("DATABASE_URL".to_owned(), format!("sqlite://{}", folder.path().join("b.sqlite").display()));
    let settings = Settings::from_sources([database], None, Some(&toml(&shops, hung, &silent)?));
    settings.check()?;
    let host = Host::open(settings, Plugin::load(None, None)?).await?;

    let (began, cpu_ms) = (Instant::now(), usage::cpu_ms()?);
    let (stopper, stop) = stop();
    let site = Site::new(host, PathBuf::new());
    let schedule = tokio::spawn(schedule::run(site.watch(), Periods::default(), stop));
    // In the first minute every connection runs for the first time.
    for minute in 1..=minutes {
        sleep_until(began + MINUTE * minute).await;
        let now_ms = wall_clock_ms();
        for shop in &mut shops {
            shop.ordered_ms.push(now_ms);
            let order = next_demo_order(u64::from(minute), now_ms);
            shop.world.lock().unwrap_or_else(PoisonError::into_inner).kaspi.add_order(order);
        }
    }
    // A last minute for the orders of the last one, and some seconds for those who come late.
    sleep_until(began + MINUTE * (minutes + 1) + Duration::from_secs(20)).await;
    let (took, cpu_ms) = (began.elapsed(), usage::cpu_ms()? - cpu_ms);
    let (mut lags_ms, missing) = lags(&shops);
    stopper.stop();
    schedule.await?;

    lags_ms.sort_unstable();
    let at = |per_mille: usize| lags_ms.get((lags_ms.len() * per_mille / 1000).min(lags_ms.len() - 1));
    let seconds = |ms: Option<&i64>| ms.map_or(0.0, |ms| *ms as f64 / 1000.0);
    writeln!(
        std::io::stdout(),
        "{count} connections, {hung} hung: {} orders of the others, {missing} without a lead; lag median {:.1} s, p99 \
         {:.1} s, longest {:.1} s; {} ms CPU in {} s, {} kB peak",
        lags_ms.len(),
        seconds(at(500)),
        seconds(at(990)),
        seconds(lags_ms.last()),
        cpu_ms,
        millis(took) / 1000,
        usage::peak_kb()?
    )?;
    Ok(())
}

/// The connections; those that hang meet silence at Kaspi or in amoCRM by turns.
fn toml(shops: &[Shop], hung: usize, silent: &str) -> anyhow::Result<String> {
    let mut toml = String::new();
    let mut describe = |name: &str, kaspi: &str, amo: &str, world: &World| {
        let settings = BTreeMap::from([
            ("kaspi_api_base", kaspi),
            ("kaspi_api_token", &world.kaspi.options.token),
            ("amo_base_url", amo),
            ("amo_long_lived_token", &world.amo.options.token),
        ]);
        writeln!(toml, "[connections.{name}]\namo_pipeline_id = {}", account::PIPELINE_ID)?;
        settings.iter().try_for_each(|(name, value)| writeln!(toml, "{name} = {value:?}"))
    };
    for (place, shop) in shops.iter().enumerate() {
        let world = shop.world.lock().unwrap_or_else(PoisonError::into_inner);
        describe(&format!("shop-{place}"), &shop.server.kaspi_base_url(), &shop.server.base_url(), &world)?;
    }
    let some = shops.first().context("there is a shop")?;
    let world = some.world.lock().unwrap_or_else(PoisonError::into_inner);
    for place in 0..hung {
        let (kaspi, amo) = match place % 2 {
            0 => (format!("{silent}/shop/api/v2"), some.server.base_url()),
            _ => (some.server.kaspi_base_url(), silent.to_owned()),
        };
        describe(&format!("hung-{place}"), &kaspi, &amo, &world)?;
    }
    Ok(toml)
}

/// From each order to its lead; and how many have none.
fn lags(shops: &[Shop]) -> (Vec<i64>, usize) {
    let mut lags_ms = Vec::new();
    let mut missing = 0;
    for shop in shops {
        let world = shop.world.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = world.amo.requests().iter();
        let made_ms: Vec<i64> = requests
            .filter(|request| request.method == "POST" && request.path == "/api/v4/leads")
            .flat_map(|request| std::iter::repeat_n(request.at_ms, request.items))
            .collect();
        missing += shop.ordered_ms.len().saturating_sub(made_ms.len());
        lags_ms.extend(shop.ordered_ms.iter().zip(made_ms).map(|(ordered_ms, made_ms)| made_ms - ordered_ms));
    }
    (lags_ms, missing)
}
