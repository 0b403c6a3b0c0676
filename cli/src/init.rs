//! `trunkline init`: a configuration to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

/// What `init` writes, with `@NAME@` where a flag's value goes.
const TEMPLATE: &str = include_str!("init/trunkline.toml");
/// Secrets that callers of the webhooks show; made here at random, since no one else has to know them beforehand.
const WEBHOOK_SECRETS: [&str; 3] = ["genesys-webhook", "messaging-webhook", "cxone-webhook"];

/// Writes a commented trunkline.toml that works as it is, and the webhooks' secrets beside it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write it; nothing that exists is overwritten
    #[arg(long, default_value = "trunkline.toml")]
    pub config: PathBuf,
    /// Bootstrap servers, HOST:PORT, more of them after commas
    #[arg(long, default_value = "127.0.0.1:9092")]
    pub kafka: String,
    /// The schema registry's Confluent API
    #[arg(long, default_value = "http://127.0.0.1:8081/apis/ccompat/v7")]
    pub registry: String,
    /// Put before every topic name
    #[arg(long, default_value = "")]
    pub prefix: String,
    /// Partitions of each topic
    #[arg(long, default_value_t = 6)]
    pub partitions: i32,
    /// Copies of each partition
    #[arg(long, default_value_t = 1)]
    pub replication: i32,
    /// Your organisation, where payloads do not name it
    #[arg(long, default_value = "my-organisation")]
    pub org: String,
}

/// Writes the files and says what comes next.
///
/// # Errors
/// When the configuration exists already or a file cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = args.config.parent().unwrap_or(Path::new("")).join("secrets");
    let text = render(args);
    write_new(&args.config, &text, 0o644)?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for name in WEBHOOK_SECRETS {
        let path = folder.join(name);
        if !path.exists() {
            write_new(&path, &random_secret(), 0o600)?;
        }
    }
    // Flags may hold what the configuration refuses: better said now than at the first start.
    let config = trunkline_config::load(&args.config)?;
    let file = args.config.display();
    println!("wrote {file} and {} secrets in {}", WEBHOOK_SECRETS.len(), folder.display());
    println!("  trunkline check --config {file}          finds every mistake in it");
    println!("  trunkline doctor --config {file}         tries what it points at");
    println!("  trunkline topics apply --config {file}   makes the topics on {}", config.kafka.brokers);
    println!("  ingest --config {file}                   and likewise: processor, sink");
    Ok(ExitCode::SUCCESS)
}

/// The configuration with the flags' values in it.
fn render(args: &Args) -> String {
    [
        ("@BROKERS@", &args.kafka),
        ("@REGISTRY@", &args.registry),
        ("@PREFIX@", &args.prefix),
        ("@PARTITIONS@", &args.partitions.to_string()),
        ("@REPLICATION@", &args.replication.to_string()),
        ("@ORG@", &args.org),
    ]
    .into_iter()
    .fold(TEMPLATE.to_owned(), |text, (name, value)| {
        text.replace(name, &value.replace('\\', "\\\\").replace('"', "\\\""))
    })
}

fn random_secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

fn write_new(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} exists already and is not overwritten; choose another with --config", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn args(folder: &Path, more: &[&str]) -> Args {
        let config = folder.join("trunkline.toml");
        let flags = ["init", "--config", config.to_str().unwrap()];
        Command::parse_from(flags.iter().chain(more)).args
    }

    #[test]
    fn what_it_writes_has_no_mistake_and_holds_the_flags() {
        let folder = tempfile::tempdir().unwrap();
        let args =
            args(folder.path(), &["--kafka", "broker:29092", "--prefix", "acme.", "--partitions", "3"]);
        run(&args).unwrap();
        let config = trunkline_config::load(&args.config).unwrap();
        assert_eq!(config.kafka.brokers, "broker:29092");
        assert_eq!((config.kafka.topic("x").as_str(), config.kafka.partitions), ("acme.x", 3));
        assert_eq!(config.sources.len(), 3);
    }

    #[test]
    fn it_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), &[]);
        std::fs::write(&args.config, "mine").unwrap();
        let error = run(&args).unwrap_err().to_string();
        assert!(error.contains("exists already"), "{error}");
        assert_eq!(std::fs::read_to_string(&args.config).unwrap(), "mine");
        assert!(!folder.path().join("secrets").exists());
    }

    /// The secrets that settings which are commented out refer to.
    const SECRETS: [&str; 11] = [
        "vault",
        "kafka",
        "registry",
        "salesforce",
        "sap",
        "servicenow",
        "genesys",
        "loyalty",
        "redaction",
        "proxy",
        "collector",
    ];

    #[test]
    fn every_setting_that_is_commented_out_is_right_too() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), &[]);
        run(&args).unwrap();
        for name in SECRETS {
            std::fs::write(folder.path().join("secrets").join(name), name).unwrap();
        }
        std::fs::create_dir(folder.path().join("certificates")).unwrap();
        let titles =
            [("ca.pem", "CERTIFICATE"), ("trunkline.pem", "CERTIFICATE"), ("trunkline.key", "PRIVATE KEY")];
        for (name, title) in titles {
            let pem = format!("-----BEGIN {title}-----\n-----END {title}-----\n");
            std::fs::write(folder.path().join("certificates").join(name), pem).unwrap();
        }
        let text = std::fs::read_to_string(&args.config).unwrap();
        let all: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("targets = []"))
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .collect();
        let config = trunkline_config::parse(&all.join("\n"), args.config.to_str().unwrap());
        let config = config.unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!((config.targets.len(), config.enrichment.sources.len()), (5, 1));
        assert_eq!(config.rules.write_backs.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_for_their_owner_only_and_differ() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        run(&args(folder.path(), &[])).unwrap();
        let paths = WEBHOOK_SECRETS.map(|name| folder.path().join("secrets").join(name));
        for path in &paths {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let secrets = paths.map(|path| std::fs::read_to_string(path).unwrap());
        assert!(secrets[0] != secrets[1] && secrets[1] != secrets[2] && secrets[0].len() == 64);
    }
}
