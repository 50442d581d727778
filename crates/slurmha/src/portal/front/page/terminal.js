// SPDX-License-Identifier: Apache-2.0
// A terminal: what is typed goes over a WebSocket, and what a program writes comes back.

import { Terminal } from "/xterm.js";

const place = document.getElementById("terminal");
const told = document.getElementById("terminal-told");
// Its glyphs hang from the top of a line, where today's browsers cut off what reaches higher: lines have
// room above, and glyphs are drawn straight into them, not from a sheet of cells without any.
const terminal = new Terminal({
  cursorBlink: true, experimentalCharAtlas: "none", lineHeight: 1.3, scrollback: 5000, screenReaderMode: true,
});
terminal.open(place);

/** As many columns and rows as have room. */
function fit() {
  const cell = terminal._core.renderer.dimensions;
  const [width, height] = [cell.actualCellWidth, cell.actualCellHeight];
  if (!width || !height) return;
  // A scroll bar is in the way; below the terminal nothing else is shown.
  const columns = Math.floor((place.clientWidth - 20) / width);
  const rows = Math.floor((window.innerHeight - place.getBoundingClientRect().top - 24) / height);
  terminal.resize(Math.max(columns, 20), Math.max(rows, 8));
}

const encoder = new TextEncoder();

function connect() {
  // A character can come in two pieces.
  const decoder = new TextDecoder();
  const size = `columns=${terminal.cols}&rows=${terminal.rows}`;
  const socket = new WebSocket(`wss://${location.host}/terminal/connection?${size}`);
  socket.binaryType = "arraybuffer";
  const send = (text) => { if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text)); };
  const resized = ({ cols, rows }) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ columns: cols, rows }));
  };
  terminal.on("data", send);
  terminal.on("resize", resized);
  socket.addEventListener("open", () => { told.textContent = ""; told.hidden = true; terminal.focus(); });
  socket.addEventListener("message", (event) => terminal.write(decoder.decode(event.data, { stream: true })));
  socket.addEventListener("close", (event) => {
    terminal.off("data", send);
    terminal.off("resize", resized);
    offer(event.reason || "The connection to the terminal is gone.");
  });
}

function offer(why) {
  told.hidden = false;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Open a new one";
  again.addEventListener("click", () => {
    terminal.reset();
    told.textContent = "Connecting …";
    connect();
  });
  told.replaceChildren(`${why} `, again);
  again.focus();
}

fit();
window.addEventListener("resize", fit);
connect();
