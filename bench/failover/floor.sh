# SPDX-License-Identifier: Apache-2.0
# The floor: what the parts of a failover take when somebody who knows what is
# to be done does it by hand on slurmha's machines, without a cluster manager
# and without looking whether it is right. Sent to `sh -s FUNCTION ARGUMENTS`
# on a controller; the last line is the seconds that it took there.
set -eu
vip=10.77.0.10

now() { date +%s.%N; }
took() { echo "$1 $(now)" | awk '{ print $2 - $1 }'; }
answers() { scontrol ping | grep -q 'is UP'; }

# Nobody but us: Pacemaker leaves in maintenance mode, so that everything goes
# on running; nobody is told when a daemon ends; DRBD no longer asks whether a
# lost peer is fenced.
maintenance() { crm_attribute --quiet --name maintenance-mode --update true; }
alone() {
    systemctl stop slurmha-watch pacemaker corosync
    for daemon in slurmctld slurmdbd mariadb; do
        systemctl mask --runtime --quiet slurmha-failed@$daemon slurmha-ended@$daemon
    done
    sed -i 's/fencing .*;/fencing dont-care;/' /etc/drbd.d/slurm_data.res
    drbdadm adjust slurm_data
}

restart_slurmctld() {
    pid=$(systemctl show --property MainPID --value slurmctld)
    kill -9 "$pid"
    while [ -e "/proc/$pid" ]; do :; done
    while [ "$(systemctl is-active slurmctld)" = active ]; do :; done
    begin=$(now)
    start_slurmctld
    took "$begin"
}

start_slurmctld() {
    systemctl start slurmctld
    until answers; do :; done
}

give_up() {
    begin=$(now)
    systemctl stop slurmctld
    systemctl stop slurmdbd mariadb
    umount /srv/slurmha/state /srv/slurmha/database
    ip address delete $vip/24 dev eth1
    drbdadm secondary slurm_data
    took "$begin"
}

take_over() {
    begin=$(now)
    drbdadm primary slurm_data
    mount -o noatime,nodelalloc,commit=1 /dev/drbd0 /srv/slurmha/state
    mount -o noatime /dev/drbd1 /srv/slurmha/database
    ip address add $vip/24 dev eth1
    arping -q -U -c 1 -I eth1 $vip
    start_slurmctld
    took "$begin"
}

# fence ADDRESS NAME: the power of NAME is proven to be off.
fence() {
    begin=$(now)
    fence_ipmilan --action=off --ip="$1" --username=admin --lanplus --cipher=3 --power-wait=0 \
        --password-script="/etc/slurmha/secrets/bmc-password-$2.sh" >/dev/null
    took "$begin"
}

"$@"
