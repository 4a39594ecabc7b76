// The page of a service: pictures and words go to it, and what comes back is shown. What strangers
// wrote, labels, names of files and messages of errors, is shown as text; nothing here makes markup.
(() => {
  const { $, bars, element, fit, hand, shown, theme } = zsclip, code = zsclipCode;
  const WAIT = 250;  // milliseconds without a key before the service is asked
  const AT_ONCE = 4;  // requests in flight, which the service computes together
  const MOST = 200;  // pictures on the screen
  const AGAIN = 3000;  // milliseconds until a service that did not answer is asked again
  const TOKEN = "zsclip-token";
  let service = null;  // what it said of itself
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
    start();
  });

  let waiting = null;
  function gone(error) {
    $("trouble").querySelector("p").textContent = shown(error.message);
    $("trouble").hidden = false;
    clearTimeout(waiting);
    if (error instanceof Gone) waiting = setTimeout(again, AGAIN);
  }
  async function again() {
    clearTimeout(waiting);
    if (service === null) return start();
    try {
      await asked("healthz");
    } catch (error) {
      return gone(error);
    }
    $("trouble").hidden = true;
    return classifyAll();
  }
  $("trouble").querySelector("button").addEventListener("click", again);

  // ----------------------------------------------------------------------------------- the words

  const lines = (id) => $(id).value.split("\n").map((line) => line.trim()).filter(Boolean);
  const same = (some, others) => some.length === others.length && some.every((one, i) => one === others[i]);
  function words() {  // what is on the screen, and which of it is not the service's own
    const labels = lines("labels"), templates = lines("templates"), several = $("several").checked;
    const edited = {};
    if (!same(labels, service.names)) edited.labels = labels;
    if (!same(templates, service.templates)) edited.templates = templates;
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
    typing = setTimeout(classifyAll, WAIT);
  });
  $("words").addEventListener("submit", (event) => event.preventDefault());
  $("words").addEventListener("reset", (event) => {
    event.preventDefault();
    putWords();
    tellWords();
    classifyAll();
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
  function showAnswer(picture, answer) {
    picture.failed = false;
    const several = $("several").checked, rejected = answer.accepted === false;
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
      const levels = bars(answer.ranks.map(({ name, score }) => [name, score]));
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
    pictures.splice(at, 1);
    (pictures[at] ?? pictures[at - 1])?.card.querySelector("button").focus();
    if (!pictures.length) $("files").focus();
    tell();
  }
  $("clear").addEventListener("click", () => {
    for (const picture of [...pictures]) remove(picture);
  });

  // ------------------------------------------------------------------------------------- the asking

  async function classify(picture, { edited, several }, signal) {
    const form = new FormData();
    for (const [name, value] of Object.entries(edited)) form.append(name, JSON.stringify(value));
    form.append("top", several ? "10" : "5");
    form.append("image", picture.file, picture.name);
    const response = await asked("classify", { method: "POST", body: form, signal });
    showAnswer(picture, await response.json());
  }
  const ofWords = (error) => error.status === 422 && !error.ofPicture;
  async function classifyThese(some) {
    const asking = words(), { signal } = inFlight, queue = [...some];
    for (const picture of some) picture.card.classList.add("waiting");
    if (some.length) $("status").textContent = `Asking about ${count(some)}`;
    async function next() {
      for (let picture = queue.shift(); picture && !signal.aborted; picture = queue.shift()) {
        try {
          await classify(picture, asking, signal);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof Refused)) throw error;
          if (error.status === 401 || ofWords(error)) throw error;
          showError(picture, error.message);
        }
      }
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, next));
      if (signal.aborted) return;
      wrongWords("");
      tell();
    } catch (error) {
      if (signal.aborted) return;
      for (const { card } of some) {  // what they show is of other words
        if (card.classList.contains("waiting")) card.classList.replace("waiting", "stale");
      }
      inFlight.abort();  // what is wrong for one is wrong for all of them
      inFlight = new AbortController();
      if (ofWords(error)) wrongWords(error.message);
      else if (error.status !== 401) gone(error);
      $("status").textContent = ofWords(error) ? "The words cannot be used as they are." : "No answers.";
    }
  }
  function classifyAll() {
    inFlight.abort();
    inFlight = new AbortController();
    return classifyThese(pictures);
  }
  const count = (some) => `${some.length} picture${some.length === 1 ? "" : "s"}`;
  function tell(more = "") {
    const [only] = pictures;
    $("status").textContent = shown(pictures.length === 1 && only.told
      ? `${only.name}: ${only.told}${more}` : pictures.length ? `${count(pictures)}${more}` : more);
    $("clear").hidden = pictures.length < 2;
    takeAway();
  }

  function take(files) {
    const fitting = [...files].slice(0, MOST - pictures.length), some = fitting.map(added);
    pictures.push(...some);
    takeAway();
    const left = files.length - fitting.length;
    return classifyThese(some).then(() => left && tell(`; ${MOST} at once, ${left} left out`));
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
      const headers = { "Content-Type": "application/json" };
      const response = await asked("classifier", { method: "POST", headers, body });
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
      phrases: labels.some(({ prompts }) => prompts.length > 0),
      model: model.name,
      about: `${n} labels${told.title && ` of ${told.title}`}, ${model.name} on ${model.device}`,
    };
  }
  async function start() {
    try {
      service = facts(await (await asked("labels")).json());
    } catch (error) {
      if (error.status !== 401) gone(error);
      return;
    }
    if (token) sessionStorage.setItem(TOKEN, token);
    $("entry").hidden = $("trouble").hidden = true;
    $("about").textContent = shown(service.about);
    putWords();
    tellWords();
    if ($("main").hidden) $("main").hidden = false;
    classifyAll();
  }
  theme("zsclip-service-theme");
  start();
})();
