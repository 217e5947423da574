const log = document.getElementById("log");
if (log) {
  let tag = log.dataset.tag;
  const end = () => log.lastElementChild?.scrollIntoView({ block: "nearest" });
  const look = async () => {
    const answer = await fetch(log.dataset.from, { headers: { "If-None-Match": tag }, cache: "no-store" });
    if (answer.status !== 200) return;
    tag = answer.headers.get("ETag");
    const page = document.createElement("template");
    page.innerHTML = await answer.text();
    const now = [...page.content.children];
    for (const old of [...log.children]) if (!now.some((e) => e.id === old.id)) old.remove();
    for (const e of now) if (!document.getElementById(e.id)) log.insertBefore(e, document.getElementById("wait"));
    end();
  };
  // Without signal the next look tries again.
  const loop = () => (document.hidden ? Promise.resolve() : look().catch(() => {})).then(() => setTimeout(loop, 5000));
  end();
  loop();
}

const small = async (file) => {
  if (file.size < 600000) return file;
  const image = await createImageBitmap(file);
  const { width, height } = image;
  const scale = Math.min(1, 1600 / Math.max(width, height));
  const canvas = new OffscreenCanvas(width * scale, height * scale);
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 });
  return blob.size < file.size ? new File([blob], "foto.jpg", { type: "image/jpeg" }) : file;
};
for (const form of document.querySelectorAll("form[data-busy]")) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    button.textContent = form.dataset.busy;
    const files = new DataTransfer();
    for (const file of form.photo.files) files.items.add(await small(file).catch(() => file));
    form.photo.files = files.files;
    form.submit();
  });
}
// A kept page still looks busy.
addEventListener("pageshow", (event) => event.persisted && location.reload());
