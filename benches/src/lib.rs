//! Files to measure with, made from the structures and encoders of the library itself, and the data that goes into them.
//!
//! The files are sound, but for one thing: statistics hold counts and times, and zeros for the values.

mod builder;
mod data;
mod encode;

pub use builder::{Column, FileBuilder};
pub use data::Rng;
pub use encode::encode;

pub mod shapes;
