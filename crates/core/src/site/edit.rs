// SPDX-License-Identifier: Apache-2.0
//! Changes of the site file that a command makes: comments and layout stay.

use thiserror::Error;
use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value,
};

use super::model::{Peer, Vpn};
use super::reader::Text as _;
use super::value::PeerName;
use crate::wireguard::PublicKey;

/// Why the site file was not changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The name cannot be one.
    #[error("{message}")]
    Name {
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// Another peer has the name.
    #[error("there is a peer {0} already")]
    NameTaken(String),
    /// Another peer has the key.
    #[error("the peer {0} has this key already")]
    KeyTaken(String),
    /// Every address is given out.
    #[error("the VPN's network {0} has no free address")]
    NoAddress(ipnet::Ipv4Net),
    /// There is no such peer.
    #[error("there is no peer {0:?} in the site file")]
    NoPeer(String),
    /// The file has the table in a form that cannot be changed in place.
    #[error("[[vpn.peer]] of the site file cannot be changed by a program")]
    Form,
}

/// A new peer with the lowest free address.
///
/// # Errors
/// When the name cannot be one, or name or key are another peer's.
pub fn new_peer(vpn: &Vpn, name: &str, public_key: PublicKey) -> Result<Peer, EditError> {
    let name = PeerName::parse(name)
        .map_err(|fault| EditError::Name { message: fault.message, help: fault.help })?
        .0;
    if vpn.peers.iter().any(|peer| peer.name == name) {
        return Err(EditError::NameTaken(name));
    }
    if let Some(holder) = vpn.peers.iter().find(|peer| peer.public_key == public_key) {
        return Err(EditError::KeyTaken(holder.name.clone()));
    }
    let address = vpn.free_address().ok_or(EditError::NoAddress(vpn.network))?;
    Ok(Peer { name, public_key, address })
}

/// The text of a valid site file with the peer behind the others.
///
/// # Errors
/// When the file has its peers in a form that cannot be changed.
pub fn add_peer(text: &str, peer: &Peer) -> Result<String, EditError> {
    let mut document: DocumentMut = text.parse().map_err(|_| EditError::Form)?;
    let vpn = vpn(&mut document)?;
    let is_empty_list = vpn.get("peer").and_then(Item::as_array).is_some_and(Array::is_empty);
    if is_empty_list {
        vpn.remove("peer");
    }
    let new = || Item::ArrayOfTables(ArrayOfTables::new());
    match vpn.entry("peer").or_insert_with(new) {
        Item::ArrayOfTables(tables) => {
            let mut table = Table::new();
            fill(&mut table, peer);
            tables.push(table);
        }
        Item::Value(Value::Array(array)) => {
            let mut table = InlineTable::new();
            fill(&mut table, peer);
            array.push(table);
        }
        _ => return Err(EditError::Form),
    }
    Ok(document.to_string())
}

/// The text of a valid site file without the peer of that name, and the
/// comments right above it.
///
/// # Errors
/// When there is no such peer.
pub fn remove_peer(text: &str, name: &str) -> Result<String, EditError> {
    let absent = || EditError::NoPeer(name.to_owned());
    let mut document: DocumentMut = text.parse().map_err(|_| EditError::Form)?;
    let peers = vpn(&mut document)?.get_mut("peer").ok_or_else(absent)?;
    let has_name = |table: &dyn TableLike| table.get("name").and_then(Item::as_str) == Some(name);
    match peers {
        Item::ArrayOfTables(tables) => {
            let index = tables.iter().position(|table| has_name(table)).ok_or_else(absent)?;
            tables.remove(index);
        }
        Item::Value(Value::Array(array)) => {
            let is_it =
                |value: &Value| value.as_inline_table().is_some_and(|table| has_name(table));
            let index = array.iter().position(is_it).ok_or_else(absent)?;
            array.remove(index);
        }
        _ => return Err(EditError::Form),
    }
    Ok(document.to_string())
}

fn vpn(document: &mut DocumentMut) -> Result<&mut dyn TableLike, EditError> {
    document.get_mut("vpn").and_then(Item::as_table_like_mut).ok_or(EditError::Form)
}

fn fill(table: &mut dyn TableLike, peer: &Peer) {
    table.insert("name", value(&peer.name));
    table.insert("public_key", value(peer.public_key.as_str()));
    table.insert("address", value(peer.address.to_string()));
}

#[cfg(test)]
mod tests;
