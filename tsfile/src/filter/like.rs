//! `LIKE`: patterns over text.

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    escape: Option<char>,
}

impl Pattern {
    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The character that takes its meaning from the next one.
    pub fn escape(&self) -> Option<char> {
        self.escape
    }
}
