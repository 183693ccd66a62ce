//! Plays one seed: rounds of orders, people, faults, deaths and jobs, then quiet until nothing is left to do.

use kaspi_amocrm_plugin::{domain::Job, run::RunError};
use serde_json::{Value, json};

use super::{
    crm,
    digest::{Trace, plain, request_line},
    stage::Stage,
};
use crate::{changes::DAY_MS, shops::Mishap};

/// Plays a seed and answers with all that can be seen from outside.
pub fn record(seed: u64) -> Trace {
    let mut stage = Stage::new(seed);
    stage.shops.rig.log.begin();
    let mut reports = Vec::new();
    if !seed.is_multiple_of(4) {
        stage.bad_weather(seed);
    }
    let rounds = 8 + stage.rng.below(5);
    for round in 0..rounds {
        stage.kaspi_goes_on();
        if stage.chance(450) {
            stage.people_work();
        }
        stage.death_waits();
        if stage.shop_count == 0 {
            stage.one_shop_works(&mut reports);
        } else {
            stage.shops_work(&mut reports);
        }
        stage.everybody_lives();
        let minutes = match stage.rng.below(8) {
            0 => 24 * 60,
            1 => 3 * 24 * 60,
            _ => 1 + stage.rng.below(30) as u64,
        };
        stage.shops.rig.wait_minutes(minutes);
        if round + 2 == rounds {
            stage.good_weather();
        }
    }
    stage.calms_down(&mut reports);
    let sent = stage.shops.rig.log.take();
    let world = stage.shops.rig.world.borrow();
    Trace { requests: sent.iter().map(request_line).collect(), reports, crm: crm::lines(&world.amo) }
}

type Answer = Result<Value, RunError>;

fn line(what: &str, answer: &Answer) -> String {
    let value = match answer {
        Ok(value) => plain(value),
        Err(error) => json!({"error": class(error)}),
    };
    format!("{what} {value}")
}

/// The kind of an error, not its words.
fn class(error: &RunError) -> &'static str {
    match error {
        RunError::Config(_) => "config",
        RunError::Busy => "busy",
        RunError::Upstream(_) => "upstream",
        RunError::InvalidCall(_) => "invalid_call",
        RunError::Internal(_) => "internal",
    }
}

impl Stage {
    /// A process that dies or stands still somewhere in what comes next.
    fn death_waits(&mut self) {
        if !self.chance(250) {
            return;
        }
        let step = self.rng.below(50) as u64;
        if self.shop_count == 0 {
            self.shops.rig.store.dies_at.set(Some(step));
        } else {
            let mishap = self.pick(&[Mishap::Dies, Mishap::Dies, Mishap::Pauses { rounds: 1 }]);
            let shop = self.rng.below(self.shop_count);
            self.shops.befall(shop, step + 1, mishap);
        }
    }

    fn everybody_lives(&mut self) {
        self.shops.rig.store.dies_at.set(None);
        for shop in 0..self.shop_count {
            self.shops.forget_mishap(shop);
            self.shops.revive(shop);
        }
    }

    fn shops_work(&mut self, reports: &mut Vec<String>) {
        let all: Vec<usize> = (0..self.shop_count).collect();
        let job = if self.chance(600) { Job::New } else { Job::Reconcile };
        let some = if self.chance(750) { all } else { vec![self.rng.below(self.shop_count)] };
        for (shop, report) in self.shops.run_job(&some, job) {
            reports.push(line(&format!("shop {shop}"), &Ok(report)));
        }
    }

    fn one_shop_works(&mut self, reports: &mut Vec<String>) {
        let what = self.rng.below(16);
        let code = self.codes[self.rng.below(self.codes.len())].clone();
        let days = 1 + self.rng.below(30) as i64;
        let requests = self.rng.below(25) as u64;
        let rig = &self.shops.rig;
        let range_ms = (rig.now_ms() - days * DAY_MS, rig.now_ms());
        let mut tell = |what: &str, answer: Answer| reports.push(line(what, &answer));
        match what {
            0..=3 => tell("new", rig.run()),
            4..=6 => tell("reconcile", rig.reconcile()),
            7 => {
                tell("new", rig.run());
                tell("reconcile", rig.reconcile());
            }
            8 => tell("slice", rig.slice(1_500)),
            9 => tell("ending", rig.ending_slice(requests)),
            10 => {
                tell("dry new", rig.dry_run());
                tell("dry reconcile", rig.dry_reconcile());
            }
            11 => {
                tell("backfill", rig.backfill(range_ms.0, range_ms.1));
                tell("new", rig.run());
            }
            12 => {
                tell("orders", rig.orders(&[]));
                tell("orders", rig.orders(&[&code]));
                tell("retry", rig.retry(&[&code]));
                tell("retry", rig.retry_all());
                tell("new", rig.run());
            }
            13 => {
                tell("statement", rig.try_statement(days, ""));
                tell("examine", rig.examine());
            }
            14 => {
                tell("repair", rig.try_statement(days, r#","repair":true,"lease":"host""#));
                tell("reconcile", rig.reconcile());
            }
            _ => {
                let missing = r#","repair":true,"missing":true,"lease":"host""#;
                tell("repair missing", rig.try_statement(days, missing));
                tell("reconcile", rig.reconcile());
                tell("describe", rig.describe());
            }
        }
    }

    /// Both jobs without faults, until what was in doubt has settled.
    fn calms_down(&mut self, reports: &mut Vec<String>) {
        for _ in 0..4 {
            self.shops.rig.wait_minutes(6);
            if self.shop_count == 0 {
                reports.push(line("new", &self.shops.rig.run()));
                reports.push(line("reconcile", &self.shops.rig.reconcile()));
                continue;
            }
            for job in [Job::New, Job::Reconcile] {
                for (shop, report) in self.shops.run_job(&[0, 1], job) {
                    reports.push(line(&format!("shop {shop}"), &Ok(report)));
                }
            }
        }
    }
}
