// The Python and the curl line for what is on the screen. Both run as they stand, whatever labels and
// names of files hold: each is a literal of its language, and what cannot be seen is written out.
const zsclipCode = (() => {
  const FILE = "classifier.zsclip";  // the name of a downloaded classifier
  const UNSEEN = /[\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
  const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const json = (value) => JSON.stringify(value).replace(UNSEEN, escaped);  // a text of Python's, too
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;  // for a shell
  function listed(texts, indent) {
    const all = texts.map(json), flat = `[${all.join(", ")}]`;
    return flat.length < 76 ? flat : `[\n${all.map((text) => `${indent}    ${text},\n`).join("")}${indent}]`;
  }

  function classifier(service, { labels, templates, several, own, edited }) {
    // what several labels are compared with may be the service's own, which is not in words
    const inWords = service.by_name && !service.multi_label && !(own && service.learnt.length)
      && (edited.labels || !(service.tree || service.phrases));
    if (!inWords) return [`clf = ZeroShotClassifier.load("${FILE}")  # by "Download this classifier"`];
    return [
      "clf = ZeroShotClassifier(",
      `    ${listed(labels, "    ")},`,
      `    templates=${listed(templates, "    ")},`,
      ...(several ? ["    multi_label=True,"] : []),
      `    model=${json(service.model)},`,
      ")",
    ];
  }
  function python(service, words, names) {
    const { several, own, edited } = words, learnt = own ? service.learnt : [];
    let answer = learnt.includes("rejection") ? "result.answer, result.score" : "result.label, result.score";
    if (several) {
      const least = learnt.includes("thresholds") ? "" : "0.5";
      answer = `[score.label for score in result.above(${least})]`;
    }
    return [
      "from zsclip import ZeroShotClassifier",
      "",
      ...classifier(service, words),
      `for result in clf.stream(${listed(names.length ? names : ["picture.png"], "")}):`,
      `    print(result.source, ${answer})`,
      ...(service.tree && !edited.labels && !several ? ["    print(*result.ranks())"] : []),
      "",
    ].join("\n");
  }
  function curl({ edited }, names, withToken) {
    const files = names.length ? names : ["picture.png"];
    return [
      `curl ${quoted(new URL("classify", location.href).href)}`,
      ...(withToken ? ['-H "Authorization: Bearer $ZSCLIP_TOKEN"'] : []),
      ...files.map((name) => `-F ${quoted(`image=@"${name.replace(/["\\]/g, "\\$&")}"`)}`),
      ...Object.entries(edited).map(([name, value]) => `--form-string ${quoted(`${name}=${json(value)}`)}`),
    ].join(" \\\n  ");
  }
  return { FILE, python, curl };
})();
