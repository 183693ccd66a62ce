//! Makes a connection: name, address, TCP, optional proxy, TLS. Nothing of a request has left when this fails.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, Error as TlsError, RootCertStore, pki_types::ServerName},
};

use super::{address::is_public, error::SendError, origin::Origin};

/// Which addresses a name may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet.
    Public,
    /// Exactly this address: the settings name it literally.
    Address(IpAddr),
    /// This machine: the settings say `localhost`.
    Loopback,
}

impl Reach {
    /// What an origin from the settings may reach.
    pub fn of(origin: &Origin) -> Self {
        match origin.ip() {
            Some(address) => Self::Address(address),
            None if origin.host() == "localhost" => Self::Loopback,
            None => Self::Public,
        }
    }

    fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Address(only) => address == only,
            Self::Loopback => address.is_loopback(),
        }
    }
}

/// Where a request goes and how it gets there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route {
    /// The other side.
    pub origin: Origin,
    /// A proxy that connects to it (`CONNECT`), as the settings name it.
    pub proxy: Option<Origin>,
}

impl Route {
    /// Straight to the other side.
    pub fn direct(origin: Origin) -> Self {
        Self { origin, proxy: None }
    }
}

/// TLS with the certificate authorities that browsers trust.
pub(super) fn tls_connector() -> TlsConnector {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A connection, plain or encrypted.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects. The caller sets the time limit.
pub(super) async fn connect(route: &Route, tls: &TlsConnector) -> Result<Stream, SendError> {
    let origin = &route.origin;
    let tcp = match &route.proxy {
        None => dial(origin).await?,
        Some(proxy) => through_proxy(dial(proxy).await?, origin).await?,
    };
    if !origin.is_https() {
        return Ok(Stream::Plain(tcp));
    }
    let name = match origin.ip() {
        Some(address) => ServerName::IpAddress(address.into()),
        None => ServerName::try_from(origin.host().to_owned()).map_err(|_| SendError::Dns)?,
    };
    let stream = tls.connect(name, tcp).await.map_err(|error| tls_error(&error))?;
    Ok(Stream::Tls(Box::new(stream)))
}

async fn dial(origin: &Origin) -> Result<TcpStream, SendError> {
    let reach = Reach::of(origin);
    let found: Vec<SocketAddr> = match origin.ip() {
        Some(address) => vec![SocketAddr::new(address, origin.port())],
        None => tokio::net::lookup_host((origin.host(), origin.port()))
            .await
            .map_err(|_| SendError::Dns)?
            .collect(),
    };
    if found.is_empty() {
        return Err(SendError::Dns);
    }
    let mut last = SendError::PrivateAddress;
    for address in found.into_iter().filter(|address| reach.allows(address.ip())) {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Requests are written in one piece; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = connect_error(&error),
        }
    }
    Err(last)
}

fn connect_error(error: &io::Error) -> SendError {
    match error.kind() {
        io::ErrorKind::TimedOut => SendError::ConnectTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => SendError::Unreachable,
        _ => SendError::Refused,
    }
}

fn tls_error(error: &io::Error) -> SendError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(TlsError::InvalidCertificate(_)) => SendError::Certificate,
        _ => SendError::Tls,
    }
}

/// Asks a proxy for a connection. Requests over plain HTTP go through the same tunnel, so that nothing of them differs.
async fn through_proxy(mut stream: TcpStream, target: &Origin) -> Result<TcpStream, SendError> {
    const HEAD_BYTES_MAX: usize = 8192;
    let authority = target.account();
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|_| SendError::Proxy)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(SendError::Proxy);
        }
        // Byte by byte: what follows the head belongs to the tunnel.
        head.push(stream.read_u8().await.map_err(|_| SendError::Proxy)?);
    }
    let accepted = head.starts_with(b"HTTP/1.1 2") || head.starts_with(b"HTTP/1.0 2");
    if accepted { Ok(stream) } else { Err(SendError::Proxy) }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_reached_only_where_the_settings_name_them() {
        for (base, address, allowed) in [
            ("https://kaspi.kz", "8.8.8.8", true),
            ("https://kaspi.kz", "10.0.0.1", false),
            ("https://kaspi.kz", "127.0.0.1", false),
            ("https://kaspi.kz", "::ffff:169.254.169.254", false),
            ("http://127.0.0.1:8080", "127.0.0.1", true),
            ("http://127.0.0.1:8080", "127.0.0.2", false),
            ("http://10.1.2.3", "10.1.2.3", true),
            ("http://localhost:9", "127.0.0.1", true),
            ("http://localhost:9", "::1", true),
            ("http://localhost:9", "10.0.0.1", false),
        ] {
            let reach = Reach::of(&Origin::parse(base).unwrap());
            assert_eq!(reach.allows(address.parse().unwrap()), allowed, "{base} {address}");
        }
    }
}
