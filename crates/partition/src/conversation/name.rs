//! Short numbers in place of the platform's ids, as state keeps them.
//!
//! State must not depend on a library's idea of a hash, which may change with its version: FNV-1a is fixed for ever.
//! Within one conversation of 64 sessions two of 64 bits coincide once in 10^16.

/// FNV-1a, 64 bits.
pub(super) fn hash(id: &str) -> u64 {
    id.bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// A participant or its session in 32 bits; 0 for none.
pub(super) fn short(id: &str) -> u32 {
    if id.is_empty() {
        return 0;
    }
    let hash = hash(id);
    (hash ^ hash >> 32) as u32
}

/// A medium in 16 bits, 0 for none: they are only compared with each other.
pub(super) fn medium(medium: &str) -> u16 {
    let short = short(medium);
    (short ^ short >> 16) as u16
}

/// The name of a session: its participant above, the platform's session below.
pub(super) fn session(participant: &str, session: &str) -> u64 {
    u64::from(short(participant)) << 32 | u64::from(short(session))
}

/// The participant in the name of a session.
pub(super) fn participant(session: u64) -> u32 {
    (session >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_what_they_are_in_state() {
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!((session("", ""), participant(session("p", "s"))), (0, short("p")));
        assert_ne!(session("p", "s"), session("s", "p"));
    }

    #[test]
    fn media_are_told_apart() {
        let media = [
            "voice",
            "callback",
            "chat",
            "message",
            "email",
            "sms",
            "video",
            "cobrowse",
            "screenshare",
            "socialexpression",
            "internalmessage",
            "digital",
            "workitem",
            "voicemail",
            "social",
            "whatsapp",
            "facebook",
            "livechat",
            "twitter",
            "instagram",
            "apple",
            "line",
            "telegram",
            "viber",
        ];
        let numbers: std::collections::BTreeSet<u16> = media.iter().map(|name| medium(name)).collect();
        assert_eq!((numbers.len(), numbers.contains(&0), medium("")), (media.len(), false, 0));
    }
}
