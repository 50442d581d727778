// SPDX-License-Identifier: Apache-2.0
//! MariaDB's settings on a controller.

use crate::config_file::ConfigFile;
use crate::layout::DATABASE_DIRECTORY;

/// Settings read after Debian's own (files of the directory are read in
/// alphabetical order).
///
/// - `skip-networking`: slurmdbd uses the socket, so nothing listens.
/// - `innodb_log_file_size` bounds the redo work after a crash.
/// - `innodb_flush_log_at_trx_commit=1`: anything else may lose committed
///   transactions at a power loss.
/// - lock wait, buffer pool and log size are above what slurmdbd complains
///   about (accounting_storage_mysql.c, `_check_database_variables`); pages
///   of the pool that are never used cost no memory.
pub fn render() -> ConfigFile {
    let text = format!(
        "{}[mariadbd]
datadir = {DATABASE_DIRECTORY}
skip-networking
skip-name-resolve
innodb_buffer_pool_size = 512M
innodb_buffer_pool_load_at_startup = OFF
innodb_buffer_pool_dump_at_shutdown = OFF
innodb_log_file_size = 64M
innodb_lock_wait_timeout = 900
innodb_flush_log_at_trx_commit = 1
innodb_flush_method = O_DIRECT
innodb_max_dirty_pages_pct_lwm = 5
max_allowed_packet = 16M
performance_schema = OFF
",
        super::header("#")
    );
    ConfigFile::new("/etc/mysql/mariadb.conf.d/90-slurmha.cnf", text)
}
