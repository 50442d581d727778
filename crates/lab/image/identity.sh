#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes this machine the one that the lab says it is. The archive behind
# fw_cfg is unpacked at the first boot only: what the administrator changes
# later must survive a restart.
set -eu
marker=/var/lib/slurmha-lab/identity

if [ ! -e "$marker" ]; then
    modprobe qemu_fw_cfg
    tar -x -C / -f /sys/firmware/qemu_fw_cfg/by_name/opt/org.slurmha.lab/identity/raw
    # A real installation gives every machine a munge key of its own; a shared
    # one would hide that slurmha has to distribute it.
    head -c 128 /dev/urandom >/etc/munge/munge.key
    chown munge:munge /etc/munge/munge.key
    chmod 600 /etc/munge/munge.key
    mkdir -p "${marker%/*}"
    : >"$marker"
fi
ip -batch /etc/slurmha-lab/network
