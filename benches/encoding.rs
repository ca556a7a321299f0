//! Every codec: encoding, decoding and skipping 2^16 values, beside a memcpy of the same output; and the proof that floats are decimals.
#![allow(missing_docs, reason = "the macros of criterion make public items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use tsfile::arrow::Values;
use tsfile::encoding::scaled_float::lossless;
use tsfile::encoding::{
    BytesBuf, Decoder, EncodeSettings, Physical, SUPPORTED, Variant, bytes_decoder, encode_bytes,
};
use tsfile::model::{DataType, Encoding};
use tsfile_benches::{Rng, encode};

const VALUES: usize = 1 << 16;
/// What one page holds mostly; a decoder is made for each.
const SIZE: &str = "2^16";

fn main_group(c: &mut Criterion) {
    for &(encoding, data_type) in SUPPORTED {
        let mut rng = Rng::new(7);
        let data = match (encoding, data_type) {
            // Only multiples of one distance can be stored.
            (Encoding::Regular, DataType::Int32) => {
                vec![(
                    "i32",
                    Values::I32((0..VALUES as i32).map(|i| i * 10).collect()),
                )]
            }
            (Encoding::Regular, DataType::Int64) => {
                vec![(
                    "i64",
                    Values::I64((0..VALUES as i64).map(|i| i * 1000).collect()),
                )]
            }
            // One bitmap for each distinct value.
            (Encoding::Bitmap, DataType::Int32) => {
                vec![(
                    "i32",
                    Values::I32((0..VALUES).map(|i| (i / 100 % 4) as i32).collect()),
                )]
            }
            (_, DataType::Boolean) => {
                vec![(
                    "bool",
                    Values::Bool((0..VALUES).map(|i| i / 100 % 10 != 3).collect()),
                )]
            }
            (_, DataType::Int32) => {
                let walk = rng.walk(250.0, 1.4, 0, VALUES);
                vec![("i32", Values::I32(walk.iter().map(|v| *v as i32).collect()))]
            }
            (_, DataType::Int64) => vec![
                ("i64", Values::I64(counter(&mut rng))),
                (
                    "i64_regular",
                    Values::I64((0..VALUES as i64).map(|i| i * 1000).collect()),
                ),
            ],
            (_, DataType::Float) => {
                let walk = rng.walk(50.0, 0.6, 2, VALUES);
                vec![("f32", Values::F32(walk.iter().map(|v| *v as f32).collect()))]
            }
            (Encoding::Gorilla | Encoding::Plain, DataType::Double) => vec![
                ("f64", Values::F64(rng.walk(50.0, 0.6, 2, VALUES))),
                (
                    "f64_random",
                    Values::F64((0..VALUES).map(|_| rng.unit()).collect()),
                ),
            ],
            (_, DataType::Double) => vec![("f64", Values::F64(rng.walk(50.0, 0.6, 2, VALUES)))],
            (_, DataType::String) => vec![("string", Values::Bytes(strings()))],
            // Stored as one of the types above.
            _ => continue,
        };
        for (name, values) in data {
            let group = format!("encoding/{}/{name}", encoding.name().to_lowercase());
            match values {
                Values::Bool(v) => numbers(c, &group, encoding, v, Values::Bool),
                Values::I32(v) => numbers(c, &group, encoding, v, Values::I32),
                Values::I64(v) => numbers(c, &group, encoding, v, Values::I64),
                Values::F32(v) => numbers(c, &group, encoding, v, Values::F32),
                Values::F64(v) => numbers(c, &group, encoding, v, Values::F64),
                Values::Bytes(v) => byte_strings(c, &group, encoding, v),
                Values::Keys(v) => byte_strings(c, &group, encoding, v.entries),
            }
        }
    }
}

fn counter(rng: &mut Rng) -> Vec<i64> {
    let mut sum = 0;
    (0..VALUES)
        .map(|_| {
            sum += rng.below(150_000) as i64;
            sum
        })
        .collect()
}

fn strings() -> BytesBuf {
    let mut out = BytesBuf::default();
    for i in 0..VALUES {
        let text = format!("build-{:03}-release", i / 3 % 20);
        out.push(text.as_bytes()).expect("a short string");
    }
    out
}

fn numbers<T: Physical + PartialEq>(
    c: &mut Criterion,
    group: &str,
    encoding: Encoding,
    values: Vec<T>,
    wrap: impl Fn(Vec<T>) -> Values,
) {
    let mut bytes = Vec::new();
    encode(encoding, &wrap(values.clone()), 0, VALUES, &mut bytes).expect("a supported pair");
    let decoder = || -> Box<dyn Decoder<T> + '_> {
        T::decoder(encoding, black_box(&bytes), VALUES, Variant::default()).expect("a sound page")
    };
    let mut out = vec![T::default(); VALUES];
    assert_eq!(decoder().decode(&mut out).expect("a sound page"), VALUES);
    let mut g = c.benchmark_group(group);
    g.throughput(Throughput::Elements(VALUES as u64));
    // Nothing writes BITMAP.
    if encoding != Encoding::Bitmap {
        let mut page = Vec::new();
        g.bench_function(format!("encode/{SIZE}"), |b| {
            b.iter(|| {
                page.clear();
                T::encode(
                    encoding,
                    black_box(&values),
                    EncodeSettings::default(),
                    &mut page,
                )
                .expect("a supported pair");
            });
        });
    }
    g.bench_function(format!("decode/{SIZE}"), |b| {
        b.iter(|| decoder().decode(black_box(&mut out)).expect("a sound page"));
    });
    g.bench_function(format!("skip/{SIZE}"), |b| {
        b.iter(|| decoder().skip(VALUES).expect("a sound page"));
    });
    g.bench_function(format!("memcpy/{SIZE}"), |b| {
        b.iter(|| black_box(&mut out).copy_from_slice(black_box(&values)));
    });
    g.finish();
}

fn byte_strings(c: &mut Criterion, group: &str, encoding: Encoding, values: BytesBuf) {
    let mut bytes = Vec::new();
    encode(
        encoding,
        &Values::Bytes(values.clone()),
        0,
        VALUES,
        &mut bytes,
    )
    .expect("a pair");
    let decoder = || bytes_decoder(encoding, black_box(&bytes)).expect("a sound page");
    let mut out = BytesBuf::default();
    let mut g = c.benchmark_group(group);
    g.throughput(Throughput::Elements(VALUES as u64));
    let slices: Vec<&[u8]> = (0..VALUES).map(|i| values.get(i)).collect();
    let mut page = Vec::new();
    g.bench_function(format!("encode/{SIZE}"), |b| {
        b.iter(|| {
            page.clear();
            encode_bytes(encoding, black_box(&slices), &mut page).expect("a supported pair");
        });
    });
    g.bench_function(format!("decode/{SIZE}"), |b| {
        b.iter(|| {
            out.clear();
            decoder().decode(VALUES, &mut out).expect("a sound page")
        });
    });
    g.bench_function(format!("skip/{SIZE}"), |b| {
        b.iter(|| decoder().skip(VALUES).expect("a sound page"));
    });
    let mut copy = values.clone();
    g.bench_function(format!("memcpy/{SIZE}"), |b| {
        b.iter(|| {
            let (from, to) = (black_box(&values), black_box(&mut copy));
            to.data.copy_from_slice(&from.data);
            to.offsets.copy_from_slice(&from.offsets);
        });
    });
    g.finish();
}

fn proofs(c: &mut Criterion) {
    let mut g = c.benchmark_group("encoding/lossless");
    g.throughput(Throughput::Elements(VALUES as u64));
    let wide = Rng::new(7).walk(50.0, 0.6, 2, VALUES);
    let narrow: Vec<f32> = wide.iter().map(|v| *v as f32).collect();
    let (mut wide_integers, mut integers) = (Vec::new(), Vec::new());
    g.bench_function(format!("f64/encode/{SIZE}"), |b| {
        b.iter(|| lossless(black_box(&wide), 0, &mut wide_integers).expect("two digits"));
    });
    g.bench_function(format!("f32/encode/{SIZE}"), |b| {
        b.iter(|| lossless(black_box(&narrow), 0, &mut integers).expect("two digits"));
    });
    g.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(10);
    targets = main_group, proofs
}
criterion_main!(benches);
