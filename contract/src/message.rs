//! What people are told: an id with arguments, from which each side renders the text in the language that it needs.
//!
//! The ids and their texts stand in one catalogue, in files by area below `message/`. A template names its arguments in
//! braces (`{lead}`) and writes a brace of its own twice (`{{code}}`). An id is stable: it is stored, and it crosses
//! between a component and a host of different versions. So whoever renders takes whatever comes: an id that it does
//! not know is shown with its arguments, and an argument that is missing as a question mark.
//!
//! An argument is text of others (amoCRM's own words, names, numbers), or a message of its own. Such a
//! [nested](Message::nest) message travels flat: its id under the name of the argument and `@`, its arguments under
//! that name and a dot. So a list of pairs of texts holds all of it, and no foreign text can pass for a message.

mod catalogue;

use std::fmt;

use crate::language::Language;
pub use catalogue::MessageId;

/// Behind the name of an argument that is a message.
const NESTED: &str = "@";
/// Messages in one another. What is deeper was not made by us.
const DEPTH_MAX: usize = 10;
/// For an argument that is missing.
const MISSING: &str = "?";

/// One text for people, in no language yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// What it says.
    pub id: MessageId,
    /// What it says it about: names and values, as the templates of the id name them.
    pub arguments: Vec<(String, String)>,
}

impl Message {
    /// A message with arguments: `Message::new(MessageId::LeadGone, [("lead", &7)])`.
    pub fn new<const N: usize>(id: MessageId, arguments: [(&str, &dyn fmt::Display); N]) -> Self {
        let arguments = arguments.iter().map(|(name, value)| ((*name).to_owned(), value.to_string()));
        Self { id, arguments: arguments.collect() }
    }

    /// A message without arguments.
    pub fn plain(id: MessageId) -> Self {
        Self { id, arguments: Vec::new() }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.arguments.push((name.to_owned(), value.to_string()));
        self
    }

    /// The same with one more argument that is a message itself.
    #[must_use]
    pub fn nest(mut self, name: &str, inner: Self) -> Self {
        self.arguments.push((format!("{name}{NESTED}"), inner.id.name().to_owned()));
        let inner = inner.arguments.into_iter();
        self.arguments.extend(inner.map(|(inner, value)| (format!("{name}.{inner}"), value)));
        self
    }

    /// Words to choose from, for another message: `ru or kk or en`. None at all is an empty text.
    pub fn choice(words: &[&str]) -> Self {
        match words {
            [] => Self::verbatim(""),
            [word] => Self::verbatim(word),
            [first, rest @ ..] => {
                Self::new(MessageId::Or, [("first", first)]).nest("rest", Self::choice(rest))
            }
        }
    }

    /// A text of which there is nothing but the text: of others, or stored by a version that kept no ids.
    pub fn verbatim(text: impl fmt::Display) -> Self {
        Self::new(MessageId::Verbatim, [("text", &text)])
    }

    /// The message of a name and arguments that were stored or sent; one that is not known here is kept as the text that
    /// [`render`] shows of it.
    pub fn from_parts(name: &str, arguments: Vec<(String, String)>) -> Self {
        match MessageId::from_name(name) {
            Some(id) => Self { id, arguments },
            None => Self::verbatim(render(name, &arguments, Language::En)),
        }
    }

    /// The value of an argument that is no message.
    pub fn argument(&self, name: &str) -> Option<&str> {
        find(&self.arguments, name)
    }

    /// The text in one language.
    pub fn render(&self, language: Language) -> String {
        render(self.id.name(), &self.arguments, language)
    }

    /// The text in both languages, see [`both`].
    pub fn both(&self) -> String {
        both(self.id.name(), &self.arguments)
    }
}

impl From<MessageId> for Message {
    fn from(id: MessageId) -> Self {
        Self::plain(id)
    }
}

impl fmt::Display for Message {
    /// Both languages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.both())
    }
}

/// The text of an id and its arguments, as they come from the other side.
pub fn render(id: &str, arguments: &[(String, String)], language: Language) -> String {
    let mut text = String::new();
    write(&mut text, id, arguments, "", language, DEPTH_MAX);
    text
}

/// The text in English and Russian: `english / по-русски`, one of them where they are equal. A beginning up to a colon
/// that is the same in both, the name of a setting before all, stands once.
pub fn both(id: &str, arguments: &[(String, String)]) -> String {
    let (en, ru) = (render(id, arguments, Language::En), render(id, arguments, Language::Ru));
    let head = en.find(": ").map_or("", |colon| &en[..colon + 2]);
    let rest = ru.strip_prefix(head).unwrap_or(&ru);
    if en == ru { en } else { format!("{en} / {rest}") }
}

fn find<'a>(arguments: &'a [(String, String)], name: &str) -> Option<&'a str> {
    arguments.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// Writes a message whose arguments are those that begin with `scope`.
fn write(
    text: &mut String,
    id: &str,
    arguments: &[(String, String)],
    scope: &str,
    language: Language,
    depth: usize,
) {
    let Some(id) = MessageId::from_name(id) else { return write_unknown(text, id, arguments, scope) };
    for part in parts(id.template(language)) {
        let name = match part {
            Part::Text(words) => {
                text.push_str(words);
                continue;
            }
            Part::Argument(name) => format!("{scope}{name}"),
        };
        match (find(arguments, &name), find(arguments, &format!("{name}{NESTED}"))) {
            (Some(value), _) => text.push_str(value),
            (None, Some(inner)) if depth > 0 => {
                write(text, inner, arguments, &format!("{name}."), language, depth - 1);
            }
            (None, _) => text.push_str(MISSING),
        }
    }
}

/// `lead-on-the-moon (lead: 7)`
fn write_unknown(text: &mut String, id: &str, arguments: &[(String, String)], scope: &str) {
    text.push_str(id);
    let own = arguments.iter().filter_map(|(name, value)| Some((name.strip_prefix(scope)?, value)));
    let told: Vec<String> = own.map(|(name, value)| format!("{name}: {value}")).collect();
    if !told.is_empty() {
        text.push_str(&format!(" ({})", told.join(", ")));
    }
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Argument(&'t str),
}

fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        parts.push(Part::Text(&rest[..at]));
        let brace = &rest[at..];
        let argument = brace.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        rest = match argument {
            _ if brace.starts_with("{{") || brace.starts_with("}}") => {
                parts.push(Part::Text(&brace[..1]));
                &brace[2..]
            }
            Some((name, after)) => {
                parts.push(Part::Argument(name));
                after
            }
            None => {
                parts.push(Part::Text(&brace[..1]));
                &brace[1..]
            }
        };
    }
    parts.push(Part::Text(rest));
    parts
}

#[cfg(test)]
mod tests;
