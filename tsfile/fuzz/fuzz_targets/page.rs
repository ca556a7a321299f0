//! One page of any codes and any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tsfile_fuzz::Target;

fuzz_target!(
    init: Target::Page.command(),
    |input: &[u8]| Target::Page.check(input)
);
