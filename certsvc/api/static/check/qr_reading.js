// Reading a QR off a picture or the camera: by the browser itself where it can, else by zxing-wasm from our own address.

const LIBRARY = new URL("../vendor/zxing-wasm/", import.meta.url);
const LONGEST_SIDE = 1600;

let reader = null;

/** A function from a picture (video, bitmap) to the text of the QR in it, or null. Throws where neither way is there. */
export function getReader() {
  reader ??= openReader();
  reader.catch(() => {
    reader = null; // the network may come back
  });
  return reader;
}

/** The text of the QR in an image file, or null. */
export async function readQrOfFile(file) {
  const read = await getReader();
  const picture = await createImageBitmap(file);
  try {
    return await read(picture);
  } finally {
    picture.close();
  }
}

async function openReader() {
  const formats = "BarcodeDetector" in globalThis ? await BarcodeDetector.getSupportedFormats() : [];
  return formats.includes("qr_code") ? nativeReader() : libraryReader();
}

function nativeReader() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  return async (picture) => (await detector.detect(picture))[0]?.rawValue ?? null;
}

async function libraryReader() {
  const { prepareZXingModule, readBarcodes } = await import(new URL("reader/index.js", LIBRARY));
  const locateFile = (path) => new URL(`reader/${path}`, LIBRARY).href;
  await prepareZXingModule({ overrides: { locateFile }, fireImmediately: true });
  const canvas = document.createElement("canvas");
  return async (picture) => (await readBarcodes(pixelsOf(picture, canvas), { formats: ["QRCode"], maxNumberOfSymbols: 1 }))[0]?.text || null;
}

function pixelsOf(picture, canvas) {
  const [width, height] = [picture.videoWidth ?? picture.width, picture.videoHeight ?? picture.height];
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
