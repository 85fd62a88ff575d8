//! Administration: domains, units, accounts. Used by the command line and by administrators' pages; every act is audited,
//! every act is checked against the actor's subtree, none opens mail.

mod accounts;
pub(crate) mod csv;
mod import;
pub(crate) mod propose;
mod rights;
mod units;

pub use accounts::{NewAccount, PrincipalKindWord};
pub use import::{ImportOutcome, Imported};
