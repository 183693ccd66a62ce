//! `statement`: the orders of some days against the leads in amoCRM.

mod view;

use std::path::Path;

use crate::{
    base::clock::now_ms,
    base::{
        calendar::{self, Day, Range},
        failure::{Exit, Failure},
        shutdown::Stop,
    },
    cli::support::{
        begin::{load_plugin, stop_on_signals},
        output::{held, print, report_failure, say},
    },
    config::{DEFAULT_CONNECTION, Settings},
    contract::{json, types::RangeStatement},
    service::{Comparison as _, Host, Repaired, Slices as _},
};

/// What was asked for.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("days").required(true).args(["day", "from"]))]
pub(crate) struct Arguments {
    /// One day, YYYY-MM-DD, of Almaty
    #[arg(long, value_name = "DATE", conflicts_with = "to")]
    day: Option<Day>,
    /// First of several days
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<Day>,
    /// Last of them, included
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<Day>,
    /// Mend what is safe to mend, and compare again
    #[arg(long)]
    repair: bool,
    /// With --repair: make leads again that are gone
    #[arg(long, requires = "repair")]
    missing: bool,
    /// The whole statement as JSON
    #[arg(long)]
    json: bool,
    /// Connection (shop and account) of kaspi-amocrm.toml
    #[arg(long, value_name = "NAME", default_value = DEFAULT_CONNECTION)]
    connection: String,
}

impl Arguments {
    fn range(&self, today: Day) -> Result<Range, Failure> {
        let (from, to) = (self.from.or(self.day), self.to.or(self.day));
        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::internal("a statement without days"));
        };
        calendar::range(from, to, today)
    }
}

/// Compares and tells; mends where that is wanted.
pub(crate) async fn statement(
    settings: Settings,
    plugin: Option<&Path>,
    wanted: Arguments,
) -> Result<Exit, Failure> {
    let range = wanted.range(Day::of(now_ms()))?;
    settings.connection(&wanted.connection)?;
    let plugin = load_plugin(plugin)?;
    let stop = stop_on_signals();
    if wanted.repair {
        let host = Host::open(settings, plugin).await?;
        return repair(&host, range, &wanted, &stop).await;
    }
    let host = Host::open_unchanged(settings, plugin).await?;
    let statement = Box::pin(host.statement(&wanted.connection, range, &stop)).await?;
    show(&statement, wanted.json)?;
    Ok(exit(&statement))
}

async fn repair(
    host: &std::sync::Arc<Host>,
    range: Range,
    wanted: &Arguments,
    stop: &Stop,
) -> Result<Exit, Failure> {
    let call = host.repair(&wanted.connection, range, wanted.missing, crate::cli::support::begin::WAIT, stop);
    let repaired = Box::pin(call).await.map_err(held)?;
    show(&repaired.statement, wanted.json)?;
    say(&view::mended(&repaired))?;
    if let Some(report) = repaired.outcome.as_ref().and_then(|outcome| outcome.report.as_ref()) {
        report.problems.iter().try_for_each(|problem| say(&view::problem(problem)))?;
    }
    let exit = exit_of_repair(&repaired);
    match repaired.outcome.and_then(|outcome| outcome.error) {
        Some(error) => Ok(report_failure(&error.into())),
        None => Ok(exit),
    }
}

fn show(statement: &RangeStatement, json: bool) -> Result<(), Failure> {
    if json {
        return print(&json::statement(statement).to_string());
    }
    view::lines(statement).iter().try_for_each(|line| print(line))
}

/// A statement that could not be finished says nothing about what it did not see.
fn exit(statement: &RangeStatement) -> Exit {
    if !statement.complete {
        Exit::Upstream
    } else if statement.open().next().is_some() {
        Exit::Findings
    } else {
        Exit::Done
    }
}

/// What was not mended because of something bigger has the code of that.
fn exit_of_repair(repaired: &Repaired) -> Exit {
    let exit = exit(&repaired.statement);
    let report = repaired.outcome.as_ref().and_then(|outcome| outcome.report.as_ref());
    match report.map(|report| report.exit()) {
        Some(worse @ (Exit::Config | Exit::Upstream)) if exit == Exit::Findings => worse,
        _ => exit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{
            samples::{self, message, problem, report},
            types::{Difference, DifferenceKind, ProblemClass, Report},
        },
        service::Outcome,
    };

    fn statement(complete: bool, kinds: &[DifferenceKind]) -> RangeStatement {
        let difference = |kind: &DifferenceKind| Difference {
            code: "1".to_owned(),
            state: String::new(),
            status: String::new(),
            kind: *kind,
            lead_ids: Vec::new(),
            fields: Vec::new(),
            will_mend: false,
            message: message("x"),
        };
        let differences = kinds.iter().map(difference).collect();
        RangeStatement { complete, differences, ..samples::statement() }
    }

    #[test]
    fn the_code_tells_whether_both_sides_agree() {
        use DifferenceKind::{Different, Doubled, Kept, Missing, NoLead};
        for (complete, kinds, expected) in [
            (true, &[][..], Exit::Done),
            (true, &[Kept, NoLead], Exit::Done),
            (true, &[Kept, Missing], Exit::Findings),
            (true, &[Doubled], Exit::Findings),
            (true, &[Different], Exit::Findings),
            (false, &[], Exit::Upstream),
            (false, &[Missing], Exit::Upstream),
        ] {
            assert_eq!(exit(&statement(complete, kinds)), expected, "{complete} {kinds:?}");
        }
    }

    #[test]
    fn a_repair_that_could_not_work_has_the_code_of_its_cause() {
        for (kinds, class, expected) in [
            (&[DifferenceKind::Missing][..], ProblemClass::UpstreamAmocrm, Exit::Upstream),
            (&[DifferenceKind::Missing], ProblemClass::Config, Exit::Config),
            (&[DifferenceKind::Missing], ProblemClass::LeadRefused, Exit::Findings),
            (&[], ProblemClass::UpstreamAmocrm, Exit::Done),
        ] {
            let report = Report { problems: vec![problem(class, "x")], ..report() };
            let outcome = Some(Outcome { report: Some(report), error: None });
            let repaired =
                Repaired { statement: statement(true, kinds), wanted: 1, mended: Some(0), outcome };
            assert_eq!(exit_of_repair(&repaired), expected, "{kinds:?} {class:?}");
        }
    }
}
