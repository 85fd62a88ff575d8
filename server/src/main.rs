//! `congthu`: mail and notices of a provincial government in one program. This file only starts: it reads the command
//! line, installs the TLS provider and turns a fault into words and an exit code.

mod admin;
mod cert;
mod command;
mod config;
mod demo;
mod doctor;
mod fault;
mod house;
mod limits;
mod listen;
mod log;
mod office;
mod own_sts;
mod progress;
mod published;
mod reader;
mod records;
mod rotation;
mod settings;
mod six;
mod template;
mod tls;
mod watch;
mod ways;
mod web;
mod wire;
mod write_new;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let line = command::Line::parse();
    if let Some(extract) = line.alone() {
        return match extract.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                eprintln!("{fault}");
                fault.exit_code()
            }
        };
    }
    if rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .is_err()
    {
        eprintln!("congthu: TLS was set up twice");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("congthu: không khởi động được: {cause}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(command::run(line));
    // What did not end by itself within its time ends here.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    match outcome {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("{fault}");
            fault.exit_code()
        }
    }
}
