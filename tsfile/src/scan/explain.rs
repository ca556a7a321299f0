//! A plan in words: how the filter was rewritten, what is read of which device, what is left alone, and the splits.

use super::merge_files::Dedup;
use super::open::OpenFile;
use super::plan::{FileWork, ScanPlan, Shared};
use super::request::Rows;
use super::split::{DEFAULT_SPLIT_BYTES, Split, SplitMode};
use super::weigh::ChunkSizes;
use crate::Result;
use crate::filter::{Predicate, Test};
use crate::model::Form;
use crate::read::buffers::Buffers;
use crate::read::plan::SourcePlan;
use std::collections::BTreeSet;

/// A plan, explained. `Display` prints it for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// The files, by name.
    pub files: Vec<String>,
    /// The form of the rows.
    pub form: Form,
    /// The table, in the table form.
    pub table: Option<String>,
    /// What becomes of rows that several files hold of one device and time.
    pub dedup: Dedup,
    /// The columns that are shown.
    pub columns: Vec<String>,
    /// Which rows exist, in the forms wide and narrow.
    pub rows: Rows,
    /// First and last time wanted, when these were given apart from the filter.
    pub times: Option<(i64, i64)>,
    /// The filter, when there is one.
    pub filter: Option<ExplainFilter>,
    /// What is read of devices; of the first five that anything is read of.
    pub reads: Vec<ExplainReads>,
    /// Files, devices, chunks and bytes: how many there are, and how many are read.
    pub levels: Vec<ExplainLevel>,
    /// The splits for a host with the default split size.
    pub splits: Vec<Split>,
    /// What a host may stumble over.
    pub warnings: Vec<String>,
}

/// How a filter was rewritten.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainFilter {
    /// As it was asked.
    pub asked: String,
    /// Without `NOT`, flat, with ranges of the same column merged.
    pub normalized: String,
    /// What is asked of which devices; disjoint.
    pub branches: Vec<ExplainBranch>,
    /// How many tests of devices finding the branches took.
    pub work: u64,
    /// Whether there would have been more branches: the last one has wider times then, and tests devices row by row.
    pub capped: bool,
}

/// What is asked of some devices.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainBranch {
    /// How many devices.
    pub devices: usize,
    /// The first five of them.
    pub names: Vec<String>,
    /// The times that are read; `None` for all.
    pub times: Option<String>,
    /// What is tested of each row at those times; `None` when nothing is.
    pub residual: Option<String>,
}

/// What is read of a device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExplainReads {
    /// The device, or in the wide form the file.
    pub device: String,
    /// Whether its time column is read: it is aligned.
    pub time_column: bool,
    /// Timeseries of which values are read and shown.
    pub values: Vec<String>,
    /// Timeseries of which values are read only because the filter asks for them.
    pub tested: Vec<String>,
    /// Timeseries of which times are read and no values: siblings, read for row existence.
    pub siblings: Vec<String>,
}

/// How much of something there is.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainLevel {
    /// Of what.
    pub name: &'static str,
    /// How many there are.
    pub considered: u64,
    /// How many are left alone.
    pub skipped: u64,
    /// How many are read.
    pub read: u64,
}

/// So many devices are named.
const SHOWN: usize = 5;
impl ScanPlan {
    /// Explains the plan, from metadata: index and statistics, and chunk headers where they decide whether statistics count. Of what there is beside
    /// the devices that are read, the index is read for this.
    ///
    /// # Errors
    /// Metadata are corrupt, or reading fails.
    pub fn explain(&self) -> Result<Explain> {
        let shared = &self.shared;
        let names = shared.columns.schema.fields().iter();
        let mut found = Found::default();
        // What a device has in one file alone is pruned by values all the same; nobody looks for those here.
        let merged = self.merges_files().then(|| super::merged::raw(shared));
        for work in self.files.iter() {
            let added = found.add(merged.as_ref().unwrap_or(shared), work);
            added.map_err(|e| work.reader.in_file(e))?;
        }
        let level = |name, considered: u64, read: u64| ExplainLevel {
            name,
            considered,
            skipped: considered.saturating_sub(read),
            read,
        };
        let devices: usize = self.files.iter().map(|f| f.devices.positions.len()).sum();
        let range = shared.request.range;
        Ok(Explain {
            files: self.files.iter().map(|f| f.reader.name().into()).collect(),
            form: shared.columns.form,
            dedup: shared.request.dedup,
            table: shared.columns.table.clone(),
            columns: names.map(|f| f.name().clone()).collect(),
            rows: shared.request.rows,
            times: (range != (i64::MIN, i64::MAX)).then_some(range),
            filter: self.explain_filter()?,
            levels: vec![
                level("files", self.files.len() as u64, found.files),
                level("devices", shared.considered as u64, devices as u64),
                level("chunks", found.all_chunks, found.chunks),
                level("bytes", found.all_bytes, found.bytes),
            ],
            reads: found.reads,
            splits: self.splits(SplitMode::Parallel {
                bytes: DEFAULT_SPLIT_BYTES,
            })?,
            warnings: self.warnings().to_vec(),
        })
    }

    fn explain_filter(&self) -> Result<Option<ExplainFilter>> {
        let shared = &self.shared;
        let Some(filter) = &shared.filter else {
            return Ok(None);
        };
        let text = |p: &Predicate| p.to_expr(&filter.columns).to_string();
        let mut branches: Vec<ExplainBranch> = shared
            .branches
            .iter()
            .map(|branch| {
                let times = Predicate::test(filter.time(), Test::Numbers(branch.times.clone()));
                ExplainBranch {
                    devices: branch.devices,
                    names: Vec::new(),
                    times: (!branch.times.is_all()).then(|| text(&times)),
                    residual: (*branch.residual != Predicate::Always)
                        .then(|| text(&branch.residual)),
                }
            })
            .collect();
        for work in self.files.iter() {
            let index = work.reader.index()?;
            for (at, &position) in work.devices.positions.iter().enumerate() {
                let of = branches.get_mut(work.devices.branch(at));
                let Some(branch) = of.filter(|b| b.names.len() < SHOWN) else {
                    continue;
                };
                let name = index.device(position as usize).map(|d| d.id().path());
                branch.names.extend(name);
            }
        }
        Ok(Some(ExplainFilter {
            asked: filter.expr.to_string(),
            normalized: text(&filter.predicate),
            branches,
            work: shared.work,
            capped: shared.capped,
        }))
    }
}

/// What is found by going through a plan without reading.
#[derive(Default)]
struct Found {
    files: u64,
    reads: Vec<ExplainReads>,
    all_chunks: u64,
    chunks: u64,
    all_bytes: u64,
    bytes: u64,
}

impl Found {
    fn add(&mut self, shared: &Shared, work: &FileWork) -> Result<()> {
        // There is more than what was not passed over.
        let sizes = match work.by_name {
            true => ChunkSizes::of(&work.reader.whole())?,
            false => ChunkSizes::of(&work.reader)?,
        };
        self.all_chunks += sizes.count() as u64;
        self.all_bytes += sizes.total();
        let before = self.chunks;
        let mut open = OpenFile::new(shared, work.clone(), Buffers::default())?;
        while let Some(plans) = open.next_plans(shared)? {
            self.chunks += super::prune::chunks(&plans);
            self.bytes += plans.iter().map(|p| sizes.of_plan(p)).sum::<u64>();
            if self.reads.len() < SHOWN && !plans.is_empty() {
                let name = match shared.columns.form {
                    Form::Wide => work.reader.name(),
                    _ => &open.name,
                };
                self.reads.push(reads(shared, name, &plans));
            }
        }
        self.files += u64::from(self.chunks > before);
        Ok(())
    }
}

/// What `plans` read.
fn reads(shared: &Shared, device: &str, plans: &[SourcePlan]) -> ExplainReads {
    let (mut values, mut tested, mut siblings) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for plan in plans {
        for column in &plan.columns {
            let name = match shared.columns.form {
                Form::Wide => format!("{}.{}", plan.device, column.measurement),
                _ => column.measurement.to_string(),
            };
            match column.column {
                Some(i) if i < shared.columns.values.len() => values.insert(name),
                Some(_) => tested.insert(name),
                None => siblings.insert(name),
            };
        }
    }
    ExplainReads {
        device: device.to_string(),
        time_column: plans.iter().any(|p| p.time.is_some()),
        values: values.into_iter().collect(),
        tested: tested.into_iter().collect(),
        siblings: siblings.into_iter().collect(),
    }
}
