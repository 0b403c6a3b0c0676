//! What holds a secret whose value may change while a process runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use crate::{ExposeSecret, KeyEncoding, Secret, SecretReference};

/// So many replaced values are kept at most, whatever their grace: a source that changes without end is none to follow.
const REPLACED_MAX: usize = 4;

/// A secret by its reference: a handle to the value that its source has at the moment. Clones share it.
///
/// Nobody keeps the value: who needs it asks for [`SecretHandle::current`] at each use, and so takes part in a
/// rotation without a restart. It prints as `***`.
#[derive(Clone)]
pub struct SecretHandle(Arc<Shared>);

struct Shared {
    reference: Option<SecretReference>,
    form: SecretForm,
    values: RwLock<Values>,
    /// Beside the lock, since it is asked for with each record.
    version: AtomicU64,
    listeners: Mutex<Listeners>,
}

#[derive(Default)]
struct Listeners {
    /// How many there have been.
    numbered: u64,
    by_number: BTreeMap<u64, Listener>,
}

type Listener = Box<dyn Fn(&Secret) + Send>;

/// Somebody is told of changes of a secret ([`SecretHandle::tell`]) as long as this is kept. Dropping it waits for a
/// telling that is under way.
pub struct Told {
    secret: SecretHandle,
    number: u64,
}

struct Values {
    current: Secret,
    /// The values before it that callers may still use, the last one first, and until when.
    replaced: Vec<(Secret, Instant)>,
}

/// What the value of a secret has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretForm {
    /// Any text but an empty one.
    Text,
    /// An RSA key in PEM without a passphrase. Whether it can sign is seen where it is used.
    RsaPrivateKey,
    /// Certificate authorities in PEM, one or more; text between them is a comment.
    Authorities,
    /// Our own certificate in PEM, and behind it those between it and its authority.
    Certificate,
    /// The key of a certificate in PEM, of any kind, without a passphrase.
    PrivateKey,
    /// A key whose bytes are written in this way.
    Key(KeyEncoding),
    /// Public keys in PEM or as a JSON Web Key Set. Whether they can check a signature is seen where they are used.
    PublicKeys,
}

// === impl SecretForm ===

impl SecretForm {
    /// Says what is wrong with a value, as the end of a sentence, and nothing of the value.
    ///
    /// # Errors
    /// When the value is not of this form.
    pub fn check(self, value: &str) -> Result<(), &'static str> {
        let begins = |title: &str| value.trim_start().starts_with(title);
        match self {
            _ if value.is_empty() => Err("an empty secret"),
            Self::Key(encoding) => encoding.decode(value).map(drop),
            Self::RsaPrivateKey
                if !begins("-----BEGIN PRIVATE KEY-----") && !begins("-----BEGIN RSA PRIVATE KEY-----") =>
            {
                Err(
                    "what is no RSA key in PEM without a passphrase (it begins with '-----BEGIN PRIVATE KEY-----')",
                )
            }
            Self::Authorities | Self::Certificate if !value.contains("-----BEGIN CERTIFICATE-----") => {
                Err("what holds no certificate in PEM (it begins with '-----BEGIN CERTIFICATE-----')")
            }
            Self::PrivateKey if !value.contains("PRIVATE KEY-----") => {
                Err("what holds no private key in PEM (it begins with '-----BEGIN PRIVATE KEY-----')")
            }
            Self::PrivateKey if value.contains("ENCRYPTED") => {
                Err("a private key with a passphrase, which nobody can be asked for; store it without")
            }
            Self::PublicKeys if value.contains("PRIVATE KEY-----") => {
                Err("a private key, which is its owner's alone; store the public one")
            }
            Self::PublicKeys if !PUBLIC_KEYS.iter().any(|begins| value.contains(begins)) => Err(
                "what holds no public key in PEM (it begins with '-----BEGIN PUBLIC KEY-----') and no JSON Web \
                     Key Set (it has a list 'keys')",
            ),
            _ => Ok(()),
        }
    }
}

/// What one of stands in every text of public keys.
const PUBLIC_KEYS: [&str; 4] = [
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN RSA PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "\"keys\"",
];

// === impl SecretHandle ===

impl SecretHandle {
    /// A handle whose value is not known yet, and empty until then.
    pub(crate) fn unread(reference: SecretReference, form: SecretForm) -> Self {
        Self::made(Some(reference), form, Secret::from(""))
    }

    fn made(reference: Option<SecretReference>, form: SecretForm, current: Secret) -> Self {
        let values = RwLock::new(Values { current, replaced: Vec::new() });
        let listeners = Mutex::default();
        Self(Arc::new(Shared { reference, form, values, version: AtomicU64::new(0), listeners }))
    }

    /// Takes the first value that the source is known to have.
    ///
    /// # Errors
    /// What the value is instead of what it has to be, without repeating it.
    pub(crate) fn begin(&self, value: Secret) -> Result<(), &'static str> {
        self.0.form.check(value.expose_secret())?;
        self.0.values.write().current = value;
        Ok(())
    }

    /// Where the value comes from; `None` for a value that was given in code, as tests do.
    pub fn reference(&self) -> Option<&SecretReference> {
        self.0.reference.as_ref()
    }

    /// Whether the other one is a handle to the same secret: a clone of this one, whatever the values are.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What the value has to be.
    pub fn form(&self) -> SecretForm {
        self.0.form
    }

    /// The value that the source has, as far as it is known. Empty only where the configuration was read without its
    /// secrets.
    pub fn current(&self) -> Secret {
        self.0.values.read().current.clone()
    }

    /// Grows whenever the value changes. Who reads it before [`SecretHandle::current`] and finds it unchanged later has
    /// the current value.
    pub fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// The values that a caller may show: the current one, then those that it replaced a short while ago, since not
    /// every caller changes over in the same moment.
    pub fn accepted(&self, now: Instant) -> Vec<Secret> {
        let values = self.0.values.read();
        let replaced = values.replaced.iter().filter(|(_, until)| now < *until).map(|(value, _)| value);
        std::iter::once(&values.current).chain(replaced).cloned().collect()
    }

    /// Takes the value that the source has now. One that it replaces stays accepted from callers for `grace`. Returns
    /// whether the value is another one.
    ///
    /// # Errors
    /// What the value is instead of what it has to be, without repeating it; the last value stays.
    pub fn replace(&self, value: Secret, now: Instant, grace: Duration) -> Result<bool, &'static str> {
        self.0.form.check(value.expose_secret())?;
        let same = |one: &Secret| one.expose_secret() == value.expose_secret();
        let mut values = self.0.values.write();
        if same(&values.current) {
            return Ok(false);
        }
        values.replaced.retain(|(replaced, until)| now < *until && !same(replaced));
        let old = std::mem::replace(&mut values.current, value);
        if !grace.is_zero() {
            values.replaced.insert(0, (old, now + grace));
            values.replaced.truncate(REPLACED_MAX);
        }
        self.0.version.fetch_add(1, Ordering::AcqRel);
        drop(values);
        for told in self.0.listeners.lock().by_number.values() {
            told(&self.current());
        }
        Ok(true)
    }

    /// Calls `told` with each new value as soon as there is one, as long as what this returns is kept; and now, where
    /// the value is not any more what it was at `version`. For what takes a secret once and keeps it, and may wait
    /// for a long time meanwhile. `told` is short, and changes no secret.
    #[must_use]
    pub fn tell(&self, version: u64, told: impl Fn(&Secret) + Send + 'static) -> Told {
        let mut listeners = self.0.listeners.lock();
        if self.version() != version {
            told(&self.current());
        }
        listeners.numbered += 1;
        let number = listeners.numbered;
        listeners.by_number.insert(number, Box::new(told));
        Told { secret: self.clone(), number }
    }

    /// Wipes the replaced values whose time is over.
    pub fn forget(&self, now: Instant) {
        if self.0.values.read().replaced.iter().any(|(_, until)| *until <= now) {
            self.0.values.write().replaced.retain(|(_, until)| now < *until);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.secret.0.listeners.lock().by_number.remove(&self.number);
    }
}

impl From<&str> for SecretHandle {
    fn from(value: &str) -> Self {
        Self::from(Secret::from(value))
    }
}

impl From<Secret> for SecretHandle {
    fn from(value: Secret) -> Self {
        Self::made(None, SecretForm::Text, value)
    }
}

impl fmt::Debug for SecretHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(300);

    fn accepted(handle: &SecretHandle, now: Instant) -> Vec<String> {
        handle.accepted(now).iter().map(|value| value.expose_secret().to_owned()).collect()
    }

    #[test]
    fn a_replaced_value_is_accepted_for_its_grace_and_wiped_after_it() {
        let start = Instant::now();
        let handle = SecretHandle::from("old");
        let clone = handle.clone();
        assert_eq!((handle.version(), handle.replace("old".into(), start, GRACE)), (0, Ok(false)));
        assert_eq!((handle.replace("new".into(), start, GRACE), clone.version()), (Ok(true), 1));
        assert_eq!(clone.current().expose_secret(), "new");
        let end = start + GRACE;
        assert_eq!(accepted(&clone, end - Duration::from_millis(1)), ["new", "old"]);
        assert_eq!(accepted(&clone, end), ["new"]);
        clone.forget(end);
        assert_eq!(accepted(&clone, start), ["new"], "it is gone");
    }

    #[test]
    fn a_value_that_comes_back_is_current_and_the_one_between_is_accepted() {
        let start = Instant::now();
        let handle = SecretHandle::from("a");
        handle.replace("b".into(), start, GRACE).unwrap();
        handle.replace("a".into(), start, GRACE).unwrap();
        assert_eq!(accepted(&handle, start), ["a", "b"]);
        for number in 0..9 {
            handle.replace(format!("c{number}").into(), start, GRACE).unwrap();
        }
        assert_eq!(accepted(&handle, start), ["c8", "c7", "c6", "c5", "c4"]);
        handle.replace("d".into(), start, Duration::ZERO).unwrap();
        assert_eq!(
            accepted(&handle, start),
            ["d", "c7", "c6", "c5", "c4"],
            "without grace the last one is no more"
        );
    }

    #[test]
    fn who_is_told_of_changes_is_told_each_at_once_and_none_that_came_before_or_later() {
        let start = Instant::now();
        let handle = SecretHandle::from("a");
        let before = handle.version();
        handle.replace("b".into(), start, GRACE).unwrap();
        let (sender, heard) = std::sync::mpsc::channel();
        let listen = |version| {
            let sender = sender.clone();
            handle.tell(version, move |value| sender.send(value.expose_secret().to_owned()).unwrap())
        };
        let missed_one = listen(before);
        let up_to_date = listen(handle.version());
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["b"]);
        assert_eq!(handle.replace("b".into(), start, GRACE), Ok(false));
        handle.clone().replace("c".into(), start, GRACE).unwrap();
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["c", "c"]);
        drop(missed_one);
        handle.replace("d".into(), start, GRACE).unwrap();
        drop(up_to_date);
        handle.replace("e".into(), start, GRACE).unwrap();
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["d"]);
    }

    #[test]
    fn neither_an_empty_value_nor_one_of_another_form_takes_the_place_of_the_last_one() {
        let now = Instant::now();
        let text = SecretHandle::from("old");
        assert_eq!(text.replace("".into(), now, GRACE), Err("an empty secret"));
        let reference = SecretReference::File("/key.pem".into());
        let key = SecretHandle::unread(reference, SecretForm::RsaPrivateKey);
        assert!(key.begin("-----BEGIN ENCRYPTED PRIVATE KEY-----".into()).is_err());
        assert_eq!(key.begin("\n-----BEGIN RSA PRIVATE KEY-----".into()), Ok(()));
        assert!(key.replace("hunter2".into(), now, GRACE).is_err());
        assert_eq!((accepted(&text, now), accepted(&key, now).len()), (vec!["old".to_owned()], 1));
    }

    #[test]
    fn what_is_no_pem_is_neither_a_certificate_nor_a_key() {
        let certificate = "# our own\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN EC PRIVATE KEY-----\nMII\n-----END EC PRIVATE KEY-----\n";
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (form, text, fits) in [
            (SecretForm::Authorities, certificate, true),
            (SecretForm::Certificate, certificate, true),
            (SecretForm::Certificate, key, false),
            (SecretForm::PrivateKey, key, true),
            (SecretForm::PrivateKey, certificate, false),
            (SecretForm::PrivateKey, locked, false),
            (SecretForm::Authorities, "", false),
        ] {
            assert_eq!(form.check(text).is_ok(), fits, "{form:?}: {text}");
        }
    }

    #[test]
    fn it_prints_as_stars() {
        let handle = SecretHandle::from("hunter2");
        handle.replace("hunter3".into(), Instant::now(), GRACE).unwrap();
        assert_eq!(format!("{handle:?}"), "***");
    }
}
