// SPDX-License-Identifier: Apache-2.0
//! Whether a daemon takes the connections that are made to it.

/// Connections to a local TCP port that nobody has accepted yet, from
/// `/proc/net/tcp` or `tcp6`; `None` when nothing listens there.
///
/// For a socket that listens (state 0A) the kernel puts its queue of
/// finished connections where others have their unread bytes
/// (`get_tcp4_sock`, `rx_queue`, tcp_ipv4.c). A connection stays in the queue
/// until it is accepted, also when the client has given up long ago.
pub fn waiting_connections(table: &str, port: u16) -> Option<u32> {
    let wanted = format!(":{port:04X}");
    let waiting = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = fields.next()?;
        let listens = fields.nth(1)? == "0A";
        let (_, waiting) = fields.next()?.split_once(':')?;
        let waiting = u32::from_str_radix(waiting, 16).ok()?;
        (listens && local.ends_with(&wanted)).then_some(waiting)
    };
    table.lines().filter_map(waiting).reduce(u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::waiting_connections;

    /// Of Linux 6.1: a listener that accepts nothing, with three clients of
    /// which two have closed their side.
    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   5: 0100007F:1AA1 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 427972 4
  13: 0100007F:1AA1 0100007F:852C 08 00000000:00000001 00:00000000 00000000     0        0 0 1
  16: 0100007F:852C 0100007F:1AA1 05 00000000:00000000 03:0000175C 00000000     0        0 0 3
  20: 0100007F:1AA1 0100007F:8532 01 00000000:00000000 00:00000000 00000000     0        0 0 1
  21: 00000000:1AA3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 427999 1
";

    #[test]
    fn the_queue_of_the_listener_counts_and_nothing_else() {
        assert_eq!(waiting_connections(TABLE, 6817), Some(3));
        assert_eq!(waiting_connections(TABLE, 6819), Some(0));
        assert_eq!(waiting_connections(TABLE, 0x852C), None, "a client listens nowhere");
        assert_eq!(waiting_connections("", 6817), None);
        assert_eq!(waiting_connections("1: short 0A\n", 6817), None);
    }
}
