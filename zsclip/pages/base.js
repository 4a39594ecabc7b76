"use strict";
// What the scripts of all pages use. What strangers wrote is shown through `textContent` and
// attributes alone: nothing here makes markup of a text.
const zsclip = (() => {
  const UNFIT = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;  // lone halves too
  const $ = (id) => document.getElementById(id);
  const fit = (text) => text.replace(UNFIT, "�");
  const shown = (text) => fit(text.slice(0, 500));
  function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = shown(text);
    return made;
  }
  function bars(pairs) {  // of names and scores, best first
    const list = element("ol", "scores");
    for (const [called, score] of pairs) {
      const item = element("li"), name = element("span", "", called);
      name.title = shown(called);
      item.append(name, element("span", "", score.toFixed(3)));
      item.style.setProperty("--part", Math.min(1, Math.max(0, score)));
      list.append(item);
    }
    return list;
  }
  function keep(key, value) {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {  // a page out of a file may have no storage
      return false;
    }
  }
  function kept(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }
  function hand(content, name) {  // to be kept as a file
    const link = element("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function theme(key) {  // the switch between dark and light
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
    const chosen = kept(key);
    if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
    const isDark = () => (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
    const tell = () => { $("theme").textContent = isDark() ? "Light" : "Dark"; };  // what it does
    dark.addEventListener("change", tell);
    $("theme").addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      keep(key, root.dataset.theme);
      tell();
    });
    tell();
  }
  return { $, bars, element, fit, hand, keep, kept, shown, theme };
})();
