// SPDX-License-Identifier: Apache-2.0
//! Screens of a cluster that does not exist.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use slurmha_core::site::NodeName;
use slurmha_core::status::made_up::{answers, failed_over, recovering, site};
use slurmha_core::status::{Answers, Status, Tone, assemble};

use super::journal::Journal;
use super::keys::{Part, Position};
use super::paint::Paint;
use super::screen::{Seen, View, draw};

/// The commonest terminal, and a window on a big screen.
const SIZES: [(u16, u16); 2] = [(80, 24), (160, 40)];
const PLAIN: Paint = Paint { colours: true, unicode: true };

/// What somebody has seen so far.
struct Watched {
    journal: Journal,
    status: Option<Status>,
    age: u64,
    is_old: bool,
    paint: Paint,
    position: Position,
}

/// One who has seen these, ten seconds from one to the next.
fn watched(looks: &[Answers]) -> Watched {
    let mut journal = Journal::default();
    let mut status = None;
    for (index, answers) in looks.iter().enumerate() {
        let seen = assemble(&site(), answers);
        journal.take_in(&seen, &format!("14:03:{:02}", index * 10));
        status = Some(seen);
    }
    let position = Position::default();
    Watched { journal, status, age: 1, is_old: false, paint: PLAIN, position }
}

impl Watched {
    fn buffer(&mut self, (width, height): (u16, u16)) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
        let seen = self.status.as_ref().map(|status| Seen {
            status,
            at: "14:03:07",
            age: Duration::from_secs(self.age),
            is_old: self.is_old,
        });
        let view = View {
            cluster: "lab",
            seen,
            waiting: Duration::from_secs(4),
            journal: &self.journal,
            paint: self.paint,
        };
        let position = &mut self.position;
        terminal.draw(|frame| draw(frame, &view, position)).expect("it draws");
        terminal.backend().buffer().clone()
    }

    fn text(&mut self, size: (u16, u16)) -> String {
        text(&self.buffer(size))
    }
}

/// The signs alone, row by row.
fn text(buffer: &Buffer) -> String {
    let rows = buffer.content().chunks(usize::from(buffer.area().width));
    let row = |cells: &[ratatui::buffer::Cell]| {
        let signs: String = cells.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", signs.trim_end())
    };
    rows.map(row).collect()
}

fn at_both_sizes(watched: &mut Watched) -> String {
    SIZES.map(|size| format!("{} x {}\n{}", size.0, size.1, watched.text(size))).join("\n")
}

#[test]
fn a_healthy_cluster() {
    insta::assert_snapshot!(at_both_sizes(&mut watched(&[answers()])));
}

#[test]
fn a_failover() {
    insta::assert_snapshot!(at_both_sizes(&mut watched(&[answers(), failed_over()])));
}

#[test]
fn a_controller_that_is_brought_up_to_date() {
    insta::assert_snapshot!(watched(&[answers(), failed_over(), recovering()]).text((100, 30)));
}

const BEGIN: &str = "<!-- picture -->\n```text\n";
const END: &str = "```\n<!-- /picture -->\n";

/// `UPDATE_EXPECTED=1 cargo test -p slurmha --bin slurmha picture` draws it
/// anew.
#[test]
fn the_picture_in_the_guide_is_what_one_sees() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/status.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let begin = page.find(BEGIN).expect("the beginning of the picture") + BEGIN.len();
    let end = page.find(END).expect("the end of the picture");
    let picture = watched(&[answers(), failed_over(), recovering()]).text((80, 32));
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        let page = format!("{}{picture}{}", &page[..begin], &page[end..]);
        std::fs::write(path, page).expect("the page is written");
        return;
    }
    assert!(page[begin..end] == picture, "the picture is stale: see above this test");
}

#[test]
fn a_machine_that_is_not_known() {
    let mut answers = answers();
    answers.insert(NodeName::from("ctl2"), Err("no answer for 3 s".to_owned()));
    insta::assert_snapshot!(at_both_sizes(&mut watched(&[self::answers(), answers])));
}

#[test]
fn nobody_has_answered_yet() {
    insta::assert_snapshot!(watched(&[]).text((80, 6)));
}

#[test]
fn a_narrow_terminal_has_lines_in_place_of_boxes() {
    insta::assert_snapshot!(watched(&[answers(), failed_over()]).text((50, 44)));
}

#[test]
fn the_changes_can_have_the_room() {
    let mut watched = watched(&[answers(), failed_over()]);
    watched.position.part = Part::Changes;
    insta::assert_snapshot!(watched.text((80, 24)));
}

#[test]
fn the_help() {
    let mut watched = watched(&[answers()]);
    watched.position.help = true;
    insta::assert_snapshot!(watched.text((100, 24)));
}

#[test]
fn a_terminal_with_ascii_alone() {
    let mut watched = watched(&[answers(), recovering()]);
    watched.paint.unicode = false;
    let text = watched.text((80, 40));
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("##") && text.contains("->"), "{text}");
}

/// Whoever comes back to it after the night sees that it is of yesterday.
#[test]
fn what_is_old_says_so() {
    let mut watched = watched(&[answers()]);
    (watched.age, watched.is_old) = (75, true);
    let text = watched.text((80, 24));
    assert!(text.lines().next().unwrap().ends_with("OLD: seen at 14:03:07, 75 s ago"), "{text}");
    let text = watched.text((40, 24));
    assert_eq!(text.lines().nth(1), Some("OLD: seen at 14:03:07, 75 s ago"), "{text}");
}

/// Nothing is told by colour alone: without colours nothing has one.
#[test]
fn without_colours_nothing_has_one() {
    let colours = |paint| {
        let mut watched = watched(&[answers(), failed_over()]);
        watched.paint = paint;
        let buffer = watched.buffer((80, 24));
        buffer.content().iter().filter(|cell| cell.fg != Color::Reset).count()
    };
    assert!(colours(PLAIN) > 0);
    assert_eq!(colours(Paint { colours: false, ..PLAIN }), 0);
}

#[test]
fn what_is_broken_stands_out_without_colour_too() {
    let bad = Paint { colours: false, unicode: true }.style(Tone::Bad);
    assert_eq!((bad.fg, bad.add_modifier), (None, Modifier::BOLD));
    assert_eq!(PLAIN.style(Tone::Bad).fg, Some(Color::Red));
}

/// A line that is scrolled to is seen, whatever the size.
#[test]
fn every_line_can_be_scrolled_to_and_no_size_is_a_crash() {
    for (width, height) in [(80, 24), (50, 20), (30, 12), (20, 5), (10, 3), (1, 1), (200, 60)] {
        let mut watched = watched(&[answers(), failed_over()]);
        watched.text((width, height));
        watched.position.status.above = u16::MAX;
        let text = watched.text((width, height));
        let scroll = watched.position.status;
        assert!(scroll.above <= scroll.lines, "{scroll:?}");
        if (width, height) == (80, 24) {
            assert!(text.contains("off ctl1 by ctl2: success"), "the last line: {text}");
        }
    }
}
