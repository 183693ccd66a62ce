//! Scenario scripts: what happens at Kaspi and in the CRM, and what the sync makes of it.
//!
//! A script in `tests/scenarios/` has one command a line; the lines after it that begin with `| ` are what it told when
//! the script was last accepted. A change of behaviour is a diff of these lines: `UPDATE_SCENARIOS=1 cargo test
//! scenarios` writes them anew. Commands stand in [`Scenario::command`].

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use crate::{
    changes::rig,
    support::{MINUTE_MS, Rig},
};
use kaspi_amocrm_simulator::{
    amo::{Lead, account},
    fault::{Fault, Rule},
    kaspi::{SimLine, SimOrder},
};
use serde_json::Value;

struct Scenario {
    rig: Rig,
}

/// `90m`, `2h`, `3d` in milliseconds.
fn duration_ms(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 1_440,
        _ => panic!("{text} is no duration"),
    };
    number.parse::<i64>().expect("a number") * minutes * MINUTE_MS
}

/// `SKU-1*2@1500`: two pieces for 1500 tenge each.
fn line(text: &str) -> SimLine {
    let (sku, rest) = text.split_once('*').expect("SKU*pieces@price");
    let (pieces, price) = rest.split_once('@').expect("pieces@price");
    let name = sku.replace("SKU-", "Товар ");
    SimLine::new(sku, &name, pieces.parse().expect("pieces"), price.parse().expect("a price"))
}

fn stage_id(name: &str) -> u64 {
    match name {
        "new" => account::STATUS_NEW_ID,
        "packing" => account::STATUS_PACKING_ID,
        "delivery" => account::STATUS_DELIVERY_ID,
        "won" => 142,
        "lost" => 143,
        _ => panic!("{name} is no stage"),
    }
}

fn stage_name(id: u64) -> String {
    ["new", "packing", "delivery", "won", "lost"]
        .into_iter()
        .find(|name| stage_id(name) == id)
        .map_or_else(|| id.to_string(), str::to_owned)
}

impl Scenario {
    fn new() -> Self {
        Self { rig: rig(Vec::new()) }
    }

    /// Does what a line says and answers with what it tells.
    fn command(&mut self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["set", name, value] => drop(self.rig.set(name, value)),
            ["wait", time] => self.rig.wait_minutes(duration_ms(time).unsigned_abs() / 60_000),
            ["order", code, "aged", age, lines @ ..] => self.add(code, duration_ms(age), 0, lines),
            ["order", code, "late", late, lines @ ..] => self.add(code, 0, duration_ms(late), lines),
            ["kaspi", code, change @ ..] => self.kaspi(code, change),
            ["person", code, edit @ ..] => self.person(code, edit),
            ["fault", method, path, fault @ ..] => {
                let fault = match fault {
                    ["lost"] => Fault::LostAfterCommit,
                    ["late"] => Fault::CommitLater { status: 504, after_ms: 200_000 },
                    ["refused"] => Fault::bad_request(),
                    _ => panic!("{fault:?} is no fault"),
                };
                let rule = Rule::new(fault).method(method).path(path);
                self.rig.world.borrow_mut().amo.faults.rule(rule);
            }
            ["forget"] => self.rig.store.values.borrow_mut().clear(),
            ["run", "new"] => return report(&self.rig.run().expect("a report")),
            ["run", "reconcile"] => return report(&self.rig.reconcile().expect("a report")),
            ["schedule", time] => return self.schedule(duration_ms(time)),
            ["backfill", age] => return self.backfill(duration_ms(age)),
            ["retry", code] => return self.retry(code),
            ["lead", code] => return self.lead(code),
            ["orders", code] => return self.orders(code),
            ["statement", days, options @ ..] => return self.statement(days, options),
            ["check"] => return self.check(),
            _ => panic!("no such command: {text}"),
        }
        String::new()
    }

    fn add(&self, code: &str, age_ms: i64, late_ms: i64, lines: &[&str]) {
        let created_ms = self.rig.now_ms() - age_ms;
        let order = SimOrder::new(code, created_ms)
            .visible_from(created_ms + late_ms)
            .lines(lines.iter().map(|text| line(text)).collect());
        self.rig.world.borrow_mut().kaspi.add_order(order);
    }

    fn kaspi(&self, code: &str, change: &[&str]) {
        let now_ms = self.rig.now_ms();
        let mut world = self.rig.world.borrow_mut();
        let order = world.kaspi.order_mut(code).expect("an order");
        let changed = order.clone();
        match change {
            ["assembled"] => *order = changed.assembled_from(now_ms),
            ["handed-over"] => *order = changed.handed_over(now_ms),
            ["cancelled", reason] => *order = changed.cancelled(now_ms, reason),
            ["drops", sku] => order.lines.retain(|line| line.sku.as_deref() != Some(*sku)),
            ["pieces", sku, pieces] => {
                let line = order.lines.iter_mut().find(|line| line.sku.as_deref() == Some(*sku));
                line.expect("a line").quantity = pieces.parse().expect("pieces");
            }
            [pair] => {
                let (state, status) = pair.split_once('/').expect("STATE/STATUS");
                *order = changed.later(now_ms, state, status);
            }
            _ => panic!("{change:?} is no change"),
        }
    }

    fn person(&self, code: &str, edit: &[&str]) {
        let now_s = self.rig.now_ms() / 1_000;
        let id = self.lead_ids(code)[0];
        if edit == ["removes"] {
            return self.rig.world.borrow_mut().amo.remove_lead(id);
        }
        let mut world = self.rig.world.borrow_mut();
        if edit == ["doubles"] {
            let copy = world.amo.leads().iter().find(|lead| lead.id == id).expect("it is there").clone();
            let twin = world.amo.add_lead(&copy.name, copy.pipeline_id, copy.status_id, now_s * 1_000);
            world.amo.lead_mut(twin).expect("just made").fields = copy.fields;
            return;
        }
        self.rig.touched.borrow_mut().insert(code.to_owned());
        let lead = world.amo.lead_mut(id).expect("it is there");
        lead.updated_at = now_s;
        match edit {
            ["moves", stage] => lead.status_id = stage_id(stage),
            ["prices", price] => lead.price = price.parse().expect("a price"),
            ["renames", name] => lead.name = (*name).to_owned(),
            ["deletes"] => lead.is_deleted = true,
            _ => panic!("{edit:?} is no edit"),
        }
    }

    /// Both jobs in their rhythm; tells the last report of each.
    fn schedule(&self, time_ms: i64) -> String {
        let mut told = String::new();
        for minute in 1..=time_ms / MINUTE_MS {
            self.rig.wait_minutes(1);
            let new = self.rig.run().expect("a report");
            let again = (minute % 10 == 0).then(|| self.rig.reconcile().expect("a report"));
            if minute == time_ms / MINUTE_MS {
                told = report(again.as_ref().unwrap_or(&new));
            }
        }
        told
    }

    fn backfill(&self, age_ms: i64) -> String {
        let (mut from_ms, to_ms) = (self.rig.now_ms() - age_ms, self.rig.now_ms());
        let mut told = String::new();
        loop {
            let answer = self.rig.backfill(from_ms, to_ms).expect("a report");
            told += &report(&answer);
            match answer["next_from_ms"].as_i64() {
                Some(next_ms) => from_ms = next_ms,
                None => return told,
            }
        }
    }

    fn retry(&self, code: &str) -> String {
        format!("{}\n", self.rig.retry(&[code]).expect("an answer"))
    }

    fn lead_ids(&self, code: &str) -> Vec<u64> {
        let world = self.rig.world.borrow();
        let is_of = |lead: &&Lead| {
            let field = lead.fields.get(&account::LEAD_ORDER_CODE_FIELD_ID);
            field.is_some_and(|values| values[0].value.as_str() == Some(code))
        };
        world.amo.leads().iter().filter(is_of).map(|lead| lead.id).collect()
    }

    fn lead(&self, code: &str) -> String {
        let mut told = String::new();
        let ids = self.lead_ids(code);
        let world = self.rig.world.borrow();
        for lead in world.amo.leads().iter().filter(|lead| ids.contains(&lead.id)) {
            let bin = if lead.is_deleted { ", deleted" } else { "" };
            let reason = lead.loss_reason_id.map(|_| ", cancelled").unwrap_or_default();
            let _ = writeln!(
                told,
                "\"{}\" in {}{reason}{bin}, {} KZT",
                lead.name,
                stage_name(lead.status_id),
                lead.price
            );
            for link in world.amo.links().iter().filter(|link| link.lead_id == lead.id) {
                let element = world.amo.elements().iter().find(|element| element.id == link.element_id);
                let sku = element.and_then(|element| element.sku()).unwrap_or("?").to_owned();
                let _ = writeln!(told, "  {sku} × {}", link.quantity);
            }
            for note in world.amo.notes().iter().filter(|note| note.lead_id == lead.id) {
                let _ = writeln!(told, "  note: {}", note.text.replace('\n', " / "));
            }
        }
        if told.is_empty() { "no lead\n".to_owned() } else { told }
    }

    fn orders(&self, code: &str) -> String {
        let answer = self.rig.orders(&[code]).expect("an answer");
        let order = &answer["orders"][0];
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let mut told =
            format!("{} {}, next: {}\n", text(&order["state"]), text(&order["status"]), text(&order["step"]));
        for step in order["steps"].as_array().into_iter().flatten() {
            let _ = writeln!(told, "  {} {}", text(&step["at"]), text(&step["en"]));
        }
        let cause = &order["cause"];
        if cause.is_object() {
            let _ = writeln!(told, "  {}: {}", text(&cause["class"]), text(&cause["en"]));
            let _ = writeln!(told, "  {}", text(&cause["ru"]));
            let _ = writeln!(told, "  next try: {}", text(&cause["next_try_at"]));
        }
        told
    }

    fn statement(&self, days: &str, options: &[&str]) -> String {
        let more = match options {
            [] => "",
            ["repair"] => r#","repair":true,"lease":"host""#,
            ["repair", "missing"] => r#","repair":true,"missing":true,"lease":"host""#,
            _ => panic!("{options:?} are no options"),
        };
        let statement = self.rig.statement(duration_ms(days) / 86_400_000, more);
        let mut told = format!("{} orders, {} leads\n", statement["orders"], statement["leads"]);
        for state in statement["states"].as_array().expect("states") {
            let counts: BTreeMap<String, u64> = state
                .as_object()
                .expect("a state")
                .iter()
                .filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)))
                .filter(|(name, count)| name != "orders" && *count > 0)
                .collect();
            let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let (state, status) = (state["state"].as_str(), state["status"].as_str());
            let _ = writeln!(
                told,
                "{}/{}: {}",
                state.unwrap_or_default(),
                status.unwrap_or_default(),
                counts.join(", ")
            );
        }
        for difference in statement["differences"].as_array().expect("differences") {
            let text = |name: &str| difference[name].as_str().unwrap_or_default().to_owned();
            let mend = if difference["will_mend"] == true { ", will be mended" } else { "" };
            let _ = writeln!(told, "{} {}{mend}: {}", text("code"), text("kind"), text("en"));
            for field in difference["fields"].as_array().expect("fields") {
                let _ = writeln!(
                    told,
                    "  {}: {} at Kaspi, {} in amoCRM",
                    field["field"].as_str().unwrap_or_default(),
                    field["kaspi"],
                    field["amocrm"]
                );
            }
        }
        told
    }

    fn check(&self) -> String {
        let violations = self.rig.violations();
        if violations.is_empty() { "all is well\n".to_owned() } else { violations.join("\n") + "\n" }
    }
}

/// The counts of a report that are not zero, its requests and its problems.
fn report(report: &Value) -> String {
    let count = |name: &str| report[name].as_u64().expect("a count");
    let mut counts: Vec<String> = ["seen", "created", "adopted", "updated", "parked", "in_doubt"]
        .iter()
        .filter(|name| count(name) > 0)
        .map(|name| format!("{name} {}", count(name)))
        .collect();
    let sent = &report["requests"];
    counts.push(format!("requests: {} Kaspi, {} amoCRM", sent["kaspi"], sent["amocrm"]));
    let mut told = counts.join(", ") + "\n";
    for problem in report["problems"].as_array().expect("problems") {
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        let _ = writeln!(told, "problem {} {}: {}", text("code"), text("class"), text("message"));
    }
    told
}

/// Plays a script; answers with the script as it should stand.
fn play(script: &str) -> String {
    let mut scenario = Scenario::new();
    let mut played = String::new();
    for line in script.lines().filter(|line| !line.starts_with("| ")) {
        played.push_str(line);
        played.push('\n');
        if !line.trim().is_empty() && !line.starts_with('#') {
            scenario.command(line).lines().for_each(|told| {
                let _ = writeln!(played, "| {told}");
            });
        }
    }
    played
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever accepts a change says so in the environment")]
fn scenarios_tell_what_they_told() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut scripts: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    scripts.sort();
    assert!(scripts.len() >= 8, "the scripts are there");
    let mut changed = Vec::new();
    for path in scripts {
        let script = fs::read_to_string(&path).expect("a script");
        let played = play(&script);
        if played == script {
            continue;
        }
        if std::env::var_os("UPDATE_SCENARIOS").is_some() {
            fs::write(&path, played).expect("written");
        } else {
            changed.push(format!("{}:\n{played}", path.display()));
        }
    }
    assert!(changed.is_empty(), "UPDATE_SCENARIOS=1 accepts this:\n{}", changed.join("\n"));
}
