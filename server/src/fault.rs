//! What a person at the command line is told when something cannot be done: what happened, and what to do, in
//! Vietnamese and in English. Never a backtrace, never a secret.

use std::fmt;
use std::process::ExitCode;

/// Why the program ends, for scripts and for systemd. (sysexits.h)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The request was understood and refused, or failed.
    Failed = 1,
    /// Busy or unreachable now; the same command may work later.
    TryLater = 75,
    /// The configuration is wrong.
    Config = 78,
}

/// The same words in both languages.
#[derive(Clone, Debug)]
pub struct Words {
    pub vi: String,
    pub en: String,
}

pub fn words(vi: impl Into<String>, en: impl Into<String>) -> Words {
    Words {
        vi: vi.into(),
        en: en.into(),
    }
}

/// A reason to stop, with its remedy.
#[derive(Clone, Debug)]
pub struct Fault {
    pub exit: Exit,
    pub reason: Words,
    pub remedy: Option<Words>,
}

impl Fault {
    pub fn new(exit: Exit, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Fault {
            exit,
            reason: words(vi, en),
            remedy: None,
        }
    }
    pub fn failed(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(Exit::Failed, vi, en)
    }
    pub fn remedy(mut self, vi: impl Into<String>, en: impl Into<String>) -> Self {
        self.remedy = Some(words(vi, en));
        self
    }
    /// Says what was being done when it happened.
    pub fn during(mut self, what: &str) -> Self {
        self.reason.vi = format!("{what}: {}", self.reason.vi);
        self.reason.en = format!("{what}: {}", self.reason.en);
        self
    }
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "congthu: {}", self.reason.vi)?;
        if let Some(remedy) = &self.remedy {
            writeln!(f, "  Cách sửa: {}", remedy.vi)?;
        }
        write!(f, "congthu: {}", self.reason.en)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  Remedy: {}", remedy.en)?;
        }
        Ok(())
    }
}

impl From<mailroom::Error> for Fault {
    fn from(cause: mailroom::Error) -> Self {
        use mailroom::{Denied, Error};
        match cause {
            Error::Later(text) => Fault::new(
                Exit::TryLater,
                format!("cơ sở dữ liệu đang bận: {text}"),
                format!("the database is busy: {text}"),
            )
            .remedy("thử lại sau ít phút", "try again in a few minutes"),
            Error::Denied(Denied::NotYours) => Fault::failed("không có mục này", "no such thing"),
            Error::Denied(Denied::NotAllowed) => {
                Fault::failed("không có quyền làm việc này", "not allowed")
            }
            Error::Denied(Denied::OverLimit) => {
                Fault::failed("vượt quá giới hạn cho phép", "over a limit")
            }
            Error::Exists => Fault::failed("đã có rồi", "exists already"),
            Error::Missing => Fault::failed("không tìm thấy", "not found"),
            Error::Bad(text) => Fault::failed(
                format!("dữ liệu nhập không đúng: {text}"),
                format!("bad input: {text}"),
            ),
            Error::Broken(text) => Fault::failed(
                format!("kho dữ liệu hỏng hoặc dùng sai: {text}"),
                format!("the store failed: {text}"),
            ),
        }
    }
}

impl From<store::Error> for Fault {
    fn from(cause: store::Error) -> Self {
        mailroom::Error::from(cause).into()
    }
}

/// A file that cannot be read or written.
pub fn file(path: &std::path::Path, cause: &std::io::Error) -> Fault {
    let shown = path.display();
    Fault::failed(
        format!("không đọc hoặc ghi được {shown}: {cause}"),
        format!("cannot read or write {shown}: {cause}"),
    )
    .remedy(
        "kiểm tra đường dẫn, quyền truy cập và dung lượng đĩa",
        "check the path, the permissions and the free space",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_and_the_remedy_are_shown() {
        let fault = Fault::failed("sai", "wrong").remedy("sửa", "mend");
        assert_eq!(
            fault.to_string(),
            "congthu: sai\n  Cách sửa: sửa\ncongthu: wrong\n  Remedy: mend"
        );
    }
}
