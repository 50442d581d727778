// SPDX-License-Identifier: Apache-2.0
//! Where each panel stands on Grafana's grid.

use super::{Dashboard, Panel, Row};

/// Columns of Grafana's grid.
pub const COLUMNS: u8 = 24;
/// Lines that a heading takes.
pub const HEADING: u16 = 1;

/// A place on the grid, from its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Columns from the left.
    pub x: u8,
    /// Lines from the top.
    pub y: u16,
    /// Columns.
    pub width: u8,
    /// Lines.
    pub height: u16,
}

/// A heading or a panel at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Item {
    /// The heading of a row.
    Heading(&'static Row, Place),
    /// A panel.
    Panel(&'static Panel, Place),
}

impl Item {
    /// Where it stands.
    pub fn place(&self) -> Place {
        match self {
            Self::Heading(_, place) | Self::Panel(_, place) => *place,
        }
    }
}

/// Places everything: under each heading the panels from left to right, on a new
/// line where there is no room, each line as high as its highest panel.
pub fn place(dashboard: &Dashboard) -> Vec<Item> {
    let mut items = Vec::new();
    let mut y = 0;
    for row in dashboard.rows {
        items.push(Item::Heading(row, Place { x: 0, y, width: COLUMNS, height: HEADING }));
        y = place_row(row, y + HEADING, &mut items);
    }
    items
}

/// Places a row's panels below `top`, and says where the next row begins.
fn place_row(row: &'static Row, top: u16, items: &mut Vec<Item>) -> u16 {
    let (mut x, mut y, mut tallest) = (0, top, 0);
    for panel in row.panels {
        let height = u16::from(panel.height);
        if x + panel.width > COLUMNS {
            y += tallest;
            (x, tallest) = (0, 0);
        }
        items.push(Item::Panel(panel, Place { x, y, width: panel.width, height }));
        x += panel.width;
        tallest = tallest.max(height);
    }
    y + tallest
}

/// Lines that a dashboard takes.
pub fn height(items: &[Item]) -> u16 {
    items.iter().map(Item::place).map(|place| place.y + place.height).max().unwrap_or_default()
}
