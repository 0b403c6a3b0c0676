//! What is said about Vault and how to log in to it, and what a right section means.

use trunkline_config::{Config, ExposeSecret, SecretReference, VaultLogin};

use super::messages;
use super::support::{self, EXAMPLE};

const LOGIN: &str = "[vault.login]\nmethod = \"token\"\ntoken = \"file:secrets/one\"";

fn said(section: &str) -> String {
    // In front of all others, so that lines count from the section's first.
    messages(&format!("{section}\n{EXAMPLE}"))
}

#[test]
fn what_is_wrong_with_the_section_and_with_references_to_it() {
    for (section, expected) in [
        (
            format!("[vault]\naddress = \"http://vault:8200\"\n{LOGIN}"),
            "trunkline.toml:2:11 vault: field 'address' is 'http://vault:8200': secrets would travel unencrypted; use \
             https:// (http:// is for this machine only)",
        ),
        (
            format!("insecure = true\n[vault]\naddress = \"http://vault:8200\"\n{LOGIN}"),
            "trunkline.toml:3:11 vault: field 'address' is 'http://vault:8200': secrets would travel unencrypted; use \
             https:// (http:// is for this machine only)",
        ),
        (
            format!("[vault]\naddress = \"https://vault\"\nca = \"vault:a/b#c\"\n{LOGIN}"),
            "trunkline.toml:3:6 vault: field 'ca' refers to Vault, which opens with this secret; use 'file:/path'",
        ),
        (format!("[vault]\naddress = \"http://127.0.0.1:8200\"\nreread_interval = \"1s\"\n{LOGIN}"), "no mistake"),
        (
            "[vault]\naddress = \"https://vault\"".to_owned(),
            "trunkline.toml:1:2 vault login: field 'method' is missing",
        ),
        (
            "[vault]\naddress = \"https://vault\"\n[vault.login]\nmethod = \"token\"\ntoken = \"vault:a/b#c\"".to_owned(),
            "trunkline.toml:5:9 vault login: field 'token' refers to Vault, which opens with this secret; use \
             'file:/path'",
        ),
        (
            "[vault]\naddress = \"https://vault\"\n[vault.login]\nmethod = \"kubernetes\"\nrole = \"r\"".to_owned(),
            "trunkline.toml:3:8 vault login: field 'jwt' is missing, and its default refers to \
             '/var/run/secrets/kubernetes.io/serviceaccount/token', which cannot be read (TL-1002): No such file or \
             directory (os error 2)",
        ),
        (
            format!("[vault]\naddress = \"https://vault\"\nmounts = [\"/kv\"]\nreread_interval = \"10ms\"\n{LOGIN}"),
            "trunkline.toml:3:11 vault: field 'mounts' is '/kv', must be a mount such as 'secret' or 'kv/team'\n\
             trunkline.toml:4:19 vault: 'reread_interval' must be at least 1s",
        ),
    ] {
        assert_eq!(said(&section), expected, "{section}");
    }
    let with = |reference: &str| {
        let example = EXAMPLE
            .replace("client_secret = \"file:secrets/two\"", &format!("client_secret = \"{reference}\""));
        messages(&format!("[vault]\naddress = \"https://vault\"\n{LOGIN}\n{example}"))
    };
    assert_eq!(
        with("vault:secret/genesys"),
        "trunkline.toml:57:17 target 'genesys': field 'client_secret' must be 'vault:MOUNT/PATH#KEY', for instance \
         'vault:secret/trunkline/sap#password'"
    );
    assert_eq!(
        with("vault:secret/genesys#secret"),
        "trunkline.toml:57:17 vault:secret/genesys#secret is in Vault, which nobody asks here",
        "by who has no client of Vault"
    );
}

#[test]
fn the_mount_of_a_path_is_its_first_segment_or_one_that_is_named() {
    let folder = support::folder();
    let section =
        format!("[vault]\naddress = \"https://vault/\"\nmounts = [\"kv/team\", \"kv/team/b\"]\n{LOGIN}");
    let config: Config = support::parse(&folder, &format!("{section}\n{EXAMPLE}")).unwrap();
    let vault = config.vault.unwrap();
    assert_eq!(vault.address, "https://vault");
    for (path, expected) in [
        ("secret/trunkline/sap", ("secret", "trunkline/sap")),
        ("kv/team/sap", ("kv/team", "sap")),
        ("kv/team/b/sap", ("kv/team/b", "sap")),
        ("kv/teams/sap", ("kv", "teams/sap")),
    ] {
        assert_eq!(vault.located(path), expected);
    }
    let VaultLogin::Token { token } = vault.login else { panic!() };
    assert_eq!(token.current().expose_secret(), "first secret");
    let is_of_the_login = |reference: Option<&SecretReference>| reference == token.reference();
    assert!(config.secrets.referred.iter().any(|one| is_of_the_login(one.handle.reference())));
}

#[test]
fn who_reads_no_secrets_needs_neither_vault_nor_files() {
    let folder = support::folder();
    let example = EXAMPLE.replace("file:secrets/two", "vault:secret/genesys#secret");
    let section =
        "[vault]\naddress = \"https://vault\"\n[vault.login]\nmethod = \"kubernetes\"\nrole = \"r\"";
    let path = folder.path().join("trunkline.toml");
    std::fs::write(&path, format!("{section}\n{example}")).unwrap();
    std::fs::remove_dir_all(folder.path().join("secrets")).unwrap();
    let config = trunkline_config::load_without_secrets(&path).unwrap();
    assert!(config.secrets.referred.iter().all(|one| one.handle.current().expose_secret().is_empty()));
}
