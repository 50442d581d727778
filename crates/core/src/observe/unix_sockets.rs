// SPDX-License-Identifier: Apache-2.0
//! Unix sockets: proc(5), /proc/net/unix.

/// `__SO_ACCEPTCON` among a socket's flags (include/linux/net.h): somebody listens at it.
const LISTENS: &str = "00010000";

/// Whether somebody listens at that path, by the text of /proc/net/unix. To connect would
/// start a session; and a file can be there without anybody behind it.
pub fn is_listening(text: &str, path: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        words.nth(3) == Some(LISTENS) && words.nth(3) == Some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by Linux 6.1, with the paths of a login node.
    const TEXT: &str = "\
Num       RefCount Protocol Flags    Type St Inode Path
0000000051c666da: 00000002 00000000 00000000 0002 03 684688
0000000076095791: 00000002 00000000 00010000 0001 01 684289 /run/slurmha/portal-session.sock
0000000067e9c955: 00000002 00000000 00000000 0002 01 684282 /run/systemd/notify
00000000a387be5a: 00000003 00000000 00000000 0001 03 684320 /run/slurmha/other.sock
";

    #[test]
    fn a_listener_is_told_from_a_connection_and_from_nobody() {
        assert!(is_listening(TEXT, "/run/slurmha/portal-session.sock"));
        assert!(!is_listening(TEXT, "/run/slurmha/other.sock"), "connected, not listening");
        assert!(!is_listening(TEXT, "/run/systemd/notify"), "takes messages without a connection");
        assert!(!is_listening(TEXT, "/run/slurmha/portal-session"));
        assert!(!is_listening("", "/run/slurmha/portal-session.sock"));
    }
}
