//! The reference that people read, rendered from [`docs`](crate::docs).

use std::fmt::Write as _;

use crate::{
    Kind, Scope, Setting,
    docs::{CHAPTERS, Chapter, Doc},
};

/// What brings the rendered texts up to date.
pub const COMMAND: &str = "cargo xtask settings";

/// The rendered part of `docs/configuration.md` begins and ends with these lines.
const BEGIN: &str =
    "<!-- settings: rendered by `cargo xtask settings` from settings/src/docs.rs; do not edit -->";
const END: &str = "<!-- end of settings -->";

/// `docs/configuration.md` with its tables as they are to be; `None` where it has no place for them.
pub fn configuration(old: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}{END}{after}", tables()))
}

fn tables() -> String {
    CHAPTERS.iter().map(table).collect()
}

fn table(chapter: &Chapter) -> String {
    let mut text = format!("### {}\n\n", chapter.en);
    text.push_str("| Setting | Default | Example | Meaning |\n|---|---|---|---|\n");
    for doc in chapter.entries {
        let setting = doc.setting;
        let cells = [code(setting.name), default(setting), code(doc.example), meaning(doc)];
        // A cell without text is one space.
        let cells = cells.map(|cell| if cell.is_empty() { " ".to_owned() } else { format!(" {cell} ") });
        writeln!(text, "|{}|", cells.join("|")).expect("a String takes everything");
    }
    text.push('\n');
    text
}

fn default(setting: &Setting) -> String {
    match setting.name {
        "KASPI_API_TOKEN" => "required".to_owned(),
        "AMO_SUBDOMAIN" => "required, or `AMO_BASE_URL`".to_owned(),
        "AMO_LONG_LIVED_TOKEN" => "required, or a pair".to_owned(),
        _ => code(setting.default.unwrap_or_default()),
    }
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

fn meaning(doc: &Doc) -> String {
    let mut text = doc.en.to_owned();
    if let Kind::Integer { min, max } = doc.setting.kind {
        write!(text, "; {min} to {max}").expect("a String takes everything");
    }
    if doc.setting.secret {
        text.push_str(". Secret");
    }
    text
}

/// The whole `.env.example`.
pub fn env_example() -> String {
    let mut text = format!(
        "# Настройки программы kaspi-amocrm. Скопируйте файл в .env и заполните.\n\
         # Settings of kaspi-amocrm. Copy this file to .env and fill it in.\n\
         #\n\
         # Что не нужно, оставьте пустым или закомментированным. Всё подробно: docs/configuration.md\n\
         # Leave empty or commented out what you do not need. All about it: docs/configuration.md\n\
         # Проверить / to check: kaspi-amocrm config check\n\
         #\n\
         # Rendered by `{COMMAND}`.\n"
    );
    for chapter in CHAPTERS {
        let entries: Vec<&Doc> =
            chapter.entries.iter().filter(|doc| doc.setting.scope != Scope::Elsewhere).collect();
        if entries.is_empty() {
            continue;
        }
        let heading = if chapter.en == chapter.ru {
            chapter.en.to_owned()
        } else {
            format!("{} / {}", chapter.ru, chapter.en)
        };
        write!(text, "\n# --- {heading} ---\n").expect("a String takes everything");
        for doc in entries {
            example_line(&mut text, doc);
        }
    }
    text
}

/// What everybody sets stands open and empty; everything else is commented out, with its default or an example.
fn example_line(text: &mut String, doc: &Doc) {
    let name = doc.setting.name;
    let plain = doc.en.replace(['`', '*'], "");
    write!(text, "\n# {}\n# {plain}\n", doc.ru).expect("a String takes everything");
    let everybody = ["KASPI_API_TOKEN", "AMO_SUBDOMAIN", "AMO_LONG_LIVED_TOKEN"];
    let line = if everybody.contains(&name) {
        format!("{name}=\n")
    } else {
        format!("#{name}={}\n", doc.setting.default.unwrap_or(doc.example))
    };
    text.push_str(&line);
}
