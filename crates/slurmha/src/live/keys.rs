// SPDX-License-Identifier: Apache-2.0
//! What a key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the one who looks is looking at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Which part has the room, and scrolls.
    pub part: Part,
    /// First line of the status.
    pub status: Scroll,
    /// First line of the changes.
    pub changes: Scroll,
    /// Whether the help is shown instead.
    pub help: bool,
}

/// A part of the screen that scrolls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Status,
    Changes,
}

/// How far a part is scrolled, and how far it could be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// Lines above the first that is seen.
    pub above: u16,
    /// All lines, when it was drawn last.
    pub lines: u16,
    /// Lines that there is room for.
    pub rows: u16,
}

impl Scroll {
    /// As far as there are lines.
    pub fn fitted(self, lines: u16, rows: u16) -> Self {
        Self { above: self.above.min(lines.saturating_sub(rows)), lines, rows }
    }

    fn down(&mut self, by: u16) {
        self.above = self.above.saturating_add(by).min(self.lines.saturating_sub(self.rows));
    }

    fn up(&mut self, by: u16) {
        self.above = self.above.saturating_sub(by);
    }

    /// A page, of which one line stays in sight.
    fn page(self) -> u16 {
        self.rows.saturating_sub(1).max(1)
    }
}

/// What is to be done beside drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Draw,
    LookNow,
    Leave,
}

impl Position {
    /// Takes in a key.
    pub fn press(&mut self, key: KeyEvent) -> Act {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if control => return Act::Leave,
            KeyCode::Char('q') => return Act::Leave,
            // Whatever else it is, the help has been read.
            _ if self.help => self.help = false,
            KeyCode::Esc => return Act::Leave,
            KeyCode::Char('r') => return Act::LookNow,
            KeyCode::Char('?' | 'h') => self.help = true,
            KeyCode::Tab => {
                self.part = match self.part {
                    Part::Status => Part::Changes,
                    Part::Changes => Part::Status,
                }
            }
            code => self.scroll(code),
        }
        Act::Draw
    }

    fn scroll(&mut self, code: KeyCode) {
        let scroll = match self.part {
            Part::Status => &mut self.status,
            Part::Changes => &mut self.changes,
        };
        match code {
            KeyCode::Down | KeyCode::Char('j') => scroll.down(1),
            KeyCode::Up | KeyCode::Char('k') => scroll.up(1),
            KeyCode::PageDown | KeyCode::Char(' ') => scroll.down(scroll.page()),
            KeyCode::PageUp => scroll.up(scroll.page()),
            KeyCode::Home => scroll.above = 0,
            KeyCode::End => scroll.down(u16::MAX),
            _ => {}
        }
    }

    /// So many changes were added above: who has scrolled down goes on seeing
    /// the same ones.
    pub fn changes_were_added(&mut self, count: usize) {
        if self.changes.above > 0 {
            let count = u16::try_from(count).unwrap_or(u16::MAX);
            self.changes.above = self.changes.above.saturating_add(count);
        }
    }
}

#[cfg(test)]
#[path = "tests/keys.rs"]
mod tests;
