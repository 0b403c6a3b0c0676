//! The processor with the plugin of this crate.

use std::process::ExitCode;

use trunkline_processor::Processor;

fn main() -> ExitCode {
    Processor::new().plugin(sentiment_processor::factory()).main()
}
