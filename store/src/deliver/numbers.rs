//! The numbers of a delivery: MODSEQs by account and UIDs by mailbox, a statement each for all copies.

use std::collections::{BTreeMap, HashMap};

use super::*;

/// Gives every copy its MODSEQ: one step of the account's counter for each (RFC 7162 §3.1).
pub async fn changes(
    txn: &mut Txn,
    all: &[&Prepared],
    places: &mut [Place<'_>],
) -> Result<(), Error> {
    let mut sums: BTreeMap<AccountId, (i64, i64)> = BTreeMap::new();
    for place in places.iter() {
        let sum = sums.entry(place.copy.account).or_default();
        sum.0 += 1;
        sum.1 += size_of(all, place);
    }
    let steps = sums.clone();
    let values = sums
        .iter()
        .map(|(account, (n, bytes))| values![*account, *n, *bytes])
        .collect();
    let mut next: HashMap<AccountId, i64> = HashMap::with_capacity(steps.len());
    for row in listed_rows(&mut txn.conn, &BUMP_ACCOUNTS, values).await? {
        let account = AccountId(row.int(0)?);
        let (steps, _) = steps.get(&account).copied().unwrap_or_default();
        next.insert(account, row.int(1)? - steps + 1);
    }
    for place in places {
        let modseq = next
            .get_mut(&place.copy.account)
            .ok_or_else(|| Error::Missing(format!("account {}", place.copy.account)))?;
        place.modseq = *modseq;
        *modseq += 1;
    }
    Ok(())
}

/// Gives every copy its UID: strictly rising in its mailbox, never used again (RFC 9051 §2.3.1.1).
pub async fn uids(txn: &mut Txn, all: &[&Prepared], places: &mut [Place<'_>]) -> Result<(), Error> {
    #[derive(Default)]
    struct Sum {
        copies: i64,
        unseen: i64,
        bytes: i64,
        modseq: i64,
    }
    let mut sums: BTreeMap<MailboxId, Sum> = BTreeMap::new();
    for place in places.iter() {
        let sum = sums.entry(place.mailbox).or_default();
        sum.copies += 1;
        sum.unseen += i64::from(place.copy.flags & flag::SEEN == 0);
        sum.bytes += size_of(all, place);
        sum.modseq = sum.modseq.max(place.modseq);
    }
    let values = sums
        .iter()
        .map(|(mailbox, sum)| values![*mailbox, sum.copies, sum.unseen, sum.bytes, sum.modseq])
        .collect();
    let mut next: HashMap<MailboxId, (AccountId, i64, u32)> = HashMap::with_capacity(sums.len());
    for row in listed_rows(&mut txn.conn, &BUMP_MAILBOXES, values).await? {
        let mailbox = MailboxId(row.int(0)?);
        let copies = sums.get(&mailbox).map_or(0, |sum| sum.copies);
        next.insert(
            mailbox,
            (AccountId(row.int(1)?), row.int(2)? - copies, row.small(3)?),
        );
    }
    for place in places {
        let missing = || {
            Error::Missing(format!(
                "mailbox {} of account {}",
                place.mailbox, place.copy.account
            ))
        };
        let (account, uid, validity) = next.get_mut(&place.mailbox).ok_or_else(missing)?;
        if *account != place.copy.account {
            return Err(missing());
        }
        place.uid =
            u32::try_from(*uid).map_err(|_| Error::Broken("UIDs are used up".to_owned()))?;
        place.uid_validity = *validity;
        *uid += 1;
    }
    Ok(())
}
