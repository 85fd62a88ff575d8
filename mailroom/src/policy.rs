//! What an installation decides: host name, sizes, times, switches. Filled from the configuration file by the server.

use store::SentDay;

use crate::limits;

/// What one account or one unit may send to other servers on a day; 0 is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayLimits {
    pub messages: i64,
    pub recipients: i64,
    /// Recipients never written to before by the account.
    pub strangers: i64,
}

impl DayLimits {
    pub(crate) fn is_beyond(&self, sent: &SentDay, more: [i64; 3]) -> bool {
        let [messages, recipients, strangers] = more;
        [
            (self.messages, sent.messages, messages),
            (self.recipients, sent.recipients, recipients),
            (self.strangers, sent.strangers, strangers),
        ]
        .into_iter()
        .any(|(limit, sent, more)| limit > 0 && sent.saturating_add(more) > limit)
    }
}

/// Both; none by default, the server's configuration sets them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SendingLimits {
    pub account: DayLimits,
    pub unit: DayLimits,
}

impl SendingLimits {
    /// What a province begins with; the reasons stand beside the numbers in `limits`.
    #[must_use]
    pub fn usual() -> SendingLimits {
        SendingLimits {
            account: DayLimits {
                messages: limits::ACCOUNT_MESSAGES_A_DAY,
                recipients: limits::ACCOUNT_RECIPIENTS_A_DAY,
                strangers: limits::ACCOUNT_STRANGERS_A_DAY,
            },
            unit: DayLimits {
                messages: limits::UNIT_MESSAGES_A_DAY,
                recipients: limits::UNIT_RECIPIENTS_A_DAY,
                strangers: limits::UNIT_STRANGERS_A_DAY,
            },
        }
    }
}

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
    /// Below this much free of the disk no letter is taken, per cent; 0 never looks.
    pub disk_reserve_percent: u8,
    /// To other servers, on a day.
    pub sending: SendingLimits,
    /// May people have copies of their letters sent outside the installation's own domains?
    pub forward_outside: bool,
    /// May a unit's administrator see the subjects of the own people's letters in traces? The text never.
    pub administrators_see_subjects: bool,
    /// May people have senders named on their lock screens? Otherwise pushes only count.
    pub push_shows_senders: bool,
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
            disk_reserve_percent: 0,
            sending: SendingLimits::default(),
            quota_bytes_default: 5 * 1024 * 1024 * 1024,
            forward_outside: false,
            administrators_see_subjects: false,
            push_shows_senders: false,
            trace_keep_days: 365,
            sink_address: None,
        }
    }
}
