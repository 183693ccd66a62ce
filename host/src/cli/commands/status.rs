//! `status`: how all connections are doing.

use crate::{
    base::failure::{Exit, Failure},
    cli::support::{output::print, table},
    config::Settings,
    service::connections_status::{self, ConnectionStatus, Health},
    store::{self, StoreError},
};

/// What was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// One JSON object for each connection
    #[arg(long)]
    json: bool,
}

/// Looks and tells; changes nothing, and needs neither component nor key.
pub(crate) async fn status(settings: &Settings, wanted: Arguments) -> Result<Exit, Failure> {
    settings.check_process()?;
    let url = settings.database_url();
    let is_new = store::file_of(&url).is_some_and(|file| !file.exists());
    let all = if is_new {
        connections_status::never(settings)
    } else {
        let store = store::open(&url).await?;
        if !store.pending_migrations().await?.is_empty() {
            return Err(StoreError::Older.into());
        }
        connections_status::status(settings, store.as_ref()).await?
    };
    let lines = if wanted.json {
        all.iter()
            .map(|one| serde_json::to_string(one).map_err(Failure::internal))
            .collect::<Result<_, _>>()?
    } else {
        view(&all)
    };
    lines.iter().try_for_each(|line| print(line))?;
    let is_well = all.iter().all(|one| one.health == Health::Working);
    Ok(if is_well { Exit::Done } else { Exit::Findings })
}

/// A table, the errors below it, and a sum.
fn view(all: &[ConnectionStatus]) -> Vec<String> {
    let rows: Vec<[String; 10]> = all.iter().map(row).collect();
    let header = [
        "Connection",
        "Account",
        "State",
        "Lag",
        "Backlog",
        "Doubt",
        "Parked",
        "Token age",
        "Last success",
        "Last reconcile",
    ];
    let mut lines = table::lines(header, &rows);
    let errors = all.iter().filter_map(|one| Some((one, one.last_error.as_ref()?)));
    let errors: Vec<String> =
        errors.map(|(one, error)| format!("{}: {}", one.connection, first_line(error))).collect();
    if !errors.is_empty() {
        lines.push(String::new());
        lines.extend(errors);
    }
    let count = |health| all.iter().filter(|one| one.health == health).count();
    let (working, late) = (count(Health::Working), count(Health::Late));
    let (failing, never) = (count(Health::Failing), count(Health::Never));
    let sum = all.len();
    lines.extend([
        String::new(),
        format!(
            "{sum} connections: {working} working, {late} late, {failing} failing, {never} have never run"
        ),
        format!(
            "подключений: {sum}; работают {working}, опаздывают {late}, с ошибкой {failing}, не запускались {never}"
        ),
    ]);
    lines
}

fn row(one: &ConnectionStatus) -> [String; 10] {
    let state = match one.health {
        Health::Working => "working",
        Health::Late => "LATE",
        Health::Failing => "FAILING",
        Health::Never => "never ran",
    };
    let age = |ms: Option<i64>| ms.map(duration).unwrap_or_default();
    let ago = |ms: Option<i64>| ms.map(|ms| format!("{} ago", duration(ms))).unwrap_or_default();
    let token = match one.token_left_ms {
        Some(left_ms) if left_ms <= 0 => "ENDED".to_owned(),
        _ => age(one.token_age_ms),
    };
    [
        one.connection.clone(),
        one.account.clone(),
        state.to_owned(),
        age(one.lag_ms),
        one.backlog.to_string(),
        one.in_doubt.to_string(),
        one.parked.to_string(),
        token,
        ago(one.last_success_ms_ago),
        ago(one.last_reconcile_ms_ago),
    ]
}

/// In the largest unit that says enough.
fn duration(ms: i64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn first_line(text: &str) -> String {
    const CHARS_MAX: usize = 160;
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(CHARS_MAX).collect();
    if short.len() < line.len() { format!("{short}...") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_is_told_in_a_table_with_its_errors_and_a_sum() {
        let well = ConnectionStatus {
            connection: "almaty".to_owned(),
            account: "acme.amocrm.ru".to_owned(),
            health: Health::Working,
            lag_ms: Some(21_000),
            backlog: 0,
            in_doubt: 0,
            parked: 1,
            token_age_ms: Some(3 * 3_600_000),
            token_left_ms: Some(1),
            last_success_ms_ago: Some(20_000),
            last_reconcile_ms_ago: Some(400_000),
            last_error: None,
            blocker: None,
        };
        let ill = ConnectionStatus {
            connection: "astana".to_owned(),
            health: Health::Failing,
            lag_ms: None,
            token_left_ms: Some(-1),
            last_success_ms_ago: None,
            last_error: Some(format!("the pair is dead\n{}", "x".repeat(200))),
            blocker: None,
            ..well.clone()
        };
        assert_eq!(
            view(&[well, ill]),
            [
                "Connection  Account         State    Lag   Backlog  Doubt  Parked  Token age  Last success  Last reconcile",
                "----------  --------------  -------  ----  -------  -----  ------  ---------  ------------  --------------",
                "almaty      acme.amocrm.ru  working  21 s  0        0      1       3 h        20 s ago      6 min ago",
                "astana      acme.amocrm.ru  FAILING        0        0      1       ENDED                    6 min ago",
                "",
                "astana: the pair is dead",
                "",
                "2 connections: 1 working, 0 late, 1 failing, 0 have never run",
                "подключений: 2; работают 1, опаздывают 0, с ошибкой 1, не запускались 0",
            ]
        );
        assert_eq!(first_line(&"я".repeat(161)), format!("{}...", "я".repeat(160)));
    }

    #[test]
    fn durations_have_one_unit() {
        for (ms, text) in [
            (0, "0 s"),
            (119_999, "119 s"),
            (120_000, "2 min"),
            (7_199_000, "119 min"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
