// SPDX-License-Identifier: Apache-2.0
//! A user's session behind the portal: one process for each connection of the front's.
//!
//! It begins as root, asks PAM, and gives all of that up by becoming another program:
//! this binary again, as the user and with nothing else. Only that one says that the
//! user is in, and does what is asked for through Slurm's own commands.

mod admit;
mod line;
mod output;
mod reading;
mod record;
mod serve;
mod submit;
mod terminal;
mod user;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use slurmha_core::layout::PORTAL_STATE;
use slurmha_core::portal::protocol::Admission;
use slurmha_core::portal::submission::host_mark;
use slurmha_host::Local;
use slurmha_host::process::replace;
use slurmha_host::program::setpriv;

use super::host;
use crate::failure::Failure;
use line::Connection;
#[cfg(test)]
pub use terminal::Terminals;
use user::{NoUser, User};

/// For whoever tries to sign in.
const HOME_HANGS: &str = "your home directory does not answer, and jobs begin there; try again when \
                          its file server does";

/// The root side: from a connection on the standard input to the user's own process,
/// which takes this one's place.
///
/// # Errors
/// When the connection breaks, or nobody can be let in at all. Whoever is not let in
/// is told over the connection, and is no error.
pub fn admit() -> Result<(), Failure> {
    let mut connection = Connection::from_stdin().map_err(broken)?;
    let refusal = match connection.sign_in() {
        Ok(sign_in) => match admit::admit(&Local::new(), Path::new(PORTAL_STATE), sign_in) {
            Ok(account) => {
                let program = std::env::current_exe().map_err(broken)?;
                let arguments = ["portal-session", "--as-user"];
                let error = replace(&setpriv::as_user(&account, &program, &arguments));
                eprintln!("cannot become {}: {error}", account.name);
                admit::trouble()
            }
            Err(refusal) => refusal,
        },
        Err(error) => Admission::Trouble(format!("the portal's front sent no sign-in: {error}")),
    };
    connection.send(&refusal).map_err(broken)
}

/// The user's side: serves what the front asks for until the connection ends.
///
/// # Errors
/// When this process is not the user and nothing but the user, or the connection breaks.
pub fn serve() -> Result<(), Failure> {
    let mut connection = Connection::from_stdin().map_err(broken)?;
    let user = match User::of_this_process() {
        Ok(user) => user,
        Err(NoUser::Unfit(why)) => {
            connection.send(&admit::trouble()).map_err(broken)?;
            return Err(Failure::refused(why));
        }
        Err(NoUser::HomeHangs) => {
            connection.send(&Admission::Trouble(HOME_HANGS.to_owned())).map_err(broken)?;
            return Err(Failure::remote("the user's home directory does not answer"));
        }
    };
    let state = Path::new(PORTAL_STATE).join(user.uid.to_string());
    connection.send(&Admission::In { user: user.submitter.name.clone() }).map_err(broken)?;
    let system = Local::new();
    record::sweep(&system, &state);
    let mark = host_mark(&host(&system));
    serve::serve(connection, serve::Session::new(system, user, state, mark)).map_err(broken)
}

fn broken(error: io::Error) -> Failure {
    Failure::remote(format!("the connection to the portal's front is broken: {error}"))
}
