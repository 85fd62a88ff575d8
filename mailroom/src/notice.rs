//! Letters from the system itself to people here: alarms to administrators, warnings to owners. In Vietnamese, from the
//! postmaster, with a null sender so that nothing answers them.

use store::UnitId;

use crate::compose::{self, Composed};
use crate::{Error, Mailroom, mask};

impl Mailroom {
    /// A letter of ours to one address here.
    pub(crate) async fn tell(&self, to: &str, subject: &str, text: &str) -> Result<(), Error> {
        let now = self.now();
        let postmaster = self.postmaster().await?;
        let raw = compose::letter(&Composed {
            from: (self.policy().province_name.clone(), postmaster.clone()),
            sender: None,
            to: vec![(String::new(), to.to_owned())],
            cc: Vec::new(),
            bcc: Vec::new(),
            subject,
            text,
            message_id: self.new_message_id(&postmaster, now),
            in_reply_to: None,
            references: Vec::new(),
            at: now,
            urgency: 0,
            files: Vec::new(),
        })?;
        let about = self.new_trace();
        self.send_report(to, raw.into(), about).await?;
        Ok(())
    }

    pub(crate) async fn postmaster(&self) -> Result<String, Error> {
        let first = self.domains().await?.into_iter().next();
        let domain = first.unwrap_or_else(|| self.policy().host_name.clone());
        Ok(format!("postmaster@{domain}"))
    }

    /// Tells the administrators of a unit and of all above it, and the postmaster. Who cannot be told is logged, as the
    /// alarm itself stands in the audit log.
    pub(crate) async fn tell_administrators(
        &self,
        unit: Option<UnitId>,
        subject: &str,
        text: &str,
    ) -> Result<(), Error> {
        let mut to = vec![self.postmaster().await?];
        if let Some(unit) = unit {
            for (who, _) in self.store().admins_of_unit_chain(unit).await? {
                if let Some(who) = self.store().principal(who).await?
                    && !to.contains(&who.address)
                {
                    to.push(who.address);
                }
            }
        }
        for address in to {
            if let Err(cause) = self.tell(&address, subject, text).await {
                tracing::warn!(to = %mask(&address), %cause, "an alarm reached nobody there");
            }
        }
        Ok(())
    }
}
