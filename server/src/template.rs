//! The commented configuration that `congthu init` writes. A test keeps it readable by `Config`.

/// What differs from one installation to the next.
pub struct Answers {
    pub domain: String,
    pub host_name: String,
    pub province: String,
    pub web: String,
    pub data: String,
    pub certificate: String,
    pub certificate_key: String,
    /// "" takes the standard addresses; else the address every door listens on and the number added to its port.
    pub listen: Option<(String, u16)>,
    /// Name and telephone number.
    pub help_desk: (String, String),
}

impl Answers {
    pub fn for_domain(domain: &str) -> Self {
        Answers {
            domain: domain.to_owned(),
            host_name: format!("thu.{domain}"),
            province: domain.to_owned(),
            web: format!("https://thu.{domain}"),
            data: "data".into(),
            certificate: "data/keys/certificate.pem".into(),
            certificate_key: "data/keys/certificate.key".into(),
            listen: None,
            help_desk: Default::default(),
        }
    }
}

fn doors(ip: &str, add: u16) -> String {
    let door =
        |name: &str, port: u16| format!("{name} = [\"{ip}:{}\"]\n", port.saturating_add(add));
    [
        ("smtp", 25),
        ("submission", 587),
        ("submissions", 465),
        ("imap", 143),
        ("imaps", 993),
        ("http", 80),
        ("https", 443),
    ]
    .into_iter()
    .map(|(name, port)| door(name, port))
    .collect()
}

/// A TOML string: quotes and control characters escaped.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

pub fn text(answers: &Answers) -> String {
    let (listen, pages) = match &answers.listen {
        Some((ip, add)) => (doors(ip, *add), true),
        None => (doors("[::]", 0), false),
    };
    let [
        domain,
        host_name,
        province,
        web,
        data,
        certificate,
        key,
        desk_name,
        desk_phone,
    ] = [
        &answers.domain,
        &answers.host_name,
        &answers.province,
        &answers.web,
        &answers.data,
        &answers.certificate,
        &answers.certificate_key,
        &answers.help_desk.0,
        &answers.help_desk.1,
    ]
    .map(|text| quoted(text));
    format!(
        r#"# Cấu hình congthu. Đường dẫn tương đối tính từ thư mục chứa tệp này.
# Configuration of congthu. Relative paths are meant from the folder of this file.

[site]
# Tên miền thư chính. / The main mail domain.
domain = {domain}
# Tên máy chủ, trùng với bản ghi PTR. / Name of this host; its PTR record says the same.
host_name = {host_name}
# Tên hiện trên trang. / Shown on the pages.
province = {province}
# Địa chỉ trang thư, dùng trong phiếu và thông báo. / Base of links in slips and notices.
web = {web}
# Thư mục dữ liệu. / The data folder.
data = {data}

[database]
# "" = cơ sở dữ liệu có sẵn trong thư mục dữ liệu; hoặc "postgres://tên@máy/csdl".
# "" = the embedded database in the data folder; or "postgres://user@host/database".
url = ""

[listen]
{listen}# /healthz và /metrics; chỉ mở cho máy giám sát. / For monitors only.
admin = ["127.0.0.1:9180"]
# false: cổng http chỉ chuyển sang https. / false: the http door only sends people to https.
http_pages = {pages}

[mail]
# Thư lớn nhất, tính bằng byte. / Largest message in bytes.
message_bytes_max = 52428800
# Số người nhận tối đa của một thư. / Recipients of one message.
recipients_max = 1000
# Hạn mức mỗi hộp thư, tính bằng byte. / Quota of one account in bytes.
quota_bytes = 5368709120
# Còn trống dưới bấy nhiêu phần trăm ổ đĩa thì tạm không nhận thư (452). / Free per cent below which mail is put off.
disk_reserve_percent = 5
# Cho người dùng chuyển tiếp thư ra ngoài hệ thống? false: chỉ trong các miền của hệ thống, vì văn bản của cơ quan không nên
# nằm ở hộp thư công cộng. / May people forward outside our own domains? Official letters do not belong in public mailboxes.
forward_outside = false
# Nếu có: mọi thư ra ngoài rơi vào hộp này (chỉ để thử). / If set: mail to the outside ends here (trials only).
sink = ""

[incoming]
# Kiểm tra SPF, DKIM, DMARC, ARC của thư từ ngoài? / Check SPF, DKIM, DMARC, ARC of mail from outside?
check = true
# Miền có dấu ARC được tin khi DMARC hỏng (danh sách thư, nơi chuyển tiếp). / Domains whose ARC seal is trusted.
trusted_sealers = []
# Địa chỉ bộ cân bằng tải được tin phần đầu PROXY. / Load balancers whose PROXY header is believed.
balancers = []
# Số giờ không mời STARTTLS nữa đối với bên gửi bắt tay TLS hỏng. / Hours without STARTTLS for a sender whose handshake failed.
no_starttls_hours = 1
# Danh sách chặn qua DNS; chỉ cộng điểm. / DNS block lists; they only add to the score.
lists = []
# Bộ lọc nội dung; bỏ dấu # để dùng. / Content engines; remove # to use them.
# rspamd = "127.0.0.1:11333"
# clamav = "127.0.0.1:3310"

[sign_in]
# Cho phép phần mềm thư dùng mật khẩu chính? false: chỉ mật khẩu ứng dụng.
# May mail programs use the account's own password? false: app passwords only.
mail_programs_take_password = false
# Phiếu cấp lại tài khoản có hiệu lực bao nhiêu phút. / Life of a recovery slip in minutes.
slip_minutes = 15
session_days = 30
session_idle_days = 7
# Số lần sai trước khi phải chờ. / Failures before a pause.
failures_max = 10

[outbound]
# Chờ bao nhiêu phút giữa các lần gửi lại; số cuối lặp lại. / Minutes between tries; the last one repeats.
retry_minutes = [1, 5, 15, 30, 60, 120, 240]
# Sau bao nhiêu ngày thì trả lại thư. / Days until a message is returned.
give_up_days = 5
# Máy chủ DNS; [] = theo máy. / Name servers; [] = the machine's own.
dns = []
# Gửi bằng IPv6? true, false, hoặc "auto": chỉ khi tên ngược (PTR) và SPF của địa chỉ đó đều đúng, nếu không thì IPv4. /
# Send over IPv6? true, false, or "auto": only while PTR and SPF of the address are right, else IPv4.
ipv6 = false
# Kiểm chữ ký DNSSEC và tuân theo DANE; chỉ bật khi máy chủ DNS chuyển đủ chữ ký. /
# Validate DNSSEC and obey DANE; only with name servers that pass signatures on.
dnssec = false
# Khóa gốc DNSSEC riêng của một mạng kín (tệp dòng DNSKEY). / A closed network's own DNSSEC root key (file of DNSKEY lines).
# trust_anchor = "goc.key"
# Gửi báo cáo TLS và DMARC hằng ngày cho các miền có yêu cầu. / Send daily TLS and DMARC reports to domains that ask.
reports = true

# Gửi ra ngoài nhiều nhất mỗi ngày; 0 = không giới hạn. strangers: người nhận lần đầu. Tới giới hạn: từ chối và cảnh báo.
# Most to the outside on a day; 0 = no limit. strangers: never written to before. Beyond it: refused, with an alarm.
[sending]
account_messages = 1000
account_recipients = 5000
account_strangers = 1000
unit_messages = 10000
unit_recipients = 50000
unit_strangers = 10000

# Đường đi riêng cho từng miền. / A route of its own for a domain.
[outbound.routes]
# "coquan.example" = "10.0.0.5:25"

# Máy chuyển tiếp có mật khẩu, hoặc yêu cầu mã hóa với một miền; "*" là mọi miền còn lại. tls: "opportunistic",
# "must_encrypt", "implicit" (cổng 465), "clear_text_allowed", "never". Không có "to": đi theo MX, chỉ đặt yêu cầu mã hóa.
# A smart host with a password, or how a domain must be encrypted; "*" takes the rest. Without "to": by MX, pinned.
# [[route]]
# domain = "*"
# to = "smtp.nhacungcap.example:587"
# tls = "must_encrypt"
# user = "tinh"
# password_file = "keys/smart_host"
# [[route]]
# domain = "bo.gov.example"
# tls = "must_encrypt"
# ca_file = "keys/bo.pem"

# Địa chỉ nguồn theo miền người gửi. / Source address by the sender's domain.
# [[source]]
# domain = "tinh.gov.example"
# v4 = "192.0.2.10"

[dkim]
# Sau bao nhiêu ngày thì tạo khóa DKIM mới; khóa mới chỉ ký khi bản ghi DNS của nó đã được công bố. 0 = không đổi. /
# Days until a new DKIM key is made; it signs only once its DNS record is published. 0 = never.
renew_days = 180
# Bản ghi của khóa cũ còn phải giữ bao nhiêu ngày. / Days for which an old key's record must stay published.
keep_days = 30

[push]
# Để dịch vụ đẩy liên hệ khi có sự cố; "" = postmaster. / Contact for push services; "" = postmaster.
contact = ""
# Cho phép dịch vụ đẩy ở địa chỉ nội bộ. / Allow push services at private addresses.
allow_private = false
# Cho phép mỗi người tự bật tên người gửi trên màn hình khóa? false: chỉ hiện số lượng; tiêu đề thì không bao giờ hiện.
# May people turn on senders' names on their lock screens? false: counts only; a subject is never shown.
show_sender = false

[mta_sts]
# Cam kết với máy chủ khác: gửi thư cho ta phải mã hóa. testing = chỉ thử; enforce = bắt buộc; none = rút lại.
# What we promise other servers about encryption: testing, enforce, or none to take it back.
mode = "testing"
max_age_days = 14
# Tên các máy nhận thư (MX); [] = host_name. / Names of the MX hosts; [] = host_name.
mx = []

# Chế độ riêng cho từng miền. / Another mode for single domains.
[mta_sts.domains]
# "cu.tinh.example" = "none"

[help_desk]
# Hiện trên trang đăng nhập và khôi phục: người quên mật khẩu gọi ai. / Shown to people who cannot get in.
name = {desk_name}
phone = {desk_phone}

[doctor]
# Cho `congthu doctor`. Địa chỉ công khai của máy này; cần khi đứng sau NAT. / Public addresses; needed behind NAT.
addresses = []
# Danh sách chặn để tự tra. / Block lists to look ourselves up in.
lists = ["zen.spamhaus.org", "bl.spamcop.net"]
# Miền ngoài để thử cổng 25 chiều ra. / A domain to try port 25 outwards.
probe = "gmail.com"
# Máy chủ giờ (NTP); "" = không hỏi. / Time server; "" = not asked.
time = "vn.pool.ntp.org:123"
# Hộp thư nhận thư tự kiểm tra; "" = postmaster. / Mailbox of the self-test letter; "" = postmaster.
mailbox = ""
# Hộp thư ngoài chuyển tiếp mọi thư về hộp trên; "" = bỏ qua. / A mailbox elsewhere that sends everything back.
outside = ""
# Nơi để bản sao lưu và tệp được chạm vào sau mỗi lần thử phục hồi. / Folder of backups; file touched by each restore trial.
# backup = "/srv/backup/congthu"
# restore_test = "/srv/backup/congthu-restored"

[trace]
# Tra cứu được hành trình của thư trong bao nhiêu ngày. / Days the way of a message can be looked up.
keep_days = 365

[log]
# "text" hoặc "json"
format = "text"
# error, warn, info, debug
level = "info"

# Chứng thư; lặp lại [[tls]] cho mỗi tên máy. Tệp mới được nhận ngay, không cần khởi động lại.
# Certificates; repeat [[tls]] for each host name. New files are taken without a restart.
[[tls]]
certificate = {certificate}
key = {key}
"#
    )
}
