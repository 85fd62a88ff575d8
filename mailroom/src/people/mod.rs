//! Administration: domains, units, accounts. Used by the command line and by administrators' pages; every act is audited.

pub(crate) mod csv;
pub(crate) mod propose;

use crate::{Actor, Error, Mailroom};
use store::*;

#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    pub address: String,
    pub name: String,
    pub title: String,
    pub unit_code: Option<String>,
    pub staff_no: Option<String>,
    pub phone: Option<String>,
    pub kind: Option<PrincipalKindWord>,
    pub sensitive: bool,
    pub aliases: Vec<String>,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKindWord {
    Individual,
    Unit,
    Post,
    List,
    Service,
}

/// One line of an import: what happened, in words for the clerk.
#[derive(Clone, Debug)]
pub struct Imported {
    pub line: usize,
    pub address: String,
    pub outcome: ImportOutcome,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Added,
    Unchanged,
    Updated,
    Refused(String),
}

impl Mailroom {
    /// The console: acts as the installation itself (command line, demo). Every act is still audited.
    pub fn console(&self) -> Actor {
        todo!()
    }
    pub async fn domain_add(
        &self,
        actor: &Actor,
        name: &str,
        alias_of: Option<&str>,
    ) -> Result<(), Error> {
        todo!("{actor:?}{name}{alias_of:?}")
    }
    pub async fn domains(&self) -> Result<Vec<String>, Error> {
        todo!()
    }
    pub async fn unit_add(
        &self,
        actor: &Actor,
        code: &str,
        name: &str,
        parent_code: Option<&str>,
        kind: &str,
        phone: &str,
    ) -> Result<UnitId, Error> {
        todo!("{actor:?}{code}{name}{parent_code:?}{kind}{phone}")
    }
    pub async fn units(&self, actor: &Actor) -> Result<Vec<Unit>, Error> {
        todo!("{actor:?}")
    }
    /// Adds a principal with its account and special mailboxes; `password` None: no credential yet (a slip will make one).
    pub async fn account_add(
        &self,
        actor: &Actor,
        account: NewAccount,
        password: Option<&str>,
    ) -> Result<PrincipalId, Error> {
        todo!("{actor:?}{account:?}{password:?}")
    }
    pub async fn accounts_list(
        &self,
        actor: &Actor,
        unit_code: Option<&str>,
        offset: usize,
        rows: usize,
    ) -> Result<Vec<Principal>, Error> {
        todo!("{actor:?}{unit_code:?}{offset}{rows}")
    }
    pub async fn account_disable(
        &self,
        actor: &Actor,
        address: &str,
        disabled: bool,
    ) -> Result<(), Error> {
        todo!("{actor:?}{address}{disabled}")
    }
    /// CSV: address,name,unit_code,title,staff_no,phone,kind. Repeated import is a diff; nothing is deleted. `progress(done, total)`.
    pub async fn accounts_import(
        &self,
        actor: &Actor,
        csv: &str,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Imported>, Error> {
        let _ = progress;
        todo!("{actor:?}{csv}")
    }
    pub async fn membership_set(
        &self,
        actor: &Actor,
        member: &str,
        account: &str,
        rights: &str,
        until: Option<i64>,
    ) -> Result<(), Error> {
        todo!("{actor:?}{member}{account}{rights}{until:?}")
    }
    pub async fn unit_admin_set(
        &self,
        actor: &Actor,
        address: &str,
        unit_code: &str,
        is_admin: bool,
    ) -> Result<(), Error> {
        todo!("{actor:?}{address}{unit_code}{is_admin}")
    }
    pub async fn list_set(
        &self,
        actor: &Actor,
        list: &str,
        members: &[String],
    ) -> Result<(), Error> {
        todo!("{actor:?}{list}{members:?}")
    }
    pub async fn find_address(&self, address: &str) -> Result<Option<Principal>, Error> {
        todo!("{address}")
    }
    /// The unit administrator to call, for "forgot" pages and help: (unit, name, phone).
    pub async fn helper_of(
        &self,
        principal: PrincipalId,
    ) -> Result<Option<(String, String, String)>, Error> {
        todo!("{principal}")
    }
}
