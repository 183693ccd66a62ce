//! A server for one run, on a free port of this machine and in a temporary folder.
//!
//! A shell stands between the server and this process and reads a pipe that only this process can write to. When the
//! pipe closes, it stops the server and removes the folder: also when the run fails, when somebody presses Ctrl-C, and
//! when this process is killed.

use std::{
    env, fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        fs::{DirBuilderExt as _, chown},
        process::CommandExt as _,
    },
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use super::{client, kind::Kind, programs::Programs};
use crate::{command::output, packages};

/// How long a server may take to make its folder and to answer, on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(120);
/// How often it is asked.
const POLL: Duration = Duration::from_millis(100);

/// Descriptor 3 is where this process writes its messages, 4 the pipe: a command in the background has no other way to
/// it. A server that has only just begun may not hear the first signal, so it is sent until it does.
/// What begins with `ROLE_` differs between servers.
const SHELL: &str = r#"
trap 'rm -rf "$FOLDER"' EXIT
exec 3>&2 4<&0 >"$FOLDER/log" 2>&1
ROLE_INIT || { cat "$FOLDER/log" >&3; exit 1; }
ROLE_SERVER 3>&- 4<&- & server=$!
{ read -r _ <&4; while kill -s ROLE_SIGNAL "$server"; do sleep 1; done; } & watcher=$!
wait "$server" || cat "$FOLDER/log" >&3
kill "$watcher"
"#;

/// What differs between servers.
struct Role {
    /// Who serves where we are root: neither server trusts its files to that.
    user: &'static str,
    init: &'static str,
    server: &'static str,
    /// What makes it end at once, with clients or without.
    signal: &'static str,
}

/// Nothing is forced to the disk: the data does not outlive the run.
const POSTGRESQL: Role = Role {
    user: "postgres",
    init: r#""$INIT" -D "$FOLDER/data" -U postgres -A trust -E UTF8 --locale=C --no-sync"#,
    server: r#""$SERVER" -D "$FOLDER/data" -h 127.0.0.1 -p "$PORT" -k "" -F"#,
    signal: "INT",
};
const MARIADB: Role = Role {
    user: "mysql",
    init: r#""$INIT" --no-defaults --datadir="$FOLDER/data" --auth-root-authentication-method=normal --skip-test-db"#,
    server: r#""$SERVER" --no-defaults --datadir="$FOLDER/data" --bind-address=127.0.0.1 --port="$PORT" --socket="$FOLDER/socket" --pid-file="$FOLDER/pid" --innodb-flush-log-at-trx-commit=0"#,
    signal: "TERM",
};

/// A server that ends with this value.
pub(super) struct Throwaway {
    /// The shell.
    child: Child,
    folder: PathBuf,
}

impl Throwaway {
    /// Starts a server and waits until it answers. Answers with its URL and its version.
    ///
    /// # Errors
    /// When it does not start; what it wrote is then shown.
    pub(super) fn start(kind: Kind, programs: &Programs) -> Result<(Self, String, String)> {
        let role = match kind {
            Kind::PostgreSql => POSTGRESQL,
            Kind::MariaDb => MARIADB,
        };
        let port = free_port()?;
        let url = kind.url(port);
        let mut shell = shell(&role);
        shell.env("INIT", &programs.init).env("SERVER", &programs.server).env("PORT", port.to_string());
        let folder = env::temp_dir().join(format!("kaspi-amocrm-{}-{}", role.user, process::id()));
        let user = packages::is_root()?.then_some(role.user);
        let mut throwaway = Self::spawn(shell, folder, user)?;
        let version = throwaway.wait_until(|| client::version(kind, &url))?;
        Ok((throwaway, url, version))
    }

    fn spawn(mut shell: Command, folder: PathBuf, user: Option<&str>) -> Result<Self> {
        let ids = user.map(ids).transpose()?;
        // Fails where there is one already: nobody else has prepared it.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        if let Some([uid, gid]) = ids {
            chown(&folder, Some(uid), Some(gid))?;
            shell.uid(uid).gid(gid);
        }
        let child = shell
            .env("FOLDER", &folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // Ctrl-C is for this process: the shell sees the end of the pipe.
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        Ok(Self { child, folder })
    }

    fn wait_until<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(answer) = ready() {
                return Ok(answer);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended by itself: {status}");
            }
            if started.elapsed() > START_LIMIT {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("no answer within {} s; it wrote:\n{log}", START_LIMIT.as_secs());
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // A shell that cannot be waited for is gone already.
        let _ = self.child.wait();
    }
}

fn shell(role: &Role) -> Command {
    let script = SHELL
        .replace("ROLE_INIT", role.init)
        .replace("ROLE_SERVER", role.server)
        .replace("ROLE_SIGNAL", role.signal);
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    shell
}

/// Free at this moment; whoever takes it in between makes the start fail.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The ids of a user and of its group.
fn ids(user: &str) -> Result<[u32; 2]> {
    let id = |option: &str| -> Result<u32> {
        let id = output(Command::new("id").args([option, user]))
            .with_context(|| format!("root does not serve databases, and there is no user `{user}`"))?;
        Ok(id.trim().parse()?)
    };
    Ok([id("-u")?, id("-g")?])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Waits for a signal as a server does, and says that it is there.
    const WAITS: &str = r#"sh -c 'echo >"$FOLDER/ready"; exec tail -f /dev/null'"#;

    fn spawn(name: &str, init: &'static str, server: &'static str) -> Throwaway {
        let folder = env::temp_dir().join(format!("kaspi-amocrm-test-{name}-{}", process::id()));
        let role = Role { user: "nobody", init, server, signal: "TERM" };
        let mut shell = shell(&role);
        shell.stderr(Stdio::null());
        Throwaway::spawn(shell, folder, None).unwrap()
    }

    fn is_there(path: &Path) -> Option<()> {
        path.exists().then_some(())
    }

    #[test]
    fn a_server_and_its_folder_end_with_the_value() {
        let mut throwaway = spawn("ends", "true", WAITS);
        let folder = throwaway.folder.clone();
        throwaway.wait_until(|| is_there(&folder.join("ready"))).unwrap();
        drop(throwaway);
        assert!(!folder.exists());
    }

    #[test]
    fn what_does_not_start_is_an_error_and_leaves_nothing() {
        for (name, init, server) in [("init", "false", WAITS), ("server", "true", "false")] {
            let mut throwaway = spawn(name, init, server);
            let error = throwaway.wait_until(|| None::<()>).unwrap_err();
            assert!(error.to_string().starts_with("it ended by itself"), "{error}");
            assert!(!throwaway.folder.exists());
        }
    }
}
