"use strict";
// What a citizen writes is kept on the device from the first letter until we say that we have it.

const QUEUE = "antrean", FIRST_WAIT = 10, LONGEST_WAIT = 300;
let unsent;
const queued = () => store.get(QUEUE) || [];
const enqueue = (item) => store.set(QUEUE, [...queued().filter((other) => other.key !== item.key), item]);
const dequeue = (item) => {
  const left = queued().filter((other) => other.key !== item.key);
  store.set(QUEUE, left.length ? left : null);
};
const forget = (item) => {
  dequeue(item);
  for (const photo of item.photos) dropPhoto(photo.id);
};
const inPage = (html) => new DOMParser().parseFromString(html, "text/html");

// Sends one item. Resolves to where it leads, or to the page that says what is wrong with it; throws Away.
const deliver = async (item, again = true) => {
  const body = new FormData();
  for (const [name, value] of Object.entries({ key: item.key, ...item.words, ...item.position })) body.append(name, value);
  let seconds = 60;
  for (const photo of item.photos) {
    const token = await upload(photo).catch((error) => {
      if (error instanceof Away) throw error;
    });
    const blob = token ? null : await bytesOf(photo.id);
    if (token) body.append("upload", token);
    else if (blob) body.append("photo", blob, photo.name);
    if (blob) seconds = 900;
  }
  body.append("age", Math.max(0, Math.round((Date.now() - item.at) / 1000)));
  const answer = await call(item.action, { method: "POST", body, headers: { Accept: "application/json" } }, true, seconds);
  if (answer.ok) {
    const told = await answer.json().catch(() => ({}));
    if (told.taken !== item.key) throw new Away();
    return { next: told.next };
  }
  if (answer.status === 409 && again) {
    for (const photo of item.photos) store.set("foto:" + photo.id, null);
    return deliver(item, false);
  }
  const page = inPage(await answer.text());
  if (!page.querySelector(".error")) throw new Away();
  return { page, busy: answer.status === 429 };
};

// One after the other: the form that is being sent, and what waited.
let turn = Promise.resolve();
const inTurn = (act) => (turn = turn.then(act, act));

let wait = FIRST_WAIT, later;
const plan = () => {
  clearTimeout(later);
  if (queued().some((item) => !item.error)) later = setTimeout(flush, wait * 1000);
};
const flush = (asked) => inTurn(async () => {
  for (const item of queued()) {
    if (item.error && item.key !== asked) continue;
    try {
      const { next, page, busy } = await deliver(item);
      if (busy) throw new Away();
      wait = FIRST_WAIT;
      if (next) forget(item);
      else enqueue({ ...item, error: page.querySelector(".error").textContent.trim() });
      document.getElementById("sent").hidden = !next;
      look();
    } catch (error) {
      if (!(error instanceof Away)) throw error;
      wait = Math.min(wait * 2, LONGEST_WAIT);
      break;
    }
  }
}).finally(() => {
  show();
  plan();
});

const card = (item) => {
  const made = unsent.querySelector("template").content.cloneNode(true);
  const part = (name) => made.querySelector(name);
  const [time, bar, files] = [part("time"), part("progress"), part(".files")];
  time.textContent = new Date(item.at).toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
  time.dateTime = new Date(item.at).toISOString();
  part(".text").textContent = [item.words.text, item.words.place].filter(Boolean).join("\n");
  files.textContent = unsent.dataset.files.replace("{}", item.photos.length);
  files.hidden = bar.hidden = !item.photos.length;
  part(".bad").textContent = item.error ? `${item.error} ${unsent.dataset.error}` : "";
  bar.max = item.photos.reduce((sum, photo) => sum + photo.size, 0) || 1;
  bar.photos = item.photos.map((photo) => photo.id);
  part("[data-do=send]").addEventListener("click", async ({ target }) => {
    target.disabled = true;
    target.textContent = unsent.dataset.busy;
    await flush(item.key);
    (unsent.hidden ? document.getElementById("sent") : unsent).focus();
  });
  part("[data-do=drop]").addEventListener("click", () => {
    if (!confirm(unsent.dataset.sure)) return;
    forget(item);
    show();
    document.getElementById("isi").focus();
  });
  return made;
};
const fill = () => {
  for (const bar of unsent.querySelectorAll("progress")) {
    bar.value = bar.photos.reduce((sum, id) => sum + (reached.get(id) || 0), 0);
  }
};
const show = () => {
  const items = queued();
  unsent.hidden = !items.length;
  unsent.querySelector("div").replaceChildren(...items.map(card));
  fill();
};

// A form: keeps its draft, its photos and its position.
const start = (form) => {
  const action = form.getAttribute("action"), words = form.dataset;
  const fields = ["text", "place", "name", "privacy"].map((name) => form.elements[name]).filter(Boolean);
  const list = form.querySelector(".photos"), button = form.querySelector("button"), label = button.textContent;
  const line = form.querySelector(".position"), locate = form.querySelector("[data-do=locate]");
  let draft;
  const say = (about, text) => (form.querySelector(`[data-told=${about}]`).textContent = text);
  const hush = () => ["draft", "photo", "position"].forEach((about) => say(about, ""));
  const filled = () => fields.some((field) => field.value.trim()) || draft.photos.length || draft.position;
  const save = () => {
    for (const field of fields) draft.words[field.name] = field.value;
    store.set(action, filled() ? draft : null);
  };
  const touch = () => {
    draft.at = Date.now();
    save();
  };

  const remove = (photo) => {
    draft.photos = draft.photos.filter((other) => other !== photo);
    document.getElementById(photo.id).remove();
    save();
    dropPhoto(photo.id);
  };
  const add = (photo) => {
    const row = form.querySelector(".photos + template").content.firstElementChild.cloneNode(true);
    const [name, bar, away] = row.children;
    row.id = photo.id;
    name.textContent = photo.name;
    bar.max = photo.size;
    bar.value = reached.get(photo.id) || 0;
    bar.setAttribute("aria-label", photo.name);
    away.setAttribute("aria-label", `${away.value}: ${photo.name}`);
    away.addEventListener("click", () => {
      const { token } = store.get("foto:" + photo.id) || {};
      if (token) call("/unggah/" + token, { method: "DELETE" }).catch(() => "it expires by itself");
      remove(photo);
      say("photo", "");
      form.elements.photo.focus();
    });
    list.append(row);
    push(photo);
  };
  // Goes on until the photo is with us, was taken away, or cannot come ahead: then it comes with the form.
  const push = async (photo) => {
    for (let rest = 1; draft.photos.includes(photo); rest = Math.min(rest * 2, 60)) {
      const before = reached.get(photo.id);
      let away = false;
      await upload(photo).catch((error) => (away = error instanceof Away));
      if (!draft.photos.includes(photo)) return;
      if (!away) {
        if (reached.get(photo.id) === photo.size) return say("photo", words.done);
        if (await bytesOf(photo.id)) return;
        remove(photo);
        return say("photo", words.gone);
      }
      say("photo", words.waiting);
      if (reached.get(photo.id) !== before) rest = 1;
      await signal(rest);
    }
  };
  addEventListener("photo", ({ detail }) => {
    const bar = document.getElementById(detail)?.querySelector("progress");
    if (bar) bar.value = reached.get(detail);
  });
  // A photo that is still being made small when the form is sent belongs to it.
  let prepared = Promise.resolve();
  const prepare = async (file) => {
    if (draft.photos.length >= words.most) return say("photo", words.many);
    const blob = file.type.startsWith("image/") ? await small(file).catch(() => file) : null;
    if (!blob || blob.size > words.limit) return say("photo", blob ? words.large : words.kind);
    const photo = { id: random(), name: file.name, size: blob.size };
    draft.photos.push(photo);
    touch();
    await keepBytes(photo.id, blob);
    return add(photo);
  };
  form.elements.photo.addEventListener("change", ({ target }) => {
    say("photo", "");
    for (const file of [...target.files]) prepared = prepared.then(() => prepare(file));
    target.value = "";
  });

  const pin = () => {
    line.hidden = !draft.position;
    locate.hidden = !navigator.geolocation || Boolean(draft.position);
    if (!draft.position) return;
    const { latitude, longitude, accuracy } = draft.position;
    line.firstElementChild.textContent = words.line.replace("{}", `${latitude}, ${longitude}, ±${accuracy} m`);
  };
  const unpin = line.querySelector("input");
  locate.addEventListener("click", () => {
    const mine = draft;
    say("position", words.locating);
    const found = ({ coords }) => {
      if (draft !== mine) return;
      const [latitude, longitude] = [coords.latitude.toFixed(5), coords.longitude.toFixed(5)];
      draft.position = { latitude, longitude, accuracy: Math.min(Math.ceil(coords.accuracy), 999999) };
      say("position", "");
      touch();
      pin();
      unpin.focus();
    };
    const failed = ({ code }) => say("position", code === 1 ? words.denied : words.failed);
    navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 30000, maximumAge: 60000 });
  });
  unpin.addEventListener("click", () => {
    draft.position = null;
    touch();
    pin();
    locate.focus();
  });

  const take = (kept) => {
    draft = kept || { key: random(), action, at: Date.now(), words: {}, photos: [], position: null };
    list.replaceChildren();
    draft.photos.forEach(add);
    pin();
  };
  const clear = () => {
    for (const field of fields) field.value = "";
    store.set(action, null);
    hush();
    take();
  };
  const busy = (sending) => {
    button.textContent = sending ? words.busy : label;
    if (sending) button.setAttribute("aria-disabled", "true");
    else button.removeAttribute("aria-disabled");
    for (const field of fields) field.readOnly = sending;
  };
  const send = async () => {
    await prepared;
    save();
    const item = draft;
    if (filled()) enqueue(item);
    try {
      const { next, page } = await inTurn(() => deliver(item));
      if (next) {
        forget(item);
        clear();
        if (document.getElementById("log")) await look();
        else location.assign(next);
        return;
      }
      dequeue(item);
      page.querySelector(".error").removeAttribute("autofocus");
      document.querySelector("main").replaceWith(page.querySelector("main"));
      ready();
    } catch (error) {
      clear();
      show();
      plan();
      unsent.focus();
      if (!(error instanceof Away)) throw error;
    }
  };
  form.addEventListener("input", touch);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.hasAttribute("aria-disabled")) return;
    hush();
    busy(true);
    await send().finally(() => busy(false));
  });

  const kept = store.get(action), given = form.elements.text.value.trim();
  const ours = kept && !queued().some((item) => item.key === kept.key);
  if (!ours || (given && given !== kept.words.text.trim())) return take();
  take(kept);
  if (given) return undefined;
  for (const field of fields) field.value = kept.words[field.name] || "";
  return say("draft", words.restored);
};
const ready = () => {
  unsent = document.getElementById("unsent");
  for (const form of document.querySelectorAll("form[data-busy]")) {
    csrf = form.elements.csrf_token.value;
    start(form);
  }
  show();
  document.querySelector(".error")?.focus();
};
ready();
tidy(new Set([...queued(), store.get("/lapor"), store.get("/obrolan")].flatMap((item) => item?.photos.map((photo) => photo.id) || [])));
if (queued().length) flush();
addEventListener("photo", fill);
addEventListener("online", () => queued().length && flush());
addEventListener("storage", ({ key }) => key === "aduan:" + QUEUE && show());
