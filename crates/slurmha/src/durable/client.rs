// SPDX-License-Identifier: Apache-2.0
//! The one who asks.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use slurmha_core::durable::{Answer, MAX_ANSWER, MAX_WAIT, Question};
use slurmha_core::layout::DURABLE_PORT;
use slurmha_host::System;
use slurmha_host::program::munge;

/// One attempt to reach the controller.
const CONNECTING: Duration = Duration::from_secs(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);
/// Asked with less, nobody could be told even of a job that is long saved: the
/// service looks for all who wait at a time.
const LEAST_WAIT: Duration = Duration::from_secs(1);
/// The service answers at the end of the wait; this is for the way.
const GRACE: Duration = Duration::from_secs(3);

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The job is in the table on the replicated disk.
    Saved,
    /// It was asked for, and not saved within the time.
    NotYet,
    /// The controller does not know the job.
    Unknown,
    /// Nobody could be asked, and why.
    Unasked(String),
}

/// Asks until there is an answer or the time is over: in the middle of a
/// failover there is nobody for a while.
pub fn ask(system: &dyn System, controller: Ipv4Addr, job: u32, patience: Duration) -> Outcome {
    let address = SocketAddr::from((controller, DURABLE_PORT));
    let begin = system.elapsed();
    loop {
        let left = patience.saturating_sub(system.elapsed() - begin);
        let question = Question { job, wait: left.clamp(LEAST_WAIT, MAX_WAIT) };
        let outcome = match once(system, address, &question) {
            Ok(Answer::Saved) => return Outcome::Saved,
            Ok(Answer::Unknown) => return Outcome::Unknown,
            Ok(Answer::NotYet) => Outcome::NotYet,
            Ok(Answer::Busy) => Outcome::Unasked(format!("{address} is busy")),
            Ok(Answer::Refused(why)) => Outcome::Unasked(format!("{address} says: {why}")),
            Err(why) => Outcome::Unasked(why),
        };
        if patience.saturating_sub(system.elapsed() - begin) <= PAUSE {
            return outcome;
        }
        system.sleep(PAUSE);
    }
}

fn once(system: &dyn System, address: SocketAddr, question: &Question) -> Result<Answer, String> {
    // A credential is good for one use.
    let credential =
        munge::sign(system, &question.to_string()).map_err(|error| error.to_string())?;
    let answer = exchange(address, &credential, question.wait + GRACE)
        .map_err(|error| format!("{address} does not answer: {error}"))?;
    answer.parse().map_err(|error| format!("{address}: {error}"))
}

fn exchange(address: SocketAddr, line: &str, limit: Duration) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECTING)?;
    notice_death(&stream)?;
    stream.set_write_timeout(Some(CONNECTING))?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    stream.set_read_timeout(Some(limit))?;
    let mut answer = String::new();
    stream.take(MAX_ANSWER as u64).read_to_string(&mut answer)?;
    if answer.ends_with('\n') { Ok(answer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// A controller that loses its power says no good-bye, and the one that takes
/// the address over knows nothing of the connection: a probe each second finds
/// either out.
fn notice_death(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt::{
        set_socket_keepalive, set_tcp_keepcnt, set_tcp_keepidle, set_tcp_keepintvl,
    };
    set_socket_keepalive(stream, true)?;
    set_tcp_keepidle(stream, Duration::from_secs(1))?;
    set_tcp_keepintvl(stream, Duration::from_secs(1))?;
    set_tcp_keepcnt(stream, 3)?;
    Ok(())
}
