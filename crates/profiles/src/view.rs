//! Which fields of a profile enter events.

use std::collections::BTreeSet;

use trunkline_schemas::{CustomerProfile, ProfileView};
use trunkline_systems::ProfileField;

/// What of a profile enters events.
pub(crate) fn allowed(profile: &CustomerProfile, fields: &BTreeSet<ProfileField>) -> ProfileView {
    let mut view = ProfileView::from(profile);
    for field in ProfileField::ALL {
        if fields.contains(&field) {
            continue;
        }
        match field {
            ProfileField::AccountName => view.account_name = None,
            ProfileField::LoyaltyTier => view.loyalty_tier = None,
            // An amount without its currency, or the other way round, means nothing.
            ProfileField::Balance => clear_balance(&mut view),
            ProfileField::OpenTickets => view.open_tickets = None,
            ProfileField::LastInteractionDate => view.last_interaction_date = None,
            ProfileField::Numbers => view.numbers.clear(),
            ProfileField::Values => view.values.clear(),
        }
    }
    view
}

fn clear_balance(view: &mut ProfileView) {
    (view.balance, view.currency) = (None, None);
    view.balances.clear();
}
