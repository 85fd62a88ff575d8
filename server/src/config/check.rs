//! What the types of the configuration cannot say: values that no installation can have. Reads nothing but the values.

use super::*;

pub type Wrong = (&'static str, fault::Words, fault::Words);

/// What the types cannot say.
pub fn check(config: &Config) -> Result<(), Wrong> {
    use fault::words;
    let need = |holds: bool, key, reason: (&str, &str), remedy: (&str, &str)| {
        if holds {
            Ok(())
        } else {
            Err((key, words(reason.0, reason.1), words(remedy.0, remedy.1)))
        }
    };
    let is_name = |name: &str| {
        name.contains('.')
            && name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            })
    };
    need(
        is_name(&config.site.domain),
        "site.domain",
        ("không phải tên miền", "is not a domain name"),
        ("viết như \"tinh.gov.vn\"", "write it like \"tinh.gov.vn\""),
    )?;
    need(
        config.site.host_name == "localhost" || is_name(&config.site.host_name),
        "site.host_name",
        ("không phải tên máy chủ đầy đủ", "is not a full host name"),
        (
            "viết như \"thu.tinh.gov.vn\"",
            "write it like \"thu.tinh.gov.vn\"",
        ),
    )?;
    need(
        config.site.web.starts_with("https://"),
        "site.web",
        ("phải bắt đầu bằng https://", "must begin with https://"),
        (
            "viết như \"https://thu.tinh.gov.vn\"",
            "write it like \"https://thu.tinh.gov.vn\"",
        ),
    )?;
    let url = &config.database.url;
    need(
        url.is_empty() || url.starts_with("postgres://") || url.starts_with("postgresql://"),
        "database.url",
        (
            "không phải địa chỉ PostgreSQL",
            "is not a PostgreSQL address",
        ),
        (
            "để \"\" để dùng cơ sở dữ liệu có sẵn, hoặc viết postgres://tên@máy/cơ-sở-dữ-liệu",
            "leave \"\" for the embedded database, or write postgres://user@host/database",
        ),
    )?;
    need(
        (64 * 1024..=1024 * 1024 * 1024).contains(&config.mail.message_bytes_max),
        "mail.message_bytes_max",
        (
            "ngoài khoảng 64 KiB đến 1 GiB",
            "is outside 64 KiB to 1 GiB",
        ),
        ("giá trị thường dùng: 52428800", "a usual value is 52428800"),
    )?;
    need(
        (100..=100_000).contains(&config.mail.recipients_max),
        "mail.recipients_max",
        (
            "ngoài khoảng 100 đến 100000 (RFC 5321 đòi ít nhất 100)",
            "is outside 100 to 100000 (RFC 5321 asks for at least 100)",
        ),
        ("giá trị thường dùng: 1000", "a usual value is 1000"),
    )?;
    need(
        (1..=24 * 60).contains(&config.sign_in.slip_minutes),
        "sign_in.slip_minutes",
        (
            "ngoài khoảng 1 phút đến 24 giờ",
            "is outside 1 minute to 24 hours",
        ),
        ("giá trị thường dùng: 15", "a usual value is 15"),
    )?;
    need(
        !config.outbound.retry_minutes.is_empty() && !config.outbound.retry_minutes.contains(&0),
        "outbound.retry_minutes",
        (
            "cần ít nhất một khoảng chờ, không có số 0",
            "needs at least one delay, none of them 0",
        ),
        (
            "viết như [1, 5, 15, 30, 60]",
            "write it like [1, 5, 15, 30, 60]",
        ),
    )?;
    need(
        (1..=14).contains(&config.outbound.give_up_days),
        "outbound.give_up_days",
        ("ngoài khoảng 1 đến 14 ngày", "is outside 1 to 14 days"),
        (
            "RFC 5321 khuyên 4 đến 5 ngày",
            "RFC 5321 advises 4 to 5 days",
        ),
    )?;
    need(
        (7..=366).contains(&config.dkim.keep_days),
        "dkim.keep_days",
        (
            "ngoài khoảng 7 đến 366 ngày (thư còn trên đường phải kiểm được chữ ký)",
            "is outside 7 to 366 days (letters on their way must verify)",
        ),
        ("giá trị thường dùng: 30", "a usual value is 30"),
    )?;
    need(
        (30..=3_650).contains(&config.trace.keep_days),
        "trace.keep_days",
        ("ngoài khoảng 30 đến 3650", "is outside 30 to 3650"),
        ("giá trị thường dùng: 365", "a usual value is 365"),
    )?;
    let contact = &config.push.contact;
    need(
        contact.is_empty() || contact.starts_with("mailto:") || contact.starts_with("https://"),
        "push.contact",
        ("phải là mailto: hoặc https:", "must be mailto: or https:"),
        (
            "viết như \"mailto:quantri@tinh.gov.vn\"",
            "write it like \"mailto:quantri@tinh.gov.vn\"",
        ),
    )?;
    settings::check(&config.mta_sts, &config.help_desk, &config.doctor)?;
    let asks_tls = !config.listen.imaps.is_empty()
        || !config.listen.submissions.is_empty()
        || !config.listen.https.is_empty();
    need(
        !(asks_tls && config.tls.is_empty()),
        "listen.https",
        (
            "cần chứng thư nhưng không có mục [[tls]]",
            "needs a certificate but there is no [[tls]]",
        ),
        (
            "thêm [[tls]] với certificate và key",
            "add [[tls]] with certificate and key",
        ),
    )
}
