//! Expectations against what a reader found. What a reader is known to be unable to do is in one table here, and in docs/compatibility.md.

use super::dump::{Device, Dump, Series};

/// Readers, as their dumps are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Own,
    Java24,
    Java11,
    Java013,
    Wheel,
}

/// What a reader is known to be unable to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Java reads every NaN in PLAIN as the one without payload.
    NanPlain,
    /// Floats of the Python package go through its doubles, where a NaN changes.
    NanFloat,
    /// The Python package ends a BLOB at its first zero byte.
    BlobZero,
    /// The self check takes statistics that hold a NaN for wrong, in 1.1.3 a sum that is infinite too; and the statistics of columns that
    /// may lose something are of what went in.
    SelfCheck,
    /// 2.4.0: the self check refuses format version 3.
    SelfCheckVersion3,
    /// 2.4.0: searches the index of version 3 in another order than it has, and misses devices.
    MissesVersion3,
}

impl Reader {
    pub const REFERENCES: [Self; 4] = [Self::Java24, Self::Java11, Self::Java013, Self::Wheel];

    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Java24 => "java-2.4.0",
            Self::Java11 => "java-1.1.3",
            Self::Java013 => "java-0.13.4",
            Self::Wheel => "wheel-2.5.0",
        }
    }

    fn has(self, fault: Fault) -> bool {
        match fault {
            Fault::NanPlain | Fault::SelfCheck => {
                matches!(self, Self::Java24 | Self::Java11 | Self::Java013)
            }
            Fault::NanFloat | Fault::BlobZero => self == Self::Wheel,
            Fault::SelfCheckVersion3 | Fault::MissesVersion3 => self == Self::Java24,
        }
    }
}

/// What is different, a line each.
pub fn differences(expect: &Dump, got: &Dump, reader: Reader, version3: bool) -> Vec<String> {
    let mut out = Vec::new();
    if reader != Reader::Wheel && !got.end {
        out.push("the dump has no end".to_string());
    }
    for (key, value) in &expect.properties {
        if got.properties.get(key) != Some(value) {
            out.push(format!(
                "property {key}: expected {value}, got {:?}",
                got.properties.get(key)
            ));
        }
    }
    if got.tables != expect.tables {
        out.push(format!(
            "tables: expected {:?}, got {:?}",
            expect.tables, got.tables
        ));
    }
    for (id, device) in &expect.devices {
        match got.devices.get(id) {
            None => out.push(format!("device {id:?} is missing")),
            Some(mine) => of_device(device, mine, reader, &mut |line| {
                out.push(format!("device {id:?}: {line}"))
            }),
        }
    }
    for id in got
        .devices
        .keys()
        .filter(|id| !expect.devices.contains_key(*id))
    {
        out.push(format!("device {id:?} is not expected"));
    }
    // Whether anything in the file makes the self check say what it should not.
    let doubtful = expect
        .devices
        .values()
        .flat_map(|d| d.series.values())
        .any(|s| s.points.iter().any(|(_, v)| v.contains('\t')) || !sum(s).is_finite());
    for line in &got.wrong {
        let known = line.starts_with("known ")
            || line.starts_with("!error\tselfcheck") && doubtful && reader.has(Fault::SelfCheck)
            || version3
                && reader.has(Fault::MissesVersion3)
                && (line.starts_with("!query\t") && line.contains(" returns 0 points"));
        if !known {
            out.push(line.clone());
        }
    }
    if let Some(status) = &got.selfcheck {
        let known = version3 && reader.has(Fault::SelfCheckVersion3);
        if status != if known { "-2" } else { "0" } {
            out.push(format!("self check says {status}"));
        }
    }
    out.truncate(20);
    out
}

fn of_device(expect: &Device, got: &Device, reader: Reader, wrong: &mut impl FnMut(String)) {
    // The Python package does not tell of a device that has no series but its times.
    if expect.aligned != got.aligned && !(reader == Reader::Wheel && expect.series.is_empty()) {
        wrong(format!("aligned is {}", got.aligned));
    }
    if let (Some(a), Some(b)) = (&expect.rows, &got.rows) {
        if a != b {
            wrong(format!(
                "rows: expected {} {:?}.., got {} {:?}..",
                a.len(),
                a.first(),
                b.len(),
                b.first()
            ));
        }
    }
    for (name, series) in &expect.series {
        match got.series.get(name) {
            None => wrong(format!("series {name:?} is missing")),
            Some(mine) => of_series(series, mine, reader, &mut |line| {
                wrong(format!(
                    "series {name:?} {} {}/{}: {line}",
                    series.data_type, series.encoding, mine.encoding
                ));
            }),
        }
    }
    // A column without a value may be a series or not.
    for (name, series) in &got.series {
        if !expect.series.contains_key(name)
            && (!series.points.is_empty() || !series.wrong.is_empty())
        {
            wrong(format!(
                "series {name:?} is not expected: {} points {:?}",
                series.points.len(),
                series.wrong
            ));
        }
    }
}

fn of_series(expect: &Series, got: &Series, reader: Reader, wrong: &mut impl FnMut(String)) {
    if got.data_type != expect.data_type {
        wrong(format!("type {}", got.data_type));
    }
    if !expect.encoding.is_empty() && !got.encoding.is_empty() && got.encoding != expect.encoding {
        wrong("encoding".to_string());
    }
    let lossy = expect.points.iter().any(|(_, v)| v.contains('\t'));
    for line in &got.wrong {
        // Statistics are those of what went in.
        if !(lossy && line.starts_with("!statistics")) {
            wrong(line.clone());
        }
    }
    if expect.points.len() != got.points.len() {
        wrong(format!(
            "expected {} points, got {}",
            expect.points.len(),
            got.points.len()
        ));
        return;
    }
    let pairs = expect.points.iter().zip(&got.points);
    if let Some((a, b)) = pairs
        .clone()
        .find(|(a, b)| a.0 != b.0 || !same(expect, &a.1, &b.1, reader, &got.encoding))
    {
        wrong(format!("expected {a:?}, got {b:?}"));
    }
}

fn same(series: &Series, expect: &str, got: &str, reader: Reader, encoding: &str) -> bool {
    if expect == got {
        return true;
    }
    let data_type = series.data_type.as_str();
    if let Some((exact, instead)) = expect.split_once('\t') {
        return got == exact || got == instead || instead == "near" && near(exact, got)
            // What cannot be scaled is stored raw, where Java keeps no payload.
            || is_nan(data_type, exact) && is_nan(data_type, got);
    }
    if is_nan(data_type, expect) && is_nan(data_type, got) {
        return encoding == "PLAIN" && reader.has(Fault::NanPlain)
            || data_type == "FLOAT" && reader.has(Fault::NanFloat);
    }
    data_type == "BLOB" && reader.has(Fault::BlobZero) && {
        let zero = (0..expect.len())
            .step_by(2)
            .find(|k| &expect[*k..*k + 2] == "00");
        zero.is_some_and(|k| &expect[..k] == got)
    }
}

/// As in statistics of floats; of the rest it does not matter.
fn sum(series: &Series) -> f64 {
    let bits = |v: &str| u64::from_str_radix(v.split('\t').next().unwrap(), 16).unwrap();
    let values = series.points.iter().map(|(_, v)| v);
    match series.data_type.as_str() {
        "FLOAT" => values
            .map(|v| f64::from(f32::from_bits(bits(v) as u32)))
            .sum(),
        "DOUBLE" => values.map(|v| f64::from_bits(bits(v))).sum(),
        _ => 0.0,
    }
}

fn is_nan(data_type: &str, hex: &str) -> bool {
    let hex = hex.split('\t').next().unwrap_or(hex);
    match data_type {
        "FLOAT" => u32::from_str_radix(hex, 16).is_ok_and(|b| f32::from_bits(b).is_nan()),
        "DOUBLE" => u64::from_str_radix(hex, 16).is_ok_and(|b| f64::from_bits(b).is_nan()),
        _ => false,
    }
}

/// CAMEL keeps about ten digits.
fn near(a: &str, b: &str) -> bool {
    let double = |s| u64::from_str_radix(s, 16).map_or(f64::NAN, f64::from_bits);
    let (a, b) = (double(a), double(b));
    (a - b).abs() <= 1e-6 * a.abs().max(1.0)
}
