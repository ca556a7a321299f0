//! `NativeFile`: an open TsFile, its tail and, where several scans will want it, its index.

use crate::errors::{Failure, entry};
use crate::handle::Table;
use crate::input::JavaInput;
use crate::memory::{Account, charged};
use crate::plan::string_array;
use jni::EnvUnowned;
use jni::objects::{JClass, JObject, JObjectArray, JString};
use jni::sys::{jboolean, jlong};
use std::sync::{Arc, OnceLock};
use tsfile::io::FilePool;
use tsfile::read::DEFAULT_MAX_PAGE_BYTES;

use tsfile::{ReadOptions, TsFileReader};

/// Files that were opened and not closed.
pub static FILES: Table<TsFileReader> = Table::new("file");

/// Files of the local file system that are held open at a time: a JVM has many other things open.
const OPEN_FILES: usize = 256;
/// The parsed index beside the section of the file that it comes from, and a reader without any device.
const BYTES_PER_METADATA_BYTE: u64 = 2;
const READER_BYTES: u64 = 4 << 10;

fn pool() -> &'static Arc<FilePool> {
    static POOL: OnceLock<Arc<FilePool>> = OnceLock::new();
    POOL.get_or_init(|| charged(Account::Library, || FilePool::new(OPEN_FILES)))
}

/// Opens a file. `input` is null for a path of the local file system; else it reads what `name` stands for, of `size_bytes` and last modified
/// at `modified_ms`. What is to be `kept` has its index read, and is counted as cached. Pages that take more than `most_page_bytes` are refused,
/// where that is above 0.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeFile_open<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    name: JString<'local>,
    input: JObject<'local>,
    size_bytes: jlong,
    modified_ms: jlong,
    ignore_mods: jboolean,
    kept: jboolean,
    most_page_bytes: jlong,
) -> jlong {
    let account = match kept {
        true => Account::Cache,
        false => Account::Query,
    };
    entry(env, account, |env| {
        let name = name.try_to_string(env)?;
        let mut options = ReadOptions::default().with_ignore_mods(ignore_mods);
        if let Some(most) = usize::try_from(most_page_bytes)
            .ok()
            .filter(|most| *most > 0)
        {
            options = options
                .with_max_page_bytes(most.min(DEFAULT_MAX_PAGE_BYTES))
                .with_max_rows_bytes(most);
        }
        let reader = if input.is_null() && kept {
            TsFileReader::open_in(&name, options, pool())?
        } else if input.is_null() {
            TsFileReader::open(&name, options)?
        } else {
            let size_bytes = u64::try_from(size_bytes).unwrap_or(0);
            let input = JavaInput::new(env, &input, size_bytes, modified_ms)?;
            TsFileReader::new(input, name, options)?
        };
        if kept {
            reader.index().map_err(|e| e.in_file(reader.name()))?;
        }
        FILES.insert(reader)
    })
}

/// About how many bytes a file that is kept takes.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeFile_sizeBytes<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    file: jlong,
) -> jlong {
    entry(env, Account::Query, |_| -> Result<jlong, Failure> {
        let reader = FILES.get(file)?;
        let metadata = reader.size_bytes().saturating_sub(reader.data_end());
        let bytes = metadata.saturating_mul(BYTES_PER_METADATA_BYTE);
        Ok(i64::try_from(bytes.saturating_add(READER_BYTES)).unwrap_or(i64::MAX))
    })
}

/// Lets a file use the index of another one that is the same: a kept one, which has it.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeFile_shareIndex<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    file: jlong,
    other: jlong,
) {
    entry(env, Account::Query, |_| {
        FILES.get(file)?.share_index(&*FILES.get(other)?);
        Ok(())
    })
}

/// Names of the tables in a file.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeFile_tables<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    file: jlong,
) -> JObjectArray<'local, JString<'local>> {
    entry(env, Account::Query, |env| {
        let reader = FILES.get(file)?;
        let names: Vec<&str> = reader.tables().map(|t| t.name.as_str()).collect();
        string_array(env, names.iter().map(|n| Some(*n)), names.len())
    })
}

/// Lets a file go; plans and scans that were made of it keep what they need.
#[unsafe(no_mangle)]
pub extern "system" fn Java_io_tsfile_jni_NativeFile_close<'local>(
    env: EnvUnowned<'local>,
    _class: JClass<'local>,
    file: jlong,
) {
    entry(env, Account::Query, |_| {
        FILES.remove(file);
        Ok(())
    })
}
