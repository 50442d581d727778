// SPDX-License-Identifier: Apache-2.0
// What a page cannot do alone: stay up to date, show output while it grows, and
// submit through a failover. Every word that it takes over is the server's, as text.

const byId = (id) => document.getElementById(id);
const LOOK = { "X-Slurmha-Look": "1" };
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Times in the clock of who reads them. */
function localise(root) {
  for (const it of root.querySelectorAll("time[datetime]")) {
    const at = new Date(it.dateTime);
    const isToday = at.toDateString() === new Date().toDateString();
    const date = isToday ? {} : { day: "numeric", month: "short" };
    it.textContent = at.toLocaleString([], { ...date, hour: "2-digit", minute: "2-digit", hour12: false });
    it.title = it.dateTime;
  }
}

// ---- What is live: the same page again, from which the marked parts are taken

const nameOf = (it) => it.id || it.getAttribute("href");

async function look() {
  const answer = await fetch(location.href, { headers: LOOK });
  if (answer.status === 401) { signedOut(); return; }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  localise(fresh);
  for (const old of document.querySelectorAll("[data-live]")) {
    const it = fresh.getElementById(old.id);
    if (!it || it.innerHTML === old.innerHTML) continue;
    // Somebody who is about to cancel is not disturbed.
    if (old.querySelector("details[open]")) continue;
    // What ticks changes alone, so that nothing else is read out again.
    const [ticks, fresher] = [old, it].map((part) => part.querySelector(".since"));
    if (ticks && fresher) { ticks.textContent = fresher.textContent; continue; }
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    old.replaceChildren(...it.childNodes);
    if (focused) [...old.querySelectorAll("a, [id]")].find((part) => nameOf(part) === focused)?.focus();
  }
}

/** A form keeps what is in it; every other page leads to the sign-in. */
function signedOut() {
  if (!form) location.replace("/login");
  else say("Your session has ended. What you have typed is kept: ", link("/login?then=submit", "sign in again"));
}

async function stayUpToDate(seconds) {
  for (;;) {
    await pause(seconds);
    if (document.hidden) continue;
    try { await look(); unreached(false); } catch { unreached(true); }
  }
}

/** The portal itself does not answer: that is all that is known then. */
function unreached(is) {
  const old = byId("unreached");
  if (!is) { old?.remove(); return; }
  if (old) return;
  const it = document.createElement("p");
  it.id = "unreached";
  it.className = "away";
  it.textContent = "The portal does not answer. Trying again; what you see is from before.";
  byId("banner").after(it);
}

// ---- Output while it grows

async function follow(it) {
  let next = Number(it.dataset.next);
  for (;;) {
    await pause(2);
    if (document.hidden) continue;
    try {
      const answer = await fetch(`${it.dataset.grows}&from=${next}`, { headers: { ...LOOK, Accept: "application/json" } });
      if (answer.status === 401) { signedOut(); return; }
      const told = await answer.json();
      // The job was started again, and its file with it (JobFileAppend, slurm.conf(5)).
      if (Number.isFinite(told.size) && told.size < next) { it.textContent = ""; next = 0; continue; }
      // There is a file, whatever was said before.
      if (Number.isFinite(told.size)) it.parentNode.querySelector(".empty")?.remove();
      if (!told.text) continue;
      const isAtEnd = it.scrollHeight - it.scrollTop - it.clientHeight < 40;
      it.append(told.text);
      next = told.next;
      if (isAtEnd) it.scrollTop = it.scrollHeight;
    } catch { /* said by the banner; asked again */ }
  }
}

// ---- The form: kept, and submitted exactly once

const form = document.querySelector("form.submit");
// Somebody else may sign in at the same browser.
const KEPT = `slurmha-form ${document.querySelector(".out span")?.textContent}`;

function link(href, text) {
  const it = document.createElement("a");
  it.href = href;
  it.textContent = text;
  return it;
}

function say(...words) {
  const line = document.createElement("p");
  line.append(...words);
  byId("told").replaceChildren(line);
}

const values = () => new URLSearchParams(new FormData(form));
const keep = () => sessionStorage.setItem(KEPT, values().toString());

/** What was typed before a reload or a sign-in, with the same number: it is the same job. */
function restore() {
  const kept = sessionStorage.getItem(KEPT);
  if (!kept || byId("told").childNodes.length) return;
  for (const [name, value] of new URLSearchParams(kept)) {
    if (form.elements[name]) form.elements[name].value = value;
  }
}

async function takeFile(input) {
  const file = input.files[0];
  if (!file) return;
  const most = Number(form.dataset.most);
  if (file.size > most) {
    say(`${file.name} has ${Math.ceil(file.size / 1024)} KiB; ${most / 1024} KiB are the most. It was not read.`);
    return;
  }
  const text = await file.text();
  if (text.includes("\0")) { say(`${file.name} is no script: it is not text.`); return; }
  form.elements.script.value = text;
  say(`${file.name} is in the editor.`);
  keep();
}

async function submit(again) {
  const button = form.querySelector(".go");
  button.disabled = true;
  keep();
  const body = values();
  if (again) body.set("again", "yes");
  const began = Date.now();
  const waited = () => `${Math.round((Date.now() - began) / 1000)} s`;
  say("Submitting …");
  try {
    for (;;) {
      let answer;
      let told;
      try {
        answer = await fetch("/submit", { method: "POST", body, headers: { Accept: "application/json" } });
        told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
      } catch {
        say(`The portal does not answer (${waited()}). Trying again with the same form: it is one job.`);
        await pause(2);
        continue;
      }
      if (told.job) {
        sessionStorage.removeItem(KEPT);
        location.assign(`/jobs/${told.job}`);
        return;
      }
      if (answer.status === 401) { signedOut(); return; }
      if (told.away) {
        say(`Not submitted yet (${waited()}): ${told.away} Trying again by itself; the form is kept.`);
        await pause(3);
        continue;
      }
      if (told.underway) {
        say(`It is on the way (${waited()}). Waiting for the answer.`);
        await pause(2);
        continue;
      }
      if (told.lost) { ask(told.lost); return; }
      if (told.changed) {
        form.elements.token.value = told.token;
        keep();
        say("This form has become ", link(`/jobs/${told.changed}`, `job ${told.changed}`),
          " already, before it was changed. Submit it again to make another job of what it says now.");
        byId("told").focus();
        return;
      }
      say(told.no ?? `Nothing was submitted: the portal answered ${answer.status}.`);
      byId("told").focus();
      return;
    }
  } finally {
    button.disabled = false;
  }
}

/** The user decides on a second attempt, with what is known before them. */
function ask(why) {
  say("It may have been accepted, and no answer came. ", why, " Look among your ", link("/", "jobs"), " first. ");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "It is not there: submit it again";
  button.addEventListener("click", () => submit(true));
  byId("told").lastChild.append(button);
  button.focus();
}

if (form) {
  restore();
  document.querySelector(".upload").hidden = false;
  form.addEventListener("input", keep);
  byId("file").addEventListener("change", (event) => takeFile(event.target));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(event.submitter?.name === "again");
  });
  for (const it of document.querySelectorAll("[data-template]")) {
    it.addEventListener("click", () => sessionStorage.removeItem(KEPT));
  }
}

document.querySelector(".out")?.addEventListener("submit", () => sessionStorage.removeItem(KEPT));
localise(document);
const every = Number(document.body.dataset.every);
if (every) stayUpToDate(every);
for (const it of document.querySelectorAll("[data-grows]")) {
  it.scrollTop = it.scrollHeight;
  follow(it);
}
