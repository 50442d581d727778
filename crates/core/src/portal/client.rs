// SPDX-License-Identifier: Apache-2.0
//! What the failure of one of Slurm's clients means to a user.

/// Why a client has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The scheduler, or the accounting behind it, does not answer at present.
    Away(String),
    /// It has answered, and the answer is no; or the client cannot run.
    No(String),
}

/// What is in the words of a client whose daemon does not answer: Slurm 22.05,
/// `slurm_errno.c`; slurmdbd's in `slurm_persist_conn.c` and `sacct/options.c`, with
/// what the kernel has to say.
const AWAY: [&str; 13] = [
    "Unable to contact slurm controller",
    "Socket timed out on send/recv operation",
    "Zero Bytes were transmitted or received",
    "Unexpected missing socket error",
    "Slurm backup controller in standby mode",
    "persistent connection",
    "PersistInit msg",
    "Problem talking to the database",
    "Unable to connect to database",
    "Connection refused",
    "Connection timed out",
    "Connection reset by peer",
    "No route to host",
];

/// What a client's last words mean.
pub fn judge(stderr: &str) -> Failure {
    let words = words(stderr);
    match AWAY.iter().any(|text| stderr.contains(text)) {
        true => Failure::Away(words),
        false => Failure::No(words),
    }
}

/// How much of a client's words is passed on, in characters.
const LONGEST_WORDS: usize = 1000;

/// A client's words without the prefix that says which client it is, and without
/// what a terminal would not show.
pub fn words(stderr: &str) -> String {
    let lines = stderr.lines().map(|line| {
        let line = line.trim();
        let (client, rest) = line.split_once(": ").unwrap_or(("", line));
        let is_client = ["sbatch", "scancel", "scontrol", "squeue", "sacct"].contains(&client);
        let line = if is_client { rest } else { line };
        line.strip_prefix("error: ").unwrap_or(line)
    });
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let text: String = lines
        .join("\n")
        .chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .take(LONGEST_WORDS)
        .collect();
    match text.as_str() {
        "" => "it said nothing".to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_is_not_no() {
        // Slurm 22.05.8.
        for text in [
            "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
            "scancel: error: Kill job error on job id 7: Socket timed out on send/recv operation",
            "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent \
             connection to host:10.77.0.10:6819: Connection refused\nsacct: error: Sending \
             PersistInit msg: Connection refused\nsacct: error: Problem talking to the database: \
             Connection refused\n",
        ] {
            assert!(matches!(judge(text), Failure::Away(_)), "{text}");
        }
        assert_eq!(
            judge("scancel: error: Kill job error on job id 7: Access/permission denied\n"),
            Failure::No("Kill job error on job id 7: Access/permission denied".to_owned())
        );
    }

    #[test]
    fn words_are_the_clients_without_its_name() {
        assert_eq!(
            words("sbatch: error: one\nsbatch: two: 2\n\nthree: 3\n"),
            "one\ntwo: 2\nthree: 3"
        );
        assert_eq!(words("\u{1b}[31mred\u{7}\n"), "[31mred");
        assert_eq!(words(" \n"), "it said nothing");
    }
}
