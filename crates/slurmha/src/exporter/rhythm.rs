// SPDX-License-Identifier: Apache-2.0
//! When is asked: each question in a thread of its own, so that one that
//! hangs keeps no other from being asked.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use slurmha_core::metrics::Rhythm;

use super::board::Board;
use super::effort::Effort;
use super::question::{ACTIVE, EVERYWHERE, MOVING, Question};
use super::rouse;

/// Between two looks whether this has become the active controller: what a
/// takeover adds to the time until the new one's Slurm is seen.
const LOOK: Duration = Duration::from_secs(1);
/// From one round to the next while somebody watches: of what moves, and of
/// the rest.
const WATCHED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Asks for as long as this process lives; a thread that ends has failed.
pub fn keep_asking(board: &Arc<Board>) -> Vec<JoinHandle<()>> {
    let [quick, brisk] = WATCHED;
    let always: fn(&Board) -> bool = |_| true;
    let moving = MOVING.map(|question| (question, always));
    let everywhere = EVERYWHERE.map(|question| (question, always));
    let active = ACTIVE.map(|question| (question, Board::is_active as fn(&Board) -> bool));
    let rest: Vec<_> = everywhere.into_iter().chain(active).collect();
    let mut threads = start(board, quick, &moving);
    threads.extend(start(board, brisk, &rest));
    let board = Arc::clone(board);
    threads.push(thread::spawn(move || rouse::keep_looking(&board)));
    threads
}

/// What is asked, and whether it is asked at this moment.
type Wanted = (Question, fn(&Board) -> bool);

/// A thread for each question of a group; who watches costs no more than a
/// share of the time for all of them.
fn start(board: &Arc<Board>, watched: Duration, group: &[Wanted]) -> Vec<JoinHandle<()>> {
    let effort = Arc::new(Effort::of(group.len()));
    let start = |(place, &wanted): (usize, &Wanted)| {
        let rhythm = Rhythm { interval: board.interval, watched };
        let (board, effort) = (Arc::clone(board), Arc::clone(&effort));
        thread::spawn(move || repeat(&board, wanted, rhythm, &effort, place))
    };
    group.iter().enumerate().map(start).collect()
}

/// Asks each question once.
pub fn ask_once(board: &Board) {
    ask_all(board, &MOVING);
    ask_all(board, &EVERYWHERE);
    if board.is_active() {
        ask_all(board, &ACTIVE);
    }
}

fn ask_all(board: &Board, questions: &[Question]) {
    thread::scope(|scope| {
        for question in questions {
            scope.spawn(|| question(board));
        }
    });
}

fn repeat(
    board: &Board,
    (question, is_wanted): Wanted,
    rhythm: Rhythm,
    effort: &Effort,
    place: usize,
) {
    let system = &*board.system;
    loop {
        if !is_wanted(board) {
            effort.note(place, Duration::ZERO);
            system.sleep(LOOK);
            continue;
        }
        let began = system.elapsed();
        question(board);
        let spent = system.elapsed().saturating_sub(began);
        effort.note(place, spent);
        let period = || rhythm.period(board.is_watched(), spent, effort.together());
        let mut waited = spent;
        // In pieces: who begins to watch does not wait for a whole interval.
        while waited < period() {
            let piece = period().saturating_sub(waited).min(LOOK);
            system.sleep(piece);
            waited += piece;
        }
    }
}
