//! The reference that people read, rendered from [`docs`](crate::docs).

use std::fmt::Write as _;

use crate::{
    docs::{CHAPTERS, Chapter, Doc},
    language::Language,
    message::MessageId,
    table::{Kind, Scope, Setting},
};

/// What brings the rendered texts up to date.
pub const COMMAND: &str = "cargo xtask settings";

/// The rendered part of `docs/configuration.md` begins and ends with these lines.
const BEGIN: &str =
    "<!-- settings: rendered by `cargo xtask settings` from contract/src/docs.rs; do not edit -->";
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

/// What begins and ends a rendered part of `spin.toml`, after a space its kind: `all`, `cron` or `http`.
const SPIN_BEGIN: &str = "# variables, rendered by `cargo xtask settings`; do not edit:";
const SPIN_END: &str = "# end of variables";

/// Settings that our host keeps to itself, or that `spin.toml` makes of others.
const NOT_ON_SPIN: [&str; 6] =
    ["KASPI_API_BASE", "KASPI_PROXY_URL", "AMO_SUBDOMAIN", "AMO_BASE_URL", "AMO_AUTH_BASE", "JOB"];

/// `spin.toml` with its variables as they are to be; `None` where it has no place for them.
pub fn spin_toml(old: &str) -> Option<String> {
    let mut rest = old;
    let mut new = String::new();
    while let Some((before, after)) = rest.split_once(SPIN_BEGIN) {
        let (kind, after) = after.split_once('\n')?;
        let (_, after) = after.split_once(SPIN_END)?;
        writeln!(new, "{before}{SPIN_BEGIN}{kind}").expect("a String takes everything");
        for setting in CHAPTERS.iter().flat_map(|chapter| chapter.entries).map(|doc| doc.setting) {
            new.push_str(&spin_variable(setting, kind.trim()).unwrap_or_default());
        }
        new.push_str(SPIN_END);
        rest = after;
    }
    new.push_str(rest);
    new.contains(SPIN_BEGIN).then_some(new)
}

/// The line of a setting, where that kind of place has one.
fn spin_variable(setting: &Setting, kind: &str) -> Option<String> {
    let is_read = match setting.scope {
        Scope::Connection | Scope::Elsewhere => !NOT_ON_SPIN.contains(&setting.name),
        Scope::Process => ["SECRET_KEY", "SECRET_KEY_ALSO", "CRON_SECRET"].contains(&setting.name),
    };
    let name = setting.name.to_lowercase();
    match kind {
        _ if !is_read => None,
        "all" => {
            let is_required = ["KASPI_API_TOKEN", "SECRET_KEY"].contains(&setting.name);
            let value = if is_required {
                "required = true".to_owned()
            } else {
                format!("default = {:?}", setting.default.unwrap_or_default())
            };
            let secret = if setting.secret { ", secret = true" } else { "" };
            Some(format!("{name} = {{ {value}{secret} }}\n"))
        }
        // Nothing but the HTTP face asks for it.
        "cron" if setting.name == "CRON_SECRET" => None,
        _ => Some(format!("{name} = \"{{{{ {name} }}}}\"\n")),
    }
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

/// The catalogue of messages for hosts in other languages: texts in English and Russian by id, one message a line.
pub fn messages_json() -> String {
    let line = |id: &MessageId| {
        let texts = [Language::En, Language::Ru].map(|language| id.template(language));
        format!("  {}: {}", serde_json::json!(id.name()), serde_json::json!(texts))
    };
    format!("{{\n{}\n}}\n", MessageId::ALL.iter().map(line).collect::<Vec<_>>().join(",\n"))
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
