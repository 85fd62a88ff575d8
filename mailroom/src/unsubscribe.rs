//! Leaving a list from elsewhere: the fields that copies for outside members carry, and what a member's click does. The address
//! of the click is keyed and names list and member; it opens nothing else. (RFC 2919, RFC 2369, RFC 8058)

use std::collections::{HashSet, VecDeque};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::*;

use crate::secret::{same, token};
use crate::{Actor, Error, Mailroom, Means, address, limits};

/// Where the key of these addresses is kept.
const KEY: &str = "unsubscribe.key";
/// Bytes of the keyed hash in an address: 96 bits, and each guess costs a request.
const TAG_BYTES: usize = 12;
/// Characters of a token that are looked at: two long addresses.
const TOKEN_CHARS_MAX: usize = 1_000;

/// Whose copy a token was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCopy {
    pub list: String,
    pub member: String,
}

impl Mailroom {
    /// The header fields of the copy that an outside member gets through a list.
    pub async fn list_fields(&self, list: &str, member: &str) -> Result<String, Error> {
        let copy = ListCopy {
            list: list.to_lowercase(),
            member: member.to_lowercase(),
        };
        let made = self.list_token(&copy).await?;
        let base = self.policy().web_base.trim_end_matches('/');
        let id = copy.list.replacen('@', ".", 1);
        let list_id = if id.is_ascii() {
            format!("List-Id: <{id}>\r\n")
        } else {
            String::new()
        };
        Ok(format!(
            "{list_id}List-Unsubscribe:\r\n <{base}/huy-dang-ky/{made}>\r\n\
             List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        ))
    }

    /// Whose copy it was; `None` for a token we did not make.
    pub async fn list_copy(&self, token: &str) -> Result<Option<ListCopy>, Error> {
        if token.len() > TOKEN_CHARS_MAX {
            return Ok(None);
        }
        let read = |part: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
            String::from_utf8(bytes).ok()
        };
        let named = token
            .split_once('.')
            .and_then(|(named, _)| read(named))
            .and_then(|named| {
                let (list, member) = named.split_once('\n')?;
                Some(ListCopy {
                    list: list.to_owned(),
                    member: member.to_owned(),
                })
            });
        let Some(copy) = named else {
            return Ok(None);
        };
        let fits = same(&self.list_token(&copy).await?, token);
        Ok(fits.then_some(copy))
    }

    /// Takes the member out of the list and of the lists in it; audited and told to the list's administrators. Clicking again
    /// changes nothing.
    pub async fn leave_list(&self, copy: &ListCopy) -> Result<(), Error> {
        let found = self.find_address(&copy.list).await?;
        let Some(top) = found.filter(|one| one.kind == PrincipalKind::List) else {
            return Ok(());
        };
        let mut seen: HashSet<PrincipalId> = HashSet::from([top.id]);
        let mut waiting = VecDeque::from([top]);
        while let Some(list) = waiting.pop_front() {
            let members = self.store().list_members(list.id).await?;
            for inner in &members {
                let inner = match self.find_address(inner).await? {
                    Some(inner) if inner.kind == PrincipalKind::List => inner,
                    _ => continue,
                };
                if seen.len() < limits::LISTS_IN_LISTS_MAX && seen.insert(inner.id) {
                    waiting.push_back(inner);
                }
            }
            for member in members
                .iter()
                .filter(|one| one.to_lowercase() == copy.member)
            {
                self.store().list_member_remove(list.id, member).await?;
                self.directory_changed();
                self.told_of_leaving(&list, member).await?;
            }
        }
        Ok(())
    }

    async fn told_of_leaving(&self, list: &Principal, member: &str) -> Result<(), Error> {
        let actor = Actor {
            principal: PrincipalId(0),
            address: member.to_owned(),
            name: member.to_owned(),
            means: Means::Console,
            peer_ip: String::new(),
        };
        self.audit(&actor, "list.leave", &list.address, list.unit, member)
            .await?;
        let subject = format!("{member} đã rời danh sách {}", list.address);
        let text = format!(
            "Người nhận ngoài hệ thống {member} đã hủy đăng ký nhận thư của danh sách {} ({}), bằng đường dẫn trong thư. \
             Địa chỉ này đã được đưa ra khỏi danh sách.\n",
            list.name, list.address
        );
        self.tell_administrators(list.unit, &subject, &text).await
    }

    async fn list_token(&self, copy: &ListCopy) -> Result<String, Error> {
        let key = match self.store().setting(KEY).await? {
            Some(key) => key,
            None => self.store().setting_once(KEY, &token()?).await?,
        };
        let named = format!("{}\n{}", copy.list, copy.member);
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        let tag = hmac::sign(&key, named.as_bytes());
        let tag = tag.as_ref().get(..TAG_BYTES).unwrap_or_default();
        Ok(format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&named),
            URL_SAFE_NO_PAD.encode(tag)
        ))
    }
}

/// The list through which an address elsewhere gets a letter, as it is kept with its row.
pub(crate) fn list_of(written_to: &str) -> Option<String> {
    address::normal(written_to)
}
