#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mlpp_states_fuzz::{Target, mutate};

fuzz_target!(|data: &[u8]| mlpp_states_fuzz::run(Target::Intrinsic, data));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::in_place(Target::Intrinsic, data, size, max_size, seed, fuzzer_mutate)
});
