//! The one error type: what went wrong, in the reader's coordinates (file, offset, device, measurement).

use std::fmt;

/// Result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What sort of thing went wrong; callers branch on this, people read the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes contradict the format.
    Corrupt,
    /// The file has no footer: its writer died, or it is still being written.
    Unsealed,
    /// The bytes are legal, but this version of the crate does not read them.
    Unsupported,
    /// A size in the file is above the limit that the options set.
    Limit,
    /// The caller asked for something that makes no sense here.
    Argument,
    /// Two places disagree about the type of a column.
    Schema,
    /// A stored value has no counterpart in the target type (text that is no UTF-8, a date that does not exist).
    Value,
    /// A file with deletions lies beside the TsFile.
    Deletions,
    /// Somebody stopped the work from outside.
    Cancelled,
    /// A file is not what it was when it was opened or planned: its length or its time of modification is another.
    Changed,
    /// The operating system refused to open, read or write, or something else has the name.
    Io,
}

/// An error with everything that is known about the place.
///
/// `Display` gives one line: file, what, where, what was expected and found, what to try next.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    section: &'static str,
    message: String,
    file: Option<String>,
    offset: Option<u64>,
    device: Option<String>,
    measurement: Option<String>,
    time: Option<i64>,
    expected: Option<String>,
    got: Option<String>,
    hint: Option<String>,
    rivals: Option<[String; 2]>,
    source: Option<std::io::Error>,
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl Error {
    /// An error of `kind` in the structure named `section` (for instance `"chunk header"`).
    pub fn new(kind: ErrorKind, section: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            section,
            message: message.into(),
            file: None,
            offset: None,
            device: None,
            measurement: None,
            time: None,
            expected: None,
            got: None,
            hint: None,
            rivals: None,
            source: None,
        }))
    }

    /// The bytes contradict the format.
    pub fn corrupt(section: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, section, message)
    }

    /// Legal, but not read by this crate.
    pub fn unsupported(section: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, section, message)
    }

    /// The caller's request makes no sense.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Argument, "", message)
    }

    /// The operating system refused.
    pub fn io(message: impl Into<String>, source: std::io::Error) -> Self {
        let mut e = Self::new(ErrorKind::Io, "", message);
        e.0.source = Some(source);
        e
    }

    /// Adds the file, unless one is already named.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.file.get_or_insert_with(|| file.into());
        self
    }

    /// Adds the offset from the start of the file in bytes, unless one is already named.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Replaces an offset that was relative to a buffer which starts at `base` in the file.
    #[must_use]
    pub fn rebased(mut self, base: u64) -> Self {
        self.0.offset = Some(self.0.offset.unwrap_or(0).saturating_add(base));
        self
    }

    /// Replaces an offset that was relative to decompressed bytes by that of the structure in the file.
    #[must_use]
    pub(crate) fn rebased_to(mut self, offset: u64) -> Self {
        self.0.offset = Some(offset);
        self
    }

    /// Adds the device, unless one is already named.
    #[must_use]
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.0.device.get_or_insert_with(|| device.into());
        self
    }

    /// Adds the measurement, unless one is already named.
    #[must_use]
    pub fn measurement(mut self, measurement: impl Into<String>) -> Self {
        self.0.measurement.get_or_insert_with(|| measurement.into());
        self
    }

    /// Adds the time of the row, in the unit of the file.
    #[must_use]
    pub fn at_time(mut self, time: i64) -> Self {
        self.0.time = Some(time);
        self
    }

    /// Adds what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    /// Adds what was found instead.
    #[must_use]
    pub fn got(mut self, got: impl fmt::Display) -> Self {
        self.0.got = Some(got.to_string());
        self
    }

    /// Adds what to try next, unless something is already suggested.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds two devices of one file that disagree about the type of a measurement.
    #[must_use]
    pub(crate) fn rivals(mut self, devices: [String; 2]) -> Self {
        self.0.rivals = Some(devices);
        self
    }

    /// The two devices of one file that disagree about the type of a measurement, when that is what went wrong.
    pub fn conflicting_devices(&self) -> Option<&[String; 2]> {
        self.0.rivals.as_ref()
    }

    /// What sort of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the operating system refused, as opposed to the contents being at fault.
    pub fn is_io(&self) -> bool {
        self.0.kind == ErrorKind::Io
    }

    /// Whether there is no file of that name.
    pub fn is_not_found(&self) -> bool {
        let cause = self.0.source.as_ref();
        cause.is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
    }

    /// Offset in bytes from the start of the file, when known.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Name of the file, when known.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// What to try next, when something is known to help.
    pub fn suggestion(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &*self.0;
        if let Some(file) = &e.file {
            write!(f, "{file}: ")?;
        }
        if !e.section.is_empty() {
            write!(f, "{}: ", e.section)?;
        }
        write!(f, "{}", e.message)?;
        match (&e.device, &e.measurement) {
            (Some(d), Some(m)) => write!(f, " (device {d}, measurement {m})")?,
            (Some(d), None) => write!(f, " (device {d})")?,
            (None, Some(m)) => write!(f, " (measurement {m})")?,
            (None, None) => {}
        }
        if let Some(time) = e.time {
            write!(f, " at time {time}")?;
        }
        if let Some(offset) = e.offset {
            write!(f, " at byte {offset}")?;
        }
        if let Some(expected) = &e.expected {
            write!(f, "; expected {expected}")?;
        }
        if let Some(got) = &e.got {
            write!(
                f,
                "{} found {got}",
                if e.expected.is_some() { "," } else { ";" }
            )?;
        }
        if let Some(source) = &e.source {
            write!(f, ": {source}")?;
        }
        if let Some(hint) = &e.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|e| e as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_place_expectation_and_next_step() {
        let e = Error::corrupt("chunk header", "unknown marker")
            .in_file("plant.tsfile")
            .at(20)
            .device("root.d1")
            .measurement("s1")
            .expected("1 or 5")
            .got(7)
            .hint("try `recover`");
        assert_eq!(
            e.to_string(),
            "plant.tsfile: chunk header: unknown marker (device root.d1, measurement s1) at byte 20; expected 1 or 5, found 7; try `recover`"
        );
        assert_eq!(e.kind(), ErrorKind::Corrupt);
    }
}
