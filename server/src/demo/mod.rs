//! The made-up province of `congthu demo`: its data, and how it is brought into an empty store through the same calls that
//! real mail, real people and real document systems use. Everything in it is invented.

mod bench;
mod letters;
mod mime;
mod province;
mod seed;

pub use province::{Province, Shown};
pub use seed::fill;

/// A load driver's account as the demo shows it.
pub fn bench_shown(number: usize) -> Shown {
    Shown {
        address: format!("user{number}@{}", bench::DOMAIN),
        password: bench::PASSWORD.into(),
        name: format!("Tài khoản đo tải {number}"),
        role: "bench".into(),
    }
}
