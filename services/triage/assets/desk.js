import { initAll } from "./govuk-frontend.min.js";

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const DRAFT_MS = 2000;
const WARN_MS = 13 * MINUTE * 1000;
const OVER_MS = 15 * MINUTE * 1000;

const byId = (id) => document.getElementById(id);

function left(due) {
  const seconds = Math.trunc((Date.parse(due) - Date.now()) / 1000);
  const size = Math.abs(seconds);
  const two = (number) => String(number).padStart(2, "0");
  let words = `${Math.trunc(size / MINUTE)} min`;
  if (size >= DAY) words = `${Math.trunc(size / DAY)} d ${Math.trunc((size % DAY) / HOUR)} h`;
  else if (size >= HOUR) words = `${Math.trunc(size / HOUR)} h ${two(Math.trunc((size % HOUR) / MINUTE))} min`;
  return seconds >= 0 ? `in ${words}` : `${words} late`;
}

function countDown() {
  for (const clock of document.querySelectorAll("[data-due]")) {
    const words = left(clock.dataset.due);
    if (clock.textContent !== words) clock.textContent = words;
    clock.parentElement.classList.toggle("desk-clock--late", words.endsWith("late"));
  }
}

// Rows never move by themselves: the page says that there is something new, and a person asks for it.
function watch() {
  let shown = document.body.dataset.live;
  let newest = shown;
  let paused = false;
  byId("live").hidden = false;
  const news = (text) => { byId("live-news").textContent = text; };
  news("This page hears of changes.");
  const stream = new EventSource("/desk/changes");
  const tell = () => {
    const changed = newest !== shown && !paused;
    byId("live-show").hidden = !changed;
    if (changed) news("The queue has changed.");
  };
  stream.addEventListener("version", (event) => { newest = event.data; tell(); });
  stream.addEventListener("over", () => {
    stream.close();
    news("Newer pages of yours hear of changes. Load this one again to hear of them here.");
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) news("No longer hears of changes. Load the page again.");
  });
  byId("live-pause").addEventListener("click", (event) => {
    paused = !paused;
    event.target.setAttribute("aria-pressed", String(paused));
    news(paused ? "Updates are paused." : "This page hears of changes.");
    tell();
  });
  // What was ticked stays ticked while its case is there, and the keyboard stays where it was among the cases.
  let last = "";
  byId("fragment").addEventListener("focusin", (event) => { last = event.target.id; });
  const show = (fresh) => {
    const ticked = [...byId("fragment").querySelectorAll("input:checked")].map((box) => box.id);
    byId("fragment").replaceChildren(...fresh.childNodes);
    const left = ticked.map(byId).filter(Boolean);
    for (const box of left) box.checked = true;
    (byId("fragment").contains(byId(last)) ? byId(last) : byId("live-pause")).focus({ preventScroll: true });
    const gone = ticked.length - left.length;
    return gone ? `Changes are shown. ${gone} of those you ticked can not be ticked any more.` : "Changes are shown.";
  };
  byId("live-show").addEventListener("click", async () => {
    const asked = newest;
    const reply = await fetch(location.href);
    if (reply.redirected || !reply.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    shown = asked;
    byId("live-show").hidden = true;
    news(show(fresh.getElementById("fragment")));
    countDown();
    tell();
  });
}

function keepDraft(form) {
  const news = form.querySelector("[data-draft-news]");
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const fields = new URLSearchParams(new FormData(form));
      fields.set("keep", "yes");
      try {
        const reply = await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
        const kept = reply.type === "opaqueredirect";
        const at = new Date().toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
        news.textContent = kept ? `Draft kept at ${at}` : "The draft could not be kept. Do not leave this page yet.";
        if (kept) stillHere();
      } catch {
        news.textContent = "The draft could not be kept. Do not leave this page yet.";
      }
    }, DRAFT_MS);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}

let warning;
let over;
function stillHere() {
  clearTimeout(warning);
  clearTimeout(over);
  byId("idle").hidden = true;
  warning = setTimeout(() => { byId("idle").hidden = false; }, WARN_MS);
  // Nobody may find a child's record on a screen that was left.
  over = setTimeout(() => location.replace("/desk/signed-out"), OVER_MS);
}

initAll();
countDown();
setInterval(countDown, 15000);
if ("live" in document.body.dataset && byId("live")) watch();
for (const form of document.querySelectorAll("form[data-draft]")) keepDraft(form);
if (byId("idle")) {
  stillHere();
  byId("stay").addEventListener("click", async () => {
    const reply = await fetch("/desk/stay");
    if (reply.status === 204) stillHere();
    else location.assign("/desk");
  });
}
