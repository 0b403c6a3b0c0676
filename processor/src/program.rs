//! The program: arguments, configuration, telemetry; with plugins of yours or without.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use trunkline_config::{Config, KnownPlugin, Mistakes, PluginMistake};
use trunkline_plugin::Factory;

/// Deduplicates, orders, enriches and routes events, exactly once.
#[derive(Parser)]
#[command(name = "processor", version)]
struct Arguments {
    /// Configuration file.
    #[arg(long, env = "TRUNKLINE_CONFIG", default_value = "trunkline.toml")]
    config: PathBuf,
    /// Name of this instance, stable across restarts: it names the state folder, the group member and the transactions.
    #[arg(long, env = "TRUNKLINE_INSTANCE", default_value = "processor-0")]
    instance: String,
    /// Only say what is wrong with the configuration, the settings of plugins included.
    #[arg(long)]
    check: bool,
}

/// The processor as a program. The `processor` binary is `Processor::new().main()`; one with plugins of yours is a few
/// lines:
///
/// ```no_run
/// # use trunkline_plugin::Factory;
/// # fn factory() -> Factory { unimplemented!() }
/// fn main() -> std::process::ExitCode {
///     trunkline_processor::Processor::new().plugin(factory()).main()
/// }
/// ```
#[derive(Debug, Default)]
pub struct Processor {
    plugins: Vec<Factory>,
}

// === impl Processor ===

impl Processor {
    /// Without plugins.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more kind of plugin. It runs if the configuration has its section `[plugins.NAME]`.
    #[must_use]
    pub fn plugin(mut self, factory: Factory) -> Self {
        self.plugins.push(factory);
        self
    }

    /// Reads a configuration that has no secrets in Vault, the settings of plugins included.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn load(&self, path: &std::path::Path) -> Result<Config, Mistakes> {
        let known: Vec<KnownPlugin<'_>> = self.plugins.iter().map(known).collect();
        trunkline_config::load_with_plugins(path, &known)
    }

    /// Runs by the arguments of the command line, until a signal ends it.
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::parse();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("processor: cannot start its threads: {error}");
                return ExitCode::FAILURE;
            }
        };
        runtime.block_on(self.run(arguments))
    }

    async fn run(self, arguments: Arguments) -> ExitCode {
        let known: Vec<KnownPlugin<'_>> = self.plugins.iter().map(known).collect();
        let loaded = trunkline_secrets::load(&arguments.config, Some(&known)).await;
        drop(known);
        let (config, secrets) = match loaded {
            Ok(loaded) => loaded,
            Err(mistakes) => {
                eprintln!("{mistakes}");
                return ExitCode::from(trunkline_config::EXIT_CODE);
            }
        };
        if arguments.check {
            println!("{}: no mistakes", arguments.config.display());
            return ExitCode::SUCCESS;
        }
        let instance = arguments.instance;
        let _telemetry = trunkline_telemetry::logging::init(&config.telemetry, "processor", &instance);
        trunkline_telemetry::logging::warn_of_plaintext(&config.plaintext);
        log_panics();
        trunkline_telemetry::metrics::install();
        let _following = secrets.follow();
        match crate::run(config, instance, self.plugins, trunkline_telemetry::shutdown::signal()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(%error, "processor stopped");
                ExitCode::FAILURE
            }
        }
    }
}

fn known(factory: &Factory) -> KnownPlugin<'_> {
    let check = |settings: &serde_json::Value| {
        factory.check(settings).map_err(|mistake| PluginMistake {
            path: mistake.path,
            message: mistake.message,
            known: mistake.known,
        })
    };
    KnownPlugin { name: factory.name(), check: Box::new(check) }
}

/// A panic, of a plugin perhaps, is a line of the log like any other.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("without a message");
        tracing::error!(thread = thread.name().unwrap_or_default(), place, message, "a thread panicked");
    }));
}
