//! The transport ids that a request claims.

use parking_lot::Mutex;
use trunkline_mapping::Accepted;
use trunkline_mapping::transport_window::{Claim, TransportWindow};

use crate::refusal::Refusal;

/// Claims of a request on its transport ids; settled when dropped, also when the caller goes away.
pub struct Claims<'a> {
    window: &'a Mutex<TransportWindow>,
    ids: Vec<&'a str>,
    accepted: bool,
}

// === impl Claims ===

impl<'a> Claims<'a> {
    /// Claims the transport ids of all events, or none of them.
    pub fn of(window: &'a Mutex<TransportWindow>, accepted: &'a [Accepted]) -> Result<Self, Refusal> {
        let mut claims = Self { window, ids: Vec::new(), accepted: false };
        for Accepted { claim, .. } in accepted {
            let Some(claim) = claim else { continue };
            // A conflict drops the claims made so far, which gives them back.
            if window.lock().claim(&claim.id, claim.body) == Claim::Conflict {
                return Err(Refusal::TransportIdReused);
            }
            claims.ids.push(&claim.id);
        }
        Ok(claims)
    }

    /// The request was accepted: its ids belong to its bodies from now on.
    pub fn accept(mut self) {
        self.accepted = true;
    }
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let mut window = self.window.lock();
        for id in &self.ids {
            window.settle(id, self.accepted);
        }
    }
}
