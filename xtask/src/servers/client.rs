//! Asks a server for its version, with the client that comes with it: no driver has to be compiled for a chore.

use std::process::{Command, Stdio};

use super::{address::Address, kind::Kind, programs};

/// How long a client waits for a connection.
const CONNECT_SECONDS: &str = "5";

/// What the server says, or nothing where it does not answer or there is no client.
pub(super) fn version(kind: Kind, url: &str) -> Option<String> {
    let address = Address::parse(url)?;
    let output = command(kind, &address)?.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

/// Neither files of this user nor the environment decide: the tests have the URL and nothing else.
/// A password goes in by the environment, since everyone on the machine sees a command line.
fn command(kind: Kind, address: &Address) -> Option<Command> {
    let mut command = Command::new(programs::client(kind)?);
    let port = address.port.unwrap_or(kind.default_port()).to_string();
    match kind {
        Kind::PostgreSql => command
            .args(["--no-psqlrc", "--no-password", "--tuples-only", "--no-align"])
            .args(["--host", &address.host, "--port", &port, "--username", &address.user])
            .args(["--dbname", &address.database, "--command", "show server_version"])
            .env("PGPASSFILE", "/dev/null")
            .env("PGPASSWORD", &address.password)
            .env("PGCONNECT_TIMEOUT", CONNECT_SECONDS),
        Kind::MariaDb => command
            .args(["--no-defaults", "--skip-column-names", "--batch", "--protocol=tcp"])
            .args(["--host", &address.host, "--port", &port, "--user", &address.user])
            .args(["--connect-timeout", CONNECT_SECONDS, "--execute", "select version()"])
            .env("MYSQL_PWD", &address.password),
    };
    Some(command)
}
