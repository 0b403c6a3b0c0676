//! Vault gets a certificate of another authority, while secrets are read in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "support/log.rs"]
mod log;
#[path = "support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod support;
#[path = "../../connect/tests/https/world.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod world;

use support::{folder, follow, until};
use trunkline_config::ExposeSecret;
use world::Company;

#[tokio::test]
async fn an_authority_that_is_exchanged_in_its_file_is_trusted_without_a_restart_and_no_reading_fails() {
    let (old, new) = (Company::new(), Company::new());
    let vault = old.system("localhost", false).await;
    let sections = format!(
        "[secrets]\ncheck_interval = \"100ms\"\n[vault]\naddress = \"https://localhost:{}\"\nca = \"ca.pem\"\n\
         reread_interval = \"1s\"\n[vault.login]\nmethod = \"token\"\ntoken = \"file:token\"",
        vault.address.port()
    );
    let folder = folder(&sections, "vault:secret/trunkline/sap#password");
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    write("token", "a token");
    write("ca.pem", &old.ca());
    let log = log::Log::start();
    let (config, _following) = follow(folder.path()).await.unwrap();
    assert_eq!(support::password(&config).current().expose_secret(), "in Vault");

    write("ca.pem", &format!("{}{}", old.ca(), new.ca()));
    until("both authorities are trusted", || log.text().contains("used for new connections")).await;
    vault.is_certified_by(&new, "localhost");
    let asked = || vault.heads.lock().unwrap().len();
    let before = asked();
    until("two readings more", || asked() > before + 1).await;
    write("ca.pem", &new.ca());
    until("the new authority alone", || log.text().matches("used for new connections").count() == 2).await;
    let before = asked();
    until("two readings more", || asked() > before + 1).await;
    assert!(!log.text().contains("TL-1003"), "{}", log.text());

    write("ca.pem", "hunter2");
    until("it is reported", || log.text().contains("TL-1003")).await;
    assert!(!log.text().contains("hunter2"), "{}", log.text());
    let before = asked();
    until("the last one is trusted still", || asked() > before).await;
}
