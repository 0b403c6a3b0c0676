//! What systems know of a customer.

/// A part of a customer's profile, by its published name; a balance goes with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileField {
    /// `accountName`.
    AccountName,
    /// `loyaltyTier`.
    LoyaltyTier,
    /// `balance`, and `currency`.
    Balance,
    /// `openTickets`.
    OpenTickets,
    /// `lastInteractionDate`: the latest of what its system says and of what events say.
    LastInteractionDate,
}

// === impl ProfileField ===

impl ProfileField {
    /// All there are.
    pub const ALL: [Self; 5] =
        [Self::AccountName, Self::LoyaltyTier, Self::Balance, Self::OpenTickets, Self::LastInteractionDate];

    /// As published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountName => "accountName",
            Self::LoyaltyTier => "loyaltyTier",
            Self::Balance => "balance",
            Self::OpenTickets => "openTickets",
            Self::LastInteractionDate => "lastInteractionDate",
        }
    }
}
