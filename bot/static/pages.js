"use strict";
// The chat: what is new appears by itself. Looks grow rarer while nothing comes, and stop while nobody sees the page.
const log = document.getElementById("log");
const SOON = 3, LATE = 60;
let look = async () => false;
if (log) {
  let tag = log.dataset.tag, wait = SOON, timer;
  const end = () => log.lastElementChild?.scrollIntoView({ block: "nearest" });
  const fresh = async () => {
    const answer = await fetch(log.dataset.from, { headers: { "If-None-Match": tag }, cache: "no-store" });
    if (answer.status !== 200 || !answer.headers.get("ETag")) return false;
    tag = answer.headers.get("ETag");
    const page = document.createElement("template");
    page.innerHTML = await answer.text();
    const now = [...page.content.children];
    for (const old of [...log.children]) if (!now.some((e) => e.id === old.id)) old.remove();
    for (const e of now) if (!document.getElementById(e.id)) log.insertBefore(e, document.getElementById("wait"));
    end();
    return true;
  };
  const loop = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    // Without signal the next look tries again.
    wait = (await fresh().catch(() => false)) ? SOON : Math.min(wait * 1.3, LATE);
    clearTimeout(timer);
    timer = setTimeout(loop, wait * 1000);
  };
  look = () => {
    wait = SOON;
    return loop();
  };
  document.addEventListener("visibilitychange", () => document.hidden || look());
  addEventListener("online", look);
  end();
  loop();
}
