//! Ports for programs.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;

use crate::platform::{Platform, lock};

/// A port that no other program of this process is given while this lives.
pub(crate) struct Port {
    number: u16,
    platform: Arc<Platform>,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Port({})", self.number)
    }
}

impl Port {
    /// A port that is free now. The program binds it later: in between another process can take it.
    pub(crate) fn reserve(platform: &Arc<Platform>) -> io::Result<Self> {
        loop {
            let number = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            if lock(&platform.ports).insert(number) {
                return Ok(Self { number, platform: Arc::clone(platform) });
            }
        }
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Whether something listens on it.
    pub(crate) fn is_taken(&self) -> bool {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, self.number));
        bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        lock(&self.platform.ports).remove(&self.number);
    }
}
