// SPDX-License-Identifier: Apache-2.0
//! The listing as a table for people.

use jiff::{SignedDuration, Timestamp};

use super::{Listing, Presence};

const HEADINGS: [&str; 7] =
    ["PEER", "ADDRESS", "GATEWAY", "LAST HANDSHAKE", "CAME FROM", "RECEIVED", "SENT"];

type Row = [String; HEADINGS.len()];

/// A line for each peer and gateway, and below what needs somebody to act.
pub fn render(listing: &Listing, now: Timestamp) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    for peer in &listing.peers {
        for (gateway, presence) in &peer.at {
            let [handshake, from, received, sent] = known(presence, now);
            let (name, address) = (peer.name.clone(), peer.address.to_string());
            rows.push([name, address, gateway.to_string(), handshake, from, received, sent]);
        }
    }
    let mut text = table(&rows);
    for stranger in &listing.unlisted {
        text += &format!(
            "{} still lets {} in, which is not in the site file: run `slurmha apply`\n",
            stranger.gateway, stranger.public_key
        );
    }
    for (gateway, why) in &listing.silent {
        text += &format!("{gateway} could not be asked: {why}\n");
    }
    text
}

fn known(presence: &Presence, now: Timestamp) -> [String; 4] {
    let only = |word: &str| [word, "", "", ""].map(str::to_owned);
    match presence {
        Presence::Unknown => only("unknown"),
        Presence::NotApplied => only("not applied yet"),
        Presence::Admitted { handshake, endpoint, received_bytes, sent_bytes } => [
            handshake.map_or("never".to_owned(), |then| ago(now.duration_since(then))),
            endpoint.clone().unwrap_or_default(),
            bytes(*received_bytes),
            bytes(*sent_bytes),
        ],
    }
}

/// In the largest unit of which there are two, or seconds.
fn ago(time: SignedDuration) -> String {
    const UNITS: [(&str, i64); 3] = [("d", 86_400), ("h", 3_600), ("min", 60)];
    let seconds = time.as_secs().max(0);
    let unit = UNITS.into_iter().find(|(_, length)| seconds >= 2 * length);
    let (word, length) = unit.unwrap_or(("s", 1));
    format!("{} {word} ago", seconds / length)
}

fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, size)| count >= *size) {
        Some((word, size)) => {
            let tenths = count.saturating_mul(10) / size;
            format!("{}.{} {word}", tenths / 10, tenths % 10)
        }
        None => format!("{count} B"),
    }
}

fn table(rows: &[Row]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |row: &Row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
