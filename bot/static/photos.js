"use strict";
// Photos: made small, kept on the device until their report is sent, and sent ahead of it in pieces.

class Away extends Error {} // no signal, or the server is away: later
class Refused extends Error {} // not taken as it is

// A device that keeps nothing: all works as long as the page is open.
const memory = new Map();
const store = {
  get: (name) => {
    try {
      return JSON.parse(localStorage.getItem("aduan:" + name));
    } catch {
      return memory.get(name);
    }
  },
  set: (name, value) => {
    try {
      if (value) localStorage.setItem("aduan:" + name, JSON.stringify(value));
      else localStorage.removeItem("aduan:" + name);
    } catch {
      memory.set(name, value);
    }
  },
  all: () => {
    try {
      return localStorage;
    } catch {
      return {};
    }
  },
};
const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

// What the page can ask of the server. Anything but an answer of ours counts as no signal: a network that wants its
// users to sign in answers every address.
let csrf = "";
const call = async (path, options, again = true, seconds = 60) => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  let answer;
  try {
    const headers = { ...options.headers, "X-CSRFToken": csrf };
    answer = await fetch(path, { cache: "no-store", ...options, headers, signal: stop.signal });
  } catch {
    throw new Away();
  } finally {
    clearTimeout(timer);
  }
  if (answer.status >= 500 && answer.status !== 507) throw new Away();
  if (answer.status !== 400 || !again) return answer;
  const token = await call("/unggah", {}, false);
  try {
    csrf = (await token.json()).csrf;
  } catch {
    throw new Away();
  }
  return call(path, options, false, seconds);
};

// Bytes are kept in the browser's database; where it has none, as long as the page is open.
const held = new Map();
let opening;
const database = (mode, act) => {
  opening ||= new Promise((done, failed) => {
    const request = indexedDB.open("aduan", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("photos");
    request.onsuccess = () => done(request.result);
    request.onerror = request.onblocked = failed;
  });
  return opening.then((db) => new Promise((done, failed) => {
    const work = db.transaction("photos", mode);
    const request = act(work.objectStore("photos"));
    work.oncomplete = () => done(request.result);
    work.onerror = work.onabort = failed;
  })).catch(() => undefined);
};
const keepBytes = (id, blob) => {
  held.set(id, blob);
  return database("readwrite", (photos) => photos.put(blob, id));
};
const bytesOf = async (id) => held.get(id) || database("readonly", (photos) => photos.get(id));
const dropPhoto = (id) => {
  held.delete(id);
  store.set("foto:" + id, null);
  return database("readwrite", (photos) => photos.delete(id));
};
// What no draft and nothing unsent knows of any more is not kept.
const tidy = async (known) => {
  const stored = (await database("readonly", (photos) => photos.getAllKeys())) || [];
  const named = Object.keys(store.all()).filter((name) => name.startsWith("aduan:foto:")).map((name) => name.slice(11));
  for (const id of [...stored, ...named]) if (!known.has(id)) dropPhoto(id);
};

// A photo's EXIF block tells where it was taken; drawing it anew would lose that. It is carried over, told that the
// picture stands upright now. Returns null where there is none, undefined where it cannot be carried.
const exifOf = (data) => {
  if (data.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 20 < data.byteLength && data.getUint8(at) === 0xff; at += 2 + data.getUint16(at + 2)) {
    if (data.getUint16(at) === 0xffda) return null;
    if (data.getUint16(at) !== 0xffe1 || data.getUint32(at + 4) !== 0x45786966) continue;
    const length = 2 + data.getUint16(at + 2), tiff = at + 10, little = data.getUint16(tiff) === 0x4949;
    if (length > 32768 || at + length > data.byteLength) return undefined;
    const table = tiff + data.getUint32(tiff + 4, little);
    for (let n = 0, entry = table + 2; n < data.getUint16(table, little); n += 1, entry += 12) {
      if (data.getUint16(entry, little) === 0x0112) data.setUint16(entry + 8, 1, little);
    }
    return data.buffer.slice(at, at + length);
  }
  return null;
};
const small = async (file) => {
  if (file.size < 600000) return file;
  let exif;
  try {
    exif = exifOf(new DataView(await file.slice(0, 200000).arrayBuffer()));
  } catch {
    exif = undefined;
  }
  if (exif === undefined && file.size <= 1500000) return file;
  const image = await createImageBitmap(file);
  const scale = Math.min(1, 1600 / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * scale);
  canvas.height = Math.round(image.height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
  if (!drawn || drawn.size >= file.size) return file;
  return exif ? new Blob([drawn.slice(0, 2), exif, drawn.slice(2)], { type: "image/jpeg" }) : drawn;
};

// One photo on its way. What was reached is kept beside its name, so that another visit goes on from there.
const LEAST = 16384, MOST = 262144, PATIENCE = 4000;
let size = 32768;
const running = new Map(), reached = new Map();
const progress = (id) => dispatchEvent(new CustomEvent("photo", { detail: id }));
const number = (answer) => (answer.headers.has("Upload-Offset") ? Number(answer.headers.get("Upload-Offset")) : -1);

const begin = async (photo, key) => {
  const body = new URLSearchParams({ key, filename: photo.name, size: photo.size });
  const answer = await call("/unggah", { method: "POST", body });
  if (answer.status === 404) return begin(photo, random());
  if (answer.status !== 201) throw answer.ok ? new Away() : new Refused();
  const { token, offset } = await answer.json();
  store.set("foto:" + photo.id, { token });
  return { token, offset };
};
const resume = async (photo) => {
  const { token } = store.get("foto:" + photo.id) || {};
  if (!token) return begin(photo, photo.id);
  const answer = await call("/unggah/" + token, { method: "HEAD" });
  if (answer.status === 404) return begin(photo, random());
  if (number(answer) < 0) throw new Away();
  return { token, offset: number(answer) };
};
const run = async (photo) => {
  const known = store.get("foto:" + photo.id);
  if (known?.done) {
    // Not asked again: it may have gone with a report whose answer got lost, and the report itself will tell.
    reached.set(photo.id, photo.size);
    progress(photo.id);
    return known.token;
  }
  const blob = await bytesOf(photo.id);
  let { token, offset } = await resume(photo);
  for (;;) {
    reached.set(photo.id, offset);
    progress(photo.id);
    if (offset >= photo.size) break;
    if (!blob) throw new Refused();
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": offset };
    const body = blob.slice(offset, offset + size), began = Date.now();
    const answer = await call("/unggah/" + token, { method: "PATCH", headers, body }).catch((error) => {
      size = Math.max(LEAST, size / 2);
      throw error;
    });
    if (![204, 409].includes(answer.status)) throw answer.ok || answer.status === 404 ? new Away() : new Refused();
    if (number(answer) < 0) throw new Away();
    if (answer.status === 204) size = Date.now() - began < PATIENCE ? Math.min(MOST, size * 2) : Math.max(LEAST, size / 2);
    offset = number(answer);
  }
  store.set("foto:" + photo.id, { token, done: true });
  return token;
};
// The token of a photo that is with us whole. Two who ask at once get the same answer.
const upload = (photo) => {
  if (!running.has(photo.id)) running.set(photo.id, run(photo).finally(() => running.delete(photo.id)));
  return running.get(photo.id);
};
// Waits for a signal, or so many seconds: not every device notices that its signal is back.
const signal = (seconds) => new Promise((done) => {
  const end = () => {
    clearTimeout(timer);
    removeEventListener("online", end);
    done();
  };
  const timer = setTimeout(end, seconds * 1000);
  addEventListener("online", end);
});
