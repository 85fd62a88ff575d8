//! Who acts: a principal that has proven who it is, and by what means. Made only by `signin` (and by the program itself).

use store::PrincipalId;

/// How the principal proved itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Means {
    Password,
    AppPassword,
    WebSession,
    RecoverySlip,
    /// The program's own command line or an internal task.
    Console,
}

/// The acting principal. Every call that touches mail, people or documents names one.
#[derive(Clone, Debug)]
pub struct Actor {
    pub principal: PrincipalId,
    pub address: String,
    pub name: String,
    pub means: Means,
    /// Where from, for the audit; "" for the console.
    pub peer_ip: String,
}
