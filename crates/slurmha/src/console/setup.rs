// SPDX-License-Identifier: Apache-2.0
//! How a console is put together, by the command and by its tests.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use slurmha_core::console::Memory;
use slurmha_core::site::Site;
use slurmha_host::System;
use tokio::sync::watch;

use super::actions::Actions;
use super::feed::Seats;
use super::history::History;
use super::hub::{Hub, Shown};
use super::login::Login;
use super::plots::Plots;
use super::server::{Console, pages};
use crate::web::{self, Encryption};

/// What a console is made of.
pub struct Setup {
    pub system: Arc<dyn System + Send + Sync>,
    pub site: Site,
    /// Who may look.
    pub user: Arc<str>,
    pub login: Login,
    /// What has happened, and where that is kept.
    pub history: History,
    pub memory: Memory,
    /// Where the controllers' exporters answer.
    pub exporters: [SocketAddr; 2],
    /// Where Prometheus answers.
    pub prometheus: Vec<SocketAddr>,
    /// Socket of the helper; without it nothing can be done from the page.
    pub helper: Option<PathBuf>,
}

impl Setup {
    /// Listens to the exporters and answers browsers, for as long as this
    /// process lives.
    ///
    /// # Errors
    /// When the system refuses what a server needs before the first connection.
    pub fn serve(self, listener: TcpListener, encryption: Encryption) -> io::Result<()> {
        let Self { system, site, user, login, history, memory, exporters, prometheus, helper } =
            self;
        let site = Arc::new(site);
        let seats = Seats::new();
        let (show, shown) = watch::channel(Shown::default());
        let actions = helper.map(|socket| Arc::new(Actions::new(Arc::clone(&system), socket)));
        let acts = actions.is_some();
        let console = Console {
            login: Arc::new(login),
            plots: Arc::new(Plots::new(Arc::clone(&system), prometheus)),
            shown,
            seats: seats.clone(),
            site: Arc::clone(&site),
            user,
            actions,
        };
        let hub = Hub { site, system, memory, history: Some(history), seats, acts };
        web::runtime()?.block_on(async {
            tokio::spawn(hub.run(exporters, show));
            web::serve(listener, pages(console), Some(encryption.acceptor)).await
        })
    }
}
