//! The addresses by which customers call and write.

use uuid::Uuid;

use crate::customers::{Customer, draw, shares_phone};
use crate::external_contact::ExternalContact;

/// What stands for a caller who withholds the number (RFC 3323, 4.1.1.3).
const WITHHELD: &str = "sip:anonymous@anonymous.invalid";

/// The URI that a customer's calls come from. Whose contact leads to nobody withholds the number, too.
pub(crate) fn calling(customer: &Customer) -> String {
    ExternalContact::of(customer).phone.map_or(WITHHELD.to_owned(), |phone| format!("tel:{phone}"))
}

/// Who writes, as an Open Messaging integration names its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) id: String,
    /// `Email`, `Phone` or `Opaque`.
    pub(crate) id_type: &'static str,
}

/// The id by which a customer writes: an e-mail address, a phone number, or one that only the integration can read.
#[must_use]
pub fn sender_of(customer: &Customer) -> String {
    Sender::of(customer).id
}

// === impl Sender ===

impl Sender {
    /// A third of the customers write from their e-mail addresses and a third from their phones; of the others nobody
    /// but the integration knows who they are.
    pub(crate) fn of(customer: &Customer) -> Self {
        let contact = ExternalContact::of(customer);
        match (draw(customer.number, 9) % 3, contact.email, contact.phone) {
            // Two whom their phone number does not tell apart write from it: nobody can know which of them it is.
            (_, _, Some(id)) if shares_phone(customer.number) => Self { id, id_type: "Phone" },
            (0, Some(id), _) => Self { id, id_type: "Email" },
            (1, _, Some(id)) => Self { id, id_type: "Phone" },
            _ => {
                let id = Uuid::new_v5(&customer.contact_id, b"messaging").to_string();
                Self { id, id_type: "Opaque" }
            }
        }
    }
}
