//! From an empty folder to a password, in a browser and from the terminal.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Stdio},
};

use crate::rig::{Ended, command};

/// `serve` in a folder; it does not outlive its test.
struct Serving {
    child: Child,
    lines: BufReader<std::process::ChildStderr>,
    said: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    fn start(folder: &Path) -> Self {
        let mut command = command(folder, &["serve", "--listen", "127.0.0.1:0"]);
        command.env("RUST_LOG", "trace").stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines, said: String::new() }
    }

    /// What follows these words in the next line that has them.
    fn says(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended without a word: {}", self.said);
            self.said.push_str(&line);
            if let Some((_, rest)) = line.split_once(words) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Everything that it said.
    fn end(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut said = std::mem::take(&mut self.said);
        self.lines.read_to_string(&mut said).unwrap();
        said
    }
}

/// The head of the answer to a form of our own page.
fn post(address: &str, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = form.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().0.to_owned()
}

fn set_password(folder: &Path, password: &str) -> Ended {
    let mut command = command(folder, &["password"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    Ended::of(child.wait_with_output().unwrap())
}

#[test]
fn an_empty_folder_is_enough_to_begin() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut serving = Serving::start(folder);
    let address = serving.says("open http://");
    let (address, page) = address.split_once('/').unwrap();
    assert_eq!(page, "setup");
    let code = serving.says("Код запуска: ");
    let form = format!("code={code}&password=planted+first&again=planted+first");
    let answer = post(address, "/welcome", &form);
    assert!(answer.starts_with("HTTP/1.1 303 ") && answer.contains("location: /\r\n"), "{answer}");
    assert!(answer.contains("set-cookie: session="), "{answer}");
    let said = serving.end();
    assert_eq!(said.matches(&code).count(), 2, "once in each language: {said}");
    assert!(!said.contains("planted"), "{said}");

    let refused = set_password(folder, "short\n");
    assert_eq!(refused.code, Some(2), "{}", refused.text());
    let changed = set_password(folder, "planted second\n");
    assert_eq!(changed.code, Some(0), "{}", changed.text());
    assert!(!changed.text().contains("planted"), "{}", changed.text());

    let mut serving = Serving::start(folder);
    let address = serving.says("Откройте http://");
    let (address, _) = address.split_once('/').unwrap();
    let wrong = post(address, "/sign-in", "password=planted+first");
    assert!(wrong.starts_with("HTTP/1.1 403 "), "{wrong}");
    let right = post(address, "/sign-in", "password=planted+second&next=/account");
    assert!(right.contains("location: /account\r\n"), "{right}");
    let said = serving.end();
    assert!(!said.contains("Start code") && !said.contains("planted"), "{said}");
}
