//! Tree devices by path: the segments of a path are not the same from every writer.

use super::Index;
use super::fetch::Fetch;
use super::lookup::find;
use crate::Result;
use crate::format::FormatVersion;
use crate::model::{DeviceId, Model};
use crate::read::TsFileReader;
use std::collections::HashSet;
use std::sync::Arc;

/// A path that can be cut in more ways than this is looked for in the whole index.
const MAX_CUTS: usize = 64;

impl TsFileReader {
    /// An index that has the tree devices of the file with these paths, and maybe others: the whole index when it is in memory already, or
    /// without `paths`; else as [`TsFileReader::lookup`].
    ///
    /// Of a path that a device has as writers of the tree model cut it, no other spelling is looked for.
    ///
    /// # Errors
    /// As [`TsFileReader::index`].
    pub fn index_for(&self, paths: Option<&[String]>) -> Result<Arc<Index>> {
        match paths {
            Some(paths) if self.loaded_index().is_none() => {
                let found = self.lookup_paths(paths).map_err(|e| self.in_file(e))?;
                found.map_or_else(|| self.shared_index(), Ok)
            }
            _ => self.shared_index(),
        }
    }

    fn lookup_paths(&self, paths: &[String]) -> Result<Option<Arc<Index>>> {
        let mut fetch = Fetch::new(self);
        let mut wanted: HashSet<DeviceId> = HashSet::new();
        for path in paths {
            if self.has_odd_devices(path) {
                return Ok(None);
            }
            wanted.insert(DeviceId::from_path(path));
        }
        let wanted: Vec<DeviceId> = wanted.into_iter().collect();
        let Some(mut found) = find(&mut fetch, self, &wanted)? else {
            return Ok(None);
        };
        let known: HashSet<&DeviceId> = found.iter().map(|d| d.id()).collect();
        let mut others = Vec::new();
        for path in paths {
            if !known.contains(&DeviceId::from_path(path)) {
                match self.other_cuts(path) {
                    Some(cuts) => others.extend(cuts),
                    None => return Ok(None),
                }
            }
        }
        if !others.is_empty() {
            match find(&mut fetch, self, &others)? {
                Some(more) if !more.is_empty() => {
                    found.extend(more);
                    found.sort_by(|a, b| a.path().cmp(b.path()));
                }
                Some(_) => {}
                None => return Ok(None),
            }
        }
        self.index_of(fetch, found).map(Some)
    }

    /// Roots with devices whose path can be `path`: its name is the first segment of these.
    fn roots_of<'p>(&'p self, path: &'p str) -> impl Iterator<Item = &'p str> {
        let names = self.metadata().tables.iter().map(|t| t.0.as_str());
        let has_tables = self.format_version() == FormatVersion::V4;
        names.filter(move |name| {
            let rest = path.strip_prefix(name);
            has_tables && rest.is_some_and(|r| r.is_empty() || r.starts_with('.'))
        })
    }

    /// Whether a device of this path could be one that is shown as a path because its table has no schema.
    fn has_odd_devices(&self, path: &str) -> bool {
        self.roots_of(path).any(|name| {
            let device = DeviceId::new([Some(name)]);
            device.model() == Model::Table && self.model_of(&device) == Model::Tree
        })
    }

    /// All devices with this path; `None` when there are too many. In version 3 the path is the device.
    fn other_cuts(&self, path: &str) -> Option<Vec<DeviceId>> {
        let mut out = Vec::new();
        for name in self.roots_of(path) {
            let rest = path.get(name.len()..).unwrap_or("");
            let mut cuts: Vec<Vec<Option<String>>> = vec![vec![Some(name.to_string())]];
            for node in rest.split('.').skip(1) {
                let mut next = Vec::new();
                for cut in cuts {
                    if let (Some((last, before)), true) = (cut.split_last(), cut.len() > 1) {
                        let joined = format!("{}.{node}", last.as_deref().unwrap_or("null"));
                        let mut longer = before.to_vec();
                        longer.push(Some(joined));
                        next.push(longer);
                    }
                    if node == "null" {
                        next.push([cut.as_slice(), &[None]].concat());
                    }
                    next.push([cut.as_slice(), &[Some(node.to_string())]].concat());
                }
                cuts = next;
                if cuts.len() > MAX_CUTS {
                    return None;
                }
            }
            out.extend(cuts.into_iter().map(DeviceId::new));
        }
        Some(out)
    }
}
