//! The limit, faults, and what stays the same from run to run.

use super::*;
use crate::fault::{Rate, Rule};

#[test]
fn the_limit_counts_refused_requests_and_leads_to_a_block() {
    let mut amo = Amo::default();
    let request = Request::get("/api/v4/account", "").with_header("Authorization", "Bearer amo-test-token");
    let statuses: Vec<u16> = (0..9).map(|_| amo.handle(&request, NOW_MS).response.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 429, 429]);
    let refused = amo.handle(&request, NOW_MS + 900).response;
    assert_eq!(refused.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(refused.header("retry-after"), None);
    assert_eq!(amo.handle(&request, NOW_MS + 2000).response.status, 200);
    amo.block();
    let blocked = amo.handle(&request, NOW_MS + 9000).response;
    assert_eq!((blocked.status, blocked.body_json()), (403, None));
    amo.unblock();
    assert_eq!(amo.handle(&request, NOW_MS + 9000).response.status, 200);
    assert_eq!(amo.requests()[7].refusal.as_deref(), Some("status 429"));
}

/// What a fault leaves behind: status and delivery seen, leads there at once and leads there a minute later.
#[test]
fn faults_do_what_they_say() {
    let cut = Delivery::Cut(10);
    let cases: Vec<(Fault, u16, Delivery, usize, usize)> = vec![
        (Fault::too_many(), 429, Delivery::Whole, 0, 0),
        (Fault::too_many_with_header(5), 429, Delivery::Whole, 0, 0),
        (Fault::too_many_with_json(5), 429, Delivery::Whole, 0, 0),
        (Fault::blocked(), 403, Delivery::Whole, 0, 0),
        (Fault::forbidden(), 403, Delivery::Whole, 0, 0),
        (Fault::unauthorized(), 401, Delivery::Whole, 0, 0),
        (Fault::bad_request(), 400, Delivery::Whole, 0, 0),
        (Fault::gateway(502), 502, Delivery::Whole, 0, 0),
        (Fault::html_before_commit(), 200, Delivery::Whole, 0, 0),
        (Fault::ErrorAfterCommit(504), 504, Delivery::Whole, 3, 3),
        (Fault::CommitLater { status: 504, after_ms: 30_000 }, 504, Delivery::Whole, 0, 3),
        (Fault::LostBeforeCommit, 502, Delivery::Lost, 0, 0),
        (Fault::LostAfterCommit, 200, Delivery::Lost, 3, 3),
        (Fault::HangBeforeCommit, 504, Delivery::Hang, 0, 0),
        (Fault::HangAfterCommit, 200, Delivery::Hang, 3, 3),
        (Fault::CutAfterCommit(10), 200, cut, 3, 3),
        (Fault::HtmlAfterCommit, 200, Delivery::Whole, 3, 3),
        (Fault::Slow(5000), 200, Delivery::Whole, 3, 3),
        (Fault::PartialCommit(2), 504, Delivery::Whole, 2, 2),
        (Fault::PartialCommit(0), 504, Delivery::Whole, 0, 0),
        (Fault::ShuffledRows, 200, Delivery::Whole, 3, 3),
    ];
    for (fault, status, delivery, at_once, later) in cases {
        let name = fault.name();
        let mut crm = crm();
        crm.amo.faults.rule(Rule::new(fault).method("POST").path("/api/v4/leads"));
        let body = json!([lead("1"), lead("2"), lead("3")]);
        let reply = crm.reply(Request::json("POST", "/api/v4/leads", &body));
        assert_eq!((reply.response.status, reply.delivery), (status, delivery), "{name}");
        assert_eq!(crm.amo.leads().len(), at_once, "{name}");
        crm.amo.settle(crm.now_ms + 60_000);
        assert_eq!(crm.amo.leads().len(), later, "{name}");
        assert_eq!(crm.amo.requests()[0].fault.as_deref(), Some(name.as_str()));
        assert_eq!(crm.amo.requests()[0].refusal, None);
        assert_eq!(crm.amo.faults.rules_left(), 0);
    }
}

#[test]
fn a_refused_batch_stays_refused_under_faults_after_commit() {
    for fault in [Fault::ErrorAfterCommit(504), Fault::PartialCommit(1), Fault::HtmlAfterCommit] {
        let mut crm = crm();
        crm.amo.faults.rule(Rule::new(fault));
        assert_eq!(crm.send("POST", "leads", json!([lead("1"), {"price": "x"}])).0, 400);
        assert_eq!(crm.amo.leads(), []);
    }
}

#[test]
fn late_commits_carry_their_own_time_and_follow_later_requests() {
    let mut crm = crm();
    crm.amo.faults.rule(Rule::new(Fault::CommitLater { status: 504, after_ms: 30_000 }).method("POST"));
    crm.send("POST", "leads", json!([lead("late")]));
    let sent_ms = crm.now_ms;
    crm.send("POST", "leads", json!([lead("next")]));
    crm.now_ms += 60_000;
    crm.get("leads");
    let times: Vec<i64> = crm.amo.leads().iter().map(|lead| lead.made_at_ms).collect();
    assert_eq!(times, [sent_ms + 1000, sent_ms + 30_000]);
}

#[test]
fn a_batch_that_takes_too_long_is_a_504_after_commit() {
    let mut crm = Crm::new(AmoOptions { latency_per_item_ms: 10_000, ..AmoOptions::default() });
    let reply = crm.reply(Request::json("POST", "/api/v4/leads", &json!([lead("1"), lead("2")])));
    assert_eq!((reply.response.status, reply.delay_ms), (504, 20_000));
    assert_eq!(crm.amo.leads().len(), 2);
}

#[test]
fn equal_seeds_give_equal_transcripts() {
    let transcript = |seed: u64| {
        let mut crm = crm();
        crm.amo.faults = FaultPlan::seeded(seed);
        crm.amo.faults.rate(Rate::new(100, Fault::LostAfterCommit).method("POST"));
        crm.amo.faults.rate(Rate::new(100, Fault::gateway(502)));
        crm.amo.faults.rate(Rate::new(300, Fault::ShuffledRows));
        (0..60)
            .map(|at| {
                let body = json!([lead(&format!("{at}")), lead(&format!("{at}b"))]);
                let write = crm.reply(Request::json("POST", "/api/v4/leads", &body));
                let read = crm.reply(Request::get("/api/v4/leads", "limit=250"));
                (write, read)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(transcript(5), transcript(5));
    assert_ne!(transcript(5), transcript(6));
}

#[test]
fn every_answer_has_a_date_and_a_request_id() {
    let mut crm = crm();
    let first = crm.reply(Request::get("/api/v4/leads", "")).response;
    let second = crm.reply(Request::get("/api/v4/nothing", "")).response;
    let date = codec::http_date(crm.now_ms);
    assert_eq!(second.header("date"), Some(date.as_str()));
    let ids = [first.header("x-request-id"), second.header("x-request-id")];
    assert!(ids.iter().flatten().all(|id| id.len() == 32) && ids[0] != ids[1], "{ids:?}");
}
