//! What was passed over while files were looked for and opened: counted, and the first of each kind named.

use super::FileOptions;
use crate::{Error, ErrorKind};
use std::fmt;
use std::path::Path;

/// Files of one kind that are named; the others are counted.
const SHOWN_FILES: usize = 5;

/// Files that were passed over for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SkippedFiles {
    /// How many.
    pub count: u64,
    /// The first of them, at most 5, each with what was wrong with it where that is not the same for all.
    pub first: Vec<String>,
}

impl SkippedFiles {
    fn add(&mut self, text: String) {
        self.count += 1;
        if self.first.len() < SHOWN_FILES {
            self.first.push(text);
        }
    }

    fn join(&mut self, other: Self) {
        self.count += other.count;
        let room = SHOWN_FILES.saturating_sub(self.first.len());
        self.first.extend(other.first.into_iter().take(room));
    }

    fn line(&self, what: &str) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let files = if self.count == 1 { "file" } else { "files" };
        let mut line = format!("{} {files} {what}: {}", self.count, self.first.join(", "));
        let more = self.count - self.first.len() as u64;
        if more > 0 {
            line.push_str(&format!(" and {more} more"));
        }
        Some(line)
    }
}

/// What was passed over because the options say so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skipped {
    /// Files, directories and patterns that lead to nothing.
    pub missing: SkippedFiles,
    /// Files that are corrupt, or no TsFiles.
    pub corrupt: SkippedFiles,
    /// Files without a footer.
    pub unsealed: SkippedFiles,
    /// Files that are read, and the deletions beside them are not.
    pub deletions: SkippedFiles,
}

/// Which errors mean that a file is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ignore {
    pub(super) missing: bool,
    pub(super) corrupt: bool,
    pub(super) unsealed: bool,
}

impl Skipped {
    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.lines().next().is_none()
    }

    /// One line for each reason, with the number of files and the first of them.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        [
            self.missing.line("missing, passed over"),
            self.corrupt.line("corrupt, passed over"),
            self.unsealed.line("without a footer, passed over"),
            self.deletions
                .line("with deletions that were ignored, so that deleted rows reappear"),
        ]
        .into_iter()
        .flatten()
    }

    /// Adds what was passed over elsewhere.
    pub fn join(&mut self, other: Self) {
        self.missing.join(other.missing);
        self.corrupt.join(other.corrupt);
        self.unsealed.join(other.unsealed);
        self.deletions.join(other.deletions);
    }

    pub(super) fn add_missing(&mut self, path: &Path) {
        self.missing.add(path.display().to_string());
    }

    pub(super) fn add_deletions(&mut self, path: &Path) {
        self.deletions.add(path.display().to_string());
    }

    /// Counts a file that failed, or gives the error back when the options do not pass over it.
    ///
    /// # Errors
    /// `error`.
    pub fn add(
        &mut self,
        path: impl AsRef<Path>,
        error: Error,
        options: &FileOptions,
    ) -> crate::Result<()> {
        let (path, ignore) = (path.as_ref().display(), options.ignore);
        match error.kind() {
            ErrorKind::Io if error.is_not_found() && ignore.missing => {
                self.missing.add(path.to_string());
            }
            ErrorKind::Corrupt if ignore.corrupt => {
                self.corrupt
                    .add(error.in_file(path.to_string()).to_string());
            }
            ErrorKind::Unsealed if ignore.unsealed => self.unsealed.add(path.to_string()),
            _ => return Err(error),
        }
        Ok(())
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().collect();
        f.write_str(&lines.join("; "))
    }
}
