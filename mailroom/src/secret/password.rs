//! Passphrases: argon2id, a few at a time, off the async executor. An unknown address costs the same as a wrong passphrase.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, mpsc};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use crate::Error;
use crate::signin::PasswordFault;

/// Memory of one hash in KiB: 19 MiB, the second of OWASP's equal choices (2024); 4 at once are 76 MiB.
const MEMORY_KIB: u32 = 19_456;
/// Most a stored hash may ask for, KiB: hashes made with other costs are still read.
const MEMORY_KIB_MAX: u32 = 65_536;
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
        let work = move |memory: &mut Memory| make(&secret, memory);
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
        let work = move |memory: &mut Memory| {
            if hashes.is_empty() {
                let _ = verify_one(&secret, dummy(memory)?, memory)?;
                return Ok(false);
            }
            for hash in &hashes {
                if verify_one(&secret, hash, memory)? {
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
    work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    // The asker may have gone away: nobody misses the answer then.
    let job: Job = Box::new(move |memory| drop(answer.send(work(memory))));
    BENCH
        .send(job)
        .map_err(|_| Error::Broken("the hashing threads are gone".into()))?;
    answered
        .await
        .map_err(|_| Error::Broken("a hash did not finish".into()))?
}

/// The memory of one hash. Used again and again: freed, it would stay with the allocator as often as it was asked for.
type Memory = Vec<Block>;
type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// Memory nobody hashes in now, all zero; the last one given back is taken first, so that a quiet server has only one.
/// As many as hashes were ever made at once, `AT_ONCE_MAX` at most.
static RESTING: Mutex<Vec<Memory>> = Mutex::new(Vec::new());

/// Does a job in resting memory and leaves nothing of the secret in it.
fn hash_in_turn(job: Job) {
    let resting = || RESTING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut memory = resting().pop().unwrap_or_default();
    if std::panic::catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
        tracing::error!("a passphrase hash panicked");
    }
    memory.fill(Block::new());
    resting().push(memory);
}

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
                hash_in_turn(job);
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

fn broken(cause: impl std::fmt::Display) -> Error {
    Error::Broken(cause.to_string())
}

/// What a passphrase gives with this salt.
fn compute(
    secret: &str,
    salt: &[u8],
    argon: &Argon2<'_>,
    memory: &mut Memory,
) -> Result<Output, Error> {
    let blocks = argon.params().block_count();
    if memory.len() < blocks {
        // In one piece, never grown: growing would copy, and leave the old piece with the allocator.
        *memory = vec![Block::new(); blocks];
    }
    let mut made = Zeroizing::new([0u8; Output::MAX_LENGTH]);
    let bytes = argon
        .params()
        .output_len()
        .unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let made = made.get_mut(..bytes).ok_or_else(|| broken("hash length"))?;
    argon
        .hash_password_into_with_memory(secret.as_bytes(), salt, made, memory)
        .map_err(broken)?;
    Output::new(made).map_err(broken)
}

/// The PHC string of a passphrase with a fresh salt.
fn make(secret: &str, memory: &mut Memory) -> Result<String, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(broken)?;
    let mut salt = [0u8; Salt::RECOMMENDED_LENGTH];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| broken("no random numbers"))?;
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = compute(secret, &salt, &argon, memory)?;
    let made = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon.params()).map_err(broken)?,
        salt: Some(Salt::new(&salt).map_err(broken)?),
        hash: Some(hash),
    };
    Ok(made.to_string())
}

fn verify_one(secret: &str, hash: &str, memory: &mut Memory) -> Result<bool, Error> {
    let unreadable = || broken("a stored passphrase hash is unreadable");
    let parsed = PasswordHash::new(hash).map_err(|_| unreadable())?;
    let (Some(salt), Some(expected)) = (&parsed.salt, &parsed.hash) else {
        return Err(broken("a stored passphrase hash is not whole"));
    };
    let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).map_err(|_| unreadable())?;
    let version = parsed.version.map(Version::try_from).transpose();
    let version = version.map_err(broken)?.unwrap_or_default();
    let params = Params::try_from(&parsed).map_err(|_| unreadable())?;
    if params.m_cost() > MEMORY_KIB_MAX {
        return Err(broken("a stored passphrase hash asks for too much memory"));
    }
    let argon = Argon2::new(algorithm, version, params);
    let made = compute(secret, salt.as_ref(), &argon, memory)?;
    Ok(
        aws_lc_rs::constant_time::verify_slices_are_equal(made.as_bytes(), expected.as_bytes())
            .is_ok(),
    )
}

/// A hash nobody knows the passphrase of.
fn dummy(memory: &mut Memory) -> Result<&'static str, Error> {
    static DUMMY: OnceLock<String> = OnceLock::new();
    if let Some(known) = DUMMY.get() {
        return Ok(known);
    }
    let made = make(&crate::secret::token()?, memory)?;
    Ok(DUMMY.get_or_init(|| made))
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
    fn memory_is_used_again_and_holds_nothing_afterwards() {
        let mut memory = Memory::new();
        let hash = make("con trâu đi trước", &mut memory).unwrap();
        let place = memory.as_ptr();
        assert!(verify_one("con trâu đi trước", &hash, &mut memory).unwrap());
        assert!(!verify_one("con trâu đi sau", &hash, &mut memory).unwrap());
        assert_eq!((memory.as_ptr(), memory.len()), (place, 19_456));
        let (tell, told) = mpsc::channel();
        hash_in_turn(Box::new(move |memory| {
            make("con trâu đi trước", memory).unwrap();
            tell.send(memory.as_ptr() as usize).unwrap();
        }));
        let used = told.recv().unwrap();
        let resting = RESTING.lock().unwrap();
        let one = resting.iter().find(|one| one.as_ptr() as usize == used);
        // Another test may have taken it meanwhile; then it is not here, and not looked into.
        if let Some(memory) = one {
            let clean = |block: &Block| block.as_ref().iter().all(|word| *word == 0);
            assert!(memory.iter().all(clean));
        }
    }

    #[test]
    fn hashes_made_elsewhere_are_read() {
        // Made by the crate's own interface, with other costs than ours.
        let params = Params::new(256, 2, 1, None).unwrap();
        let other = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = argon2::PasswordHasher::hash_password(&other, b"mot hai ba bon").unwrap();
        let mut memory = Memory::new();
        assert!(verify_one("mot hai ba bon", &hash.to_string(), &mut memory).unwrap());
        assert!(
            verify_one(
                "x",
                "$argon2id$v=19$m=99999999,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWE",
                &mut memory
            )
            .is_err()
        );
        assert!(verify_one("x", "$2b$12$x", &mut memory).is_err());
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
