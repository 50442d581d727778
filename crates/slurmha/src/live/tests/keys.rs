// SPDX-License-Identifier: Apache-2.0
//! Keys, and how far one can scroll.

use super::*;

fn press(position: &mut Position, code: KeyCode) -> Act {
    position.press(KeyEvent::new(code, KeyModifiers::NONE))
}

/// Thirty lines, of which ten are seen.
fn long() -> Position {
    let scroll = Scroll::default().fitted(30, 10);
    Position { status: scroll, changes: scroll, ..Position::default() }
}

#[test]
fn there_are_several_ways_out() {
    for code in [KeyCode::Char('q'), KeyCode::Esc] {
        assert_eq!(press(&mut Position::default(), code), Act::Leave);
    }
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(Position::default().press(control_c), Act::Leave);
    assert_eq!(press(&mut Position::default(), KeyCode::Char('c')), Act::Draw);
}

#[test]
fn the_help_is_left_by_any_key_and_the_program_by_its_own() {
    for code in [KeyCode::Esc, KeyCode::Char('r'), KeyCode::Char('?'), KeyCode::Down] {
        let mut position = long();
        assert_eq!(press(&mut position, KeyCode::Char('?')), Act::Draw);
        assert!(position.help);
        assert_eq!(press(&mut position, code), Act::Draw);
        assert_eq!(position, long(), "{code}");
    }
    let mut position = Position { help: true, ..Position::default() };
    assert_eq!(press(&mut position, KeyCode::Char('q')), Act::Leave);
}

#[test]
fn impatience_is_a_look() {
    assert_eq!(press(&mut Position::default(), KeyCode::Char('r')), Act::LookNow);
}

#[test]
fn one_scrolls_as_far_as_there_are_lines() {
    let mut position = long();
    let above = |position: &mut Position, code| {
        press(position, code);
        position.status.above
    };
    assert_eq!(above(&mut position, KeyCode::Up), 0);
    assert_eq!(above(&mut position, KeyCode::Down), 1);
    assert_eq!(above(&mut position, KeyCode::PageDown), 10, "one line stays in sight");
    assert_eq!(above(&mut position, KeyCode::PageDown), 19);
    assert_eq!(above(&mut position, KeyCode::PageDown), 20);
    assert_eq!(above(&mut position, KeyCode::Down), 20);
    assert_eq!(above(&mut position, KeyCode::PageUp), 11);
    assert_eq!(above(&mut position, KeyCode::End), 20);
    assert_eq!(above(&mut position, KeyCode::Home), 0);
    assert_eq!(position.changes.above, 0);
}

#[test]
fn the_part_that_has_the_room_scrolls() {
    let mut position = long();
    press(&mut position, KeyCode::Tab);
    press(&mut position, KeyCode::Down);
    assert_eq!((position.status.above, position.changes.above), (0, 1));
    press(&mut position, KeyCode::Tab);
    press(&mut position, KeyCode::End);
    assert_eq!((position.status.above, position.changes.above), (20, 1));
}

/// Problems were solved, or the terminal has grown.
#[test]
fn fewer_lines_than_before_leave_nobody_below_the_end() {
    let scroll = Scroll { above: 20, ..Scroll::default() };
    assert_eq!(scroll.fitted(12, 10).above, 2);
    assert_eq!(scroll.fitted(5, 10).above, 0);
}

#[test]
fn who_reads_old_changes_is_not_moved_by_new_ones() {
    let mut position = long();
    position.changes_were_added(3);
    assert_eq!(position.changes.above, 0, "the newest are seen as they come");
    position.changes.above = 5;
    position.changes_were_added(3);
    assert_eq!(position.changes.above, 8);
}
