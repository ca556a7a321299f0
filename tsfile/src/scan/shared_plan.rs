//! What the splits of a plan have in common, in bytes for another process: columns, filter and options, sent once.
//!
//! ```text
//! version  u8 = 2      what      u8 = 'P'
//! form     u8          table     string or null
//! rows, text, dates, time, unit, dedup, lossy types   u8 each;  zone  i32, seconds
//! batch bytes, batches in flight, offset   varint each;  limit  u8 + varint
//! devices  u8 + strings           prefix of file names   string
//! columns  of the schema: name, metadata;  slots: u8 + number
//! values   shown, all; each name, bytes of its measurement, type
//! filter   u8, then its text and its columns: name, place
//! files    count, then each: name without the prefix, length, u8 + time of modification; none where splits do well without
//! ```
//!
//! Branches are not sent: what a filter comes to for a device is worked out again where the device is read.

use super::columns::{Columns, Slot, ValueColumn};
use super::filter::{Branch, Filter, Place};
use super::merge_files::Dedup;
use super::plan::{ScanPlan, Shared};
use super::request::{Rows, ScanRequest, TimeAs};
use super::run::Scan;
use super::sent_split::{SentFile, SentSplit, file, write_file};
use crate::arrow::{DateMode, TextMode, TimeUnit};
use crate::filter::{Expr, Predicate, Ranges, normalize_in};
use crate::model::{DataType, Form, Zone};
use crate::read::{CancelToken, TsFileReader};
use crate::wire::{ByteReader, ByteWriter};
use crate::{Error, Result};
use arrow_schema::{DataType as ArrowType, Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

/// Of what is sent; another one is refused.
const VERSION: u8 = 3;
/// Files are listed when there are more than so many, of which a split could be too large, and fewer than would be much for the shared part.
const LISTED_FILES: std::ops::RangeInclusive<usize> = 9..=4096;
const PLAN: u8 = b'P';
pub(super) const SPLIT: u8 = b'S';

/// What the splits of a plan have in common, as another process knows it: [`ScanPlan::encode_shared`] makes it there, and
/// [`Split::encode`](super::Split::encode) the splits.
///
/// ```
/// # fn main() -> tsfile::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
/// use tsfile::scan::{CancelToken, SharedPlan, SplitMode};
/// use tsfile::{ReadOptions, TsFileReader};
///
/// let plan = tsfile::open(path)?.narrow().filter("s1 < 0")?.plan()?;
/// let shared = plan.encode_shared()?;
/// let splits = plan.splits(SplitMode::Keyed)?;
/// let split = splits[0].encode(&plan)?;
/// // In the other process:
/// let shared = SharedPlan::decode(&shared)?;
/// let open = |path: &str| TsFileReader::open(path, ReadOptions::default());
/// let rows: usize = shared
///     .scan(&split, CancelToken::new(), open)?
///     .map(|batch| batch.map_or(0, |b| b.num_rows()))
///     .sum();
/// assert!(rows > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SharedPlan {
    pub(super) shared: Arc<Shared>,
    /// What the names of all files begin with.
    pub(super) prefix: String,
    /// Those that splits refer to by number.
    files: Arc<[SentFile]>,
}

impl SharedPlan {
    /// Reads what [`ScanPlan::encode_shared`] wrote.
    ///
    /// # Errors
    /// The bytes are those of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut r = ByteReader::new(bytes, "encoded plan");
        check_version(&mut r, PLAN)?;
        let out = decode(&mut r)?;
        check_end(&r)?;
        Ok(out)
    }

    /// Schema of every batch, see [`ScanPlan::schema`].
    pub fn schema(&self) -> SchemaRef {
        self.shared.columns.schema.clone()
    }

    /// The form that rows have.
    pub fn form(&self) -> Form {
        self.shared.columns.form
    }

    /// Names of the files that a split reads, as they were when the plan was made.
    ///
    /// # Errors
    /// The bytes are those of another version, or damaged.
    pub fn files(&self, split: &[u8]) -> Result<Vec<String>> {
        let split = SentSplit::parse(split, &self.files)?;
        let names = split.files.into_iter();
        Ok(names.map(|file| self.prefix.clone() + &file.name).collect())
    }

    /// Starts reading a split, of which `open` opens the files by their names, until `cancel` is cancelled. As with [`ScanPlan::scan_split`], no
    /// row is passed over.
    ///
    /// # Errors
    /// A file is not what it was when the plan was made, by its length or its time of modification: an error of the kind
    /// [`Changed`](crate::ErrorKind::Changed). The bytes are those of another version, or damaged; or a file cannot be opened.
    pub fn scan(
        &self,
        split: &[u8],
        cancel: CancelToken,
        open: impl Fn(&str) -> Result<TsFileReader>,
    ) -> Result<Scan> {
        let (plan, split) = SentSplit::parse(split, &self.files)?.open(self, open)?;
        Ok(Scan::of_split(&plan, &split, cancel))
    }
}

impl ScanPlan {
    /// What all splits of the plan have in common, for another process, see [`SharedPlan`]. Offset, limit and cancelling are up to whoever puts the
    /// rows of the splits together; each split gives as many rows as the limit at most.
    ///
    /// # Errors
    /// The text of the filter does not say what the filter says: it is nested too deeply, for instance.
    pub fn encode_shared(&self) -> Result<Vec<u8>> {
        let shared = &self.shared;
        let (request, columns) = (&shared.request, &shared.columns);
        let mut w = begin(PLAN);
        w.u8(code(&FORMS, columns.form));
        w.varstr(columns.table.as_deref());
        w.u8(code(&ROWS, request.rows));
        w.u8(code(&TEXTS, request.text));
        w.u8(request.dictionaries.into());
        w.u8(code(&DATES, request.dates));
        w.u8(code(&TIMES, request.time));
        w.u8(code(&UNITS, request.unit));
        w.u8(code(&DEDUPS, request.dedup));
        w.u8(request.lossy_types.into());
        w.i32(request.zone.seconds());
        w.uvarint(request.batch_bytes as u64);
        w.uvarint(request.batches_in_flight as u64);
        w.uvarint(request.offset);
        w.u8(request.limit.is_some().into());
        w.uvarint(request.limit.unwrap_or(0));
        w.u8(request.devices.is_some().into());
        let devices = request.devices.as_deref().unwrap_or(&[]);
        w.uvarint(devices.len() as u64);
        devices.iter().for_each(|d| {
            w.varstr(Some(d));
        });
        w.varstr(Some(&self.prefix));
        w.uvarint(columns.schema.fields().len() as u64);
        for field in columns.schema.fields() {
            w.varstr(Some(field.name()));
            let mut metadata: Vec<_> = field.metadata().iter().collect();
            metadata.sort_unstable();
            w.uvarint(metadata.len() as u64);
            for (key, value) in metadata {
                w.varstr(Some(key)).varstr(Some(value));
            }
        }
        w.uvarint(columns.slots.len() as u64);
        for slot in &columns.slots {
            let (kind, number) = match slot {
                Slot::Device => (0, 0),
                Slot::Tag(tag) => (1, *tag),
                Slot::Value(value) => (2, *value),
            };
            w.u8(kind).uvarint(number as u64);
        }
        w.uvarint(columns.values.len() as u64);
        w.uvarint(shared.values.len() as u64);
        for value in &shared.values {
            w.varstr(Some(&value.name));
            w.uvarint(value.measurement_bytes as u64);
            w.u8(value.data_type as u8);
        }
        w.u8(shared.filter.is_some().into());
        if let Some(filter) = &shared.filter {
            w.varstr(Some(&text(filter, request.zone)?));
            w.uvarint(filter.columns.len() as u64);
            for (column, place) in filter.columns.iter().zip(&filter.places) {
                let (kind, number) = match place {
                    Place::Time => (0, 0),
                    Place::Device => (1, 0),
                    Place::Tag(tag) => (2, *tag),
                    Place::Value(value) => (3, *value),
                };
                w.varstr(Some(&column.name));
                w.u8(kind).uvarint(number as u64);
            }
        }
        let listed = self.files.iter().filter(|_| self.lists_files());
        w.uvarint(listed.clone().count() as u64);
        for work in listed {
            write_file(self, work, &mut w)?;
        }
        Ok(w.into_bytes())
    }

    /// Whether the shared part names the files, so that splits need not.
    pub(super) fn lists_files(&self) -> bool {
        LISTED_FILES.contains(&self.files.len())
    }
}

/// The text of a filter, when it means the same again.
fn text(filter: &Filter, zone: Zone) -> Result<String> {
    let text = filter.expr.to_string();
    let same = Expr::parse(&text).and_then(|expr| normalize_in(&expr, &filter.columns, zone));
    match same {
        Ok(same) if same == filter.predicate => Ok(text),
        _ => Err(
            Error::argument("the filter cannot be sent to another process as text")
                .got(text.chars().take(200).collect::<String>())
                .hint("nest it less deeply, or compare with literals that have a text"),
        ),
    }
}

fn decode(r: &mut ByteReader<'_>) -> Result<SharedPlan> {
    let form = of_code(r, &FORMS)?;
    let table = r.varstr()?.map(str::to_string);
    let mut request = ScanRequest::new()
        .with_form(form)
        .with_table(table.as_deref())
        .with_rows(of_code(r, &ROWS)?)
        .with_text(of_code(r, &TEXTS)?)
        .with_dictionaries(flag(r)?)
        .with_dates(of_code(r, &DATES)?)
        .with_time(of_code(r, &TIMES)?)
        .with_time_unit(of_code(r, &UNITS)?)
        .with_dedup(of_code(r, &DEDUPS)?)
        .with_lossy_types(flag(r)?)
        .with_zone(Zone::of_seconds(r.i32()?))
        .with_batch_bytes(number(r)?)
        .with_batches_in_flight(number(r)?)
        .with_offset(r.uvarint64()?);
    let (limited, limit) = (flag(r)?, r.uvarint64()?);
    request.limit = limited.then_some(limit);
    let chosen = flag(r)?;
    let devices = (0..r.count(1)?).map(|_| string(r)).collect::<Result<_>>()?;
    request.devices = chosen.then_some(devices);
    let prefix = string(r)?;
    let fields = (0..r.count(2)?)
        .map(|_| {
            let name = string(r)?;
            let metadata = (0..r.count(2)?).map(|_| Ok((string(r)?, string(r)?)));
            Ok((name, metadata.collect::<Result<HashMap<_, _>>>()?))
        })
        .collect::<Result<Vec<_>>>()?;
    let slots = (0..r.count(2)?)
        .map(|_| match (r.u8()?, number(r)?) {
            (0, _) => Ok(Slot::Device),
            (1, tag) => Ok(Slot::Tag(tag)),
            (2, value) => Ok(Slot::Value(value)),
            _ => Err(r.error("there is no such column")),
        })
        .collect::<Result<Vec<_>>>()?;
    let shown = number(r)?;
    let values = (0..r.count(3)?)
        .map(|_| value(r))
        .collect::<Result<Vec<_>>>()?;
    let is_there = |slot: &Slot| !matches!(slot, Slot::Value(v) if *v >= shown);
    if shown > values.len() || fields.len() != slots.len() + 1 || !slots.iter().all(is_there) {
        return Err(r.error("the columns contradict each other"));
    }
    let schema = schema(&request, fields, &slots, &values)?;
    let filter = match flag(r)? {
        true => Some(filter(r, &request, &values)?),
        false => None,
    };
    let files = (0..r.count(4)?).map(|_| file(r));
    let files = files.collect::<Result<Vec<_>>>()?;
    let columns = Columns {
        form,
        table,
        values: values.iter().take(shown).cloned().collect(),
        slots,
        schema: Arc::new(schema),
        warnings: Vec::new(),
    };
    let shared = Shared {
        tested: filter
            .as_ref()
            .map_or_else(|| [].into(), |f| f.tested(&request)),
        branches: vec![branch(filter.as_ref(), form)],
        columns,
        values,
        filter,
        work: 0,
        capped: false,
        considered: 0,
        request,
    };
    Ok(SharedPlan {
        shared: Arc::new(shared),
        prefix,
        files: files.into(),
    })
}

fn value(r: &mut ByteReader<'_>) -> Result<ValueColumn> {
    let (name, measurement_bytes) = (string(r)?, number(r)?);
    if measurement_bytes > name.len() {
        return Err(r.error("a measurement is longer than its column"));
    }
    Ok(ValueColumn {
        name,
        measurement_bytes,
        data_type: DataType::try_from(r.u8()?)?,
        storage: None,
    })
}

fn schema(
    request: &ScanRequest,
    fields: Vec<(String, HashMap<String, String>)>,
    slots: &[Slot],
    values: &[ValueColumn],
) -> Result<Schema> {
    let time = match request.time {
        TimeAs::Raw => ArrowType::Int64,
        TimeAs::Timestamp => request.unit.timestamp(),
    };
    let key_type = Columns::key_type(request).arrow();
    let mut types = vec![(time, false)];
    for slot in slots {
        types.push(match slot {
            Slot::Device => (key_type.clone(), false),
            Slot::Tag(_) => (key_type.clone(), true),
            Slot::Value(v) => {
                let value = values.get(*v);
                let value = value.ok_or_else(|| Error::argument("a column without a value"))?;
                let shown = Columns::column_type(request, value.data_type);
                (shown.arrow(), true)
            }
        });
    }
    let fields = fields.into_iter().zip(types);
    let fields = fields.map(|((name, metadata), (data_type, nullable))| {
        Field::new(name, data_type, nullable).with_metadata(metadata)
    });
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}

fn filter(r: &mut ByteReader<'_>, request: &ScanRequest, values: &[ValueColumn]) -> Result<Filter> {
    let text = string(r)?;
    let (mut columns, mut places) = (Vec::new(), Vec::new());
    for _ in 0..r.count(3)? {
        let name = string(r)?;
        let place = match (r.u8()?, number(r)?) {
            (0, _) => Place::Time,
            (1, _) => Place::Device,
            (2, tag) => Place::Tag(tag),
            (3, value) if value < values.len() => Place::Value(value),
            _ => return Err(r.error("there is no such column")),
        };
        columns.push(place.column(name, request, values)?);
        places.push(place);
    }
    let expr = Expr::parse(&text)?;
    Ok(Filter {
        predicate: normalize_in(&expr, &columns, request.zone)?,
        expr,
        columns,
        places,
    })
}

/// The one branch that all devices are in.
fn branch(filter: Option<&Filter>, form: Form) -> Branch {
    let mut branch = Branch {
        times: Ranges::all(),
        residual: Arc::new(Predicate::Always),
        keyed: false,
        devices: 0,
    };
    if let Some(filter) = filter {
        let has_key = filter.places.iter().any(|p| p.is_key());
        if has_key && form != Form::Wide {
            branch.keyed = true;
            branch.residual = Arc::new(filter.predicate.clone());
        } else {
            let (times, residual) = filter.predicate.split_times(filter.time());
            (branch.times, branch.residual) = (times, Arc::new(residual));
        }
    }
    branch
}

/// Begins what is sent.
pub(super) fn begin(what: u8) -> ByteWriter {
    let mut w = ByteWriter::new();
    w.u8(VERSION).u8(what);
    w
}

/// An error unless this version and this thing come next.
pub(super) fn check_version(r: &mut ByteReader<'_>, what: u8) -> Result<()> {
    let version = r.u8()?;
    if version != VERSION {
        return Err(r
            .error_at(0, "the plan was made by another version of this library")
            .expected(format!("encoding version {VERSION}"))
            .got(version)
            .hint("use the same version in all processes"));
    }
    if r.u8()? != what {
        return Err(r.error_at(1, "a plan and a split are not the same thing"));
    }
    Ok(())
}

pub(super) fn check_end(r: &ByteReader<'_>) -> Result<()> {
    match r.is_empty() {
        true => Ok(()),
        false => Err(r.error("bytes are left")),
    }
}

/// What a byte stands for is its place here: it never changes.
const FORMS: [Form; 3] = [Form::Wide, Form::Narrow, Form::Table];
const ROWS: [Rows; 2] = [Rows::All, Rows::Projected];
const TEXTS: [TextMode; 3] = [TextMode::Utf8, TextMode::Lossy, TextMode::Binary];
const DATES: [DateMode; 3] = [DateMode::Error, DateMode::Null, DateMode::Int];
const TIMES: [TimeAs; 2] = [TimeAs::Raw, TimeAs::Timestamp];
const UNITS: [TimeUnit; 3] = [TimeUnit::Ms, TimeUnit::Us, TimeUnit::Ns];
const DEDUPS: [Dedup; 2] = [Dedup::None, Dedup::Last];

fn code<T: PartialEq>(all: &[T], one: T) -> u8 {
    let place = all.iter().position(|t| *t == one);
    place.and_then(|p| u8::try_from(p).ok()).unwrap_or(u8::MAX)
}

fn of_code<T: Copy>(r: &mut ByteReader<'_>, all: &[T]) -> Result<T> {
    let code = r.u8()?;
    let found = all.get(usize::from(code)).copied();
    found.ok_or_else(|| r.error("there is no such option").got(code))
}

pub(super) fn flag(r: &mut ByteReader<'_>) -> Result<bool> {
    of_code(r, &[false, true])
}

pub(super) fn number(r: &mut ByteReader<'_>) -> Result<usize> {
    let n = r.uvarint64()?;
    usize::try_from(n).map_err(|_| r.error("a number is too large").got(n))
}

pub(super) fn string(r: &mut ByteReader<'_>) -> Result<String> {
    let text = r.varstr()?;
    text.map(str::to_string)
        .ok_or_else(|| r.error("a name is missing"))
}
