//! Plans for tests of scans: small pages, types that widen between devices, and layers of rows over the same devices, which make chunks
//! overlap once they are put into one file.

use super::plan::{Kind, Plan, Readers, times};
use super::random::Random;
use super::values::{Column, Shape};
use std::collections::BTreeSet;
use tsfile::model::{DataType, Encoding};

/// Types of which each widens to some other one of the row.
const WIDENING: &[&[DataType]] = &[
    &[DataType::Int32, DataType::Int64],
    &[DataType::Int32, DataType::Float, DataType::Double],
    &[DataType::Text, DataType::String],
];

impl Plan {
    /// A file of at most `most` rows.
    pub fn for_scans(r: &mut Random, most: usize) -> Self {
        loop {
            let mut new = Self::new(r);
            if new.row_count() <= most {
                new.change(r, most);
            }
            // In the wide form a device may have got times of others.
            if new.row_count() <= most {
                return new;
            }
        }
    }

    /// How many rows all devices have together.
    pub fn row_count(&self) -> usize {
        self.devices.iter().map(|d| d.rows.len()).sum()
    }

    fn change(&mut self, r: &mut Random, most: usize) {
        if r.chance(25) {
            self.enlarge(r, most);
        }
        let mut o = std::mem::take(&mut self.options);
        if r.chance(75) {
            o = o.with_page_points(r.pick(&[2, 5, 8, 16, 50, 128]));
        }
        if r.chance(40) {
            o = o.with_chunk_group_bytes(r.pick(&[200, 1_000, 5_000]));
        }
        if r.chance(25) {
            let decimals = r.pick(&[0, 1, 2]);
            self.lossy = Some(decimals);
            o = o.with_lossy(true).with_max_point_number(decimals);
        }
        self.options = o;
        if self.kind == Kind::Devices {
            self.widen(r);
        }
        self.recode(r);
        self.fill(r);
    }

    /// Devices with so many points that it pays to read some columns later than others.
    fn enlarge(&mut self, r: &mut Random, most: usize) {
        let old = self.readers == Readers::Old;
        let share = most / self.devices.len();
        for d in &mut self.devices {
            let n = share - r.below(share / 2 + 1);
            let times = times(r, n, old).into_iter();
            d.rows = times.map(|t| (t, Vec::new())).collect();
        }
    }

    fn names(&self) -> BTreeSet<String> {
        let columns = self.devices.iter().flat_map(|d| &d.columns);
        columns.map(|c| c.name.clone()).collect()
    }

    /// Columns of one name get different types in different tree devices, now and then such that no type holds both.
    fn widen(&mut self, r: &mut Random) {
        for name in self.names() {
            let mut columns = self.devices.iter().flat_map(|d| &d.columns);
            // An encoding that was asked for need not be legal for another type.
            if !columns.all(|c| c.name != name || c.encoding.is_none()) || !r.chance(60) {
                continue;
            }
            let types = if r.chance(10) {
                &[DataType::Boolean, DataType::Int64, DataType::Text]
            } else {
                r.pick(WIDENING)
            };
            for d in self.devices.iter_mut().filter(|d| !d.table) {
                for c in d.columns.iter_mut().filter(|c| c.name == name) {
                    let data_type = r.pick(types);
                    *c = Column::new(r, name.clone(), data_type, None);
                }
            }
        }
    }

    /// Other encodings, of floats mostly lossy ones where the file may lose something.
    fn recode(&mut self, r: &mut Random) {
        for name in self.names() {
            let columns = self.devices.iter().flat_map(|d| &d.columns);
            let types: Vec<DataType> = columns
                .filter(|c| c.name == name)
                .map(|c| c.data_type)
                .collect();
            if types.iter().any(|t| *t != types[0]) || !r.chance(40) {
                continue;
            }
            let mut legal = self.legal(types[0]);
            let float = matches!(types[0], DataType::Float | DataType::Double);
            if float && self.lossy.is_some() {
                legal.retain(|e| matches!(e, Encoding::Ts2Diff | Encoding::Rle | Encoding::Camel));
            }
            if legal.is_empty() {
                continue;
            }
            let encoding = r.pick(&legal);
            self.use_encoding(&name, encoding);
            for d in &mut self.devices {
                for c in d.columns.iter_mut().filter(|c| c.name == name) {
                    let compression = c.compression;
                    *c = Column::new(r, name.clone(), c.data_type, Some(encoding));
                    if self.lossy.is_some() && c.data_type == DataType::Double {
                        // More digits than any of these encodings keeps.
                        c.shape = r.pick(&[c.shape, Shape::Bits]);
                    }
                    c.compression = compression;
                }
            }
        }
    }

    /// A plan for the same devices and columns, with rows at some times of this one and between them.
    pub fn layer(&self, r: &mut Random) -> Self {
        let mut new = self.clone();
        for d in &mut new.devices {
            let n = d.rows.len();
            let (a, b) = (r.below(n + 1), r.below(n + 1));
            let part = if r.chance(20) {
                0..0
            } else {
                a.min(b)..a.max(b)
            };
            let mut times = BTreeSet::new();
            for (t, _) in &d.rows[part] {
                match r.below(10) {
                    0..6 => times.insert(*t),
                    6..8 => times.insert(t + r.range(-2, 3)),
                    _ => false,
                };
            }
            d.rows = times.into_iter().map(|t| (t, Vec::new())).collect();
        }
        if new.row_count() == 0 {
            let with_rows = self.devices.iter().position(|d| !d.rows.is_empty());
            let at = with_rows.unwrap_or(0);
            let first = self.devices[at].rows.first().map_or(0, |(t, _)| *t);
            new.devices[at].rows = vec![(first, Vec::new())];
        }
        if r.chance(50) {
            new.recode(r);
        }
        new.fill(r);
        new
    }
}
