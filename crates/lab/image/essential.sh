#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs before the packages of packages.txt are unpacked; $1 is the root.
set -eu
root=$1

# The machines boot with an initial file system of their own (initrd.sh); the
# distribution's is built all the same, so let it be small.
mkdir -p "$root/etc/initramfs-tools/conf.d"
echo 'MODULES=list' >"$root/etc/initramfs-tools/conf.d/slurmha-lab"
