//! "Chuyển tiếp thư": copies of an account's letters to one other address. The letter itself always stays here. Outside only
//! where the installation allows it, and only after the code that was sent there was typed here; never in the day after a
//! recovery. Junk is not handed on, and no letter goes round in a circle.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use store::*;

use crate::access::{Access, Right};
use crate::compose::{self, Composed};
use crate::receive::fields;
use crate::receive::places::Places;
use crate::secret::{code, digest_of};
use crate::{Error, Mailroom, address, limits};

/// Keeps these hashes apart from those of other secrets.
const PURPOSE: &str = "forward";

/// Why an address was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ForwardFault {
    NotAnAddress,
    /// The account's own.
    Itself,
    /// One of ours, but nobody's mailbox: unknown, closed or a list.
    NobodyThere,
    /// The installation forwards to nobody outside.
    Outside,
    /// After a recovery, until this time.
    LockedUntil(i64),
    /// A code was sent a moment ago.
    TooSoon,
    /// Not the code, run out, or typed wrongly too often.
    WrongCode,
}

impl Access {
    /// Where copies go, or wait to go.
    pub async fn forwarding(&self) -> Result<Option<Forwarding>, Error> {
        self.need(Right::Keep).await?;
        let now = self.room.now();
        let set = self.room.store().forwarding(self.account).await?;
        Ok(set.filter(|set| {
            set.active_at.is_some() || set.code_until.is_some_and(|until| until > now)
        }))
    }

    /// Until when nothing can be turned on, after a recovery of the account or of the person who asks.
    pub async fn forwarding_locked(&self) -> Result<Option<i64>, Error> {
        self.need(Right::Keep).await?;
        let mut until = None;
        for who in [self.account.into(), self.actor.principal] {
            let slips = self
                .room
                .store()
                .credentials_of(who, CredentialKind::Recovery);
            for slip in slips.await? {
                until = until.max(slip.used_at.map(|at| at + limits::FORWARD_LOCK_MS));
            }
        }
        Ok(until.filter(|until| *until > self.room.now()))
    }

    /// Asks for copies to an address: in force at once for a mailbox here, after a code for one elsewhere.
    pub async fn forwarding_set(&self, typed: &str) -> Result<Result<(), ForwardFault>, Error> {
        self.need(Right::Keep).await?;
        let Some(target) = address::normal(typed) else {
            return Ok(Err(ForwardFault::NotAnAddress));
        };
        if let Some(until) = self.forwarding_locked().await? {
            return Ok(Err(ForwardFault::LockedUntil(until)));
        }
        let room = &self.room;
        let here = room.is_local_domain(&address::domain_of(&target)).await?;
        let named = room.principal_at(&target).await?;
        let now = room.now();
        let was = room.store().forwarding(self.account).await?;
        let just_sent = was.is_some_and(|was| {
            was.code_hash.is_some() && now - was.set_at < limits::FORWARD_CODE_EVERY_MS
        });
        match &named {
            Some(named) if AccountId::from(named.id) == self.account => {
                return Ok(Err(ForwardFault::Itself));
            }
            Some(named)
                if named.kind == PrincipalKind::List || named.status == Status::Disabled =>
            {
                return Ok(Err(ForwardFault::NobodyThere));
            }
            Some(_) => {}
            None if here => return Ok(Err(ForwardFault::NobodyThere)),
            None if !room.policy().forward_outside => return Ok(Err(ForwardFault::Outside)),
            None => {}
        }
        // Nobody's mailbox elsewhere is filled with codes.
        if just_sent {
            return Ok(Err(ForwardFault::TooSoon));
        }
        let mut new = Forwarding {
            target: target.clone(),
            code_hash: None,
            code_until: None,
            wrong: 0,
            set_by: self.actor.principal,
            set_at: now,
            active_at: Some(now),
        };
        if named.is_some() {
            room.store().forwarding_set(self.account, new).await?;
            self.turned_on(&target).await?;
            return Ok(Ok(()));
        }
        let told = code::slip()?;
        let plain = code::read_slip(&told)
            .ok_or_else(|| Error::Broken("a code cannot be read back".into()))?;
        new.code_hash = Some(self.code_hash(&plain));
        new.code_until = Some(now + limits::FORWARD_CODE_MS);
        new.active_at = None;
        room.store().forwarding_set(self.account, new).await?;
        room.directory_changed();
        self.audit_forwarding("forward.ask", &target).await?;
        self.send_code(&target, &told).await?;
        Ok(Ok(()))
    }

    /// The code that came to the outside address: from now on copies go there.
    pub async fn forwarding_confirm(&self, typed: &str) -> Result<Result<(), ForwardFault>, Error> {
        self.need(Right::Keep).await?;
        if let Some(until) = self.forwarding_locked().await? {
            return Ok(Err(ForwardFault::LockedUntil(until)));
        }
        let (room, account) = (&self.room, self.account);
        let Some(waiting) = room.store().forwarding(account).await? else {
            return Ok(Err(ForwardFault::WrongCode));
        };
        let now = room.now();
        let may_guess = room
            .store()
            .forwarding_guess(account, limits::FORWARD_GUESSES_MAX, now)
            .await?;
        let fits = match code::read_slip(typed) {
            Some(plain) if may_guess => {
                let hash = self.code_hash(&plain);
                room.store().forwarding_confirm(account, &hash, now).await?
            }
            _ => false,
        };
        if !fits {
            return Ok(Err(ForwardFault::WrongCode));
        }
        self.turned_on(&waiting.target).await?;
        Ok(Ok(()))
    }

    /// Ends it, and a request that waits for its code.
    pub async fn forwarding_end(&self) -> Result<(), Error> {
        self.need(Right::Keep).await?;
        let Some(set) = self.forwarding().await? else {
            return Ok(());
        };
        let store = self.room.store();
        if set.active_at.is_some() {
            store.forwarding_end(self.account).await?;
        } else {
            // The request goes; when its code was sent stays known.
            let ended = Forwarding {
                code_until: Some(0),
                ..set
            };
            store.forwarding_set(self.account, ended).await?;
        }
        self.room.directory_changed();
        self.audit_forwarding("forward.end", "").await
    }

    fn code_hash(&self, plain: &str) -> String {
        digest_of(PURPOSE, &format!("{} {plain}", self.account))
    }

    /// Audit, and a letter to the account itself: who did not do this learns of it.
    async fn turned_on(&self, target: &str) -> Result<(), Error> {
        self.room.directory_changed();
        self.audit_forwarding("forward.set", target).await?;
        let own = self.own_address().await?;
        let text = format!(
            "Từ bây giờ, bản sao của các thư gửi đến {own} được chuyển tiếp đến {target}. Thư gốc vẫn được lưu trong \
             hộp thư này.\n\nNgười bật: {} ({}).\n\nNếu bạn không bật chức năng này, hãy tắt ngay tại trang Thêm > Chuyển \
             tiếp thư, đổi mật khẩu và báo cho bộ phận hỗ trợ.\n",
            self.actor.name, self.actor.address
        );
        self.room
            .tell(&own, &format!("Đã bật chuyển tiếp thư đến {target}"), &text)
            .await
    }

    async fn own_address(&self) -> Result<String, Error> {
        let owner = self.room.store().principal(self.account.into()).await?;
        Ok(owner.ok_or(Error::Missing)?.address)
    }

    async fn audit_forwarding(&self, action: &str, target: &str) -> Result<(), Error> {
        let owner = self.room.store().principal(self.account.into()).await?;
        let owner = owner.ok_or(Error::Missing)?;
        self.room
            .audit(&self.actor, action, &owner.address, owner.unit, target)
            .await
    }

    async fn send_code(&self, target: &str, told: &str) -> Result<(), Error> {
        let room = &self.room;
        let own = self.own_address().await?;
        let (now, postmaster) = (room.now(), room.postmaster().await?);
        let text = format!(
            "Người dùng hộp thư {own} đề nghị chuyển tiếp thư đến địa chỉ này.\n\nMã xác nhận: {told}\n\n\
             Nếu đây là đề nghị của bạn, hãy nhập mã trên tại trang Thêm > Chuyển tiếp thư của hộp thư {own}. Mã có hiệu \
             lực trong 3 ngày. Nếu không phải, hãy bỏ qua thư này: sẽ không có thư nào được chuyển tiếp.\n\n\
             The owner of {own} asks to forward mail to this address. If that is you, type the code {told} on that \
             mailbox's forwarding page. If it is not, ignore this letter: nothing will be forwarded.\n"
        );
        let letter = compose::letter(&Composed {
            from: (room.policy().province_name.clone(), postmaster.clone()),
            to: vec![(String::new(), target.to_owned())],
            subject: "Mã xác nhận chuyển tiếp thư / Forwarding confirmation code",
            text: &text,
            message_id: room.new_message_id(&postmaster, now),
            at: now,
            ..Composed::default()
        })?;
        let raw = [b"Auto-Submitted: auto-generated\r\n".as_slice(), &letter].concat();
        room.send_from_us(target, raw.into(), "mã xác nhận chuyển tiếp")
            .await?;
        Ok(())
    }
}

impl Mailroom {
    /// Adds the copies that the accounts of a letter have forwarded: to mailboxes here, which may forward in turn, and to
    /// addresses elsewhere. `raw` is the letter as it came.
    pub(crate) async fn forwards_into(&self, places: &mut Places, raw: &[u8]) -> Result<(), Error> {
        let all = self.forwards().await?;
        if all.is_empty() {
            return Ok(());
        }
        let mut waiting: VecDeque<(AccountId, usize)> =
            places.accounts().map(|account| (account, 0)).collect();
        while let Some((account, depth)) = waiting.pop_front() {
            let Some(target) = all.get(&account) else {
                continue;
            };
            if depth >= limits::FORWARD_DEPTH_MAX {
                tracing::warn!(%account, "forwarded too often in a row; not followed");
                continue;
            }
            if let Some(owner) = self.principal_at(target).await? {
                let open = owner.status != Status::Disabled && owner.kind != PrincipalKind::List;
                if open && places.forward_here(account, owner.id.into(), target) {
                    waiting.push_back((owner.id.into(), depth + 1));
                }
            } else if self.may_leave(target).await? && !self.came_round(account, raw).await? {
                places.forward_outside(account, target);
            }
        }
        Ok(())
    }

    async fn may_leave(&self, target: &str) -> Result<bool, Error> {
        let here = self.is_local_domain(&address::domain_of(target)).await?;
        Ok(!here && self.policy().forward_outside)
    }

    /// Whether the letter was delivered to this account before and has come back: it is kept, and goes no further.
    async fn came_round(&self, account: AccountId, raw: &[u8]) -> Result<bool, Error> {
        let own = self.store().addresses_of(account.into()).await?;
        let host_name = &self.policy().host_name;
        Ok(own
            .iter()
            .any(|one| fields::was_for(raw, host_name, &one.address)))
    }

    /// Every forwarding in force; most letters cost no look at a table.
    async fn forwards(&self) -> Result<Arc<HashMap<AccountId, String>>, Error> {
        let epoch = self.0.rights_epoch.load(Ordering::Acquire);
        let now = self.now();
        if let Some(kept) = self.0.forwards.find(epoch, now) {
            return Ok(kept);
        }
        let active = self.store().forwardings_active().await?;
        Ok(self
            .0
            .forwards
            .keep(epoch, now, active.into_iter().collect()))
    }
}
