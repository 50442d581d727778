# SPDX-License-Identifier: Apache-2.0
"""Measures `slurmha exporter` on the controller of controller.py; bench/exporter/run calls it."""

import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import threading
import time

import controller

INTERVAL = 15
# In so many seconds every question of a calm cluster is asked as often as in any other.
PHASE = 4 * INTERVAL
PORT = 9817
TICK = 1 / os.sysconf("SC_CLK_TCK")

# What another exporter of Slurm asks at each scrape for what slurmha's tells, all at once: queue.go,
# nodes.go and scheduler.go of vpenso/prometheus-slurm-exporter, which starts seven programs more for what
# slurmha's does not tell. Only its programs are counted, as if itself cost nothing.
ASKED_AT_A_SCRAPE = [
    ["squeue", "-a", "-r", "-h", "-o %A,%T,%r", "--states=all"],
    ["sinfo", "-h", "-o %D,%T"],
    ["sdiag"],
]


def processor_time(pid):
    """Of the process and of its children that have ended, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    user, system, of_children, system_of_children = (int(field) * TICK for field in fields[11:15])
    return user + system, of_children + system_of_children


def memory(pid):
    """Resident now and at most, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) / 1024 for name in ("VmRSS", "VmHWM"))


def go_first(task=0):
    """Before whatever else runs on this machine, so that its load is not measured; programs that are
    started from there do not."""
    os.sched_setscheduler(task, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(10))


def scrape():
    connection = http.client.HTTPConnection(controller.ADDRESS, PORT, timeout=30)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    return text


def ask_slurm():
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in ASKED_AT_A_SCRAPE]
    assert all(program.wait() == 0 for program in running)


def phase(name, slurmctld, exporter, scrapers, pause, ask):
    """So many scrapers for as long as a phase takes, each again and again with a pause."""
    took, failed, end = [], [], time.monotonic() + PHASE

    def scraper(nth):
        go_first()
        time.sleep(pause * nth / scrapers)
        while (began := time.monotonic()) < end:
            try:
                ask()
            except Exception as error:
                failed.append(error)
                return
            took.append((time.monotonic() - began) * 1000)
            time.sleep(max(0, min(began + pause, end) - time.monotonic()))

    late = []

    def idler():
        """What a thread that does nothing is late by on this machine, at that time."""
        go_first()
        while (began := time.monotonic()) < end - 1:
            time.sleep(0.05)
            late.append((time.monotonic() - began - 0.05) * 1000)

    requests, theirs = controller.requests(), processor_time(slurmctld)[0]
    own, children = processor_time(exporter or os.getpid())
    threads = [threading.Thread(target=scraper, args=(nth,)) for nth in range(scrapers)]
    threads.append(threading.Thread(target=idler))
    [thread.start() for thread in threads]
    time.sleep(max(0, end - time.monotonic()))
    [thread.join() for thread in threads]
    if failed:
        raise SystemExit(f"{name}: {failed[0]!r}")
    own_after, children_after = processor_time(exporter or os.getpid())
    theirs_after, requests_after = processor_time(slurmctld)[0], controller.requests()
    asked = {
        rpc: count - requests.get(rpc, (0, 0))[0] - (rpc == "REQUEST_STATS_INFO")
        for rpc, (count, _) in requests_after.items()}
    served = {rpc: (spent - requests.get(rpc, (0, 0))[1]) / 1000 for rpc, (_, spent) in requests_after.items()}
    rounds = PHASE / INTERVAL
    result = {
        "name": name, "scrapes": len(took),
        "took_ms": spread(took), "idler_late_ms": spread(late), "load": os.getloadavg()[0],
        "own_ms": (own_after - own) * 1000, "programs_ms": (children_after - children) * 1000,
        "slurmctld_ms": (theirs_after - theirs) * 1000,
        "asked": {rpc: {"times": count / rounds, "ms": served[rpc] / rounds} for rpc, count in asked.items() if count},
    }
    show(result, rounds, bool(exporter))
    return result


def spread(times):
    """Median, the time that 99 % keep, and the worst."""
    ordered = sorted(times) or [float("nan")]
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], ordered[-1]


def show(result, rounds, is_slurmha):
    print(f"\n{result['name']} (load {result['load']:.1f}):")
    words = "median {:.2f} ms, 99 % within {:.2f} ms, worst {:.2f} ms"
    if result["scrapes"]:
        print(f"  {result['scrapes']} scrapes, {words.format(*result['took_ms'])}")
    print(f"  a thread that does nothing is late by: {words.format(*result['idler_late_ms'])}")
    if is_slurmha:
        print(f"  processor per interval: itself {result['own_ms'] / rounds:.1f} ms, "
              f"its programs {result['programs_ms'] / rounds:.1f} ms")
    elif result["scrapes"]:
        print(f"  processor per interval: its programs {result['programs_ms'] / rounds:.1f} ms")
    print(f"  slurmctld per interval: {result['slurmctld_ms'] / rounds:.1f} ms of processor; requests:")
    for rpc, asked in sorted(result["asked"].items()):
        print(f"    {rpc} {asked['times']:g}, {asked['ms']:.2f} ms", flush=True)


def compare_costs(nobody, one, ten, asking):
    """All the processor time of an interval, slurmctld's for it included, when each scraper scrapes once."""
    rounds = PHASE / INTERVAL
    scrape_ms = (ten["own_ms"] - one["own_ms"]) / (ten["scrapes"] - one["scrapes"])
    by_itself = (one["own_ms"] - one["scrapes"] * scrape_ms + (one["programs_ms"] + ten["programs_ms"]) / 2
                 + max(0, (one["slurmctld_ms"] + ten["slurmctld_ms"]) / 2 - nobody["slurmctld_ms"])) / rounds
    print(f"\nslurmha: {by_itself:.1f} ms of processor an interval and {scrape_ms:.2f} ms a scrape")
    costs = []
    for scrapers, other in asking:
        theirs = (other["programs_ms"] + other["slurmctld_ms"] - nobody["slurmctld_ms"]) / other["scrapes"] * scrapers
        own = by_itself + scrapers * scrape_ms
        print(f"scrapers, once an interval each: {scrapers}: slurmha {own:.0f} ms of processor an interval, "
              f"asking at each scrape {theirs:.0f} ms: 1/{theirs / own:.0f}")
        costs.append({"scrapers": scrapers, "slurmha_ms": own, "asking_ms": theirs})
    return costs


def cost(command, times=20):
    """Processor time of one run in ms, and the most memory in MiB."""
    spent, most = 0.0, 0
    for _ in range(times):
        program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = status
        spent, most = spent + usage.ru_utime + usage.ru_stime, max(most, usage.ru_maxrss)
    return {"command": " ".join(command), "ms": spent * 1000 / times, "mib": most / 1024}


def series(text):
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def wait_until(told, what, exporter):
    """Until a scrape tells that, and half an interval more, so that no round is at the edge of a phase."""
    for _ in range(6 * PHASE):
        time.sleep(0.25)
        if exporter.poll() is not None:
            raise SystemExit("slurmha exporter has ended")
        try:
            if told(series(scrape())):
                return time.sleep(INTERVAL / 2)
        except OSError:
            continue
    raise SystemExit(f"the exporter does not tell {what}:\n{scrape()}")


def compare(text):
    """The same from Slurm's own programs: what slurmha tells and what they say, and whether that is equal."""
    told = series(text)
    states = {}
    for word in controller.run("sinfo", "--noheader", "--Node", "--format", "%T").split():
        word = word.rstrip("~")
        states[word] = states.get(word, 0) + 1
    pending = len(controller.run("squeue", "-a", "-r", "-h", "--states=PENDING", "--format", "%A").splitlines())
    pairs = [(f'slurmha_slurm_nodes{{state="{state}"}}', count) for state, count in sorted(states.items())]
    pairs.append(('slurmha_slurm_jobs{state="pending"}', pending))
    rows = [{"series": name, "slurmha": told.get(name), "slurm": count} for name, count in pairs]
    print("\nvalues:")
    for row in rows:
        verdict = "equal" if row["slurmha"] == row["slurm"] else "DIFFERENT"
        print(f"  {row['series']}: slurmha {row['slurmha']}, Slurm's programs {row['slurm']}: {verdict}")
    return rows


def main(work, report):
    controller.prepare(work)
    slurmctld = controller.start(work, report.parent / "exporter-jobs")
    print(f"{time.strftime('%F %R', time.gmtime())} UTC, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"{controller.run('sdiag', '--version').strip()}, {controller.NODES} nodes, "
          f"{controller.ARRAYS * controller.TASKS} jobs")
    results = [nobody := phase("nobody asks", slurmctld.pid, None, 0, 1, None)]
    exporter = subprocess.Popen([
        work / "slurmha", "exporter", "--listen", f"{controller.ADDRESS}:{PORT}",
        "--interval", str(INTERVAL), "--site", controller.SITE])
    idle = controller.NODES - controller.DRAINED
    wait_until(lambda told: told.get('slurmha_slurm_nodes{state="idle"}') == idle, "of the idle nodes", exporter)
    for task in os.listdir(f"/proc/{exporter.pid}/task"):
        go_first(int(task))
    for scrapers in (1, 10):
        name = f"slurmha exporter, scrapers that ask four times a second: {scrapers}"
        results.append(phase(name, slurmctld.pid, exporter.pid, scrapers, 0.25, scrape))
    one, ten = results[-2:]
    controller.run("scontrol", "update", "NodeName=cn[101-200]", "State=down", "Reason=bench")
    wait_until(lambda told: told['slurmha_slurm_nodes{state="down"}'] == 100, "of the nodes that are down", exporter)
    results.append(phase("the same with a tenth of the nodes down, so that they are looked at in every round: 1",
                         slurmctld.pid, exporter.pid, 1, 0.25, scrape))
    resident, most = memory(exporter.pid)
    print(f"\nslurmha exporter: {resident:.1f} MiB resident, {most:.1f} MiB at most; "
          f"a scrape is {len(scrape().encode())} bytes")
    values = compare(scrape())
    exporter.terminate()
    exporter.wait()
    for scrapers in (1, 10):
        name = f"asking Slurm at each scrape, scrapers that ask every {INTERVAL} s: {scrapers}"
        results.append(phase(name, slurmctld.pid, None, scrapers, INTERVAL, ask_slurm))
    costs = compare_costs(nobody, one, ten, [(1, results[-2]), (10, results[-1])])
    programs = [cost(command) for command in (
        ["sdiag"], ["sinfo", "--noheader", "--Node", "--format", "%N %T"], *ASKED_AT_A_SCRAPE[:2])]
    print("\none run of:")
    for program in programs:
        print(f"  {program['command']}: {program['ms']:.1f} ms of processor, {program['mib']:.1f} MiB")
    report.write_text(json.dumps({
        "phases": results, "costs": costs, "programs": programs, "values": values,
        "resident_mib": resident, "most_mib": most}, indent=1))


main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
