//! What an installation decides: host name, sizes, times, switches. Filled from the configuration file by the server.

/// Policy of one installation. Every number has its unit in its name.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Our name in greetings, trace fields and DSNs.
    pub host_name: String,
    /// "Tỉnh Cà Mau": shown on pages.
    pub province_name: String,
    /// Base of links in slips and pushes, e.g. "https://thu.tinh.example".
    pub web_base: String,
    pub message_bytes_max: usize,
    pub recipients_max: usize,
    /// May IMAP and submission take the account's own password, or only app passwords?
    pub clients_take_password: bool,
    pub retry_delays_secs: Vec<u64>,
    pub give_up_after_secs: u64,
    pub slip_life_secs: u64,
    pub session_life_secs: u64,
    pub session_idle_secs: u64,
    /// Failed sign-ins per account and per address range before a pause.
    pub sign_in_failures_max: u32,
    pub quota_bytes_default: i64,
    /// May a unit's administrator see the subjects of the own people's letters in traces? The text never.
    pub administrators_see_subjects: bool,
    /// How long the trace of a message is kept, days.
    pub trace_keep_days: u32,
    /// Demo: mail for other domains goes to this local address instead of the Internet.
    pub sink_address: Option<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            host_name: "localhost".into(),
            province_name: "Tỉnh mẫu".into(),
            web_base: "https://localhost".into(),
            message_bytes_max: 50 * 1024 * 1024,
            recipients_max: 1_000,
            clients_take_password: false,
            retry_delays_secs: vec![60, 300, 900, 1_800, 3_600, 7_200, 14_400],
            give_up_after_secs: 5 * 24 * 3_600,
            slip_life_secs: 15 * 60,
            session_life_secs: 30 * 24 * 3_600,
            session_idle_secs: 7 * 24 * 3_600,
            sign_in_failures_max: 10,
            quota_bytes_default: 5 * 1024 * 1024 * 1024,
            administrators_see_subjects: false,
            trace_keep_days: 365,
            sink_address: None,
        }
    }
}
