// SPDX-License-Identifier: Apache-2.0
//! What every daemon of ours does without.

/// Directives of systemd.exec(5) that stand in each of our units that does not have to be there
/// at once.
///
/// A unit adds behind it what it alone does without (`PrivateDevices`, `ProtectProc`), its
/// rights (`CapabilityBoundingSet`), and which addresses it may speak with: of several
/// `SystemCallFilter` the first says whether they allow or refuse. Not here, because one of them
/// needs it: `ProtectHome` (the portal's sessions read output there), `ProtectKernelTunables`
/// (the VPN switches forwarding on).
///
/// A call that the filter refuses fails like any other (`EPERM`), so that a program can say what
/// it was; by default the process would be killed.
pub const SANDBOX: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
";
