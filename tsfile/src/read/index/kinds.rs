//! The few pairs of measurement and type that nearly all timeseries of a file have, numbered.

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

    /// The measurement that probably comes next.
    pub(super) fn expected(&self) -> Option<Arc<str>> {
        self.kinds.get(self.next).map(|k| k.measurement.clone())
    }

    /// Numbers the next series.
    pub(super) fn note(&mut self, measurement: &str, data_type_code: u8) {
        let expected = self.kinds.get(self.next);
        let is_expected = expected
            .is_some_and(|k| k.data_type_code == data_type_code && *k.measurement == *measurement);
        let number = if is_expected {
            self.next
        } else {
            self.number(measurement, data_type_code)
        };
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
