// SPDX-License-Identifier: Apache-2.0
//! The answer to one of the exporter's questions, and how it came about.

use std::time::Duration;

use jiff::Timestamp;

use crate::observe::{Health, Reading};

/// What a question is answered with. The default knows nothing.
pub trait Answer: Clone + Default {
    /// Why a part of it could not be read; `None` when all of it was.
    fn trouble(&self) -> Option<&str>;

    /// Whether nothing in it makes one want the next answer sooner than usual.
    fn is_calm(&self) -> bool {
        self.trouble().is_none()
    }
}

impl<T: Clone> Answer for Reading<T> {
    fn trouble(&self) -> Option<&str> {
        self.why()
    }
}

impl Answer for Health {
    fn trouble(&self) -> Option<&str> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Up | Self::Down(_) | Self::Elsewhere => None,
        }
    }

    fn is_calm(&self) -> bool {
        *self == Self::Up
    }
}

/// The last answer to a question that is asked again and again.
#[derive(Clone, Debug, Default)]
pub struct Collected<T> {
    /// The answer.
    pub answer: T,
    /// When all of an answer could be read last; `None` for never.
    pub last_success: Option<Timestamp>,
    /// How long the last answer took; `None` when there was none yet.
    pub duration: Option<Duration>,
}

impl<T: Answer> Collected<T> {
    /// The same with an answer that is too old to be told.
    pub fn outdated(&self) -> Self {
        Self { answer: T::default(), ..self.clone() }
    }
}
