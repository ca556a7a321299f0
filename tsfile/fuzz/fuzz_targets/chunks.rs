//! Chunks that are well-formed each, in any order and with lies about them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tsfile_fuzz::Target;

fuzz_target!(
    init: Target::Chunks.command(),
    |input: &[u8]| Target::Chunks.check(input)
);
