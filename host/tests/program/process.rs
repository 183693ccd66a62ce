//! Programs that run beside a test.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use crate::rig::{Ended, Rig};

/// Waits for something that surely happens.
pub(crate) async fn eventually(happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A program that does not outlive its test.
pub(crate) struct Program(Option<Child>);

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Program {
    pub(crate) fn signal(&self, signal: libc::c_int) {
        let process = libc::pid_t::try_from(self.0.as_ref().unwrap().id()).unwrap();
        #[expect(
            unsafe_code,
            reason = "kill takes two numbers; the process is our own child, not waited for yet"
        )]
        let result = unsafe { libc::kill(process, signal) };
        assert_eq!(result, 0);
    }

    /// What it says to people and logs.
    pub(crate) fn stderr(&mut self) -> ChildStderr {
        self.0.as_mut().unwrap().stderr.take().unwrap()
    }

    /// Waits until it logs a text. What it says after that line is not kept.
    pub(crate) async fn says(mut self, text: &'static str) -> Self {
        let stderr = BufReader::new(self.stderr());
        let read = move || stderr.lines().map(Result::unwrap).find(|line| line.contains(text));
        assert!(tokio::task::spawn_blocking(read).await.unwrap().is_some(), "it ended without a word");
        self
    }

    /// Whether it still runs, as far as is known.
    pub(crate) fn is_running(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }

    pub(crate) async fn ended(mut self) -> Ended {
        let child = self.0.take().unwrap();
        Ended::of(tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap())
    }
}

impl Rig {
    pub(crate) fn program(&self, arguments: &[&str], log: &str) -> Program {
        let mut command = self.command(arguments);
        command.env("RUST_LOG", log).stdout(Stdio::piped()).stderr(Stdio::piped());
        Program(Some(command.spawn().unwrap()))
    }
}
