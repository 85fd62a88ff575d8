//! Leasing due rows: domains in turn, one task at a time. Decides nothing about when a row falls due.

use super::*;

/// The due rows of many domains in one statement: (place of the domain, row). How many it takes of those left.
fn due_text(left: usize) -> (Arc<str>, usize) {
    /// Few sizes, so that each has its prepared statement.
    const SIZES: [usize; 3] = [16, 4, 1];
    static TEXTS: LazyLock<[Arc<str>; 3]> = LazyLock::new(|| SIZES.map(|many| due_of(many).into()));
    let fits = SIZES
        .iter()
        .zip(TEXTS.iter())
        .find(|(many, _)| **many <= left);
    fits.map_or_else(
        || (Arc::from(due_of(1)), 1),
        |(many, text)| (Arc::clone(text), *many),
    )
}

fn due_of(domains: usize) -> String {
    let one = |place: usize| {
        format!(
            "SELECT CAST({place} AS BIGINT), id FROM (SELECT id FROM outbox WHERE state = 'due' AND domain = ${} AND next_at <= $1 \
             ORDER BY next_at LIMIT $2) d{place}",
            place + 3
        )
    };
    (0..domains)
        .map(one)
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

async fn lease(
    txn: &mut Txn,
    worker: String,
    ids: Vec<i64>,
    domains: Vec<String>,
    now: i64,
    until: i64,
) -> Result<Vec<Leased>, Error> {
    let values = ids
        .into_iter()
        .map(|id| values![id, &worker, until])
        .collect();
    let taken = listed_rows(&mut txn.conn, &LEASE, values).await?;
    let ids = taken
        .iter()
        .map(|row| Ok(values![row.int(0)?]))
        .collect::<Result<Vec<_>, Error>>()?;
    let rows = listed_rows(&mut txn.conn, &LEASED, ids).await?;
    let served = domains
        .iter()
        .flat_map(|domain| values![domain, now])
        .collect();
    insert(&mut txn.conn, &NEXT_OF, served).await?;
    txn.conn.run(NOTHING_DUE, values![]).await?;
    rows.iter().map(leased_row).collect()
}

impl Store {
    /// Leases due rows for a worker until `now + lease_ms`: domains in turn, at most `per_domain` rows of each.
    /// Expired leases fall due again here. Two workers never get the same row.
    pub async fn outbox_lease(
        &self,
        worker: &str,
        now: i64,
        lease_ms: i64,
        rows: usize,
        per_domain: usize,
    ) -> Result<Vec<Leased>, Error> {
        self.outbox_lease_except(worker, now, lease_ms, (rows, per_domain), &HashSet::new())
            .await
    }

    /// The same, passing over domains of which the worker has enough in hand. `most`: rows altogether, and of one domain.
    pub async fn outbox_lease_except(
        &self,
        worker: &str,
        now: i64,
        lease_ms: i64,
        most: (usize, usize),
        except: &HashSet<String>,
    ) -> Result<Vec<Leased>, Error> {
        // One at a time: two workers that look at the same rows would get in each other's way.
        let _turn = self.0.leasing.lock().await;
        self.outbox_release_expired(now).await?;
        let (ids, domains) = self
            .due_rows(now, most.0.max(1), most.1.max(1), except)
            .await?;
        if domains.is_empty() {
            return Ok(Vec::new());
        }
        let worker = worker.to_owned();
        self.write(move |txn| Box::pin(lease(txn, worker, ids, domains, now, now + lease_ms)))
            .await
    }

    /// Due rows of the domains that wait longest: first every domain its share, then more of those that have more.
    async fn due_rows(
        &self,
        now: i64,
        rows: usize,
        per_domain: usize,
        except: &HashSet<String>,
    ) -> Result<(Vec<i64>, Vec<String>), Error> {
        let mut conn = self.read().await?;
        let limit = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let look = limit(rows.saturating_add(except.len()));
        let found = conn.rows(DUE_DOMAINS, values![now, look]).await?;
        let mut domains = found
            .iter()
            .map(|row| row.text(0))
            .collect::<Result<Vec<_>, _>>()?;
        domains.retain(|domain| !except.contains(domain));
        domains.truncate(rows);
        let share = (rows / domains.len().max(1)).clamp(1, per_domain);
        let mut taken: Vec<(&String, Vec<i64>)> = Vec::with_capacity(domains.len());
        let mut looking = domains.as_slice();
        while !looking.is_empty() {
            let (text, many) = due_text(looking.len());
            let (these, others) = looking.split_at(many);
            looking = others;
            let mut asked = values![now, limit(share)];
            asked.extend(these.iter().flat_map(|domain| values![domain]));
            let first = taken.len();
            taken.extend(these.iter().map(|domain| (domain, Vec::new())));
            for row in conn.rows(AssertSqlSafe(text), asked).await? {
                let place = usize::try_from(row.int(0)?).unwrap_or(0);
                if let Some((_, ids)) = taken.get_mut(first + place) {
                    ids.push(row.int(1)?);
                }
            }
        }
        let mut left = rows
            - taken
                .iter()
                .map(|(_, ids)| ids.len())
                .sum::<usize>()
                .min(rows);
        for (domain, ids) in &mut taken {
            if ids.len() < share || left == 0 || share == per_domain {
                continue;
            }
            let most = per_domain.min(ids.len() + left);
            let due = conn
                .rows(DUE_ROWS, values![*domain, now, limit(most)])
                .await?;
            let more: Vec<i64> = due.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
            left -= more.len().saturating_sub(ids.len()).min(left);
            *ids = more;
        }
        let ids = taken.into_iter().flat_map(|(_, ids)| ids).collect();
        Ok((ids, domains))
    }
}
