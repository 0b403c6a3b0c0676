//! Whether what a client was made of has changed since.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use trunkline_config::Http;

/// Whether a client is made of anything that can change while a process runs: files, or a secret.
pub fn can_change(http: &Http) -> bool {
    http.ca.is_some()
        || http.identity.is_some()
        || http.proxy.as_ref().is_some_and(|proxy| proxy.login.is_some())
}

/// Of what a client is made now: the contents of the files, and which password of the proxy it is. A file that cannot
/// be read is different from one that can. For comparing within one process; nothing of it can be read back.
pub fn fingerprint(http: &Http) -> u64 {
    let mut hasher = DefaultHasher::new();
    let identity = http.identity.iter().flat_map(|identity| [&identity.certificate, &identity.key]);
    for file in http.ca.iter().chain(identity) {
        std::fs::read(file).ok().hash(&mut hasher);
    }
    let login = http.proxy.as_ref().and_then(|proxy| proxy.login.as_ref());
    login.map(|(_, password)| password.version()).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_contents_and_other_passwords_are_told_apart() {
        let file = std::env::temp_dir().join(format!("trunkline-fingerprint-{}", std::process::id()));
        let http = Http { ca: Some(file.clone()), ..Http::default() };
        assert!(can_change(&http) && !can_change(&Http::default()));
        let gone = fingerprint(&http);
        std::fs::write(&file, "one").unwrap();
        let one = fingerprint(&http);
        std::fs::write(&file, "two").unwrap();
        let two = fingerprint(&http);
        std::fs::write(&file, "one").unwrap();
        assert_eq!(fingerprint(&http), one);
        std::fs::remove_file(&file).unwrap();
        assert!(gone != one && one != two && gone != two);
    }
}
