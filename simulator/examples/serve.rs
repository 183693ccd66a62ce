//! Serves the demo's world on a port until Ctrl-C or `enter`, and prints the settings that lead to it.
//!
//! `cargo run -p kaspi-amocrm-simulator --example serve -- 8970 1000` serves 1000 more orders than the demo has. With
//! `pair` as third word the settings hold a token pair whose access token has ended, in place of the long-lived token.

use std::{
    io::{Read as _, Write as _, stdin, stdout},
    sync::{Arc, Mutex},
};

use kaspi_amocrm_simulator::{amo::account, demo, oracle, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let more: u64 = arguments.next().and_then(|more| more.parse().ok()).unwrap_or(0);
    let with_pair = arguments.next().is_some_and(|word| word == "pair");
    let now_ms = serve::wall_clock_ms();
    let mut world = demo::demo_world(now_ms);
    for seq in 0..more {
        let age_ms = i64::try_from(seq % 86_400).unwrap_or(0) * 1_000;
        world.kaspi.add_order(demo::next_demo_order(seq, now_ms - age_ms));
    }
    let kaspi_token = world.kaspi.options.token.clone();
    let mut tokens = format!("AMO_LONG_LIVED_TOKEN={}", world.amo.options.token);
    if with_pair {
        let pair = world.amo.issue_pair(now_ms - world.amo.options.access_ttl_s * 1_000);
        let options = &world.amo.options;
        tokens = format!(
            "AMO_ACCESS_TOKEN={}\nAMO_REFRESH_TOKEN={}\nAMO_CLIENT_ID={}\nAMO_CLIENT_SECRET={}\nAMO_REDIRECT_URI={}",
            pair.access, pair.refresh, options.client_id, options.client_secret, options.redirect_uri
        );
    }
    let world = Arc::new(Mutex::new(world));
    let server = serve::serve(Arc::clone(&world), port).await?;
    let mut out = stdout().lock();
    writeln!(out, "KASPI_API_BASE={}\nKASPI_API_TOKEN={kaspi_token}", server.kaspi_base_url())?;
    writeln!(out, "AMO_BASE_URL={}\n{tokens}", server.base_url())?;
    writeln!(out, "AMO_PIPELINE_ID={}\nAMO_STATUS_ID={}", account::PIPELINE_ID, account::STATUS_NEW_ID)?;
    writeln!(out, "AMO_CATALOG_ID={}", account::CATALOG_ID)?;
    writeln!(out, "AMO_LEAD_ORDER_CODE_FIELD_ID={}", account::LEAD_ORDER_CODE_FIELD_ID)?;
    out.flush()?;
    tokio::task::spawn_blocking(|| stdin().read(&mut [0])).await??;
    let world = world.lock().expect("nobody panics with the world in hand");
    let requests = world.amo.requests();
    writeln!(out, "# {} requests to amoCRM, {} leads", requests.len(), world.amo.leads().len())?;
    writeln!(out, "# at most {} in one second", oracle::requests_per_second_max(requests))?;
    for violation in oracle::check(&world, &oracle::Scope::at(serve::wall_clock_ms())) {
        writeln!(out, "# {violation}")?;
    }
    Ok(())
}
