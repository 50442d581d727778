// SPDX-License-Identifier: Apache-2.0
//! How a terminal's master gets from the process that is root to the one that is the
//! user: as a descriptor beside a byte (`SCM_RIGHTS`, unix(7)).

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// How long an answer may take: a directory server may be asked for the account.
const LIMIT: Duration = Duration::from_secs(20);
/// Comes with the descriptor.
const GIVEN: u8 = b'+';
/// Comes before a reason.
const REFUSED: u8 = b'-';
/// The longest reason, in bytes.
const LONGEST_REASON: u64 = 1024;

/// Gives the descriptor to who is connected.
pub fn hand_over(asker: &UnixStream, terminal: BorrowedFd<'_>) -> io::Result<()> {
    let descriptors = [terminal];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !beside.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(asker, &[IoSlice::new(&[GIVEN])], &mut beside, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Gives a reason instead.
pub fn refuse(mut asker: &UnixStream, why: &str) -> io::Result<()> {
    asker.write_all(&[REFUSED])?;
    asker.write_all(why.as_bytes())
}

/// Asks for a terminal: its master, or why there is none.
///
/// # Errors
/// When nobody answers there: the site allows no terminals, or the machine has trouble.
pub fn knock(socket: &Path) -> io::Result<Result<OwnedFd, String>> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(LIMIT))?;
    let mut first = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = recvmsg(&stream, &mut [IoSliceMut::new(&mut first)], &mut beside, flags)?;
    let descriptors = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    match (descriptors.flatten().next(), first) {
        (Some(terminal), [GIVEN]) => Ok(Ok(terminal)),
        (None, [REFUSED]) if received.bytes == 1 => {
            let mut why = String::new();
            stream.take(LONGEST_REASON).read_to_string(&mut why)?;
            Ok(Err(why))
        }
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
