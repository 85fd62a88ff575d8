//! `congthu extract`: the text of one file, from standard input to standard output. A process of its own, started by the
//! server for every attached file and killed when it takes too long; it gives up its rights to memory, time and files
//! first, because the file may be made to hurt its reader. Opens nothing, connects nowhere.

use std::io::{Read as _, Write as _};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::fault::Fault;
use crate::limits;

#[derive(clap::Args)]
pub struct Extract {
    /// pdf, docx, xlsx, odf, plain
    #[arg(long)]
    kind: String,
    #[arg(long)]
    charset: Option<String>,
}

impl Extract {
    pub fn run(&self) -> Result<(), Fault> {
        let kind = extract::Kind::parse(&self.kind).ok_or_else(|| failed("unknown kind"))?;
        restrict().map_err(|cause| failed(&cause.to_string()))?;
        let charset = self.charset.clone();
        let reader = std::thread::Builder::new().stack_size(limits::READER_STACK_BYTES);
        let read = reader.spawn(move || {
            let mut bytes = Vec::new();
            let most = extract::FILE_BYTES_MAX as u64 + 1;
            std::io::stdin().take(most).read_to_end(&mut bytes)?;
            extract::text(kind, &bytes, charset.as_deref()).map_err(std::io::Error::other)
        });
        let read = read.map_err(|cause| failed(&cause.to_string()))?;
        let text = match read.join() {
            Ok(text) => text.map_err(|cause| failed(&cause.to_string()))?,
            Err(_panic) => return Err(failed("the reader panicked")),
        };
        std::io::stdout()
            .write_all(text.as_bytes())
            .map_err(|cause| failed(&cause.to_string()))
    }
}

/// What the kernel keeps from now on, whatever the file makes the reader do.
fn restrict() -> rustix::io::Result<()> {
    let at_most = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::As, at_most(limits::READER_MEMORY_BYTES))?;
    setrlimit(Resource::Cpu, at_most(limits::READER_CPU_SECS))?;
    setrlimit(Resource::Fsize, at_most(0))?;
    setrlimit(Resource::Core, at_most(0))?;
    // Mail goes first on a busy machine.
    rustix::process::nice(10).map(drop)
}

fn failed(cause: &str) -> Fault {
    Fault::failed(
        format!("không đọc được tệp: {cause}"),
        format!("the file was not read: {cause}"),
    )
}
