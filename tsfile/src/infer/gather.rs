//! What the metadata of one file say about the columns of its tree devices.

use crate::Result;
use crate::model::{DataType, Form};
use crate::read::{DeviceRef, Limits, TsFileReader};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A type, and where it was seen first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) data_type: DataType,
    /// Path of the device.
    pub(crate) device: Arc<str>,
    pub(crate) place: Place,
}

/// A timeseries of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the device in the index.
    pub(crate) device: usize,
    /// Number of the timeseries in the device.
    pub(crate) series: usize,
}

/// Which column, in the order in which columns are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// In the wide form; the order of paths as strings would mix devices of which one is a prefix of another.
    pub(crate) device: Option<Arc<str>>,
    pub(crate) measurement: Arc<str>,
}

/// The types of one column in one file, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnFacts {
    pub(crate) key: Key,
    pub(crate) first: Seen,
    /// Other types, in the order in which they were seen.
    pub(crate) others: Vec<Seen>,
}

impl ColumnFacts {
    pub(super) fn new(key: Key, first: Seen) -> Self {
        let others = Vec::new();
        Self { key, first, others }
    }

    pub(crate) fn types(&self) -> impl Iterator<Item = &Seen> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn add(&mut self, seen: Seen) {
        if self.types().all(|s| s.data_type != seen.data_type) {
            self.others.push(seen);
        }
    }
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileFacts {
    pub(crate) file: String,
    /// Sorted by key. Empty also when the file has none of the devices: it says nothing then.
    pub(crate) columns: Vec<ColumnFacts>,
    pub(crate) devices: usize,
}

/// What a series says about the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// All that those of the same measurement and type in this file can say.
    All,
    /// Something about itself only.
    Own,
}

/// Visits every series of the devices at `positions`, but not one of a measurement and type that said all already.
pub(crate) fn each_series<'a>(
    reader: &'a TsFileReader,
    positions: &[u32],
    mut f: impl FnMut(DeviceRef<'a>, usize) -> Result<Said>,
) -> Result<()> {
    let index = reader.index()?;
    let mut settled = vec![false; index.kinds().count()];
    let mut unsettled = settled.len();
    // A timeseries of no kind has its own say.
    let has_kinds_only = index.has_kinds_only();
    for device in positions.iter().filter_map(|&p| index.device(p as usize)) {
        for k in usize::from(device.is_aligned())..device.series_count() {
            let kind = device.kind(k);
            if kind.is_some_and(|kind| settled.get(kind) == Some(&true)) {
                continue;
            }
            let said = f(device, k).map_err(|e| reader.in_file(e))?;
            if let Some(settled) = kind.and_then(|kind| settled.get_mut(kind)) {
                *settled = said == Said::All;
                unsettled -= usize::from(*settled);
            }
            if unsettled == 0 && has_kinds_only {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Paths of devices, each put together once for all its series.
#[derive(Default)]
pub(super) struct Paths {
    last: Option<(usize, Arc<str>)>,
}

impl Paths {
    pub(super) fn of(&mut self, device: DeviceRef<'_>) -> Arc<str> {
        match &self.last {
            Some((position, path)) if *position == device.position() => path.clone(),
            _ => {
                let path: Arc<str> = device.id().path().into();
                self.last = Some((device.position(), path.clone()));
                path
            }
        }
    }

    pub(super) fn seen(
        &mut self,
        device: DeviceRef<'_>,
        series: usize,
        data_type: DataType,
    ) -> Seen {
        Seen {
            data_type,
            device: self.of(device),
            place: Place {
                device: device.position(),
                series,
            },
        }
    }
}

/// The columns that the devices at `positions` make in the wide or the narrow form; of those, the `wanted`.
pub(crate) fn gather(
    reader: &TsFileReader,
    positions: &[u32],
    form: Form,
    wanted: Option<&HashSet<&str>>,
) -> Result<FileFacts> {
    let columns = if form == Form::Wide {
        wide(reader, positions, wanted)?
    } else {
        narrow(reader, positions, wanted)?
    };
    Ok(FileFacts {
        file: reader.name().to_string(),
        columns,
        devices: positions.len(),
    })
}

fn narrow(
    reader: &TsFileReader,
    positions: &[u32],
    wanted: Option<&HashSet<&str>>,
) -> Result<Vec<ColumnFacts>> {
    let mut columns: Vec<ColumnFacts> = Vec::new();
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    let mut paths = Paths::default();
    each_series(reader, positions, |device, k| {
        let series = device.series(k)?;
        if wanted.is_some_and(|w| !w.contains(series.measurement)) {
            return Ok(Said::All);
        }
        let data_type = series
            .data_type()
            .map_err(|e| e.device(device.id().path()))?;
        let known = of_name
            .get(series.measurement)
            .and_then(|&i| columns.get_mut(i));
        match known {
            Some(column) if column.types().any(|s| s.data_type == data_type) => {}
            Some(column) => column.add(paths.seen(device, k, data_type)),
            None => {
                of_name.insert(series.measurement, columns.len());
                let key = Key {
                    device: None,
                    measurement: series.measurement.into(),
                };
                columns.push(ColumnFacts::new(key, paths.seen(device, k, data_type)));
            }
        }
        Ok(Said::All)
    })?;
    columns.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(columns)
}

fn wide(
    reader: &TsFileReader,
    positions: &[u32],
    wanted: Option<&HashSet<&str>>,
) -> Result<Vec<ColumnFacts>> {
    let mut columns: Vec<ColumnFacts> = Vec::new();
    let mut paths = Paths::default();
    let (mut name_bytes, allowed) = (0, reader.limits().name_bytes);
    each_series(reader, positions, |device, k| {
        let series = device.series(k)?;
        let path = paths.of(device);
        // Each name has the device's path in it: a long path would be there once for every series.
        name_bytes += (path.len() + series.measurement.len()) as u64;
        Limits::check(
            name_bytes,
            allowed,
            "schema",
            "the names of the timeseries are too long together for one column each",
        )?;
        let is_wanted = wanted.is_none_or(|w| {
            w.contains(series.measurement)
                || w.contains(format!("{path}.{}", series.measurement).as_str())
        });
        if is_wanted {
            let data_type = series.data_type().map_err(|e| e.device(&*path))?;
            let key = Key {
                device: Some(path),
                measurement: series.measurement.into(),
            };
            columns.push(ColumnFacts::new(key, paths.seen(device, k, data_type)));
        }
        Ok(Said::Own)
    })?;
    columns.sort_by(|a, b| a.key.cmp(&b.key));
    // Two spellings of a device have one path.
    columns.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same {
            kept.add(next.first.clone());
        }
        same
    });
    Ok(columns)
}
