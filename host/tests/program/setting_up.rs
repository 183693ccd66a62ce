//! From an empty folder to the first lead: in the terminal, and by what a browser sends.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use kaspi_amocrm_simulator::{World, amo::account, kaspi::SimOrder, serve::wall_clock_ms};

use crate::rig::{Ended, Rig, assert_clean};

const MINUTE_MS: i64 = 60_000;

/// A shop with one order, whose addresses alone are given from outside.
async fn rig() -> (Rig, String, String) {
    let mut world = World::default();
    world.kaspi.options.latency_ms = 0;
    world.amo.options.latency_ms = 0;
    world.kaspi.add_order(SimOrder::new("1000000001", wall_clock_ms() - 10 * MINUTE_MS));
    let mut rig = Rig::with_world(world).await;
    let (kaspi, amo) =
        (rig.settings["KASPI_API_TOKEN"].clone(), rig.settings["AMO_LONG_LIVED_TOKEN"].clone());
    rig.settings.retain(|name, _| ["KASPI_API_BASE", "AMO_BASE_URL"].contains(name));
    (rig, kaspi, amo)
}

/// Runs a command with answers piped into it.
async fn piped(mut command: Command, answers: &str) -> Ended {
    let answers = answers.to_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    Ended::of(ended.await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_terminal_leads_from_an_empty_folder_to_the_first_lead() {
    let (rig, kaspi, amo) = rig().await;
    // Language, token; way and token; pipeline, stage, user 2, list, field; stages; switch on.
    let answers = format!("3\n{kaspi}\n1\n\"{amo}\"\n\n\n2\n\n\n1\ny\n");
    let ended = piped(rig.command(&["setup"]), &answers).await;
    assert_eq!(ended.code, Some(0), "{}", ended.text());
    assert_eq!(ended.stdout, "", "questions are for people");
    for said in
        ["Kaspi answers", "Orders read: 1", "a new lead: 1", "the settings are in .env", "kaspi-amocrm serve"]
    {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    let mut planted = rig.planted();
    // Written for the one who owns the folder, and nowhere else.
    let written = std::fs::read_to_string(rig.folder.path().join(".env")).unwrap();
    for line in [
        format!("KASPI_API_TOKEN={kaspi}"),
        format!("AMO_LONG_LIVED_TOKEN={amo}"),
        format!("AMO_PIPELINE_ID={}", account::PIPELINE_ID),
        format!("AMO_STATUS_ID={}", account::STATUS_NEW_ID),
        format!("AMO_RESPONSIBLE_USER_ID={}", account::MANAGER_ID),
        format!("AMO_CATALOG_ID={}", account::CATALOG_ID),
    ] {
        assert!(written.lines().any(|found| found == line), "{line}");
    }
    planted.extend([kaspi, amo]);
    assert_clean("what the setup says", ended.text().as_bytes(), &planted);

    let run = rig.run(&["run", "new"]).await;
    assert_eq!(run.code, Some(0), "{}", run.text());
    assert_eq!(run.report()["created"], 1, "{}", run.text());
    // Once more: everything is proposed as it is, and nothing has to be written.
    let again = piped(rig.command(&["setup", "--lang", "kk"]), &"\n".repeat(20)).await;
    assert_eq!(again.code, Some(0), "{}", again.text());
    assert_eq!(std::fs::read_to_string(rig.folder.path().join(".env")).unwrap(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_end_too_early_leave_nothing_behind() {
    let (rig, kaspi, _) = rig().await;
    let ended = piped(rig.command(&["setup", "--lang", "ru"]), &format!("{kaspi}\n1\n")).await;
    assert_eq!(ended.code, Some(78), "{}", ended.text());
    assert!(ended.stderr.contains("nothing was written"), "{}", ended.stderr);
    assert!(!rig.folder.path().join(".env").exists());
    assert_eq!(rig.writes(), 0);
    let wrong = rig.run(&["setup", "--connection", "a b"]).await;
    assert_eq!(wrong.code, Some(78), "{}", wrong.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_what_is_well_and_what_is_not() {
    let (mut rig, kaspi, amo) = rig().await;
    rig.settings.insert("KASPI_API_TOKEN", kaspi);
    rig.settings.insert("AMO_LONG_LIVED_TOKEN", amo);
    rig.settings.insert("AMO_PIPELINE_ID", account::PIPELINE_ID.to_string());
    let made = rig.run(&["run", "new"]).await;
    assert_eq!(made.code, Some(0), "{}", made.text());
    let well = rig.run(&["doctor", "--json"]).await;
    assert_eq!(well.code, Some(0), "{}", well.text());
    let report = well.report();
    let checked: Vec<&str> =
        report["checked"].as_array().unwrap().iter().filter_map(|one| one["check"].as_str()).collect();
    for check in ["settings", "files", "database", "key", "kaspi", "amocrm"] {
        assert!(checked.contains(&check), "{check}: {report}");
    }
    assert_clean("what the doctor says", well.text().as_bytes(), &rig.planted());

    rig.settings.insert("AMO_RPS", "0".to_owned());
    rig.settings.insert("SECRET_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned());
    let ill = rig.run(&["doctor", "--json"]).await;
    assert_eq!(ill.code, Some(3), "{}", ill.text());
    let classes: Vec<String> = ill.report()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["class"].as_str().unwrap().to_owned())
        .collect();
    assert!(classes.contains(&"setting_wrong".to_owned()), "{classes:?}");
    let spoken = rig.run(&["doctor", "--lang", "kk", "--connection", "nobody"]).await;
    assert_eq!(spoken.code, Some(78), "{}", spoken.text());
    let spoken = rig.run(&["doctor", "--lang", "kk"]).await;
    assert!(spoken.stdout.contains("қате AMO_RPS"), "{}", spoken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_servers_refuse() {
    let (mut rig, kaspi, amo) = rig().await;
    let right = std::mem::take(&mut rig.settings);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = format!("http://{free}");
    for (code, class, changes) in [
        (3, "kaspi_token_missing", [("KASPI_API_TOKEN", ""), ("AMO_LONG_LIVED_TOKEN", amo.as_str())]),
        (3, "kaspi_token_refused", [("KASPI_API_TOKEN", "another"), ("AMO_LONG_LIVED_TOKEN", amo.as_str())]),
        (3, "amo_token_refused", [("KASPI_API_TOKEN", kaspi.as_str()), ("AMO_LONG_LIVED_TOKEN", "another")]),
        (69, "amo_unreachable", [("AMO_LONG_LIVED_TOKEN", amo.as_str()), ("AMO_BASE_URL", away.as_str())]),
        (3, "amo_setting", [("AMO_LONG_LIVED_TOKEN", amo.as_str()), ("AMO_CATALOG_ID", "999")]),
    ] {
        rig.settings = right.clone();
        rig.settings.insert("KASPI_API_TOKEN", kaspi.clone());
        rig.settings.extend(changes.map(|(name, value)| (name, value.to_owned())));
        let ended = rig.run(&["doctor", "--json"]).await;
        assert_eq!(ended.code, Some(code), "{class}: {}", ended.text());
        let report = ended.report();
        let found = report["findings"].as_array().unwrap().iter().any(|finding| finding["class"] == class);
        assert!(found, "{class}: {report}");
        assert_clean(class, ended.text().as_bytes(), &rig.planted());
    }
}
