//! `STATUS_MAP`: which stage of the amoCRM pipeline an order's state belongs to.

use std::collections::BTreeMap;

use crate::{
    finding::shown,
    message::{Message, MessageId},
};

/// The states of Kaspi (docs/apis/kaspi.md 3.1). The set has been stable for years; a new one is a finding.
const STATES: [&str; 6] = ["NEW", "SIGN_REQUIRED", "PICKUP", "DELIVERY", "KASPI_DELIVERY", "ARCHIVE"];

/// Sub-stages of `KASPI_DELIVERY`, which Kaspi does not tell in `status` (docs/apis/kaspi.md 3.4).
const STAGES: [&str; 4] = ["packing", "packed", "handed_over", "pre_order"];

/// State, status and sub-stage as orders are known to have them (docs/apis/kaspi.md 3.3), in the order in which an order
/// goes through them. For people; a pair that is not here is followed all the same.
pub const KNOWN_PAIRS: [(&str, &str, Option<&str>); 13] = [
    ("NEW", "APPROVED_BY_BANK", None),
    ("SIGN_REQUIRED", "ACCEPTED_BY_MERCHANT", None),
    ("PICKUP", "ACCEPTED_BY_MERCHANT", None),
    ("DELIVERY", "ACCEPTED_BY_MERCHANT", None),
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("pre_order")),
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("packing")),
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("packed")),
    ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("handed_over")),
    ("KASPI_DELIVERY", "CANCELLING", None),
    ("KASPI_DELIVERY", "KASPI_DELIVERY_RETURN_REQUESTED", None),
    ("ARCHIVE", "COMPLETED", None),
    ("ARCHIVE", "CANCELLED", None),
    ("ARCHIVE", "RETURNED", None),
];

/// amoCRM status ids by Kaspi state, by state and status, and by state and sub-stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatusMap {
    /// Keys as they are written: `NEW`, `ARCHIVE/COMPLETED`, `KASPI_DELIVERY/packed`.
    entries: BTreeMap<String, i64>,
}

impl StatusMap {
    /// Reads `NEW=102, KASPI_DELIVERY/packed=105, ARCHIVE/COMPLETED=142`. Commas, semicolons and line ends separate
    /// entries; spaces do not matter.
    ///
    /// # Errors
    /// All wrong entries, each with what is wrong (first) and what to do.
    pub fn parse(text: &str) -> Result<Self, Vec<(Message, Message)>> {
        let mut entries = BTreeMap::new();
        let mut findings = Vec::new();
        for entry in text.split([',', ';', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
            match parse_entry(entry) {
                Ok((key, id)) => {
                    if entries.insert(key.clone(), id).is_some() {
                        findings.push((
                            Message::new(MessageId::StageEntryRepeated, [("key", &key)]),
                            Message::plain(MessageId::LeaveOneOfThem),
                        ));
                    }
                }
                Err(finding) => findings.push(finding),
            }
        }
        if findings.is_empty() { Ok(Self { entries }) } else { Err(findings) }
    }

    /// The stage for an order, most exact entry first: sub-stage, then status, then state.
    pub fn lookup(&self, state: &str, status: &str, stage: Option<&str>) -> Option<i64> {
        self.matching(state, status, stage).map(|(_, id)| id)
    }

    /// The same with the key that names it.
    pub fn matching(&self, state: &str, status: &str, stage: Option<&str>) -> Option<(&str, i64)> {
        let by = |key: &str| self.entries.get_key_value(key);
        let (key, id) = stage
            .and_then(|stage| by(&format!("{state}/{stage}")))
            .or_else(|| by(&format!("{state}/{status}")))
            .or_else(|| by(state))?;
        Some((key, *id))
    }

    /// Entries as (key, amoCRM status id), for checks against the account.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.entries.iter().map(|(key, id)| (key.as_str(), *id))
    }

    /// All amoCRM status ids that the map names; one may come twice.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.entries.values().copied()
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn parse_entry(entry: &str) -> Result<(String, i64), (Message, Message)> {
    let Some((key, id)) = entry.split_once('=') else {
        return Err((
            Message::new(MessageId::StageEntryWithoutSign, [("entry", &shown(entry))]),
            Message::plain(MessageId::WriteStageEntry),
        ));
    };
    let key = parse_key(key)?;
    let id = id.trim();
    match id.parse::<i64>() {
        Ok(id) if id > 0 => Ok((key, id)),
        _ => Err((
            Message::new(MessageId::StageIdUnusable, [("value", &shown(id)), ("key", &key)]),
            Message::plain(MessageId::TakeStageIdFromAmo),
        )),
    }
}

fn parse_key(key: &str) -> Result<String, (Message, Message)> {
    let (state, detail) = match key.split_once('/') {
        Some((state, detail)) => (state.trim(), Some(detail.trim())),
        None => (key.trim(), None),
    };
    if !STATES.contains(&state) {
        return Err((
            Message::new(MessageId::StateUnknown, [("state", &shown(state))]),
            Message::new(MessageId::WriteState, [("states", &STATES.join(", "))]),
        ));
    }
    let Some(detail) = detail else { return Ok(state.to_owned()) };
    let is_stage = state == "KASPI_DELIVERY" && STAGES.contains(&detail);
    if is_stage || is_status(detail) {
        return Ok(format!("{state}/{detail}"));
    }
    Err((
        Message::new(MessageId::StatusUnusable, [("detail", &shown(detail)), ("state", &state)]),
        Message::new(MessageId::WriteStatus, [("stages", &STAGES.join(", "))]),
    ))
}

/// The set of statuses is open (docs/apis/kaspi.md 3.2), so only the shape is checked.
fn is_status(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn most_exact_entry_wins() {
        let map = StatusMap::parse(
            " NEW = 102,\n KASPI_DELIVERY=104 , ARCHIVE / COMPLETED=142,KASPI_DELIVERY/packed=105;\
             KASPI_DELIVERY/CANCELLING=106,ARCHIVE/SOMETHING_NEW_2=107,",
        )
        .unwrap();
        for (state, status, stage, wanted) in [
            ("NEW", "APPROVED_BY_BANK", None, Some(102)),
            ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("packing"), Some(104)),
            ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", Some("packed"), Some(105)),
            ("KASPI_DELIVERY", "CANCELLING", Some("packed"), Some(105)),
            ("KASPI_DELIVERY", "CANCELLING", None, Some(106)),
            ("KASPI_DELIVERY", "ACCEPTED_BY_MERCHANT", None, Some(104)),
            ("ARCHIVE", "COMPLETED", None, Some(142)),
            ("ARCHIVE", "SOMETHING_NEW_2", None, Some(107)),
            ("ARCHIVE", "CANCELLED", None, None),
            ("PICKUP", "ACCEPTED_BY_MERCHANT", None, None),
            ("SOMETHING", "ELSE", Some("packed"), None),
        ] {
            assert_eq!(map.lookup(state, status, stage), wanted, "{state}/{status} {stage:?}");
        }
        let mut ids: Vec<i64> = map.ids().collect();
        ids.sort_unstable();
        assert_eq!(ids, [102, 104, 105, 106, 107, 142]);
        assert_eq!(map.iter().next(), Some(("ARCHIVE/COMPLETED", 142)));
    }

    #[test]
    fn the_key_that_matched_is_told() {
        let map =
            StatusMap::parse("KASPI_DELIVERY=104,KASPI_DELIVERY/packed=105,ARCHIVE/COMPLETED=142").unwrap();
        let matched: Vec<Option<(&str, i64)>> =
            KNOWN_PAIRS.iter().map(|(state, status, stage)| map.matching(state, status, *stage)).collect();
        let delivery = Some(("KASPI_DELIVERY", 104));
        assert_eq!(matched[..4], [None; 4]);
        assert_eq!(matched[4..8], [delivery, delivery, Some(("KASPI_DELIVERY/packed", 105)), delivery]);
        assert_eq!(matched[8..], [delivery, delivery, Some(("ARCHIVE/COMPLETED", 142)), None, None]);
    }

    #[test]
    fn known_pairs_are_made_of_known_states_and_stages() {
        for (state, status, stage) in KNOWN_PAIRS {
            let key = format!("{state}/{}=1", stage.unwrap_or(status));
            assert!(StatusMap::parse(&key).is_ok(), "{key}");
        }
    }

    #[test]
    fn nothing_mapped() {
        for text in ["", "  ", ",\n,;"] {
            assert!(StatusMap::parse(text).unwrap().is_empty());
        }
    }

    #[test]
    fn every_wrong_entry_is_named() {
        for (text, wanted) in [
            ("NEW", "\"NEW\" has no \"=\""),
            ("NEW=abc", "\"abc\" for NEW is no status id"),
            ("NEW=", "\"\" for NEW is no status id"),
            ("NEW=0", "\"0\" for NEW is no status id"),
            ("NEW=-5", "\"-5\" for NEW is no status id"),
            ("NEW=1=2", "\"1=2\" for NEW is no status id"),
            ("new=102", "\"new\" is no state of Kaspi"),
            ("=102", "\"\" is no state of Kaspi"),
            ("COMPLETED=142", "\"COMPLETED\" is no state of Kaspi"),
            ("NEW=1,NEW=2", "NEW is named twice"),
            ("ARCHIVE/COMPLETED=1,ARCHIVE / COMPLETED=1", "ARCHIVE/COMPLETED is named twice"),
            ("PICKUP/packed=1", "\"packed\" after PICKUP/ is neither a status nor a stage"),
            ("KASPI_DELIVERY/sent=1", "\"sent\" after KASPI_DELIVERY/ is neither a status nor a stage"),
            ("ARCHIVE/=1", "\"\" after ARCHIVE/ is neither a status nor a stage"),
        ] {
            let findings = StatusMap::parse(text).unwrap_err();
            assert_eq!(findings.len(), 1, "of {text:?}");
            let (problem, hint) = &findings[0];
            assert_eq!(problem.render(Language::En), wanted, "of {text:?}");
            assert!(!problem.render(Language::Ru).is_empty() && !hint.render(Language::Ru).is_empty());
        }
        assert_eq!(StatusMap::parse("A=1,NEW=x,NEW=1,NEW=2").unwrap_err().len(), 3);
    }
}
