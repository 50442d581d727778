// SPDX-License-Identifier: Apache-2.0
//! What a scene is made of.

/// What is played at the same time.
pub struct Batch {
    /// Whether Pacemaker only looks on, because it would mend what a hand breaks.
    pub is_looked_on: bool,
    /// In their order; they are put right in the opposite one.
    pub scenes: &'static [Scene],
}

/// Something that goes wrong, and how it is put right.
pub struct Scene {
    /// What happens, for the table.
    pub name: &'static str,
    /// In their order.
    pub wrong: &'static [Act],
    /// In their order.
    pub right: &'static [Act],
    /// The alerts that this has to raise.
    pub raises: &'static [Raised],
}

/// Something that is done.
pub enum Act {
    /// A command for a machine's shell. `{active}`, `{passive}` and `{vip}` are
    /// filled in.
    On(Who, &'static str),
    /// `slurmha lab …` with the same words filled in.
    Lab(&'static [&'static str]),
}

/// A machine, by what it is when the scene begins.
#[derive(Clone, Copy)]
pub enum Who {
    Active,
    Passive,
    /// Login node, arbiter and monitoring host.
    Login,
}

/// What becomes of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives where people are told, and so does its end.
    Told,
    /// It arrives; its end comes when time has passed, later than is waited for.
    Lasting,
    /// It fires, and another one that explains it is told instead.
    Explained,
    /// It fires, and who should pass it on is what is broken.
    Unheard,
}

/// An alert that a scene has to raise.
pub struct Raised {
    pub alert: &'static str,
    pub fate: Fate,
}

pub const fn told(alert: &'static str) -> Raised {
    Raised { alert, fate: Fate::Told }
}

pub const fn lasting(alert: &'static str) -> Raised {
    Raised { alert, fate: Fate::Lasting }
}

pub const fn explained(alert: &'static str) -> Raised {
    Raised { alert, fate: Fate::Explained }
}

pub const fn unheard(alert: &'static str) -> Raised {
    Raised { alert, fate: Fate::Unheard }
}
