// SPDX-License-Identifier: Apache-2.0
//! The switch between the machines: it learns addresses, floods broadcasts,
//! and cuts, delays or loses what it is told to, each direction by itself.
//!
//! `packet` reads and writes frames, `fabric` decides where a frame goes,
//! `gateway` speaks for the BMCs, `protocol` is what the outside may ask,
//! and [`service`] moves the frames.

pub(crate) mod fabric;
pub(crate) mod gateway;
pub(crate) mod packet;
pub mod protocol;
pub(crate) mod queue;
pub mod service;
