//! Queries that want little of a file: many points in turn, rows by value, what each device amounts to.

use crate::AnyResult;
use crate::clock::Clock;
use crate::sums::Sums;
use serde_json::{Value, json};
use tsfile::filter::{Expr, col};
use tsfile::io::{CountingSource, FileSource, ReadAt, ReadCounts};
use tsfile::model::ColumnCategory;
use tsfile::scan::{Query, SummaryRequest, summarize};
use tsfile::{ReadOptions, TsFileReader};

/// One device and one range of times of it.
#[derive(Debug)]
struct Point {
    device: String,
    start: i64,
    end: i64,
}

/// What the words behind the file say.
#[derive(Debug, Default)]
pub struct Options {
    queries: Option<String>,
    count: usize,
    each: bool,
    column: String,
    low: f64,
    high: f64,
    check: bool,
}

impl Options {
    /// Takes `KEY=VALUE` words.
    pub fn parse(args: &[&str]) -> AnyResult<Self> {
        let mut options = Self {
            count: usize::MAX,
            ..Self::default()
        };
        for arg in args {
            match arg.split_once('=') {
                Some(("queries", file)) => options.queries = Some(file.into()),
                Some(("count", n)) => options.count = n.parse()?,
                Some(("open", "each")) => options.each = true,
                Some(("column", name)) => options.column = name.into(),
                Some(("low", value)) => options.low = value.parse()?,
                Some(("high", value)) => options.high = value.parse()?,
                Some(("check", "yes")) => options.check = true,
                _ => return Err(format!("unknown option {arg}").into()),
            }
        }
        Ok(options)
    }

    /// The first queries of the list: lines `DEVICE START END`.
    fn points(&self) -> AnyResult<Vec<Point>> {
        let path = self.queries.as_ref().ok_or("queries=FILE is missing")?;
        let mut points = Vec::new();
        for line in std::fs::read_to_string(path)?.lines().take(self.count) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [device, start, end] = words.as_slice() else {
                return Err(format!("no query: {line}").into());
            };
            points.push(Point {
                device: (*device).into(),
                start: start.parse()?,
                end: end.parse()?,
            });
        }
        Ok(points)
    }
}

/// One device and a range of times at a time, of a file that is open, or is opened for each.
pub fn points(file: &str, options: &Options) -> AnyResult<Value> {
    let points = options.points()?;
    let mut clock = Clock::default();
    let mut sums = Sums::new(options.check);
    let open = || TsFileReader::open(file, ReadOptions::default());
    let reader = open()?;
    let table = Table::of(&reader)?;
    clock.time(|| -> AnyResult<()> {
        for point in &points {
            let reader = match options.each {
                true => open()?,
                false => reader.clone(),
            };
            table.run(reader, point, &mut sums)?;
        }
        Ok(())
    })?;
    let mut found = sums.json();
    found["queries"] = json!(points.len());
    clock.tell(&mut found);
    read_by_points(file, options.each, &points, &mut found)?;
    Ok(found)
}

/// The only table: a point query names it and its columns, as it has to for other readers.
struct Table {
    name: String,
    tag: String,
    columns: Vec<String>,
}

impl Table {
    fn of(reader: &TsFileReader) -> AnyResult<Self> {
        let table = reader.tables().next().ok_or("no table")?;
        let of = |category| {
            let columns = table.columns.iter().filter(move |c| c.category == category);
            columns.map(|c| c.measurement.name.clone())
        };
        let tag = of(ColumnCategory::Tag).next().ok_or("no tag")?;
        let columns = of(ColumnCategory::Tag).chain(of(ColumnCategory::Field));
        Ok(Self {
            name: table.name.clone(),
            columns: columns.collect(),
            tag,
        })
    }

    fn run(&self, reader: TsFileReader, point: &Point, sums: &mut Sums) -> AnyResult<()> {
        let times = col("time").between(point.start, point.end);
        let filter = col(&self.tag).eq(point.device.as_str()).and(times);
        let query = Query::new(vec![reader])
            .table(&self.name)
            .select(&self.columns)
            .filter(filter)?;
        for batch in query.scan()? {
            sums.add(&batch?)?;
        }
        Ok(())
    }
}

/// Rows whose value of a column lies between two others, both included; all columns of them.
pub fn select(file: &str, options: &Options) -> AnyResult<Value> {
    let mut clock = Clock::default();
    let mut sums = Sums::new(options.check);
    let filter = col(&options.column).between(options.low, options.high);
    clock.time(|| {
        let reader = TsFileReader::open(file, ReadOptions::default())?;
        run(reader, filter.clone(), &mut sums)
    })?;
    let mut found = sums.json();
    clock.tell(&mut found);
    let counting = CountingSource::new(FileSource::open(file)?);
    run(counted(&counting)?, filter, &mut Sums::new(false))?;
    tell(
        &mut found,
        ReadCounts { reads: 0, bytes: 0 },
        &[counting.counts()],
    );
    Ok(found)
}

/// Count, smallest, largest, first and last value of each column of each device of the only table.
pub fn aggregate(file: &str, options: &Options) -> AnyResult<Value> {
    let mut clock = Clock::default();
    let mut sums = Sums::new(options.check);
    let open = || TsFileReader::open(file, ReadOptions::default());
    let devices = clock.time(|| run_aggregate(&open()?, options.check, &mut sums))?;
    let mut found = sums.json();
    found["devices"] = json!(devices);
    clock.tell(&mut found);
    let counting = CountingSource::new(FileSource::open(file)?);
    run_aggregate(&counted(&counting)?, false, &mut Sums::new(false))?;
    tell(
        &mut found,
        ReadCounts { reads: 0, bytes: 0 },
        &[counting.counts()],
    );
    Ok(found)
}

fn run_aggregate(reader: &TsFileReader, check: bool, sums: &mut Sums) -> AnyResult<usize> {
    let table = reader.tables().next().ok_or("no table")?.name.clone();
    let request = SummaryRequest::new()
        .with_table(Some(&table))
        .with_rows(false);
    let mut devices = 0;
    for summary in summarize(reader, request)? {
        let summary = summary?;
        devices += 1;
        if !check {
            continue;
        }
        for series in summary.series {
            let (name, v) = (series.measurement, series.values);
            let count = tsfile::model::Value::Int64(series.count as i64);
            for (what, value) in [
                ("count", &Some(count)),
                ("min", &v.min),
                ("max", &v.max),
                ("first", &v.first),
                ("last", &v.last),
            ] {
                sums.value(&format!("{name} {what}"), value.as_ref())?;
            }
        }
    }
    Ok(devices)
}

fn run(reader: TsFileReader, filter: Expr, sums: &mut Sums) -> AnyResult<()> {
    let query = Query::new(vec![reader]).with(|r| r.with_filter(Some(filter)));
    for batch in query.scan()? {
        sums.add(&batch?)?;
    }
    Ok(())
}

/// What is read of the file, which no clock sees: of at most a hundred queries, each on a file that was just opened, so that nothing is left of
/// the one before.
fn read_by_points(file: &str, each: bool, points: &[Point], found: &mut Value) -> AnyResult<()> {
    let mut opening = ReadCounts { reads: 0, bytes: 0 };
    let mut all = Vec::new();
    for point in points.iter().take(100) {
        let counting = CountingSource::new(FileSource::open(file)?);
        let reader = counted(&counting)?;
        opening = counting.counts();
        Table::of(&reader)?.run(reader, point, &mut Sums::new(false))?;
        let ReadCounts { reads, bytes } = counting.counts();
        all.push(match each {
            true => ReadCounts { reads, bytes },
            false => ReadCounts {
                reads: reads - opening.reads,
                bytes: bytes - opening.bytes,
            },
        });
    }
    tell(found, opening, &all);
    Ok(())
}

fn counted(source: &CountingSource<impl ReadAt + 'static>) -> AnyResult<TsFileReader> {
    let source = source.clone();
    Ok(TsFileReader::new(
        source,
        "counted",
        ReadOptions::default(),
    )?)
}

/// Puts mean and most of what was read into an object.
fn tell(object: &mut Value, opening: ReadCounts, all: &[ReadCounts]) {
    let mean = |of: fn(&ReadCounts) -> u64| {
        all.iter().map(of).sum::<u64>() as f64 / all.len().max(1) as f64
    };
    let most = |of: fn(&ReadCounts) -> u64| all.iter().map(of).max().unwrap_or(0);
    object["read"] = json!({
        "opening": {"requests": opening.reads, "bytes": opening.bytes},
        "requests": mean(|r| r.reads),
        "most_requests": most(|r| r.reads),
        "bytes": mean(|r| r.bytes),
    });
}
