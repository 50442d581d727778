// SPDX-License-Identifier: Apache-2.0
//! Starting the switch, and asking it for cuts.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::process;
use crate::program;
use crate::state::Paths;
use crate::switch::protocol::{Answer, Cable, Request};

/// How long the switch may take to listen.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long a killed switch may take to go.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Starts the switch unless it runs.
pub(crate) fn start(paths: &Paths) -> Result<(), Error> {
    if find(paths).is_some() && ask(paths, &Request::List).is_ok() {
        return Ok(());
    }
    let mut command = program::command_at(&paths.helper());
    command.args(["lab", "switch", "--state"]).arg(&paths.state);
    process::spawn_detached(&command, &paths.switch_log())
        .map_err(Error::system("start the switch"))?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        match ask(paths, &Request::List) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// Ends the switch if it runs. The machines go on, without a network until it is
/// started again.
pub(crate) fn end(paths: &Paths) -> Result<(), Error> {
    let ours = |arguments: &[String]| is_process(paths, arguments);
    let killed = |pid| process::kill(pid, "the lab's switch", ours, STOP_LIMIT);
    process::find(ours).into_iter().try_for_each(killed)
}

/// The pid of the switch.
pub(crate) fn find(paths: &Paths) -> Option<u32> {
    process::find(|arguments| is_process(paths, arguments)).into_iter().next()
}

/// Whether these are the arguments of this lab's switch.
fn is_process(paths: &Paths, arguments: &[String]) -> bool {
    let helper = paths.helper();
    arguments.first().is_some_and(|program| program.as_str() == helper.to_string_lossy())
        && arguments.get(2).is_some_and(|command| command == "switch")
}

/// Asks the switch; the answer is the state of every cable.
pub(crate) fn ask(paths: &Paths, request: &Request) -> Result<Vec<Cable>, Error> {
    let socket = paths.switch_socket();
    let gone =
        |source| Error::SwitchGone { socket: socket.clone(), source, lab: paths.name.clone() };
    let stream = UnixStream::connect(&socket).map_err(gone)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).map_err(gone)?;
    let mut stream = BufReader::new(stream);
    let mut line = serde_json::to_string(request).unwrap_or_default();
    line.push('\n');
    stream.get_mut().write_all(line.as_bytes()).map_err(gone)?;
    line.clear();
    stream.read_line(&mut line).map_err(gone)?;
    match serde_json::from_str(&line) {
        Ok(Answer::Cables(cables)) => Ok(cables),
        Ok(Answer::Refused(reason)) => Err(Error::Switch { reason }),
        Err(error) => Err(Error::Switch { reason: format!("it answers {line:?} ({error})") }),
    }
}
