//! `trunkline version`.

use std::process::ExitCode;

/// Says which version this is
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the version, the platform it was built for, and how it was built.
pub fn run(args: &Args) -> ExitCode {
    let (version, system, architecture) =
        (env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    if args.json {
        let fields = serde_json::json!({ "version": version, "system": system, "architecture": architecture, "build": build });
        println!("{fields}");
    } else {
        println!("trunkline {version} ({system} {architecture}, {build} build)");
    }
    ExitCode::SUCCESS
}
