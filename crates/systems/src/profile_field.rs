//! What systems know of a customer.

/// A part of a customer's profile, by its published name; a balance goes with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileField {
    /// `accountName`.
    AccountName,
    /// `loyaltyTier`.
    LoyaltyTier,
    /// `balance`, `currency` and `balances`.
    Balance,
    /// `openTickets`.
    OpenTickets,
    /// `lastInteractionDate`: the latest of what its system says and of what events say.
    LastInteractionDate,
    /// `numbers`: the customer's number in each target. It comes from the search for the customer.
    Numbers,
    /// `values`: what the sources of `[enrichment.sources]` tell under names of their own.
    Values,
}

// === impl ProfileField ===

impl ProfileField {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::AccountName,
        Self::LoyaltyTier,
        Self::Balance,
        Self::OpenTickets,
        Self::LastInteractionDate,
        Self::Numbers,
        Self::Values,
    ];

    /// As published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountName => "accountName",
            Self::LoyaltyTier => "loyaltyTier",
            Self::Balance => "balance",
            Self::OpenTickets => "openTickets",
            Self::LastInteractionDate => "lastInteractionDate",
            Self::Numbers => "numbers",
            Self::Values => "values",
        }
    }
}
