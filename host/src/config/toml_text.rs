//! Changes lines of the TOML file and leaves all others alone. Whether it came out right is checked by reading it again.

use kaspi_amocrm_contract::{Finding, MessageId, Scope};

use super::values::{Changes, DEFAULT_CONNECTION, TOML_FILE, find};

/// Whether the file has anything to say about a connection.
pub(super) fn describes(text: &str, connection: &str) -> bool {
    let Ok(table) = text.trim_start_matches('\u{feff}').parse::<toml::Table>() else { return false };
    let named = table.get("connections").and_then(|connections| connections.get(connection)).is_some();
    let is_own = |key: &String| find(key).is_some_and(|setting| setting.scope == Scope::Connection);
    named || (connection == DEFAULT_CONNECTION && table.keys().any(is_own))
}

/// One assignment.
pub(super) fn line(name: &str, value: &str) -> String {
    format!("{} = {}", name.to_lowercase(), toml::Value::String(value.to_owned()))
}

/// The text with some changes.
///
/// # Errors
/// When it is written in a way that only a person can change.
pub(super) fn changed(text: &str, connection: &str, changes: &Changes) -> Result<String, Finding> {
    let before = parsed(text)?;
    // Settings of the process stand above all sections.
    let (process, own): (Changes, Changes) = changes
        .iter()
        .map(|(name, value)| (*name, value.clone()))
        .partition(|(name, _)| find(name).is_some_and(|setting| setting.scope == Scope::Process));
    let named = before.get("connections").and_then(|connections| connections.get(connection)).is_some();
    let top = Vec::new();
    let section = vec!["connections".to_owned(), connection.to_owned()];
    let home = if connection == DEFAULT_CONNECTION && !named { &top } else { &section };
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (home, changes) in [(&top, &process), (home, &own)] {
        for (name, value) in changes {
            change(&mut lines, home, name, value);
        }
    }
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let after: String = lines.iter().flat_map(|line| [line.as_str(), line_end]).collect();
    let mut expected = before;
    for (home, changes) in [(&top, &process), (home, &own)] {
        expect(&mut expected, home, changes);
    }
    if after.parse::<toml::Table>().is_ok_and(|found| found == expected) { Ok(after) } else { Err(by_hand()) }
}

fn parsed(text: &str) -> Result<toml::Table, Finding> {
    text.parse::<toml::Table>().map_err(|_| by_hand())
}

fn by_hand() -> Finding {
    Finding::new(TOML_FILE, MessageId::FileNotChangeable, MessageId::WriteByHand)
}

/// Replaces, adds or removes one assignment.
fn change(lines: &mut Vec<String>, home: &[String], name: &str, value: &str) {
    let mut here: Vec<String> = Vec::new();
    let mut place = None;
    let mut end = home.is_empty().then_some(0);
    let mut own_table = Vec::new();
    let key = name.to_lowercase();
    for (index, line) in lines.iter().enumerate() {
        if let Some(header) = header(line) {
            here = header;
        } else if here == home && key_of(line).is_some_and(|found| found.eq_ignore_ascii_case(&key)) {
            place = Some(index);
        }
        if here == home && !line.trim().is_empty() {
            end = Some(index + 1);
        }
        // Stages may have a section of their own.
        let in_own = here.len() == home.len() + 1 && here.starts_with(home);
        if in_own && here[home.len()].eq_ignore_ascii_case(&key) && !line.trim().is_empty() {
            own_table.push(index);
        }
    }
    match place {
        Some(index) if value.is_empty() => drop(lines.remove(index)),
        Some(index) => lines[index] = with_comment(&lines[index], line(name, value)),
        None if value.is_empty() => {}
        None => match end {
            Some(index) => lines.insert(index, line(name, value)),
            None => lines.extend([String::new(), format!("[{}]", home.join(".")), line(name, value)]),
        },
    }
    // The section of the value comes after its home: positions before it did not move by more than what was put in.
    let shift = usize::from(place.is_none() && !value.is_empty());
    for index in own_table.into_iter().rev() {
        lines.remove(index + shift);
    }
}

/// The comment behind a plain assignment stays.
fn with_comment(old: &str, new: String) -> String {
    let value = old.split_once('=').map_or("", |(_, value)| value);
    match value.split_once(" #") {
        Some((before, comment)) if format!("x ={before}").parse::<toml::Table>().is_ok() => {
            format!("{new} #{comment}")
        }
        _ => new,
    }
}

/// The path of a section.
fn header(line: &str) -> Option<Vec<String>> {
    let line = line.trim().trim_start_matches('\u{feff}');
    let (inner, after) = line.strip_prefix('[')?.split_once(']')?;
    let is_header = !inner.starts_with('[') && (after.trim().is_empty() || after.trim().starts_with('#'));
    is_header.then(|| inner.split('.').map(|part| part.trim().trim_matches(['"', '\'']).to_owned()).collect())
}

fn key_of(line: &str) -> Option<&str> {
    let (key, _) = line.trim().trim_start_matches('\u{feff}').split_once('=')?;
    Some(key.trim().trim_matches(['"', '\'']))
}

/// What the file has to hold afterwards.
fn expect(table: &mut toml::Table, home: &[String], changes: &Changes) {
    let mut own = table;
    for part in home {
        let inner = own.entry(part.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        let toml::Value::Table(inner) = inner else { return };
        own = inner;
    }
    for (name, value) in changes {
        let present: Vec<String> = own.keys().filter(|key| key.eq_ignore_ascii_case(name)).cloned().collect();
        for key in present {
            own.remove(&key);
        }
        if !value.is_empty() {
            own.insert(name.to_lowercase(), toml::Value::String(value.clone()));
        }
    }
}
