//! Reads a `.env` file the way the PHP tool's users wrote theirs: `export `, quotes, comments after a value.

use kaspi_amocrm_contract::MessageId;

/// One assignment of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The name as written.
    pub(super) name: String,
    /// The value without quotes and comment.
    pub(super) value: String,
    /// Line number, from 1.
    pub(super) line: usize,
}

/// A line that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineError {
    /// Line number, from 1.
    pub(super) line: usize,
    /// What is wrong with it.
    pub(super) fault: Fault,
}

/// What can be wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// No `=`.
    NoAssignment,
    /// Something else than letters, digits and `_` before the `=`.
    Name,
    /// A quote that never closes.
    OpenQuote,
    /// Something between the closing quote and the end.
    AfterQuote,
}

impl Fault {
    /// For people.
    pub(super) fn message(self) -> MessageId {
        match self {
            Self::NoAssignment => MessageId::DotenvNoAssignment,
            Self::Name => MessageId::DotenvNameUnusable,
            Self::OpenQuote => MessageId::DotenvQuoteOpen,
            Self::AfterQuote => MessageId::DotenvTextAfterQuote,
        }
    }
}

/// Parses the whole file; what can be read is, whatever else is wrong. A name that stands twice has two entries; the
/// last one counts.
pub(super) fn parse(text: &str) -> (Vec<Entry>, Vec<LineError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(text.lines()) {
        match parse_line(text.trim()) {
            Ok(Some((name, value))) => entries.push(Entry { name, value, line }),
            Ok(None) => {}
            Err(fault) => errors.push(LineError { line, fault }),
        }
    }
    (entries, errors)
}

fn parse_line(line: &str) -> Result<Option<(String, String)>, Fault> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or(Fault::NoAssignment)?;
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Fault::Name);
    }
    Ok(Some((name.to_owned(), parse_value(value)?)))
}

fn parse_value(raw: &str) -> Result<String, Fault> {
    let trimmed = raw.trim_start();
    match trimmed.chars().next() {
        Some('"') => quoted(&trimmed[1..], '"', true),
        Some('\'') => quoted(&trimmed[1..], '\'', false),
        _ => Ok(without_comment(raw).trim().to_owned()),
    }
}

/// The name that a line gives a value to, also where the value cannot be read.
pub(super) fn name_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, _) = line.split_once('=')?;
    let name = name.trim();
    (!line.starts_with('#') && !name.is_empty()).then_some(name)
}

/// The comment after the value of a line, with the white space before it; empty where there is none or where the value
/// cannot be read.
pub(super) fn comment_of(line: &str) -> &str {
    let Some((_, raw)) = line.split_once('=') else { return "" };
    let trimmed = raw.trim_start();
    let value_len = match trimmed.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let mut escaped = false;
            let mut closing = trimmed.char_indices().skip(1).filter(|(_, character)| {
                let closes = *character == quote && !escaped;
                escaped = quote == '"' && *character == '\\' && !escaped;
                closes
            });
            closing.next().map(|(index, _)| raw.len() - trimmed.len() + index + 1)
        }
        _ => Some(without_comment(raw).trim_end().len()),
    };
    let after = value_len.map_or("", |len| raw[len..].trim_end());
    if after.trim_start().starts_with('#') { after } else { "" }
}

/// A value as it is written into a file, so that [`parse`] reads it back.
pub(super) fn quoted_value(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@+{}%?&~".contains(&byte);
    if value.bytes().all(is_plain) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '"' | '\\' => text.extend(['\\', character]),
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// A comment begins at a `#` after white space, so that `pass#word` stays whole.
fn without_comment(raw: &str) -> &str {
    let mut before = '=';
    for (index, character) in raw.char_indices() {
        if character == '#' && before.is_whitespace() {
            return &raw[..index];
        }
        before = character;
    }
    raw
}

fn quoted(rest: &str, quote: char, escapes: bool) -> Result<String, Fault> {
    let mut value = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if escapes => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(other) => value.push(other),
                None => break,
            },
            _ if character == quote => {
                let after = characters.as_str().trim_start();
                return if after.is_empty() || after.starts_with('#') {
                    Ok(value)
                } else {
                    Err(Fault::AfterQuote)
                };
            }
            _ => value.push(character),
        }
    }
    Err(Fault::OpenQuote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        let (mut entries, errors) = parse(line);
        assert_eq!(errors, [], "{line}");
        entries.pop().unwrap().value
    }

    #[test]
    fn values_lose_quotes_and_comments() {
        for (line, expected) in [
            ("A=plain", "plain"),
            ("A= spaced out  ", "spaced out"),
            ("export A=1", "1"),
            ("A=12345 # pipeline", "12345"),
            ("A=12345\t# pipeline", "12345"),
            ("A=pass#word", "pass#word"),
            ("A=#abc", "#abc"),
            ("A= # only a comment", ""),
            ("A=", ""),
            ("A=\"x # y\" # z", "x # y"),
            ("A='x \\n y'", "x \\n y"),
            ("A=\"a\\\"b\\n\"", "a\"b\n"),
            ("A=NEW=102,ARCHIVE=142", "NEW=102,ARCHIVE=142"),
            ("\u{feff}A=bom\r", "bom"),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn comments_and_empty_lines_are_skipped_and_lines_are_counted() {
        let (entries, _) = parse("# head\r\n\r\nA=1\r\n  # more\nB=2");
        assert_eq!(
            entries.iter().map(|e| (e.name.as_str(), e.line)).collect::<Vec<_>>(),
            [("A", 3), ("B", 5)]
        );
    }

    #[test]
    fn what_cannot_be_read_names_its_line_and_stops_nothing() {
        let (entries, errors) = parse("A=1\nnonsense\nB=\"open\nC='x' y\nD E=1\nF=2");
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["A", "F"]);
        let found: Vec<_> = errors.iter().map(|error| (error.line, error.fault)).collect();
        assert_eq!(
            found,
            [(2, Fault::NoAssignment), (3, Fault::OpenQuote), (4, Fault::AfterQuote), (5, Fault::Name)]
        );
    }

    #[test]
    fn any_text_is_read_or_refused_and_quoted_values_come_back() {
        // A small generator of its own: the same texts each time.
        let mut state = 1_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let signs: Vec<char> = "AB_=#\"'\\ \t\r\n$я🚚\u{feff}\u{0}".chars().collect();
        for _ in 0..5_000 {
            let length = next(24);
            let text: String = (0..length).map(|_| signs[next(signs.len())]).collect();
            let (entries, errors) = parse(&text);
            assert!(entries.len() + errors.len() <= text.lines().count(), "{text:?}");

            let value: String = text.chars().filter(|sign| !"\r\n".contains(*sign)).collect();
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let (entries, errors) = parse(&format!("A=\"{escaped}\" # {}", value.replace('\r', "")));
            assert_eq!((errors.len(), entries[0].value.as_str()), (0, value.as_str()), "{value:?}");
        }
    }
}
