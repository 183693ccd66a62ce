//! Reads a `.env` file the way the PHP tool's users wrote theirs: `export `, quotes, comments after a value.

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

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct LineError {
    /// Line number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Parses the whole file. A name that stands twice has two entries; the last one counts.
///
/// # Errors
/// For a line that is neither empty, nor a comment, nor `NAME=value`, and for a quote that never closes.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, LineError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) =
            line.split_once('=').ok_or(LineError { line: number, what: "expected NAME=value" })?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(LineError { line: number, what: "a name has only letters, digits and _" });
        }
        let value = parse_value(value).map_err(|what| LineError { line: number, what })?;
        entries.push(Entry { name: name.to_owned(), value, line: number });
    }
    Ok(entries)
}

fn parse_value(raw: &str) -> Result<String, &'static str> {
    let trimmed = raw.trim_start();
    match trimmed.chars().next() {
        Some('"') => quoted(&trimmed[1..], '"', true),
        Some('\'') => quoted(&trimmed[1..], '\'', false),
        _ => Ok(without_comment(raw).trim().to_owned()),
    }
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

fn quoted(rest: &str, quote: char, escapes: bool) -> Result<String, &'static str> {
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
                    Err("text after the closing quote")
                };
            }
            _ => value.push(character),
        }
    }
    Err("the quote never closes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        parse(line).unwrap().pop().unwrap().value
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
        let entries = parse("# head\r\n\r\nA=1\r\n  # more\nB=2").unwrap();
        assert_eq!(
            entries.iter().map(|e| (e.name.as_str(), e.line)).collect::<Vec<_>>(),
            [("A", 3), ("B", 5)]
        );
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        for (text, line) in [("A=1\nnonsense", 2), ("A=\"open", 1), ("\nA='x' y", 2), ("A B=1", 1)] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
