//! The database servers on which the store is tested.
//!
//! The tests take the URL of each from a variable, on whose server they may make databases, or the word `absent`.
//! Start reading at [`find`]: a server is taken as it was named, else as it answers on this machine, else it is
//! started for this one run from the programs that are installed, and with `--all` these are installed first.

mod address;
mod client;
mod kind;
mod programs;
#[cfg_attr(not(unix), path = "servers/throwaway_elsewhere.rs")]
mod throwaway;

use std::{env, fmt};

use anyhow::{Context as _, Result, bail};

use self::{kind::Kind, programs::Programs, throwaway::Throwaway};
use crate::command::say;

/// What a variable says to have the tests of its server, or of the browser, return at once.
pub(crate) const ABSENT: &str = "absent";
/// What a variable says to have a server started even where one answers.
const START: &str = "start";

/// A server that tests may use.
pub(crate) struct Server {
    kind: Kind,
    /// As the server itself says it, where it could be asked.
    version: Option<String>,
    url: String,
    /// Keeps a server that was started for this run.
    _throwaway: Option<Throwaway>,
}

/// Both servers, as far as there are any.
pub(crate) struct Servers {
    found: Vec<(Kind, Option<Server>)>,
}

/// What a variable asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wish<'a> {
    Any,
    Absent,
    Start,
    Named(&'a str),
}

/// Where a server is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Choice<'a> {
    Named(&'a str),
    Local,
    Start,
    Install,
    Absent,
}

/// Takes `--all` from the front of the arguments of a chore.
pub(crate) fn split_all<'a>(arguments: &'a [&'a str]) -> (bool, &'a [&'a str]) {
    match arguments {
        ["--all", rest @ ..] => (true, rest),
        rest => (false, rest),
    }
}

/// Finds or starts the servers. They end with the answer.
///
/// # Errors
/// When a server that was asked for cannot be had; with `all` that is every one.
pub(crate) fn find(all: bool) -> Result<Servers> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let server = kind.find(all).with_context(|| {
            format!(
                "{kind} cannot be had; {} takes the URL of a server, see `cargo xtask help`",
                kind.variable()
            )
        })?;
        found.push((kind, server));
    }
    Ok(Servers { found })
}

impl Kind {
    fn find(self, all: bool) -> Result<Option<Server>> {
        let value = match env::var(self.variable()) {
            Ok(value) => value,
            Err(env::VarError::NotPresent) => String::new(),
            // Its text would repeat the value, and that may hold a password.
            Err(env::VarError::NotUnicode(_)) => bail!("its variable is no UTF-8 text"),
        };
        let local = self.url(self.default_port());
        let answers = || client::version(self, &local).is_some_and(|version| self.is_own(&version));
        let url = match choose(wish(&value), all, answers, || Programs::find(self).is_some())? {
            Choice::Absent => return Ok(None),
            Choice::Named(url) => url.to_owned(),
            Choice::Local => local,
            Choice::Start => return self.start().map(Some),
            Choice::Install => {
                programs::install(self)?;
                return self.start().map(Some);
            }
        };
        let version = client::version(self, &url).map(|version| short(&version).to_owned());
        Ok(Some(Server { kind: self, version, url, _throwaway: None }))
    }

    fn start(self) -> Result<Server> {
        let programs = Programs::find(self).context("its programs are not installed")?;
        say(&format!("starting {self} for this run"));
        let (throwaway, url, version) = Throwaway::start(self, &programs)?;
        let version = Some(short(&version).to_owned());
        Ok(Server { kind: self, version, url, _throwaway: Some(throwaway) })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{} {version}", self.kind),
            None => write!(f, "{} (its version could not be asked)", self.kind),
        }
    }
}

impl Servers {
    /// What the tests find in their environment.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.found.iter().map(|(kind, server)| {
            (kind.variable(), server.as_ref().map_or(ABSENT, |server| server.url.as_str()))
        })
    }

    /// On what the store is tested, on what not, and how it would be.
    pub(crate) fn summary(&self) -> String {
        let ran = self.found.iter().filter_map(|(_, server)| server.as_ref());
        let ran: Vec<_> = std::iter::once("SQLite".to_owned()).chain(ran.map(Server::to_string)).collect();
        let absent = self.found.iter().filter(|(_, server)| server.is_none());
        let absent: Vec<_> = absent.map(|(kind, _)| kind.to_string()).collect();
        if absent.is_empty() {
            return format!("store on {}", ran.join(", "));
        }
        format!(
            "store on {}; NOT on {}: `cargo xtask test --all` runs these too",
            ran.join(", "),
            absent.join(", ")
        )
    }
}

fn wish(value: &str) -> Wish<'_> {
    match value.trim() {
        "" => Wish::Any,
        ABSENT => Wish::Absent,
        START => Wish::Start,
        url => Wish::Named(url),
    }
}

/// The order of preference. Looks at the machine no further than it needs to.
fn choose<'a>(
    wish: Wish<'a>,
    all: bool,
    answers: impl FnOnce() -> bool,
    installed: impl Fn() -> bool,
) -> Result<Choice<'a>> {
    Ok(match wish {
        Wish::Named(url) => Choice::Named(url),
        Wish::Absent if all => bail!("--all wants it, and its variable says `{ABSENT}`"),
        Wish::Absent => Choice::Absent,
        Wish::Any if answers() => Choice::Local,
        Wish::Any | Wish::Start if installed() => Choice::Start,
        Wish::Any | Wish::Start if all => Choice::Install,
        Wish::Start => bail!("its variable says `{START}`, and its programs are not installed"),
        Wish::Any => Choice::Absent,
    })
}

/// The number alone, without what the distribution added.
fn short(version: &str) -> &str {
    version.split([' ', '-']).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn all_is_taken_from_the_front_only() {
        assert_eq!(split_all(&["--all", "--test", "store"]), (true, &["--test", "store"][..]));
        assert_eq!(split_all(&["--", "--all"]), (false, &["--", "--all"][..]));
        assert_eq!(split_all(&[]), (false, &[][..]));
    }

    #[test]
    fn a_variable_names_a_server_or_says_what_to_do() {
        assert_eq!(wish(""), Wish::Any);
        assert_eq!(wish("absent"), Wish::Absent);
        assert_eq!(wish(" start\n"), Wish::Start);
        assert_eq!(wish("mysql://root@db/mysql"), Wish::Named("mysql://root@db/mysql"));
    }

    #[test]
    fn what_runs_goes_before_what_is_installed_and_that_before_what_is_not() {
        const URL: &str = "postgres://db/postgres";
        for (wish, all, answers, installed, choice) in [
            (Wish::Named(URL), false, true, true, Some(Choice::Named(URL))),
            (Wish::Named(URL), true, false, false, Some(Choice::Named(URL))),
            (Wish::Any, false, true, true, Some(Choice::Local)),
            (Wish::Any, true, true, false, Some(Choice::Local)),
            (Wish::Any, false, false, true, Some(Choice::Start)),
            (Wish::Any, true, false, true, Some(Choice::Start)),
            (Wish::Any, true, false, false, Some(Choice::Install)),
            (Wish::Any, false, false, false, Some(Choice::Absent)),
            (Wish::Start, false, true, true, Some(Choice::Start)),
            (Wish::Start, true, true, false, Some(Choice::Install)),
            (Wish::Start, false, true, false, None),
            (Wish::Absent, false, true, true, Some(Choice::Absent)),
            (Wish::Absent, true, true, true, None),
        ] {
            let chosen = choose(wish, all, || answers, || installed);
            assert_eq!(chosen.ok(), choice, "{wish:?}, all {all}, answers {answers}, installed {installed}");
        }
    }

    #[test]
    fn a_server_that_answers_is_all_that_is_looked_for() {
        let looked = Cell::new(false);
        let installed = || {
            looked.set(true);
            true
        };
        assert_eq!(choose(Wish::Any, true, || true, installed).unwrap(), Choice::Local);
        assert!(!looked.get());
    }

    #[test]
    fn the_summary_names_what_ran_and_what_did_not() {
        let server = |kind: Kind, version: Option<&str>| {
            let version = version.map(str::to_owned);
            (kind, Some(Server { kind, version, url: kind.url(1), _throwaway: None }))
        };
        let both = Servers {
            found: vec![server(Kind::PostgreSql, Some("17.2")), server(Kind::MariaDb, Some("11.8.3"))],
        };
        assert_eq!(both.summary(), "store on SQLite, PostgreSQL 17.2, MariaDB 11.8.3");
        let one = Servers { found: vec![server(Kind::PostgreSql, None), (Kind::MariaDb, None)] };
        assert_eq!(
            one.summary(),
            "store on SQLite, PostgreSQL (its version could not be asked); NOT on MariaDB: `cargo xtask test --all` \
             runs these too"
        );
        let variables: Vec<_> = one.variables().collect();
        assert_eq!(
            variables,
            [
                ("KASPI_AMOCRM_TEST_POSTGRES", "postgres://postgres@127.0.0.1:1/postgres"),
                ("KASPI_AMOCRM_TEST_MARIADB", "absent")
            ]
        );
    }

    #[test]
    fn versions_are_shown_without_what_a_distribution_adds() {
        assert_eq!(short("15.14 (Debian 15.14-0+deb12u1)"), "15.14");
        assert_eq!(short("10.11.14-MariaDB-0+deb12u2"), "10.11.14");
        assert!(Kind::MariaDb.is_own("10.11.14-MariaDB-0+deb12u2"));
        assert!(!Kind::MariaDb.is_own("8.4.3"));
    }
}
