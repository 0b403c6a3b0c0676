//! The `processor` binary.

use std::process::ExitCode;

use trunkline_processor::Processor;

/// Events are many small allocations, freed by another part of the loop: the system's allocator took a fifth of the
/// processor's time for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Processor::new().main()
}
