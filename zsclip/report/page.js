// Filters and shows the pictures of a page. Nothing here makes markup of a text.
(() => {
  const { $, bars, element, fit, hand, keep, kept, shown, theme } = zsclip;
  const taken = (id) => {  // read once, then forgotten: it is most of the page
    const data = JSON.parse($(id).textContent);
    $(id).remove();
    return data;
  };
  const rows = taken("rows"), facts = taken("facts"), labels = facts.labels;
  const AT_ONCE = 60;  // cards that are made together; more come when these are seen
  const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
  const STATES = {
    all: "All", right: "Right", wrong: "Wrong", accepted: "Accepted",
    rejected: "None of the labels", failed: "Failed", selected: "Selected",
  };
  const byName = new Intl.Collator(undefined, { numeric: true }).compare;
  const ORDERS = {
    given: ["As given", (a, b) => a.place - b.place],
    doubt: ["Most doubtful first", (a, b) => (a.margin ?? 9) - (b.margin ?? 9)],
    sure: ["Surest first", (a, b) => (b.score ?? -1) - (a.score ?? -1)],
    low: ["Lowest score first", (a, b) => (a.score ?? 9) - (b.score ?? 9)],
    name: ["By name", (a, b) => byName(a.source, b.source)],
  };

  const nameOf = (label) => labels[label].name;
  const number = (n) => n.toLocaleString("en");

  rows.forEach((row, place) => {
    row.place = place;
    row.file = row.source.split(facts.backslashes ? /[\\/]/ : "/").pop() || row.source;
    const named = [...row.labels, ...row.best.slice(0, 1).map(([label]) => label)];
    row.key = [row.source, ...named.map(nameOf)].join("\n").normalize().toLowerCase();
  });
  const is = {
    all: () => true,
    right: (row) => row.right === true,
    wrong: (row) => row.right === false,
    accepted: (row) => row.state === "accepted",
    rejected: (row) => row.state === "rejected",
    failed: (row) => row.state === "failed",
    selected: (row) => selected.has(row.place),
  };

  // ---------------------------------------------------------------- what is kept of the selection

  const stored = `zsclip-report-${facts.id}`;
  function ranges(places) {  // 0, 1, 2, 7 as "0-2,7"
    const found = [];
    for (const place of [...places].sort((a, b) => a - b)) {
      const last = found.at(-1);
      if (last && last[1] === place - 1) last[1] = place;
      else found.push([place, place]);
    }
    return found.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(",");
  }
  function* placesOf(text) {
    for (const [, from, to] of (text ?? "").matchAll(/(\d+)(?:-(\d+))?/g)) {
      for (let place = +from; place <= Math.min(+(to ?? from), rows.length - 1); place++) yield place;
    }
  }
  const inAddress = location.hash.match(/^#selected=([\d,-]*)$/)?.[1];
  const selected = new Set(placesOf(kept(stored) ?? inAddress));
  function keepSelection() {
    if (keep(stored, ranges(selected))) return;
    try {
      history.replaceState(null, "", `#selected=${ranges(selected)}`);
    } catch { /* then it lasts as long as the page is open */ }
  }

  // -------------------------------------------------------------------------------------- a card

  function card(row, at, of) {
    const made = element("li", "card"), label = element("label"), thumb = element("span", "thumb");
    made.ariaSetSize = of;
    made.ariaPosInSet = at + 1;
    const box = element("input");
    box.type = "checkbox";
    box.checked = selected.has(row.place);
    box.dataset.place = row.place;
    box.tabIndex = -1;
    box.ariaLabel = `Select ${shown(row.file)}`;
    if (row.thumb) {
      const image = element("img");
      image.alt = shown(row.file);
      image.loading = "lazy";
      image.decoding = "async";
      image.src = `data:image/jpeg;base64,${row.thumb}`;
      thumb.append(image);
    } else thumb.textContent = "no picture";
    label.append(thumb, box);
    const name = element("p", "name", row.file);
    name.title = shown(row.source);
    made.append(label, name);
    if (row.best.length) made.append(bars(row.best.map(([label, score]) => [nameOf(label), score])));
    if (row.state === "rejected") made.append(element("p", "note", "none of the labels"));
    else if (!row.labels.length && !row.error) made.append(element("p", "note", "no label is sure enough"));
    if (row.truth) {
      const truth = row.truth.map(nameOf).join(", ") || "none";
      made.append(element("p", row.right ? "note" : "bad", `truth: ${truth}`));
    }
    if (row.error) {
      const error = element("p", "bad", row.error);
      error.title = error.textContent;
      made.append(error);
    }
    return made;
  }

  // ----------------------------------------------------------------------------------- the list

  const list = $("pictures");
  let found = [], made = 0;
  function addCards(upTo) {
    const more = document.createDocumentFragment();
    for (; made < Math.min(upTo, found.length); made++) {
      more.append(card(found[made], made, found.length));
    }
    const first = !list.firstChild;
    list.append(more);
    if (first && list.firstChild) boxAt(0).tabIndex = 0;
  }
  const watcher = new IntersectionObserver((seen) => {
    if (!seen.some((entry) => entry.isIntersecting) || made >= found.length) return;
    addCards(made + AT_ONCE);
    watcher.unobserve($("more"));  // asked anew, it tells whether the end can still be seen
    watcher.observe($("more"));
  }, { rootMargin: "1000px" });
  watcher.observe($("more"));
  addEventListener("beforeprint", () => addCards(found.length));  // on paper nothing is scrolled to

  function tell() {
    const n = selected.size;
    $("count").textContent =
      `${number(found.length)} of ${number(rows.length)} pictures, ${number(n)} selected`;
    $("download").disabled = $("deselect").disabled = n === 0;
    $("select").disabled = found.length === 0;
  }
  function update() {
    const words = $("search").value.normalize().toLowerCase().split(/\s+/).filter(Boolean);
    const state = is[$("state").value], label = $("label").value, truth = $("truth").value;
    const least = $("least").valueAsNumber, most = $("most").valueAsNumber;
    found = rows.filter((row) => state(row)
      && words.every((word) => row.key.includes(word))
      && (label === "" || row.labels.includes(+label))
      && (truth === "" || row.truth?.includes(+truth))
      && (Number.isNaN(least) || row.score >= least)
      && (Number.isNaN(most) || row.score <= most));
    const order = ORDERS[$("order").value][1];
    found.sort((a, b) => order(a, b) || a.place - b.place);
    list.replaceChildren();
    made = 0;
    addCards(AT_ONCE);
    watcher.unobserve($("more"));
    watcher.observe($("more"));
    for (const button of $("counts").querySelectorAll("button")) {
      button.ariaPressed = button.value === label;
    }
    tell();
  }
  $("controls").addEventListener("input", update);
  $("controls").addEventListener("submit", (event) => event.preventDefault());
  $("controls").addEventListener("reset", () => setTimeout(update));
  function choose(values) {  // other filters than these are lifted
    for (const id of ["search", "least", "most", "label", "truth"]) $(id).value = "";
    $("state").value = "all";
    for (const [id, value] of Object.entries(values)) $(id).value = value;
    update();
  }

  // ------------------------------------------------------------------------------ the selection

  function mark(row, on) {
    if (on) selected.add(row.place);
    else selected.delete(row.place);
  }
  list.addEventListener("change", (event) => {
    mark(rows[event.target.dataset.place], event.target.checked);
    keepSelection();
    tell();
  });
  function setAll(some, on) {
    for (const row of some) mark(row, on);
    for (const box of document.querySelectorAll(".card input")) {
      box.checked = selected.has(+box.dataset.place);
    }
    keepSelection();
    tell();
  }
  $("select").addEventListener("click", () => setAll(found, true));
  $("deselect").addEventListener("click", () => setAll(rows, false));

  const path = (text) => (FORMULA.test(text) ? `./${text}` : text);  // leads to the same file
  const plain = (text) => (FORMULA.test(text) ? `'${text}` : text);
  const line = (cells) => cells.map((cell) => `"${String(cell ?? "").replaceAll('"', '""')}"`).join(",");
  $("download").addEventListener("click", () => {
    const columns = ["source", "label", "label_id", "score", "margin", "state", "error"];
    if (facts.judged) columns.push("truth", "right");
    const several = (some, key) => plain((some ?? []).map((i) => labels[i][key]).join(";"));
    const lines = [...selected].sort((a, b) => a - b).map((place) => {
      const row = rows[place];
      const said = facts.several ? row.labels : row.best.slice(0, 1).map(([label]) => label);
      const cells = [path(row.source), several(said, "name"), several(said, "id"), row.score,
        row.margin, row.state, plain(row.error ?? "")];
      return line(facts.judged ? [...cells, several(row.truth, "name"), row.right] : cells);
    });
    const text = [line(columns), ...lines, ""].join("\r\n");
    hand(new Blob([text], { type: "text/csv;charset=utf-8" }), "selection.csv");
  });

  // ---------------------------------------------------------------------------------- the keys

  const boxAt = (at) => list.children[at]?.querySelector("input");
  function go(to) {
    const at = Math.max(0, Math.min(to, found.length - 1));
    if (at >= made) addCards(at + AT_ONCE);
    for (const box of list.querySelectorAll("input[tabindex='0']")) box.tabIndex = -1;
    const box = boxAt(at);
    if (!box) return;
    box.tabIndex = 0;
    box.focus({ preventScroll: true });
    list.children[at].scrollIntoView({ block: "nearest" });
  }
  const columns = () => getComputedStyle(list).gridTemplateColumns.split(" ").length;
  list.addEventListener("keydown", (event) => {
    const at = [...list.children].indexOf(event.target.closest("li"));
    const to = {
      ArrowRight: () => at + 1, ArrowLeft: () => at - 1, Home: () => 0, End: () => found.length - 1,
      ArrowDown: () => at + columns(), ArrowUp: () => at - columns(),
    }[event.key];
    if (!to || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(to());
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)
      && event.target.type !== "checkbox";
    if (event.key === "/" && !typing) {
      event.preventDefault();
      $("search").focus();
      $("search").select();
    } else if (event.key === "Escape" && event.target === $("search")) {
      event.preventDefault();
      $("search").value = "";
      update();
      go(0);
    }
  });

  // ------------------------------------------------------------------------- what stands around

  function options(select, pairs) {
    for (const [value, text] of pairs) {
      const option = element("option", "", text);
      option.value = value;
      select.append(option);
    }
  }
  function counted(labelsOf) {
    const counts = new Map();
    for (const row of rows) for (const i of labelsOf(row)) counts.set(i, (counts.get(i) ?? 0) + 1);
    return [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  }
  const withCount = ([label, n]) => [label, `${shown(nameOf(label)).slice(0, 60)} (${number(n)})`];
  const some = Object.keys(STATES).filter((state) => state === "selected" || rows.some(is[state]));
  options($("state"), some.map((state) => [state, STATES[state]]));
  options($("order"), Object.entries(ORDERS).map(([order, [title]]) => [order, title]));
  const counts = counted((row) => row.labels);
  options($("label"), [["", "All labels"], ...counts.map(withCount)]);
  options($("truth"), [["", "All labels"], ...counted((row) => row.truth ?? []).map(withCount)]);
  $("truth-field").hidden = !facts.judged;
  for (const [label, n] of counts) {
    const button = element("button"), item = element("li");
    button.type = "button";
    button.value = label;
    button.append(element("span", "", nameOf(label)), element("span", "", number(n)));
    button.style.setProperty("--part", n / counts[0][1]);
    item.append(button);
    $("counts").querySelector("ul").append(item);
  }
  $("counts").hidden = counts.length === 0;
  $("counts").open = counts.length <= 24 && innerWidth > 700;
  $("counts").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose({ label: button.ariaPressed === "true" ? "" : button.value });
  });
  document.addEventListener("click", (event) => {  // a cell of the confusion
    const cell = event.target.closest("button[data-truth]");
    if (!cell) return;
    choose({ truth: cell.dataset.truth, label: cell.dataset.answer });
    list.scrollIntoView();
  });
  $("about").textContent = shown(facts.about);
  $("origins").hidden = facts.origins.length === 0;
  $("origins").querySelector("pre").textContent =
    fit(facts.origins.map((origin) => JSON.stringify(origin, null, 1)).join("\n"));

  theme("zsclip-report-theme");

  const mistakes = rows.filter(is.wrong).sort(ORDERS.sure[1]).slice(0, 12);
  if (facts.judged && mistakes.length && !facts.several) {
    $("mistakes").hidden = false;
    $("worst").append(...mistakes.map((row, at) => {
      const made = card(row, at, mistakes.length);
      made.querySelector("input").remove();  // it is selected in the list below
      return made;
    }));
  }
  update();
})();
