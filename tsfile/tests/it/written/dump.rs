//! What a reader found in a file, in the form of testdata/oracle/README.md ("Dumps"); expectations have the same form.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A file as one reader sees it.
#[derive(Debug, Default)]
pub struct Dump {
    pub properties: BTreeMap<String, String>,
    /// Columns by table: name, type, category.
    pub tables: BTreeMap<String, Vec<[String; 3]>>,
    /// By what follows `aligned` or `plain` in the line.
    pub devices: BTreeMap<String, Device>,
    /// Lines that say that something is wrong, or a known fault, outside of a device.
    pub wrong: Vec<String>,
    pub selfcheck: Option<String>,
    pub end: bool,
}

#[derive(Debug, Default)]
pub struct Device {
    pub aligned: bool,
    /// Times of its rows, where the reader can tell.
    pub rows: Option<Vec<i64>>,
    pub series: BTreeMap<String, Series>,
}

#[derive(Debug, Default, Clone)]
pub struct Series {
    pub data_type: String,
    /// Of the last chunk, empty where the reader does not say. In an expectation: what was asked for, empty for auto.
    pub encoding: String,
    pub points: Vec<(i64, String)>,
    /// Lines that say that something is wrong with this series.
    pub wrong: Vec<String>,
}

pub fn escape(s: &str) -> String {
    s.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

impl Dump {
    pub fn parse(text: &str) -> Self {
        enum At {
            Nothing,
            Rows,
            Series(String),
        }
        let mut new = Self::default();
        let (mut table, mut device, mut at) = (String::new(), String::new(), At::Nothing);
        for line in text.lines() {
            let (word, rest) = line.split_once('\t').unwrap_or((line, ""));
            if line.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
                let time = word.parse().unwrap();
                let device = new.devices.get_mut(&device).unwrap();
                match &at {
                    At::Rows => device.rows.as_mut().unwrap().push(time),
                    At::Series(s) => {
                        let points = &mut device.series.get_mut(s).unwrap().points;
                        points.push((time, rest.to_string()));
                    }
                    At::Nothing => panic!("{line}"),
                }
                continue;
            }
            match word {
                "property" => {
                    let (key, value) = rest.split_once('\t').unwrap();
                    new.properties.insert(key.to_string(), value.to_string());
                }
                "table" => {
                    table = rest.to_string();
                    new.tables.insert(table.clone(), Vec::new());
                }
                "column" => {
                    let fields: Vec<String> = rest.split('\t').map(str::to_string).collect();
                    let columns = new.tables.get_mut(&table).unwrap();
                    columns.push(fields.try_into().unwrap());
                }
                "device" => {
                    let (aligned, id) = rest.split_once('\t').unwrap();
                    device = id.to_string();
                    let d = new.devices.entry(device.clone()).or_default();
                    d.aligned = aligned == "aligned";
                    at = At::Nothing;
                }
                "rows" => {
                    new.devices.get_mut(&device).unwrap().rows = Some(Vec::new());
                    at = At::Rows;
                }
                "series" => {
                    let mut fields = rest.split('\t');
                    let name = fields.next().unwrap().to_string();
                    let series = Series {
                        data_type: fields.next().unwrap().to_string(),
                        encoding: fields.next().unwrap_or("").to_string(),
                        ..Series::default()
                    };
                    let device = new.devices.get_mut(&device).unwrap();
                    device.series.insert(name.clone(), series);
                    at = At::Series(name);
                }
                "selfcheck" => new.selfcheck = Some(rest.to_string()),
                "end" => new.end = true,
                _ => match &at {
                    At::Series(s) if word == "!statistics" || word == "overlaps" => {
                        let device = new.devices.get_mut(&device).unwrap();
                        let series = device.series.get_mut(s).unwrap();
                        series.wrong.push(line.to_string());
                    }
                    _ => new.wrong.push(line.to_string()),
                },
            }
        }
        new
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        for (key, value) in &self.properties {
            writeln!(out, "property\t{key}\t{value}").unwrap();
        }
        for (table, columns) in &self.tables {
            writeln!(out, "table\t{table}").unwrap();
            for c in columns {
                writeln!(out, "column\t{}", c.join("\t")).unwrap();
            }
        }
        for (id, device) in &self.devices {
            let aligned = if device.aligned { "aligned" } else { "plain" };
            writeln!(out, "device\t{aligned}\t{id}").unwrap();
            if let Some(rows) = &device.rows {
                writeln!(out, "rows\t").unwrap();
                for time in rows {
                    writeln!(out, "{time}").unwrap();
                }
            }
            for (name, s) in &device.series {
                writeln!(out, "series\t{name}\t{}\t{}", s.data_type, s.encoding).unwrap();
                for (time, value) in &s.points {
                    writeln!(out, "{time}\t{value}").unwrap();
                }
            }
        }
        out
    }
}
