//! `congthu domain records`: the DNS records a domain needs, each held against DNS as it is now. Publishes nothing; makes DKIM keys
//! only when told to.

use crate::doctor::Ask;
use crate::fault::{Exit, Fault};
use crate::office::Office;
use crate::published::{self, State};
use crate::{records, wire};
use smtp::dkim;

#[derive(clap::Args)]
pub struct Records {
    /// Tên miền. / The domain
    domain: String,
    /// Một đối tượng JSON. / One JSON object
    #[arg(long)]
    json: bool,
    /// Tạo khóa DKIM cho miền chưa có khóa. / Make DKIM keys for a domain that has none
    #[arg(long)]
    make_keys: bool,
}

impl Records {
    pub async fn run(self, office: &Office) -> Result<(), Fault> {
        let domain = self.domain.trim_end_matches('.').to_lowercase();
        if !office.room.is_local_domain(&domain).await? {
            return Err(Fault::new(
                Exit::Failed,
                format!("{domain} không phải miền của máy chủ này"),
                format!("{domain} is not a domain of this server"),
            )
            .remedy(
                format!("thêm trước: congthu domain add {domain}"),
                format!("add it first: congthu domain add {domain}"),
            ));
        }
        let folder = office.config.keys().join("dkim");
        if self.make_keys {
            let tag = jiff::Zoned::now().strftime("%Y%m").to_string();
            dkim::Keys::make(&folder, &domain, &tag).map_err(|cause| {
                Fault::failed(format!("khóa DKIM: {cause}"), format!("DKIM keys: {cause}"))
            })?;
        }
        let ask = Ask::new(
            wire::resolver(&office.config.outbound.dns, false).map_err(|fault| fault.reason.vi),
        );
        let config = &office.config;
        let wanted = records::of(config, &domain)?;
        let unsigned = records::dkim(config, &domain)?.is_empty();
        let states = published::states(&ask, wanted, &config.site.host_name).await;
        match self.json {
            true => println!("{}", json(&domain, &states)),
            false => show(office, &domain, &states, unsigned),
        }
        Ok(())
    }
}

fn json(domain: &str, states: &[(records::Wanted, State)]) -> serde_json::Value {
    let rows: Vec<serde_json::Value> =
        states.iter().map(|(wanted, state)| serde_json::json!({"record": wanted, "line": wanted.line(), "published": state})).collect();
    serde_json::json!({"domain": domain, "records": rows})
}

fn show(office: &Office, domain: &str, states: &[(records::Wanted, State)], unsigned: bool) {
    println!("Bản ghi DNS của {domain}\n");
    if office.config.doctor.addresses.is_empty() && domain == office.config.site.domain {
        for line in records::address_hint(&office.config) {
            println!("{line}");
        }
        println!();
    }
    for (wanted, state) in states {
        let need = if wanted.must { "cần" } else { "nên có" };
        println!("[{}] {} ({need})", state.word(), wanted.why);
        println!("    {}", wanted.line());
        match state {
            State::Other(found) => println!("    đang có: {found}"),
            State::Unknown(why) => println!("    {why}"),
            State::Right | State::Missing => {}
        }
    }
    if unsigned {
        println!(
            "\nMiền này chưa có khóa DKIM, thư gửi đi không được ký. Tạo khóa: congthu domain records {domain} --make-keys"
        );
    }
    if states.iter().any(|(wanted, _)| wanted.kind == "TLSA") {
        println!(
            "\nTLSA chỉ có tác dụng khi miền được ký DNSSEC. {}",
            records::ROLL_OVER
        );
    }
    let right = states
        .iter()
        .filter(|(_, state)| *state == State::Right)
        .count();
    println!("\n{right} trên {} bản ghi đã đúng.", states.len());
}
