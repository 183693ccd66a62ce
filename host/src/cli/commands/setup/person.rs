//! The person at the terminal: questions go to stderr, answers come from stdin, one a line.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    process::{Command, Stdio},
    thread,
};

use kaspi_amocrm_contract::Language;
use tokio::sync::mpsc;

use crate::{
    base::{
        failure::{Exit, Failure, Text},
        shutdown::Stop,
    },
    i18n::words::Words,
    service::RunError,
};

/// Longer than any token.
const LINE_BYTES_MAX: usize = 16_384;

/// Somebody who answers.
pub(crate) struct Person {
    /// What they read.
    pub(crate) language: Language,
    lines: mpsc::Receiver<String>,
    stop: Stop,
}

impl Person {
    /// Whoever types into this program, or pipes answers into it.
    pub(crate) fn at_the_terminal(language: Language, stop: Stop) -> Self {
        let (sender, lines) = mpsc::channel(1);
        // A thread of its own: it waits for a line even when the program ends, and ends with it.
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { break };
                if line.len() > LINE_BYTES_MAX || sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Self { language, lines, stop }
    }

    /// A text in their language.
    pub(crate) fn words(&self, words: &Words) -> &'static str {
        words.get(self.language)
    }

    /// Says one line.
    pub(crate) fn say(&self, text: &str) -> Result<(), Failure> {
        crate::cli::support::output::say(text)
    }

    /// Asks, and answers with what was typed, without white space around it; empty where Enter alone was pressed.
    pub(crate) async fn ask(&mut self, question: &str) -> Result<String, Failure> {
        let mut out = io::stderr();
        write!(out, "{question}: ").and_then(|()| out.flush()).map_err(Failure::internal)?;
        tokio::select! {
            line = self.lines.recv() => match line {
                Some(line) => Ok(line.trim().to_owned()),
                None => Err(ended()),
            },
            () = self.stop.requested() => Err(RunError::Interrupted.into()),
        }
    }

    /// Asks for something that nobody else should read on the screen.
    pub(crate) async fn ask_secret(&mut self, question: &str) -> Result<String, Failure> {
        const VISIBLE: Words = Words::new(
            "(what you type will be visible)",
            "(ввод будет виден на экране)",
            "(енгізгеніңіз экранда көрінеді)",
        );
        if !io::stdin().is_terminal() {
            return self.ask(question).await;
        }
        let Some(_hidden) = Hidden::now() else {
            let question = format!("{question} {}", self.words(&VISIBLE));
            return self.ask(&question).await;
        };
        let answer = self.ask(question).await;
        self.say("")?;
        answer
    }

    /// Asks for yes or no.
    pub(crate) async fn agrees(&mut self, question: &str, default: bool) -> Result<bool, Failure> {
        const YES: Words = Words::new("[Y/n]", "[Д/н]", "[И/ж]");
        const NO: Words = Words::new("[y/N]", "[д/Н]", "[и/Ж]");
        let choices = self.words(if default { &YES } else { &NO });
        let question = format!("{question} {choices}");
        loop {
            match self.ask(&question).await?.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" | "д" | "да" | "и" | "иә" => return Ok(true),
                "n" | "no" | "н" | "нет" | "ж" | "жоқ" => return Ok(false),
                _ => {}
            }
        }
    }

    /// Lets them choose a line of a numbered list, from 1; Enter takes `default`. Zero is the line `none`, if there is one.
    pub(crate) async fn choose(
        &mut self,
        options: &[String],
        none: Option<&str>,
        default: usize,
    ) -> Result<usize, Failure> {
        const NUMBER: Words = Words::new("Number", "Номер", "Нөмірі");
        for (number, option) in (1..).zip(options) {
            self.say(&format!("  {number}. {option}"))?;
        }
        if let Some(none) = none {
            self.say(&format!("  0. {none}"))?;
        }
        let question = format!("{} [{default}]", self.words(&NUMBER));
        let lowest = usize::from(none.is_none());
        loop {
            let answer = self.ask(&question).await?;
            if answer.is_empty() {
                return Ok(default);
            }
            match answer.parse() {
                Ok(number) if (lowest..=options.len()).contains(&number) => return Ok(number),
                _ => {}
            }
        }
    }
}

fn ended() -> Failure {
    Failure {
        exit: Exit::Config,
        error: Text::new("the answers ended before everything was asked", "ответы кончились раньше вопросов"),
        hint: Text::new(
            "nothing was written; begin again: kaspi-amocrm setup",
            "ничего не записано; начните снова: kaspi-amocrm setup",
        ),
    }
}

/// While it lives, the terminal does not show what is typed.
struct Hidden;

impl Hidden {
    fn now() -> Option<Self> {
        stty("-echo").then_some(Self)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        stty("echo");
    }
}

/// The tool of POSIX changes the terminal that is our stdin.
fn stty(argument: &str) -> bool {
    let mut command = Command::new("stty");
    command.arg(argument).stdin(Stdio::inherit()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
