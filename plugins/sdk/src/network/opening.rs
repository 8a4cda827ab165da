//! What can be opened.

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A port of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// 1 to 65535.
    pub number: u16,
    /// Of the transport.
    pub protocol: Protocol,
}

impl Port {
    /// A TCP port.
    #[must_use]
    pub const fn tcp(number: u16) -> Self {
        Self {
            number,
            protocol: Protocol::Tcp,
        }
    }

    /// A UDP port.
    #[must_use]
    pub const fn udp(number: u16) -> Self {
        Self {
            number,
            protocol: Protocol::Udp,
        }
    }
}

/// One opening. The app's pods are those with the label
/// `app.kubernetes.io/name: <app>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// The app answers HTTP at `port`: the region's ingress reaches it there and at `more`
    /// (such as for web sockets), and the app's own pods reach it at `port`.
    Http {
        /// The first one.
        port: u16,
        /// Further ones.
        more: Vec<u16>,
    },
    /// Ports at which the app's pods talk to each other.
    Peers(Vec<Port>),
    /// The TCP port that the cluster's Prometheus reads.
    Metrics(u16),
    /// Ports of the app's pods that any address reaches.
    Public(Vec<Port>),
    /// The TCP port of a mail server, at any address.
    Smtp(u16),
    /// Web servers (443) at public addresses.
    Web,
    /// A CloudNativePG cluster named `postgres` in the base.
    Postgres,
    /// A server named `mariadb`, by mariadb-operator, in the base: with so many instances.
    Mariadb(u32),
    /// Redis servers in the base, with the label `app.kubernetes.io/name: redis`.
    Redis,
}
