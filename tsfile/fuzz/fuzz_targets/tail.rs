//! Tail, file metadata and index of any bytes; a file without a footer is recovered.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tsfile_fuzz::Target;

fuzz_target!(
    init: Target::Tail.command(),
    |input: &[u8]| Target::Tail.check(input)
);
