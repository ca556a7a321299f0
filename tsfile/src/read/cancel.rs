//! Stopping work from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stops the scans that were given it: looked at before each page. Clones stop together.
#[derive(Debug, Clone, Default)]
pub struct CancelToken {
    own: Arc<AtomicBool>,
    above: Option<Arc<CancelToken>>,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that is cancelled with `above`, or alone.
    pub(crate) fn below(above: &Self) -> Self {
        Self {
            own: Arc::default(),
            above: Some(Arc::new(above.clone())),
        }
    }

    /// Stops what looks at the token; it ends with an error of the kind [`Cancelled`](crate::ErrorKind::Cancelled).
    pub fn cancel(&self) {
        self.own.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        let above = self.above.as_ref();
        self.own.load(Ordering::Relaxed) || above.is_some_and(|a| a.is_cancelled())
    }

    /// An error once it was cancelled.
    pub(crate) fn check(&self) -> crate::Result<()> {
        if self.is_cancelled() {
            let kind = crate::ErrorKind::Cancelled;
            return Err(crate::Error::new(kind, "", "the scan was cancelled"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_cancelled_alone_or_from_above() {
        let above = CancelToken::new();
        let (one, other) = (CancelToken::below(&above), CancelToken::below(&above));
        one.cancel();
        assert!(one.clone().is_cancelled() && !other.is_cancelled() && !above.is_cancelled());
        above.cancel();
        let e = other.check().expect_err("it was cancelled from above");
        assert_eq!(e.kind(), crate::ErrorKind::Cancelled);
    }
}
