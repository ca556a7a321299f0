//! Plans whose rows are known without testing any: all that some devices have in one stretch of time.

use super::plan::ScanPlan;
use crate::Result;
use crate::filter::Predicate;
use crate::model::DeviceId;
use std::collections::HashSet;

/// First and last time, both inclusive.
pub type Times = (i64, i64);

impl ScanPlan {
    /// The devices, and the first and last time, when the rows of this plan are all rows that these have there: its filter asks for nothing
    /// else, and for the same times of all devices. `None` otherwise. Offset and limit do not count.
    ///
    /// Summaries of these devices and times are those of the rows, see [`summarize`](super::summarize).
    ///
    /// # Errors
    /// The index of a file cannot be read.
    pub fn devices_and_times(&self) -> Result<Option<(HashSet<DeviceId>, Times)>> {
        let mut devices = HashSet::new();
        for work in self.files.iter() {
            let index = work.reader.index()?;
            let found = work.devices.positions.iter();
            devices.extend(found.filter_map(|&p| Some(index.device(p as usize)?.id().clone())));
        }
        let range = self.shared.request.range;
        if devices.is_empty() {
            return Ok(Some((devices, range)));
        }
        let [branch] = self.shared.branches.as_slice() else {
            return Ok(None);
        };
        let spans = branch.times.spans();
        Ok(match (spans.as_slice(), branch.residual.as_ref()) {
            ([(first, last)], Predicate::Always) => {
                Some((devices, (range.0.max(*first), range.1.min(*last))))
            }
            _ => None,
        })
    }
}
