//! `NativeScan`: the batches of a split, as addresses of Arrow buffers.

use crate::errors::{Failure, entry};
use crate::file::FILES;
use crate::handle::Table;
use crate::memory::{Account, Meter, metered};
use crate::plan::string_array;
use crate::request::{UNITS, one_of};
use crate::shown::Shown;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use jni::EnvUnowned;
use jni::objects::{JByteArray, JClass, JIntArray, JLongArray, JObjectArray, JString};
use jni::sys::{jint, jlong};
use std::sync::{Mutex, PoisonError};
use tsfile::scan::{CancelToken, Scan, SharedPlan};
use tsfile::{Error, ErrorKind, TsFileReader};

/// A scan of one split.
#[derive(Debug)]
pub struct OpenScan {
    cancel: CancelToken,
    /// Held while a batch is read, which may take long: cancelling does not wait for it.
    work: Mutex<Work>,
}

#[derive(Debug)]
struct Work {
    scan: Scan,
    meter: Meter,
    /// Of the first file, and how many there are.
    name: String,
    files: usize,
    shown: Vec<Shown>,
    /// What Java reads from; it goes when the next one is asked for, and its memory serves that.
    batch: Vec<ArrayRef>,
}

/// Scans that were opened and not closed.
pub static SCANS: Table<OpenScan> = Table::new("scan");

/// Numbers that say where a column lies: values, offsets of texts (0 without), validity (0 without nulls), the first bit in the values of flags,
/// the first bit in the validity, the number of nulls; of a dictionary, whose entries are the values, the keys, and how many entries there are.
pub const PLACES: usize = 8;

/// The names of the files of a split.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeScan_files<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    shared: JByteArray<'local>,
    split: JByteArray<'local>,
) -> JObjectArray<'local, JString<'local>> {
    entry(env, Account::Query, |env| {
        let shared = SharedPlan::decode(&env.convert_byte_array(shared)?)?;
        let files = shared.files(&env.convert_byte_array(split)?)?;
        string_array(env, files.iter().map(|f| Some(f.as_str())), files.len())
    })
}

/// Starts reading a split, whose `files` were opened in the order of [`Java_io_tsfile_jni_NativeScan_files`]. `shown` says for each column how it
/// is shown, `unit` is that of times. The scan fails when it has more than `most_bytes` of memory at a time.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeScan_open<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    shared: JByteArray<'local>,
    split: JByteArray<'local>,
    files: JLongArray<'local>,
    shown: JIntArray<'local>,
    unit: JString<'local>,
    most_bytes: jlong,
) -> jlong {
    entry(env, Account::Query, |env| {
        let shared = SharedPlan::decode(&env.convert_byte_array(shared)?)?;
        let split = env.convert_byte_array(split)?;
        let mut ids = vec![0; files.len(env)?];
        files.get_region(env, 0, &mut ids)?;
        let mut codes = vec![0; shown.len(env)?];
        shown.get_region(env, 0, &mut codes)?;
        let unit = one_of("timestampPrecision", &unit.try_to_string(env)?, &UNITS)?;
        let shown = codes.iter().map(|code| Shown::of_code(*code, unit));
        let shown = shown.collect::<tsfile::Result<Vec<_>>>()?;
        if shown.len() != shared.schema().fields().len() {
            return Err(Error::argument("not every column is said how to be shown").into());
        }
        let readers = ids.iter().map(|id| Ok((*FILES.get(*id)?).clone()));
        let readers = readers.collect::<Result<Vec<TsFileReader>, Failure>>()?;
        let find = |name: &str| {
            let reader = readers.iter().find(|r| r.name() == name).cloned();
            reader
                .ok_or_else(|| Error::argument("a file of the split was not opened").in_file(name))
        };
        let cancel = CancelToken::new();
        let mut meter = Meter::new(most_bytes);
        let scan = metered(&mut meter, &cancel, || {
            shared.scan(&split, cancel.clone(), find)
        })?;
        let name = readers.first().map_or("", |r| r.name()).to_string();
        SCANS.insert(OpenScan {
            cancel,
            work: Mutex::new(Work {
                scan,
                meter,
                name,
                files: readers.len(),
                shown,
                batch: Vec::new(),
            }),
        })
    })
}

/// Reads the next batch, writes where its columns lie to `places` ([`PLACES`] numbers each), and returns the number of its rows; -1 at the end.
/// The batch before is gone then.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeScan_next<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    scan: jlong,
    places: JLongArray<'local>,
) -> jint {
    entry(env, Account::Query, |env| {
        let open = SCANS.get(scan)?;
        let mut work = open.work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((rows, columns)) = work.next_metered(&open.cancel)? else {
            return Ok(-1);
        };
        places.set_region(env, 0, &columns)?;
        Ok(rows)
    })
}

impl Work {
    /// As [`Work::next`], within the memory that the scan may have.
    fn next_metered(&mut self, cancel: &CancelToken) -> Result<Option<(jint, Vec<i64>)>, Failure> {
        let mut meter = self.meter;
        let next = metered(&mut meter, cancel, || self.next());
        self.meter = meter;
        let is_stopped = match &next {
            Err(Failure::TsFile(e)) => e.kind() == ErrorKind::Cancelled,
            Err(_) => false,
            Ok(_) => true,
        };
        match meter.exceeded() {
            Some(peak) if is_stopped => Err(self.too_much(peak).into()),
            _ => next,
        }
    }

    fn too_much(&mut self, peak: i64) -> Error {
        self.batch.clear();
        let more = match self.files {
            0 | 1 => String::new(),
            n => format!(", which is read together with {} others", n - 1),
        };
        let what = format!("a task has more native memory than it may have{more}");
        Error::new(ErrorKind::Limit, "", what)
            .in_file(&self.name)
            .expected(format!("at most {} bytes", self.meter.most()))
            .got(peak)
            .hint("raise option maxTaskMemory (and spark.executor.memoryOverhead with it), or select fewer columns")
    }

    /// The number of rows of the next batch, and where its columns lie.
    fn next(&mut self) -> Result<Option<(jint, Vec<i64>)>, Failure> {
        self.batch.clear();
        let Some(batch) = self.scan.next().transpose()? else {
            return Ok(None);
        };
        let batch: RecordBatch = batch;
        let rows = batch.num_rows();
        let schema = batch.schema();
        let mut out = Vec::with_capacity(self.shown.len() * PLACES);
        let columns = batch.columns().iter().zip(schema.fields());
        for ((column, field), shown) in columns.zip(&self.shown) {
            let column = shown.of(field.name(), column)?;
            out.extend(places(field.name(), &column)?);
            self.batch.push(column);
        }
        let rows =
            jint::try_from(rows).map_err(|_| Error::argument("a batch of over 2^31 rows"))?;
        Ok(Some((rows, out)))
    }
}

/// Where an array lies.
fn places(name: &str, array: &ArrayRef) -> Result<[i64; PLACES], Failure> {
    let keys = array.as_dictionary_opt::<Int32Type>();
    let shown = keys.map_or(array, |keys| keys.values());
    let (values, offsets, first_bit) = match shown.data_type() {
        DataType::Boolean => {
            let values = shown.as_boolean().values();
            (address(values.values()), 0, values.offset())
        }
        DataType::Int32 => (address(shown.as_primitive::<Int32Type>().values()), 0, 0),
        DataType::Date32 => {
            let days = shown.as_primitive::<arrow_array::types::Date32Type>();
            (address(days.values()), 0, 0)
        }
        DataType::Int64 => (address(shown.as_primitive::<Int64Type>().values()), 0, 0),
        DataType::Float32 => (address(shown.as_primitive::<Float32Type>().values()), 0, 0),
        DataType::Float64 => (address(shown.as_primitive::<Float64Type>().values()), 0, 0),
        DataType::Utf8 => {
            let texts = shown.as_string::<i32>();
            (
                address(texts.value_data()),
                address(texts.value_offsets()),
                0,
            )
        }
        DataType::Binary => {
            let texts = shown.as_binary::<i32>();
            (
                address(texts.value_data()),
                address(texts.value_offsets()),
                0,
            )
        }
        other => {
            return Err(Error::argument(format!("{other} is not handed over"))
                .measurement(name)
                .into());
        }
    };
    let nulls = array.nulls().filter(|n| n.null_count() > 0);
    Ok([
        values,
        offsets,
        nulls.map_or(0, |n| address(n.validity())),
        first_bit as i64,
        nulls.map_or(0, |n| n.offset() as i64),
        array.null_count() as i64,
        keys.map_or(0, |keys| address(keys.keys().values())),
        keys.map_or(0, |keys| keys.values().len() as i64),
    ])
}

fn address<T>(values: &[T]) -> i64 {
    values.as_ptr() as usize as i64
}

/// Stops a scan: whoever is reading a batch of it gets an exception within a page.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeScan_cancel<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    scan: jlong,
) {
    entry(env, Account::Query, |_| {
        if let Ok(open) = SCANS.get(scan) {
            open.cancel.cancel();
        }
        Ok(())
    })
}

/// Lets a scan and its batch go.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeScan_close<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    scan: jlong,
) {
    entry(env, Account::Query, |_| {
        if let Some(open) = SCANS.remove(scan) {
            open.cancel.cancel();
        }
        Ok(())
    })
}
