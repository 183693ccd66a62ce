//! Why a request has no whole answer, and how far it came.

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The name does not resolve.
    #[error("the host name does not resolve")]
    Dns,
    /// Every address of the name is private and the settings name no private address.
    #[error("the address is private and no setting names it")]
    PrivateAddress,
    /// The other side does not listen.
    #[error("connection refused")]
    Refused,
    /// No route to the address.
    #[error("the address cannot be reached")]
    Unreachable,
    /// No connection within its time.
    #[error("no connection in time")]
    ConnectTimeout,
    /// The TLS handshake failed.
    #[error("the TLS handshake failed")]
    Tls,
    /// The certificate is not valid for this host.
    #[error("the certificate is not valid for this host")]
    Certificate,
    /// The proxy refused to connect.
    #[error("the proxy does not connect")]
    Proxy,
    /// Its time was over before the first byte could leave.
    #[error("it was too late to send the request")]
    TooLate,
    /// Its run was no longer sure of its connection (lease) before the first byte could leave.
    #[error("the run of the request is over")]
    RunOver,
    /// Cut after the connection stood: the request may have been carried out.
    #[error("the connection was cut")]
    Terminated,
    /// Not whole within its time: the request may have been carried out.
    #[error("no whole answer in time")]
    Timeout,
    /// What came back is no HTTP.
    #[error("the answer is not HTTP")]
    Protocol,
    /// More bytes than allowed.
    #[error("the answer is too large")]
    TooLarge,
}

impl SendError {
    /// Whether a byte of the request may have reached the other side.
    pub fn may_have_been_sent(&self) -> bool {
        matches!(self, Self::Terminated | Self::Timeout | Self::Protocol | Self::TooLarge)
    }
}
