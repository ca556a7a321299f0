//! Encoding `auto`: what is small, is read by both references, and loses nothing.
//!
//! | type | encoding |
//! |---|---|
//! | BOOLEAN, BLOB | PLAIN |
//! | INT32, INT64, DATE, TIMESTAMP, times | TS_2DIFF |
//! | FLOAT, DOUBLE | TS_2DIFF with as few decimals as every value of a page needs; else GORILLA or PLAIN, whichever is smaller |
//! | TEXT, STRING | DICTIONARY or PLAIN, whichever is smaller compressed |
//!
//! An encoding belongs to a chunk. The first page with a value decides; a later page that cannot keep to it makes the chunk start again under a
//! plan that allows less. Floats are scaled only when each of them comes back bit for bit through the decoder's own arithmetic; NaN, infinities,
//! -0.0 and whatever has more decimals keep their bits as long as they are few ([`Decimals`]). NaN with a payload is left to GORILLA, since Java
//! does not keep it in PLAIN.

use crate::Result;
use crate::encoding::{Decimals, EncodeSettings, Float, Physical};
use crate::model::Encoding;

/// What the pages of a chunk may still become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Whatever suits.
    Any,
    /// Floats are not scaled.
    Bits,
    /// Floats are GORILLA.
    Gorilla,
    /// Nothing but this, unless a page cannot be.
    Fixed(Encoding),
    /// Nothing but this: earlier chunks of the series are so.
    Bound(Encoding),
}

/// Values that `auto` can write.
pub trait Auto: Physical {
    /// Integers that stand for scaled values, used again from page to page.
    type Scratch: Default;

    /// Appends a page and says how; `None` when the plan has to change, to what is then in it.
    ///
    /// # Errors
    /// The encoding of a fixed plan does not know the type.
    fn encode_auto(
        values: &[Self],
        plan: &mut Plan,
        scratch: &mut Self::Scratch,
        settings: EncodeSettings,
        out: &mut Vec<u8>,
    ) -> Result<Option<Encoding>>;
}

fn fixed<T: Physical>(
    encoding: Encoding,
    values: &[T],
    settings: EncodeSettings,
    out: &mut Vec<u8>,
) -> Result<Option<Encoding>> {
    T::encode(encoding, values, settings, out)?;
    Ok(Some(encoding))
}

macro_rules! integers {
    ($type:ty, $encoding:ident) => {
        impl Auto for $type {
            type Scratch = ();

            fn encode_auto(
                values: &[Self],
                plan: &mut Plan,
                (): &mut (),
                settings: EncodeSettings,
                out: &mut Vec<u8>,
            ) -> Result<Option<Encoding>> {
                let encoding = match plan {
                    Plan::Fixed(encoding) | Plan::Bound(encoding) => *encoding,
                    _ => Encoding::$encoding,
                };
                *plan = Plan::Fixed(encoding);
                fixed(encoding, values, settings, out)
            }
        }
    };
}

integers!(bool, Plain);
integers!(i32, Ts2Diff);
integers!(i64, Ts2Diff);

macro_rules! floats {
    ($type:ty, $int:ty) => {
        impl Auto for $type {
            type Scratch = Decimals<$int>;

            fn encode_auto(
                values: &[Self],
                plan: &mut Plan,
                scratch: &mut Decimals<$int>,
                settings: EncodeSettings,
                out: &mut Vec<u8>,
            ) -> Result<Option<Encoding>> {
                encode_float(values, plan, scratch, settings, out, |v| {
                    // Java reads every NaN of PLAIN as the one without a payload.
                    v.is_nan() && v.to_bits() != Self::NAN.to_bits()
                })
            }
        }
    };
}

floats!(f32, i32);
floats!(f64, i64);

/// Bits of a value from which on a scaled page is not taken without a look at the others, by the width of the type.
const fn many_bits<F>() -> usize {
    size_of::<F>() * 8 * 5 / 8
}

fn encode_float<F: Float + Physical>(
    values: &[F],
    plan: &mut Plan,
    decimals: &mut Decimals<F::Int>,
    settings: EncodeSettings,
    out: &mut Vec<u8>,
    has_payload: impl Fn(F) -> bool,
) -> Result<Option<Encoding>> {
    let start = out.len();
    let mut scales = |values: &[F]| {
        let mut odd = |i: &usize| values.get(*i).is_some_and(|v| has_payload(*v));
        decimals.take(values, false) && !decimals.exceptions().iter().any(&mut odd)
    };
    match *plan {
        Plan::Fixed(Encoding::Ts2Diff) => {
            // Chosen by an earlier page: this one has to do the same or all start again.
            if !scales(values) {
                *plan = Plan::Bits;
                return Ok(None);
            }
            decimals.encode::<F>(out);
            return Ok(Some(Encoding::Ts2Diff));
        }
        Plan::Fixed(Encoding::Plain) if values.iter().any(|v| has_payload(*v)) => {
            *plan = Plan::Gorilla;
            return Ok(None);
        }
        Plan::Bound(Encoding::Ts2Diff) => {
            // All that is no decimal keeps its bits, however much that is.
            decimals.take(values, true);
            decimals.encode::<F>(out);
            return Ok(Some(Encoding::Ts2Diff));
        }
        Plan::Fixed(encoding) | Plan::Bound(encoding) => {
            return fixed(encoding, values, settings, out);
        }
        Plan::Gorilla => {
            *plan = Plan::Fixed(Encoding::Gorilla);
            return fixed(Encoding::Gorilla, values, settings, out);
        }
        Plan::Any => {
            if scales(values) {
                decimals.encode::<F>(out);
                if (out.len() - start) * 8 < values.len().max(64) * many_bits::<F>() {
                    *plan = Plan::Fixed(Encoding::Ts2Diff);
                    return Ok(Some(Encoding::Ts2Diff));
                }
            }
        }
        Plan::Bits => {}
    }
    let scaled_bytes = out.len() - start;
    let mut gorilla = Vec::new();
    F::encode(Encoding::Gorilla, values, settings, &mut gorilla)?;
    let plain_bytes = std::mem::size_of_val(values);
    let chosen = if scaled_bytes > 0 && scaled_bytes <= gorilla.len().min(plain_bytes) {
        Encoding::Ts2Diff
    } else {
        out.truncate(start);
        if plain_bytes <= gorilla.len() && !values.iter().any(|v| has_payload(*v)) {
            F::encode(Encoding::Plain, values, settings, out)?;
            Encoding::Plain
        } else {
            out.append(&mut gorilla);
            Encoding::Gorilla
        }
    };
    *plan = Plan::Fixed(chosen);
    Ok(Some(chosen))
}
