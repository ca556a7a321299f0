//! The files that a command line means by files, directories and patterns, and what of them is passed over.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tsfile::TsFileReader;
use tsfile::scan::{FileOptions, Skipped, discover};

use crate::args::OpenArgs;
use crate::exit::{self, Outcome};

/// Files, to be opened one after the other or side by side.
#[derive(Debug)]
pub struct Inputs {
    /// In the order of the arguments, those of one directory or pattern by path.
    pub files: Vec<PathBuf>,
    options: FileOptions,
    skipped: Skipped,
}

impl Inputs {
    /// Looks for the files; `-` and what is simply not there stay as they are, for whoever opens them.
    ///
    /// # Errors
    /// Input, when a directory or a pattern leads to nothing, unless that is to be ignored.
    pub fn find(paths: &[PathBuf], args: &OpenArgs) -> Outcome<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let options = FileOptions::new()
            .with_read(args.library())
            .with_threads(threads)
            .with_ignore_missing(args.ignore_missing)
            .with_ignore_corrupt(args.ignore_corrupt)
            .with_ignore_unsealed(args.ignore_unsealed);
        let mut inputs = Self {
            files: Vec::new(),
            options,
            skipped: Skipped::default(),
        };
        let mut seen = HashSet::new();
        for path in paths {
            let text = path.to_string_lossy();
            let exists = path.exists();
            let is_asked_for = if exists {
                path.is_dir()
            } else {
                text != "-" && (args.ignore_missing || text.contains(['*', '?', '[']))
            };
            if !is_asked_for {
                seen.insert(path.clone());
                inputs.files.push(path.clone());
                continue;
            }
            let found = discover(&[path], &inputs.options)?;
            inputs.skipped.join(found.skipped);
            let new = found.files.into_iter().filter(|f| seen.insert(f.clone()));
            inputs.files.extend(new);
        }
        Ok(inputs)
    }

    /// How they are opened.
    pub fn options(&self) -> &FileOptions {
        &self.options
    }

    /// Opens one of them; `None` when it is passed over.
    ///
    /// # Errors
    /// As [`TsFileReader::open`].
    pub fn open(&mut self, path: &Path) -> tsfile::Result<Option<TsFileReader>> {
        self.options.open(path, &mut self.skipped)
    }

    /// Adds what was passed over elsewhere.
    pub fn skip(&mut self, skipped: Skipped) {
        self.skipped.join(skipped);
    }

    /// Says on stderr what was passed over.
    pub fn say_skipped(&self) {
        for line in self.skipped.lines() {
            exit::say(format_args!("{line}"));
        }
    }
}
