// The page of a service: pictures and words go to it, and what comes back is shown. What strangers
// wrote, labels, names of files and messages of errors, is shown as text; nothing here makes markup.
(() => {
  const { $, bars, element, fit, hand, shown, theme } = zsclip, code = zsclipCode;
  const WAIT = 250;  // milliseconds without a key before the service is asked
  const AT_ONCE = 4;  // pictures on their way, which the service computes together
  const TOGETHER = 50;  // pictures that one request is about, once they have embeddings
  const MOST = 200;  // pictures on the screen
  const AGAIN = 3000;  // milliseconds until a service that did not answer is asked again
  const TOKEN = "zsclip-token";
  const JSON_TYPE = { "Content-Type": "application/json" };
  let service = null, saying = "";  // what it said of itself
  let token = sessionStorage.getItem(TOKEN) ?? "";  // as long as the tab is open
  let pictures = [];
  let inFlight = new AbortController();

  // --------------------------------------------------------------------------------- the service

  class Refused extends Error {
    constructor(status, told) {
      super(told.error || `The service answered with status ${status}.`);
      Object.assign(this, { status, kind: told.error_type ?? "", ofPicture: "source" in told });
    }
  }
  class Gone extends Error {}
  const pause = (ms, signal) => new Promise((go, stop) => {
    const timer = setTimeout(go, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); stop(signal.reason); });
  });
  async function asked(path, options = {}, tries = 5) {
    const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
    let response;
    try {
      response = await fetch(path, { ...options, headers, credentials: "omit", cache: "no-store" });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Gone("The service does not answer. It is asked again every few seconds.");
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    const wait = Number(response.headers.get("Retry-After"));
    if (response.status === 503 && wait > 0 && tries > 1) {  // busy: it said when to come again
      await pause(1000 * Math.min(wait, 30), options.signal);
      return asked(path, options, tries - 1);
    }
    if (response.status === 401) wantToken();
    throw new Refused(response.status, told);
  }
  function wantToken() {
    $("entry").querySelector("p").textContent = token ? "The service does not know this token." : "";
    token = "";
    sessionStorage.removeItem(TOKEN);
    $("entry").hidden = false;
    $("token").focus();
  }
  $("entry").addEventListener("submit", (event) => {
    event.preventDefault();
    token = $("token").value.trim();
    $("token").value = "";
    connect();
  });

  let waiting = null;
  function gone(error) {
    $("trouble").querySelector("p").textContent = shown(error.message);
    $("trouble").hidden = false;
    clearTimeout(waiting);
    if (error instanceof Gone) waiting = setTimeout(connect, AGAIN);
  }
  $("trouble").querySelector("button").addEventListener("click", connect);

  // ----------------------------------------------------------------------------------- the words

  const lines = (id) => $(id).value.split("\n").map((line) => line.trim()).filter(Boolean);
  const same = (some, others) => some.length === others.length && some.every((one, i) => one === others[i]);
  function words() {  // what is on the screen, and which of it is not the service's own
    const labels = lines("labels"), templates = lines("templates"), several = $("several").checked;
    const edited = {};
    if (!same(labels, service.names)) edited.labels = labels;
    if (edited.labels || !same(templates, service.templates)) edited.templates = templates;
    if (several !== service.multi_label) edited.multi_label = several;
    return { labels, templates, several, edited, own: Object.keys(edited).length === 0 };
  }
  function putWords() {
    $("labels").value = service.names.join("\n");
    $("templates").value = service.templates.join("\n");
    $("several").checked = service.multi_label;
  }
  function tellWords() {
    const { edited, own } = words(), lost = [];
    if (edited.labels && service.tree) lost.push("groups");
    if (edited.labels && service.phrases) lost.push("phrases");
    if (!own && service.learnt.length) lost.push(`what was learnt (${service.learnt.join(", ")})`);
    $("labels-note").hidden = lost.length === 0;
    $("labels-note").textContent = shown(`The service's labels have ${lost.join(" and ")}, and these have not.`);
    $("reset").disabled = own;
    takeAway();
  }
  function wrongWords(message) {  // in the place of what it is about; none clears both
    const about = /templates(\[\d+\]|`)/.test(message) ? "templates" : "labels";
    for (const id of ["labels", "templates"]) {
      const said = $(`${id}-error`), here = message !== "" && id === about;
      said.hidden = !here;
      said.textContent = here ? fit(message.slice(0, 1000)) : "";
      $(id).ariaInvalid = String(here);
    }
  }
  let typing = null;
  $("words").addEventListener("input", () => {
    tellWords();
    clearTimeout(typing);
    typing = setTimeout(update, WAIT);
  });
  $("words").addEventListener("submit", (event) => event.preventDefault());
  $("words").addEventListener("reset", (event) => {
    event.preventDefault();
    putWords();
    tellWords();
    update();
    $("labels").focus();
  });

  // ------------------------------------------------------------------------------ a picture's card

  function moved(list, before) {  // each bar from where it was to where it is
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const item of list.children) {
      const from = before.get(item.firstChild.title) ?? 0, to = Number(item.style.getPropertyValue("--part"));
      const sizes = [from, to].map((part) => `${100 * part}% 100%`);
      item.animate({ backgroundSize: sizes }, { duration: 300, easing: "ease-out" });
    }
  }
  function show(picture, ...parts) {
    const before = new Map([...picture.card.querySelectorAll(".scores:not(.levels) li")].map(
      (item) => [item.firstChild.title, Number(item.style.getPropertyValue("--part"))]));
    picture.said.replaceChildren(...parts);
    picture.card.classList.remove("waiting", "stale");
    for (const list of picture.said.querySelectorAll(".scores:not(.levels)")) moved(list, before);
  }
  function showAnswer(picture, answer, { several }) {
    picture.failed = false;
    const rejected = answer.accepted === false;
    const list = bars(answer.scores.map(({ label, score }) => [label, score])), parts = [list];
    if (several) {
      const said = new Set(answer.above ?? answer.scores.filter(({ score }) => score >= 0.5).map(({ id }) => id));
      answer.scores.forEach(({ id }, at) => list.children[at].classList.toggle("said", said.has(id)));
      picture.told = answer.scores.filter(({ id }) => said.has(id)).map(({ label }) => label).join(", ");
      if (!picture.told) parts.push(element("p", "note", "no label is sure enough"));
    } else picture.told = answer.label;
    if (rejected) {
      picture.told = "none of these";
      parts.push(element("p", "bad", "none of these"));
    } else if (answer.accepted) parts.push(element("p", "note", "accepted"));
    picture.card.classList.toggle("rejected", rejected);
    if (answer.ranks) {
      const apart = answer.ranks.filter(({ id }, at, all) => id !== all[at - 1]?.id);
      const levels = bars(apart.map(({ name, score }) => [name, score]));
      levels.classList.add("levels");
      levels.ariaLabel = "Best of each level, from wide to narrow";
      parts.push(element("p", "levels-title", "From wide to narrow"), levels);
    }
    show(picture, ...parts);
  }
  function showError(picture, message) {
    picture.told = "failed";
    picture.failed = true;
    const error = element("p", "bad", message);
    error.title = error.textContent;
    show(picture, error);
  }
  function added(file) {
    const card = element("li", "card"), thumb = element("span", "thumb"), image = element("img");
    const picture = { file, name: file.name || "picture", card, said: element("div"), told: "" };
    picture.leaving = new AbortController();
    picture.url = image.src = URL.createObjectURL(file);
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("error", () => thumb.replaceChildren("no preview"));
    thumb.append(image);
    const out = element("button", "out", "×");
    out.type = "button";
    out.ariaLabel = `Remove ${shown(picture.name)}`;
    out.addEventListener("click", () => remove(picture));
    card.addEventListener("keydown", (event) => { if (event.key === "Delete") remove(picture); });
    const name = element("p", "name", picture.name);
    name.title = shown(picture.name);
    card.append(thumb, name, picture.said, out);
    $("pictures").append(card);
    return picture;
  }
  function remove(picture) {
    const at = pictures.indexOf(picture);
    URL.revokeObjectURL(picture.url);
    picture.card.remove();
    picture.leaving.abort();
    pictures.splice(at, 1);
    (pictures[at] ?? pictures[at - 1])?.card.querySelector("button").focus();
    if (!pictures.length) $("files").focus();
    tell();
  }
  $("clear").addEventListener("click", () => {
    for (const picture of [...pictures]) remove(picture);
  });

  // ------------------------------------------------------------------------------------- the asking

  // A picture goes to the service once, for its embedding; words are asked about with embeddings.
  async function send(picture) {
    const form = new FormData();
    form.append("image", picture.file, picture.name);
    const response = await asked("embed", { method: "POST", body: form, signal: picture.leaving.signal });
    [picture.embedding] = (await response.json()).embeddings;
  }
  function embed(picture) {
    picture.sent ??= send(picture).catch((error) => {
      picture.sent = null;  // it may be sent again
      throw error;
    });
    return picture.sent;
  }
  async function classify(some, asking, signal) {
    const body = JSON.stringify({
      embeddings: some.map(({ embedding }) => embedding), ...asking.edited, top: asking.several ? 10 : 5,
    });
    const response = await asked("classify", { method: "POST", headers: JSON_TYPE, body, signal });
    const answer = await response.json(), results = answer.results ?? [answer];
    some.forEach((picture, at) => {
      picture.answered = JSON.stringify(asking);
      showAnswer(picture, results[at], asking);
    });
  }
  async function embedEach(queue, asking, signal) {  // until words change, for which others are asked
    for (let picture = queue.shift(); picture && !signal.aborted; picture = queue.shift()) {
      try {
        await embed(picture);
      } catch (error) {
        if (picture.leaving.signal.aborted) continue;
        if (!(error instanceof Refused) || [401, 503].includes(error.status)) throw error;
        showError(picture, error.message);
        continue;
      }
      if (!signal.aborted) await classify([picture], asking, signal);
    }
  }
  async function update() {  // asks about each picture that has no answer for the words as they are
    inFlight.abort();
    inFlight = new AbortController();
    const { signal } = inFlight, asking = words(), now = JSON.stringify(asking);
    const open = pictures.filter(({ answered, failed }) => !failed && answered !== now);
    for (const { card } of open) card.classList.add("waiting");
    if (open.length) $("status").textContent = `Asking about ${count(open)}`;
    try {
      for (const place of ["labels", "templates"]) {
        if (asking[place].length) continue;
        throw new Refused(422, { error: `\`${place}\` are missing. Write one a line.` });
      }
      const queue = open.filter(({ embedding }) => !embedding);
      const ready = open.filter(({ embedding }) => embedding);
      const sending = Array.from({ length: AT_ONCE }, () => embedEach(queue, asking, signal));
      while (ready.length) await classify(ready.splice(0, TOGETHER), asking, signal);
      await Promise.all(sending);
      if (signal.aborted) return;
      wrongWords("");
      tell();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused || error instanceof Gone)) throw error;
      inFlight.abort();  // what is wrong for one is wrong for all of them
      for (const { card } of open) {  // what they show is of other words
        if (card.classList.contains("waiting")) card.classList.replace("waiting", "stale");
      }
      if (ofWords(error)) wrongWords(error.message);
      else if (error.status !== 401) gone(error);
      $("status").textContent = ofWords(error) ? "The words cannot be used as they are." : "No answers.";
    }
  }
  const ofWords = (error) => error.status === 422 && !error.ofPicture;
  const count = (some) => `${some.length} picture${some.length === 1 ? "" : "s"}`;
  function tell(more = "") {
    const [only] = pictures;
    $("status").textContent = shown(pictures.length === 1 && only.told
      ? `${only.name}: ${only.told}${more}` : pictures.length ? `${count(pictures)}${more}` : more);
    $("clear").hidden = pictures.length < 2;
    takeAway();
  }

  async function take(files) {
    const fitting = [...files].slice(0, MOST - pictures.length), left = files.length - fitting.length;
    pictures.push(...fitting.map(added));
    takeAway();
    await update();
    if (left) tell(`; ${left} left out, ${MOST} at once`);
  }
  $("files").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = "";  // the same file may be chosen again
  });
  const holdsFiles = (data) => data?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    document.body.classList.add("dragged");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragged");
  });
  addEventListener("drop", (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    document.body.classList.remove("dragged");
    if (service) take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => {
    if (!service || !event.clipboardData?.files.length) return;
    event.preventDefault();
    take(event.clipboardData.files);
  });

  // ------------------------------------------------------------------------------------ to take away

  const names = () => [...new Set(pictures.filter(({ failed }) => !failed).map(({ name }) => name))];
  function takeAway() {
    $("python").textContent = code.python(service, words(), names());
    $("curl").textContent = code.curl(words(), names(), token !== "");
  }
  for (const button of document.querySelectorAll("[data-copies]")) {
    const from = $(button.dataset.copies), said = button.firstChild;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(from.textContent);
      } catch {  // without https a page may not; what it selected may be copied
        getSelection().selectAllChildren(from);
        document.execCommand("copy");
      }
      said.textContent = "Copied";
      setTimeout(() => { said.textContent = "Copy"; }, 2000);
    });
  }
  $("download").addEventListener("click", async () => {
    const said = $("download-said"), body = JSON.stringify(words().edited);
    said.textContent = "";
    try {
      const response = await asked("classifier", { method: "POST", headers: JSON_TYPE, body });
      hand(await response.blob(), code.FILE);
      said.textContent = `${code.FILE} is yours.`;
    } catch (error) {
      if (error instanceof Gone) gone(error);
      else if (ofWords(error)) wrongWords(error.message);
      else said.textContent = shown(error.message);
    }
  });

  // -------------------------------------------------------------------------------------- the start

  function facts(told) {  // what the page needs of what the service says of itself
    const { labels, groups, origin: { model } } = told, n = labels.length.toLocaleString("en");
    return {
      ...told,
      names: labels.map(({ label }) => label),
      tree: groups.length > 0 || labels.some(({ parent }) => parent !== null),
      phrases: told.null_prompts.length > 0 || labels.some(({ prompts }) => prompts.length > 0),
      model: model.name,
      about: `${n} labels${told.title && ` of ${told.title}`}, ${model.name} on ${model.device}`,
    };
  }
  async function connect() {
    clearTimeout(waiting);
    let told;
    try {
      told = await (await asked("labels")).json();
    } catch (error) {
      if (error.status !== 401) gone(error);
      return;
    }
    if (token) sessionStorage.setItem(TOKEN, token);
    $("entry").hidden = $("trouble").hidden = true;
    if (JSON.stringify(told) !== saying) {  // another one may have come in its place
      const own = service === null || words().own;
      saying = JSON.stringify(told);
      service = facts(told);
      const anew = { sent: null, embedding: null, answered: "", failed: false };
      for (const picture of pictures) Object.assign(picture, anew);
      if (own) putWords();
    }
    $("about").textContent = shown(service.about);
    $("main").hidden = false;
    tellWords();
    update();
  }
  theme("zsclip-service-theme");
  connect();
})();
