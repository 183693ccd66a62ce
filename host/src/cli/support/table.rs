//! A plain table for a terminal. Counts columns, not bytes: names come in several scripts.

use unicode_width::UnicodeWidthStr;

/// Lines of a table with a header and a rule below it.
pub(crate) fn lines<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let widths: [usize; N] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].as_str());
        cells.chain([header[column]]).map(UnicodeWidthStr::width).max().unwrap_or(0)
    });
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| {
            let padding = " ".repeat(width - cell.width());
            format!("{cell}{padding}")
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rule = widths.map(|width| "-".repeat(width)).join("  ");
    let body = rows.iter().map(|row| line(row.each_ref().map(String::as_str)));
    [line(header), rule].into_iter().chain(body).collect()
}

/// A buyer's name with one letter of each part: `Айгүл С.` becomes `А*** С.`
pub(crate) fn masked(first_name: &str, last_name: &str) -> String {
    let initial = |name: &str| name.chars().next();
    match (initial(first_name), initial(last_name)) {
        (None, None) => "-".to_owned(),
        (Some(first), None) => format!("{first}***"),
        (None, Some(last)) => format!("{last}."),
        (Some(first), Some(last)) => format!("{first}*** {last}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows =
            [["1".to_owned(), "Айгүл".to_owned(), "x".to_owned()], ["22".into(), "李".into(), "y".into()]];
        assert_eq!(
            lines(["No", "Who", "End"], &rows),
            ["No  Who    End", "--  -----  ---", "1   Айгүл  x", "22  李     y"]
        );
    }

    #[test]
    fn of_a_name_only_initials_are_shown() {
        assert_eq!(masked("Айгүл", "Сәбитова"), "А*** С.");
        assert_eq!(masked("John", ""), "J***");
        assert_eq!(masked("", ""), "-");
    }
}
