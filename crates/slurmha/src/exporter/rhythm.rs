// SPDX-License-Identifier: Apache-2.0
//! When is asked: each question in a thread of its own, so that one that
//! hangs keeps no other from being asked.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::board::Board;
use super::question::{ACTIVE, EVERYWHERE, Question};

/// Between two looks whether this has become the active controller: what a
/// takeover adds to the time until the new one's Slurm is seen.
const LOOK: Duration = Duration::from_secs(1);

/// Asks for as long as this process lives; a thread that ends has failed.
pub fn keep_asking(board: &Arc<Board>) -> Vec<JoinHandle<()>> {
    let everywhere = EVERYWHERE.map(|question| {
        let board = Arc::clone(board);
        thread::spawn(move || repeat(&board, question, |_| true))
    });
    let active = ACTIVE.map(|question| {
        let board = Arc::clone(board);
        thread::spawn(move || repeat(&board, question, Board::is_active))
    });
    everywhere.into_iter().chain(active).collect()
}

/// Asks each question once.
pub fn ask_once(board: &Board) {
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

fn repeat(board: &Board, question: Question, is_wanted: fn(&Board) -> bool) {
    let system = &*board.system;
    loop {
        let began = system.elapsed();
        let pause = if is_wanted(board) {
            question(board);
            board.interval
        } else {
            LOOK
        };
        let spent = system.elapsed().saturating_sub(began);
        system.sleep(pause.saturating_sub(spent));
    }
}
