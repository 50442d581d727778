#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The other way: a highly available Slurm as it is typed by hand from the
# usual recipe, with every value that the recipe does not name left at its
# default. Usage: recipe.sh SSH_CONFIG, with the bare machines of a lab up.
#
#   install pacemaker corosync pcs drbd-utils mariadb-server slurm-wlm
#   pcs cluster auth, setup, start; DRBD; mkfs and mount; resources:
#   DRBD -> Filesystem -> MariaDB -> slurmdbd -> slurmctld -> VIP
#
# Where the recipe is silent it gets what is kind to it: Slurm's external-HA
# form of SlurmctldHost (two lines would add SlurmctldTimeout to a failover),
# the replication link for DRBD, and accounting by way of localhost (by way of
# the VIP, which comes last, slurmctld would never start for the first time).
set -eu
config=$1
controllers="ctl1 ctl2"
everywhere="ctl1 ctl2 login1 cn1 cn2"
vip=10.77.0.10
password=changeme

on() { ssh -F "$config" -o BatchMode=yes "$@"; }

# on_all "MACHINES" COMMAND: at the same time; standard input goes to each.
on_all() {
    machines=$1
    shift
    input=$(mktemp)
    cat >"$input"
    jobs=""
    for machine in $machines; do
        on "$machine" "$@" <"$input" &
        jobs="$jobs $!"
    done
    for job in $jobs; do wait "$job" || failed=yes; done
    rm "$input"
    [ -z "${failed:-}" ] || { echo "recipe.sh: on $machines failed: $*" >&2; exit 1; }
}

say() { echo "recipe: $*" >&2; }

# --- What every Slurm cluster has: one munge key, one slurm.conf -----------

say "munge and slurm.conf everywhere"
on ctl1 cat /etc/munge/munge.key | on_all "$everywhere" \
    'cat >/etc/munge/munge.key && systemctl enable --quiet munge && systemctl restart munge'

slurm_conf() { # $1: where clients ask for accounting
    cat <<EOF
ClusterName=lab
SlurmctldHost=ctl1,ctl2($vip)
SlurmUser=slurm
StateSaveLocation=/var/spool/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
AuthType=auth/munge
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$1
ReturnToService=2
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=400
MpiDefault=none
NodeName=cn[1-2] NodeAddr=10.77.0.[21-22] CPUs=1 RealMemory=400 State=UNKNOWN
PartitionName=main Nodes=cn[1-2] Default=YES MaxTime=1-00:00:00 State=UP
EOF
}
slurm_conf localhost | on_all "$controllers cn1 cn2" 'cat >/etc/slurm/slurm.conf'
slurm_conf $vip | on_all login1 'cat >/etc/slurm/slurm.conf'

on_all "$controllers" 'umask 077 && cat >/etc/slurm/slurmdbd.conf &&
    chown slurm:slurm /etc/slurm/slurmdbd.conf' <<EOF
AuthType=auth/munge
DbdHost=localhost
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=$password
EOF

on_all "$controllers" 'mkdir -p /var/spool/slurm && cat >/etc/mysql/mariadb.conf.d/99-drbd.cnf' <<EOF
[mariadbd]
datadir = /var/spool/slurm/mysql
EOF

# --- 3. Configure Corosync Cluster -----------------------------------------

say "pcs: auth, setup, start"
# Debian's sample corosync.conf makes pcs take the machine for a cluster's.
# pcsd takes long on an emulated machine: 90 s for its start, and then 60 s for
# a request, can be too few; hence the limits, and the repetition.
on_all "$controllers" "rm -f /etc/corosync/corosync.conf
    echo hacluster:$password | chpasswd
    for unit in pcsd pcsd-ruby; do
        mkdir -p /run/systemd/system/\$unit.service.d
        printf '[Service]\\nTimeoutStartSec=600\\n' >/run/systemd/system/\$unit.service.d/slow.conf
    done
    sed -i 's/^default_request_timeout = .*/default_request_timeout = 600/' \
        /usr/lib/python3/dist-packages/pcs/settings.py
    systemctl daemon-reload && systemctl enable --quiet --now pcsd" </dev/null
on ctl1 "pcs host auth ctl1 ctl2 -u hacluster -p $password"
on ctl1 "for try in 1 2 3 4 5; do pcs cluster setup SlurmHA ctl1 ctl2 --force && exit; done; exit 1"
on ctl1 "pcs cluster start --all --wait=300"

# --- 4. Configure DRBD ------------------------------------------------------

say "DRBD"
on_all "$controllers" 'cat >/etc/drbd.d/slurm_data.res
    sed -i "s/usage-count yes/usage-count no/" /etc/drbd.d/global_common.conf
    modprobe drbd && drbdadm create-md --force slurm_data && drbdadm up slurm_data' <<EOF
resource slurm_data {
    net { protocol C; }
    device /dev/drbd0;
    disk /dev/vdb;
    meta-disk internal;
    on ctl1 { address 10.77.1.11:7789; }
    on ctl2 { address 10.77.1.12:7789; }
}
EOF
on ctl1 drbdadm primary --force slurm_data

# --- 5. Filesystem Setup ----------------------------------------------------

say "file system, database, accounting"
on ctl1 "mkfs.ext4 -q /dev/drbd0 && mount /dev/drbd0 /var/spool/slurm &&
    install -d -o slurm -g slurm /var/spool/slurm/slurmctld &&
    cp -a /var/lib/mysql /var/spool/slurm/mysql && systemctl start mariadb &&
    mariadb -e \"CREATE DATABASE slurm_acct_db;
        CREATE USER slurm@localhost IDENTIFIED BY '$password';
        GRANT ALL ON slurm_acct_db.* TO slurm@localhost\" &&
    systemctl start slurmdbd"
# slurmdbd makes its tables, which takes a while.
on ctl1 'for try in $(seq 60); do
        sacctmgr --immediate add cluster lab && break; sleep 2
    done && systemctl stop slurmdbd mariadb && umount /var/spool/slurm && drbdadm secondary slurm_data'
on_all "$controllers" 'systemctl disable --quiet drbd mariadb slurmdbd slurmctld' </dev/null

# --- 6. Create Pacemaker Resources, 7. Resource Group -----------------------

say "resources"
on ctl1 "set -e
    pcs property set stonith-enabled=false
    pcs resource create slurm_data_res ocf:linbit:drbd drbd_resource=slurm_data \
        promotable promoted-max=1 promoted-node-max=1 clone-max=2 clone-node-max=1 notify=true
    pcs resource create slurm_fs Filesystem device=/dev/drbd0 directory=/var/spool/slurm \
        fstype=ext4 --group slurm
    pcs constraint colocation add slurm with Promoted slurm_data_res-clone INFINITY
    pcs constraint order promote slurm_data_res-clone then start slurm
    pcs resource create mariadb systemd:mariadb --group slurm
    pcs resource create slurmdbd_res systemd:slurmdbd --group slurm
    pcs resource create slurm_ctld_res systemd:slurmctld --group slurm
    pcs resource create virtual_ip ocf:heartbeat:IPaddr2 ip=$vip cidr_netmask=24 --group slurm"

say "compute nodes"
on_all "cn1 cn2" 'mkdir -p /var/lib/slurm/slurmd && systemctl enable --quiet --now slurmd' </dev/null

say "waiting until both nodes are idle and DRBD has everything twice"
on login1 'for try in $(seq 100); do
        [ "$(sinfo --noheader --format=%T%D 2>/dev/null)" = idle2 ] && exit; sleep 3
    done; sinfo; exit 1'
on ctl1 'for try in $(seq 100); do
        grep -q ds:UpToDate/UpToDate /proc/drbd && exit; sleep 3
    done; cat /proc/drbd; exit 1'
say "done"
