//! Every statement of the store in one list, so that a test (and `congthu doctor`) can show that the database at hand
//! understands them all.

use crate::dialect::{CHUNKS, Dialect};
use crate::listed::Listed;
use crate::store::Store;
use crate::{
    Error, allowance, answer, assignment, attached, audit, body, credential, deliver, device,
    directory, flags, forwarding, health, listing, mailbox, met, open, outbox, people, quarantine,
    quota, reach, report, reread, search, sending, setting, source, store, trace, trim, worded,
    writer,
};

const FIXED: &[&[&str]] = &[
    allowance::SQL,
    answer::SQL,
    assignment::SQL,
    attached::SQL,
    audit::SQL,
    body::SQL,
    credential::SQL,
    device::SQL,
    directory::SQL,
    flags::SQL,
    forwarding::SQL,
    health::SQL,
    listing::SQL,
    mailbox::SQL,
    met::SQL,
    outbox::SQL,
    outbox::QUEUE_SQL,
    people::SQL,
    quarantine::SQL,
    quota::SQL,
    reach::SQL,
    report::SQL,
    reread::SQL,
    search::SQL,
    sending::SQL,
    setting::SQL,
    source::SQL,
    store::SQL,
    trace::SQL,
    trim::SQL,
    worded::SQL,
    writer::SQL,
];
const LISTED: &[&[&Listed]] = &[
    answer::LISTED,
    attached::LISTED,
    body::LISTED,
    deliver::LISTED,
    flags::LISTED,
    listing::LISTED,
    met::LISTED,
    outbox::LISTED,
    outbox::QUEUE_LISTED,
    quarantine::LISTED,
    report::LISTED,
    reread::LISTED,
    search::LISTED,
    sending::LISTED,
    trace::LISTED,
    worded::LISTED,
];

impl Store {
    /// Prepares every statement on the database; how many there are, or the first that is not understood.
    pub async fn prepare_all(&self) -> Result<usize, Error> {
        let mut conn = self.read().await?;
        let dialect = conn.dialect();
        let mut fixed: Vec<&'static str> = FIXED.concat();
        let listed: Vec<&'static Listed> = LISTED.concat();
        if dialect == Dialect::Postgres {
            fixed.extend(open::SQL_PG);
        }
        for sql in &fixed {
            let prepared = conn.prepare(*sql).await;
            prepared.map_err(|cause| Error::Broken(format!("{cause} in {sql}")))?;
        }
        for what in &listed {
            for rows in CHUNKS {
                let prepared = conn.prepare(dialect.listed(what, rows)).await;
                prepared.map_err(|cause| Error::Broken(format!("{cause} in {}", what.sql)))?;
            }
        }
        Ok(fixed.len() + listed.len())
    }
}
