//! `inspect`: what a TsFile holds, from its metadata and chunk headers; no value is decoded.
//!
//! [`facts`] collects, [`odd`] knows what deserves a remark, [`screen`] and [`json`] show it, [`listing`] goes through
//! chunks and pages one by one.

pub mod facts;
pub mod json;
pub mod listing;
pub mod odd;
pub mod screen;
