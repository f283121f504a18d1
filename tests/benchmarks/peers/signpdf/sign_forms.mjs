/**
 * Fills and signs forms with pdf-lib and @signpdf: `node sign_forms.mjs JOB`, where JOB is the file that bench_peers.py writes.
 *
 * Base, fonts and key are read once. Prints one line of JSON: processor and wall-clock milliseconds of each certificate.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const facts = {}, fontBytes = {}, forms = [];
for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  const [word, ...rest] = line.split("\t");
  if (word === "font") fontBytes[rest[0]] = readFileSync(rest[1]);
  else if (word === "form") forms.push({ qr: readFileSync(rest[0]), texts: [] });
  else if (word === "text") forms.at(-1).texts.push({ face: rest[0], size: +rest[1], x: +rest[2], y: +rest[3], text: rest[4] });
  else facts[word] = rest[0];
}

const require = createRequire(join(facts.modules, "package.json"));
const { PDFDocument } = require("pdf-lib");
const fontkit = require("@pdf-lib/fontkit");
const { pdflibAddPlaceholder } = require("@signpdf/placeholder-pdf-lib");
const { P12Signer } = require("@signpdf/signer-p12");
const { SignPdf } = require("@signpdf/signpdf");

const base = readFileSync(facts.base);
const [qrLeft, qrBottom, qrRight, qrTop] = facts.qr_box.split(" ").map(Number);
const widgetRect = facts.seal_box.split(" ").map(Number);
const pkcs12 = readFileSync(facts.pkcs12);
const signpdf = new SignPdf();

async function sign(form) {
  const pdf = await PDFDocument.load(base);
  pdf.registerFontkit(fontkit);
  const page = pdf.getPage(0), fonts = {};
  for (const { face, size, x, y, text } of form.texts) {
    fonts[face] ??= await pdf.embedFont(fontBytes[face]);
    page.drawText(text, { x, y, size, font: fonts[face] });
  }
  page.drawImage(await pdf.embedPng(form.qr), { x: qrLeft, y: qrBottom, width: qrRight - qrLeft, height: qrTop - qrBottom });
  pdflibAddPlaceholder({ pdfDoc: pdf, reason: "", contactInfo: "", name: "organisation", location: "", widgetRect, subFilter: "ETSI.CAdES.detached" });
  const signer = new P12Signer(pkcs12, { passphrase: facts.passphrase }); // can be used once
  return signpdf.sign(Buffer.from(await pdf.save({ useObjectStreams: false })), signer);
}

/** Certificates until so many seconds of the processor are used. */
async function run(seconds) {
  const cpu_ms = [], wall_ms = [], spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  const end = spent() + 1000 * seconds;
  for (let next = 0; spent() < end; next = (next + 1) % forms.length) {
    const wall = performance.now(), cpu = spent();
    await sign(forms[next]);
    cpu_ms.push(spent() - cpu);
    wall_ms.push(performance.now() - wall);
  }
  return { cpu_ms, wall_ms, batch: 1 };
}

writeFileSync(facts.out, await sign(forms[0]));
await run(+facts.warm_up_s);
const version = (name) => require(`${name}/package.json`).version;
const runtime = `Node.js ${process.version}, pdf-lib ${version("pdf-lib")}, @signpdf ${version("@signpdf/signpdf")}`;
process.stdout.write(`${JSON.stringify({ ...(await run(+facts.measure_s)), runtime })}\n`);
