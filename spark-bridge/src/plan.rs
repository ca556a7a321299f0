//! `NativePlan`: what a request means for some files: columns, splits, and what executors need to read them.

use crate::errors::{Failure, entry};
use crate::file::FILES;
use crate::handle::Table;
use crate::memory::Account;
use crate::request::{request, strings};
use crate::words::in_words_of_spark;
use jni::objects::{JByteArray, JClass, JLongArray, JObjectArray, JString};
use jni::sys::{jint, jlong};
use jni::{Env, EnvUnowned};
use std::sync::{Mutex, PoisonError};
use tsfile::model::{ColumnCategory, Form};
use tsfile::scan::{ScanPlan, Split, SplitMode};
use tsfile::{Error, TsFileReader};

/// A plan, and its splits once they were asked for.
#[derive(Debug)]
pub struct OpenPlan {
    plan: ScanPlan,
    splits: Mutex<Vec<Split>>,
}

/// Plans that were opened and not closed.
pub static PLANS: Table<OpenPlan> = Table::new("plan");

/// Numbers that [`Java_io_tsfile_jni_NativePlan_facts`] gives for each split: rows, bytes, devices, first and last time.
const FACTS: usize = 5;

/// Plans a request, `options` by name and value in turn, over open files. `columns` are those that are wanted, null for all.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_open<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    files: JLongArray<'local>,
    options: JObjectArray<'local, JString<'local>>,
    columns: JObjectArray<'local, JString<'local>>,
) -> jlong {
    entry(env, Account::Query, |env| {
        let mut ids = vec![0; files.len(env)?];
        files.get_region(env, 0, &mut ids)?;
        let readers = ids.iter().map(|id| Ok((*FILES.get(*id)?).clone()));
        let readers = readers.collect::<Result<Vec<_>, Failure>>()?;
        let mut request = request(&strings(env, &options)?)?;
        if !columns.is_null() {
            request = request.with_columns(Some(strings(env, &columns)?));
        }
        let plan = tsfile::scan::plan(readers.clone(), request)?;
        refuse_attributes(&readers, plan.table())?;
        PLANS.insert(OpenPlan {
            plan,
            splits: Mutex::default(),
        })
    })
}

/// Attributes belong to a device, not to its rows, and files hold no values of them. A table that declares one is not shown without it.
fn refuse_attributes(readers: &[TsFileReader], table: Option<&str>) -> tsfile::Result<()> {
    for reader in readers {
        let schema = table.and_then(|name| reader.table(name));
        let attribute = schema.and_then(|s| s.columns_of(ColumnCategory::Attribute).next());
        if let (Some(schema), Some(column)) = (schema, attribute) {
            let name = &column.measurement.name;
            let message = format!(
                "table \"{}\" has the column \"{name}\" of category ATTRIBUTE, which has no values in the rows",
                schema.name
            );
            return Err(Error::unsupported("table schema", message)
                .in_file(reader.name())
                .hint("read it with other tools, or write the table without it"));
        }
    }
    Ok(())
}

/// The form and the table (empty in other forms), and of each column its name, its TsFile type, its category and whether it may be null.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_describe<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) -> JObjectArray<'local, JString<'local>> {
    entry(env, Account::Query, |env| {
        let plan = &PLANS.get(plan)?.plan;
        let form = match plan.form() {
            Form::Wide => "wide",
            Form::Narrow => "narrow",
            Form::Table => "table",
        };
        let mut out = vec![form.to_string(), plan.table().unwrap_or("").to_string()];
        for field in plan.schema().fields() {
            let fact = |name: &str| field.metadata().get(name).cloned().unwrap_or_default();
            out.push(field.name().clone());
            out.push(fact("tsfile.type"));
            out.push(fact("tsfile.category"));
            out.push(field.is_nullable().to_string());
        }
        string_array(env, out.iter().map(|s| Some(s.as_str())), out.len())
    })
}

/// What a host may stumble over.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_warnings<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) -> JObjectArray<'local, JString<'local>> {
    entry(env, Account::Query, |env| {
        let plan = PLANS.get(plan)?;
        let warnings: Vec<String> = plan
            .plan
            .warnings()
            .iter()
            .map(|w| in_words_of_spark(w))
            .collect();
        string_array(
            env,
            warnings.iter().map(|s| Some(s.as_str())),
            warnings.len(),
        )
    })
}

/// What all splits have in common, for the executors.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_shared<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) -> JByteArray<'local> {
    entry(env, Account::Query, |env| {
        let bytes = PLANS.get(plan)?.plan.encode_shared()?;
        Ok(env.byte_array_from_slice(&bytes)?)
    })
}

/// Cuts the plan into splits of about so many `bytes`, or of one device each where `bytes` is 0, and returns them encoded.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_splits<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
    bytes: jlong,
) -> JObjectArray<'local, JByteArray<'local>> {
    entry(env, Account::Query, |env| {
        let open = PLANS.get(plan)?;
        let mode = match u64::try_from(bytes) {
            Ok(0) => SplitMode::Keyed,
            Ok(bytes) => SplitMode::Parallel { bytes },
            Err(_) => return Err(Error::argument("a split of fewer than no bytes").into()),
        };
        let splits = open.plan.splits(mode)?;
        let empty = env.new_byte_array(0)?;
        let out = JObjectArray::<JByteArray>::new(env, splits.len(), &empty)?;
        for (i, split) in splits.iter().enumerate() {
            let bytes = split.encode(&open.plan)?;
            env.with_local_frame(2, |env| -> Result<(), Failure> {
                let bytes = env.byte_array_from_slice(&bytes)?;
                Ok(out.set_element(env, i, &bytes)?)
            })?;
        }
        *open.splits.lock().unwrap_or_else(PoisonError::into_inner) = splits;
        Ok(out)
    })
}

/// Of each split that was cut last: rows, bytes, devices, first and last time.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_facts<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) -> JLongArray<'local> {
    entry(env, Account::Query, |env| {
        let open = PLANS.get(plan)?;
        let splits = open.splits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::with_capacity(splits.len() * FACTS);
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        for split in splits.iter() {
            let facts: [i64; FACTS] = [
                signed(split.rows),
                signed(split.bytes),
                signed(split.devices),
                split.times.0,
                split.times.1,
            ];
            out.extend(facts);
        }
        let array = JLongArray::new(env, out.len())?;
        array.set_region(env, 0, &out)?;
        Ok(array)
    })
}

/// Of each split of one device that was cut last: the path of the device, or in the table form its `tags` tags, null where there is none.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_keys<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
    tags: jint,
) -> JObjectArray<'local, JString<'local>> {
    entry(env, Account::Query, |env| {
        let open = PLANS.get(plan)?;
        let splits = open.splits.lock().unwrap_or_else(PoisonError::into_inner);
        let tags = usize::try_from(tags).unwrap_or(0);
        let mut out: Vec<Option<String>> = Vec::new();
        for split in splits.iter() {
            let device = open.plan.device_of(split)?;
            let Some(device) = device else {
                return Err(Error::argument("a split of several devices has no key").into());
            };
            match open.plan.form() {
                Form::Table => out.extend((0..tags).map(|t| device.tag(t).map(str::to_string))),
                _ => out.push(Some(device.path())),
            }
        }
        string_array(env, out.iter().map(Option::as_deref), out.len())
    })
}

/// How many splits of one device there would be.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_devices<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) -> jlong {
    entry(env, Account::Query, |_| -> Result<jlong, Failure> {
        Ok(PLANS.get(plan)?.plan.key_count()? as jlong)
    })
}

/// Lets a plan go.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativePlan_close<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    plan: jlong,
) {
    entry(env, Account::Query, |_| {
        PLANS.remove(plan);
        Ok(())
    })
}

/// A Java array of `texts`.
pub fn string_array<'local, 'a>(
    env: &mut Env<'local>,
    texts: impl Iterator<Item = Option<&'a str>>,
    count: usize,
) -> Result<JObjectArray<'local, JString<'local>>, Failure> {
    let out = JObjectArray::<JString>::new(env, count, JString::null())?;
    for (i, text) in texts.enumerate() {
        if let Some(text) = text {
            env.with_local_frame(2, |env| -> Result<(), Failure> {
                let text = JString::from_str(env, text)?;
                Ok(out.set_element(env, i, &text)?)
            })?;
        }
    }
    Ok(out)
}
