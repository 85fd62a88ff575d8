//! How much one account and one unit may send to other servers on a day: a stolen passphrase cannot burn the province's
//! good name. Letters for people here are not counted; what was accepted is never taken back.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use store::*;

use crate::policy::DayLimits;
use crate::{Actor, Error, Mailroom, mask};

const DAY_MS: i64 = 86_400_000;
const HERE_MS: i64 = 7 * 3_600_000;

/// Messages, recipients and strangers that are being accepted at this moment, by account and unit.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashMap<i64, [i64; 3]>>>);

/// A letter's place under the limits, given back when it is dropped: by then the letter is counted in the table or refused.
pub(crate) struct Reserved {
    under_way: UnderWay,
    holders: Vec<i64>,
    sizes: [i64; 3],
}

impl UnderWay {
    /// Takes the place and says what is under way there with it. What commits while the table is read counts twice for that
    /// moment, never not at all.
    fn reserve(&self, holders: Vec<i64>, sizes: [i64; 3]) -> (Reserved, Vec<[i64; 3]>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let with_this = holders
            .iter()
            .map(|holder| {
                let sum = all.entry(*holder).or_default();
                for (sum, size) in sum.iter_mut().zip(sizes) {
                    *sum = sum.saturating_add(size);
                }
                *sum
            })
            .collect();
        let reserved = Reserved {
            under_way: self.clone(),
            holders,
            sizes,
        };
        (reserved, with_this)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut all = self
            .under_way
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for holder in &self.holders {
            if let Some(sum) = all.get_mut(holder) {
                for (sum, size) in sum.iter_mut().zip(self.sizes) {
                    *sum -= size;
                }
                if *sum == [0; 3] {
                    all.remove(holder);
                }
            }
        }
    }
}

/// What an account and its unit sent today, and may send.
#[derive(Clone, Debug)]
pub struct SentToday {
    pub account: SentDay,
    pub account_limits: DayLimits,
    /// Given instead of the usual limits, where it counts now.
    pub allowance: Option<Allowance>,
    /// (the unit's name, what it sent)
    pub unit: Option<(String, SentDay)>,
    pub unit_limits: DayLimits,
}

/// Where a letter would go beyond a limit.
enum Over {
    Account(SentDay),
    Unit(UnitId, SentDay),
}

impl Mailroom {
    pub(crate) fn today(&self) -> i64 {
        (self.now() + HERE_MS).div_euclid(DAY_MS)
    }

    /// Takes a place for a letter to these addresses elsewhere: what the delivery shall count, or `None` inside for "beyond
    /// the limit", told to the administrators once a day.
    pub(crate) async fn may_send(
        &self,
        actor: &Actor,
        outside: &[String],
    ) -> Result<Option<Option<(Counted, Reserved)>>, Error> {
        let limits = self.policy().sending;
        // An allowance counts where nothing else does, too.
        if outside.is_empty()
            || (limits == Default::default()
                && self
                    .store()
                    .allowance(actor.principal.into())
                    .await?
                    .is_none())
        {
            return Ok(Some(None));
        }
        let Some(who) = self.store().principal(actor.principal).await? else {
            return Ok(None);
        };
        let account = AccountId::from(who.id);
        let recipients: BTreeSet<String> = outside.iter().map(|one| one.to_lowercase()).collect();
        let recipients: Vec<String> = recipients.into_iter().collect();
        let known = self.store().written_to(account, &recipients).await?;
        let number = |many: usize| i64::try_from(many).unwrap_or(i64::MAX);
        let strangers = number(recipients.len().saturating_sub(known));
        let day = self.today();
        let sizes = [1, number(recipients.len()), strangers];
        let unit = who.unit;
        let holders: Vec<i64> = [Some(account.0), unit.map(|unit| unit.0)]
            .into_iter()
            .flatten()
            .collect();
        let (reserved, under_way) = self.0.under_way.reserve(holders.clone(), sizes);
        let (own_limits, _) = self.limits_of(&who).await?;
        let mut over = None;
        for (place, (holder, under_way)) in holders.iter().zip(under_way).enumerate() {
            let sent = self.store().sent_on(*holder, day).await?;
            let limit = if place == 0 { own_limits } else { limits.unit };
            if limit.is_beyond(&sent, under_way) {
                over = Some(match (place, unit) {
                    (1.., Some(unit)) => Over::Unit(unit, sent),
                    _ => Over::Account(sent),
                });
                break;
            }
        }
        if let Some(over) = over {
            drop(reserved);
            self.alarm(actor, &who, over, day).await?;
            return Ok(None);
        }
        let counted = Counted {
            account,
            unit,
            day,
            recipients,
            strangers,
        };
        Ok(Some(Some((counted, reserved))))
    }

    /// Once a day for each account and unit: audit, a letter to the administrators, the counter.
    async fn alarm(
        &self,
        actor: &Actor,
        who: &Principal,
        over: Over,
        day: i64,
    ) -> Result<(), Error> {
        metrics::counter!("congthu_sending_limit_refusals_total").increment(1);
        tracing::warn!(from = %mask(&who.address), "a sending limit is reached");
        let (holder, sent, whose, lift) = match over {
            Over::Account(sent) => (
                who.id.0,
                sent,
                format!("Tài khoản {}", who.address),
                "cho bắt đầu lại từ 0 hôm nay, hoặc đặt giới hạn khác cho tài khoản này đến hết một ngày",
            ),
            Over::Unit(unit, sent) => {
                let name = self.store().unit(unit).await?.map(|unit| unit.name);
                let name = name.unwrap_or_default();
                (
                    unit.0,
                    sent,
                    format!("Đơn vị {name} (thư sau cùng từ {})", who.address),
                    "cho đơn vị bắt đầu lại từ 0 hôm nay (giới hạn chung của đơn vị do người quản trị máy chủ đặt)",
                )
            }
        };
        if !self.store().alarm_once(holder, day, self.now()).await? {
            return Ok(());
        }
        metrics::counter!("congthu_sending_limit_alarms_total").increment(1);
        let counts = format!(
            "{} thư, {} người nhận ngoài hệ thống, {} người nhận lần đầu",
            sent.messages, sent.recipients, sent.strangers
        );
        self.audit(actor, "sending.limit", &who.address, who.unit, &counts)
            .await?;
        let text = format!(
            "{whose} đã gửi tới giới hạn trong ngày: {counts}.\n\n\
             Từ lúc này đến hết ngày, hệ thống không nhận thêm thư gửi ra ngoài từ đây. Thư đã nhận vẫn được gửi đi; \
             thư trong hệ thống không bị ảnh hưởng.\n\n\
             Nếu chủ tài khoản không gửi các thư này, mật khẩu có thể đã lộ: hãy khóa tài khoản, xem và hủy thư đang \
             chờ ở trang Hàng đợi thư đi, rồi cấp lại tài khoản tại trang Quản trị đơn vị.\n\
             Nếu đây là việc thật (ví dụ gửi giấy mời cho nhiều người dân), quản trị viên đơn vị {lift}, tại mục “Gửi ra \
             ngoài hệ thống” của trang:\n{}/quan-tri/nguoi/{}\n\n\
             Người quản trị máy chủ làm việc đó bằng lệnh congthu account limits {} --reset; thêm --help để xem cách đặt giới \
             hạn khác.\n",
            self.policy().web_base,
            who.address,
            who.address,
        );
        let subject = format!("Cảnh báo: {} gửi thư vượt giới hạn trong ngày", who.address);
        self.tell_administrators(who.unit, &subject, &text).await
    }

    /// What an account and its unit sent today, for administrators.
    pub async fn account_limits(&self, actor: &Actor, address: &str) -> Result<SentToday, Error> {
        let who = self.find_address(address).await?.ok_or(Error::Missing)?;
        self.check_subtree(actor, who.unit).await?;
        let day = self.today();
        let unit = match who.unit {
            Some(id) => {
                let name = self.store().unit(id).await?.map(|unit| unit.name);
                let sent = self.store().sent_on(id.0, day).await?;
                Some((name.unwrap_or_default(), sent))
            }
            None => None,
        };
        let (account_limits, allowance) = self.limits_of(&who).await?;
        Ok(SentToday {
            account: self.store().sent_on(who.id.0, day).await?,
            account_limits,
            allowance,
            unit,
            unit_limits: self.policy().sending.unit,
        })
    }

    /// Lets an account, and its unit, begin the day anew.
    pub async fn account_limits_reset(&self, actor: &Actor, address: &str) -> Result<(), Error> {
        let who = self.whose_limits(actor, address).await?;
        let day = self.today();
        let holders = [Some(who.id.0), who.unit.map(|unit| unit.0)];
        for holder in holders.into_iter().flatten() {
            self.store().sent_reset(holder, day).await?;
        }
        self.audit(actor, "limits.reset", &who.address, who.unit, "")
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_under_way_are_given_back() {
        let under_way = UnderWay::default();
        let (first, sums) = under_way.reserve(vec![1, 2], [1, 5, 3]);
        assert_eq!(sums, [[1, 5, 3], [1, 5, 3]]);
        let (second, sums) = under_way.reserve(vec![1], [1, 1, 0]);
        assert_eq!(sums, [[2, 6, 3]]);
        drop(first);
        let (third, sums) = under_way.reserve(vec![2], [1, 1, 1]);
        assert_eq!(sums, [[1, 1, 1]]);
        drop((second, third));
        let left = under_way.0.lock().map(|all| all.len());
        assert_eq!(left.ok(), Some(0));
    }
}
