// SPDX-License-Identifier: Apache-2.0
//! A text as a QR code on the terminal, for the camera of a phone.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// The code, black on white whatever the terminal's colours are: not every
/// camera takes the inverse. `None` for a text too long for one.
pub fn on_terminal(text: &str) -> Option<String> {
    // A screen has no scratches: the least redundancy, the smallest code.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let lines = code.render::<Dense1x2>().build();
    Some(lines.lines().map(|line| format!("\x1b[30;107m{line}\x1b[0m\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_has_a_white_margin_and_fits_a_terminal() {
        let code = on_terminal(&"x".repeat(400)).expect("a code");
        let lines: Vec<&str> = code
            .lines()
            .map(|line| line.trim_start_matches("\x1b[30;107m").trim_end_matches("\x1b[0m"))
            .collect();
        assert!(lines[0].chars().all(|c| c == ' ') && lines[0].chars().count() < 90);
        assert!(lines[2].starts_with("    \u{2588}"), "{:?}", lines[2]);
        assert!(on_terminal(&"x".repeat(4000)).is_none());
    }
}
