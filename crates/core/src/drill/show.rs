// SPDX-License-Identifier: Apache-2.0
//! Reports for people and for other programs.

mod campaign;
mod chart;
mod hastened;
mod html;
mod junit;
mod page;
mod text;

pub use campaign::{Campaign, Run, Summary, render_index, render_markdown};
pub use html::render_html;
pub use junit::render_junit;
pub use text::render_text;
