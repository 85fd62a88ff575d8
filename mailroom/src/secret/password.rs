//! Passphrases: argon2id, a few at a time, off the async executor. An unknown address costs the same as a wrong passphrase.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use crate::Error;
use crate::signin::PasswordFault;

/// Memory of one hash in KiB: 19 MiB, the second of OWASP's equal choices (2024); 4 at once are 76 MiB.
const MEMORY_KIB: u32 = 19_456;
/// Passes over the memory: with 19 MiB about 20 ms on one core.
const PASSES: u32 = 2;
/// Lanes: one, as each hash has one blocking thread.
const LANES: u32 = 1;
/// Hashes at once, so that a wave of sign-ins cannot take all memory and all cores.
const AT_ONCE_MAX: usize = 4;
/// Hashes waiting or running; beyond it the caller is told to come later: this many take about a quarter of a minute.
const WAITING_MAX: usize = 2_000;
/// Longest passphrase taken, bytes.
const BYTES_MAX: usize = 1_024;
/// Shortest passphrase, characters: between the 8 asked with a second factor and the 14 asked without; length beats classes.
pub(crate) const CHARS_MIN: usize = 12;

/// The hashing bench of one mailroom.
pub(crate) struct Hashing {
    places: Semaphore,
    queue: Semaphore,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        Self {
            places: Semaphore::new(AT_ONCE_MAX),
            queue: Semaphore::new(WAITING_MAX),
        }
    }

    /// The PHC string of a passphrase with a fresh salt.
    pub(crate) async fn hash(&self, secret: &str) -> Result<String, Error> {
        let secret = Zeroizing::new(secret.to_owned());
        let work = move || {
            let made = hasher()?
                .hash_password(secret.as_bytes())
                .map_err(|cause| Error::Broken(cause.to_string()))?;
            Ok(made.to_string())
        };
        run(self.place().await?, work).await
    }

    /// Whether the secret fits one of the hashes. With none it still computes one, so that time tells nothing. `known` is
    /// asked when the turn comes: of a hundred who came with the same secret at once, the first few prove it for all.
    pub(crate) async fn verify(
        &self,
        secret: &str,
        hashes: Vec<String>,
        known: impl Fn() -> bool,
    ) -> Result<bool, Error> {
        if secret.len() > BYTES_MAX {
            return Ok(false);
        }
        let secret = Zeroizing::new(secret.to_owned());
        let work = move || {
            if hashes.is_empty() {
                let _ = verify_one(&secret, dummy()?)?;
                return Ok(false);
            }
            for hash in &hashes {
                if verify_one(&secret, hash)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let place = self.place().await?;
        if known() {
            return Ok(true);
        }
        run(place, work).await
    }

    /// A turn at the bench.
    async fn place(&self) -> Result<Place<'_>, Error> {
        let busy = |_| Error::Later("too many sign-ins at once".into());
        let waiting = self.queue.try_acquire().map_err(busy)?;
        let turn = self
            .places
            .acquire()
            .await
            .map_err(|_| Error::Later("closing".into()))?;
        Ok(Place {
            _waiting: waiting,
            _turn: turn,
        })
    }
}

/// Given back when dropped.
struct Place<'a> {
    _waiting: SemaphorePermit<'a>,
    _turn: SemaphorePermit<'a>,
}

async fn run<T: Send + 'static>(
    _place: Place<'_>,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    // The asker may have gone away: nobody misses the answer then.
    let job: Job = Box::new(move || drop(answer.send(work())));
    BENCH
        .send(job)
        .map_err(|_| Error::Broken("the hashing threads are gone".into()))?;
    answered
        .await
        .map_err(|_| Error::Broken("a hash did not finish".into()))?
}

type Job = Box<dyn FnOnce() + Send>;

/// The threads that hash, `AT_ONCE_MAX` of them for the whole process. Not the executor's blocking threads: the allocator keeps
/// the 19 MiB of a hash for every thread that ever made one (measured: 480 MB after 1,000 sign-ins).
static BENCH: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel::<Job>();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 0..AT_ONCE_MAX {
        let receiver = Arc::clone(&receiver);
        let hashing = move || {
            loop {
                let job = receiver
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .recv();
                let Ok(job) = job else { return };
                if std::panic::catch_unwind(AssertUnwindSafe(job)).is_err() {
                    tracing::error!("a passphrase hash panicked");
                }
            }
        };
        if let Err(cause) = std::thread::Builder::new()
            .name(format!("hashing-{number}"))
            .spawn(hashing)
        {
            tracing::error!(%cause, "a hashing thread did not start");
        }
    }
    sender
});

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|cause| Error::Broken(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn verify_one(secret: &str, hash: &str) -> Result<bool, Error> {
    let parsed = PasswordHash::new(hash)
        .map_err(|_| Error::Broken("a stored passphrase hash is unreadable".into()))?;
    Ok(hasher()?
        .verify_password(secret.as_bytes(), &parsed)
        .is_ok())
}

/// A hash nobody knows the passphrase of.
fn dummy() -> Result<&'static str, Error> {
    static DUMMY: LazyLock<Option<Arc<str>>> = LazyLock::new(|| {
        let secret = crate::secret::token().ok()?;
        Some(Arc::from(
            hasher()
                .ok()?
                .hash_password(secret.as_bytes())
                .ok()?
                .to_string(),
        ))
    });
    DUMMY
        .as_deref()
        .ok_or_else(|| Error::Broken("no dummy hash".into()))
}

/// Whether a new passphrase will do: long, not one of the usual ones, not the person's name or address.
pub(crate) fn fault(secret: &str, name: &str, address: &str) -> Option<PasswordFault> {
    if secret.chars().count() < CHARS_MIN || secret.len() > BYTES_MAX {
        return Some(PasswordFault::TooShort);
    }
    let folded: String = viet::fold(secret)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let local = address.split('@').next().unwrap_or_default();
    let name: String = viet::fold(name)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    let holds = |part: &str| part.len() >= 4 && folded.contains(part);
    if holds(&name) || holds(&viet::fold(local)) {
        return Some(PasswordFault::HoldsName);
    }
    (is_common(&folded)).then_some(PasswordFault::TooCommon)
}

/// Words that stand in every list of stolen passwords, and what Vietnamese offices really use.
const COMMON: [&str; 30] = [
    "password",
    "passw0rd",
    "matkhau",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "iloveyou",
    "welcome",
    "admin",
    "administrator",
    "letmein",
    "abc123",
    "123456",
    "1234567890",
    "0123456789",
    "vietnam",
    "anhyeuem",
    "emyeuanh",
    "khongbiet",
    "toilaai",
    "hochiminh",
    "hanoi",
    "camau",
    "ubnd",
    "uybannhandan",
    "vanthu",
    "vanphong",
    "congthu",
    "chucmung",
    "motnammoi",
];

/// Common when nothing much is left after taking the common words, digits in rows and repetitions away.
fn is_common(folded: &str) -> bool {
    let mut rest = folded.to_owned();
    for word in COMMON {
        rest = rest.replace(word, "");
    }
    let mut kinds: Vec<char> = rest.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let only_digits = folded.chars().all(|c| c.is_ascii_digit());
    rest.chars().filter(|c| !c.is_ascii_digit()).count() < 4 && (rest.len() < 8 || only_digits)
        || kinds.len() < 4
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_verify_and_unknown_never_does() {
        let bench = Hashing::new();
        let hash = bench.hash("con trâu đi trước cái cày").await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            bench
                .verify("con trâu đi trước cái cày", vec![hash.clone()], || false)
                .await
                .unwrap()
        );
        assert!(
            !bench
                .verify("con trau di truoc cai cay", vec![hash], || false)
                .await
                .unwrap()
        );
        assert!(
            !bench
                .verify("anything", Vec::new(), || false)
                .await
                .unwrap()
        );
    }

    #[test]
    fn bad_passphrases_are_named() {
        use PasswordFault::*;
        for (secret, expected) in [
            ("ngắn quá", Some(TooShort)),
            ("123456789012", Some(TooCommon)),
            ("aaaaaaaaaaaaaa", Some(TooCommon)),
            ("matkhau123456", Some(TooCommon)),
            ("Mật Khẩu 123456", Some(TooCommon)),
            ("NguyenVanAn2026xyz", Some(HoldsName)),
            ("anguyen.van-mua", None),
            ("nguyenvanan@2026", Some(HoldsName)),
            ("con trâu đi trước", None),
            ("Tr4ng-Rằm-Tháng-8", None),
        ] {
            assert_eq!(
                fault(secret, "Nguyễn Văn An", "nguyenvanan@tinh.example"),
                expected,
                "{secret}"
            );
        }
    }
}
