//! Tokens, sealing and dry run, and what lies on disk afterwards.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::Stdio,
};

use kaspi_amocrm_simulator::{
    fault::{Fault, Rule},
    oracle::{self, Scope},
    serve::wall_clock_ms,
};
use serde_json::Value;

use crate::rig::{Rig, assert_clean, dump};

/// Everything is logged.
async fn rig() -> Rig {
    let mut rig = Rig::start().await;
    rig.settings.insert("RUST_LOG", "trace".to_owned());
    rig
}

/// With a pair in place of the long-lived token, ended already.
pub(crate) async fn rig_with_ended_pair() -> Rig {
    let mut rig = rig().await;
    let (pair, options) = {
        let mut world = rig.world();
        let pair = world.amo.issue_pair(wall_clock_ms());
        world.amo.oauth_mut().pairs_mut()[0].access_ends_ms = wall_clock_ms();
        (pair, world.amo.options.clone())
    };
    rig.settings.remove("AMO_LONG_LIVED_TOKEN");
    rig.settings.extend([
        ("AMO_ACCESS_TOKEN", pair.access),
        ("AMO_REFRESH_TOKEN", pair.refresh),
        ("AMO_CLIENT_ID", options.client_id),
        ("AMO_CLIENT_SECRET", options.client_secret),
        ("AMO_REDIRECT_URI", options.redirect_uri),
    ]);
    rig
}

/// Requests to both sides so far.
pub(crate) fn requests(rig: &Rig) -> (usize, usize) {
    let world = rig.world();
    (world.kaspi.requests().len(), world.amo.requests().len())
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test]
async fn no_phone_name_or_token_stands_in_database_log_or_report() {
    let rig = rig_with_ended_pair().await;
    // Orders are recorded, some leads are made, then amoCRM breaks: payloads stay, answers were lost.
    for fault in
        [Fault::ErrorAfterCommit(504), Fault::LostAfterCommit, Fault::gateway(503), Fault::gateway(503)]
    {
        rig.world().amo.faults.rule(Rule::new(fault).method("POST").path("/api/v4/leads/link"));
    }
    let first = rig.run(&["run", "new"]).await;
    assert_eq!(first.report()["seen"], 40, "{}", first.stderr);
    assert_eq!(rig.world().amo.oauth().presented().len(), 1);
    let planted = rig.planted();
    assert!(planted.len() > 40, "{planted:?}");
    let second = rig.run(&["run", "new"]).await;
    let shown = rig.run(&["config", "show"]).await;
    let serving = {
        let mut child =
            rig.command(&["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        // Killed while its write-ahead log is still there.
        while rig.database().with_extension("sqlite-wal").metadata().map_or(0, |file| file.len()) == 0 {
            tokio::task::yield_now().await;
        }
        let files = files_below(&rig.folder.path().join("data"));
        assert!(
            files.iter().any(|file| file.extension().is_some_and(|kind| kind == "sqlite-wal")),
            "{files:?}"
        );
        for file in files {
            assert_clean(&file.display().to_string(), &fs::read(&file).unwrap(), &planted);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).unwrap();
        text
    };
    assert_clean("the log of serve", &serving, &planted);
    for (name, ended) in [("first run", &first), ("second run", &second), ("config show", &shown)] {
        assert_clean(&format!("the log of {name}"), ended.stderr.as_bytes(), &planted);
        assert_clean(&format!("the output of {name}"), ended.stdout.as_bytes(), &planted);
    }
}

#[tokio::test]
async fn two_processes_that_need_a_new_pair_at_once_make_one_renewal() {
    let rig = rig_with_ended_pair().await;
    let (one, two) = tokio::join!(rig.run(&["run", "new"]), rig.run(&["run", "new"]));
    assert_eq!((one.code, two.code), (Some(0), Some(0)), "{}\n{}", one.stderr, two.stderr);
    assert_eq!(rig.world().amo.oauth().presented().len(), 1);
    let violations = oracle::check(&rig.world(), &Scope::at(wall_clock_ms()));
    let violations: Vec<_> =
        violations.into_iter().filter(|line| !line.contains("refused with 401")).collect();
    assert_eq!(violations, Vec::<String>::new());
}

#[tokio::test]
async fn a_dead_pair_ends_with_78_while_orders_are_recorded() {
    let mut rig = rig_with_ended_pair().await;
    rig.world().amo.oauth_mut().pairs_mut()[0].is_refresh_dead = true;
    for seen in [40, 0] {
        let ended = rig.run(&["run", "new"]).await;
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        assert_eq!(ended.report()["seen"], seen, "all are recorded by the first run: {}", ended.stdout);
        assert!(ended.stdout.contains("AMO_LONG_LIVED_TOKEN"), "{}", ended.stdout);
    }
    assert_eq!(rig.world().amo.oauth().presented().len(), 1);
    let token = rig.world().amo.options.token.clone();
    rig.settings.insert("AMO_LONG_LIVED_TOKEN", token);
    let ended = rig.run(&["run", "new"]).await;
    assert_eq!((ended.code, &ended.report()["created"]), (Some(0), &39.into()), "{}", ended.stderr);
}

#[tokio::test]
async fn a_wrong_key_a_lost_key_and_a_damaged_value_stop_before_anything_is_sent() {
    let rig = rig().await;
    // Recorded, and amoCRM is away: payloads are there.
    for _ in 0..20 {
        rig.world().amo.faults.rule(Rule::new(Fault::gateway(503)).method("GET").path("/api/v4/leads"));
    }
    let first = rig.run(&["run", "new"]).await;
    assert_eq!((first.code, &first.report()["created"]), (Some(69), &0.into()), "{}", first.stderr);
    assert!(first.stderr.contains("made a key file"), "{}", first.stderr);
    rig.world().amo.faults.clear();

    let before = requests(&rig);
    let key_file = rig.folder.path().join("data/kaspi-amocrm.sqlite.key");
    let refused = async |what: &str, says: &str| {
        let ended = rig.run(&["run", "new"]).await;
        assert_eq!(ended.code, Some(78), "{what}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{what}: {}", ended.stderr);
        assert_eq!(requests(&rig), before, "{what}: nothing is sent");
    };
    let key = fs::read(&key_file).unwrap();
    fs::remove_file(&key_file).unwrap();
    refused("lost key", "key file").await;
    assert!(!key_file.exists(), "no other key is made");
    let mut other = key.clone();
    other[3] = if other[3] == b'A' { b'B' } else { b'A' };
    fs::write(&key_file, &other).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        refused("open key", "chmod 600").await;
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    refused("wrong key", "SECRET_KEY").await;
    fs::write(&key_file, &key).unwrap();

    // One bit of one payload, at the very end of its row.
    let database =
        sqlx::SqlitePool::connect(&format!("sqlite://{}", rig.database().display())).await.unwrap();
    let select = "SELECT key, value FROM kv WHERE key LIKE '%/payload/%' ORDER BY key LIMIT 1";
    let (row, good): (String, Vec<u8>) = sqlx::query_as(select).fetch_one(&database).await.unwrap();
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for (value, is_good) in [(damaged, false), (good, true)] {
        let update = "UPDATE kv SET value = ?1 WHERE key = ?2";
        sqlx::query(update).bind(value).bind(&row).execute(&database).await.unwrap();
        if !is_good {
            refused("damaged value", &row).await;
        }
    }
    database.close().await;
    let ended = rig.run(&["run", "new"]).await;
    assert_eq!((ended.code, &ended.report()["created"]), (Some(0), &39.into()), "{}", ended.stderr);
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_leaves_no_trace() {
    let rig = rig().await;
    let ended = rig.run(&["run", "new", "--dry-run"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let plan = ended.report()["plan"].as_array().unwrap().len();
    assert_eq!(plan, 40, "{}", ended.stdout);
    assert!(ended.stderr.contains("leads: adopt 1, create 39"), "{}", ended.stderr);
    assert_eq!(rig.writes(), 0);
    assert_eq!(files_below(rig.folder.path()), Vec::<PathBuf>::new(), "not even a database is made");
    assert_clean("the plan", (ended.stdout + &ended.stderr).as_bytes(), &rig.planted());

    assert_eq!(rig.run(&["run", "new"]).await.code, Some(0));
    let (writes, before) = (rig.writes(), dump(&rig.database()).await);
    let ended = rig.run(&["run", "new", "--dry-run"]).await;
    assert_eq!(ended.report()["plan"], Value::Array(Vec::new()));
    assert_eq!(rig.writes(), writes);
    assert!(before.len() > 40);
    assert_eq!(dump(&rig.database()).await, before, "no row of the database changes");
}
