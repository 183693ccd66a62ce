//! `docs/doctor.md`: the classes for people who read.

use std::fmt::Write as _;

use kaspi_amocrm_contract::Language;

use super::class::{Severity, groups};
use crate::i18n::words::Words;

const HEAD: &str = "# What can be wrong\n\n\
    `kaspi-amocrm doctor` looks at settings, files, database, key and disk, and asks Kaspi and amoCRM with the tokens of \
    the settings.\nIt changes nothing. `--connection NAME` looks at one connection, `--lang ru|kk|en` speaks one language, \
    `--json` prints one object:\n\n\
    ```\n{\"findings\":[{\"connection\",\"class\",\"severity\",\"name\",\"cause\":{\"en\",\"ru\",\"kk\"},\
    \"remedy\":{\"en\",\"ru\",\"kk\"}}],\"checked\":[{\"connection\",\"check\"}]}\n```\n\n\
    The console does the same with a button on the page of settings.\n\n\
    | Exit code | When |\n|---|---|\n\
    | 0 | nothing was found, or hints only |\n\
    | 3 | there is an error or a warning |\n\
    | 69 | all that was found is a server that does not answer now (marked *upstream*); nothing is lost |\n\n\
    Words in braces are filled in.\nThe tables are rendered from `host/src/diagnostics/class/`; \
    `UPDATE_DOCS=1 cargo test --lib doctor` writes them.\n";

fn text() -> String {
    let mut text = HEAD.to_owned();
    for (title, classes) in groups() {
        let _ = write!(
            text,
            "\n## {}\n\n| Class | | Cause | What to do |\n|---|---|---|---|\n",
            title.get(Language::En)
        );
        for class in classes {
            let mark = match (class.severity, class.is_upstream) {
                (_, true) => "error, *upstream*",
                (Severity::Error, _) => "error",
                (Severity::Warning, _) => "warning",
                (Severity::Hint, _) => "hint",
            };
            let both = |words: &Words| {
                let (en, ru) = (words.get(Language::En), words.get(Language::Ru));
                if en == ru {
                    en.replace("{text}", "as the text of the finding says")
                } else {
                    format!("{en}<br>{ru}")
                }
            };
            let _ = writeln!(
                text,
                "| `{}` | {mark} | {} | {} |",
                class.name,
                both(&class.cause),
                both(&class.remedy)
            );
        }
    }
    text
}

#[test]
fn the_page_names_every_class_as_the_program_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/doctor.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, text()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, text(), "UPDATE_DOCS=1 cargo test --lib doctor writes docs/doctor.md");
}
