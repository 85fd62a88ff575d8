//! How far a mail domain reaches into the tree of units: whose addresses end in it. Who may see what of a domain is decided above.

use crate::Error;
use crate::db::values;
use crate::store::Store;

/// `$1` is "@" and the domain.
const PATHS: &str = "SELECT DISTINCT COALESCE(unit.path, '') FROM address JOIN principal ON principal.id = address.principal_id \
     LEFT JOIN unit ON unit.id = principal.unit_id \
     WHERE substr(address.address, length(address.address) - length($1) + 1) = $1";
pub(crate) const SQL: &[&str] = &[PATHS];

impl Store {
    /// Paths of the units of all addresses in a domain, each once; "" stands for addresses of no unit.
    pub async fn domain_paths(&self, domain: &str) -> Result<Vec<String>, Error> {
        let ending = format!("@{domain}");
        let rows = self.rows(PATHS, values![ending]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }
}
