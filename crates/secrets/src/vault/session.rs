//! A login to Vault, which is renewed and replaced in time.

use std::time::Instant;

use trunkline_config::{Secret, Vault, VaultLogin};
use trunkline_schemas::error_codes::SECRET_KEPT;

use super::answer::{Entry, Grant};
use super::client::{Client, Kind, Trouble};
use super::token_life::{Step, TokenLife};

/// Reads secrets, with a login that it takes care of.
#[derive(Debug)]
pub(crate) struct Session {
    vault: Vault,
    client: Client,
    held: Option<Held>,
    /// That the login cannot be kept has been said.
    reported: bool,
}

/// A login.
#[derive(Debug)]
struct Held {
    token: Secret,
    life: TokenLife,
    /// Of what it was made with.
    credential: u64,
    /// Of what another one was last tried with.
    tried: u64,
}

// === impl Session ===

impl Session {
    /// Prepares a session; it logs in when something is read.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(crate) fn new(vault: &Vault) -> Result<Self, String> {
        Ok(Self { vault: vault.clone(), client: Client::new(vault)?, held: None, reported: false })
    }

    /// Its settings.
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// When something is to be done about the login.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.as_ref().and_then(|held| held.life.due())
    }

    /// Reads a secret. Where that is refused, either the login was ended, and there is another one, or it may not read
    /// this secret, and neither may another one.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(crate) async fn read(&mut self, path: &str) -> Result<Entry, Trouble> {
        let token = self.token().await?;
        let vault = self.vault.clone();
        let (mount, below) = vault.located(path);
        let read = self.client.read(&token, mount, below).await;
        let refused = matches!(&read, Err(Trouble { kind: Kind::Refused, .. }));
        let may_be_revoked = self.held.as_ref().is_some_and(|held| held.life.may_be_revoked(Instant::now()));
        if !(refused && may_be_revoked && self.is_refused(&token).await) {
            return read;
        }
        // The one that is held stays until its replacement is there.
        self.log_in(credential(&self.vault.login)).await?;
        let token = self.token().await?;
        self.client.read(&token, mount, below).await
    }

    /// Does what is to be done about the login, and says once what it comes to when it cannot be kept.
    pub(super) async fn attend(&mut self) {
        if self.held.is_none() {
            return;
        }
        let kept = self.keep().await;
        let waits = self.held.as_ref().is_some_and(|held| held.life.is_failing());
        match kept {
            Ok(()) if !waits && std::mem::take(&mut self.reported) => {
                tracing::info!("the login to Vault is kept again")
            }
            Ok(()) => {}
            Err(Trouble { message, .. }) if !std::mem::replace(&mut self.reported, true) => {
                let code = SECRET_KEPT.as_str();
                tracing::warn!(code, reason = message, "the login to Vault cannot be renewed or made again");
            }
            Err(_) => {}
        }
    }

    /// Whether a token is refused as such, whatever is asked for. An outage says nothing of it.
    async fn is_refused(&self, token: &Secret) -> bool {
        matches!(self.client.is_good(token).await, Err(Trouble { kind: Kind::Refused, .. }))
    }

    /// A token to use now.
    async fn token(&mut self) -> Result<Secret, Trouble> {
        let kept = self.keep().await;
        match (&self.held, kept) {
            // Though it could not be renewed: it has some time left.
            (Some(held), _) if !held.life.has_ended(Instant::now()) => Ok(held.token.clone()),
            (_, Err(trouble)) => Err(trouble),
            (_, Ok(())) => {
                Err(Trouble { kind: Kind::Passing, message: "the login to Vault ended at once".to_owned() })
            }
        }
    }

    /// Renews the login or makes another one, where that is due.
    async fn keep(&mut self) -> Result<(), Trouble> {
        let now = Instant::now();
        let credential = credential(&self.vault.login);
        // A token that somebody else keeps fresh is another login; the one before it is used until that is let in.
        let is_token = matches!(self.vault.login, VaultLogin::Token { .. });
        let step = match &mut self.held {
            Some(held) if !is_token || held.credential == credential => held.life.next(now),
            // One that was not let in is tried again when the wait after that is over.
            Some(held) => {
                let was_tried = std::mem::replace(&mut held.tried, credential) == credential;
                if was_tried && held.life.next(now) == Step::Use { Step::Use } else { Step::LogIn }
            }
            None => Step::LogIn,
        };
        let kept = match step {
            Step::Use => return Ok(()),
            Step::Renew => self.renew().await,
            Step::LogIn => self.log_in(credential).await,
        };
        if let (Err(_), Some(held)) = (&kept, &mut self.held) {
            held.life.failed(Instant::now(), rand::random());
        }
        kept
    }

    async fn renew(&mut self) -> Result<(), Trouble> {
        let Some(held) = &mut self.held else { return Ok(()) };
        let asked = Instant::now();
        match self.client.renew(&held.token).await {
            Ok(Grant { life, renewable, .. }) => {
                held.life.renewed(life, renewable, asked, rand::random());
                Ok(())
            }
            // Also where it is no refusal: past the longest life of a token, Vault answers 500.
            Err(Trouble { kind, .. }) => {
                if kind != Kind::Passing {
                    held.life.renewal_refused(asked);
                }
                self.log_in(credential(&self.vault.login)).await
            }
        }
    }

    async fn log_in(&mut self, credential: u64) -> Result<(), Trouble> {
        let asked = Instant::now();
        let Grant { token, life, renewable } = self.client.log_in(&self.vault.login).await?;
        let life = TokenLife::granted(life, renewable, asked, rand::random());
        self.held = Some(Held { token, life, credential, tried: credential });
        Ok(())
    }
}

/// Which of the values that its source had one after the other the login is made with.
fn credential(login: &VaultLogin) -> u64 {
    match login {
        VaultLogin::Token { token: secret }
        | VaultLogin::AppRole { secret_id: secret, .. }
        | VaultLogin::Kubernetes { jwt: secret, .. } => secret.version(),
    }
}
