// SPDX-License-Identifier: Apache-2.0
//! When is asked: each question in a thread of its own, so that one that
//! hangs keeps no other from being asked.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::board::Board;
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
    let start = |question, is_wanted, watched| {
        let board = Arc::clone(board);
        thread::spawn(move || repeat(&board, question, is_wanted, watched))
    };
    let always: fn(&Board) -> bool = |_| true;
    let moving = MOVING.map(|question| start(question, always, quick));
    let everywhere = EVERYWHERE.map(|question| start(question, always, brisk));
    let active = ACTIVE.map(|question| start(question, Board::is_active, brisk));
    let board = Arc::clone(board);
    let rouse = thread::spawn(move || rouse::keep_looking(&board));
    moving.into_iter().chain(everywhere).chain(active).chain([rouse]).collect()
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

fn repeat(board: &Board, question: Question, is_wanted: fn(&Board) -> bool, watched: Duration) {
    let system = &*board.system;
    loop {
        if !is_wanted(board) {
            system.sleep(LOOK);
            continue;
        }
        let began = system.elapsed();
        question(board);
        let spent = system.elapsed().saturating_sub(began);
        let mut waited = spent;
        // In pieces: who begins to watch does not wait for a whole interval.
        while waited < pause(board, watched, spent) {
            let piece = (pause(board, watched, spent) - waited).min(LOOK);
            system.sleep(piece);
            waited += piece;
        }
    }
}

/// Who watches makes a question take no more than a quarter of the time: where
/// it is slow, in the middle of a failover, it is asked more seldom.
fn pause(board: &Board, watched: Duration, spent: Duration) -> Duration {
    if board.is_watched() { watched.max(spent * 4).min(board.interval) } else { board.interval }
}
