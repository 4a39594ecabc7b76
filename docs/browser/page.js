// An exported classifier in the browser: pictures to pixels, pixels to scores, scores to bars.
// The runtime and the classifier lie beside this file; `get-runtime` brings the one, `export` makes the other.

const CLASSIFIER = "animals.onnx";
const MOST_BARS = 5;
const MOST_PIXELS = 2 ** 26; // of a picture, as it is decoded

const at = (id) => document.getElementById(id);

// ------------------------------------------------------------------------------- what the file says

// ONNX is protobuf: a model's 14th field is an entry of its metadata, with a key (1) and a value (2).
export function metadataOf(bytes) {
  const found = {};
  for (const [number, part] of fieldsOf(bytes)) {
    if (number !== 14) continue;
    const entry = Object.fromEntries(fieldsOf(part));
    const [key, value] = [1, 2].map((n) => new TextDecoder().decode(entry[n]));
    if (key.startsWith("zsclip.")) found[key] = value;
  }
  return found;
}

function* fieldsOf(bytes) {
  let i = 0;
  const varint = () => {
    let value = 0, scale = 1, byte;
    do {
      if (i >= bytes.length) throw new Error("the file is no ONNX, or cut short");
      byte = bytes[i++];
      value += (byte & 127) * scale; // no shifts, which end at 32 bits
      scale *= 128;
    } while (byte > 127);
    return value;
  };
  while (i < bytes.length) {
    const tag = varint(), form = tag % 8;
    if (form === 0) varint();
    else if (form === 2 || form === 1 || form === 5) {
      const length = form === 2 ? varint() : form === 1 ? 8 : 4;
      if (i + length > bytes.length) throw new Error("the file is no ONNX, or cut short");
      yield [Math.floor(tag / 8), bytes.subarray(i, i + length)];
      i += length;
    } else throw new Error("the file is no ONNX");
  }
}

// ------------------------------------------------------------------------------ pictures to pixels

// A picture as the browser decodes it, upright and on white: {data: RGB in bytes, width, height}.
export async function decoded(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  if (width * height > MOST_PIXELS) throw new Error(`it has ${width} x ${height} pixels, which are too many here`);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, j = 0; j < data.length; i += 4, j += 3) {
    data[j] = rgba[i];
    data[j + 1] = rgba[i + 1];
    data[j + 2] = rgba[i + 2];
  }
  return { data, width, height };
}

// CLIP's way: the short side becomes `side`, the long one is truncated, and the middle is cut out.
export function squared(image, side, how) {
  const squash = how.resize === "squash";
  const short = Math.min(image.width, image.height);
  const size = (length) => (squash ? side : Math.trunc((side * length) / short));
  const [width, height] = [size(image.width), size(image.height)];
  const filter = how.interpolation === "bilinear" ? [bilinear, 1] : [bicubic, 2];
  const resized = upright(across(upright(across(image, width, filter)), height, filter));
  const left = halfToEven((width - side) / 2), top = halfToEven((height - side) / 2);
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((y + top) * width + left) * 3;
    data.set(resized.data.subarray(from, from + side * 3), y * side * 3);
  }
  return data;
}

const halfToEven = (x) => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

const bilinear = (x) => Math.max(0, 1 - Math.abs(x));

// Keys' filter with a = -0.5, as Pillow has it.
function bicubic(x) {
  x = Math.abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

// A picture in another width. The filter grows with the factor, so that none of the pixels is lost;
// what comes out is rounded to bytes, in each direction, as Pillow does it.
function across(image, width, [filter, reach]) {
  if (width === image.width) return image;
  const { data, height } = image;
  const factor = image.width / width, scale = Math.max(factor, 1);
  const made = new Uint8ClampedArray(width * height * 3);
  for (let x = 0; x < width; x++) {
    const center = (x + 0.5) * factor;
    const first = Math.max(0, Math.trunc(center - reach * scale + 0.5));
    const last = Math.min(image.width, Math.trunc(center + reach * scale + 0.5));
    const weights = [];
    for (let i = first; i < last; i++) weights.push(filter((i + 0.5 - center) / scale));
    const sum = weights.reduce((a, b) => a + b);
    for (let y = 0; y < height; y++) {
      for (let channel = 0; channel < 3; channel++) {
        let value = 0;
        for (let k = 0, j = (y * image.width + first) * 3 + channel; k < weights.length; k++, j += 3)
          value += weights[k] * data[j];
        made[(y * width + x) * 3 + channel] = Math.floor(value / sum + 0.5);
      }
    }
  }
  return { data: made, width, height };
}

// A picture with rows for columns, so that one direction is enough.
function upright({ data, width, height }) {
  const made = new Uint8ClampedArray(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++)
        made[(x * height + y) * 3 + channel] = data[(y * width + x) * 3 + channel];
  return { data: made, width: height, height: width };
}

// ------------------------------------------------------------------------------------- the classifier

export async function load(url) {
  const ort = await import("./ort.wasm.bundle.min.mjs").catch(() => {
    throw new Error("there is no runtime beside this page; `bash get-runtime` brings it");
  });
  ort.env.wasm.numThreads = 1; // more take headers that a plain server does not send
  ort.env.wasm.wasmPaths = { wasm: new URL("ort-wasm-simd-threaded.wasm", import.meta.url).href };
  const response = await fetch(url);
  if (!response.ok) throw new Error(`there is no ${url} beside this page; \`clf.export("${url}")\` makes it`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const told = metadataOf(bytes);
  if (!told["zsclip.about"]) throw new Error(`${url} is no classifier that zsclip exported`);
  const about = JSON.parse(told["zsclip.about"]), labels = JSON.parse(told["zsclip.labels"]);
  if (!about.square) throw new Error(`pictures for ${about.model.name} become square in a way that this page does not know`);
  const session = await ort.InferenceSession.create(bytes);
  const side = about.model.input_resolution;

  async function classify(file) {
    const image = await decoded(file);
    const input = about.with_resize
      ? { image: new ort.Tensor("uint8", image.data, [1, image.height, image.width, 3]) }
      : { pixels: new ort.Tensor("uint8", squared(image, side, about.square), [1, side, side, 3]) };
    const { scores } = await session.run(input);
    return labels.map((label, i) => ({ label, score: scores.data[i] })).sort((a, b) => b.score - a.score);
  }
  return { about, labels, classify };
}

// ------------------------------------------------------------------------------------------- the page

function element(name, text = "", attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  made.textContent = text; // what a file says is never markup
  return made;
}

function shown(file, scores) {
  const figure = element("figure"), caption = element("figcaption"), list = element("ol");
  const picture = element("img", "", { alt: file.name, src: URL.createObjectURL(file) });
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
  caption.append(element("b", file.name));
  for (const { label, score } of scores.slice(0, MOST_BARS)) {
    const row = element("li");
    row.append(element("span", label), element("meter", "", { value: score, title: label }), element("span", score.toFixed(3)));
    list.append(row);
  }
  caption.append(list);
  figure.append(picture, caption);
  return figure;
}

async function start() {
  const { about, labels, classify } = await load(CLASSIFIER);
  let turn = Promise.resolve(); // one picture after the other, in their order

  const add = (files) => {
    for (const file of files) turn = turn.then(() => one(file));
  };
  async function one(file) {
    const status = at("status");
    status.textContent = `${file.name} …`;
    try {
      at("results").prepend(shown(file, await classify(file)));
      status.textContent = "";
    } catch (error) {
      status.textContent = "";
      at("results").prepend(element("p", `${file.name} cannot be classified: ${error.message}`, { className: "failed" }));
    }
  }

  at("title").textContent = about.labelset || "A classifier in the browser";
  at("about").textContent = `${labels.length} labels, ${about.model.name} in ${about.precision}. ${at("about").textContent}`;
  at("files").disabled = false;
  at("drop").classList.remove("waiting");
  at("files").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = ""; // so that the same picture can be chosen again
  });
  addEventListener("paste", (event) => add(event.clipboardData.files));
  addEventListener("dragover", (event) => {
    event.preventDefault();
    at("drop").classList.add("over");
  });
  addEventListener("dragleave", () => at("drop").classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    at("drop").classList.remove("over");
    add(event.dataTransfer.files);
  });
  at("status").textContent = "";
}

if (at("results"))
  start().catch((error) => {
    at("status").className = "failed";
    at("status").textContent = `The classifier cannot be loaded: ${error.message}.`;
  });
