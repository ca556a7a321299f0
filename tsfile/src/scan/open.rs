//! The file that is being read: device after device, each as a merge of its chunks.

use super::devices::{Destination, Target, sources};
use super::late::DeviceRows;
use super::plan::{FileWork, Shared};
use super::prune::{chunks, possible};
use super::request::Rows;
use super::slice::RowSlice;
use crate::Result;
use crate::filter::{Cut, Predicate, Ranges, Test};
use crate::model::{DeviceId, Form};
use crate::read::buffers::Buffers;
use crate::read::context::SourceContext;
use crate::read::plan::{ChunkAt, SourcePlan};
use crate::read::select::RowTest;
use crate::read::touches;
use crate::read::{Limits, SeriesRef};
use std::collections::HashMap;
use std::sync::Arc;

/// The file that is being read.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) work: FileWork,
    next: usize,
    pub(super) context: SourceContext,
    /// Columns of measurements, of the narrow and the table form.
    columns: HashMap<String, usize>,
    /// The same by the kinds of series in the index: looking up names costs more than reading a short chunk.
    by_kind: Vec<Destination>,
    pub(super) rows: Option<DeviceRows>,
    /// Position in the index of the device at hand.
    device: Option<usize>,
    /// Those of all devices at hand: one that the index has twice, or in the wide form all of them.
    run: Vec<u32>,
    pub(super) name: Arc<str>,
    /// What its rows have to pass.
    pub(super) test: Option<RowTest>,
    /// Whether they pass only with a value of a column that is tested.
    late: bool,
    /// The last test with times in it, and the branch that it was made for.
    made: Option<(usize, Arc<Predicate>)>,
    /// Where names are put together.
    path: String,
    /// Bytes of device names in all rows so far.
    name_bytes: u64,
    /// Cells of all rows so far, nulls included.
    cells: u64,
}

/// Decoded series at a time share this much for the compressed bytes they have fetched.
const FETCHED_BYTES: usize = 16 << 20;
/// Least and most of one chunk that is fetched at a time.
const PIECE_BYTES: (usize, usize) = if cfg!(fuzzing) {
    (64, 64)
} else {
    (4 << 10, 256 << 10)
};

/// How much of a chunk is fetched at a time when `series` are read side by side.
pub(super) fn piece_bytes(series: usize) -> Option<usize> {
    Some((FETCHED_BYTES / series.max(1)).clamp(PIECE_BYTES.0, PIECE_BYTES.1))
}

impl OpenFile {
    /// Opens it in memory that was used before.
    pub(super) fn new(shared: &Shared, work: FileWork, buffers: Buffers) -> Result<Self> {
        let mut context = SourceContext::with_buffers(work.reader.clone(), work.slice, buffers);
        context.want_keys(shared.request.has_keys());
        if shared.columns.form != Form::Wide && !shared.fetches(&work) {
            context.window.want_up_to(wanted_end(&work));
        }
        let mut open = Self {
            work,
            next: 0,
            context,
            columns: HashMap::new(),
            by_kind: Vec::new(),
            rows: None,
            device: None,
            run: Vec::new(),
            name: "".into(),
            test: None,
            late: false,
            made: None,
            path: String::new(),
            name_bytes: 0,
            cells: 0,
        };
        if shared.columns.form != Form::Wide {
            let named = shared.values.iter().enumerate();
            open.columns = named.map(|(i, v)| (v.name.clone(), i)).collect();
            let kinds = open.work.reader.index()?.kinds();
            // Names of its own: threads that count how often the same one is used would wait for each other.
            open.by_kind = kinds
                .map(|m| (open.columns.get(&**m).copied(), Arc::from(&**m)))
                .collect();
        }
        Ok(open)
    }

    /// The device at hand; none in the wide form.
    pub(super) fn device(&self) -> Result<Option<&DeviceId>> {
        let index = self.work.reader.index()?;
        let device = self.device.and_then(|position| index.device(position));
        Ok(device.map(|d| d.id()))
    }

    /// How many devices come behind the one at hand; in the wide form all are at hand.
    pub(super) fn devices_left(&self) -> usize {
        let of = &self.work.devices.positions;
        of.len().saturating_sub(self.next.max(self.run.len()))
    }

    /// All sources of all devices at once.
    fn wide(&mut self, shared: &Shared) -> Result<Option<Vec<SourcePlan>>> {
        let reader = self.work.reader.clone();
        let index = reader.index()?;
        self.context.piece = piece_bytes(index.series_count());
        let first = self.next == 0;
        let Some(branch) = shared.branches.first().filter(|_| first) else {
            return Ok(None);
        };
        self.next = 1;
        let by_path: HashMap<(&str, usize), usize> = shared
            .values
            .iter()
            .enumerate()
            .map(|(i, v)| ((v.name.as_str(), v.measurement_bytes), i))
            .collect();
        let mut plans: Vec<SourcePlan> = Vec::new();
        for device in self
            .work
            .devices
            .positions
            .iter()
            .filter_map(|&p| index.device(p as usize))
        {
            let path: Arc<str> = device.id().path().into();
            let destination = |series: &SeriesRef<'_>| -> Destination {
                let full = format!("{path}.{}", series.measurement);
                let column = by_path.get(&(full.as_str(), series.measurement.len()));
                (column.copied(), series.measurement.into())
            };
            let target = Target {
                form: Form::Wide,
                rows: shared.request.rows,
                siblings: shared.needs_siblings(&branch.residual),
                destination: &destination,
            };
            sources(device, &path, &target, &mut plans)?;
        }
        self.prepare(shared, &mut plans, Some(0), &branch.times, &branch.residual)?;
        self.run.clone_from(&self.work.devices.positions);
        Ok(Some(plans))
    }

    /// Goes on to the next device, or in the wide form to all of them; false when there is none.
    pub(super) fn next_device(&mut self, shared: &Shared, slice: &mut RowSlice) -> Result<bool> {
        let Some(mut plans) = self.next_plans(shared)? else {
            return Ok(false);
        };
        if self.test.is_none() && shared.columns.form != Form::Wide {
            slice.drop_plans(&mut plans, self.context.range);
        }
        self.read_ahead(shared, &plans)?;
        let (test, late) = (self.test.as_ref(), self.late);
        self.rows = Some(DeviceRows::new(&mut self.context, plans, test, late));
        Ok(true)
    }

    /// What is read of the next device, or in the wide form of all of them.
    pub(super) fn next_plans(&mut self, shared: &Shared) -> Result<Option<Vec<SourcePlan>>> {
        if shared.columns.form == Form::Wide {
            return self.wide(shared);
        }
        let index = self.work.reader.index()?;
        let run = self.work.devices.run(index, self.next);
        let Some(device) = run.first().and_then(|&p| index.device(p as usize)) else {
            return Ok(None);
        };
        let number = self.work.devices.branch(self.next);
        let Some(branch) = shared.branches.get(number) else {
            return Ok(None);
        };
        self.path.clear();
        device.id().write_path(&mut self.path);
        let own_residual;
        let (times, residual) = match &shared.filter {
            Some(filter) if branch.keyed => {
                let own = filter.of_device(&branch.residual, device.id(), &self.path);
                let (times, residual) = own.split_times(filter.time());
                own_residual = Arc::new(residual);
                (branch.times.intersect(&times), &own_residual)
            }
            _ => (branch.times.clone(), &branch.residual),
        };
        let destination = |series: &SeriesRef<'_>| -> Destination {
            let known = series.kind.and_then(|kind| self.by_kind.get(kind));
            known.cloned().unwrap_or_else(|| {
                let column = self.columns.get(series.measurement);
                (column.copied(), series.measurement.into())
            })
        };
        let target = Target {
            form: shared.columns.form,
            rows: shared.request.rows,
            siblings: shared.needs_siblings(residual),
            destination: &destination,
        };
        let name: Arc<str> = self.path.as_str().into();
        let mut plans = Vec::new();
        for same in run.iter().filter_map(|&p| index.device(p as usize)) {
            sources(same, &name, &target, &mut plans)?;
        }
        let (series, devices) = (device.series_count(), run.to_vec());
        self.device = Some(device.position());
        self.name = name;
        self.context.piece = piece_bytes(series);
        self.next += devices.len();
        self.run = devices;
        let number = (!branch.keyed).then_some(number);
        self.prepare(shared, &mut plans, number, &times, residual)?;
        Ok(Some(plans))
    }

    /// Fetches the chunks of `plans`, which are all that is read of the devices at hand, in few requests: where little of the file is
    /// read. What is read from its beginning to its end is read ahead anyway.
    fn read_ahead(&mut self, shared: &Shared, plans: &[SourcePlan]) -> Result<()> {
        if !shared.fetches(&self.work) {
            return Ok(());
        }
        let index = self.work.reader.index()?;
        let positions = self.run.iter();
        let devices = positions.filter_map(|&p| index.device(p as usize));
        let devices: Vec<_> = devices.collect();
        self.context.prefetch(&devices, plans)
    }

    /// Sets the times that are read of a device, of `times`, and what its rows have to pass, and drops the chunks that have none of those times.
    fn prepare(
        &mut self,
        shared: &Shared,
        plans: &mut Vec<SourcePlan>,
        number: Option<usize>,
        times: &Ranges<i64>,
        residual: &Arc<Predicate>,
    ) -> Result<()> {
        self.late = shared.rejects_nulls(residual);
        let (first, last) = self.work.slice;
        let slice = Ranges::between(Cut::Before(first), Cut::After(last));
        let times = times.intersect(&slice);
        let asked = times.spans();
        let before = chunks(plans);
        let mut spans = asked.clone();
        if **residual != Predicate::Always {
            retain(plans, &spans);
            let possible = possible(shared, &mut self.context, plans, residual)?;
            spans = times.intersect(&possible).spans();
        }
        retain(plans, &spans);
        self.context.counters.chunks_skipped += before - chunks(plans);
        self.context.range = match (spans.first(), spans.last()) {
            (Some((first, _)), Some((_, last))) => (*first, *last),
            // No time at all.
            _ => (i64::MAX, i64::MIN),
        };
        self.context.spans = spans;
        let predicate = match &shared.filter {
            // Pages between the stretches are passed over, rows are not.
            Some(filter) if asked.len() > 1 => {
                let known = self.made.take().filter(|(of, _)| Some(*of) == number);
                let made = known.map_or_else(
                    || {
                        let column = filter.time();
                        let test = Test::Numbers(times);
                        let at = Predicate::Test { column, test };
                        Arc::new(Predicate::all([at, (**residual).clone()]))
                    },
                    |(_, made)| made,
                );
                self.made = number.map(|number| (number, made.clone()));
                Some(made)
            }
            _ => (**residual != Predicate::Always).then(|| residual.clone()),
        };
        self.test = predicate.map(|predicate| RowTest {
            predicate,
            columns: shared.tested.clone(),
        });
        Ok(())
    }

    /// Counts `rows` rows that were made, and refuses more than the size of the file justifies.
    pub(super) fn count_rows(&mut self, rows: usize, columns: usize) -> Result<()> {
        let limits = self.work.reader.limits();
        // A long name in a million rows is as much work as a page that expands.
        let bytes = (rows as u64).saturating_mul(self.name.len() as u64);
        self.name_bytes = self.name_bytes.saturating_add(bytes);
        Limits::check(
            self.name_bytes,
            limits.decompressed_bytes,
            "column",
            "the device names in all rows are longer than the size of the file justifies",
        )?;
        let cells = (rows as u64).saturating_mul(columns as u64);
        self.cells = self.cells.saturating_add(cells);
        Limits::check(
            self.cells,
            limits.cells,
            "column",
            "the rows of the file have more cells than its size justifies",
        )
    }
}

/// Where what is read of a file ends, as far as the chunks of the last device tell, and of the device that follows in the index. What is wrong with
/// these is said when they are read: others may come before them.
fn wanted_end(work: &FileWork) -> Option<u64> {
    let index = work.reader.index().ok()?;
    let last = *work.devices.positions.last()? as usize;
    let (mut wanted, mut others) = (0, Vec::new());
    let device = index.device(last)?;
    for k in 0..device.series_count() {
        let sort = |chunk: ChunkAt| match &chunk.statistics {
            Some(s)
                if !s
                    .time_range()
                    .is_some_and(|(a, b)| touches(&[work.slice], a, b)) =>
            {
                others.push(chunk.offset);
            }
            _ => wanted = wanted.max(chunk.offset),
        };
        device.chunks(k, sort).ok()?;
    }
    if let Some(next) = index.device(last + 1) {
        for k in 0..next.series_count() {
            next.chunks(k, |chunk| others.push(chunk.offset)).ok()?;
        }
    }
    others.into_iter().filter(|&offset| offset > wanted).min()
}

/// Drops the plans that have no time in `spans`.
fn retain(plans: &mut Vec<SourcePlan>, spans: &[(i64, i64)]) {
    plans.retain(|plan| {
        let times = plan.times();
        times.is_some_and(|(first, last)| touches(spans, first, last))
    });
}

impl Shared {
    /// Whether the chunks of a device are fetched before they are read: little of the file is.
    fn fetches(&self, work: &FileWork) -> bool {
        let few = self.request.is_selective() || work.is_scattered;
        few && self.request.limit.is_none()
    }

    /// Whether series that are not read otherwise have to be looked at, because a row exists where they have a point: not when rows
    /// without any value that is read are dropped all the same.
    pub(super) fn needs_siblings(&self, residual: &Predicate) -> bool {
        self.request.rows == Rows::All && !self.rejects_nulls(residual)
    }
}
