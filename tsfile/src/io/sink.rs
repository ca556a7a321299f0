//! Where bytes go: appended in order, on disk before they get their name.

use crate::Result;

/// A place for one file that nobody sees before it is complete.
///
/// The calls come in this order: any number of [`append`](Self::append), then what [`commit`] does. A sink that is dropped without
/// [`publish`](Self::publish) leaves nothing behind.
///
/// Errors of a sink are of kind [`Io`](crate::ErrorKind::Io) and name the final path and the call that failed.
pub trait Sink: Send {
    /// The final path, for messages.
    fn name(&self) -> String;

    /// Adds `bytes` at the end. They may wait in memory until [`sync`](Self::sync).
    ///
    /// # Errors
    /// The operating system refuses. The sink takes nothing more then.
    fn append(&mut self, bytes: &[u8]) -> Result<()>;

    /// Hands everything to the device and waits until it is there (fsync of the file).
    ///
    /// # Errors
    /// The operating system refuses. What is on the device is unknown then, and the sink cannot be published.
    fn sync(&mut self) -> Result<()>;

    /// Gives the file its final name.
    ///
    /// # Errors
    /// The operating system refuses, or the name may not be taken. Whatever has that name stays as it is.
    fn publish(&mut self) -> Result<()>;

    /// Waits until the name is on the device too (fsync of the directory).
    ///
    /// # Errors
    /// The operating system refuses. The file is complete under its final name, which may not survive a power cut.
    fn sync_directory(&mut self) -> Result<()>;

    /// Removes what was written. Never fails, does nothing after [`publish`](Self::publish).
    fn discard(&mut self);
}

/// Makes what was appended final: file to the device, then its name, then the name to the device.
///
/// # Errors
/// The first of these that fails. Before the name is given, what was written is discarded.
pub fn commit(sink: &mut dyn Sink) -> Result<()> {
    commit_checked(sink, || Ok(()))
}

/// As [`commit`], but asks `check` when everything is on the device and has not got its name yet.
///
/// # Errors
/// As [`commit`], and those of `check`.
pub fn commit_checked(sink: &mut dyn Sink, check: impl FnOnce() -> Result<()>) -> Result<()> {
    let named = sink
        .sync()
        .and_then(|()| check())
        .and_then(|()| sink.publish());
    if named.is_err() {
        sink.discard();
    }
    named?;
    sink.sync_directory()
}
