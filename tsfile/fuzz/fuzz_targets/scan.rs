//! Any bytes as a file, opened and scanned in every form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tsfile_fuzz::Target;

fuzz_target!(
    init: Target::Scan.command(),
    |input: &[u8]| Target::Scan.check(input)
);
