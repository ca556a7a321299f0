//! What a request means for the files at hand: the columns, the devices of each file, and what is asked of each of them.

use super::bloom::Sought;
use super::columns::{Columns, ValueColumn, default_form, default_table};
use super::devices::FileDevices;
use super::filter::{Branch, Filter, Place};
use super::keys::{KeyTest, is_settled};
use super::merge_files::Dedup;
use super::request::{Rows, ScanRequest};
use super::run::Scan;
use super::{overlap, pinned};
use crate::filter::{Disjunction, MAX_BRANCHES, Predicate, Ranges, by_device};
use crate::model::Form;
use crate::read::select::TestColumn;
use crate::read::{Index, TsFileReader};
use crate::{Error, Result};
use arrow_schema::SchemaRef;
use std::sync::Arc;

/// A request that was thought through: it can be explained, cut into splits, and run as often as wanted.
#[derive(Debug, Clone)]
pub struct ScanPlan {
    pub(super) shared: Arc<Shared>,
    pub(super) files: Arc<[FileWork]>,
    /// What the names of all files begin with.
    pub(super) prefix: Arc<str>,
}

/// What all parts of a plan have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) request: ScanRequest,
    /// Those that are shown.
    pub(super) columns: Columns,
    /// The value columns that are shown, and behind them those that only the filter reads.
    pub(super) values: Vec<ValueColumn>,
    pub(super) filter: Option<Filter>,
    /// The columns of the filter, by their numbers, for the rows of pages.
    pub(super) tested: Arc<[TestColumn]>,
    /// What is asked of devices; each is in one branch, or nothing of it is read. Never empty.
    pub(super) branches: Vec<Branch>,
    /// How many tests of devices that took, and whether there would have been more branches.
    pub(super) work: u64,
    pub(super) capped: bool,
    /// Devices of the form and of the request, whatever the filter says of them.
    pub(super) considered: usize,
}

/// What is read of one file.
#[derive(Debug, Clone)]
pub(super) struct FileWork {
    pub(super) reader: TsFileReader,
    pub(super) devices: FileDevices,
    /// First and last time.
    pub(super) slice: (i64, i64),
    /// Whether its devices are few and far from each other: the chunks of each are fetched at once then.
    pub(super) is_scattered: bool,
    /// Whether devices were passed over by their names: the index is of those that are left.
    pub(super) by_name: bool,
}

/// Devices are few where so many times as many were passed over.
const FEW: usize = 8;

/// Plans `request` over `readers`: their rows come in the order given, ordered within each file.
///
/// # Errors
/// The request does not fit the files (an unknown column, device or table; several tables and none named; types that do not widen; a filter
/// that compares what cannot be compared), or their metadata cannot be read.
pub fn plan(readers: Vec<TsFileReader>, request: ScanRequest) -> Result<ScanPlan> {
    for reader in &readers {
        reader.check_readable()?;
    }
    let keys = KeyTest::of(&readers, &request);
    let sought = Sought::of(&request, keys.as_ref());
    let keys = keys.as_ref();
    if keys.is_some() || sought.is_some() {
        let known = look_up(&readers, &request, keys, sought.as_ref());
        let plan = known.and_then(|known| plan_over(known, request.clone(), keys));
        // Where the devices that are left do not tell all that there is to tell, the others are asked as well.
        match plan {
            Ok(plan) if is_settled(&plan) => return Ok(plan),
            _ => {}
        }
    }
    let known = look_up(&readers, &request, None, None)?;
    plan_over(known, request, None)
}

/// A file, or what was looked up in it.
struct Known {
    reader: TsFileReader,
    /// Devices of the form that were passed over by their names.
    passed: usize,
    /// Whether devices were, so that what the index says is not all that there is.
    by_name: bool,
}

impl Known {
    fn whole(reader: TsFileReader) -> Self {
        Self {
            reader,
            passed: 0,
            by_name: false,
        }
    }
}

/// Plans over what is known of each file. Devices that do not pass `keys` have no say in anything.
fn plan_over(known: Vec<Known>, request: ScanRequest, keys: Option<&KeyTest>) -> Result<ScanPlan> {
    let passed: Vec<(usize, bool)> = known.iter().map(|k| (k.passed, k.by_name)).collect();
    let readers: Vec<TsFileReader> = known.into_iter().map(|k| k.reader).collect();
    for reader in &readers {
        reader.load_index(request.threads)?;
    }
    let (form, table) = match keys {
        Some(keys) => {
            check_form(keys.form, &request)?;
            (keys.form, keys.table.clone())
        }
        None => form_of(&readers, &request)?,
    };
    let mut files = Vec::with_capacity(readers.len());
    let chosen = request.device_filter.as_ref();
    for reader in &readers {
        files.push(match &table {
            Some(table) => FileDevices::of_table(reader, table, chosen, request.threads)?,
            None => FileDevices::of_tree(reader, request.devices.as_deref(), chosen)?,
        });
    }
    check_devices(&readers, &files, &request)?;
    let totals: Vec<usize> = files
        .iter()
        .zip(&passed)
        .map(|(file, (passed, _))| file.positions.len() + passed)
        .collect();
    if let Some(keys) = keys {
        for (reader, file) in readers.iter().zip(&mut files) {
            let index = reader.index()?;
            file.retain(index, |id| keys.keeps(id));
        }
    }
    let mut columns = Columns::decide(&readers, &files, form, table, &request, request.threads)?;
    if request.dedup == Dedup::None {
        let overlap = overlap::find(&readers, &files, request.range)?;
        columns.warnings.extend(overlap.map(|o| o.to_string()));
    }
    let mut values = columns.values.clone();
    let filter = match &request.filter {
        Some(expr) => Some(Filter::bind(
            expr.clone(),
            &readers,
            &files,
            &request,
            &columns,
            &mut values,
        )?),
        None => None,
    };
    let found = branches(&readers, &mut files, form, filter.as_ref())?;
    let prefix = prefix(&readers).into();
    let looked = passed.iter().map(|p| p.1).zip(&totals);
    let work =
        |((reader, devices), (by_name, total)): ((TsFileReader, FileDevices), (bool, &usize))| {
            let left = devices.positions.len();
            let is_scattered = match reader.is_narrowed() {
                true => !by_name || left.saturating_mul(FEW) <= *total,
                false => left < total / 2,
            };
            FileWork {
                is_scattered,
                by_name,
                reader,
                devices,
                slice: request.range,
            }
        };
    Ok(ScanPlan {
        prefix,
        files: readers
            .into_iter()
            .zip(files)
            .zip(looked)
            .map(work)
            .collect(),
        shared: Arc::new(Shared {
            columns,
            values,
            tested: filter
                .as_ref()
                .map_or_else(|| [].into(), |f| f.tested(&request)),
            filter,
            branches: found.branches,
            work: found.work,
            capped: found.capped,
            considered: totals.iter().sum(),
            request,
        }),
    })
}

/// Narrows readers to the devices that the request names, or that pass `keys`, where it says something of them: the rest of an index is not read,
/// and none of a file that has nothing of what is `sought`.
fn look_up(
    readers: &[TsFileReader],
    request: &ScanRequest,
    keys: Option<&KeyTest>,
    sought: Option<&Sought>,
) -> Result<Vec<Known>> {
    let narrow = |reader: &TsFileReader| -> Result<Known> {
        if sought.is_some_and(|sought| sought.is_not_in(reader, request)) {
            return Ok(Known::whole(reader.without_devices()));
        }
        if reader.has_index() {
            return Ok(Known::whole(reader.clone()));
        }
        let narrowed = |part| Known::whole(reader.narrowed(part));
        if let Some(chosen) = &request.device_filter {
            return match chosen.named() {
                Some(devices) => reader.lookup(devices),
                None => reader.index_where(|id| chosen.keeps(id)),
            }
            .map(narrowed);
        }
        if request.devices.is_some() {
            return reader.index_for(request.devices.as_deref()).map(narrowed);
        }
        let Some(keys) = keys else {
            return Ok(Known::whole(reader.clone()));
        };
        let table = keys.table.as_deref().and_then(|table| reader.table(table));
        if let Some(devices) = table.and_then(|table| pinned::devices_of(request, table)) {
            return reader.lookup(&devices).map(narrowed);
        }
        let mut passed = 0;
        let part = reader.index_where(|id| {
            let is_of_form = keys.is_of_form(reader, id);
            let kept = is_of_form && keys.keeps(id);
            passed += usize::from(is_of_form && !kept);
            kept
        })?;
        if reader.has_index() {
            // Most devices are left: all were read.
            return Ok(Known::whole(reader.clone()));
        }
        Ok(Known {
            reader: reader.narrowed(part),
            passed,
            by_name: true,
        })
    };
    readers.iter().map(narrow).collect()
}

/// The form and, in the table form, the table.
fn form_of(readers: &[TsFileReader], request: &ScanRequest) -> Result<(Form, Option<String>)> {
    let form = match (request.form, &request.table) {
        (Some(form), _) => form,
        (None, Some(_)) => Form::Table,
        (None, None) => default_form(
            readers,
            request.devices.as_deref(),
            request.device_filter.as_ref(),
        )?,
    };
    check_form(form, request)?;
    let table = match (form, &request.table) {
        (Form::Table, Some(name)) => Some(name.clone()),
        (Form::Table, None) => Some(default_table(readers)?),
        (_, Some(name)) => {
            return Err(Error::argument(format!(
                "table \"{name}\" is shown by the table form only"
            ))
            .hint("use --form table"));
        }
        _ => None,
    };
    Ok((form, table))
}

/// What a table does not have.
fn check_form(form: Form, request: &ScanRequest) -> Result<()> {
    if form == Form::Table && request.devices.is_some() {
        return Err(
            Error::argument("devices are chosen by path, which a table does not have")
                .hint("use -t with -m instead"),
        );
    }
    if form == Form::Table && request.rows == Rows::Projected {
        return Err(Error::argument("the table form has no `rows=projected`"));
    }
    Ok(())
}

/// A device that is named and in no file is a typing mistake, not an empty result.
fn check_devices(
    readers: &[TsFileReader],
    files: &[FileDevices],
    request: &ScanRequest,
) -> Result<()> {
    let Some(wanted) = &request.devices else {
        return Ok(());
    };
    let mut found = Vec::new();
    for (reader, file) in readers.iter().zip(files) {
        let index = reader.index()?;
        found.extend(
            file.positions
                .iter()
                .filter_map(|&p| index.device(p as usize))
                .map(|d| d.id().path()),
        );
    }
    match wanted.iter().find(|w| !found.contains(w)) {
        None => Ok(()),
        Some(missing) => Err(Error::argument(format!("there is no device \"{missing}\""))
            .hint("`tsfile-cli ls` lists the devices of a file")),
    }
}

/// What a filter comes to for the devices of a plan.
struct Found {
    branches: Vec<Branch>,
    work: u64,
    capped: bool,
}

/// Rewrites the filter to a disjunction over devices, and drops the devices that are in none of its branches.
fn branches(
    readers: &[TsFileReader],
    files: &mut [FileDevices],
    form: Form,
    filter: Option<&Filter>,
) -> Result<Found> {
    let devices: usize = files.iter().map(|f| f.positions.len()).sum();
    let alone = |times, residual, devices| Branch {
        times,
        residual: Arc::new(residual),
        keyed: false,
        devices,
    };
    let Some(filter) = filter else {
        return Ok(Found {
            branches: vec![alone(Ranges::all(), Predicate::Always, devices)],
            work: 0,
            capped: false,
        });
    };
    let keys: Vec<usize> = (0..filter.places.len())
        .filter(|&c| filter.places.get(c).is_some_and(|p| p.is_key()))
        .collect();
    if form == Form::Wide || keys.is_empty() || filter.predicate == Predicate::Never {
        // All devices alike.
        let (times, residual) = filter.predicate.split_times(filter.time());
        if residual == Predicate::Never || times.is_none() {
            files.iter_mut().for_each(FileDevices::clear);
        }
        return Ok(Found {
            branches: vec![alone(times, residual, devices)],
            work: 0,
            capped: false,
        });
    }
    let indexes: Vec<&Index> = readers.iter().map(|r| r.index()).collect::<Result<_>>()?;
    let all = indexes.iter().zip(files.iter()).flat_map(|(index, file)| {
        let ids = file.positions.iter();
        ids.filter_map(|&p| index.device(p as usize).map(|d| d.id()))
    });
    let key = |column: usize, id: &crate::model::DeviceId| match filter.places.get(column) {
        Some(Place::Tag(i)) => id.tag(*i).map(str::to_string),
        _ => Some(id.path()),
    };
    let rows = all.map(|id| keys.iter().map(|&c| key(c, id)).collect::<Vec<_>>());
    let found: Disjunction = by_device(&filter.predicate, rows, &keys, filter.time(), MAX_BRANCHES);
    let mut branch_of: Vec<u16> = vec![FileDevices::NO_BRANCH; devices];
    let mut out = Vec::with_capacity(found.branches.len());
    for (number, branch) in found.branches.into_iter().enumerate() {
        let short = u16::try_from(number).unwrap_or(FileDevices::NO_BRANCH);
        for &device in &branch.devices {
            if let Some(of) = branch_of.get_mut(device as usize) {
                *of = short;
            }
        }
        let columns = branch.residual.columns();
        out.push(Branch {
            times: branch.times,
            keyed: columns.iter().any(|c| keys.contains(c)),
            residual: Arc::new(branch.residual),
            devices: branch.devices.len(),
        });
    }
    if out.is_empty() {
        out.push(alone(Ranges::none(), Predicate::Never, 0));
    }
    let mut rest = branch_of.into_iter();
    for file in files {
        file.assign(&mut rest);
    }
    Ok(Found {
        branches: out,
        work: found.work,
        capped: found.capped,
    })
}

/// What the names of all files begin with.
fn prefix(readers: &[TsFileReader]) -> &str {
    let mut names = readers.iter().map(TsFileReader::name);
    let mut prefix = names.next().unwrap_or("");
    for name in names {
        let same = prefix.char_indices().zip(name.chars());
        let end = same.take_while(|((_, a), b)| a == b).last();
        let end = end.map_or(0, |((at, a), _)| at + a.len_utf8());
        prefix = prefix.get(..end).unwrap_or("");
    }
    prefix
}

impl ScanPlan {
    /// Schema of every batch. Field metadata hold TsFile's own facts: `tsfile.type`, `tsfile.category`, `tsfile.model`, and in the table form or
    /// with [`ScanRequest::with_encodings`] `tsfile.encoding` and `tsfile.compression`.
    pub fn schema(&self) -> SchemaRef {
        self.shared.columns.schema.clone()
    }

    /// The form that rows have.
    pub fn form(&self) -> Form {
        self.shared.columns.form
    }

    /// The table that is read, in the table form.
    pub fn table(&self) -> Option<&str> {
        self.shared.columns.table.as_deref()
    }

    /// What a host may stumble over, such as names that differ only by case.
    pub fn warnings(&self) -> &[String] {
        &self.shared.columns.warnings
    }

    /// Starts reading.
    ///
    /// # Errors
    /// The index of a file cannot be read. With several threads: the metadata of a device is corrupt, or the system starts no thread.
    pub fn scan(&self) -> Result<Scan> {
        Scan::new(self)
    }
}
