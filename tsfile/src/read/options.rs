//! How a file is opened, and the limits that protect against files that lie.

/// Options of [`TsFileReader::open`](super::TsFileReader::open).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    pub(crate) recover: bool,
    pub(crate) ignore_mods: bool,
    pub(crate) max_page_bytes: usize,
    pub(crate) max_page_points: usize,
    pub(crate) max_rows_bytes: usize,
    pub(crate) max_metadata_bytes: usize,
    pub(crate) trusted: bool,
}

/// Default of [`ReadOptions::with_max_page_bytes`]: 200 MiB.
pub const DEFAULT_MAX_PAGE_BYTES: usize = 200 << 20;
/// Default of [`ReadOptions::with_max_page_points`]: 16 Mi.
pub const DEFAULT_MAX_PAGE_POINTS: usize = 16 << 20;
/// Default of [`ReadOptions::with_max_metadata_bytes`]: 1 GiB.
pub const DEFAULT_MAX_METADATA_BYTES: usize = 1 << 30;

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            recover: false,
            ignore_mods: false,
            max_page_bytes: DEFAULT_MAX_PAGE_BYTES,
            max_page_points: DEFAULT_MAX_PAGE_POINTS,
            max_rows_bytes: usize::MAX,
            max_metadata_bytes: DEFAULT_MAX_METADATA_BYTES,
            trusted: false,
        }
    }
}

impl ReadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file without a footer up to its last whole chunk group (default: false, an error).
    #[must_use]
    pub fn with_recover(mut self, recover: bool) -> Self {
        self.recover = recover;
        self
    }

    /// Reads a file although deletions lie beside it in `.mods` or `.mods2`: deleted rows reappear (default: false, an error).
    #[must_use]
    pub fn with_ignore_mods(mut self, ignore_mods: bool) -> Self {
        self.ignore_mods = ignore_mods;
        self
    }

    /// Refuses pages larger than this once decompressed (default: [`DEFAULT_MAX_PAGE_BYTES`]).
    #[must_use]
    pub fn with_max_page_bytes(mut self, bytes: usize) -> Self {
        self.max_page_bytes = bytes;
        self
    }

    /// Refuses pages that claim more points than this (default: [`DEFAULT_MAX_PAGE_POINTS`]); a small file may claim at most 1 Mi
    /// points or four for each of its bytes, whichever is more.
    #[must_use]
    pub fn with_max_page_points(mut self, points: usize) -> Self {
        self.max_page_points = points;
        self
    }

    /// Refuses pages whose decoded columns take more than this together (default: what the size of the file justifies, see
    /// [`Limits`](super::Limits)).
    #[must_use]
    pub fn with_max_rows_bytes(mut self, bytes: usize) -> Self {
        self.max_rows_bytes = bytes;
        self
    }

    /// Lifts the limits that follow from the size of the file, see [`Limits`](super::Limits): a small file may then take much memory and
    /// time (default: false). The limits of the other options hold all the same.
    #[must_use]
    pub fn with_trusted(mut self, trusted: bool) -> Self {
        self.trusted = trusted;
        self
    }

    /// Refuses a metadata section larger than this (default: [`DEFAULT_MAX_METADATA_BYTES`]).
    #[must_use]
    pub fn with_max_metadata_bytes(mut self, bytes: usize) -> Self {
        self.max_metadata_bytes = bytes;
        self
    }
}
