//! Reads and writes over an S3 server on loopback. `-- serve PORT` runs that server alone.

#![allow(clippy::print_stderr)]

#[path = "../tests/s3/mod.rs"]
mod s3;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|it| it != "--bench");
    if arguments.next().as_deref() == Some("serve") {
        let port = arguments.next().and_then(|port| port.parse().ok());
        let server = s3::S3Server::start_on(port.unwrap_or(0));
        eprintln!("{}", server.url());
        loop {
            std::thread::park();
        }
    }
}
