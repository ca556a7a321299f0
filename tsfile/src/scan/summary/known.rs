//! What statistics alone say of devices, and why they do not say the rest.

use super::aggregate::Part;
use super::decode::Decoder;
use super::device::touching;
use super::parts::{Others, Parts};
use super::spans::{Times, each_group, hull, within};
use super::tell::{Asked, Refusal, RowChunk, Told, row_chunks, tell, tell_rows};
use super::{Aggregates, DataType};
use crate::Result;
use crate::read::{DeviceRef, SeriesRef, TsFileReader};
use crate::scan::devices::Destination;

/// Looks up statistics of the devices of one file, of one or of several at a time. No page is decoded.
#[derive(Debug)]
pub(in crate::scan) struct Known {
    decoder: Decoder,
    parts: Parts,
    /// Columns and their series.
    columns: Vec<(usize, usize)>,
    chunks: Vec<(Times, usize)>,
    rows: Vec<(Times, RowChunk)>,
}

/// Which rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::scan) enum Existing {
    /// All of the device.
    All,
    /// Those in which a series has a value, wanted or not.
    Present,
    /// Those in which a series has a value that is wanted.
    Wanted,
}

/// What is known of a column.
#[derive(Debug)]
pub(in crate::scan) struct KnownColumn {
    pub(in crate::scan) data_type: DataType,
    pub(in crate::scan) count: u64,
    pub(in crate::scan) times: Option<Times>,
    pub(in crate::scan) values: Aggregates,
    /// Why nothing of it is sure.
    pub(in crate::scan) refused: Option<Refusal>,
    /// Why the values are not sure.
    pub(in crate::scan) doubted: Option<Refusal>,
}

/// What is known of rows.
#[derive(Debug)]
pub(in crate::scan) struct KnownRows {
    pub(in crate::scan) count: std::result::Result<u64, Refusal>,
    pub(in crate::scan) times: std::result::Result<Option<Times>, Refusal>,
}

impl Known {
    pub(in crate::scan) fn new(reader: &TsFileReader) -> Self {
        Self {
            decoder: Decoder::new(reader.clone(), (i64::MIN, i64::MAX), true),
            parts: Parts::default(),
            columns: Vec::new(),
            chunks: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Forgets the devices that were added.
    pub(in crate::scan) fn clear(&mut self) {
        self.parts.clear();
    }

    /// Adds what is one device; `wanted` says which column a series is.
    pub(in crate::scan) fn add(
        &mut self,
        devices: &[DeviceRef<'_>],
        wanted: &dyn Fn(&SeriesRef<'_>) -> Destination,
        existing: Existing,
    ) -> Result<()> {
        let others = match existing {
            Existing::All => Others::Plain,
            Existing::Present => Others::All,
            Existing::Wanted => Others::None,
        };
        self.parts.add(devices, wanted, others)
    }

    /// Tells of each column that a device has in the ascending `ranges` of time.
    pub(in crate::scan) fn columns(
        &mut self,
        ranges: &[Times],
        mut each: impl FnMut(usize, KnownColumn),
    ) -> Result<()> {
        let Self {
            decoder,
            parts,
            columns,
            chunks,
            ..
        } = self;
        let asked = Asked {
            ranges,
            values: true,
        };
        columns.clear();
        let series = parts.series.iter().enumerate();
        columns.extend(series.filter_map(|(i, s)| Some((s.column?, i))));
        columns.sort_unstable();
        for same in columns.chunk_by(|a, b| a.0 == b.0) {
            chunks.clear();
            let (mut refused, mut doubted) = (None, None);
            let (mut part, mut data_type) = (Part::default(), DataType::Vector);
            for series in same.iter().filter_map(|(_, i)| parts.series.get(*i)) {
                touching(parts, series.chunks.clone(), ranges, chunks);
                data_type = series.data_type;
            }
            each_group(chunks, |group| {
                match tell(parts, group, asked, decoder)? {
                    Told::All(told) => part.add(told),
                    Told::But(told, cut) => {
                        part.add(told);
                        refused = refused.or((!cut.is_empty()).then_some(Refusal::Cut));
                    }
                    Told::Counted(told, why) => {
                        part.add(told);
                        doubted = doubted.or(Some(why));
                    }
                    Told::Nothing(why) => refused = refused.or(Some(why)),
                }
                Ok(())
            })?;
            let known = KnownColumn {
                data_type,
                count: part.count,
                times: part.times,
                values: part.values,
                refused,
                doubted,
            };
            if let Some((column, _)) = same.first() {
                each(*column, known);
            }
        }
        Ok(())
    }

    /// Tells of the rows in the ascending `ranges` of time.
    pub(in crate::scan) fn rows(
        &mut self,
        ranges: &[Times],
        existing: Existing,
    ) -> Result<KnownRows> {
        let Self {
            decoder,
            parts,
            rows,
            ..
        } = self;
        row_chunks(parts, ranges, existing != Existing::All, rows);
        let mut known = Part::default();
        let (mut count, mut times, mut span) = (None, None, None);
        each_group(rows, |group| {
            let why = match tell_rows(parts, group, ranges, decoder)? {
                Told::All(told) | Told::Counted(told, _) => {
                    span = hull(span, told.times);
                    known.add(told);
                    return Ok(());
                }
                Told::But(told, cut) if cut.is_empty() => {
                    span = hull(span, told.times);
                    known.add(told);
                    return Ok(());
                }
                Told::But(..) => Refusal::Cut,
                Told::Nothing(why) => why,
            };
            count = count.or(Some(why));
            // There is a row where any of them begins, and where any of them ends.
            match group.iter().all(|(t, _)| within(*t, ranges)) && why != Refusal::NoStatistics {
                true => span = group.iter().fold(span, |a, (t, _)| hull(a, Some(*t))),
                false => times = times.or(Some(why)),
            }
            Ok(())
        })?;
        Ok(KnownRows {
            count: count.map_or(Ok(known.count), Err),
            times: times.map_or(Ok(span), Err),
        })
    }
}
