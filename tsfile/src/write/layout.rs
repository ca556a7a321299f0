//! What the columns of batches are for.

use crate::model::Form;

/// The form of batches, and the columns that are no measurements.
///
/// ```
/// use tsfile::write::Layout;
///
/// let layout = Layout::default().with_table("weather").with_tags(["city", "station"]);
/// let narrow = Layout::default().with_device_column("machine").with_aligned(false);
/// # let _ = (layout, narrow);
/// ```
#[derive(Debug, Clone)]
pub struct Layout {
    pub(super) form: Option<Form>,
    pub(super) table: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) time_column: String,
    pub(super) device_column: String,
    pub(super) aligned: bool,
    pub(super) every_column: bool,
    pub(super) any_path: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            form: None,
            table: None,
            tags: None,
            time_column: "time".to_string(),
            device_column: "device_name".to_string(),
            aligned: true,
            every_column: false,
            any_path: false,
        }
    }
}

impl Layout {
    /// The form of the batches. Unless set: table when a table or tags are given, else narrow when there is a device column, else wide.
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// The table that the rows belong to. Stored in lower case, as both references do.
    #[must_use]
    pub fn with_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// The tag columns of the table, in the order of a device's segments. None at all is an explicit empty list. Tags are text; integers and
    /// booleans stand for their usual text.
    #[must_use]
    pub fn with_tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// Name of the time column; `time` unless set.
    #[must_use]
    pub fn with_time_column(mut self, name: impl Into<String>) -> Self {
        self.time_column = name.into();
        self
    }

    /// Name of the device column of the narrow form; `device_name` unless set.
    #[must_use]
    pub fn with_device_column(mut self, name: impl Into<String>) -> Self {
        self.device_column = name.into();
        self
    }

    /// Whether tree devices get one time column for all measurements, and nulls by bitmap; true unless set. Tables are always aligned.
    #[must_use]
    pub fn with_aligned(mut self, aligned: bool) -> Self {
        self.aligned = aligned;
        self
    }

    /// Whether, in the form narrow, every aligned device has every column, be it null in all its rows; false unless set: then a device has the
    /// columns that it has a value in.
    #[must_use]
    pub fn with_every_column(mut self, every_column: bool) -> Self {
        self.every_column = every_column;
        self
    }

    /// Whether tree devices may be called other than below `root`, as in files that exist; false unless set, as IoTDB takes such a device for one
    /// of a table.
    #[must_use]
    pub fn with_any_path(mut self, any_path: bool) -> Self {
        self.any_path = any_path;
        self
    }
}
