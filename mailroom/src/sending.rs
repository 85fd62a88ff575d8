//! The outbox as the outbound worker uses it: lease, read the body, settle; DSNs. The worker decides nothing about mailboxes.

use crate::{Error, Mailroom};
use bytes::Bytes;
use store::*;

impl Mailroom {
    /// Due rows for this worker, fair across domains; their leases end by themselves after `lease_secs`.
    pub async fn lease_outbox(
        &self,
        worker: &str,
        rows: usize,
        lease_secs: u64,
    ) -> Result<Vec<Leased>, Error> {
        todo!("{worker}{rows}{lease_secs}")
    }
    pub async fn settle_outbox(&self, settlements: Vec<Settlement>) -> Result<(), Error> {
        todo!("{settlements:?}")
    }
    pub async fn outbox_body(&self, body: BodyId) -> Result<Bytes, Error> {
        todo!("{body}")
    }
    /// Returns when rows may be due: a submission was committed, or the next due time has come.
    pub async fn outbox_ready(&self) {
        todo!()
    }
    /// A report from us (null sender) to one address, local or elsewhere (RFC 3464, RFC 5321 §4.5.5).
    pub async fn send_report(
        &self,
        to: &str,
        raw: Bytes,
        about: TraceId,
    ) -> Result<TraceId, Error> {
        todo!("{to}{}{about}", raw.len())
    }
}
