# SPDX-License-Identifier: Apache-2.0
"""A controller in namespaces of its own: Debian's slurmctld with 1,000 nodes and 20,000 jobs,
and scripts in the place of everything else that the exporter asks."""

import os
import pathlib
import re
import shutil
import subprocess
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OBSERVED = REPOSITORY / "crates/core/tests/fixtures/observe"
SITE = REPOSITORY / "examples/lab/site.toml"

NAME, ADDRESS, VIP = "ctl1", "10.77.0.11", "10.77.0.10"
NODES, DRAINED, ARRAYS, TASKS = 1_000, 20, 20, 1_000
STATE = pathlib.Path("/run/slurm-state")

# Cloud nodes: without a slurmd, and yet idle (powered down) and not down. PrivateData=cloud
# makes them visible. With MaxArraySize 1001 the largest array index is 1000.
SLURM_CONF = f"""\
ClusterName=bench
SlurmctldHost={NAME}({VIP})
SlurmUser=root
StateSaveLocation={STATE}
SlurmctldPidFile=/run/slurmctld.pid
AuthType=auth/munge
MessageTimeout=30
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ProctrackType=proctrack/pgid
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
DefMemPerCPU=400
MaxJobCount=100000
MaxArraySize=1001
PrivateData=cloud
SuspendProgram=/bin/true
ResumeProgram=/bin/true
SuspendTime=300
SlurmctldDebug=error
NodeName=cn[1-{NODES}] CPUs=64 RealMemory=256000 State=CLOUD
PartitionName=main Nodes=ALL Default=YES MaxTime=1-00:00:00 State=UP
"""

# What the exporter asks beside Slurm, and what it is told.
SCRIPTS = {
    "crm_mon": OBSERVED / "crm_mon-healthy.xml",
    "corosync-quorumtool": OBSERVED / "quorumtool-all-votes.txt",
    "corosync-cmapctl": OBSERVED / "knet-connected.txt",
    # The active controller's side.
    "drbdsetup": (OBSERVED / "drbd-84-in-sync.txt").read_text().replace("role:Secondary", "role:Primary", 1),
    "sacctmgr": "bench\n",
    "mariadb": "1\n",
}


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def prepare(work):
    """The machine, seen from inside."""
    etc, scripts = work / "etc", work / "scripts"
    for directory in (etc / "slurm", etc / "munge", scripts):
        directory.mkdir(parents=True)
    (etc / "slurm/slurm.conf").write_text(SLURM_CONF)
    key = etc / "munge/munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    for name, told in SCRIPTS.items():
        if isinstance(told, str):
            told, text = scripts / f"{name}.told", told
            told.write_text(text)
        script = scripts / name
        script.write_text(f"#!/bin/sh\nexec cat {told}\n")
        script.chmod(0o755)
    for lower, place in ((work / "root/usr", "/usr"), (etc, "/etc")):
        run("mount", "-t", "overlay", "-o", f"lowerdir={lower}:{place}", "overlay", place)
    run("mount", "--bind", scripts, "/usr/local/sbin")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.mkdir("/run/munge", 0o755)
    run("hostname", NAME)
    run("ip", "link", "set", "lo", "up")
    for address in (ADDRESS, VIP):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")


def start(work, kept):
    """munged, and slurmctld with its nodes and jobs, whose process is returned. Jobs that were made
    once are kept for the next time."""
    log = work / "daemons.log"
    start_daemon(log, ["munge", "--no-input"], [
        "/usr/sbin/munged", "--foreground", "--force", f"--origin={ADDRESS}", f"--log-file={work}/munged.log",
        "--pid-file=/run/munge/munged.pid", f"--seed-file={work}/seed"])
    start_slurmctld = lambda: start_daemon(log, ["scontrol", "ping"], ["/usr/sbin/slurmctld-wlm", "-D"])
    if not kept.exists():
        STATE.mkdir()
        slurmctld = start_slurmctld()
        make_jobs()
        slurmctld.terminate()
        slurmctld.wait()
        shutil.copytree(STATE, kept.with_suffix(".new"))
        kept.with_suffix(".new").rename(kept)
        shutil.rmtree(STATE)
    shutil.copytree(kept, STATE)
    slurmctld = start_slurmctld()
    records = len(run("squeue", "--noheader", "--format", "%A").splitlines())
    nodes = len(set(run("sinfo", "--noheader", "--Node", "--format", "%N").split()))
    if (records, nodes) != (ARRAYS * TASKS, NODES):
        raise SystemExit(f"slurmctld has {records} jobs and {nodes} nodes, not {ARRAYS * TASKS} and {NODES}: "
                         f"remove {kept}, which is made again")
    return slurmctld


def start_daemon(log, question, command):
    """Started, and answering."""
    with open(log, "a") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=output)
    for _ in range(100):
        if subprocess.run(question, capture_output=True).returncode == 0:
            return daemon
        time.sleep(0.2)
    raise SystemExit(f"{command[0]} does not answer `{' '.join(question)}`:\n{log.read_text()}")


def make_jobs():
    """20,000 held jobs, a record for each: an array is one record until somebody changes one of
    its tasks, which takes that one out of it. A comment leaves them held."""
    for _ in range(ARRAYS):
        run("sbatch", "--quiet", f"--array=0-{TASKS - 1}", "--hold", "--output=/dev/null", "--wrap", "true")
    arrays = [int(word) for word in run("squeue", "--noheader", "--format", "%F").split()]
    updates = "".join(f"update JobId={array}_{task} Comment=bench\n" for array in arrays for task in range(1, TASKS))
    run("scontrol", input=updates)
    run("scontrol", "update", f"NodeName=cn[1-{DRAINED}]", "State=drain", "Reason=bench")


def requests():
    """What slurmctld was asked since its start, by type: how often, and how long it took, in
    microseconds. The question itself counts in the next answer."""
    told = run("sdiag").split("statistics by message type")[1].split("statistics by user")[0]
    found = re.findall(r"(\w+)\s*\(\s*\d+\) count:(\d+)\s+ave_time:\d+\s+total_time:(\d+)", told)
    return {name: (int(count), int(spent)) for name, count, spent in found}
