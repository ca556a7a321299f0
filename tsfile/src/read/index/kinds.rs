//! The few pairs of measurement and type that nearly all timeseries of a file have, numbered.

use super::is_time;
use crate::format::TimeseriesHead;
use crate::model::DataType;
use crate::wire::ByteReader;
use std::collections::HashMap;
use std::sync::Arc;

/// More pairs than this are not remembered: each has an owned name.
const MAX_KINDS: usize = if cfg!(fuzzing) { 2 } else { 4096 };
/// A timeseries whose pair has no number.
pub(super) const NO_KIND: u16 = u16::MAX;

/// A measurement and a type that some timeseries have.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) measurement: Arc<str>,
    pub(super) data_type_code: u8,
}

impl Kind {
    /// Whether the time columns of aligned devices are of this kind.
    pub(super) fn is_time(&self) -> bool {
        is_time(&self.measurement, self.data_type_code)
    }

    /// Passes over a timeseries of this kind; false when another comes.
    pub(super) fn skip(&self, reader: &mut ByteReader<'_>) -> bool {
        let data_type = DataType::try_from(self.data_type_code);
        data_type.is_ok_and(|t| TimeseriesHead::skip_expected(reader, &self.measurement, t))
    }
}

/// The pairs so far, by number, and the number of each timeseries.
#[derive(Default)]
pub(super) struct Kinds {
    pub(super) kinds: Vec<Kind>,
    pub(super) of_series: Vec<u16>,
    known: HashMap<(Arc<str>, u8), u16>,
    /// What comes next when this device has the series of the one before.
    next: usize,
    /// What the last device began with.
    first: usize,
    starting: bool,
}

impl Kinds {
    /// The next series is the first of its device.
    pub(super) fn start_device(&mut self) {
        self.next = self.first;
        self.starting = true;
    }

    /// What probably comes next.
    pub(super) fn expected(&self) -> Option<&Kind> {
        self.kinds.get(self.next)
    }

    /// The next series is as expected.
    pub(super) fn note_expected(&mut self) {
        self.push(self.next);
    }

    /// Numbers the next series.
    pub(super) fn note(&mut self, measurement: &str, data_type_code: u8) {
        let number = self.number(measurement, data_type_code);
        self.push(number);
    }

    /// Takes those of the timeseries that come next, which were numbered on their own.
    pub(super) fn append(&mut self, more: Self) {
        let numbers: Vec<u16> = more
            .kinds
            .iter()
            .map(|kind| self.number(&kind.measurement, kind.data_type_code))
            .map(|number| u16::try_from(number).unwrap_or(NO_KIND))
            .collect();
        let renumbered = more.of_series.iter().map(|&number| {
            let known = numbers.get(usize::from(number));
            known.copied().unwrap_or(NO_KIND)
        });
        self.of_series.extend(renumbered);
    }

    fn push(&mut self, number: usize) {
        if std::mem::take(&mut self.starting) {
            self.first = number;
        }
        self.next = number.saturating_add(1);
        self.of_series
            .push(u16::try_from(number).unwrap_or(NO_KIND));
    }

    fn number(&mut self, measurement: &str, data_type_code: u8) -> usize {
        let key = (Arc::<str>::from(measurement), data_type_code);
        if let Some(&number) = self.known.get(&key) {
            return usize::from(number);
        }
        let number = self.kinds.len();
        match u16::try_from(number) {
            Ok(short) if number < MAX_KINDS => {
                self.kinds.push(Kind {
                    measurement: key.0.clone(),
                    data_type_code,
                });
                self.known.insert(key, short);
                number
            }
            _ => usize::from(NO_KIND),
        }
    }
}
