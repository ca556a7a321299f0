//! Devices whose timeseries have one chunk each, of which statistics say all: a fast path of [`device`](super::device).
//!
//! Files of very many small devices are full of them. Whatever is unusual is left to the general way, which gives the same summaries and says
//! what is wrong.

use super::aggregate::Part;
use super::decode::Decoder;
use super::spans::{Times, within};
use super::tell::doubt_whole;
use super::{Aggregates, RowSummary, SeriesSummary, SummaryRequest, SummarySource};
use crate::Result;
use crate::model::Statistics;
use crate::read::{DeviceRef, touches};
use crate::scan::devices::Destination;

/// The series and rows of `device`; `None` when it is not as simple as that.
pub(super) fn sum_up(
    device: DeviceRef<'_>,
    request: &SummaryRequest,
    by_kind: &[Destination],
    decoder: &mut Decoder,
) -> Result<Option<(Vec<SeriesSummary>, Option<RowSummary>)>> {
    let aligned = device.is_aligned();
    let time = match aligned {
        true => device.single_chunk(0),
        false => None,
    };
    if time.is_none() && (aligned || request.rows) {
        return Ok(None);
    }
    let rows = match time.as_ref().filter(|_| request.rows) {
        Some((_, statistics, _)) => match place(statistics, request.range) {
            Place::Cut => return Ok(None),
            Place::Outside => Some(Part::default()),
            Place::Inside => Some(Part::counted(statistics)),
        },
        None => None,
    };
    let first_offset = time.map(|(_, _, offset)| offset);
    let mut found: Vec<SeriesSummary> = Vec::with_capacity(device.series_count());
    for k in usize::from(aligned)..device.series_count() {
        let Some((column, measurement)) = device.kind(k).and_then(|kind| by_kind.get(kind)) else {
            return Ok(None);
        };
        if column.is_none() {
            continue;
        }
        // A name twice is one series.
        let ascends = found.last().is_none_or(|s| s.measurement < *measurement);
        let Some((data_type, statistics, offset)) = device.single_chunk(k).filter(|_| ascends)
        else {
            return Ok(None);
        };
        if first_offset.is_some_and(|time| time >= offset) {
            return Ok(None);
        }
        let inside = match place(&statistics, request.range) {
            Place::Cut => return Ok(None),
            Place::Outside => false,
            Place::Inside => true,
        };
        let values = match inside && request.values {
            true => {
                let doubt = doubt_whole(&statistics, offset, data_type, decoder);
                if doubt.map_err(|e| e.measurement(&**measurement))?.is_some() {
                    return Ok(None);
                }
                Aggregates::of_statistics(&statistics, data_type)
            }
            false => Aggregates::default(),
        };
        found.push(SeriesSummary {
            measurement: measurement.clone(),
            data_type,
            count: if inside { statistics.count } else { 0 },
            times: statistics.time_range().filter(|_| inside),
            values,
            source: SummarySource::Statistics,
        });
    }
    if found.is_empty() {
        // Perhaps nothing of it is wanted.
        return Ok(None);
    }
    let rows = rows.map(|rows| RowSummary {
        count: rows.count,
        times: rows.times,
        source: SummarySource::Statistics,
    });
    Ok(Some((found, rows)))
}

/// How a chunk lies to the time range.
enum Place {
    Inside,
    /// Or it has no point.
    Outside,
    Cut,
}

fn place(statistics: &Statistics, range: Times) -> Place {
    match statistics.time_range() {
        Some(times) if within(times, &[range]) => Place::Inside,
        Some((first, last)) if touches(&[range], first, last) => Place::Cut,
        _ => Place::Outside,
    }
}
