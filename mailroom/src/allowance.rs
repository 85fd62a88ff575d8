//! Other daily limits for one account until a day: a unit that invites 500 citizens tomorrow. Given by administrators of its
//! subtree, never to themselves, and audited. The unit's own limits stay.

use store::{Allowance, Principal};

use crate::policy::DayLimits;
use crate::{Actor, Denied, Error, Mailroom, Means, limits, time};

/// What an administrator gives.
#[derive(Clone, Debug)]
pub struct Given {
    pub limits: DayLimits,
    /// The last day on which it counts, as written: "25/11/2026" or "2026-11-25".
    pub last_day: String,
    /// Why, for the audit log and for colleagues.
    pub reason: String,
}

impl Mailroom {
    /// The limits of an account now, and what was given to it where that counts.
    pub(crate) async fn limits_of(
        &self,
        who: &Principal,
    ) -> Result<(DayLimits, Option<Allowance>), Error> {
        let usual = self.policy().sending.account;
        let given = self.store().allowance(who.id.into()).await?;
        let given = given.filter(|given| self.now() < given.until_at);
        let limits = given.as_ref().map_or(usual, |given| DayLimits {
            messages: given.messages,
            recipients: given.recipients,
            strangers: given.strangers,
        });
        Ok((limits, given))
    }

    /// Gives an account other limits until the end of a day; the alarm of today may ring again.
    pub async fn allowance_set(
        &self,
        actor: &Actor,
        address: &str,
        given: Given,
    ) -> Result<(), Error> {
        let who = self.whose_limits(actor, address).await?;
        let now = self.now();
        let bad = |words: &str| Error::Bad(words.to_owned());
        let numbers = [
            given.limits.messages,
            given.limits.recipients,
            given.limits.strangers,
        ];
        let most = limits::ALLOWANCE_A_DAY_MAX;
        if numbers.iter().any(|number| !(1..=most).contains(number)) {
            return Err(Error::Bad(format!("mỗi giới hạn phải từ 1 đến {most}")));
        }
        let day = time::parse_day(given.last_day.trim())
            .ok_or_else(|| bad("ngày cuối phải viết như 25/11/2026"))?;
        let until_at = day.saturating_add(DAY_MS);
        if until_at <= now {
            return Err(bad("ngày cuối đã qua"));
        }
        if until_at > now + limits::ALLOWANCE_DAYS_MAX * DAY_MS {
            return Err(Error::Bad(format!(
                "ngày cuối không được xa hơn {} ngày",
                limits::ALLOWANCE_DAYS_MAX
            )));
        }
        let reason: String = given
            .reason
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if reason.is_empty() || reason.chars().count() > limits::ALLOWANCE_REASON_CHARS_MAX {
            return Err(Error::Bad(format!(
                "cần lý do, nhiều nhất {} ký tự",
                limits::ALLOWANCE_REASON_CHARS_MAX
            )));
        }
        let [messages, recipients, strangers] = numbers;
        let row = Allowance {
            messages,
            recipients,
            strangers,
            until_at,
            reason: reason.clone(),
            set_by: match actor.address.is_empty() {
                true => actor.name.clone(),
                false => actor.address.clone(),
            },
            set_at: now,
        };
        self.store()
            .allowance_set(who.id.into(), row, self.today())
            .await?;
        let detail = format!(
            "{messages} thư, {recipients} người nhận, {strangers} người nhận lần đầu mỗi ngày, đến {}: {reason}",
            time::spoken(until_at - 1)
        );
        self.audit(actor, "limits.set", &who.address, who.unit, &detail)
            .await
    }

    /// The usual limits count again from now on.
    pub async fn allowance_end(&self, actor: &Actor, address: &str) -> Result<(), Error> {
        let who = self.whose_limits(actor, address).await?;
        if !self.store().allowance_end(who.id.into()).await? {
            return Err(Error::Missing);
        }
        self.audit(actor, "limits.usual", &who.address, who.unit, "")
            .await
    }

    /// The account, for administrators of its subtree who are not its owner: a stolen administrator's account must not free itself.
    pub(crate) async fn whose_limits(
        &self,
        actor: &Actor,
        address: &str,
    ) -> Result<Principal, Error> {
        let who = self.find_address(address).await?.ok_or(Error::Missing)?;
        self.check_subtree(actor, who.unit).await?;
        if actor.means != Means::Console && who.id == actor.principal {
            return Err(Denied::NotAllowed.into());
        }
        Ok(who)
    }
}

const DAY_MS: i64 = 86_400_000;
