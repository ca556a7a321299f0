//! Devices as bytes under which they are looked up: the path of a tree device, table and tags of another.

use crate::model::{DeviceId, Model, split_path};
use crate::{Error, Result};

const TREE_KEY: u8 = 0;
const TABLE_KEY: u8 = 1;
const NULL_TAG: u32 = u32::MAX;

/// Appends the key of a tree device.
pub fn put_tree_key(path: &[u8], key: &mut Vec<u8>) {
    key.push(TREE_KEY);
    key.extend_from_slice(path);
}

/// The key of a table device; null tags at the end do not count.
pub fn put_table_key<'a>(
    table: &str,
    tags: impl Iterator<Item = Option<&'a [u8]>>,
    key: &mut Vec<u8>,
) {
    key.push(TABLE_KEY);
    let mut end = put_segment(Some(table.as_bytes()), key);
    for tag in tags {
        let after = put_segment(tag, key);
        if tag.is_some() {
            end = after;
        }
    }
    key.truncate(end);
}

fn put_segment(segment: Option<&[u8]>, key: &mut Vec<u8>) -> usize {
    let len = segment.map_or(NULL_TAG, |s| s.len() as u32);
    key.extend_from_slice(&len.to_be_bytes());
    key.extend_from_slice(segment.unwrap_or(&[]));
    key.len()
}

/// The key under which a device is known.
pub fn key_of(device: &DeviceId) -> Vec<u8> {
    let mut key = Vec::new();
    match device.model() {
        Model::Tree => put_tree_key(device.path().as_bytes(), &mut key),
        Model::Table => {
            let tags = device.segments().skip(1);
            let tags = tags.map(|t| t.map(str::as_bytes));
            put_table_key(device.table(), tags, &mut key);
        }
    }
    key
}

/// The device that a key stands for.
///
/// # Errors
/// It is no device of the tree model, unless any path is one.
pub fn device_of(key: &[u8], any_path: bool) -> Result<DeviceId> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match key.split_first() {
        Some((&TABLE_KEY, mut rest)) => {
            let mut segments = Vec::new();
            while let Some((len, behind)) = rest.split_first_chunk::<4>() {
                let len = u32::from_be_bytes(*len);
                if len == NULL_TAG {
                    segments.push(None);
                    rest = behind;
                    continue;
                }
                let (segment, behind) = behind
                    .split_at_checked(len as usize)
                    .unwrap_or((behind, &[]));
                segments.push(Some(text(segment)));
                rest = behind;
            }
            Ok(DeviceId::new(segments))
        }
        Some((_, path)) if any_path => Ok(DeviceId::from_path(&text(path))),
        Some((_, path)) => tree_device(&text(path)),
        None => tree_device(""),
    }
}

/// A device of the tree model by its path.
pub fn tree_device(path: &str) -> Result<DeviceId> {
    let device = DeviceId::from_path(path);
    let nodes = split_path(path);
    if device.model() != Model::Tree || nodes.len() < 2 || nodes.iter().any(|n| n.is_empty()) {
        return Err(
            Error::argument("a device of the tree model is a path below root")
                .expected("such as root.plant.d1")
                .got(format!("{path:?}"))
                .hint(
                    "put \"root.\" before the names of devices, or write a table (--table, --tags)",
                ),
        );
    }
    Ok(device)
}
