use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What goes wrong with the calls of a memory store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before its n-th call, from 0: this call and all later ones fail and do nothing.
    CrashBefore(usize),
    /// The process dies after its n-th call, whose effect stays.
    CrashAfter(usize),
    /// The n-th call fails and does nothing; later ones work.
    FailBefore(usize),
    /// The n-th call has its effect, but its answer is lost; later ones work.
    FailAfter(usize),
}

impl Fault {
    /// Whether the call fails before it has an effect.
    pub(super) fn is_before(self, call: usize) -> bool {
        match self {
            Self::CrashBefore(at) => call >= at,
            Self::CrashAfter(at) => call > at,
            Self::FailBefore(at) => call == at,
            Self::FailAfter(_) => false,
        }
    }

    /// Whether the call fails after it had its effect.
    pub(super) fn is_after(self, call: usize) -> bool {
        matches!(self, Self::CrashAfter(at) | Self::FailAfter(at) if call == at)
    }
}

/// Lets others go on once: pending at the first poll, ready at the second.
#[derive(Debug, Default)]
pub(super) struct Turn {
    waited: bool,
}

impl Future for Turn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.waited {
            return Poll::Ready(());
        }
        self.waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
