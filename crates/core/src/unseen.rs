// SPDX-License-Identifier: Apache-2.0
//! Characters that cannot be seen, or make others look like something else.

/// Control characters, those without a shape of their own, and those that turn the
/// writing around (UAX #9, explicit directional formatting; Unicode TR 36,
/// "Bidirectional Text Spoofing").
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}
