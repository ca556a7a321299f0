//! Values of one column, in one of several shapes, and the Arrow arrays that hold them.

use super::random::Random;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, StringArray,
};
use arrow_schema::{DataType as ArrowType, Field};
use std::sync::Arc;
use tsfile::model::{Compression, DataType, Encoding};

/// A value; byte strings stand for TEXT, STRING and BLOB, integers for DATE (`yyyymmdd`) and TIMESTAMP too.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Bytes(Vec<u8>),
}

impl Value {
    /// As a dump has it.
    pub fn text(&self) -> String {
        match self {
            Self::Bool(v) => v.to_string(),
            Self::I32(v) => v.to_string(),
            Self::I64(v) => v.to_string(),
            Self::F32(v) => format!("{:08x}", v.to_bits()),
            Self::F64(v) => format!("{:016x}", v.to_bits()),
            Self::Bytes(v) => hex(v),
        }
    }

    /// What is left of a float with `decimals` decimals: format specification, 12.5.
    pub fn scaled(&self, decimals: u32) -> Self {
        let scale = 10f64.powi(decimals as i32);
        let keep = |x: f64, low: f64, high: f64| {
            if x * scale >= low && x * scale <= high {
                Some((x * scale + 0.5).floor() / scale)
            } else if x >= low && x <= high {
                Some((x + 0.5).floor())
            } else {
                None
            }
        };
        match self {
            Self::F32(v) => keep(f64::from(*v), f64::from(i32::MIN), f64::from(i32::MAX))
                .map_or(self.clone(), |x| Self::F32(x as f32)),
            Self::F64(v) => {
                keep(*v, i64::MIN as f64, i64::MAX as f64).map_or(self.clone(), Self::F64)
            }
            _ => self.clone(),
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(2 * bytes.len());
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

/// What the values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Constant,
    Repeat,
    Ramp,
    Walk,
    Random,
    Edge,
    /// Floats whose bit patterns are near each other.
    Bits,
    /// Floats with this many decimals.
    Decimal(u32),
    Quarter,
}

/// A measurement or field.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub data_type: DataType,
    /// `None` is auto.
    pub encoding: Option<Encoding>,
    pub compression: Option<Compression>,
    pub shape: Shape,
    base: i64,
    step: i64,
    walk: i64,
    held: Option<Value>,
    hold: usize,
    long: bool,
    large: bool,
    everything: bool,
}

const WORDS: &[&str] = &[
    "",
    "a",
    "b",
    "on",
    "off",
    "null",
    "NaN",
    " ",
    "a,b",
    "\"q\"",
    "line\nbreak",
    "tab\t",
    "back\\slash",
    "grün",
    "温度",
    "ключ",
    "🙂",
    "\u{1}",
    "root.sg",
    "0123456789",
    "\\N",
];
const LONGS: &[i64] = &[
    0,
    1,
    -1,
    63,
    64,
    -64,
    -65,
    127,
    128,
    255,
    256,
    32767,
    32768,
    0x7fff_ffff,
    -0x8000_0000,
    1 << 32,
    1 << 53,
    i64::MAX,
    i64::MIN,
    i64::MAX - 1,
    i64::MIN + 1,
];
const DOUBLES: &[u64] = &[
    0,
    1 << 63,
    1,
    0x8000_0000_0000_0001,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0x7ff8_0000_0000_0bad,
    0xfff8_0000_0000_0000,
    0x7ff0_0000_dead_beef,
    0x7fef_ffff_ffff_ffff,
    0xffef_ffff_ffff_ffff,
    0x0010_0000_0000_0000,
    0x3fb9_9999_9999_999a,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x41e6_5a0b_c000_0000,
    0x43e1_5865_5f90_9f00,
];
const FLOATS: &[u32] = &[
    0,
    1 << 31,
    1,
    0x8000_0001,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0x7fc0_0bad,
    0xffc0_0000,
    0x7fa0_1234,
    0x7f7f_ffff,
    0xff7f_ffff,
    0x0080_0000,
    0x3dcc_cccd,
    0x3f80_0000,
    0xbf80_0000,
    0x4f32_d05e,
    0x4b80_0001,
];

impl Column {
    pub fn new(
        r: &mut Random,
        name: String,
        data_type: DataType,
        encoding: Option<Encoding>,
    ) -> Self {
        let shape = shape(r, data_type, encoding);
        let base = if data_type == DataType::Timestamp {
            1_700_000_000_000
        } else {
            r.range(0, 1 << 20)
        };
        Self {
            name,
            data_type,
            encoding,
            compression: None,
            shape,
            base,
            step: r.range(1, 1000),
            walk: base,
            held: None,
            hold: 0,
            long: r.chance(8),
            large: r.chance(20),
            everything: false,
        }
    }

    /// Dates before the year 1000, which the Python package takes for none, and strings that make page headers longer than the 4 KiB that
    /// the C++ library reads (they hold a string four times).
    pub fn with_everything(mut self) -> Self {
        self.everything = true;
        self
    }

    pub fn is_float(&self) -> bool {
        matches!(self.data_type, DataType::Float | DataType::Double)
    }

    pub fn next(&mut self, r: &mut Random) -> Value {
        if matches!(self.shape, Shape::Constant | Shape::Repeat) {
            if self.held.is_none() || self.shape == Shape::Repeat && self.hold == 0 {
                self.held = Some(self.fresh(r));
                self.hold = r.pick(&[1, 2, 7, 8, 9, 10, 21, 71]);
            }
            self.hold = self.hold.saturating_sub(1);
            return self.held.clone().unwrap();
        }
        self.fresh(r)
    }

    fn fresh(&mut self, r: &mut Random) -> Value {
        match self.data_type {
            DataType::Boolean => Value::Bool(r.chance(50)),
            DataType::Int32 => Value::I32(self.integer(r, false) as i32),
            DataType::Int64 | DataType::Timestamp => Value::I64(self.integer(r, true)),
            DataType::Date => Value::I32(self.date(r)),
            DataType::Float => Value::F32(match self.shape {
                Shape::Edge => f32::from_bits(r.pick(FLOATS)),
                Shape::Random => f32::from_bits(r.bits() as u32),
                Shape::Bits => f32::from_bits((0x4120_0000 + self.walk_on(r)) as u32),
                Shape::Decimal(p) => {
                    (r.range(-99_999, 100_000) as f64 / 10f64.powi(p as i32)) as f32
                }
                _ => (r.range(-4000, 4001) as f32) * 0.25,
            }),
            DataType::Double => Value::F64(match self.shape {
                Shape::Edge => f64::from_bits(r.pick(DOUBLES)),
                Shape::Random => f64::from_bits(r.bits()),
                Shape::Bits => f64::from_bits((0x4024_0000_0000_0000 + self.walk_on(r)) as u64),
                Shape::Decimal(p) => {
                    let digits = r.pick(&[1_000, 100_000, 10_000_000]);
                    r.range(-digits, digits + 1) as f64 / 10f64.powi(p as i32)
                }
                _ => (r.range(-4000, 4001) as f64) * 0.25,
            }),
            DataType::Blob => Value::Bytes(self.bytes(r)),
            _ => Value::Bytes(self.string(r).into_bytes()),
        }
    }

    fn walk_on(&mut self, r: &mut Random) -> i64 {
        self.walk += r.range(-1000, 1001);
        self.walk
    }

    fn integer(&mut self, r: &mut Random, wide: bool) -> i64 {
        match self.shape {
            Shape::Ramp => {
                self.walk += self.step;
                self.walk
            }
            Shape::Walk => self.walk_on(r),
            Shape::Edge if wide => r.pick(LONGS),
            Shape::Edge => r
                .pick(LONGS)
                .clamp(i64::from(i32::MIN), i64::from(i32::MAX)),
            Shape::Random => r.bits() as i64,
            Shape::Repeat => r.range(-1_000_000, 1_000_000),
            _ => self.base,
        }
    }

    fn date(&mut self, r: &mut Random) -> i32 {
        if self.shape == Shape::Edge && r.chance(30) {
            return r.pick(&[10_000_101, 99_991_231, 19_700_101, 20_000_229, 19_691_231]);
        }
        let first = if self.everything { 1 } else { 1000 };
        let (low, high) = if self.shape == Shape::Walk {
            (2020, 2022)
        } else {
            (first, 10_000)
        };
        let year = r.range(low, high);
        (year * 10_000 + r.range(1, 13) * 100 + r.range(1, 29)) as i32
    }

    fn string(&self, r: &mut Random) -> String {
        if self.long && r.chance(10) {
            let n = r.range(100, if self.everything { 5000 } else { 900 });
            return (0..n)
                .map(|_| char::from(b'a' + r.below(26) as u8))
                .collect();
        }
        let word = r.pick(WORDS);
        if self.shape == Shape::Random {
            format!("{word}{}", r.below(1000))
        } else {
            word.to_string()
        }
    }

    fn bytes(&self, r: &mut Random) -> Vec<u8> {
        let n = r.pick(&[0, 1, 3, 24]);
        (0..n).map(|_| r.bits() as u8).collect()
    }

    /// How the column is announced; which of two Arrow types for text is the column's own choice.
    pub fn field(&self) -> Field {
        let arrow = match self.data_type {
            DataType::Boolean => ArrowType::Boolean,
            DataType::Int32 | DataType::Date => ArrowType::Int32,
            DataType::Int64 | DataType::Timestamp => ArrowType::Int64,
            DataType::Float => ArrowType::Float32,
            DataType::Double => ArrowType::Float64,
            DataType::Blob => ArrowType::Binary,
            _ if self.large => ArrowType::LargeUtf8,
            _ => ArrowType::Utf8,
        };
        let name = self.data_type.name().to_string();
        Field::new(&self.name, arrow, true)
            .with_metadata([("tsfile.type".to_string(), name)].into())
    }

    pub fn array(&self, values: &[Option<Value>]) -> ArrayRef {
        macro_rules! primitive {
            ($array:ident, $variant:ident) => {
                Arc::new($array::from_iter(values.iter().map(|v| match v {
                    Some(Value::$variant(v)) => Some(*v),
                    _ => None,
                })))
            };
        }
        let bytes = values.iter().map(|v| match v {
            Some(Value::Bytes(v)) => Some(v.as_slice()),
            _ => None,
        });
        let text = bytes
            .clone()
            .map(|v| v.map(|v| std::str::from_utf8(v).unwrap()));
        match self.data_type {
            DataType::Boolean => primitive!(BooleanArray, Bool),
            DataType::Int32 | DataType::Date => primitive!(Int32Array, I32),
            DataType::Int64 | DataType::Timestamp => primitive!(Int64Array, I64),
            DataType::Float => primitive!(Float32Array, F32),
            DataType::Double => primitive!(Float64Array, F64),
            DataType::Blob => Arc::new(BinaryArray::from_iter(bytes)),
            _ if self.large => Arc::new(LargeStringArray::from_iter(text)),
            _ => Arc::new(StringArray::from_iter(text)),
        }
    }
}

/// A shape that the encoding keeps, unless it may lose something anyhow.
fn shape(r: &mut Random, data_type: DataType, encoding: Option<Encoding>) -> Shape {
    let decimal = Shape::Decimal(r.below(11) as u32);
    if matches!(data_type, DataType::Float | DataType::Double) {
        return match encoding {
            Some(Encoding::Ts2Diff | Encoding::Rle) => {
                r.pick(&[decimal, Shape::Decimal(2), Shape::Quarter, Shape::Constant])
            }
            Some(Encoding::Camel) => r.pick(&[
                Shape::Decimal(1),
                Shape::Decimal(2),
                Shape::Decimal(3),
                Shape::Quarter,
            ]),
            Some(Encoding::Sprintz) => Shape::Bits,
            Some(Encoding::GorillaV1) => {
                r.pick(&[decimal, Shape::Quarter, Shape::Bits, Shape::Constant])
            }
            // A third of what auto and the rest get has few decimals.
            _ => r.pick(&[
                decimal,
                decimal,
                Shape::Decimal(2),
                Shape::Edge,
                Shape::Random,
                Shape::Quarter,
                Shape::Constant,
                Shape::Repeat,
                Shape::Bits,
            ]),
        };
    }
    if encoding == Some(Encoding::Sprintz) {
        return r.pick(&[Shape::Walk, Shape::Constant]);
    }
    r.pick(&[
        Shape::Edge,
        Shape::Random,
        Shape::Walk,
        Shape::Ramp,
        Shape::Repeat,
        Shape::Constant,
    ])
}
