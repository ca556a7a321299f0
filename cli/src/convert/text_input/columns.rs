//! What becomes of the columns of a text file. The type of a column is that of all its cells. But what the first
//! [`SAMPLE_ROWS`] rows agree on is settled: a column of numbers does not become text because of one word in row
//! 1,000,000; that word does not fit. Numbers and instants may still turn out to be wider or finer.

use std::collections::HashMap;

use arrow_schema::{Field, TimeUnit};
use tsfile::model::{Instant, Zone};

use super::Quoting;
use super::args::ColumnType;
use super::instants;
use super::kinds::Kind;
use super::options::TextOptions;
use super::values::{Reading, shown};
use crate::exit;

/// Rows that settle whether a column is text.
pub(super) const SAMPLE_ROWS: u64 = 1000;
/// Columns that stderr speaks of.
const MAX_HINTS: usize = 3;

/// A column, as far as its cells were seen.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    given: Option<ColumnType>,
    /// The unit that was given, of the time column.
    unit: Option<TimeUnit>,
    is_time: bool,
    /// Whether a null is an error.
    required: bool,
    kind: Kind,
    settled: bool,
    /// The cell that made text of something else: line, cell, and the type before.
    turned: Option<(u64, String, ColumnType)>,
    /// The first cell, when it would be an instant if it had a zone.
    zoneless: Option<String>,
    is_empty: bool,
}

impl Column {
    pub(super) fn new(name: &str, options: &TextOptions) -> Self {
        let is_time = name == options.time;
        Self {
            name: name.to_owned(),
            given: options.given(name),
            unit: is_time.then_some(options.time_unit).flatten(),
            is_time,
            required: is_time && options.exact,
            kind: Kind::Unknown,
            settled: false,
            turned: None,
            zoneless: None,
            is_empty: true,
        }
    }

    /// Takes in a cell; an error is why it cannot belong to the column.
    pub(super) fn see(
        &mut self,
        text: &str,
        quoting: Quoting,
        line: u64,
        zone: Option<Zone>,
    ) -> Result<(), String> {
        if self.required && quoting == Quoting::Null {
            return Err("a row without a time".to_owned());
        }
        if self.kind == Kind::Text || quoting == Quoting::Null {
            return Ok(());
        }
        if self.given.is_some() {
            let reading = self.reading(zone);
            if !reading.takes(text, quoting) {
                return Err(reading.misfit(text));
            }
            if reading.kind == ColumnType::Timestamp {
                self.check_unit(text, zone)?;
                let joined = Kind::instant(text, zone).map(|seen| self.kind.join(seen));
                self.kind = joined.filter(|k| *k != Kind::Text).unwrap_or(self.kind);
            }
            return Ok(());
        }
        let seen = Kind::of(text, quoting, zone);
        let joined = self.kind.join(seen);
        if self.is_empty {
            self.is_empty = false;
            let assumed = || Instant::parse(text, Some(Zone::UTC)).is_some();
            if seen == Kind::Text && assumed() {
                self.zoneless = Some(text.to_owned());
            }
        }
        if joined == Kind::Text && self.kind != Kind::Unknown {
            let before = self.kind.column_type().0;
            let is_time =
                self.is_time && matches!(before, ColumnType::Int64 | ColumnType::Timestamp);
            if self.settled || is_time {
                return Err(format!(
                    "{} is no {}, unlike the rows before",
                    shown(text),
                    before.name()
                ));
            }
            self.turned = Some((line, text.to_owned(), before));
        }
        if matches!(joined, Kind::Instant { .. }) {
            self.check_unit(text, zone)?;
        }
        self.kind = joined;
        Ok(())
    }

    /// An instant has to be a whole number of the unit that was given.
    fn check_unit(&self, text: &str, zone: Option<Zone>) -> Result<(), String> {
        let fits =
            |unit| Instant::parse(text, zone).is_none_or(|i| instants::count(i, unit).is_some());
        if self.unit.is_none_or(fits) {
            return Ok(());
        }
        let kind = ColumnType::Timestamp;
        let reading = Reading {
            kind,
            ..self.reading(zone)
        };
        Err(reading.misfit(text))
    }

    /// From here on it does not become text.
    pub(super) fn settle(&mut self) {
        self.settled = !matches!(self.kind, Kind::Unknown | Kind::Text);
    }

    /// How its cells are read.
    pub(super) fn reading(&self, zone: Option<Zone>) -> Reading {
        let (inferred, unit) = self.kind.column_type();
        Reading {
            kind: self.given.unwrap_or(inferred),
            unit: self.unit.unwrap_or(unit),
            zone,
            lenient: self.given.is_some(),
        }
    }

    /// It in Arrow's terms; what a TsFile calls TEXT says so.
    pub(super) fn field(&self) -> Field {
        let Reading { kind, unit, .. } = self.reading(None);
        let field = Field::new(&self.name, kind.arrow(unit), true);
        if kind == ColumnType::Text {
            let says_so = [("tsfile.type".to_owned(), kind.name().to_owned())];
            return field.with_metadata(HashMap::from(says_so));
        }
        field
    }

    /// Whether its type was chosen by its cells.
    pub(super) fn is_inferred(&self) -> bool {
        self.given.is_none()
    }

    /// Widens the types of both so that they agree.
    pub(super) fn unify(&mut self, other: &mut Self) {
        self.kind = self.kind.join(other.kind);
        other.kind = self.kind;
    }
}

/// Tells of columns that are text and might be meant to be something else.
pub(super) fn hint(file: &str, columns: &[Column]) {
    let mut said = 0;
    for column in columns {
        let name = &column.name;
        if said == MAX_HINTS {
            return;
        }
        if let Some(cell) = column
            .zoneless
            .as_ref()
            .filter(|_| column.kind == Kind::Text)
        {
            exit::say(format_args!(
                "{file}: column {name} is text: {} names no zone (--tz UTC or --tz +02:00 would)",
                shown(cell)
            ));
            said += 1;
        } else if let Some((line, cell, before)) = &column.turned {
            exit::say(format_args!(
                "{file}: column {name} is text: line {line} holds {} after {} cells (--types {name}=TYPE decides)",
                shown(cell),
                before.name()
            ));
            said += 1;
        }
    }
}
